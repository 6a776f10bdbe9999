"""A script of the user's own, unmodified: it trains in one go, and the files that it writes are compared.

The script runs in a process of its own with the variables of the tier, in the locked environment, with an
empty working folder. A Python script finds its generators seeded and, once it has imported a framework, that
framework's switches thrown (``startup/sitecustomize``). Only the script itself is part of the spec, so it
sees no other file of its folder.

Of its outputs the content is compared (``contents``). The numbers at the top of an output
``metrics.json`` become the metrics, the one called ``loss`` the loss; an output ``predictions.npy`` becomes
the predictions. With an output ``inputs.npy``, from which they were made, and a function ``predict(arrays,
inputs)`` at the top of the script its package can predict, too.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samebits.frameworks.command import contents, startup
from samebits.sealed import adapter, checkpoint, children
from samebits.sealed.adapter import Advance, Inputs
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, array
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.nested import VALUES
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

State = dict[str, Tensor]


class Adapter(adapter.Adapter):
    """Runs a script; its only step is all of it."""

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        if spec.steps != 1:
            raise Refused(f"model {spec.model}: a script trains in one go; take steps out of the config")
        self._spec = spec
        self._seed = seed % 2**32  # as large as NumPy takes
        self._recipe = recipe
        self._data = data
        self._metrics: dict[str, float] = {}
        # The launcher made an empty folder of the run's own the current one. All paths that the script sees
        # lead from there, so that a script which writes them down writes the same in every run.
        self._scratch = Path.cwd()
        self._folder = self._scratch.parent / "output"
        self._program = self._scratch / recipe.path.name

    def start(self) -> State:
        return {}

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        return dict(tensors)

    def advance(self, state: State, step: int) -> Advance:
        command = self._prepare()
        self._run(command)
        for name in self._spec.options["outputs"]:
            state.update(contents.tensors(name, self._output(name)))
        for name in self._spec.options["as_bytes"]:
            state.update(contents.as_bytes(name, self._output(name)))
        return Advance(_metrics(state).get("loss"), self._spec.data_digest)

    def tensors(self, state: State) -> dict[str, Tensor]:
        return state

    def export(self, state: State, folder: Path) -> None:
        """Write every output as its tensors: the bytes of a container need not be the same again."""
        for name in self._spec.options["as_bytes"]:
            _parent(folder / name).write_bytes(state[name].raw.tobytes())
        for name in self._spec.options["outputs"]:
            own = {
                key: t
                for key, t in state.items()
                if key == name or key.startswith((f"{name}:", name + VALUES))
            }
            checkpoint.save(_parent(folder / f"{name}.safetensors"), own)

    def predict(self, state: State) -> NDArray[Any]:
        self._metrics = _metrics(state)
        return array(state["predictions.npy"]) if "predictions.npy" in state else np.empty(0)

    def inputs(self, state: State) -> Inputs:
        predicts = "inputs.npy" in state and "predictions.npy" in state and self._recipe.defines("predict")
        return Inputs({"rows": array(state["inputs.npy"])} if predicts else {}, {})

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        return self._metrics

    def fingerprint(self) -> dict[str, Any]:
        return {}

    def _prepare(self) -> list[str]:
        """Lay out the script and the data beside an empty working folder; return the command line."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        for name in self._data.files:
            _parent(self._scratch / "data" / name).symlink_to(self._data.path(name).resolve())
        self._program.write_bytes(self._recipe.source)  # these bytes, which the spec names, and no others
        self._program.chmod(0o700)
        return [*self._interpreter(), self._from_folder(self._program), *self._arguments()]

    def _interpreter(self) -> list[str]:
        """Return what runs the script: the environment's Python, or what its first line names."""
        first = self._recipe.source.split(b"\n", 1)[0]
        if self._recipe.path.suffix == ".py" or (first.startswith(b"#!") and b"python" in first):
            return [sys.executable]
        if not first.startswith(b"#!"):
            raise Refused(
                f"model {self._spec.model}: {self._recipe.path.name} is no .py file and does not say "
                "what runs it; begin it with a line such as #!/bin/bash"
            )
        return []

    def _arguments(self) -> list[str]:
        """Return the arguments with placeholders filled in, and the params that have none as options."""
        files = list(self._data.files)
        data = self._scratch / "data" / (files[0] if len(files) == 1 else "")
        values = {
            "data": self._from_folder(data),
            "output": ".",
            "seed": str(self._seed),
            "threads": str(self._spec.threads),
            "device": self._spec.device,
            **{name: _word(value) for name, value in self._spec.params.items()},
        }
        used: set[str] = set()

        def fill(match: re.Match[str]) -> str:
            used.add(match[1])
            return values[match[1]]

        pattern = r"\{(" + "|".join(map(re.escape, values)) + r")\}"
        arguments = [re.sub(pattern, fill, argument) for argument in self._spec.options["arguments"]]
        for name, value in self._spec.params.items():
            if name in used or value is False or value is None:
                continue
            words = value if isinstance(value, list) else [] if value is True else [value]
            arguments += [f"--{name}", *map(_word, words)]
        return arguments

    def _from_folder(self, path: Path) -> str:
        """Return a path as it is seen from the script's working folder."""
        return os.path.relpath(path, self._folder)

    def _variables(self) -> dict[str, str]:
        """Return the variables of this process, which the launcher set, with a path for the script."""
        settings = {
            "seed": self._seed,
            "tier": self._spec.tier,
            "threads": self._spec.threads,
            "device": self._spec.device,
        }
        return {
            **os.environ,
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "PYTHONPATH": str(Path(startup.__file__).parent),
            # as -s and -P, for every Python that the script starts
            "PYTHONNOUSERSITE": "1",
            "PYTHONSAFEPATH": "1",
            "PYTHONUNBUFFERED": "1",
            "SAMEBITS_SCRIPT": json.dumps(settings),
        }

    def _run(self, command: list[str]) -> None:
        """Run the script to its end, and hand on what it says.

        Raises:
            Refused: it could not be started, was killed, or ended with another status than 0.
        """
        lines: deque[str] = deque(maxlen=200)
        name = self._recipe.path.name
        try:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                preexec_fn=children.following(),  # a killed run leaves nothing behind
            )
        except OSError as error:
            raise Refused(
                f"model {self._spec.model}: {name} cannot be started: {error.strerror}; see its first line"
            ) from None
        with process:
            for line in process.stdout or ():
                lines.append(line.decode(errors="replace").rstrip())
                print(lines[-1], flush=True)
        if process.returncode == 0:
            return
        status = process.returncode
        how = f"ended with status {status}" if status > 0 else f"was killed by {signal.Signals(-status).name}"
        seen = self._from_folder(self._program)
        paths = (seen, f"{self._folder}/{seen}")  # Python tells of the latter
        place = self._recipe.place_named_in("\n".join(lines), *paths)
        where = f" at {place.rpartition(', ')[2]}" if place else ""
        last = "".join(f"\n  {line}" for line in list(filter(None, lines))[-5:])
        raise Refused(f"model {self._spec.model}: {name} {how}{where}; mend it. It said last:{last}")

    def _output(self, name: str) -> bytes:
        """Read an output.

        Raises:
            Refused: the script did not write it, or it lies elsewhere.
        """
        path = self._folder / name
        if not path.resolve().is_relative_to(self._folder.resolve()):
            raise Refused(
                f"model {self._spec.model}: the output {name} leads out of the script's working folder; "
                "let the script write the file itself"
            )
        if not path.is_file():
            written = sorted(
                p.relative_to(self._folder).as_posix() for p in self._folder.rglob("*") if p.is_file()
            )
            raise Refused(
                f"model {self._spec.model}: {self._recipe.path.name} did not write its output {name}; "
                f"it wrote {', '.join(written[:10]) or 'nothing'} in its working folder; correct outputs"
            )
        return path.read_bytes()


def _metrics(state: State) -> dict[str, float]:
    """Return the numbers at the top of metrics.json."""
    head = "metrics.json:"
    numbers = {
        name.removeprefix(head): array(t) for name, t in sorted(state.items()) if name.startswith(head)
    }
    return {name: float(number) for name, number in numbers.items() if number.ndim == 0 and "." not in name}


def _word(value: Any) -> str:
    """Write a param as on a command line."""
    return value if isinstance(value, str) else json.dumps(value)


def _parent(path: Path) -> Path:
    """Make the folder of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
