"""What grows with models and steps: ledgers, the report, a job's start among many, leases of GPUs.

All seconds are those of one core, which a busy machine makes no longer.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from run import timed
from samebits.sealed import gpus, ledger

GOLDEN = Path(__file__).parents[1] / "goldens" / "run-1"

STEPS = (100_000, 1_000_000)
MODELS = (100, 1000)
CONFIGS = (10, 300, 2000, 10_000)
DEVICES = 8


def run() -> None:
    """Print the figures."""
    for part in (_ledgers, _reports, _starts, _leases):
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))


def _ledgers(folder: Path) -> None:
    for steps in STEPS:
        run = folder / f"{steps}" / "run-1"
        seconds = _computed(lambda run=run, steps=steps: _run_of(run, steps))
        shutil.copytree(run, run.with_name("run-2"))
        size = (run / ledger.FINISHED).stat().st_size
        print(f"ledger: {steps} steps, {size / 1e6:.1f} MB, written in {seconds:.1f} s", flush=True)
        computed, peak = _call("compare", run, run.with_name("run-2"))
        print(f"ledger: two of {steps} steps compared in {computed:.1f} s, {peak:.0f} MiB", flush=True)


def _reports(folder: Path) -> None:
    one = folder / "one"
    for name in ("run-1", "run-2"):
        _run_of(one / name, 400)
        (one / name / "timing.jsonl").write_text("")
    _call("compare", one / "run-1", one / "run-2", "--output", one / "verdict.json")
    for count in MODELS:
        results = folder / f"{count}"
        results.mkdir()
        names = [f"m{number}" for number in range(count)]
        for name in names:
            (results / name).symlink_to(one)
        page = folder / f"{count}.html"
        computed, peak = _call("report", results, *names, "--output", page)
        size = page.stat().st_size / 1e6
        print(
            f"report: {count} models of 400 steps, {size:.1f} MB, {computed:.1f} s, {peak:.0f} MiB",
            flush=True,
        )


def _starts(folder: Path) -> None:
    """Print what finding one job among those of many models takes, as each job on a cluster does."""
    model = {
        "framework": "xgboost",
        "recipe": "config/recipes/cancer_trees.py:CancerTrees",
        "data": "sklearn:breast_cancer",
        "steps": 10,
    }
    for count in CONFIGS:
        where = folder / f"{count}"
        (where / "config").mkdir(parents=True)
        config = {"models": {f"m{number}": model for number in range(count)}}
        (where / "config" / "config.yaml").write_text(yaml.safe_dump(config))
        options = ["--dry-run", "--quiet", "all", "--cores", "1", "--scheduler", "greedy"]
        computed, peak = _call("run", *options, "results/m0/run-1/ledger.jsonl", where=where)
        print(f"start: one job among {count} models, {computed:.1f} s, {peak:.0f} MiB", flush=True)


def _leases(folder: Path) -> None:
    lines = "\\n".join(f"GPU-{number}, a GPU, 1.0" for number in range(DEVICES))
    driver = folder / "nvidia-smi"
    driver.write_text(f"#!/bin/sh\nprintf '{lines}\\n'\n")
    driver.chmod(0o755)
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    seconds = timed(lambda: gpus.lease("m", DEVICES, folder / "locks"))
    what = "with an nvidia-smi that answers at once"
    print(f"lease: {DEVICES} free GPUs in {1000 * seconds:.0f} ms, {what}", flush=True)


def _computed(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def _run_of(folder: Path, steps: int) -> None:
    """Write a run like the golden one, but of as many steps."""
    shutil.copytree(GOLDEN, folder)
    fingerprint = json.loads((folder / "fingerprint.json").read_text())
    fingerprint["cpu"].setdefault("isa", "any")
    (folder / "fingerprint.json").write_text(json.dumps(fingerprint))
    records = [json.loads(line) for line in ledger.lines(folder / ledger.FINISHED)]
    kept = [record for record in records if record["kind"] != "step"]
    inputs = next(record["inputs"] for record in records if record["kind"] == "step")
    (folder / ledger.FINISHED).unlink()
    writer = ledger.Writer(folder)
    for record in kept[:-1]:
        if record is kept[2]:  # after the first checkpoint
            for step in range(1, steps + 1):
                writer.step(step, 1 / step, inputs)
        writer.append(**{key: value for key, value in record.items() if key != "prev"})
    writer.finish()


def _call(*arguments: object, where: Path | None = None) -> tuple[float, float]:
    """Run samebits and return the seconds that it computes and its peak of memory in MiB."""
    command = [sys.executable, "-m", "samebits", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=where, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"samebits {arguments[0]} failed"
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
