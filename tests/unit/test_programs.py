"""What tests need of the system: asked for in one place, and skipped or failed as it is to be."""

import re
from pathlib import Path

import pytest

import families
import programs

TESTS = Path(__file__).parents[1]


def test_what_is_missing_skips_a_test_with_its_name_and_debians(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("SAMEBITS_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"sinfo, runc \(Debian: runc, slurm-client\)"):
        programs.need("sinfo", "runc")
    with pytest.raises(pytest.skip.Exception, match="chromium"):
        programs.need_browser()


def test_where_nothing_may_be_missing_it_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("SAMEBITS_REQUIRE", "1")
    with pytest.raises(pytest.fail.Exception, match="not installed: runc"):
        programs.need("runc")


def test_what_is_there_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "google-chrome").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.need_browser() == str(tmp_path / "google-chrome")
    assert programs.need("google-chrome") == [str(tmp_path / "google-chrome")]


def test_no_other_file_looks_for_programs() -> None:
    found = [
        path for path in TESTS.rglob("*.py") if re.search(r"\bwhich\(|SAMEBITS_REQUIRE", path.read_text())
    ]
    known = {"programs.py", Path(__file__).name, "conftest.py"}  # of those with GPUs, which ask for a driver
    assert {path.name for path in found} == known


def test_without_the_variable_one_of_a_family_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "ALL", False)
    first, second = families.some([("a", 1), ("b", 2)])
    assert first == ("a", 1)
    assert (second.values, [mark.name for mark in second.marks]) == (("b", 2), ["more"])
    assert families.chosen("abc", "b") == ["b"]
    assert families.thinned(range(9), 4) == range(0, 9, 4)
    monkeypatch.setattr(families, "ALL", True)
    assert families.chosen("abc", "b") == ["a", "b", "c"]
    assert families.thinned(range(9), 4) == range(9)
