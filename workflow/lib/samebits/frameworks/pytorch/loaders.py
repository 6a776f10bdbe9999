"""Where a recipe's data comes from: ``datasets``, a LightningDataModule, or the module's own loaders."""

import inspect
from collections.abc import Iterable
from typing import Any, NamedTuple

from torch.utils.data import (
    BatchSampler,
    DataLoader,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    default_collate,
)

from samebits.frameworks.pytorch.batches import Source
from samebits.frameworks.pytorch.hooks import Hooks, overrides
from samebits.sealed.data import Data
from samebits.sealed.errors import Refused
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

_FORMS = (
    'datasets(data) -> {"train": Dataset, "test": Dataset}, or train_dataloader and test_dataloader on the '
    "module or on a LightningDataModule beside it"
)


class Sources(NamedTuple):
    """What is trained on, what is predicted, and the LightningDataModule they come from, if any."""

    train: Source
    test: Source
    datamodule: Any


def find(spec: Spec, recipe: Recipe, data: Data) -> Sources:
    """Call the recipe for its data.

    Raises:
        Refused: there is none, or a loader asks for what samebits does not do.
    """
    if datasets := recipe.find("datasets"):
        by_name = datasets(data)
        if not (isinstance(by_name, dict) and {"train", "test"} <= by_name.keys()):
            raise Refused(f"model {spec.model}: datasets must return a dict with train and test")
        size = _batch_size(spec, recipe, data, by_name.values())
        train, test = (_source(spec, name, by_name[name], size) for name in ("train", "test"))
        return Sources(train, test, None)
    modules = recipe.derived("LightningDataModule")
    if len(modules) > 1:
        raise Refused(
            f"model {spec.model}: {recipe.path.name} has {len(modules)} LightningDataModules; keep one"
        )
    host = build(modules[0] if modules else recipe.target, spec, data)
    if not overrides(host, "train_dataloader"):
        raise Refused(f"model {spec.model}: the recipe {recipe.path.name} lacks {_FORMS}; add it")
    hooks = Hooks(host)
    hooks("prepare_data")
    hooks("setup", "fit")
    train = _source(spec, "train_dataloader", host.train_dataloader(), 0)
    evaluation = "test" if overrides(host, "test_dataloader") else "val"
    if not overrides(host, f"{evaluation}_dataloader"):
        raise Refused(f"model {spec.model}: the recipe {recipe.path.name} lacks test_dataloader; add it")
    hooks("setup", "test" if evaluation == "test" else "validate")
    test = _source(spec, f"{evaluation}_dataloader", getattr(host, f"{evaluation}_dataloader")(), 0)
    return Sources(train, test, host if modules else None)


def build(kind: Any, spec: Spec, data: Data) -> Any:
    """Make an object of the recipe from the params that it takes; its argument ``data`` gets the data."""
    parameters = inspect.signature(kind).parameters
    params = dict(spec.params)
    if kind.__name__ != spec.recipe.partition(":")[2]:
        params = {name: value for name, value in params.items() if name in parameters}
    if "data" in parameters and "data" not in params:
        params["data"] = data
    return kind(**params)


def _batch_size(spec: Spec, recipe: Recipe, data: Data, datasets: Iterable[Any]) -> int:
    if all(isinstance(value, DataLoader) for value in datasets):
        return 0
    module = build(recipe.target, spec, data)
    size = getattr(module, "batch_size", None) or getattr(
        getattr(module, "hparams", None), "batch_size", None
    )
    if not isinstance(size, int):
        raise Refused(
            f"model {spec.model}: the recipe {recipe.path.name} lacks batch_size; set self.batch_size"
        )
    return size


def _source(spec: Spec, name: str, value: Any, size: int) -> Source:
    """Read a loader, or a data set with the module's batch size."""

    def refuse(what: str) -> Refused:
        return Refused(f"model {spec.model}: {name} of the recipe {what}")

    if not isinstance(value, DataLoader):
        if isinstance(value, IterableDataset) or not hasattr(value, "__len__"):
            raise refuse("must return data with a length and samples by index")
        return Source(value, size)
    loader, sampler = value, value.sampler
    if isinstance(loader.dataset, IterableDataset):
        raise refuse("gives an IterableDataset, whose samples have no index; give a Dataset")
    if type(loader.batch_sampler) is not BatchSampler or type(sampler) not in (
        RandomSampler,
        SequentialSampler,
    ):
        raise refuse("has a sampler of its own, and samebits draws the order; use shuffle=True or False")
    if isinstance(sampler, RandomSampler) and (
        sampler.replacement or sampler.num_samples != len(loader.dataset)
    ):
        raise refuse("draws samples with replacement or only some of them; use shuffle=True")
    if loader.generator is not None:
        raise refuse("has a generator, and samebits derives the order from the seed; take generator= away")
    if loader.worker_init_fn is not None:
        raise refuse("has a worker_init_fn, and samebits seeds every batch; take worker_init_fn= away")
    collate = loader.collate_fn or default_collate
    shuffled = isinstance(sampler, RandomSampler)
    return Source(loader.dataset, loader.batch_size or 1, collate, shuffled, loader.drop_last)
