"""A config is checked whole, with everything that it names, before any job starts."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from samebits import environments
from samebits.config import yaml_files
from samebits.config.defaults import inherited
from samebits.config.named import data_problems, model_problems
from samebits.config.refusals import explain
from samebits.config.whole import Config
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
        locks: check the environments' locks, too; off for a command that is about to renew them.
        produced: local files of data sets need not be there, since other rules may make them.

    Raises:
        Refused: one line an error, each naming the key and the mend.
    """
    for file in files:
        yaml_files.read(Path(file))
    try:
        config = Config.model_validate(inherited(values))
    except ValidationError as error:
        raise Refused("\n".join(sorted({explain(item, Config) for item in error.errors()}))) from None
    roots = list(roots)
    problems = [*_problems(config, roots, produced)]
    if locks and not problems:
        problems = _environment_problems(config, roots)
    if problems:
        raise Refused("\n".join(problems))
    return config


def _problems(config: Config, roots: list[Path], produced: bool) -> Iterator[str]:
    """Yield what is wrong with what a well-formed config names."""
    for name, model in config.models.items():
        yield from model_problems(name, model, config, roots, produced)
    used = {model.data for model in config.models.values()}
    for name in sorted(config.data.keys() - used):
        yield from (f"config: data.{name}: {problem}" for problem in data_problems(name, config, produced))
    if config.defaults.package.name is not None and len(config.models) > 1:
        yield "config: defaults.package.name: two packages cannot have one name; move it to a model"
    if config.tracking is not None and config.tracking.enabled and not store.installed():
        yield f"config: tracking: {store.INSTALL}, or set enabled: false"


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
