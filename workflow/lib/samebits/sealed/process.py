"""The measured process, ``python -sP -m samebits.sealed.process``, which the launcher starts.

It trains a spec into a run's folder, replays one segment of a run that is already there, or writes what a
run's model predicted from, for its package.
"""

import argparse
import secrets
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from samebits.sealed import adapter as adapters
from samebits.sealed import engine, fingerprint, inputs, ledger, seal
from samebits.sealed.adapter import Adapter
from samebits.sealed.data import load
from samebits.sealed.errors import Lost, Refused, explain
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.spec import Spec

#: how often a run goes on after it lost a worker, before it gives up
ATTEMPTS = 5


def main() -> int:
    """Run a measured process; the command line is the launcher's business, not the user's."""
    parser = argparse.ArgumentParser(prog="python -sP -m samebits.sealed.process", description=__doc__)
    for name in ("spec", "recipe", "data", "folder"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--execution", type=Execution.parse, default=Execution())
    parser.add_argument("--replay", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--segment", type=int)
    parser.add_argument("--inputs", type=Path, metavar="RUN", help="the run's folder")
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--conclude", action="store_true")
    arguments = parser.parse_args()
    try:
        return _measure(arguments)
    except Refused as refused:
        return _fail(str(refused))
    except OSError as error:
        if (message := explain(error, arguments.folder)) is None:
            raise
        return _fail(message)


def _measure(arguments: argparse.Namespace) -> int:
    spec = Spec.read(arguments.spec)
    seal.check(spec)
    recipe = Recipe(arguments.recipe, spec)
    data = load(arguments.data, spec.data_digest)
    seed = secrets.randbits(63) if spec.tier == "unseeded" else spec.seed

    def make() -> Adapter:
        return adapters.load(spec.framework)(spec, seed, recipe, data, arguments.execution)

    name = f"{spec.model}, {arguments.folder.name}"

    def report(line: str) -> None:
        print(f"{name}: {line}", flush=True)

    def work(adapter: Adapter) -> None:
        if arguments.inputs:
            inputs.write(adapter, spec, arguments.inputs, arguments.folder)
            return
        own_fingerprint = fingerprint.take(spec, adapter.fingerprint())
        if arguments.replay:
            segment = engine.Segment(arguments.segment, arguments.start, arguments.conclude)
            engine.replay(adapter, spec, own_fingerprint, arguments.replay, segment, arguments.folder, report)
        else:
            engine.run(adapter, spec, own_fingerprint, arguments.folder, report)
            ledger.keep(arguments.folder)

    try:
        _persist(make, work, report)
    except (Refused, OSError):
        raise
    except Exception as error:
        if (place := recipe.place(error)) is None:
            raise
        traceback.print_exception(error)
        return _fail(f"model {spec.model}: the recipe fails at {place}: {type(error).__name__}: {error}")
    shutil.rmtree(arguments.folder / "scratch", ignore_errors=True)
    return 0


def _persist(make: Callable[[], Adapter], work: Callable[[Adapter], None], report: engine.Report) -> None:
    """Do the work with a fresh adapter after each loss of a worker; the engine goes on where it stood.

    Raises:
        Refused: workers were lost ``ATTEMPTS`` times.
    """
    for attempt in range(1, ATTEMPTS + 1):
        adapter = make()
        try:
            return work(adapter)
        except Lost as lost:
            if attempt == ATTEMPTS:
                raise Refused(
                    f"{lost}, for the {attempt}th time; see why (memory, time limits) and run the workflow "
                    "again, it goes on from the last checkpoint"
                ) from None
            report(f"{lost}; going on from the last checkpoint")
        finally:
            adapter.close()


def _fail(message: str) -> int:
    print(f"samebits: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
