"""PyTorch: a recipe is an nn.Module in the shape of a LightningModule, without needing Lightning.

It has ``batch_size``, ``training_step(batch, index) -> loss``, ``configure_optimizers()``, and two static
methods: ``datasets(data) -> {"train": Dataset, "test": Dataset}`` and
``metrics(predictions, test) -> {name: value}``. Predictions come from ``predict_step(batch, index)`` if it
has one, else from ``forward`` on the batch's first element. Schedulers, if any, step once a step.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, default_collate

from samebits import checkpoint, frameworks, tree
from samebits.data import Data
from samebits.digest import DTYPES, SAFETENSORS_NAMES, Tensor
from samebits.errors import Refused
from samebits.execution import Execution
from samebits.frameworks import Advance, inputs_digest
from samebits.recipe import Recipe
from samebits.seeds import derive, permutation
from samebits.spec import Spec
from samebits.tiers import at_least

_DATASETS = 'datasets(data) -> {"train": Dataset, "test": Dataset}'


@dataclass
class State:
    """A module with what its next step depends on."""

    module: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedulers: list[Any]


class Adapter(frameworks.Adapter):
    """Trains a module step by step, every step from generators seeded for it alone."""

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        self._spec = spec
        self._seed = seed
        self._recipe = recipe
        self._device = torch.device(spec.device)
        _throw_switches(spec)
        datasets = recipe.require("datasets", _DATASETS)(data)
        self._train, self._test = datasets["train"], datasets["test"]
        self._metrics = recipe.require("metrics", "metrics(predictions, test) -> {name: value}")

    def start(self) -> State:
        _seed_generators(derive(self._seed, "start"))
        return self._build()

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        state = self._build()
        values = tree.unflatten(tensors, "state", _from_tensor)
        state.module.load_state_dict(values["module"])
        state.optimizer.load_state_dict(values["optimizer"])
        for scheduler, saved in zip(state.schedulers, values["schedulers"], strict=True):
            scheduler.load_state_dict(saved)
        return state

    def advance(self, state: State, step: int) -> Advance:
        _seed_generators(derive(self._seed, "step", step))
        index, batch = self._batch(state, step)
        inputs = inputs_digest(dict(_batch_tensors(batch, "batch")))
        state.optimizer.zero_grad()
        loss = state.module.training_step(_to(batch, self._device), index)
        loss.backward()
        state.optimizer.step()
        for scheduler in state.schedulers:
            scheduler.step()
        return Advance(loss.item(), inputs)

    def tensors(self, state: State) -> dict[str, Tensor]:
        if torch.get_num_threads() != self._spec.threads:
            raise Refused(
                f"model {self._spec.model}: the recipe changed PyTorch's threads to "
                f"{torch.get_num_threads()}; set threads in the config instead"
            )
        values = {
            "module": dict(state.module.state_dict()),
            "optimizer": state.optimizer.state_dict(),
            "schedulers": [scheduler.state_dict() for scheduler in state.schedulers],
        }
        return tree.flatten(values, "state", _to_tensor)

    def export(self, state: State, folder: Path) -> None:
        tensors = {name: _view(value) for name, value in state.module.state_dict().items()}
        checkpoint.save(folder / "model.safetensors", tensors)

    def predict(self, state: State) -> NDArray[Any]:
        module = state.module.eval()
        step = getattr(module, "predict_step", None) or (lambda batch, index: module(batch[0]))
        size, outputs = module.batch_size, []
        with torch.no_grad():
            for index, first in enumerate(range(0, len(self._test), size)):
                rows = range(first, min(first + size, len(self._test)))
                outputs.append(step(_to(_collate(self._test, rows), self._device), index).cpu())
        module.train()
        predictions: NDArray[Any] = torch.cat(outputs).numpy()
        return predictions

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._metrics(torch.from_numpy(predictions), self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        found = {"torch": torch.__config__.show().strip(), "cpu": torch.backends.cpu.get_cpu_capability()}
        if self._device.type == "cuda":
            properties = torch.cuda.get_device_properties(self._device)
            found["gpu"] = properties.name
            found["cuda"], found["cudnn"] = str(torch.version.cuda), str(torch.backends.cudnn.version())
        return found

    def _build(self) -> State:
        module = self._recipe.target(**self._spec.params).to(self._device).train()
        optimizer, schedulers = _optimizers(module.configure_optimizers())
        return State(module, optimizer, schedulers)

    def _batch(self, state: State, step: int) -> tuple[int, Any]:
        """Return the batch of ``step``, and its index in the epoch; the last batch may be shorter."""
        size, length = state.module.batch_size, len(self._train)
        epoch, index = divmod(step - 1, -(-length // size))
        order = _order(self._seed, length, epoch)
        return index, _collate(self._train, order[index * size : (index + 1) * size].tolist())


_order = lru_cache(maxsize=1)(permutation)  # the steps of an epoch share it


def _throw_switches(spec: Spec) -> None:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise Refused(f"model {spec.model}: device is cuda, but PyTorch sees no GPU; set device: cpu")
    torch.set_num_threads(spec.threads)
    torch.set_num_interop_threads(1)
    deterministic = at_least(spec.tier, "deterministic")
    # never warn_only: attention backends then vary silently
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.deterministic = deterministic
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def _seed_generators(seed: int) -> None:
    """Seed every generator a recipe may draw from.

    The generators themselves: ``torch.manual_seed`` costs 85 us a call, this 1 us.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


def _optimizers(configured: Any) -> tuple[torch.optim.Optimizer, list[Any]]:
    """Read what ``configure_optimizers`` returned, in the forms that Lightning knows for one optimizer."""
    schedulers: Any = []
    if isinstance(configured, dict):
        configured, schedulers = configured["optimizer"], configured.get("lr_scheduler", [])
    elif isinstance(configured, list | tuple):
        ((configured,), schedulers) = configured if isinstance(configured[0], list) else (configured, [])
    schedulers = schedulers if isinstance(schedulers, list) else [schedulers]
    return configured, [s["scheduler"] if isinstance(s, dict) else s for s in schedulers]


def _collate(dataset: Dataset[Any], indices: Any) -> Any:
    return default_collate([dataset[index] for index in indices])


def _to(batch: Any, device: torch.device) -> Any:
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: _to(value, device) for key, value in batch.items()}
    if isinstance(batch, list | tuple):
        return [_to(value, device) for value in batch]
    return batch


def _batch_tensors(batch: Any, path: str) -> Iterator[tuple[str, Tensor]]:
    if isinstance(batch, torch.Tensor):
        yield path, _view(batch)
    elif isinstance(batch, dict | list | tuple):
        for key, value in batch.items() if isinstance(batch, dict) else enumerate(batch):
            yield from _batch_tensors(value, f"{path}.{key}")


def _to_tensor(value: Any) -> Tensor | None:
    return _view(value) if isinstance(value, torch.Tensor) else None


def _view(value: torch.Tensor) -> Tensor:
    """View a tensor's bytes; copies only from a GPU or out of another memory layout."""
    flat = value.detach().cpu().contiguous().reshape(-1)
    dtype = SAFETENSORS_NAMES[str(value.dtype).removeprefix("torch.")]
    return Tensor(dtype, tuple(value.shape), flat.view(torch.uint8).numpy())


def _from_tensor(value: Tensor) -> torch.Tensor:
    raw = torch.from_numpy(value.raw.copy())
    return raw.view(getattr(torch, DTYPES[value.dtype])).reshape(value.shape)
