"""The model in MLflow: logged with its run, and under its alias as long as its verdict is identical."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from samebits.tracking import pyfunc
from samebits.tracking.entry import IDENTITY, Entry
from samebits.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

#: tags of a logged model and of a registered version
_WHEEL, _VERDICT = "samebits.wheel", "samebits.verdict"

#: registering is a matter of the registry, whose files may be elsewhere
_WAIT = 60


def register(store: Store, name: str, run: str, entry: Entry, wheel: Path) -> str | None:
    """Log a verified model and register it, or what is missing of that.

    Args:
        store: the open store.
        name: of the model.
        run: MLflow's id of the run that it is of.
        entry: that run.
        wheel: the model's package.

    Returns:
        The version; None for a package of a script's outputs, which takes no inputs.

    Raises:
        Refused: the wheel is none of a model, or that of another run.
    """
    with TemporaryDirectory() as folder:
        package = pyfunc.unpack(wheel, Path(folder) / "wheel", entry.tags["samebits.ledger"])
        if not package.signature["inputs"]:
            return None
        version = _version(store, name, package.digest)
        if version is None:
            registration = _Registration(store, name, run, entry.identity, package)
            version = registration.add_version(registration.log(Path(folder) / "model"))
    store.client.set_registered_model_alias(name, store.alias, version.version)
    return str(version.version)


def withdraw(store: Store, name: str, identity: str) -> None:
    """Take the alias away from a version of a run whose verdict is no longer identical."""
    for version in _versions(store, name):
        if version.tags.get(IDENTITY) == identity:
            store.client.set_model_version_tag(name, version.version, _VERDICT, "different")
            if store.alias in version.aliases:
                store.client.delete_registered_model_alias(name, store.alias)


@dataclass(frozen=True)
class _Registration:
    """A package that is new to the registry.

    Attributes:
        store: where it is registered.
        name: the model's.
        run: MLflow's id of the run that it is of.
        identity: that run's identity.
        package: the unpacked wheel.
    """

    store: Store
    name: str
    run: str
    identity: str
    package: pyfunc.Package

    @property
    def _tags(self) -> dict[str, str]:
        return {IDENTITY: self.identity, _WHEEL: self.package.digest, _VERDICT: "identical"}

    def log(self, folder: Path) -> str:
        """Log the package with its run, by way of an empty folder; return MLflow's id of the logged model."""
        from mlflow.entities import LoggedModelOutput

        store, run = self.store, self.run
        ours = f"tags.`{_WHEEL}` = '{self.package.digest}' AND source_run_id = '{run}'"
        for logged in store.client.search_logged_models([store.experiment], ours):
            if logged.status == "READY":
                return str(logged.model_id)
            store.client.delete_logged_model(logged.model_id)  # the process that logged it was interrupted
        model = store.client.create_logged_model(store.experiment, self.name, run, self._tags)
        pyfunc.save(self.package, folder, model.model_id, run)
        store.client.log_model_artifacts(model.model_id, str(folder))
        store.client.log_outputs(run, [LoggedModelOutput(model.model_id, step=0)])
        store.client.finalize_logged_model(model.model_id, "READY")
        return str(model.model_id)

    def add_version(self, logged: str) -> "ModelVersion":
        """Register a logged model as a version of its name."""
        from mlflow.exceptions import MlflowException

        client = self.store.client
        try:
            client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return client.create_model_version(
            self.name,
            f"models:/{logged}",
            self.run,
            self._tags,
            await_creation_for=_WAIT,
            model_id=logged,
        )


def _version(store: Store, name: str, wheel: str) -> "ModelVersion | None":
    """Find the version that was made from a wheel: the oldest, if an answer was lost and there are two."""
    versions = [version for version in _versions(store, name) if version.tags.get(_WHEEL) == wheel]
    return min(versions, key=lambda version: int(version.version), default=None)


def _versions(store: Store, name: str) -> list["ModelVersion"]:
    # a search returns no aliases
    versions = store.client.search_model_versions(f"name = '{name}'")
    return [store.client.get_model_version(name, version.version) for version in versions]
