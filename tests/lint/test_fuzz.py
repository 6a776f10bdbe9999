"""Any bytes and any program: a list of findings comes back, the same each time, and fixes keep it a program.

`make test` draws 30 inputs for each property, CI 150, `make test-long` 10,000.
"""

import ast
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from families import ALL
from samebits.lint.driver import fix
from samebits.lint.driver.linter import lint_source
from samebits.lint.driver.selection import Settings
from samebits.lint.reading import Source, Unreadable, parse

COUNT = int(os.environ.get("SAMEBITS_EXAMPLES", "150" if ALL else "30"))
MANY = settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))
CUDA = Settings(device="cuda", select=("ALL",))

NAMES = st.sampled_from(
    [
        "torch",
        "np",
        "os",
        "random",
        "time",
        "set",
        "sorted",
        "x",
        "self",
        "F",
        "nn",
        "histc",
        "listdir",
        "environ",
        "seed",
        "manual_seed",
        "DataLoader",
        "id",
        "hash",
        "lambda_",
        "as_completed",
        "glob",
        "shuffle",
        "fit",
        "backward",
        "Dataset",
        "map",
        "queue",
        "get",
        "train",
        "params",
    ]
)
CONSTANTS = st.sampled_from(
    ["0", "None", "True", "'bilinear'", "'a.pt'", "b'x'", "1.5", "-1", "...", "f'{x}'"]
)


def grown(inner):
    """Expressions made of expressions."""
    many = st.lists(inner, max_size=3)
    keywords = st.lists(st.tuples(NAMES, inner), max_size=2, unique_by=lambda pair: pair[0])
    return st.one_of(
        st.builds(lambda a, n: f"({a}).{n}", inner, NAMES),
        st.builds(
            lambda f, a, k: f"({f})({', '.join([*a, *(f'{n}={v}' for n, v in k)])})", inner, many, keywords
        ),
        st.builds(lambda a, b: f"({a})[{b}]", inner, inner),
        st.builds(
            lambda a, b, o: f"({a}) {o} ({b})",
            inner,
            inner,
            st.sampled_from(["+", "-", "/", "%", "<", "in", "and"]),
        ),
        st.builds(lambda a: f"[{', '.join(a)}]", many),
        st.builds(lambda a: "{" + ", ".join(a) + "}" if a else "{}", many),
        st.builds(lambda a, b: "{" + f"{a}: {b}" + "}", inner, inner),
        st.builds(lambda a, n, b: f"[{a} for {n} in {b}]", inner, NAMES, inner),
        st.builds(lambda a, n, b: "{" + f"{n}: {a} for {n} in ({b})" + "}", inner, NAMES, inner),
        st.builds(lambda a, b, c: f"({a} if {b} else {c})", inner, inner, inner),
        st.builds(lambda n, a: f"(lambda {n}: {a})", NAMES, inner),
        st.builds(lambda a: f"f'{{({a})}}'".replace("\\", ""), NAMES),
        st.builds(lambda n, a: f"({n} := {a})", NAMES, inner),
    )


EXPRESSIONS = st.recursive(NAMES | CONSTANTS, grown, max_leaves=5)


def blocks(inner):
    """Statements made of statements."""

    def indented(body):
        return "\n".join("    " + line for statement in body for line in statement.splitlines()) or "    pass"

    body = st.lists(inner, min_size=1, max_size=3).map(indented)
    return st.one_of(
        st.builds(lambda n, e, b: f"for {n} in {e}:\n{b}", NAMES, EXPRESSIONS, body),
        st.builds(lambda e, b: f"while {e}:\n{b}", EXPRESSIONS, body),
        st.builds(lambda e, b, c: f"if {e}:\n{b}\nelse:\n{c}", EXPRESSIONS, body, body),
        st.builds(lambda n, p, e, b: f"def {n}({p}={e}):\n{b}", NAMES, NAMES, EXPRESSIONS, body),
        st.builds(lambda n, e, b: f"class {n}({e}):\n{b}", NAMES, EXPRESSIONS, body),
        st.builds(lambda e, n, b: f"with {e} as {n}:\n{b}", EXPRESSIONS, NAMES, body),
        st.builds(lambda b, c: f"try:\n{b}\nexcept Exception:\n{c}", body, body),
    )


SIMPLE = st.one_of(
    EXPRESSIONS,
    st.builds(lambda n, e: f"{n} = {e}", NAMES, EXPRESSIONS),
    st.builds(lambda n, m, e: f"{n}.{m} = {e}", NAMES, NAMES, EXPRESSIONS),
    st.builds(lambda n, e, f: f"{n}[{e}] = {f}", NAMES, EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda e: f"{e}  # samebits: ignore[SB101] x", EXPRESSIONS),
    st.sampled_from(
        [
            "import torch", "import os, random, time", "from torch import *", "import numpy as np", "import torch.nn as nn",
            "from . import x", "import torch.nn.functional as F", "pass", "from torch.utils.data import DataLoader",
            "import tensorflow as tf", "from concurrent.futures import as_completed", "global x",
        ]
    ),
)  # fmt: skip
PROGRAMS = st.lists(st.recursive(SIMPLE, blocks, max_leaves=3), max_size=6).map("\n".join)


def findings(source):
    return lint_source(source, CUDA)


@MANY
@given(st.binary(max_size=400))
def test_any_bytes(raw):
    for name in ("a.py", "a.ipynb"):
        try:
            source = parse(raw, name)
        except Unreadable as error:
            assert str(error)
        else:
            assert findings(source) == findings(source)


@MANY
@given(st.text(max_size=200))
def test_any_text(text):
    source = Source("a.py", text, text)
    for finding in findings(source):
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.message


@MANY
@given(PROGRAMS)
def test_any_program(text):
    source = Source("a.py", text, text)
    found = findings(source)
    assert found == findings(source)
    lines = text.splitlines()
    for finding in found:
        assert 1 <= finding.line <= max(1, len(lines))
        assert finding.excerpt in text


@MANY
@given(PROGRAMS)
def test_fixes_keep_a_program_a_program_and_come_to_an_end(text):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for _ in range(10):
        source = Source("a.py", text, text)
        changed, fixed = fix.apply(source, findings(source))
        if not fixed:
            break
        ast.parse(changed)
        text = changed
    else:
        raise AssertionError(f"fixes go on and on:\n{text}")
