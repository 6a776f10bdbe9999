"""Batches by number: each depends on the seed, its number and the rank, not on who loads it."""

import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, default_collate

from samebits.frameworks.pytorch import generators
from samebits.frameworks.pytorch.torch_tensors import mapped, tensor, view
from samebits.sealed.digest import Tensor
from samebits.sealed.errors import Lost, Refused
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive, permutation
from samebits.sealed.spec import Spec


@dataclass(frozen=True, eq=False)
class Source:
    """A data set and how it is cut into batches, which is what a DataLoader says."""

    dataset: Any
    batch_size: int
    collate: Callable[[list[Any]], Any] = default_collate
    shuffle: bool = True
    drop_last: bool = False

    def load(self, rows: NDArray[np.int64]) -> Any:
        """Collate the samples at these places."""
        if self._whole is not None:
            dataset, base = self._whole
            index = torch.from_numpy(rows if base is None else base[rows])
            return [values[index] for values in dataset.tensors]
        if fetch := getattr(self.dataset, "__getitems__", None):  # PyTorch's own protocol for many at once
            return self.collate(fetch(rows.tolist()))
        return self.collate([self.dataset[row] for row in rows.tolist()])

    @property
    def random(self) -> bool:
        """Whether loading may draw random numbers, as augmentation does; tensors that are cut do not."""
        return self._whole is None

    @cached_property
    def _whole(self) -> tuple[Any, NDArray[np.int64] | None] | None:
        return _tensors(self.dataset) if self.collate is default_collate else None


def _tensors(dataset: Any) -> tuple[Any, NDArray[np.int64] | None] | None:
    """Return the TensorDataset that a data set is, or is a part of, and which rows of it; else None.

    Cutting a batch as a whole gives the same bits as collating it sample by sample, in a tenth of the time.
    """
    if type(dataset) is TensorDataset:
        return dataset, None
    if type(dataset) is Subset and (inner := _tensors(dataset.dataset)) is not None:
        rows = np.asarray(dataset.indices, np.int64)
        return inner[0], rows if inner[1] is None else inner[1][rows]
    return None


class Place(NamedTuple):
    """Where a step stands: its epoch, its first batch in it, and how many batches it takes."""

    epoch: int
    first: int
    batches: int


class Failure(NamedTuple):
    """What went wrong in a process that loads batches."""

    text: str


class Batches(Dataset[Any]):  # type: ignore[misc]
    """The training batches of one rank by number, from 1, without an end.

    Every epoch's samples are dealt to the ranks in turn, as PyTorch's DistributedSampler deals them: when
    they do not come out even, the first samples of the epoch are taken twice.

    Args:
        spec: what is trained.
        seed: the root of all randomness.
        source: data set and batch size, of each rank.
        recipe: names the line where loading fails.
        accumulate: batches of an optimizer step.
        rank: whose batches.
    """

    def __init__(self, spec: Spec, seed: int, source: Source, recipe: Recipe, accumulate: int, rank: int):
        self._spec, self._seed, self._source, self._recipe = spec, seed, source, recipe
        self._accumulate = accumulate
        self._rank = rank
        self.places = (rank,) if spec.processes > 1 else ()
        self._share = -(-len(source.dataset) // spec.processes)
        size = source.batch_size
        self.per_epoch = self._share // size if source.drop_last else -(-self._share // size)
        if not self.per_epoch:
            raise Refused(
                f"model {spec.model}: {len(source.dataset)} samples make no batch of {size}; lower batch_size"
            )
        self.steps_per_epoch = -(-self.per_epoch // accumulate)
        self._cut = lru_cache(maxsize=1)(_cut)  # the batches of an epoch share it

    def place(self, step: int) -> Place:
        """Return where ``step`` stands; an epoch's last step may take fewer batches."""
        epoch, index = divmod(step - 1, self.steps_per_epoch)
        first = index * self._accumulate
        return Place(epoch, first, min(self._accumulate, self.per_epoch - first))

    def number(self, place: Place) -> int:
        """Return the number of a place's first batch."""
        return place.epoch * self.per_epoch + place.first + 1

    def __getitem__(self, number: int) -> Any:
        """Load a batch, on one thread and from generators seeded for it alone."""
        epoch, index = divmod(number - 1, self.per_epoch)
        order = self._cut(self._seed, self._source, epoch, self._rank, self._spec.processes)
        size = self._source.batch_size
        rows = order[index * size : (index + 1) * size]
        if not self._source.random:
            return self._source.load(rows)
        generators.seed(derive(self._seed, "batch", number, *self.places))
        if self._spec.threads == 1:
            return self._source.load(rows)
        torch.set_num_threads(1)  # as in a process of its own: bits depend on the number of threads
        try:
            return self._source.load(rows)
        finally:
            torch.set_num_threads(self._spec.threads)

    def stream(self, first: int, last: int, workers: int) -> Iterator[Any]:
        """Yield the batches from ``first`` to ``last``, loaded ahead by processes if there are ``workers``.

        Raises:
            Refused: the recipe fails in such a process.
            Lost: such a process was killed.
        """
        numbers = range(first, last + 1)
        if not workers:
            yield from (self[number] for number in numbers)
            return
        loader: DataLoader[Any] = DataLoader(
            _Sent(self),
            batch_size=None,
            sampler=numbers,
            num_workers=workers,
            collate_fn=_same,
            multiprocessing_context=multiprocessing.get_context("fork"),  # the recipe is no importable module
        )
        batches = iter(loader)
        for _ in numbers:
            try:
                batch = next(batches)
            except RuntimeError as error:  # what the recipe raises comes as a Failure
                raise Lost(f"model {self._spec.model}: {str(error).splitlines()[0]}") from None
            if isinstance(batch, Failure):
                raise Refused(batch.text)
            yield mapped(batch, Tensor, tensor)

    def failure(self, error: Exception) -> Failure:
        """Say where in the recipe loading failed."""
        place = self._recipe.place(error) or type(self._source.dataset).__name__
        message = f"{type(error).__name__}: {error}"
        return Failure(f"model {self._spec.model}: the recipe fails at {place}: {message}")


class _Sent(Dataset[Any]):  # type: ignore[misc]
    """Batches as they pass from a loading process: as bytes through a pipe.

    PyTorch's own way, shared memory, passes file descriptors through sockets below TMPDIR, whose paths may
    have 107 characters; a run's folder is often longer.
    """

    def __init__(self, batches: Batches):
        self._batches = batches

    def __getitem__(self, number: int) -> Any:
        try:
            return mapped(self._batches[number], torch.Tensor, view)
        except Exception as error:
            return self._batches.failure(error)


def _same(batch: Any) -> Any:
    return batch


def _cut(seed: int, source: Source, epoch: int, rank: int, world: int) -> NDArray[np.int64]:
    """Return the places of an epoch's samples of one rank, in their order."""
    length = len(source.dataset)
    order = permutation(seed, length, epoch) if source.shuffle else np.arange(length)
    if world > 1:
        order = np.resize(order, -(-length // world) * world)[rank::world]  # repeats from the beginning
    return order
