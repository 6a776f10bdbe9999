"""The variables by which the model's libraries choose their kernels.

NumPy and the frameworks read them when they are imported or first compute, so this comes before both. What
the process has set already stays.
"""

import json
import os
from pathlib import Path

_about = json.loads((Path(__file__).resolve().parent / "about.json").read_bytes())
for _name, _value in _about["kernels"].items():
    os.environ.setdefault(_name, _value)
