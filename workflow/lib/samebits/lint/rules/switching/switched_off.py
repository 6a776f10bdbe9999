"""SB302: a switch for determinism turned off."""

from collections.abc import Iterator
from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.file import File
from samebits.lint.questions.variables import SetVariable
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check_variable(file: File, variable: SetVariable) -> Iterator[Diagnostic]:
    """Report an environment variable that is set to a value that undoes it."""
    known = variable.known(file)
    if known is not None and not file.context.sealed and variable.is_off(file):
        values = file.semantics.values(variable.value) or ()
        yield Diagnostic(variable.node, f"{variable.name}={next(iter(values))} {known.what}")


RULE: Final = Rule(
    code="SB302",
    name="switched-off",
    summary="a switch for determinism turned off",
    severity="error",
    why="It undoes what is switched on elsewhere.",
    bad="torch.use_deterministic_algorithms(False)",
    good="torch.use_deterministic_algorithms(True)",
    source="torch.use_deterministic_algorithms",
    listens=(
        On(Event.ENTRY, diagnosis.of_entry),
        On(Event.SETTING, diagnosis.of_setting),
        On(Event.VARIABLE, _check_variable),
    ),
    words=("environ",),
)
