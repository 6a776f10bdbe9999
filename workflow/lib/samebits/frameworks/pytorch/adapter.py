"""PyTorch as the engine sees it: the state of one rank or of several, step by step."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from samebits.frameworks.pytorch import (
    evaluation,
    generators,
    gradients,
    loaders,
    operators,
    switches,
    torch_tensors,
)
from samebits.frameworks.pytorch.batches import Batches
from samebits.frameworks.pytorch.leader import Leader
from samebits.frameworks.pytorch.ranks import Here, Ranks, pack, unpack
from samebits.frameworks.pytorch.replica import Replica, Report
from samebits.sealed import adapter, checkpoint, nested
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, rows, state_digest, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec


@dataclass
class State:
    """The replicas that this process plays, and the step at which they stand."""

    replicas: list[Replica]
    step: int


class Adapter(adapter.Adapter):
    """Trains a module step by step, every step from generators seeded for it alone.

    ``connect`` and ``rank`` are a further rank's; without them the process is rank 0, or plays all ranks.
    """

    def __init__(
        self,
        spec: Spec,
        seed: int,
        recipe: Recipe,
        data: Data,
        execution: Execution,
        connect: Callable[[], Ranks] | None = None,
        rank: int = 0,
    ):
        self._spec, self._seed, self._recipe, self._data = spec, seed, recipe, data
        self._workers = execution.loader_workers
        if spec.device == "cuda" and not torch.cuda.is_available():
            raise Refused(f"model {spec.model}: device is cuda, but PyTorch sees no GPU; set device: cpu")
        switches.throw(spec.tier, spec.threads, spec.device)
        generators.seed(derive(seed, "data"))
        self._sources = loaders.find(spec, recipe, data)
        self._metrics: dict[str, float] = {}
        self._ranks: Ranks = Here(1)
        if connect:
            self._ranks = connect()
        elif spec.processes > 1 and execution.virtual:
            self._ranks = Here(spec.processes)
        elif spec.processes > 1:
            self._ranks = Leader(spec, seed, recipe, data, execution)
        elsewhere = len(self._ranks.played) == 1 and spec.device == "cuda"
        self._device = torch.device(spec.device, rank) if elsewhere else torch.device(spec.device)

    def start(self) -> State:
        self._ranks.tell("start")
        return State([self._replica(rank) for rank in self._ranks.played], 0)

    def restore(self, tensors_: dict[str, Tensor], step: int) -> State:
        self._ranks.tell("restore", step)
        if self._spec.processes > 1:
            tensors_ = unpack(self._ranks.share(pack(tensors_)))
        state = State([self._replica(rank) for rank in self._ranks.played], step)
        for rank, replica in zip(self._ranks.played, state.replicas, strict=True):
            # anew for each: an optimizer takes over the very tensors that it is given
            values = nested.unflatten(tensors_, "state", torch_tensors.tensor)
            own = values["ranks"][rank - 1] if rank else {}
            replica.load({**values, "module": {**values["module"], **own}})
        return state

    def advance(self, state: State, step: int) -> Advance:
        self._ranks.tell("advance", step)
        end = next(b for b in self._spec.boundaries if b >= step)
        reports, grads = [], []
        for replica in state.replicas:
            reports.append(self._compute(replica, step, end))
            if self._spec.processes > 1:
                grads.append(gradients.take(replica.parameters))
        report = reports[0]
        if self._spec.processes > 1:
            report = self._exchange(state, reports, grads)
        for replica in state.replicas:
            if self._spec.processes > 1:  # what is drawn now must be the same on every rank
                generators.seed(derive(self._seed, "update", step))
            replica.update(step)
        state.step = step
        return Advance(*report)

    def tensors(self, state: State) -> dict[str, Tensor]:
        self._ranks.tell("tensors")
        if changed := switches.changed(self._spec.tier, self._spec.threads):
            raise Refused(f"model {self._spec.model}: the recipe {changed}")
        values = state.replicas[0].values(state.step)
        if self._spec.processes > 1:
            values["ranks"] = self._buffers(state)
        return self._flat(values)

    def export(self, state: State, folder: Path) -> None:
        module = state.replicas[0].module
        values = {name: torch_tensors.view(value) for name, value in module.state_dict().items()}
        checkpoint.save(folder / "model.safetensors", values)

    def predict(self, state: State) -> NDArray[Any]:
        replica, source = state.replicas[0], self._sources.test
        if not self._recipe.find("metrics"):
            self._metrics = evaluation.logged(replica, source, self._seed)
        return evaluation.predict(replica, source, self._seed)

    def inputs(self, state: State) -> Inputs:
        return evaluation.inputs(state.replicas[0], self._sources.test)

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        if metrics := self._recipe.find("metrics"):
            values = metrics(torch.from_numpy(predictions), self._sources.test.dataset)
            return {name: float(value) for name, value in values.items()}
        return self._metrics

    def fingerprint(self) -> dict[str, Any]:
        build = {"torch": torch.__config__.show().strip(), "cpu": torch.backends.cpu.get_cpu_capability()}
        if self._device.type == "cuda":
            properties = torch.cuda.get_device_properties(self._device)
            build["gpu"] = properties.name
            build["cuda"], build["cudnn"] = str(torch.version.cuda), str(torch.backends.cudnn.version())
        return build

    def close(self) -> None:
        self._ranks.close()

    def _compute(self, replica: Replica, step: int, end: int) -> Report:
        try:
            return replica.compute(step, end, self._workers)
        except RuntimeError as error:
            refused = operators.refused(error, self._spec, self._recipe, lambda: replica.repeat(step))
            if refused is None:
                raise
            raise refused from None

    def _replica(self, rank: int) -> Replica:
        generators.seed(derive(self._seed, "start"))
        accumulate = self._spec.options["accumulate_grad_batches"]
        batches = Batches(self._spec, self._seed, self._sources.train, self._recipe, accumulate, rank)
        replica = Replica(
            self._spec,
            self._seed,
            batches,
            self._device,
            self._recipe.target,
            self._data,
            self._sources.datamodule,
            rank,
        )
        if not (self._recipe.find("metrics") or evaluation.measured_by(replica)):
            self._recipe.require("metrics", "metrics(predictions, test) -> {name: value}, or a test_step")
        return replica

    def _exchange(self, state: State, reports: list[Report], grads: list[gradients.Gradients]) -> Report:
        """Give every replica the mean of all ranks' gradients; return the mean loss and all ranks' inputs."""
        gathered = self._ranks.gather(
            [
                json.dumps([report.loss.hex(), report.inputs, g.present]).encode()
                for report, g in zip(reports, grads, strict=True)
            ]
        )
        losses, inputs, present = zip(*map(json.loads, gathered), strict=True)
        wanted = [any(column) for column in zip(*present, strict=True)]
        means = gradients.mean(self._ranks, grads)
        for replica in state.replicas:
            gradients.put(replica.parameters, means, wanted)
        names = [tensor(np.frombuffer(name.encode(), np.uint8)) for name in inputs]
        digest = inputs_digest({f"rank.{rank}": name for rank, name in enumerate(names)})
        return Report(sum(float.fromhex(loss) for loss in losses) / len(losses), digest)

    def _buffers(self, state: State) -> list[dict[str, torch.Tensor]]:
        """Return the buffers of all ranks but the first, and make sure that they agree in the rest.

        Raises:
            Refused: weights or optimizers of two ranks differ.
        """
        parts, digests = [], []
        for replica in state.replicas:
            own = replica.buffers()
            values = replica.values(state.step)
            values["module"] = {k: v for k, v in values["module"].items() if k not in own}
            digests.append(state_digest(rows(self._flat({**values, "extra": {}}))).encode())
            parts.append(pack({name: torch_tensors.view(value) for name, value in own.items()}))
        digests = self._ranks.gather(digests)
        for rank, digest in enumerate(digests):
            if digest != digests[0]:
                raise Refused(
                    f"model {self._spec.model}: at step {state.step} the weights or optimizer of rank {rank} "
                    "differ from those of rank 0; the recipe must change them by gradients only"
                )
        parts_of_others = [unpack(part) for part in self._ranks.gather(parts)[1:]]
        return [
            {name: torch_tensors.tensor(value) for name, value in part.items()} for part in parts_of_others
        ]

    def _flat(self, values: dict[str, Any]) -> dict[str, Tensor]:
        try:
            return nested.flatten(values, "state", torch_tensors.leaf)
        except TypeError as error:
            raise Refused(
                f"model {self._spec.model}: {error}; keep tensors, numbers, strings and nests of them"
            ) from None
