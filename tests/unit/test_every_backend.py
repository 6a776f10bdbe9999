"""What differs between the backends is said by the backends: nobody else asks which one it is."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import samebits
from samebits.cli.environments import Backend as Choice
from samebits.environments import backends, find
from samebits.environments.backends.backend import Process
from samebits.environments.manifest import Manifest
from samebits.sealed.errors import Refused

ROOT = Path(__file__).parents[2]
PACKAGE = Path(samebits.__file__).parent

#: files outside the backends that hold the word for one, and what it is there
WORDS = {
    "cli/environments.py": "the choices of an option, and the command for Snakemake's own conda",
    "config/sections.py": "the choices of a key",
    "environments/lock.py": "a command of uv's",
    "environments/size.py": "a command of uv's",
    "environments/specification.py": "keys and packages in conda's syntax",
    "packaging/assemble.py": "a kind of package",
    "receipt/archive.py": "a kind of package",
    "receipt/check.py": "a kind of package",
    "receipt/statement.py": "a kind of package",
}
#: files that compare a backend with one of the constants beside ``backends.NAMES``
COMPARISONS = {
    "environments/build.py": "with the one that is asked for",
    "environments/verify.py": "with the default, which needs no option in a command that is shown",
    "packaging/image.py": "with the one that has images, on which a serving image stands",
}


def trees():
    for path in PACKAGE.rglob("*.py"):
        if PACKAGE / "environments" / "backends" not in path.parents and "_tree" not in path.parts:
            yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text())


def compares_a_backend(node):
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    parts = [part for side in sides for part in (side.elts if isinstance(side, ast.Tuple) else [side])]
    named = {part.attr if isinstance(part, ast.Attribute) else getattr(part, "id", "") for part in parts}
    return "backend" in named and any(isinstance(op, ast.Eq | ast.NotEq | ast.Is) for op in node.ops)


def test_only_what_is_no_special_case_names_a_backend():
    found = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in backends.NAMES
    }
    assert found == set(WORDS)


def test_only_what_is_no_special_case_compares_a_backend():
    found = {name for name, tree in trees() for node in ast.walk(tree) if compares_a_backend(node)}
    assert found == set(COMPARISONS)


def test_a_backend_has_the_name_it_is_loaded_by_and_a_folder_of_its_own():
    assert [backends.load(name).name for name in backends.NAMES] == list(backends.NAMES)
    assert list(backends.folders().values()) == list(backends.NAMES)
    assert {backends.DEFAULT, backends.LOCKS_ALL, backends.IMAGES} <= set(backends.NAMES)


def test_the_command_line_offers_them_all():
    assert [choice.value for choice in Choice] == list(backends.NAMES)


@pytest.mark.parametrize("name", ["", "os", "backend", "../pip"])
def test_what_is_no_backend_is_not_imported(name):
    with pytest.raises(Refused, match=r"unknown backend .*; known: pip, conda, container"):
        backends.load(name)


def test_each_says_which_locks_it_is_made_from():
    source = find("xgboost-cpu", [ROOT])
    made_from = {name: backends.load(name).locks(source) for name in backends.NAMES}
    both = [source.lock, source.conda_lock]
    assert made_from == {"pip": [source.lock], "conda": both, "container": [source.lock]}


@pytest.mark.parametrize("name", ["pip", "conda"])
def test_a_process_in_files_is_started_as_it_is(name, tmp_path):
    process = Process(command=["python", "-V"], variables={"A": "b"}, readable=[], writable=tmp_path)
    manifest = Manifest(name="e", lock="", python="", digest="", packages={}, files={}, backend=name)
    started = backends.load(name).command(tmp_path, manifest, process)
    assert started == (["python", "-V"], {"A": "b"})


def test_environments_are_used_without_the_extra_that_builds_them(tmp_path):
    """A node that only trains in an environment from conda need not have the extra."""
    code = """
import sys
for name in ("conda_lock", "conda_package_streaming", "rattler", "cyclonedx"):
    sys.modules[name] = None
from samebits.environments import backends
from samebits.environments.manifest import Manifest
for name in backends.NAMES:
    files = {"lib/a": "sha256:0"}
    manifest = Manifest(name="e", lock="", python="3.11.7", digest="", packages={}, files=files, backend=name)
    backends.load(name).digest(manifest)
    backends.load(name).locks
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
