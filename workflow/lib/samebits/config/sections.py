"""The types of the config, and the JSON Schema that describes them."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from samebits import environments, frameworks
from samebits.datasets import sources
from samebits.packaging.metadata import Description
from samebits.packaging.naming import Names
from samebits.publish import targets
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.tiers import TIERS
from samebits.tracking import destination

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"

Name = Annotated[str, Field(pattern=NAME)]
Tier = Literal["unseeded", "seeded", "deterministic", "portable"]
Device = Literal["cpu", "cuda"]
Backend = Literal["pip", "conda", "container"]
# literals cannot be computed
assert Tier.__args__ == TIERS  # type: ignore[attr-defined]  # noqa: S101
assert Backend.__args__ == environments.backends.NAMES  # type: ignore[attr-defined]  # noqa: S101


def _plain_url(url: str, place: str) -> str:
    if urlsplit(url).username is not None:  # it would show in logs and command lines
        raise ValueError(f"a user or password must not stand in a URL; put it into {place}")
    return url


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Verify(_Strict):
    """How it is proven that training again gives the same bits."""

    mode: Literal["rerun", "replay"] = Field(
        "rerun", description="train again in full, or one run's segments, each from its checkpoint"
    )
    sample: float = Field(1.0, gt=0, le=1, description="share of the segments that are replayed")
    segments: int | None = Field(None, ge=1, description="the model's segments, where they matter")

    @model_validator(mode="after")
    def _drawn_from_replays(self) -> "Verify":
        if self.mode == "rerun" and self.sample != 1:
            raise ValueError("a sample is drawn of what is replayed; add mode: replay, or take it out")
        return self


class Dask(_Strict):
    """The cluster that a model is trained on. Its size is part of the result's identity, its place is not."""

    workers: int = Field(ge=1, le=10000, description="workers, each with one share of the data")
    threads: int = Field(1, ge=1, le=4096, description="threads of each worker")
    scheduler: str = Field(
        "local",
        pattern=r"^(local|slurm|(tcp|tls|ucx)://\S+)$",
        description="start one here or on SLURM, or the address of a running one (tcp://host:8786)",
    )
    cluster: dict[str, JsonValue] = Field(
        {}, description="arguments of dask_jobqueue.SLURMCluster, with scheduler: slurm"
    )


class Package(_Strict):
    """What a model's package is called and says of itself."""

    name: str | None = Field(None, pattern=NAME, description="of the distribution; the model's if not given")
    version: str = Field("0.1.0", description="of the package (PEP 440)")
    summary: str = Field("", pattern=r"^[^\n]*$", description="one line; made from the model if not given")
    license: str = Field("", description="an SPDX expression, such as MIT")
    dependencies: list[str] = Field(
        [], description="what the package needs besides what it imports, as pip writes it"
    )

    def names(self, model: str) -> Names:
        """Return what the package of a model is called.

        Raises:
            Refused: no package can be called so.
        """
        return Names.of(self.name or model, self.version)

    def description(self) -> Description:
        """Return what else is said of it."""
        return Description(summary=self.summary, license=self.license, dependencies=tuple(self.dependencies))


class Defaults(_Strict):
    """What models have in common; a model's own keys win."""

    seed: int = Field(0, ge=0, lt=2**63, description="root of all derived randomness")
    tier: Tier = Field("deterministic", description="how much is pinned")
    threads: int = Field(1, ge=1, le=4096, description="threads that compute; part of the result's identity")
    device: Device = Field("cpu", description="where it trains")
    backend: Backend = Field("pip", description="what installs the locked environment")
    segments: int = Field(4, ge=1, description="stretches of training, each begun from a checkpoint")
    runs: int = Field(2, ge=2, le=1000, description="independent runs that are compared, in the mode rerun")
    verify: Verify = Field(Verify(), description="how sameness is proven")
    package: Package = Field(Package(), description="what its package is called and says of itself")
    loader_workers: int = Field(
        0, ge=0, le=1024, description="processes that load batches ahead; the result does not depend on them"
    )


def _is_script(framework: object) -> bool:
    return framework in frameworks.known() and frameworks.traits(str(framework)).recipe == "script"


