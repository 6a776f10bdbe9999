"""A folder in which a config is written, and Snakemake run as a user would run it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from samebits import environments
from samebits.proof.sample import Sample
from samebits.sealed import library
from samebits.sealed.data import Manifest
from samebits.sealed.spec import Spec

ROOT = Path(__file__).parents[2]

#: `make test-long` tries more of what each test says
LONG = bool(os.environ.get("SAMEBITS_LONG"))

#: environments and data are built once and shared; every use checks them
CACHE = ROOT / ".samebits"


@dataclass(frozen=True)
class Workspace:
    """A folder in which a config is written and the workflow is run."""

    folder: Path
    root: Path = ROOT
    cache: Path = CACHE

    def library(self, framework):
        """Return the folder of a framework's measured modules as they are now."""
        return self.cache / "library" / f"{framework}-{library.digest(framework).split(':')[1][:12]}"

    def train(self, spec, folder, **changes):
        """Train a spec into a folder by the command that the rule calls, from what the cache holds."""
        return self.measured("train", spec, folder, **changes)

    def replay(self, spec, run, segment, folder, **changes):
        """Replay a segment of a run, as the rule does, and return the verdict on that segment alone."""
        sample = Sample.draw(run, 1)
        sample = replace(sample, segments=[segment])
        folder.mkdir()
        sample.write(folder / "sample.json")
        where = {"run": run / "ledger.jsonl", "sample": folder / "sample.json", "segment": segment}
        process = self.measured("replay", spec, folder / f"segment-{segment}", **where, **changes)
        assert process.returncode == 0, process.stdout
        return self.samebits("compare", run, "--sample", folder / "sample.json")

    def measured(self, command, spec, folder, **changes):
        """Run a command that becomes a measured process, with what the cache holds."""
        return self.samebits(*self.measuring(command, spec, folder, **changes))

    def measuring(self, command, spec, folder, **changes):
        """Return the arguments of such a command."""
        resolved = Spec.read(spec)
        recipe = resolved.recipe.split(":")[0]
        arguments = {
            "spec": spec,
            "recipe": self.recipe(recipe),
            "data": self.data(resolved),
            "environment": changes.get("environment") or self.environment(resolved),
            "library": self.library(resolved.framework),
            "ledger": folder / "ledger.jsonl",
            **changes,
        }
        return [command, *(item for key, value in arguments.items() for item in (f"--{key}", value))]

    def data(self, spec):
        """Return the manifest of the data set that a spec was resolved with."""
        found = self.cache.glob(f"data/{spec.data.replace(':', '-')}-*/data.json")
        return next(path for path in found if Manifest.read(path.parent).digest == spec.data_digest)

    def environment(self, spec):
        """Return the manifest of the environment that a spec was resolved with."""
        return next(
            path
            for path in self.cache.glob(f"envs/{spec.environment}-*/environment.json")
            if environments.read(path.parent).digest == spec.environment_digest
        )

    def write_config(self, **config):
        path = self.folder / "config" / "config.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump({"cache": str(CACHE), **config}, sort_keys=False))

    def recipe(self, name):
        """Return the file of a recipe: the test's own, or one of the worked examples."""
        own = self.folder / name
        return own if own.exists() else self.root / "config" / "recipes" / name

    def write_recipe(self, name, text):
        (self.folder / name).write_text(text)

    def samebits(self, *arguments, **variables):
        """Run the command and return the finished process, its two outputs as one text."""
        return subprocess.run(
            [str(Path(sys.executable).parent / "samebits"), *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments, **variables):
        """Run the whole workflow through the local profile."""
        return self.samebits("run", "--profile", "local", *arguments, **variables)

    def run_examples(self, *arguments):
        """Run the worked examples, of which only the cache is not where a user has it."""
        return self.run("--config", f"cache={CACHE}", *arguments)

    def results(self, model):
        return self.folder / "results" / model

    def verdict(self, model):
        return json.loads((self.results(model) / "verdict.json").read_text())

    def ledger(self, model, run="run-1"):
        path = self.results(model) / run / "ledger.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]
