"""What only some users need is installed with an extra; without it, the work is refused before it begins."""

from importlib.util import find_spec

from samebits.sealed.errors import Refused


def need(extra: str, *modules: str) -> None:
    """Make sure that the modules of an extra are there.

    Raises:
        Refused: one is not; the message says how to install it.
    """
    for module in modules:
        if find_spec(module) is None:
            raise Refused(f"{module} is not installed: run `pip install 'samebits[{extra}]'`")
