"""Measured processes of PyTorch without a workflow around them: a recipe's text, a spec, and runs of it.

Everything is as the launcher starts it, environment and seal included, so ledgers are what users get.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from samebits import environments, root
from samebits.config import options
from samebits.datasets import fetch, sources
from samebits.jobs import install_library as libraries
from samebits.sealed import data, library, seal
from samebits.sealed.digest import bytes_digest, file_digest
from samebits.sealed.execution import Execution
from samebits.sealed.spec import Spec

#: environments are built once and shared; every use checks them
CACHE = root() / ".samebits"


@dataclass(frozen=True)
class Bench:
    """A folder, and what measured processes are started from."""

    folder: Path
    prefix: Path
    data: Path

    def spec(self, text, /, **changes):
        """Write a recipe, its class called ``Model``, and return a spec of it: 24 steps in 3 segments."""
        (self.folder / "recipe.py").write_text(text)
        fields = {
            "model": "m",
            "framework": "pytorch",
            "recipe": "recipe.py:Model",
            "recipe_digest": bytes_digest(text.encode()),
            "params": {},
            "data": "sklearn:digits",
            "data_digest": data.Manifest.read(self.data).digest,
            "steps": 24,
            "segments": 3,
            "seed": 5,
            "tier": "deterministic",
            "processes": 1,
            "threads": 1,
            "device": "cpu",
            "environment": "pytorch-cpu",
            "environment_digest": environments.read(self.prefix).digest,
            "library_digest": library.digest("pytorch"),
            **changes,
            "options": options.resolve("pytorch", changes.get("options", {})),
        }
        return Spec(**fields)

    def command(self, spec, name, execution=None, arguments=()):
        """Return the command line and the variables of a measured process that trains into ``name``."""
        installed = self.folder / "library"
        folder = self.folder / name
        (folder / "scratch").mkdir(parents=True, exist_ok=True)
        (folder / "spec.json").write_bytes(spec.canonical())
        files = [folder / "spec.json", self.folder / "recipe.py", self.data, folder]
        settings = ["--execution", (execution or Execution()).json(), *arguments]
        command = seal.command(self.prefix, *map(str, files), *map(str, settings))
        return command, seal.environment(spec, installed, folder / "scratch")

    def start(self, spec, name, execution=None, arguments=(), emulator=()):
        """Start a measured process."""
        command, variables = self.command(spec, name, execution, arguments)
        return subprocess.Popen(
            [*emulator, *command],
            env=variables,
            cwd=self.folder / name / "scratch",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, spec, name, execution=None, arguments=(), emulator=()):
        """Run a measured process to its end, and return it and its output."""
        process = self.start(spec, name, execution, arguments, emulator)
        output, _ = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, output)

    def ledger(self, spec, name="run", execution=None, arguments=(), emulator=()):
        """Train, and return the bytes of the ledger."""
        process = self.run(spec, name, execution, arguments, emulator)
        assert process.returncode == 0, process.stdout
        return (self.folder / name / "ledger.jsonl").read_bytes()

    def train_all(self, specs, name, emulator=()):
        """Train several specs in one process, which starts slowly when it is emulated; return the ledgers."""
        commands = {spec.model: self.command(spec, f"{name}/{spec.model}") for spec in specs}
        command, variables = commands[specs[0].model]
        lists = [c[c.index("samebits.sealed.process") + 1 :] for c, _ in commands.values()]
        code = (
            "import json, sys\nfrom samebits.sealed import process\n"
            "for arguments in json.loads(sys.argv[1]):\n"
            "    sys.argv[1:] = arguments\n    assert process.main() == 0\n"
        )
        done = subprocess.run(
            [*emulator, *command[:2], "-c", code, json.dumps(lists)],
            env=variables,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return {model: (self.folder / name / model / "ledger.jsonl").read_bytes() for model in commands}

    def refusal(self, spec, name="run", execution=None):
        """Train what is refused, and return the one line that says why."""
        process = self.run(spec, name, execution)
        assert process.returncode == 2, process.stdout
        return next(line for line in process.stdout.splitlines() if line.startswith("samebits: "))

    def refusals(self, recipes, target):
        """Train a step of each recipe in one process; return by name why it was refused, or "trained"."""
        specs = {}
        for name, recipe in recipes.items():
            specs[name] = self.spec(recipe, recipe=f"recipe.py:{target}").canonical().decode()
        command, variables = self.command(self.spec(recipe), "refusals")
        code = """
import json, sys
from pathlib import Path
from samebits.sealed import data
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.frameworks.pytorch.adapter import Adapter
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec
path, folder = Path(sys.argv[1]), Path(sys.argv[2])
recipes, found = json.load(sys.stdin), {}
for name, (text, fields) in recipes.items():
    path.write_text(text)
    spec = Spec.parse(fields.encode())
    try:
        adapter = Adapter(spec, 5, Recipe(path, spec), data.load(folder, spec.data_digest), Execution())
        adapter.tensors(adapter.start())
        adapter.advance(adapter.restore(adapter.tensors(adapter.start()), 0), 1)
        found[name] = "trained"
    except (Refused, AttributeError) as refused:
        found[name] = str(refused)
print("\\n" + json.dumps(found))
"""
        done = subprocess.run(
            [*command[:2], "-c", code, str(self.folder / "recipe.py"), str(self.data)],
            env=variables,
            input=json.dumps({name: (recipes[name], specs[name]) for name in recipes}),
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(done.stdout.splitlines()[-1])

    def replay(self, spec, name, segment, folder, execution=None):
        """Replay a segment of a run, and return its ledger's records."""
        arguments = ["--replay", self.folder / name, "--segment", segment]
        return records(self.ledger(spec, folder, execution, arguments))

    def records(self, name="run"):
        return records((self.folder / name / "ledger.jsonl").read_bytes())


def records(ledger):
    return [json.loads(line) for line in ledger.splitlines()]


def losses(ledger):
    """Return the losses of a ledger's steps."""
    return [float.fromhex(r["loss"]) for r in records(ledger) if r["kind"] == "step"]


def segments(ledger):
    """Return what a ledger records of each segment: its steps and the state at its end, without the chain."""
    found, steps = [], []
    for record in records(ledger):
        record.pop("prev", None)
        if record["kind"] == "step":
            steps.append(record)
        if record["kind"] == "checkpoint" and steps:
            found.append([*steps, record])
            steps = []
    return found


def environment(cache, name="pytorch-cpu"):
    """Build the environment of PyTorch if the cache lacks it, check it, and return where it lies."""
    source = environments.find(name, [root()])
    prefix = place(source, cache)
    environments.build(source, prefix)
    return prefix


def place(source, cache):
    """Return where the workflow builds an environment."""
    return cache / "envs" / f"{source.name}-{file_digest(source.lock).split(':')[1][:12]}"


def bench(folder, prefix):
    """Fetch the digits, and return a bench in a folder."""
    fetch.fetch("sklearn:digits", sources.Sklearn(sklearn="digits"), folder / "data")
    libraries.install("pytorch", folder / "library")
    return Bench(folder, prefix, folder / "data")
