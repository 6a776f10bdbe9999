"""Evidence of earlier releases stays good: a receipt or package that was kept verifies with this version.

``goldens/keep_release.py`` keeps what a release makes; none of that is ever renewed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from independent_reader import check as check_independently
from samebits.proof import verdict
from samebits.proof.compare import compare, compare_replays
from samebits.receipt import Different, PublicKey
from samebits.receipt.check import check
from samebits.report.page import write as write_report
from samebits.sealed import ledger
from samebits.sealed.errors import Refused
from samebits.tracking.gather import gather

RELEASES = sorted((Path(__file__).parents[1] / "goldens" / "releases").iterdir())


def kept(pattern):
    """Return what matches a pattern in the folders of all releases, under names for the tests."""
    found = [path for release in RELEASES for path in sorted(release.glob(pattern))]
    assert found, pattern
    return pytest.mark.parametrize("path", found, ids=lambda p: str(p.relative_to(RELEASES[0].parent)))


def release(path):
    return next(folder for folder in RELEASES if folder in path.parents)


def trusted(path):
    return [PublicKey.read(release(path) / "key.pub.pem")]


@kept("*/receipt.dsse.json")
def test_a_folder_of_results_and_its_receipt_alone_verify(path):
    for each in (path.parent, path, path.with_name("receipt.intoto.json")):
        assert "identical" in check(each, trusted(path)).what


@kept("*/dist/*.[wc]*")
def test_a_package_verifies(path):
    assert "identical" in check(path, trusted(path)).what


@kept("*/dist/*.[wc]*")
def test_a_package_of_which_a_byte_changed_does_not(path, tmp_path):
    changed = tmp_path / path.name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    with pytest.raises((Different, Refused)):
        check(changed, trusted(path))


@kept("*/receipt.dsse.json")
def test_results_of_which_a_byte_changed_do_not(path, tmp_path):
    folder = shutil.copytree(path.parent, tmp_path / path.parent.name)
    model = next((folder / "run-1" / "model").iterdir())
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    with pytest.raises(Different):
        check(folder, trusted(path))


@kept("*/verdict.json")
def test_the_runs_are_compared_with_the_same_verdict(path):
    sample = path.parent / "replay" / "sample.json"
    runs = sorted(path.parent.glob("run-*"))
    again = compare_replays(runs[0], sample) if sample.exists() else compare(runs)
    assert verdict.encode(again) == path.read_bytes()
    assert verdict.read(path) == again


@kept("*/run-*/ledger.jsonl")
def test_a_ledger_is_read_here_and_by_a_reader_that_knows_nothing_of_samebits(path):
    assert ledger.read(path)[-1].kind == "end"
    assert check_independently(path.parent) == ledger.head(path)


@pytest.mark.parametrize("folder", RELEASES, ids=lambda folder: folder.name)
def test_results_are_reported_and_tracked(folder, tmp_path):
    models = sorted(path.parent.name for path in folder.glob("*/verdict.json"))
    write_report(folder, models, tmp_path / "report.html")
    assert all(model in (tmp_path / "report.html").read_text() for model in models)
    for model in models:
        assert gather(folder / model).entries


@kept("*/receipt.dsse.json")
def test_a_replay_says_which_version_is_needed(path):
    command = [Path(sys.executable).with_name("samebits"), "verify", path.parent, "--replay", "--allow-code"]
    done = subprocess.run([*command, "--key", release(path) / "key.pub.pem"], capture_output=True, text=True)
    assert done.returncode == 3
    assert f"was trained by samebits {release(path).name}" in done.stderr
    assert "install that version" in done.stderr
