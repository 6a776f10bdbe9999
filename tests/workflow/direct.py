"""Training without Snakemake: the commands that its rules call, for tests that need many small runs."""

import json
import subprocess
import sys
from pathlib import Path

from samebits.config import load
from samebits.jobs.layout import Layout
from samebits.jobs.resolve import resolve
from samebits.proof import compare, verdict

MODEL = "m"


class Bench:
    """One model of a workspace, prepared once and trained as often as a test likes."""

    def __init__(self, workspace, model, data=None):
        self.workspace, self.folder = workspace, workspace.folder
        config = {"cache": str(workspace.cache), "models": {MODEL: model}, "data": data or {}}
        layout = Layout(
            load(config, (), [workspace.folder, workspace.root]), [workspace.folder, workspace.root]
        )
        self._inputs = layout.inputs(MODEL)
        self._build(layout, model)
        section = layout.models[MODEL]
        paths = {key: Path(path) for key, path in self._inputs.items()}
        spec = resolve(MODEL, section, paths["recipe"], paths["data"].parent, paths["environment"].parent)
        self.spec = self.folder / "spec.json"
        self.spec.write_bytes(spec.canonical())

    @property
    def python(self):
        """The interpreter of the model's environment."""
        return Path(self._inputs["environment"]).parent / "bin" / "python"

    @property
    def data(self):
        """The folder of the model's data set."""
        return Path(self._inputs["data"]).parent

    @property
    def library(self):
        """The folder of the measured modules."""
        return Path(self._inputs["library"])

    def train(self, run, ok=True):
        """Train into the folder ``run``; return the finished process."""
        process = subprocess.run(
            self.command(run), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert (process.returncode == 0) == ok, process.stdout
        assert "Traceback" not in process.stdout or not ok
        return process

    def command(self, run):
        """Return the command line that trains into the folder ``run``."""
        return self._command("train", "--ledger", self.folder / run / "ledger.jsonl")

    def refused(self, run="run-1"):
        """Train what must be refused; return the line that says so."""
        process = self.train(run, ok=False)
        assert process.returncode == 2, process.stdout
        return (
            process.stdout[process.stdout.rindex("samebits: model") :]
            if "samebits: model" in process.stdout
            else process.stdout
        )

    def compare(self, *runs):
        """Return the verdict on some runs."""
        return json.loads(verdict.encode(compare.compare([self.folder / run for run in runs])))

    def verdict(self, *runs):
        """Train some runs and return the verdict on them."""
        for run in runs:
            self.train(run)
        return self.compare(*runs)["verdict"]

    def replays(self, run):
        """Replay all segments of a run and return the verdict."""
        sample = self.folder / "replay" / "sample.json"
        sample.parent.mkdir(exist_ok=True)
        ledger = self.folder / run / "ledger.jsonl"
        drawn = self.workspace.samebits("sample", ledger, "--output", sample)
        assert drawn.returncode == 0, drawn.stdout
        for segment in json.loads(sample.read_bytes())["segments"]:
            folder = sample.parent / f"segment-{segment}"
            arguments = ["--run", ledger, "--sample", sample, "--segment", segment]
            process = subprocess.run(
                self._command("replay", *arguments, "--ledger", folder / "ledger.jsonl"),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            assert process.returncode == 0, process.stdout
        return json.loads(verdict.encode(compare.compare_replays(self.folder / run, sample)))

    def metrics(self, run):
        """Return the metrics of a run by name."""
        return {name: float.fromhex(value) for name, value in self.records(run, "metrics")[0]["values"]}

    def records(self, run, kind):
        """Return the records of one kind in a run's ledger."""
        lines = (self.folder / run / "ledger.jsonl").read_text().splitlines()
        return [record for record in map(json.loads, lines) if record["kind"] == kind]

    def _command(self, name, *arguments):
        inputs = {**self._inputs, "spec": self.spec}
        named = [word for key, path in inputs.items() for word in (f"--{key}", path)]
        return [str(Path(sys.executable).parent / "samebits"), name, *map(str, (*named, *arguments))]

    def _build(self, layout, model):
        """Make what is missing in the cache, as the rules do."""
        data, environment = Path(self._inputs["data"]), Path(self._inputs["environment"])
        key = data.parent.name
        made = {
            data: (
                "data",
                layout.data_name(key),
                "--source",
                layout.data_source(key),
                "--folder",
                data.parent,
            ),
            environment: ("env", "build", layout.models[MODEL].environment, environment.parent),
            self.library: ("library", layout.models[MODEL].framework, self.library),
        }
        for path, command in made.items():
            if not path.exists():
                process = self.workspace.samebits(*command)
                assert process.returncode == 0, process.stdout
