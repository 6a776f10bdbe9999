"""A rank's process, ``python -sP -m samebits.frameworks.pytorch.rank``: does what rank 0 tells it.

It reads a command a line, and ends with its input, so that no rank outlives rank 0.
"""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, TextIO

import torch.distributed as dist

from samebits.frameworks.pytorch import ranks
from samebits.frameworks.pytorch.adapter import Adapter
from samebits.frameworks.pytorch.leader import ALONE, REFUSED
from samebits.sealed import seal
from samebits.sealed.data import load
from samebits.sealed.errors import Lost, Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec


def main() -> int:
    """Run the rank; its output is rank 0's to read, and what a recipe prints goes to the errors."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    begin = json.loads(sys.stdin.readline())
    rank = begin["rank"]
    try:
        spec = Spec.parse(begin["spec"].encode("ascii"))
        seal.check(spec)
        recipe = Recipe(Path(begin["recipe"]), spec)
        return _obey(begin, spec, recipe, answers)
    except Refused as refused:
        answers.write(f"{refused}\n")
    except Lost:
        return ALONE
    except Exception as error:
        traceback.print_exception(error)
        place = recipe.place(error) or "a line outside of it"
        message = f"{type(error).__name__}: {error}"
        answers.write(f"model {spec.model}: the recipe fails on rank {rank} at {place}: {message}\n")
    answers.flush()
    return REFUSED


def _obey(begin: dict[str, Any], spec: Spec, recipe: Recipe, answers: TextIO) -> int:
    def connect() -> ranks.Ranks:
        answers.write("ready\n")
        answers.flush()
        store = dist.TCPStore("127.0.0.1", begin["port"], is_master=False)
        return ranks.Process(begin["rank"], spec.processes, spec.device, store)

    data = load(Path(begin["data"]), spec.data_digest)
    execution = Execution(loader_workers=begin["loader_workers"])
    adapter = Adapter(spec, begin["seed"], recipe, data, execution, connect, begin["rank"])
    state: Any = None
    for line in sys.stdin:
        match json.loads(line):
            case ["start", _]:
                state = adapter.start()
            case ["restore", step]:
                state = adapter.restore({}, step)
            case ["advance", step]:
                adapter.advance(state, step)
            case ["tensors", _]:
                adapter.tensors(state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
