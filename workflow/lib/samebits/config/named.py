"""What a model names must be there and fit it: framework, environment, recipe, data, package, values."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from samebits import environments, frameworks
from samebits.config import options
from samebits.config.model import Model
from samebits.config.recipes import check_recipe, recipe_file, refuse_shadow
from samebits.config.refusals import explain, near
from samebits.config.whole import Config
from samebits.datasets import sources
from samebits.sealed.errors import Refused


def model_problems(
    name: str, model: Model, config: Config, roots: list[Path], produced: bool
) -> Iterator[str]:
    """Yield what is wrong with the things that a model names, one line each."""
    key = f"config: models.{name}"
    if model.framework not in frameworks.known():
        names = ", ".join(frameworks.known())
        hint = near(model.framework, frameworks.known())
        yield f"{key}.framework: {model.framework!r} is none of {names}{hint}"
        return
    yield from (f"{key}.{problem}" for problem in _environment(model, roots))
    yield from (f"{key}.recipe: {problem}" for problem in _recipe(model, roots))
    yield from (f"{key}.data: {problem}" for problem in _data(model, config, produced))
    if "package" in model.model_fields_set:  # a name that no package can have is no reason not to train
        try:
            model.package.check(name)
        except Refused as refused:
            yield f"{key}.package: {refused}"
    yield from _options(name, model)
    yield from (f"{key}.{problem}" for problem in _values(model))


def data_problems(name: str, config: Config, produced: bool) -> Iterator[str]:
    """Yield what is wrong with a data set's source."""
    try:
        source = config.data_source(name)
        sources.check(source)
        for local in source.local_paths():
            if not (produced or Path(local).exists()):
                raise Refused(f"{local!r} does not exist; give it relative to the working directory")
    except Refused as refused:
        yield str(refused)


def _environment(model: Model, roots: list[Path]) -> Iterator[str]:
    try:
        environments.find(model.environment, roots)
    except Refused as refused:
        yield f"environment: {refused}"
    backends = environments.backends
    if model.device == "cuda" and (why := backends.load(model.backend).no_gpu):
        others = [each for each in backends.NAMES if not backends.load(each).no_gpu]
        yield f"backend: {why}; use backend: {' or '.join(others)}, or device: cpu"


def _recipe(model: Model, roots: list[Path]) -> Iterator[str]:
    try:
        path = recipe_file(model, roots)
        refuse_shadow(path, roots[0])
        if model.target:
            check_recipe(model, path)
    except Refused as refused:
        yield str(refused)


def _data(model: Model, config: Config, produced: bool) -> Iterator[str]:
    if sources.shipped(model.data) or model.data in config.data:
        yield from data_problems(model.data, config, produced)
    else:
        hint = near(model.data, config.data)
        yield f"{model.data!r} is not in the section data{hint}; add it, or use sklearn:<name>"


def _options(name: str, model: Model) -> Iterator[str]:
    within = ("models", name, "options")
    try:
        unfit = options.problems(model.framework, model.options, model.params)
        yield from (f"config: {'.'.join(within)}.{problem}" for problem in unfit)
    except ValidationError as error:
        kind = options.of(model.framework)
        yield from (explain(item, kind, within) for item in error.errors())


def _values(model: Model) -> Iterator[str]:
    """Yield what of params and options is text by mistake, or is no finite number."""
    for param, value in model.params.items():
        if isinstance(value, str) and _is_number(value):
            yield f"params.{param}: {value!r} is text to YAML; write {float(value)!r}"
    for place, number in _endless({"params": model.params, "options": model.options}):
        yield f"{place}: {number} cannot be recorded; leave it out, and let the recipe set it by default"


def _endless(values: Any, place: str = "") -> Iterator[tuple[str, float]]:
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
