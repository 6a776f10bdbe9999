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

#: files of the runtime that every package has
_RUNTIME = ("__main__.py", "_rows.py", "_service.py")


def stage(run: Path, found: Verdict, recipe: Path, names: Names, folder: Path) -> None:
    """Lay out ``folder/<module>``: the runtime, the model's files, the recipe, and what is known of it.

    Args:
        run: folder of the run that was verified.
        found: the verdict.
        recipe: the recipe's file.
        names: what the package is called.
        folder: what is in it is replaced.

    Raises:
        Refused: the verdict is not identical or of another ledger, or the run is not what its ledger says.
    """
    shown = Run.open(run).check()
    spec = Spec.parse(json.dumps(shown.spec).encode(), str(run / ledger.FINISHED))
    if not found.identical or shown.head not in [each.ledger for each in found.runs]:
        raise Refused(
            f"model {spec.model}: only what was verified is packaged; see {run.parent / 'verdict.json'}"
        )
    shutil.rmtree(folder, ignore_errors=True)
    package = folder / names.module
    (package / "materials").mkdir(parents=True)
    runtime = resources.files("samebits.packaging.runtime")
    for name in _RUNTIME:
        (package / name).write_bytes((runtime / name).read_bytes())
    predictor = frameworks.predictor(spec.framework) / "predictor.py"
    (package / "_model.py").write_bytes(predictor.read_bytes())
    (package / "__init__.py").touch()  # the real one is written when the outputs' type is known
    shutil.copytree(run / "model", package / "model")
    shutil.copyfile(recipe, package / "materials" / recipe.name)
    about = {
        "name": names.distribution,
        "version": names.version,
        "model": spec.model,
        "sentence": verdict.sentence(found),
        "spec": json.loads(spec.canonical()),
        "variables": tiers.variables(spec.tier, spec.threads, site={}),
    }
    (package / "about.json").write_text(json.dumps(about) + "\n")
