"""A framework is a folder: the rest of samebits names none, asks its traits, and takes a new one as it is."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import samebits
from samebits import frameworks
from samebits.sealed import library

PACKAGE = Path(samebits.__file__).parent

#: words of frameworks; ``command`` is none, since it is a word for much else
WORDS = re.compile(
    "pytorch|torch|lightning|tensorflow|keras|xgboost|lightgbm|sklearn|skops|jax|dask", re.IGNORECASE
)

DATA = "data sets of that name, not the framework"
CHANNEL = "distributions that conda-forge calls otherwise"
SCRIPTS = "scripts call it, and import what they like"

#: folders, and words in files, that name frameworks all the same -> why
ALLOWED = {
    "lint/": "its catalogs and rules are about what frameworks' operators do",
    ("cli/lint.py", "torch"): "an example of a version, in the help",
    ("config/dask.py", "dask"): "the key of a model that says which cluster it is trained on",
    ("config/model.py", "dask"): "that key",
    ("config/model.py", "sklearn"): DATA,
    ("config/named.py", "sklearn"): DATA,
    ("datasets/fetch.py", "sklearn"): DATA,
    ("datasets/sources.py", "sklearn"): DATA,
    ("packaging/metadata.py", "pytorch"): CHANNEL,
    ("packaging/metadata.py", "torch"): CHANNEL,
    ("packaging/metadata.py", "xgboost"): CHANNEL,
    ("sealed/seed_all.py", "tensorflow"): SCRIPTS,
    ("sealed/seed_all.py", "torch"): SCRIPTS,
}


def texts(path):
    """Yield what of a file is code: of Python no comments and docstrings, which may cite measurements."""
    if path.suffix != ".py":
        yield path.read_text()
        return
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None
    yield from ast.unparse(tree).splitlines()


@cache
def named():
    """Return which entries of the list above the package would need: a folder, or a word in a file."""
    found = set()
    for path in sorted(PACKAGE.rglob("*")):
        name = path.relative_to(PACKAGE).as_posix()
        if path.is_file() and path.suffix not in (".pyc", ".so") and not name.startswith("frameworks/"):
            words = {word.lower() for text in texts(path) for word in WORDS.findall(text)}
            folder = f"{name.split('/')[0]}/"
            found |= {folder if folder in ALLOWED else (name, word) for word in words}
    return found


def test_only_what_is_allowed_names_a_framework():
    """Ask ``frameworks.traits(…)`` instead."""
    assert named() - ALLOWED.keys() == set()


def test_nothing_is_allowed_that_is_not_needed():
    assert ALLOWED.keys() - named() == set()


def test_every_framework_has_a_word_that_is_looked_for():
    assert [name for name in frameworks.known() if not WORDS.search(name)] == ["command"]


# --- a framework is added by adding a folder ---

TOY = {
    "__init__.py": '''
        """A toy."""

        from dataclasses import dataclass, field
        from typing import Literal

        from samebits.sealed import traits
        from samebits.sealed.traits import Traits


        @dataclass(frozen=True)
        class Options(traits.Options):
            """What can be set."""

            shape: Literal["ball", "car"] = field(default="ball", metadata={"description": "what it is"})


        TRAITS = Traits(title="Toy", environment="sklearn", steps="one", options=Options)
    ''',
    "adapter.py": '"""What the engine sees."""\n',
    "predictor.py": '"""What a package runs."""\n',
}

ASK = """
import json, sys
from pathlib import Path

import samebits
from samebits import config, frameworks
from samebits.jobs import install_library
from samebits.sealed import library
from samebits.sealed.errors import Refused

folder = Path(sys.argv[1])
(folder / "toys.py").write_text("class Ball: pass")
roots = [folder, Path(sys.argv[2])]


def load(**keys):
    model = {"framework": "toy", "recipe": "toys.py:Ball", "data": "sklearn:wine", **keys}
    return config.load({"models": {"ball": model}}, roots=roots)


def refused(**keys):
    try:
        load(**keys)
    except Refused as refused:
        return str(refused)


