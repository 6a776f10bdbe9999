"""What the rules need of Snakemake that it does not document, each with the reason and where it was measured.

The rules call these and nothing else that is undocumented. ``tests/unit/test_snakemake_internals.py`` runs
each in the installed Snakemake, whose line pyproject.toml pins.
"""

from pathlib import Path
from typing import Any

from snakemake.io import strip_wildcard_constraints


def instance(workflow: Any) -> str | None:
    """Return the name of the module whose rules are being read; None if they are no module.

    A module reads other configs than a workflow does, and its messages name it. Nothing documented tells
    rules either. Snakemake 9.27 keeps the name of the ``module`` statement in the modifier.
    """
    name: str | None = workflow.modifier.namespace
    return name


def full_name(workflow: Any, rule: str) -> str:
    """Return the name on the command line of a rule that is being read.

    ``use rule * from samebits as samebits_*`` gives other names, and modules may be nested. While rules are
    read no documented object knows them. Snakemake 9.27 keeps them in the modifier.
    """
    name: str = workflow.modifier.modify_rulename(rule)
    return name


def config_files(workflow: Any) -> list[Path]:
    """Return the config files that have been read: those of the command line, then ``configfile:``.

    Only the config that they are merged to is documented, and it does not show a key that is given twice.
    Snakemake 9.27 appends to this list with each ``configfile:``.
    """
    return [Path(file) for file in workflow.configfiles]


def made_by_first(workflow: Any, output: str) -> None:
    """Let the first of all rules with an output make it, whichever instance of a module they belong to.

    Snakemake takes such rules for ambiguous, and ends. Its statement ``ruleorder`` takes every name for one
    of the instance that is being read, so it cannot order the rules of two. Snakemake 9.27 keeps full names
    in the order itself. A rule's own output has the constraints of wildcards in it (``{run,[0-9]+}``), which
    ``rules.x.output`` lacks.

    Args:
        workflow: Snakemake's.
        output: ``rules.x.output[0]``.
    """
    makers = [
        each.name
        for each in workflow.rules
        if each.output and strip_wildcard_constraints(each.output[0]) == output
    ]
    workflow._ruleorder.add(*makers)
