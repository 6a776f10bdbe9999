"""The rules: each is a job, a gate or a target, all have one anatomy, and logic is left to commands."""

import re

import pytest
import typer.main

import samebits
from samebits.cli.app import app

WORKFLOW = samebits.root() / "workflow"

#: in the order in which every rule has them
ANATOMY = [
    "input",
    "output",
    "log",
    "benchmark",
    "wildcard_constraints",
    "priority",
    "localrule",
    "conda",
    "threads",
    "resources",
    "params",
    "message",
    "shell",
]

#: ask for what all models or environments need
TARGETS = {"all", "images", "lock", "package", "publish"}

#: read what a job found, and fail if it is bad
GATES = {"check_conda", "linted", "verify"}


def rules():
    """Return the text of every rule by its name."""
    found = {}
    for path in [WORKFLOW / "Snakefile", *sorted((WORKFLOW / "rules").glob("*.smk"))]:
        _, *parts = re.split(r"^(?:rule|checkpoint) (\w+):\n", path.read_text(), flags=re.MULTILINE)
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            found[name] = re.split(r"^\S", text, maxsplit=1, flags=re.MULTILINE)[0]
    return found


def commands(text):
    """Return the commands of samebits that a rule's shell calls."""
    shell = text.partition("    shell:\n")[2]
    return re.findall(r"samebits ((?:env )?[a-z]+) ", shell)


def known_commands():
    group = typer.main.get_command(app)
    return {*group.commands, *(f"env {name}" for name in group.commands["env"].commands)}


def test_a_rule_without_an_output_is_a_target():
    assert {name for name, text in rules().items() if "    output:\n" not in text} == TARGETS


def test_a_gate_has_no_output_but_that_it_passed():
    for name in GATES:
        (output,) = re.findall(r"    output:\n((?: {8}.*\n)+)", rules()[name])
        assert re.fullmatch(r" {8}\w+=touch\(.*\),\n", output), name


@pytest.mark.parametrize(("name", "text"), rules().items(), ids=rules())
def test_a_rule_has_the_anatomy_of_all_and_calls_one_command(name, text):
    parts = re.findall(r"^ {4}(\w+):", text, flags=re.MULTILINE)
    assert parts == [part for part in ANATOMY if part in parts]
    if "shell" in parts:
        (command,) = commands(text)
        assert command in known_commands()
        assert "log" in parts
    else:
        assert name in TARGETS
