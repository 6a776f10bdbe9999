"""What ``configure_optimizers`` may return: one optimizer, with schedulers, in all of Lightning's forms."""

from typing import Any, NamedTuple

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from samebits.sealed.errors import Refused


class Schedule(NamedTuple):
    """A scheduler and when it is stepped: every ``frequency``-th ``step`` or ``epoch``."""

    scheduler: Any
    interval: str = "epoch"
    frequency: int = 1

    def due(self, interval: str, index: int) -> bool:
        """Tell whether it is stepped after the step or epoch ``index``, counted from 0."""
        return self.interval == interval and (index + 1) % self.frequency == 0


def read(model: str, configured: Any) -> tuple[torch.optim.Optimizer, list[Schedule]]:
    """Read what ``configure_optimizers`` returned.

    Raises:
        Refused: it is no optimizer, several, or a schedule that follows a validation.
    """
    where = f"model {model}: configure_optimizers"
    schedulers: Any = []
    optimizers: Any = configured
    if (
        isinstance(configured, list | tuple)
        and len(configured) == 2
        and isinstance(configured[0], list | tuple)
    ):
        optimizers, schedulers = configured
    optimizers = list(optimizers) if isinstance(optimizers, list | tuple) else [optimizers]
    if len(optimizers) > 1:
        raise Refused(f"{where} returns {len(optimizers)} optimizers; samebits trains with one")
    optimizer = optimizers[0] if optimizers else None
    if isinstance(optimizer, dict):
        if unknown := optimizer.keys() - {"optimizer", "lr_scheduler", "monitor"}:
            raise Refused(f"{where} returns the unknown key {sorted(unknown)[0]!r}")
        schedulers = optimizer.get("lr_scheduler") or []
        optimizer = optimizer.get("optimizer")
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise Refused(f"{where} returns {type(optimizer).__name__}, and no optimizer of torch.optim")
    schedulers = schedulers if isinstance(schedulers, list | tuple) else [schedulers]
    return optimizer, [_schedule(where, scheduler) for scheduler in schedulers]


def _schedule(where: str, configured: Any) -> Schedule:
    if not isinstance(configured, dict):
        configured = {"scheduler": configured}
    if unknown := configured.keys() - {*Schedule._fields, "name", "monitor", "strict", "reduce_on_plateau"}:
        raise Refused(f"{where} gives a scheduler the unknown key {sorted(unknown)[0]!r}")
    schedule = Schedule(**{key: configured[key] for key in Schedule._fields if key in configured})
    if isinstance(schedule.scheduler, ReduceLROnPlateau) or configured.get("reduce_on_plateau"):
        raise Refused(
            f"{where} has a ReduceLROnPlateau, which follows a validation; samebits trains without one, "
            "use a schedule of steps or epochs"
        )
    if schedule.interval not in ("step", "epoch"):
        raise Refused(f"{where} has the interval {schedule.interval!r}; use step or epoch")
    return schedule
