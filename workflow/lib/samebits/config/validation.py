"""A config is checked whole, with everything that it names, before any job starts."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from samebits import environments, frameworks
from samebits.config import files as config_files
from samebits.config import options
from samebits.config.recipes import check_recipe, recipe_file, refuse_shadow
from samebits.config.sections import Config, Defaults, Model
from samebits.config.words import explain, near
from samebits.datasets import sources
from samebits.packaging import metadata
from samebits.sealed.errors import Refused
from samebits.tracking import store


def load(
    values: Mapping[str, Any],
    files: Iterable[str | Path] = (),
    roots: Iterable[Path] = (),
    locks: bool = True,
    produced: bool = False,
) -> Config:
    """Check a config and everything that it names.

    Args:
        values: the config as Snakemake merged it.
        files: the YAML files it came from; read again to find keys that are given twice.
        roots: folders in which relative recipes, and environments below ``envs/``, are looked up, in order.
        locks: check the environments' locks, too; whoever is about to renew them does not.
        produced: local files of data sets need not be there, since other rules may make them.

    Raises:
        Refused: one line an error, each naming the key and the mend.
    """
    for file in files:
        config_files.read(Path(file))
    try:
        config = Config.model_validate(_with_defaults(values))
    except ValidationError as error:
        raise Refused("\n".join(sorted({explain(item) for item in error.errors()}))) from None
    roots = list(roots)
    problems = [
        p for name, model in config.models.items() for p in _problems(name, model, config, roots, produced)
    ]
    used = {model.data for model in config.models.values()}
    for name in sorted(config.data.keys() - used):
        problems += [f"config: data.{name}: {said}" for said in _source_problems(name, config, produced)]
    if config.defaults.package.name is not None and len(config.models) > 1:
        problems.append(
            "config: defaults.package.name: two packages cannot have one name; move it to a model"
        )
    if config.tracking is not None and config.tracking.enabled and not store.installed():
        problems.append(f"config: tracking: {store.INSTALL}, or set enabled: false")
    if locks and not problems:
        problems = _environment_problems(config, roots)
    if problems:
        raise Refused("\n".join(problems))
    return config


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
    merged = {name: _merged(shared, m) if isinstance(m, Mapping) else m for name, m in models.items()}
    return {**values, "models": merged}


def _merged(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Give a model what it does not say itself; of the sections within it, key by key."""
    found = {**shared, **own}
    for key in ("verify", "package"):
        common, given = shared.get(key), own.get(key, {})
        if isinstance(common, Mapping) and isinstance(given, Mapping):
            found[key] = {**common, **given}
    if isinstance(verify := found.get("verify"), Mapping):
        said = own.get("verify", {})
        drop = {"segments"} if "segments" in own and "segments" not in said else set()
        drop |= {"sample"} if verify.get("mode", "rerun") == "rerun" and "sample" not in said else set()
        found["verify"] = {key: value for key, value in verify.items() if key not in drop}
    return found


def _problems(name: str, model: Model, config: Config, roots: list[Path], produced: bool) -> Iterable[str]:
    """Yield what is wrong with the things that a model names, one line each."""
    key = f"config: models.{name}"
    if model.framework not in frameworks.known():
        known = ", ".join(frameworks.known())
        hint = near(model.framework, frameworks.known())
        yield f"{key}.framework: {model.framework!r} is none of {known}{hint}"
        return
    try:
        environments.find(model.environment, roots)
    except Refused as refused:
        yield f"{key}.environment: {refused}"
    if model.device == "cuda" and (why := environments.backends.load(model.backend).no_gpu):
        others = [each for each in environments.backends.NAMES if not environments.backends.load(each).no_gpu]
        yield f"{key}.backend: {why}; use backend: {' or '.join(others)}, or device: cpu"
    try:
        path = recipe_file(model, roots)
        refuse_shadow(path, roots[0])
        if model.target:
            check_recipe(model, path)
    except Refused as refused:
        yield f"{key}.recipe: {refused}"
    if model.data.startswith("sklearn:") or model.data in config.data:
        yield from (f"{key}.data: {said}" for said in _source_problems(model.data, config, produced))
    else:
        hint = near(model.data, config.data)
        yield f"{key}.data: {model.data!r} is not in the section data{hint}; add it, or use sklearn:<name>"
    if "package" in model.model_fields_set:  # a name that no package can have is no reason not to train
        try:
            metadata.check(model.package.names(name), model.package.description())
        except Refused as refused:
            yield f"{key}.package: {refused}"
    try:
        unfit = options.problems(model.framework, model.options, model.params)
        yield from (f"{key}.options.{problem}" for problem in unfit)
    except ValidationError as error:
        allowed = options.of(model.framework).model_fields
        yield from (
            explain({**item, "loc": ("models", name, "options", *item["loc"])}, allowed)
            for item in error.errors()
        )
    for param, value in model.params.items():
        if isinstance(value, str) and _is_number(value):
            yield f"{key}.params.{param}: {value!r} is text to YAML; write {float(value)!r}"
    for place, value in _endless({"params": model.params, "options": model.options}):
        yield f"{key}.{place}: {value} cannot be recorded; leave it out, and let the recipe set it by default"


def _source_problems(name: str, config: Config, produced: bool) -> Iterable[str]:
    """Yield what is wrong with a data set's source."""
    try:
        source = config.data_source(name)
        sources.check(source)
        for local in source.local_paths():
            if not (produced or Path(local).exists()):
                raise Refused(f"{local!r} does not exist; give it relative to the working directory")
    except Refused as refused:
        yield str(refused)


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


def _endless(values: Any, place: str = "") -> Iterable[tuple[str, float]]:
    """Yield the infinities and NaNs among nested values, which JSON has no words for, by their places."""
    match values:
        case float() if not math.isfinite(values):
            yield place, values
        case dict() | list():
            for key, value in values.items() if isinstance(values, dict) else enumerate(values):
                yield from _endless(value, f"{place}.{key}" if place else str(key))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
