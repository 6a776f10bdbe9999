"""SB202: a seed that differs in every process."""

import ast
from collections.abc import Iterable, Iterator
from typing import Any, Final

from samebits.lint.file import File
from samebits.lint.questions.seeding import SEED_ENDINGS, SEEDERS, entropy, is_seed, seed_of
from samebits.lint.rule import Diagnostic, Event, On, Rule


def _check_seeder(file: File, call: ast.Call, path: str) -> Iterator[Diagnostic]:
    """Report a call that is handed such a seed."""
    seed = seed_of(call, path)
    return _report(file, seed, call) if seed is not None else iter(())


def _check_name(file: File, name: str, value: Any, node: Any) -> Iterable[Diagnostic]:
    """Report such a seed that a name is given."""
    return _report(file, value, node) if is_seed(name) else ()


def _report(file: File, seed: Any, node: Any) -> Iterator[Diagnostic]:
    path = entropy(file, seed)
    if path:
        yield Diagnostic(
            node,
            f"the seed comes from {path}(), which differs in every process; use a fixed seed and record it",
            "error" if file.context.sealed else None,
        )


RULE: Final = Rule(
    code="SB202",
    name="seed-from-outside",
    summary="a seed that differs in every process",
    severity="error",
    why="A seed from the clock, the process or the system is no seed.",
    bad="torch.manual_seed(int(time.time()))",
    good="torch.manual_seed(0)",
    source="mlf-core's misses; samebits",
    listens=(
        On(Event.CALL, _check_seeder, names=tuple(SEEDERS)),
        On(Event.NAMED, _check_name, names=SEED_ENDINGS),
    ),
    words=("random_state", "seed", "Seed"),
    one_a_place=True,
)
