"""The store, opened: MLflow's client, the experiment, and what goes wrong with either in one line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from samebits.sealed import locks
from samebits.sealed.errors import Refused
from samebits.tracking.destination import Place

if TYPE_CHECKING:
    from mlflow import MlflowClient

INSTALL = "MLflow is not installed; install it with pip install 'samebits[tracking]'"

#: How MLflow behaves, unless the user's environment says otherwise. Its own retries wait for minutes, it
#: sends statistics of its use to its makers, and copies a uv project that it finds in the working directory.
_BEHAVIOUR = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}

#: what MLflow's pages show first of an experiment: training, and not conversations
_KIND = {"mlflow.experimentKind": "custom_model_development"}

#: for the first request, which shows whether the server answers
_FIRST = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}


class Unreachable(Exception):
    """The store does not answer or does not take what it is given; the message is one line."""


@dataclass(frozen=True)
class Store:
    """An open store.

    Attributes:
        client: MLflow's.
        experiment: the id of the experiment.
        alias: of verified models.
    """

    client: "MlflowClient"
    experiment: str
    alias: str


def installed() -> bool:
    """Tell whether MLflow can be imported, without the seconds that it takes to do so."""
    return find_spec("mlflow") is not None


@contextmanager
def open_store(place: Place) -> Iterator[Store]:
    """Open a store. A SQLite file is held by one process at a time: its jobs may be many.

    Raises:
        Refused: MLflow is not installed.
        Unreachable: the store does not answer, now or while it is open.
    """
    if not installed():
        raise Refused(INSTALL)
    asked = set(os.environ)
    for key, value in _BEHAVIOUR.items():
        os.environ.setdefault(key, value)
    from mlflow import MlflowClient, set_registry_uri, set_tracking_uri

    # the client looks up models:/… in the process-wide store, not in the one that it was made for
    set_tracking_uri(place.uri)
    set_registry_uri(place.uri)
    with _unreachable(place), _locked(place):
        client = MlflowClient(place.uri, place.uri)
        first = {key: value for key, value in _FIRST.items() if key not in asked}
        with _set(first):
            existing = client.get_experiment_by_name(place.experiment)
        if existing is None:
            experiment = _create(client, place)
        elif existing.lifecycle_stage != "active":
            raise Unreachable(
                f"the experiment {place.experiment!r} is deleted there; restore it or name another"
            )
        else:
            experiment = existing.experiment_id
        yield Store(client, experiment, place.alias)


def _create(client: "MlflowClient", place: Place) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return str(client.create_experiment(place.experiment, place.artifacts, _KIND))
    except MlflowException:
        existing = client.get_experiment_by_name(place.experiment)  # somebody else was faster
        if existing is None:
            raise
        return str(existing.experiment_id)


@contextmanager
def _unreachable(place: Place) -> Iterator[None]:
    """Turn what MLflow and what lies below it raise into one line."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        raise Unreachable(f"{place.uri}: {_line(error)}") from None


def _line(error: BaseException) -> str:
    """Return the innermost cause that has a message, as one line."""
    deepest, seen = error, {id(error)}
    while (cause := deepest.__cause__ or deepest.__context__) and id(cause) not in seen:
        seen.add(id(cause))
        deepest = cause
    message = next((str(each) for each in (deepest, error) if str(each).strip()), type(error).__name__)
    return " ".join(message.split())[:200]


@contextmanager
def _locked(place: Place) -> Iterator[None]:
    """Hold a SQLite store: a second process would fail on locked tables, or create them a second time."""
    if place.file is None:
        yield
        return
    place.file.parent.mkdir(parents=True, exist_ok=True)
    with place.file.with_name(place.file.name + ".lock").open("w") as lock:
        locks.wait(lock.fileno())
        yield


@contextmanager
def _set(values: dict[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
