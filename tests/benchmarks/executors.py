"""What a job costs by each executor: 200 trivial jobs, two at a time, on the same cores."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from run import timed

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


def run() -> None:
    """Print the seconds a job by each executor; without SLURM those of the others."""
    import slurm

    seconds = {way: _measure(way) for way in ("local", "dask")}
    if problem := slurm.unavailable():
        print(f"executors: {problem}", flush=True)
    else:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, slurm.running(Path(folder)):
            seconds["slurm"] = _measure("slurm")
    for way, passed in seconds.items():
        beyond = (passed - seconds["local"]) / JOBS
        print(f"executor {way}: {passed / JOBS:.2f} s a job, {beyond:.2f} s more than local", flush=True)


def _measure(way: str) -> float:
    """Return how many seconds the jobs take."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Snakefile").write_text(SNAKEFILE)
        command = [sys.executable, "-m", "snakemake", "--scheduler", "greedy", "--quiet", *WAYS[way]]
        passed = timed(
            lambda: subprocess.run(
                command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        assert len(list((Path(folder) / "out").iterdir())) == JOBS
        shutil.rmtree(Path(folder) / ".snakemake")
    print(f"  {way}: {JOBS} jobs in {passed:.1f} s", flush=True)
    return passed
