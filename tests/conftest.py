"""What all tests share: the flag that renews golden files."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# receipts are signed with a key of the tests' own, and never with the user's
os.environ.setdefault("SAMEBITS_KEY", str(Path(__file__).parents[1] / ".samebits" / "test-signing-key.pem"))

# what the tests draw is written to a real disk, which takes the time it takes
settings.register_profile("samebits", deadline=None)
settings.load_profile("samebits")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--renew-goldens",
        action="store_true",
        help="write tests/goldens/ anew instead of comparing with it; read the diff before you commit it",
    )


@pytest.fixture
def renew_goldens(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be written; a bit that changes in them is a new version of a format."""
    return bool(request.config.getoption("--renew-goldens"))
