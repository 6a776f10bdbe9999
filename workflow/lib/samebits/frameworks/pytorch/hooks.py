"""The hooks of a recipe: the methods of a LightningModule that it has made its own."""

from typing import Any

from samebits.sealed.errors import Refused

#: what a recipe may override, and samebits would have to pass over in silence
_REFUSED = {
    "configure_callbacks": "callbacks of the Trainer are not run; do their work in the module's own hooks",
    "configure_sharded_model": "use configure_model",
}

_NAMES = (
    "prepare_data",
    "setup",
    "configure_model",
    "on_fit_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_before_batch_transfer",
    "transfer_batch_to_device",
    "on_after_batch_transfer",
    "on_before_zero_grad",
    "optimizer_zero_grad",
    "on_before_backward",
    "backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "configure_gradient_clipping",
    "optimizer_step",
    "lr_scheduler_step",
    "on_train_batch_end",
    "on_train_epoch_end",
    "on_train_end",
    "on_fit_end",
    "on_save_checkpoint",
    "on_load_checkpoint",
    "on_test_start",
    "on_test_epoch_start",
    "on_test_epoch_end",
    "on_test_end",
    "on_validation_start",
    "on_validation_epoch_start",
    "on_validation_epoch_end",
    "on_validation_end",
    "predict_step",
    "test_step",
    "validation_step",
)


def overrides(module: Any, name: str) -> bool:
    """Tell whether an object's class has a method of its own, not Lightning's."""
    lightning = (c for c in type(module).__mro__ if c.__module__.split(".")[0] in _LIGHTNING)
    base = getattr(next(lightning, object), name, None)
    return getattr(type(module), name, base) is not base


_LIGHTNING = ("lightning", "pytorch_lightning")


def is_lightning(module: Any) -> bool:
    """Tell whether a module is a LightningModule, without importing Lightning."""
    return any(
        c.__name__ == "LightningModule" and c.__module__.split(".")[0] in _LIGHTNING
        for c in type(module).__mro__
    )


class Hooks:
    """Calls a recipe's own hooks by name, and does nothing for those that it has not."""

    def __init__(self, recipe: Any):
        self._own = {name: getattr(recipe, name) for name in _NAMES if overrides(recipe, name)}

    def __contains__(self, name: str) -> bool:
        """Tell whether the recipe has a hook."""
        return name in self._own

    def __call__(self, name: str, *arguments: Any) -> Any:
        """Call a hook, and return what it returns; None if the recipe has none."""
        hook = self._own.get(name)
        return hook(*arguments) if hook else None


def check(model: str, module: Any, accumulate: int) -> None:
    """Refuse a module that asks for what samebits does not do.

    Raises:
        Refused: it optimizes by hand, or overrides what is never called.
    """
    if not getattr(module, "automatic_optimization", True):
        raise Refused(
            f"model {model}: automatic_optimization is False, but samebits takes the steps itself; "
            "return the loss from training_step instead"
        )
    for name, mend in _REFUSED.items():
        if overrides(module, name):
            raise Refused(f"model {model}: the recipe has {name}: {mend}")
    if accumulate > 1 and overrides(module, "on_after_backward"):
        raise Refused(
            f"model {model}: on_after_backward sees each batch's gradients in Lightning and the sum's here; "
            "use on_before_optimizer_step, or accumulate_grad_batches: 1"
        )
