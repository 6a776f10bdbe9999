"""SB201: training without a seed."""

import ast
from collections.abc import Iterator
from typing import Final

from samebits.lint.file import File
from samebits.lint.finding import Edit, Fix
from samebits.lint.questions.training import is_script, torch_training
from samebits.lint.rule import Diagnostic, Event, On, Rule

#: framework -> the call that seeds it, and its name
_SEEDERS: Final = {
    "torch": ("torch.manual_seed", "PyTorch"),
    "tensorflow": ("keras.utils.set_random_seed", "TensorFlow"),
}


def _check(file: File) -> Iterator[Diagnostic]:
    """Report a script that trains without ever seeding its framework."""
    if file.context.sealed or file.context.tier == "unseeded" or not is_script(file):
        return
    training: ast.Call | None = None
    framework = ""
    if file.frameworks & {"torch", "lightning"}:
        training, framework = torch_training(file, "fit", "train"), "torch"
    if training is None and file.frameworks & {"tensorflow", "keras"}:
        training, framework = _keras_training(file), "tensorflow"
    if training is not None:
        call, name = _SEEDERS[framework]
        yield Diagnostic(
            training,
            f"{name} trains here and no seed is set; call {call}(seed) or samebits.seed_all(seed) first",
            unless=(f"seed.{framework}",),
            fix=_insertion(file),
        )


def _keras_training(file: File) -> ast.Call | None:
    """Return the call that shows that the file trains with Keras."""
    nodes = file.semantics.nodes
    for call in nodes.calls_named("fit", "train_on_batch", "fit_generator"):
        path = file.path(call.func)
        if path.startswith(("keras.", "tensorflow.")):
            return call
        if path.startswith("?.") and nodes.calls_named("compile"):
            return call
    return next(iter(nodes.calls_named("GradientTape")), None)


def _insertion(file: File) -> Fix | None:
    """Return the fix that seeds everything after the last import at the top of the file."""
    if file.source.notebook is not None:
        return None
    last = None
    for statement in file.semantics.nodes.tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            last = statement
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            break
    offsets = file.source.offsets
    if last is None or last.end_lineno is None or last.end_lineno >= len(offsets):
        return None
    at = offsets[last.end_lineno]
    newline = "\r\n" if "\r\n" in file.source.text else "\n"
    text = f"import samebits{newline}{newline}samebits.seed_all(0){newline}"
    return Fix("insert samebits.seed_all(0)", (Edit(at, at, text),))


RULE: Final = Rule(
    code="SB201",
    name="no-seed",
    summary="training without a seed",
    why="Every run begins with other weights.",
    bad="""
        model = nn.Linear(4, 2)
        loss.backward()
    """,
    good="""
        torch.manual_seed(0)
        model = nn.Linear(4, 2)
        loss.backward()
    """,
    source="PyTorch notes on reproducibility; keras.utils.set_random_seed",
    listens=(On(Event.FILE, _check),),
    words=("Trainer", "backward"),
)
