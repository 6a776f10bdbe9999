"""The config: what a user writes, typed, checked before any job starts, and described as a JSON Schema.

Lives on the workflow side only; measured processes see the resolved ``samebits.spec.Spec``.
"""

import ast
import difflib
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)

from samebits import environments, fetch, frameworks, options
from samebits.errors import Refused
from samebits.execution import Execution
from samebits.tiers import TIERS

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
DIGEST = r"^(sha256:)?[0-9a-f]{64}$"

Name = Annotated[str, Field(pattern=NAME)]
Tier = Literal["unseeded", "seeded", "deterministic", "portable"]
Device = Literal["cpu", "cuda"]
Backend = Literal["pip", "conda", "container"]
# literals cannot be computed
assert Tier.__args__ == TIERS  # type: ignore[attr-defined]  # noqa: S101
assert Backend.__args__ == environments.backends.NAMES  # type: ignore[attr-defined]  # noqa: S101


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Data(_Strict):
    def local_paths(self) -> list[str]:
        """Return the user's own files that this refers to."""
        return []


class Sklearn(_Data):
    """A data set that ships inside scikit-learn."""

    sklearn: str = Field(
        description="name after load_: digits, breast_cancer, wine, iris, diabetes, linnerud"
    )

    def source(self) -> fetch.Sklearn:
        """Return it as ``samebits.fetch`` takes it."""
        return fetch.Sklearn(self.sklearn)


class Local(_Data):
    """A file or folder of yours; it is referred to, not copied."""

    path: str = Field(description="file or folder, relative to the working directory")
    sha256: str | None = Field(None, pattern=DIGEST, description="refuse any other content")

    def local_paths(self) -> list[str]:
        """Return the user's own files that this refers to."""
        return [self.path]

    def source(self) -> fetch.Local:
        """Return it as ``samebits.fetch`` takes it."""
        return fetch.Local(Path(self.path), self.sha256)


class Download(_Data):
    """A file that is downloaded once and checked."""

    url: str = Field(pattern="^https?://", description="where it lies")
    sha256: str = Field(pattern=DIGEST, description="the only content that is accepted")

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str) -> str:
        if urlsplit(url).username is not None:  # it would show in logs and command lines
            raise ValueError("a user or password must not stand in a URL; put it into ~/.netrc")
        return url

    def source(self) -> fetch.Download:
        """Return it as ``samebits.fetch`` takes it."""
        return fetch.Download(self.url, self.sha256)


class Files(_Data):
    """Several files that make one data set."""

    files: dict[str, Local | Download] = Field(
        min_length=1, description="file name in the data set -> source"
    )

    def local_paths(self) -> list[str]:
        """Return the user's own files that this refers to."""
        return [path for part in self.files.values() for path in part.local_paths()]

    def source(self) -> fetch.Files:
        """Return it as ``samebits.fetch`` takes it."""
        return fetch.Files({name: part.source() for name, part in self.files.items()})


Data = Sklearn | Local | Download | Files


class Verify(_Strict):
    """How it is proven that training again gives the same bits."""

    mode: Literal["rerun", "replay"] = Field(
        "rerun", description="train again in full, or one run's segments, each from its checkpoint"
    )
    sample: float = Field(1.0, gt=0, le=1, description="share of the segments that are replayed")
    segments: int | None = Field(None, ge=1, description="the model's segments, where they matter")


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
    loader_workers: int = Field(
        0, ge=0, le=1024, description="processes that load batches ahead; the result does not depend on them"
    )


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
    dask: Dask | None = Field(None, description="the cluster of the framework xgboost_dask")
    environment: Name = Field(description="locked environment; <framework>-cpu or -gpu if not given")

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """Give the keys their values that follow from others."""
        if not isinstance(value, dict):
            return value
        framework = value.get("framework")
        filled: dict[str, Any] = {}
        if framework != "command":
            kind = "gpu" if value.get("device") == "cuda" else "cpu"
            filled["environment"] = f"{str(framework).replace('_', '-')}-{kind}"
        if framework in frameworks.ONE_STEP and "steps" not in value:
            filled["steps"] = 1
            value = {**value, "segments": 1}
        filled |= value
        if isinstance(verify := value.get("verify"), dict) and isinstance(verify.get("segments"), int):
            filled["segments"] = verify["segments"]
        if isinstance(dask := value.get("dask"), dict):
            filled["processes"], filled["threads"] = dask.get("workers"), dask.get("threads", 1)
        return filled

    @model_validator(mode="after")
    def _fits(self) -> "Model":
        if self.segments > self.steps:
            raise ValueError(f"segments is {self.segments}, more than the {self.steps} steps; lower it")
        if (self.framework == "xgboost_dask") != (self.dask is not None):
            raise ValueError("dask belongs to the framework xgboost_dask, and it needs it: {workers: 2}")
        return self

    @property
    def file(self) -> str:
        """The recipe's file, as written."""
        return self.recipe if self.framework == "command" else self.recipe.rpartition(":")[0]

    @property
    def target(self) -> str:
        """The recipe's class or function; empty for a script."""
        return "" if self.framework == "command" else self.recipe.rpartition(":")[2]

    @property
    def execution(self) -> Execution:
        """What of this section the result does not depend on."""
        if self.dask is None:
            return Execution(loader_workers=self.loader_workers)
        return Execution(scheduler=self.dask.scheduler, cluster=self.dask.cluster)


