"""SB301: training on a GPU without deterministic algorithms."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.questions.training import is_script, torch_training, uses_cuda
from samebits.lint.rule import Diagnostic, Event, On, Rule
from samebits.sealed.tiers import at_least


def _check(file: File) -> Iterator[Diagnostic]:
    """Report a script that trains on a GPU without deterministic algorithms."""
    context = file.context
    if context.sealed or context.device == "cpu" or not at_least(context.tier, "deterministic"):
        return
    if not is_script(file):
        return
    if "torch" in file.frameworks:
        training = torch_training(file, "fit")
        if training is not None and _may_use_cuda(file):
            yield Diagnostic(
                training,
                "PyTorch trains on a GPU without deterministic algorithms; "
                "call torch.use_deterministic_algorithms(True)",
                unless=("switch.torch",),
            )
    elif file.frameworks & {"tensorflow", "keras"} and context.device == "cuda":
        calls = file.semantics.nodes.calls_named("fit")
        training = next((call for call in calls if not file.path(call.func).startswith("sklearn.")), None)
        if training is not None:
            yield Diagnostic(
                training,
                "TensorFlow trains on a GPU without op determinism; "
                "call tf.config.experimental.enable_op_determinism()",
                unless=("switch.tensorflow",),
            )


def _may_use_cuda(file: File) -> bool:
    if file.context.device is not None:
        return True
    return any(uses_cuda(file, call) for call in file.semantics.nodes.calls)


RULE: Final = Rule(
    code="SB301",
    name="no-switch",
    summary="training on a GPU without deterministic algorithms",
    why="Many CUDA kernels have a faster variant that adds in no fixed order, and it is the default.",
    bad="""
        model.cuda()
        loss.backward()
    """,
    good="""
        torch.use_deterministic_algorithms(True)
        model.cuda()
        loss.backward()
    """,
    source="PyTorch notes on reproducibility; enable_op_determinism",
    listens=(On(Event.FILE, _check),),
    words=("backward", "cuda"),
)
