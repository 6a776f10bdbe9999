"""A model's wheel as a model of MLflow's: its package as code, without pickle, loaded without samebits."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load as load_tensors

from samebits.receipt import archive
from samebits.sealed import ledger
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

#: rows of the example; a package may have many more
_ROWS = 3

#: What MLflow imports. Its name has the wheel's digest, and the package is imported anew, from beside it: of
#: two versions that one process loads, the second would otherwise silently be the first.
_LOADER = '''"""Loads the model for mlflow.pyfunc."""

import importlib
import sys
from pathlib import Path

import numpy as np

PACKAGE = {package!r}
DTYPES = {dtypes!r}


class Model:
    """What mlflow.pyfunc calls."""

    def __init__(self, package):
        self._package = package

    def predict(self, model_input, params=None):
        """Predict from an array, a table, or a dict of arrays if the model has several inputs."""
        if len(DTYPES) > 1:
            arrays = {{name: np.asarray(model_input[name], dtype) for name, dtype in DTYPES.items()}}
            return self._package.predict(arrays)
        ((name, dtype),) = DTYPES.items()
        if isinstance(model_input, dict):
            model_input = model_input[name]
        return self._package.predict(np.asarray(model_input, dtype))


def _load_pyfunc(path):
    here = str(Path(__file__).parent)
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.path.insert(0, here)
    try:
        importlib.invalidate_caches()
        return Model(importlib.import_module(PACKAGE))
    finally:
        sys.path.remove(here)
'''


@dataclass(frozen=True)
class Package:
    """An unpacked wheel.

    Attributes:
        name: of the package.
        folder: of the package.
        digest: of the wheel.
        signature: its ``signature.json``.
    """

    name: str
    folder: Path
    digest: str
    signature: dict[str, Any]


def unpack(wheel: Path, folder: Path, head: str) -> Package:
    """Unpack the wheel of a run's model into a folder that does not exist; nothing of it is run.

    Args:
        wheel: the wheel.
        folder: where to.
        head: of the run's ledger.

    Raises:
        Refused: it is no wheel of a model, is broken or made to do harm, or is of another run.
    """
    folder.mkdir(parents=True)
    archive.unpack(wheel, folder)
    signatures = list(folder.glob("*/signature.json"))
    evidence = list(folder.glob(f"*/evidence/{ledger.FINISHED}"))
    if len(signatures) != 1 or len(evidence) != 1:
        raise Refused(f"{wheel} is no wheel of samebits; package the model again: snakemake package")
    if ledger.head(evidence[0]) != head:
        raise Refused(f"{wheel} is of another run of the model; package it again: snakemake package")
    try:
        signature = json.loads(signatures[0].read_bytes())
    except ValueError:
        raise Refused(f"{wheel}: its signature.json is broken; package the model again") from None
    return Package(signatures[0].parent.name, signatures[0].parent, file_digest(wheel), signature)


def save(package: Package, folder: Path, model_id: str, run: str) -> None:
    """Write a package as a model of MLflow's.

    Args:
        package: the unpacked wheel.
        folder: where to write it; does not exist.
        model_id: MLflow's id of the logged model.
        run: MLflow's id of the run that it is of.
    """
    from mlflow import pyfunc
    from mlflow.models import Model

    # MLflow warns that the framework is not installed; models can be tracked without it
    logging.getLogger("mlflow.utils.requirements_utils").setLevel(logging.ERROR)
    inputs = package.signature["inputs"]
    loader = f"{package.name}_{package.digest.rpartition(':')[2][:12]}"
    path = package.folder.parent / f"{loader}.py"
    dtypes = {each["name"]: each["dtype"] for each in inputs}
    path.write_text(_LOADER.format(package=package.name, dtypes=dtypes))
    pyfunc.save_model(
        path=str(folder),
        mlflow_model=Model(run_id=run, model_uuid=model_id, model_id=model_id),
        loader_module=loader,
        code_paths=[str(package.folder), str(path)],
        signature=_signature(package.signature),
        input_example=_example(package),
        pip_requirements=[
            f"{name}=={version}" for name, version in sorted(package.signature["requires"].items())
        ],
    )


def _signature(signature: dict[str, Any]) -> "ModelSignature":
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    def schema(described: list[dict[str, Any]]) -> Schema:
        # MLflow takes plain arrays and tables only where a single tensor has no name
        named = len(described) > 1
        return Schema(
            [
                TensorSpec(np.dtype(each["dtype"]), tuple(each["shape"]), each["name"] if named else None)
                for each in described
            ]
        )

    return ModelSignature(schema(signature["inputs"]), schema(signature["outputs"]))


def _example(package: Package) -> Any:
    """Return the example rows as ``predict`` takes them; None if the package has none."""
    path = package.folder / "example.safetensors"
    if not path.is_file():
        return None
    tensors = load_tensors(path.read_bytes())
    names = [each["name"] for each in package.signature["inputs"]]
    rows = {name: tensors[f"input.{name}"][:_ROWS] for name in names}
    return rows if len(names) > 1 else rows[names[0]]