class Config(_Strict):
    """The whole config."""

    models: dict[Name, Model] = Field(min_length=1, description="model name -> what to train")
    defaults: Defaults = Field(Defaults(), description="what models have in common")
    data: dict[Name, Data] = Field({}, description="data set name -> source")
    results: str = Field("results", min_length=1, description="folder of everything that is recorded")
    cache: str = Field(
        ".samebits", min_length=1, description="folder of environments and data; may be shared"
    )

    def data_source(self, name: str) -> Data:
        """Return where a data set comes from, by its name in a model."""
        kind, _, dataset = name.partition(":")
        return Sklearn(sklearn=dataset) if kind == "sklearn" else self.data[name]


def parse_data(text: str) -> Data:
    """Read a data set's source from the JSON that a rule hands on."""
    source: Data = TypeAdapter(Data).validate_json(text)
    return source


def load(
    values: Mapping[str, Any],
    files: Iterable[str | Path] = (),
    roots: Iterable[Path] = (),
    locks: bool = True,
) -> Config:
    """Check a config and everything that it names.

    Args:
        values: the config as Snakemake merged it.
        files: the YAML files it came from; read again to find keys that are given twice.
        roots: folders in which relative recipes, and environments below ``envs/``, are looked up, in order.
        locks: check the environments' locks, too; whoever is about to renew them does not.

    Raises:
        Refused: one line an error, each naming the key and the mend.
    """
    for file in files:
        _refuse_duplicates(Path(file))
    try:
        config = Config.model_validate(_with_defaults(values))
    except ValidationError as error:
        raise Refused("\n".join(sorted({_explain(item) for item in error.errors()}))) from None
    roots = list(roots)
    problems = [p for name, model in config.models.items() for p in _problems(name, model, config, roots)]
    if locks and not problems:
        problems = _environment_problems(config, roots)
    if problems:
        raise Refused("\n".join(problems))
    return config


def recipe_file(model: Model, roots: Iterable[Path]) -> Path:
    """Find a recipe's file: absolute, or relative to the first root that has it.

    Raises:
        Refused: no root has it.
    """
    for root in roots:
        if (path := root / model.file).is_file():
            return path
    form = "path/to/script" if model.framework == "command" else "path/to/recipe.py:Class"
    raise Refused(f"{model.file!r} is not a file; write {form}, relative to the working directory")


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


def _with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``defaults`` into every model, so that one type describes a complete model."""
    defaults, models = values.get("defaults"), values.get("models")
    if not (isinstance(defaults, Mapping) and isinstance(models, Mapping)):
        return dict(values)
    try:
        Defaults.model_validate(defaults)
        wrong = set()
    except ValidationError as error:  # what is wrong there is reported there, not again in every model
        wrong = {item["loc"][0] for item in error.errors()}
    shared = {key: value for key, value in defaults.items() if key not in wrong}
    merged = {name: {**shared, **m} if isinstance(m, Mapping) else m for name, m in models.items()}
    return {**values, "models": merged}


def _explain(error: Any) -> str:
    """Turn one of Pydantic's errors into one line: the key, what is wrong, the mend."""
    # Pydantic adds the names of tried types to the place of a union's error
    place = [str(part) for part in error["loc"] if part not in ("Sklearn", "Local", "Download", "Files")]
    shown = (part if part.isprintable() else repr(part) for part in place if part != "[key]")
    key, value = ".".join(shown), error["input"]
    match error["type"]:
        case "extra_forbidden":
            known = _keys_at(place[:-1])
            return f"config: {key}: unknown key{_near(place[-1], known)}; known here: {', '.join(known)}"
        case "missing":
            return f"config: {key}: this key is missing; add it"
        case "literal_error":
            expected = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
            return f"config: {key}: {value!r} is none of {expected}{_near(value, expected.split(', '))}"
        case "string_pattern_mismatch" if "[key]" in place or error["ctx"]["pattern"] == NAME:
            return f"config: {key}: {value!r} cannot be a name; use letters, digits, - and _ only"
        case "value_error":
            return f"config: {key}: {error['ctx']['error']}"
    return f"config: {key}: {error['msg'][0].lower()}{error['msg'][1:]}, found {value!r}"


def _keys_at(place: list[str]) -> list[str]:
    match place:
        case []:
            return list(Config.model_fields)
        case ["defaults"]:
            return list(Defaults.model_fields)
        case ["models", _]:
            return sorted(Model.model_fields)
        case ["models", _, "verify"] | ["defaults", "verify"]:
            return list(Verify.model_fields)
        case ["models", _, "dask"]:
            return list(Dask.model_fields)
    return ["sklearn", "path", "url", "sha256", "files"]


