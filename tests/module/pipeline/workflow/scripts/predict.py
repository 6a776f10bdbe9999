"""The likeliest species of each flower, and how likely it is, to the last bit.

Runs in the environment that the model was trained in.
"""

import sys
from pathlib import Path

import numpy as np
from xgboost import Booster, DMatrix

model, table, output = map(Path, sys.argv[1:])
trees = Booster({"nthread": 1}, model_file=model / "model.ubj")
chances = trees.predict(DMatrix(np.loadtxt(table, delimiter=",", skiprows=1)))
lines = [f"{row.argmax()},{float(row.max()).hex()}\n" for row in chances]
output.write_text("".join(["species,chance\n", *lines]))