model = load(options={"shape": "car"}).models["ball"]
install_library.install("toy", folder / "library")
files = [str(path.relative_to(folder)) for path in sorted((folder / "library").rglob("*")) if path.is_file()]
print(json.dumps({
    "package": samebits.__file__,
    "known": frameworks.known(),
    "title": frameworks.traits("toy").title,
    "steps": model.steps,
    "environment": model.environment,
    "schema": config.schema()["$defs"]["Model"]["properties"]["framework"]["enum"],
    "wrong key": refused(options={"shap": "car"}),
    "wrong value": refused(options={"shape": "dog"}),
    "wrong steps": refused(steps=3),
    "digest": library.digest("toy"),
    "library": files,
    "predictor": str(frameworks.predictor("toy")),
}))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package."""
    package = tmp_path_factory.mktemp("copy") / "workflow" / "lib" / "samebits"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


@pytest.fixture(scope="module")
def toy(copy, tmp_path_factory):
    """What a package says to whose frameworks a folder was added."""
    folder = copy / "frameworks" / "toy"
    folder.mkdir()
    for name, text in TOY.items():
        lines = text.splitlines()
        (folder / name).write_text("\n".join(line.removeprefix("        ") for line in lines).strip() + "\n")
    done = subprocess.run(
        [sys.executable, "-c", ASK, tmp_path_factory.mktemp("toys"), samebits.root()],
        env={**os.environ, "PYTHONPATH": str(copy.parent)},
        capture_output=True,
        text=True,
    )
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert Path(answer["package"]).is_relative_to(copy)
    return answer


def test_a_new_framework_is_known_with_its_traits(toy):
    assert toy["known"] == sorted([*frameworks.known(), "toy"])
    assert toy["title"] == "Toy"
    assert Path(toy["predictor"]).name == "toy"


def test_the_config_takes_a_model_of_a_new_framework_and_checks_it(toy):
    assert (toy["steps"], toy["environment"]) == (1, "sklearn-cpu")
    assert toy["wrong key"] == (
        "config: models.ball.options.shap: unknown key; did you mean 'shape'?; known here: shape"
    )
    assert toy["wrong value"] == "config: models.ball.options.shape: 'dog' is none of ball, car"
    assert toy["wrong steps"] == "config: models.ball: steps is 3, but toy trains in one go; take it out"


def test_the_schema_lists_a_new_framework(toy):
    assert toy["schema"] == toy["known"]


def test_a_new_framework_has_a_library_of_its_own(toy):
    assert toy["digest"] not in [library.digest(name) for name in frameworks.known()]
    below = [name.removeprefix("library/samebits/") for name in toy["library"]]
    assert {"frameworks/toy/__init__.py", "frameworks/toy/adapter.py", "sealed/engine.py"} <= {*below}
    assert {name for name in below if not name.startswith("sealed/")} == {
        "__init__.py",
        "frameworks/__init__.py",
        "frameworks/toy/__init__.py",
        "frameworks/toy/adapter.py",
    }


# --- the digest of a library ---


@cache
def depending(name):
    """Return the frameworks whose library a file of the package belongs to."""
    first, *rest = Path(name).parts
    if first == "sealed":
        return set(frameworks.known())
    if first != "frameworks" or len(rest) == 1 or rest[1:] == ["predictor.py"]:
        return set()
    below = "/".join(rest)
    return {
        each
        for each in frameworks.known()
        if each == rest[0] or any(fnmatch(below, pattern) for pattern in frameworks.traits(each).shares)
    }


def test_a_changed_byte_changes_the_digests_of_the_libraries_it_is_in_and_no_other(copy):
    before = {each: library.digest(each, copy) for each in frameworks.known()}
    files = [path for path in sorted(copy.rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    assert len(files) > 200
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content + b"#")
        changed = {each for each in before if library.digest(each, copy) != before[each]}
        path.write_bytes(content)
        name = path.relative_to(copy).as_posix()
        assert changed == depending(name), name
    assert before == {each: library.digest(each, copy) for each in frameworks.known()}
    assert before == {each: library.digest(each) for each in frameworks.known()}