def _near(word: Any, known: Iterable[str]) -> str:
    match = difflib.get_close_matches(str(word), list(known), 1)
    return f"; did you mean {match[0]!r}?" if match else ""


def _problems(name: str, model: Model, config: Config, roots: list[Path]) -> Iterable[str]:
    """Yield what is wrong with the things that a model names, one line each."""
    key = f"config: models.{name}"
    if model.framework not in frameworks.known():
        known = ", ".join(frameworks.known())
        near = _near(model.framework, frameworks.known())
        yield f"{key}.framework: {model.framework!r} is none of {known}{near}"
        return
    try:
        environments.find(model.environment, roots)
    except Refused as refused:
        yield f"{key}.environment: {refused}"
    if model.backend == "container" and model.device == "cuda":
        yield f"{key}.backend: containers train on the CPU only; use backend: pip or conda, or device: cpu"
    try:
        path = recipe_file(model, roots)
        _refuse_shadow(path, roots[0])
        if model.target:
            _check_recipe(model, path)
    except Refused as refused:
        yield f"{key}.recipe: {refused}"
    if model.data.startswith("sklearn:") or model.data in config.data:
        try:
            source = config.data_source(model.data)
            fetch.check(source.source())
            for local in source.local_paths():
                if not Path(local).exists():
                    raise Refused(f"{local!r} does not exist; give it relative to the working directory")
        except Refused as refused:
            yield f"{key}.data: {refused}"
    else:
        near = _near(model.data, config.data)
        yield f"{key}.data: {model.data!r} is not in the section data{near}; add it, or use sklearn:<name>"
    try:
        checked = options.of(model.framework).model_validate(model.options)
        yield from (f"{key}.options.{problem}" for problem in checked.problems(model.params))
    except ValidationError as error:
        yield from (
            _explain({**item, "loc": ("models", name, "options", *item["loc"])}) for item in error.errors()
        )
    for param, value in model.params.items():
        if isinstance(value, str) and _is_number(value):
            yield f"{key}.params.{param}: {value!r} is text to YAML; write {float(value)!r}"


def _environment_problems(config: Config, roots: list[Path]) -> list[str]:
    """Say what is wrong with locks and backends, once for each environment."""
    first: dict[tuple[str, str], str] = {}
    for name, model in config.models.items():
        first.setdefault((model.environment, model.backend), name)
    problems = []
    for (environment, backend), name in first.items():
        try:
            environments.backends.load(backend).check(environments.find(environment, roots))
        except Refused as refused:
            problems.append(f"config: models.{name}.environment: {refused}")
    return problems


def _check_recipe(model: Model, path: Path) -> None:
    """Check, without running it, that a file has the recipe's class or function, which takes the params."""
    wanted = model.target
    try:
        module = ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:
        raise Refused(f"{path} is not Python: {error}") from None
    found = {node.name: node for node in module.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    if wanted not in found:
        raise Refused(
            f"{path} has no class or function {wanted!r}{_near(wanted, found)}; write path/to/recipe.py:Class"
        )
    node = found[wanted]
    own = 1 if isinstance(node, ast.ClassDef) else 0  # self
    functions = (
        [f for f in node.body if isinstance(f, ast.FunctionDef) and f.name == "__init__"] if own else [node]
    )
    for function in functions:
        if isinstance(function, ast.FunctionDef) and not function.args.kwarg:
            taken = [a.arg for a in (*function.args.args[own:], *function.args.kwonlyargs)]
            for param in model.params.keys() - set(taken):
                raise Refused(
                    f"{wanted} takes no {param!r}{_near(param, taken)}; its params are {', '.join(taken)}"
                )


def _refuse_shadow(path: Path, working: Path) -> None:
    """Refuse a recipe that would be imported in place of a module, as ``rich.py`` in place of Rich.

    Snakemake starts its jobs by ``python -m``, which looks in the working directory first.
    """
    name, folder = path.stem, working.resolve()
    if path.suffix != ".py" or path.resolve().parent != folder:
        return
    spec = PathFinder.find_spec(name, [entry for entry in sys.path if Path(entry).resolve() != folder])
    if name in sys.stdlib_module_names or (spec is not None and spec.origin is not None):
        raise Refused(
            f"{path.name} in the working directory would be imported in place of the module {name}; "
            "rename it, or move it into a folder such as recipes/"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class _UniqueKeys(yaml.CSafeLoader):  # libyaml's: ten times as fast on thousands of models
    """Refuses a key that is given twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if key in seen:
                raise Refused(
                    f"config: {key!r} is given twice in {node.start_mark.name}, "
                    f"lines {seen[key]} and {line}; rename or remove one"
                )
            seen[key] = line
        return super().construct_mapping(node, deep)


def _refuse_duplicates(file: Path) -> None:
    with file.open(encoding="utf-8") as stream:
        try:
            yaml.load(stream, _UniqueKeys)  # noqa: S506  a SafeLoader
        except yaml.YAMLError as error:
            raise Refused(f"config: {file} is not YAML: {' '.join(str(error).split())}") from None
