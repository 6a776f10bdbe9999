"""How many flowers are of which species, and what the verdict on the model is that says so."""

import json
import sys
from collections import Counter
from pathlib import Path

predictions, verdict, output = map(Path, sys.argv[1:])
found = Counter(line.split(",")[0] for line in predictions.read_text().splitlines()[1:])
proof = json.loads(verdict.read_text())
lines = [f"species {name}: {count} flowers\n" for name, count in sorted(found.items())]
output.write_text("".join([*lines, f"by the model {proof['state']}, reruns {proof['verdict']}\n"]))
