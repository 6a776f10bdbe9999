"""SB901: a model written as pickle."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB901",
    name="pickle",
    summary="a model written as pickle",
    severity="note",
    why="Its bytes depend on versions and on which objects are shared, and reading it runs code.",
    bad="pickle.dump(model, file)",
    good="safetensors.numpy.save_file(arrays, path)",
    source="measured; Python: pickle",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
