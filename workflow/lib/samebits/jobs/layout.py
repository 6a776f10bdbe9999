"""Where everything stands: the paths that the workflow's rules read and write.

What is kept in the cache is named by what it was made from, so a changed lock, source or library is another
path and Snakemake rebuilds what depends on it, without relying on times.
"""

import json
import os
import sys
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path

from samebits import environments
from samebits.config import Config, Model, recipe_file
from samebits.environments.backends import DEFAULT, IMAGES
from samebits.sealed import library
from samebits.sealed.digest import bytes_digest
from samebits.sealed.errors import Refused
from samebits.tracking.destination import Tracking

_SHORT = 12  # hex digits of a digest in a path


class Layout:
    """The paths of one config.

    Args:
        config: a checked config.
        roots: folders in which recipes and environments are looked up, in order.
    """

    def __init__(self, config: Config, roots: list[Path]):
        self.config = config
        self.roots = roots
        self.results = config.results
        self.cache = config.cache

    @property
    def models(self) -> dict[str, Model]:
        """The models by name."""
        return self.config.models

    def runs(self, model: str) -> list[str]:
        """Return the folders of a model's runs; one is enough where its segments are replayed."""
        count = 1 if self.replays(model) else self.models[model].runs
        return [f"{self.results}/{model}/run-{i}" for i in range(1, count + 1)]

    def replays(self, model: str) -> bool:
        """Tell whether a model is verified by replaying segments of its one run."""
        return self.models[model].verify.mode == "replay"

    def model_settings(self, model: str) -> str:
        """Return as JSON what of a model's section its spec depends on."""
        return self.models[model].identity

    def execution(self, model: str, virtual: bool = False) -> str:
        """Return as JSON how a model is trained where its result does not depend on it."""
        return replace(self.models[model].execution, virtual=virtual).json()

    def cores(self, model: str, virtual: bool = False) -> int:
        """Return how many cores a model's training keeps busy."""
        section = self.models[model]
        return section.threads if virtual else section.threads * section.processes

    def gpus(self, model: str, virtual: bool = False) -> int:
        """Return how many GPUs a model is trained on."""
        section = self.models[model]
        return (1 if virtual else section.processes) * (section.device == "cuda")

    def replay(self, model: str) -> str:
        """Return the folder of a model's replays."""
        return f"{self.results}/{model}/replay"

    @property
    def tracked(self) -> list[str]:
        """The files that say what was tracked and registered of each model; none if nothing is."""
        section = self.config.tracking
        if section is None or not section.enabled:
            return []
        names = ["tracked.json", *(["registered.json"] * section.register_models)]
        return [f"{self.results}/{model}/{name}" for model in self.models for name in names]

    @property
    def tracking(self) -> list[str]:
        """Options of the command that tracks: where, and under which names."""
        return (self.config.tracking or Tracking()).options

    def inputs(self, model: str) -> dict[str, str]:
        """Return what a model is trained from: recipe, library, and the manifests of data and environment."""
        section = self.models[model]
        return {
            "recipe": str(recipe_file(section, self.roots)),
            "data": f"{self.cache}/data/{self._key(section.data)}/data.json",
            "environment": self._environment(section.environment, section.backend),
            "library": self.library(model),
        }

    def image(self, model: str) -> str:
        """Return the manifest of a model's environment as a container, whatever it was trained in."""
        return self._environment(self.models[model].environment, IMAGES)

    @property
    def environments(self) -> list[str]:
        """The environments of all models, sorted."""
        return sorted({model.environment for model in self.models.values()})

    def locks(self, environment: str, backend: str = DEFAULT) -> list[str]:
        """Return the locks of an environment that a backend installs."""
        source = environments.find(environment, self.roots)
        return [str(path) for path in environments.backends.load(backend).locks(source)]

    def model_data(self, model: str) -> str:
        """Return where a model's data set comes from, as JSON."""
        return self.config.data_source(self.models[model].data).model_dump_json(exclude_none=True)

    def package(self, model: str) -> str:
        """Return as JSON what the config says of a model's package."""
        return self.models[model].package.model_dump_json()

    @property
    def publish(self) -> str:
        """Where packages are published to, as JSON.

        Raises:
            Refused: the config names no place.
        """
        if not self.config.publish.model_fields_set:
            raise Refused("config: publish is missing; name an index, a channel or a registry below it")
        return self.config.publish.model_dump_json()

    def data_name(self, key: str) -> str:
        """Return the name of the data set that lies in the folder ``key`` of the cache."""
        return self.data_keys[key]

    def data_source(self, key: str) -> str:
        """Return the source of a data set as JSON."""
        return self.config.data_source(self.data_name(key)).model_dump_json(exclude_none=True)

    def data_files(self, key: str) -> list[str]:
        """Return the user's own files of a data set, so that a change to them is noticed."""
        return self.config.data_source(self.data_name(key)).local_paths()

    def library(self, model: str) -> str:
        """Return the folder of the modules that run in a model's measured processes."""
        framework = self.models[model].framework
        return f"{self.cache}/library/{framework}-{_library(framework)}"

    @cached_property
    def data_keys(self) -> dict[str, str]:
        """The folders of data sets in the cache -> their names."""
        return {self._key(name): name for name in sorted({m.data for m in self.models.values()})}

    @cache  # noqa: B019  a layout lives as long as the process
    def _key(self, data: str) -> str:
        source = self.config.data_source(data)
        # a manifest refers to files of one working directory, and others may share the cache
        local = [str(Path(path).absolute()) for path in source.local_paths()]
        named = json.dumps([source.model_dump(), local] if local else source.model_dump())
        return f"{data.replace(':', '-')}-{_short(bytes_digest(named.encode()))}"

    @cache  # noqa: B019
    def _environment(self, name: str, backend: str) -> str:
        return f"{prefix(self.cache, environments.find(name, self.roots), backend)}/environment.json"


def prefix(cache: str, source: environments.Source, backend: str) -> Path:
    """Return where an environment is built: below the cache, named by its locks."""
    installer = environments.backends.load(backend)
    return Path(cache) / installer.folder / f"{source.name}-{_short(installer.lock_digest(source))}"


def _short(digest: str) -> str:
    return digest.rpartition(":")[2][:_SHORT]


@cache
def _library(framework: str) -> str:
    return _short(library.digest(framework))


def command_on_path() -> None:
    """Let the rules find the command ``samebits`` beside the interpreter, activated or not."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
