"""What a job costs by each executor: 200 trivial jobs, two at a time, on the same cores."""

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "cluster"))

JOBS = 200

#: two threads each, so that two of them fill two nodes or workers of two cores
SNAKEFILE = f"""
rule all:
    input: expand("out/{{i}}", i=range({JOBS}))

rule job:
    output: "out/{{i}}"
    threads: 2
    shell: "touch {{output}}"
"""

#: SLURM is asked every second, as a test would and a site would not: its figure is the least there is
WAYS = {
    "local": ["--cores", "4"],
    "dask": ["--executor", "dask", "--jobs", "100", "--dask-workers", "2", "--dask-threads", "2"],
    "slurm": [
        *("--executor", "slurm", "--jobs", "100", "--slurm-no-account", "--slurm-status-command", "squeue"),
        *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
        *("--default-resources", "slurm_partition=main", "mem_mb=1000"),
    ],
}


_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def run() -> None:
    """Print what a job takes by each executor; without SLURM those of the others."""
    import slurm

    # daemons that lose their parents become ours, so that their processor time can be asked for
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    figures = {way: _measure(way) for way in ("local", "dask")}
    if problem := slurm.unavailable():
        print(f"executors: {problem}", flush=True)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            figures["slurm"] = _measure("slurm", slurm.running(Path(folder)))
    for way, figure in figures.items():
        passed, computed = (
            (mine - local) / JOBS for mine, local in zip(figure, figures["local"], strict=True)
        )
        print(
            f"executor {way}: {figure[0] / JOBS:.2f} s a job, {passed:.2f} s more than local; "
            f"{figure[1] / JOBS:.2f} s of a core, {computed:.2f} s more",
            flush=True,
        )


def _measure(way: str, around: AbstractContextManager[None] | None = None) -> tuple[float, float]:
    """Return the seconds that pass while the jobs run, and those that all processes compute."""
    before = os.times()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "Snakefile").write_text(SNAKEFILE)
        command = [sys.executable, "-m", "snakemake", "--scheduler", "greedy", "--quiet", *WAYS[way]]
        with around or contextlib.nullcontext():
            began = time.perf_counter()
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            passed = time.perf_counter() - began
        assert done.returncode == 0, done.stdout.decode()[-3000:]
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = os.times()
    computed = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"  {way}: {JOBS} jobs in {passed:.1f} s, {computed:.1f} s of a core", flush=True)
    return passed, computed
