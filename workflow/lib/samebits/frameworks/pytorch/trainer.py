"""What a LightningModule may ask of its trainer while samebits trains it."""

import math
from typing import Any

from torch import nn

from samebits.frameworks.pytorch.batches import Batches
from samebits.frameworks.pytorch.hooks import is_lightning
from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec


class Trainer:
    """Stands where a LightningModule expects its Trainer; attributes have Lightning's names and meanings.

    What is logged in training is kept here under its name until it is logged again, for the module's own
    use: the ledger records the loss. What is logged in a test is the mean over its samples.
    """

    def __init__(self, spec: Spec, batches: Batches, rank: int, datamodule: Any):
        options = spec.options
        self.current_epoch = 0
        self.global_step = 0
        self.max_steps = self.estimated_stepping_batches = spec.steps
        self.max_epochs = math.ceil(spec.steps / batches.steps_per_epoch)
        self.min_epochs = self.min_steps = None
        self.num_training_batches = batches.per_epoch
        self.accumulate_grad_batches = options["accumulate_grad_batches"]
        self.gradient_clip_val = options["gradient_clip_val"]
        self.gradient_clip_algorithm = options["gradient_clip_algorithm"]
        self.precision = options["precision"]
        self.world_size = spec.processes
        self.global_rank = self.local_rank = rank
        self.is_global_zero = rank == 0
        self.num_devices, self.num_nodes, self.node_rank = spec.processes, 1, 0
        self.is_last_batch = False
        self.training = True
        self.testing = self.validating = self.evaluating = False
        self.sanity_checking = self.predicting = self.fast_dev_run = False
        self.datamodule = datamodule
        self.optimizers: list[Any] = []
        self.logger = None
        self.loggers: list[Any] = []
        self.callbacks: list[Any] = []
        self.callback_metrics: dict[str, Any] = {}
        self._model = spec.model
        self._samples = 0
        self._logged: dict[str, tuple[float, int]] = {}
        self._computed: dict[str, Any] = {}

    @property
    def logged_metrics(self) -> dict[str, Any]:
        """What was logged last, by name."""
        return self.callback_metrics

    def __getattr__(self, name: str) -> Any:
        """Say that there is no such thing here; called for what is not found otherwise."""
        raise AttributeError(f"self.trainer.{name} is Lightning's; samebits trains without a Trainer")

    def attach(self, module: Any, optimizer: Any = None, schedulers: Any = ()) -> None:
        """Give a LightningModule what its own methods would ask a Trainer for; leaves other modules alone."""
        if not is_lightning(module):
            return
        module.trainer = self
        self.optimizers = [] if optimizer is None else [optimizer]
        schedulers = list(schedulers)
        for part in module.modules():
            if is_lightning(part):
                part.log, part.log_dict = self.log, self.log_dict
        module.optimizers = lambda use_pl_optimizer=True: optimizer
        module.lr_schedulers = lambda: (schedulers[0] if len(schedulers) == 1 else schedulers) or None
        module.print = print if self.is_global_zero else lambda *arguments, **options: None
        module.clip_gradients = clip

    def log(self, name: str, value: Any, *arguments: Any, **options: Any) -> None:
        """Take a value as ``LightningModule.log`` does."""
        self.callback_metrics[name] = value
        if not self.evaluating:
            return
        if hasattr(value, "compute"):  # a metric of torchmetrics counts for itself
            self._computed[name] = value
        elif options.get("reduce_fx", "mean") != "mean":
            raise Refused(
                f"model {self._model}: {name} is logged with a reduce_fx; only the mean is supported"
            )
        else:
            weight = options.get("batch_size") or self._samples
            total, count = self._logged.get(name, (0.0, 0))
            self._logged[name] = total + float(value) * weight, count + weight

    def log_dict(self, dictionary: Any, *arguments: Any, **options: Any) -> None:
        """Take several values."""
        for name, value in dictionary.items():
            self.log(name, value, *arguments, **options)

    def begin(self, stage: str) -> None:
        """Begin to evaluate: ``testing`` or ``validating``."""
        self.training, self.evaluating = False, True
        setattr(self, stage, True)
        self._logged, self._computed = {}, {}

    def batch(self, samples: int) -> None:
        """Say how many samples the values that come now are the means of."""
        self._samples = samples

    def end(self) -> dict[str, float]:
        """End it, and return what was logged."""
        self.training, self.evaluating, self.testing, self.validating = True, False, False, False
        means = {name: total / count for name, (total, count) in self._logged.items()}
        return means | {name: float(metric.compute()) for name, metric in self._computed.items()}


def clip(optimizer: Any, gradient_clip_val: Any = None, gradient_clip_algorithm: Any = None) -> None:
    """Clip gradients as ``LightningModule.clip_gradients`` does: their common norm, or each value."""
    if not gradient_clip_val:
        return
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if gradient_clip_algorithm in (None, "norm"):
        nn.utils.clip_grad_norm_(parameters, gradient_clip_val)
    else:
        nn.utils.clip_grad_value_(parameters, gradient_clip_val)


def reset_metrics(module: nn.Module) -> None:
    """Let metrics of torchmetrics begin anew, as Lightning does with every epoch."""
    for part in module.modules():
        if hasattr(part, "compute") and hasattr(part, "reset"):
            part.reset()
