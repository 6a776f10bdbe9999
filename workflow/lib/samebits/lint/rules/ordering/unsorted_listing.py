"""SB401: a folder listed in the order of the file system."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB401",
    name="unsorted-listing",
    summary="a folder listed in the order of the file system",
    why="The order differs between machines, file systems and copies of the data.",
    bad="files = os.listdir(folder)",
    good="files = sorted(os.listdir(folder))",
    source="Python: os.listdir (arbitrary order)",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