class Model(Defaults):
    """A model to train, rerun and compare."""

    framework: str = Field(
        description="adapter that trains it", json_schema_extra={"enum": [*frameworks.known()]}
    )
    recipe: str = Field(
        description="Python file and its class or function: recipes/digits_cnn.py:DigitsCNN; or a script"
    )
    data: str = Field(description="a name from the section data, or sklearn:<name>")
    params: dict[str, JsonValue] = Field(
        {}, description="keyword arguments of the recipe's class or function"
    )
    options: dict[str, JsonValue] = Field({}, description="settings of the framework's adapter")
    steps: int = Field(ge=1, description="optimizer steps or boosting rounds; 1 for what trains in one go")
    processes: int = Field(1, ge=1, le=10000, description="ranks that train together; part of the identity")
    dask: Dask | None = Field(None, description="the cluster of a framework that trains on Dask")
    environment: Name = Field(description="locked environment; <framework>-cpu or -gpu if not given")

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """Give the keys their values that follow from others."""
        if not isinstance(value, dict):
            return value
        framework = value.get("framework")
        filled: dict[str, Any] = {}
        traits = frameworks.traits(framework) if framework in frameworks.known() else None
        if environment := traits.environment if traits else framework:
            kind = "gpu" if value.get("device") == "cuda" else "cpu"
            filled["environment"] = f"{environment}-{kind}"
        verify = value.get("verify")
        if traits and traits.steps == "one" and "steps" not in value:
            filled["steps"] = 1
            value = {**value, "segments": 1}
        elif isinstance(verify, dict) and isinstance(verify.get("segments"), int):
            value = {**value, "segments": verify["segments"]}
        filled |= value
        if isinstance(dask := value.get("dask"), dict):
            filled["processes"], filled["threads"] = dask.get("workers", 1), dask.get("threads", 1)
        return filled

    @field_validator("recipe")
    @classmethod
    def _names_what_it_is(cls, recipe: str, info: ValidationInfo) -> str:
        file, _, target = recipe.rpartition(":")
        framework = info.data.get("framework")
        if not _is_script(framework) and not (file and target):
            raise ValueError(f"{recipe!r} names no class or function; write path/to/recipe.py:Class")
        return recipe

    @model_validator(mode="after")
    def _fits(self) -> "Model":
        if self.segments > self.steps:
            raise ValueError(f"segments is {self.segments}, more than the {self.steps} steps; lower it")
        if self.framework not in frameworks.known():  # which is reported with what the model names
            return self
        traits = frameworks.traits(self.framework)
        if (traits.processes == "workers") != (self.dask is not None):
            clusters = [n for n in frameworks.known() if frameworks.traits(n).processes == "workers"]
            raise ValueError(
                f"dask belongs to the framework {' and '.join(clusters)}, and it needs it: {{workers: 2}}"
            )
        if self.processes > 1 and traits.processes == "one":
            raise ValueError(
                f"processes is {self.processes}, but {self.framework} trains in one; take it out"
            )
        if self.steps > 1 and traits.steps == "one":
            raise ValueError(f"steps is {self.steps}, but {self.framework} trains in one go; take it out")
        if why := traits.refused_tiers.get(self.tier):
            raise ValueError(f"{traits.title} cannot keep the tier {self.tier}: {why}")
        return self

    @property
    def file(self) -> str:
        """The recipe's file, as written."""
        return self.recipe if _is_script(self.framework) else self.recipe.rpartition(":")[0]

    @property
    def target(self) -> str:
        """The recipe's class or function; empty for a script."""
        return "" if _is_script(self.framework) else self.recipe.rpartition(":")[2]

    @property
    def execution(self) -> Execution:
        """What of this section the result does not depend on."""
        if self.dask is None:
            return Execution(loader_workers=self.loader_workers)
        return Execution(scheduler=self.dask.scheduler, cluster=self.dask.cluster)


class Index(_Strict):
    """A package index."""

    upload: str = Field(pattern="^https?://", description="URL that twine uploads to")
    simple: str = Field(pattern="^https?://", description="URL of its simple API, to see what is there")

    @field_validator("upload", "simple")
    @classmethod
    def _without_password(cls, url: str) -> str:
        return _plain_url(url, "TWINE_PASSWORD or the keyring")


class Channel(_Strict):
    """A conda channel."""

    kind: Literal["folder", "prefix", "quetz", "anaconda"] = Field("folder", description="what keeps it")
    place: str = Field(min_length=1, description="the folder, or the URL of the server")
    name: str = Field("", description="the channel on the server; the owner on anaconda.org")

    @field_validator("place")
    @classmethod
    def _without_password(cls, place: str) -> str:
        return _plain_url(place, "SAMEBITS_CHANNEL_TOKEN")


