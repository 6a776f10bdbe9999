"""Where it is tracked: an MLflow store by its URI, and the section ``tracking`` of a config."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from samebits.sealed.errors import Refused
from samebits.section import Section

#: experiment and alias, if the config names no others
EXPERIMENT = "samebits"
ALIAS = "verified"

#: below a folder of results, or beside another SQLite file
_STORE, _ARTIFACTS = "mlflow.db", "mlflow-artifacts"

_SERVERS = ("http", "https", "databricks", "databricks-uc")
_DATABASES = ("mysql", "mssql", "postgresql")


class Tracking(Section):
    """Where runs and verified models are tracked with MLflow."""

    enabled: bool = Field(True, description="track them; what is recorded in results is the same either way")
    uri: str | None = Field(
        None, description="MLflow's tracking URI; a SQLite file in results, without a server, if not given"
    )
    experiment: str = Field(EXPERIMENT, min_length=1, max_length=500, description="name of the experiment")
    alias: str = Field(
        ALIAS, pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", description="alias of a version that was verified"
    )
    artifacts: str | None = Field(None, min_length=1, description="where a new experiment keeps its files")
    register_models: bool = Field(True, description="package models that were verified, and register them")

    @model_validator(mode="after")
    def _can_be_tracked_to(self) -> "Tracking":
        if self.uri is not None:
            try:
                check(self.uri, self.artifacts)
            except Refused as refused:
                raise ValueError(str(refused)) from None
        return self

    @property
    def options(self) -> list[str]:
        """The options of ``samebits track`` that say where, and under which names."""
        fields = self.model_dump(include={"uri", "experiment", "alias", "artifacts"}, exclude_none=True)
        return [part for key, value in fields.items() for part in (f"--{key}", value)]


@dataclass(frozen=True)
class Place:
    """A store, and the names that things get there.

    Attributes:
        uri: MLflow's tracking URI.
        experiment: the experiment that all runs belong to.
        alias: the alias of a registered version whose verdict is identical.
        artifacts: where a new experiment keeps its artifacts; the server decides if None.
    """

    uri: str
    experiment: str = EXPERIMENT
    alias: str = ALIAS
    artifacts: str | None = None

    @property
    def file(self) -> Path | None:
        """The SQLite file, if the store is one."""
        return Path(self.uri.removeprefix("sqlite:///")) if self.uri.startswith("sqlite:") else None


def local(results: str | Path) -> str:
    """Return the URI of the store that needs no server: a SQLite file in a folder of results."""
    return f"sqlite:///{Path(results) / _STORE}"


def place(uri: str, experiment: str = EXPERIMENT, alias: str = ALIAS, artifacts: str | None = None) -> Place:
    """Put together a place, its URI checked.

    Raises:
        Refused: as ``check`` does.
    """
    check(uri, artifacts)
    destination = Place(uri, experiment, alias, artifacts)
    if artifacts is None and destination.file is not None:
        return Place(uri, experiment, alias, str(destination.file.absolute().parent / _ARTIFACTS))
    return destination


def check(uri: str, artifacts: str | None = None) -> None:
    """Check a tracking URI.

    Raises:
        Refused: it is of no kind that MLflow keeps runs in, or holds a password, which logs and command lines
            would show.
    """
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme not in (*_SERVERS, *_DATABASES, "sqlite"):
        shown = uri if "@" not in uri else scheme  # it may hold a password
        raise Refused(
            f"{shown!r} is no tracking URI; give http(s)://HOST, sqlite:///FILE or another database's URI"
        )
    try:
        password = urlsplit(uri).password
    except ValueError:
        raise Refused("this is no URI; give http(s)://HOST, sqlite:///FILE or another database's") from None
    if password is not None:
        mend = (
            "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            if scheme in _SERVERS
            else "put it where the database's own clients look, such as ~/.pgpass"
        )
        raise Refused(f"a password must not stand in a tracking URI; {mend}")
    if scheme == "sqlite" and not (uri.startswith("sqlite:///") and len(uri) > len("sqlite:///")):
        raise Refused(f"{uri!r}: a SQLite store needs a file; write sqlite:///results/mlflow.db")
    if scheme in _DATABASES and artifacts is None:
        raise Refused(
            "a database keeps no files; say with artifacts: where they go, such as s3://BUCKET/mlflow"
        )
