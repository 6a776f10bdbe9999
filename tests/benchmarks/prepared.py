"""What benchmarks of training share: specs made by the workflow, and measured processes started from them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import yaml

from samebits import root
from samebits.jobs import install_library
from samebits.sealed import seal
from samebits.sealed.data import Manifest
from samebits.sealed.spec import Spec

RECIPES = root() / "config" / "recipes"
CACHE = Path.cwd() / ".samebits"


class Prepared:
    """Models in a folder of their own, with everything that they are trained from."""

    def __init__(
        self, folder: Path, models: dict[str, dict[str, object]], data: dict[str, object] | None = None
    ):
        """Build environments, fetch data and resolve the specs, by the workflow itself."""
        self.folder = folder
        (folder / "config").mkdir()
        config = {"models": models, "data": data or {}, "cache": str(CACHE)}
        (folder / "config" / "config.yaml").write_text(yaml.safe_dump(config))
        self.workflow(*(f"results/{model}/spec.json" for model in models))
        libraries = {spec.framework for spec in map(self.spec, models)}
        for framework in libraries:
            install_library.install(framework, folder / "library" / framework)

    def workflow(self, *arguments: str) -> None:
        """Run the workflow quietly."""
        command = [sys.executable, "-m", "samebits", "run", "--profile", "local", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, cwd=self.folder, check=True, **quiet)

    def spec(self, model: str) -> Spec:
        """Return a model's spec."""
        return Spec.read(self.folder / "results" / model / "spec.json")

    def data(self, spec: Spec) -> Path:
        """Return the folder of a spec's data."""
        found = CACHE.glob(f"data/{spec.data.replace(':', '-')}-*/data.json")
        return next(path.parent for path in found if Manifest.read(path.parent).digest == spec.data_digest)

    def prefix(self, spec: Spec) -> Path:
        """Return the environment of a spec."""
        for manifest in CACHE.glob(f"envs/{spec.environment}-*/environment.json"):
            if json.loads(manifest.read_bytes())["digest"] == spec.environment_digest:
                return manifest.parent
        raise FileNotFoundError(spec.environment)

    def train(self, model: str, **changes: object) -> dict[str, float]:
        """Train a model in a measured process and return the seconds that its segments took, by what for."""
        spec = replace(self.spec(model), **changes)
        folder = self.folder / "results" / model / "measured"
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        (folder / "scratch").mkdir(parents=True)
        path = folder / "spec.json"
        path.write_bytes(spec.canonical())
        recipe = RECIPES / spec.recipe.split(":")[0]
        files = [str(item) for item in (path, recipe, self.data(spec), folder)]
        environment = seal.environment(spec, self.folder / "library" / spec.framework, folder / "scratch")
        command = seal.command(self.prefix(spec), *files)
        subprocess.run(
            command, cwd=folder / "scratch", env=environment, check=True, stdout=subprocess.DEVNULL
        )
        return seconds(folder)


def seconds(run: Path) -> dict[str, float]:
    """Return the seconds that the segments of a run took, by what for."""
    lines = [json.loads(line) for line in (run / "timing.jsonl").read_text().splitlines()]
    return {what: sum(line[f"{what}_seconds"] for line in lines) for what in ("restore", "train", "save")}
