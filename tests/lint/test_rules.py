"""Every rule is a file of its own, says what it listens to, and reports its own example and not its twin."""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from linting import lint_source, source_of

from samebits.lint import catalog, rules
from samebits.lint.driver import dispatch
from samebits.lint.driver.selection import Settings
from samebits.lint.rule import Event

RULES = rules.load()
FOLDER = Path(rules.__file__).parent
HEADER = """\
import argparse, glob, hashlib, os, pickle, random, socket, time, uuid, zlib
import numpy as np
import pandas as pd
import polars as pl
import tensorflow as tf
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightgbm as lgb
import xgboost as xgb
import jax.numpy as jnp
import dask
import triton.language as tl
from concurrent.futures import as_completed
from dask.distributed import Client, LocalCluster
from lightning import Trainer
from multiprocessing import Queue
from numba import njit
from safetensors.numpy import save_file
from sklearn.ensemble import RandomForestClassifier
from torch.utils.data import DataLoader
"""

#: what an example takes for granted
BEFORE = {
    "SB105": "x: tf.Tensor",
    "SB106": "x = jnp.zeros(3)",
    "SB301": "model = torch.nn.Linear(2, 2)",
    "SB405": "ds = tf.data.Dataset.range(3)",
    "SB407": "queue = Queue()",
    "SB409": "df = pl.DataFrame()",
    "SB604": "model = torch.nn.Linear(2, 2)",
    "SB703": "df = pd.DataFrame()",
    "SB802": "import xgboost.dask",
    "SB803": "cluster = LocalCluster(n_workers=4)",
}
#: in place of a page's example, where that is first reported as something else
TRIGGERS = {
    "SB705": "lgb.LGBMClassifier(device='gpu', random_state=0, deterministic=True, force_row_wise=True)"
}
#: rules that do not see what their pages advise
BLIND = {"SB103"}
NOTEBOOKS = {"SB508"}


def reported(rule, example, sealed):
    """Tell whether a rule reports an example."""
    text = "\n".join([HEADER, BEFORE.get(rule.code, ""), example, ""])
    if rule.code in NOTEBOOKS:
        cells = [{"cell_type": "code", "source": each} for each in (HEADER, example)]
        source = source_of("code.ipynb", json.dumps({"cells": cells}))
    else:
        source = source_of("code.py", text)
    findings = lint_source(source, Settings(device="cuda", select=("ALL",), sealed=sealed))
    return rule.code in {finding.code for finding in findings}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_reports_its_own_example_and_not_what_mends_it(rule):
    bad = TRIGGERS.get(rule.code, rule.bad)
    (sealed, *_) = [each for each in (False, True) if reported(rule, bad, each)]
    assert rule.code in BLIND or not reported(rule, rule.good, sealed)


def test_a_rule_without_a_trigger_would_be_noticed():
    """The twin: a rule's example that it does not report."""
    rule = RULES["SB401"]
    assert not reported(rule, rule.good, False)
    assert not reported(rule, rule.good, True)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_a_page_and_listens(rule):
    assert re.fullmatch(r"SB\d{3}", rule.code)
    for text in (rule.name, rule.summary, rule.why, rule.bad, rule.good, rule.source):
        assert text.strip()
    assert rule.listens


def test_every_rule_has_a_file_of_its_own_with_its_name():
    files = [path for path in FOLDER.glob("*/*.py") if path.name != "__init__.py"]
    assert sorted(path.stem for path in files) == sorted(
        rule.name.replace("-", "_") for rule in RULES.values()
    )
    for path in files:
        rule = next(rule for rule in RULES.values() if rule.name.replace("-", "_") == path.stem)
        assert ast.get_docstring(ast.parse(path.read_text())) == f"{rule.code}: {rule.summary}."
        (group,) = {other.code[:3] for other in RULES.values() if _folder(other, files) == path.parent}
        assert rule.code.startswith(group)  # one folder for a hundred of codes


def _folder(rule, files):
    return next(path.parent for path in files if path.stem == rule.name.replace("-", "_"))


def test_what_the_catalogs_describe_has_a_rule_that_listens_and_the_other_way_round():
    known = catalog.load()
    settings = [setting for each in known.settings.values() for setting in each]
    for event, described in ((Event.ENTRY, known.entries), (Event.SETTING, settings)):
        listening = Counter(rule.code for rule, _ in rules.listening(event))
        assert set(listening) == {each.code for each in described}
        assert set(listening.values()) == {1}
    assert not set(known.settings) & known.setters


def test_a_rule_hears_every_name_that_it_asks_for():
    for rule, ear in rules.listening(Event.CALL):
        assert ear.names, rule.code
        assert ear.leaves <= dispatch.leaves()
    for event in (Event.NAMED_CALL, Event.TEXT, Event.NAMED, Event.ATTRIBUTE):
        assert all(ear.names for _, ear in rules.listening(event))
