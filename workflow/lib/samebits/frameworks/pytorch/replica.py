"""One rank's training: a module, its optimizer and hooks, and how a step is taken, in Lightning's order."""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

from samebits.frameworks.pytorch import (
    generators,
    hooks,
    loaders,
    optimizers,
    precision,
    switches,
    trainer,
)
from samebits.frameworks.pytorch.batches import Batches, Place
from samebits.frameworks.pytorch.torch_tensors import mapped, named
from samebits.sealed.adapter import inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor
from samebits.sealed.errors import Refused
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec


class Report(NamedTuple):
    """What a rank's part of a step gave: its loss, and the digest of what it was computed from."""

    loss: float
    inputs: str


class Replica:
    """A rank.

    Args:
        spec: what is trained.
        seed: the root of all randomness.
        batches: the rank's own.
        device: where it computes.
        target: the recipe's class.
        data: the data set, for a recipe that takes it.
        datamodule: the recipe's LightningDataModule, if it has one.
        rank: which rank.
    """

    def __init__(
        self,
        spec: Spec,
        seed: int,
        batches: Batches,
        device: torch.device,
        target: Any,
        data: Data,
        datamodule: Any,
        rank: int,
    ):
        self._spec, self._seed, self._batches, self._device = spec, seed, batches, device
        self._accumulate = spec.options["accumulate_grad_batches"]
        self._clipping = spec.options["gradient_clip_val"], spec.options["gradient_clip_algorithm"]
        self._stream: Iterator[Any] | None = None
        self._epoch = -1
        self.trainer = trainer.Trainer(spec, batches, rank, datamodule)
        self.precision = precision.plugin(spec.options["precision"], device.type)
        self.module = loaders.build(target, spec, data)
        hooks.check(spec.model, self.module, self._accumulate)
        self.hooks = hooks.Hooks(self.module)
        self.trainer.attach(self.module)
        self.hooks("setup", "fit")
        self.hooks("configure_model")
        switches.fit(spec.tier, self.module)
        self.module = self.precision.convert_module(self.module.to(device)).train()
        configured = self.module.configure_optimizers()
        self.optimizer, self.schedules = optimizers.read(spec.model, configured)
        self.trainer.attach(self.module, self.optimizer, [s.scheduler for s in self.schedules])
        self.parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        takes = inspect.signature(self.module.training_step).parameters
        self._takes_index = len(takes) > 1
        for name in ("backward", "optimizer_step"):
            if spec.options["precision"] == "16-mixed" and name in self.hooks:
                raise Refused(
                    f"model {spec.model}: the recipe has {name}, which would pass by the scaler of 16-mixed; "
                    "use another precision"
                )

    def load(self, values: dict[str, Any]) -> None:
        """Take over a state."""
        if extra := values["extra"]:
            self.hooks("on_load_checkpoint", extra)
        self.module.load_state_dict(values["module"])
        self.optimizer.load_state_dict(values["optimizer"])
        for schedule, saved in zip(self.schedules, values["schedulers"], strict=True):
            schedule.scheduler.load_state_dict(saved)
        self.precision.load_state_dict(values["precision"])

    def values(self, step: int) -> dict[str, Any]:
        """Return the state, which other ranks share but for their buffers."""
        extra: dict[str, Any] = {}
        if "on_save_checkpoint" in self.hooks:
            extra = {"epoch": self.trainer.current_epoch, "global_step": step}
            self.hooks("on_save_checkpoint", extra)
        return {
            "module": dict(self.module.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "schedulers": [schedule.scheduler.state_dict() for schedule in self.schedules],
            "precision": self.precision.state_dict(),
            "extra": extra,
        }

    def buffers(self) -> dict[str, torch.Tensor]:
        """Return what of the module's state is each rank's own."""
        names = {name for name, _ in self.module.named_buffers(remove_duplicate=False)}
        return {name: value for name, value in self.module.state_dict().items() if name in names}

    def compute(self, step: int, end: int, workers: int) -> Report:
        """Compute the gradients of a step on this rank's batches.

        Args:
            step: which step.
            end: the last step before the next checkpoint; batches are loaded ahead up to it.
            workers: processes that load them.
        """
        place = self._batches.place(step)
        if self._stream is None:
            last = self._batches.place(end)
            stop = self._batches.number(last) + last.batches - 1
            self._stream = self._batches.stream(self._batches.number(place), stop, workers)
            self._begin(step)
        batches = [next(self._stream) for _ in range(place.batches)]
        generators.seed(derive(self._seed, "step", step, *self._batches.places))
        return self._compute(step, place, batches)

    def repeat(self, step: int) -> None:
        """Compute a step's gradients once more, to find out where it fails."""
        place = self._batches.place(step)
        first = self._batches.number(place)
        self._compute(step, place, [self._batches[first + index] for index in range(place.batches)])

    def _begin(self, step: int) -> None:
        """Begin a segment, as Lightning goes on from a checkpoint."""
        if "on_fit_start" in self.hooks or "on_train_start" in self.hooks:
            generators.seed(derive(self._seed, "segment", step - 1))
            self.trainer.global_step = step - 1
            self.trainer.current_epoch = self._batches.place(step).epoch
            self.hooks("on_fit_start")
            self.hooks("on_train_start")

    def _compute(self, step: int, place: Place, batches: list[Any]) -> Report:
        at = self.trainer
        at.global_step, at.current_epoch = step - 1, place.epoch
        if place.epoch != self._epoch:
            self._epoch = place.epoch
            trainer.reset_metrics(self.module)
            self.hooks("on_train_epoch_start")
        inputs: dict[str, Tensor] = {}
        losses: list[torch.Tensor] = []
        for index, batch in enumerate(batches, place.first):
            inputs |= named(batch, "batch" if len(batches) == 1 else f"batch.{index}")
            batch = self.deliver(batch)
            at.is_last_batch = index + 1 == self._batches.per_epoch
            if self.hooks("on_train_batch_start", batch, index) == -1:
                raise Refused(
                    f"model {self._spec.model}: on_train_batch_start returned -1 to skip the rest of the "
                    "epoch; an epoch has all its batches here"
                )
            output, loss = self._forward(batch, index)
            if index == place.first:
                self.hooks("on_before_zero_grad", self.optimizer)
                if "optimizer_zero_grad" in self.hooks:
                    self.hooks("optimizer_zero_grad", place.epoch, index, self.optimizer)
                else:
                    self.optimizer.zero_grad()
            self.hooks("on_before_backward", loss)
            scaled = loss if self._accumulate == 1 else loss / self._accumulate
            if "backward" in self.hooks:
                self.hooks("backward", scaled)
            else:
                self.precision.backward(scaled, self.module)
            losses.append(loss.detach())
            self._last = output, batch, index
            if index < place.first + len(batches) - 1:
                self.hooks("on_train_batch_end", output, batch, index)
        return Report(sum(loss.item() for loss in losses) / len(losses), inputs_digest(inputs))

    def _forward(self, batch: Any, index: int) -> tuple[Any, torch.Tensor]:
        """Return what training_step returned, and the loss in it."""
        with self.precision.forward_context():
            module = self.module
            output = module.training_step(batch, index) if self._takes_index else module.training_step(batch)
        loss = output.get("loss") if isinstance(output, dict) else output
        if not (isinstance(loss, torch.Tensor) and loss.requires_grad):
            raise Refused(
                f"model {self._spec.model}: training_step returned {type(loss).__name__} for the loss, and "
                "not a tensor with gradients; return the loss, or a dict with it as loss"
            )
        return output, loss

    def update(self, step: int) -> None:
        """Take a step with the gradients as they are now."""
        place, at = self._batches.place(step), self.trainer
        output, batch, index = self._last
        self.hooks("on_after_backward")
        self.precision.unscale_gradients(self.optimizer)
        self.hooks("on_before_optimizer_step", self.optimizer)
        if "configure_gradient_clipping" in self.hooks:
            self.hooks("configure_gradient_clipping", self.optimizer, *self._clipping)
        elif self._clipping[0]:
            trainer.clip(self.optimizer, *self._clipping)
        self._step(place, index)
        at.global_step = step
        ended = index + 1 == self._batches.per_epoch
        self._schedule("step", index)
        if ended:
            self._schedule("epoch", place.epoch)
        self.hooks("on_train_batch_end", output, batch, index)
        if ended:
            self.hooks("on_train_epoch_end")
        if step == self._spec.steps:
            at.current_epoch += ended  # in Lightning, by then, how many epochs are complete
            self.hooks("on_train_end")
            self.hooks("on_fit_end")

    def _step(self, place: Place, index: int) -> None:
        if "optimizer_step" not in self.hooks:
            self.precision.optimizer_step(self.optimizer)
            return
        calls = iter([None])

        def closure() -> Any:
            """Return the loss, which is computed already."""
            if next(calls, self) is self:
                raise Refused(
                    f"model {self._spec.model}: the optimizer evaluates the loss more than once a step; "
                    "use another one"
                )
            return self._last[0]

        self.hooks("optimizer_step", place.epoch, index, self.optimizer, closure)

    def _schedule(self, interval: str, index: int) -> None:
        for schedule in self.schedules:
            if schedule.due(interval, index):
                if "lr_scheduler_step" in self.hooks:
                    self.hooks("lr_scheduler_step", schedule.scheduler, None)
                else:
                    schedule.scheduler.step()

    def deliver(self, batch: Any) -> Any:
        """Bring a batch to the device, in the precision's type."""
        if "on_before_batch_transfer" in self.hooks:
            batch = self.hooks("on_before_batch_transfer", batch, 0)
        if "transfer_batch_to_device" in self.hooks:
            batch = self.hooks("transfer_batch_to_device", batch, self._device, 0)
        elif self._device.type != "cpu":
            batch = mapped(batch, torch.Tensor, lambda t: t.to(self._device))
        if "on_after_batch_transfer" in self.hooks:
            batch = self.hooks("on_after_batch_transfer", batch, 0)
        return self.precision.convert_input(batch)
