"""Measure what proving costs, and print the figures: `make bench`, or run.py NAME … for some of them.

Machines are noisy, so two ways to do a thing are run in turn, and their ratio is taken pair by pair. Nothing
is asserted here.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))


def pairs(ours: Callable[[], float], theirs: Callable[[], float], count: int) -> tuple[float, float, float]:
    """Run both in turn and return the medians of their seconds and of the ratios of the pairs."""
    measured = []
    for number in range(count):
        # every other pair the other way round, so that neither always comes second
        order = (ours, theirs) if number % 2 == 0 else (theirs, ours)
        seconds = {way: way() for way in order}
        measured.append((seconds[ours], seconds[theirs]))
        print(f"  {seconds[ours]:.2f} s and {seconds[theirs]:.2f} s", flush=True)
    ratios = [a / b for a, b in measured]
    return median(a for a, _ in measured), median(b for _, b in measured), median(ratios)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def tell(what: str, figures: tuple[float, float, float], goal: float | None = None) -> None:
    """Print a figure as docs/benchmarks.md quotes it."""
    ours, theirs, ratio = figures
    aim = "" if goal is None else f" (goal: at most {goal})"
    print(f"{what}: {ours:.2f} s and {theirs:.2f} s, ratio {ratio:.3f}{aim}", flush=True)


def main() -> None:
    """Run the benchmarks that are named, or all."""
    import checkpoints
    import digest
    import dry_run
    import environments
    import executors
    import recording
    import replay
    import scale
    import tiers

    known = {
        "recording": recording.run,
        "digest": digest.run,
        "dry-run": dry_run.run,
        "checkpoint": checkpoints.run,
        "replay": replay.run,
        "tiers": tiers.run,
        "environments": environments.run,
        "executors": executors.run,
        "scale": scale.run,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)}; all if none is given")
    names = parser.parse_args().names or list(known)
    if unknown := set(names) - set(known):
        parser.error(f"no benchmark {unknown.pop()!r}; there are {', '.join(known)}")
    for name in names:
        known[name]()


if __name__ == "__main__":
    main()
