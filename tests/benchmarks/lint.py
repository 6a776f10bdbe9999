"""Measure the linter and print the figures: `make bench-lint`.

Precision and recall on the labelled corpus; lines a second on the installed torch sources, without and with
what the cache holds, and of ruff and pylint on the same files. Nothing is asserted here.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
sys.path.insert(0, str(ROOT / "tests" / "lint"))


def corpus() -> None:
    """Print precision and recall."""
    import snippets

    loaded = snippets.load()
    right, wrong, missed, notes = snippets.score(loaded)
    print(*notes, sep="\n", end="\n" if notes else "")
    print(f"corpus: {len(loaded)} snippets, {right} findings right, {wrong} wrong, {missed} missed")
    precision, recall = right / (right + wrong), right / (right + missed)
    print(f"precision {precision:.3f}, recall {recall:.3f} (goal: at least 0.98 each)")


def speed() -> None:
    """Print lines a second."""
    found = sorted(ROOT.glob(".samebits/envs/pytorch-cpu-*/lib/python3.*/site-packages/torch"))
    if not found:
        print("speed: the environment pytorch-cpu is not built; make demo builds it")
        return
    torch = found[-1]
    lines = sum(path.read_bytes().count(b"\n") for path in torch.rglob("*.py"))
    with tempfile.TemporaryDirectory() as folder:
        ours = ["samebits", "lint", torch, "--isolated", "--fail-on", "never", "--output", f"{folder}/out"]
        cache = ["--cache-dir", f"{folder}/cache"]
        tell("samebits, first run", lines, run([*ours, *cache]))
        tell("samebits, second run", lines, run([*ours, *cache]))
        select = ["--isolated", "--no-cache", "--quiet", "--exit-zero", "--no-respect-gitignore"]
        tell("ruff, all rules", lines, run(["ruff", "check", torch, *select, "--select", "ALL"]))
        # all of torch would take pylint hours; one part of it says how fast it is
        part = torch / "nn" / "modules"
        some = sum(path.read_bytes().count(b"\n") for path in part.glob("*.py"))
        pylint = [
            "pylint",
            "--jobs",
            str(os.cpu_count()),
            "--exit-zero",
            "--output",
            f"{folder}/pylint",
            part,
        ]
        tell("pylint, on nn/modules", some, run(pylint))


def run(command: list[object]) -> tuple[float, float]:
    """Run a command of the environment and return the seconds that pass and that it computes."""
    before, began = os.times(), time.perf_counter()
    words = [str(BIN / str(command[0])), *map(str, command[1:])]
    subprocess.run(words, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    computed = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, computed


def tell(what: str, lines: int, seconds: tuple[float, float]) -> None:
    """Print one figure; on a busy machine the computed seconds say more."""
    passed, computed = seconds
    print(
        f"{what}: {lines} lines in {passed:.1f} s ({lines / passed:,.0f} a second), "
        f"{computed:.1f} s of one core ({lines / computed:,.0f} a second)",
        flush=True,
    )


if __name__ == "__main__":
    corpus()
    speed()
