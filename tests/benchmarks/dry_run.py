"""Dry runs of many models against Snakemake alone on as many bare jobs of the same dependencies."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from run import pairs, tell

#: models -> how often both are measured
MODELS = {2000: 3, 10_000: 1}

BARE = """
MODELS = [f"m{i}" for i in range(COUNT)]

rule all:
    input: [f"results/{m}/verified" for m in MODELS], "results/report"

rule environment:
    output: "cache/env"
    shell: "touch {output}"

rule library:
    output: "cache/library"
    shell: "touch {output}"

rule data:
    output: "cache/data"
    shell: "touch {output}"

rule spec:
    input: "cache/env", "cache/library", "cache/data"
    output: "results/{m}/spec"
    shell: "touch {output}"

rule lint:
    output: "results/{m}/lint"
    shell: "touch {output}"

rule linted:
    input: "results/{m}/lint"
    output: "results/{m}/linted"
    shell: "touch {output}"

rule train:
    input: "results/{m}/spec", "results/{m}/linted", "cache/env", "cache/library", "cache/data"
    output: "results/{m}/run-{i}"
    shell: "touch {output}"

rule compare:
    input: "results/{m}/run-1", "results/{m}/run-2"
    output: "results/{m}/verdict"
    shell: "touch {output}"

rule verify:
    input: "results/{m}/verdict"
    output: "results/{m}/verified"
    shell: "touch {output}"

rule report:
    input: [f"results/{m}/verdict" for m in MODELS]
    output: "results/report"
    shell: "touch {output}"
"""


def run() -> None:
    """Print the ratios of processor time, and the peaks of memory; both make the same graph of jobs."""
    for count, times in MODELS.items():
        _measure(count, times)


def _measure(count: int, times: int) -> None:
    print(f"dry-run: {count} models, {7 * count + 5} jobs", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = Path(folder) / "bare", Path(folder) / "ours"
        bare.mkdir()
        (bare / "Snakefile").write_text(f"COUNT = {count}\n{BARE}")
        (ours / "config").mkdir(parents=True)
        model = {
            "framework": "xgboost",
            "recipe": "config/recipes/cancer_trees.py:CancerTrees",
            "data": "sklearn:breast_cancer",
            "steps": 10,
        }
        models = {f"m{i}": {**model, "seed": i} for i in range(count)}
        (ours / "config" / "config.yaml").write_text(yaml.safe_dump({"models": models}))
        options = ["--dry-run", "--quiet", "all", "--cores", "2", "--scheduler", "greedy"]
        peaks = dict.fromkeys((ours, bare), 0.0)

        def call(command: list[str], where: Path) -> float:
            process = subprocess.Popen(command, cwd=where, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, f"{command[2]} failed"
            peaks[where] = max(peaks[where], usage.ru_maxrss / 1024)
            return usage.ru_utime + usage.ru_stime

        figures = pairs(
            lambda: call([sys.executable, "-m", "samebits", "run", *options], ours),
            lambda: call([sys.executable, "-m", "snakemake", *options], bare),
            times,
        )
    tell(f"dry run of {count} models, ours and bare jobs", figures, 1.5)
    print(f"dry run of {count} models: peaks of {peaks[ours]:.0f} and {peaks[bare]:.0f} MiB", flush=True)
