"""Families of cases: `make test` runs one of each, and with SAMEBITS_ALL=1, as in CI, all are run.

What is marked as ``more`` proves once again what another test proves: the same on another framework, for
another option, or at another moment. Without SAMEBITS_ALL it is left out of the collection (conftest.py).
What is marked with ``grows`` tries more with SAMEBITS_ALL, as all tests of Hypothesis do; that it has passed
without is not enough for CI.
"""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

ALL = bool(os.environ.get("SAMEBITS_ALL"))

more = pytest.mark.more
grows = pytest.mark.grows


def some(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """Return the values of a parameter, all but those that are kept, or the first, marked as more."""
    cases = list(cases)
    kept = kept or tuple(cases[:1])
    return [case if case in kept else pytest.param(*_values(case), marks=more) for case in cases]


def chosen(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """Return those cases that are run: what a fixture has to prepare."""
    return [case for case in cases if ALL or case in kept]


def thinned(cases: Sequence[Any], step: int) -> Sequence[Any]:
    """Return all cases, or for `make test` one of so many; for a test that ``grows``."""
    return cases if ALL else cases[::step]


def _values(case: Any) -> Sequence[Any]:
    return case if isinstance(case, tuple) else (case,)