class Registry(_Strict):
    """A registry of OCI artifacts."""

    place: str = Field(
        pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*$", description="HOST[:PORT]/NAME, without the model's"
    )
    plain_http: bool = Field(False, description="it has no TLS, as on loopback")


class Publish(_Strict):
    """Where packages go with the target publish. Passwords never stand here."""

    index: Index | None = Field(None, description="a package index, for wheels")
    channel: Channel | None = Field(None, description="a conda channel")
    registry: Registry | None = Field(None, description="a registry, for all of it as one artifact")

    def places(self) -> targets.Places:
        """Return it as ``samebits.publish`` takes it."""
        return targets.Places(
            index=targets.Index(**self.index.model_dump()) if self.index else None,
            channel=targets.Channel(**self.channel.model_dump()) if self.channel else None,
            registry=targets.Registry(**self.registry.model_dump()) if self.registry else None,
        )


class Tracking(_Strict):
    """Where runs and verified models are tracked with MLflow."""

    enabled: bool = Field(True, description="track them; what is recorded in results is the same either way")
    uri: str | None = Field(
        None, description="MLflow's tracking URI; a SQLite file in results, without a server, if not given"
    )
    experiment: str = Field(
        destination.EXPERIMENT, min_length=1, max_length=500, description="name of the experiment"
    )
    alias: str = Field(
        destination.ALIAS,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
        description="alias of a version that was verified",
    )
    artifacts: str | None = Field(None, min_length=1, description="where a new experiment keeps its files")
    register_models: bool = Field(True, description="package models that were verified, and register them")

    @model_validator(mode="after")
    def _checked(self) -> "Tracking":
        if self.uri is not None:
            try:
                destination.check(self.uri, self.artifacts)
            except Refused as refused:
                raise ValueError(str(refused)) from None
        return self


class Config(_Strict):
    """The whole config."""

    models: dict[Name, Model] = Field(min_length=1, description="model name -> what to train")
    defaults: Defaults = Field(Defaults(), description="what models have in common")
    data: dict[Name, sources.Source] = Field({}, description="data set name -> source")
    publish: Publish = Field(Publish(), description="where packages go with the target publish")

    tracking: Tracking | None = Field(
        None, description="where runs are tracked with MLflow; nowhere if left out"
    )
    results: str = Field("results", min_length=1, description="folder of everything that is recorded")
    cache: str = Field(
        ".samebits", min_length=1, description="folder of environments and data; may be shared"
    )

    @field_validator("results", "cache")
    @classmethod
    def _is_a_folder(cls, folder: str) -> str:
        plain = Path(folder)
        if (
            folder.startswith("~")
            or set(folder) & set("{}\n")
            or plain.resolve() in (Path.cwd(), *Path.cwd().parents)
        ):
            raise ValueError(
                f"{folder!r} is no folder of its own; write one such as results, without ~ and {{}}"
            )
        if plain.exists() and not plain.is_dir():
            raise ValueError(f"{folder!r} is a file; name a folder")
        return folder

    @model_validator(mode="after")
    def _apart(self) -> "Config":
        if Path(self.results).resolve() == Path(self.cache).resolve():
            raise ValueError(f"results and cache are both {self.results!r}; give each a folder of its own")
        return self

    def data_source(self, name: str) -> sources.Source:
        """Return where a data set comes from, by its name in a model."""
        kind, _, dataset = name.partition(":")
        return sources.Sklearn(sklearn=dataset) if kind == "sklearn" else self.data[name]


def parse_publish(text: str) -> Publish:
    """Read the section ``publish`` from JSON.

    Raises:
        Refused: it is none, or empty.
    """
    section: Publish = _parse(Publish, text, "section publish")
    if section == Publish():
        raise Refused("the section publish names no place; write an index, a channel or a registry into it")
    return section


def _parse(kind: Any, text: str, what: str) -> Any:
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(["this", *map(str, first["loc"])])
        raise Refused(f"{place} is no {what}: {first['msg'][0].lower()}{first['msg'][1:]}") from None


def schema() -> dict[str, Any]:
    """Return the config's JSON Schema (2020-12), as ``workflow/schemas/config.schema.json`` holds it.

    ``models`` may leave out what ``defaults`` or the framework decide.
    """
    described = Config.model_json_schema()
    for key in ("steps", "environment"):
        described["$defs"]["Model"]["required"].remove(key)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "samebits config",
        **{key: value for key, value in described.items() if key != "title"},
    }
