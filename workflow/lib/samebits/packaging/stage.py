"""Laying out a package's folder, before the model in it is asked for its first prediction."""

import json
import shutil
from importlib import resources
from pathlib import Path

from samebits import frameworks
from samebits.packaging.naming import Names
from samebits.proof import verdict
from samebits.proof.verdict import Verdict
from samebits.results.run import Run
from samebits.sealed import ledger, tiers
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec

#: folders of a package: the recipe and other materials; the part of ``frameworks/`` that it runs
MATERIALS, RUNTIME = "materials", "_frameworks"

#: beside the package: what was recorded, which it has to predict
PREDICTIONS = "predictions.safetensors"

#: files of the runtime that every package has
_RUNTIME = ("__main__.py", "_kernels.py", "_rows.py", "_service.py")


def stage(run: Path, judged: Verdict, recipe: Path, names: Names, folder: Path) -> None:
    """Lay out ``folder/<module>``: the runtime, the model's files, the recipe, and what is known of it.

    Beside it are the recorded predictions.

    Args:
        run: folder of the run that was verified.
        judged: the verdict.
        recipe: the recipe's file.
        names: what the package is called.
        folder: what is in it is replaced.

    Raises:
        Refused: the verdict is not identical or of another ledger, or the run is not what its ledger says.
    """
    shown = Run.open(run).check()
    spec = Spec.parse(json.dumps(shown.spec).encode(), str(run / ledger.FINISHED))
    if not judged.identical or shown.head not in [each.ledger for each in judged.runs]:
        raise Refused(
            f"model {spec.model}: only what was verified is packaged; see {run.parent / 'verdict.json'}"
        )
    shutil.rmtree(folder, ignore_errors=True)
    package = folder / names.module
    (package / MATERIALS).mkdir(parents=True)
    copy_runtime(spec.framework, package)
    shutil.copytree(run / "model", package / "model")
    shutil.copyfile(recipe, package / MATERIALS / recipe.name)
    shutil.copyfile(run / PREDICTIONS, folder / PREDICTIONS)
    variables = tiers.variables(spec.tier, spec.threads, site={})
    about = {
        "name": names.distribution,
        "version": names.version,
        "model": spec.model,
        "sentence": verdict.sentence(judged),
        "spec": json.loads(spec.canonical()),
        "variables": variables,
        "kernels": {n: variables[n] for n in frameworks.variables(spec.framework) if n in variables},
    }
    (package / "about.json").write_text(json.dumps(about) + "\n")


def copy_runtime(framework: str, package: Path) -> None:
    """Copy what a package runs on, the part of ``frameworks/`` as it lies there, so that it finds itself."""
    runtime = resources.files("samebits.packaging.runtime")
    for name in _RUNTIME:
        (package / name).write_bytes((runtime / name).read_bytes())
    for path in frameworks.runtime(framework):
        target = package / RUNTIME / path.relative_to(frameworks.FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        for folder in (target.parent, target.parent.parent):
            (folder / "__init__.py").touch()
