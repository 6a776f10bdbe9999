"""What all tests share: the flag that renews golden files, and which of the tests are run."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from families import ALL

# receipts are signed with a key of the tests' own, and never with the user's
os.environ.setdefault("SAMEBITS_KEY", str(Path(__file__).parents[1] / ".samebits" / "test-signing-key.pem"))

# what the tests draw is written to a real disk, which takes the time it takes
settings.register_profile("samebits", deadline=None, max_examples=100 if ALL else 20)
settings.load_profile("samebits")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-goldens",
        action="store_true",
        help="write tests/goldens/ anew instead of comparing with it; read the diff before you commit it",
    )
    parser.addoption("--write-passed", metavar="FILE", help="write the names of tests that pass into a file")
    parser.addoption("--without-passed", metavar="FILE", help="leave out the tests that such a file names")


class Passed:
    """Writes the names of the tests that pass."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("w")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            print(report.nodeid, file=self.file, flush=True)


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--write-passed")
    if path and not hasattr(config, "workerinput"):  # xdist's workers report to the process that started them
        config.pluginmanager.register(Passed(Path(path)))


@pytest.hookimpl(trylast=True)  # Hypothesis marks its tests in this hook
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    path = config.getoption("--without-passed")
    passed = set(Path(path).read_text().splitlines()) if path else set()
    left = [item for item in items if _left_out(item, passed)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


def _left_out(item: pytest.Item, passed: set[str]) -> bool:
    marks = {mark.name for mark in item.iter_markers()}
    return ("more" in marks and not ALL) or (item.nodeid in passed and not marks & {"grows", "hypothesis"})


@pytest.fixture
def renew_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be written; a bit that changes in them is a new version of a format."""
    return bool(request.config.getoption("--renew-goldens"))
