"""A dry run of 2,000 models against Snakemake alone on as many bare jobs of the same dependencies."""

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from run import pairs, tell, timed

MODELS = 2000

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
    """Print the ratio; both make the same graph of jobs."""
    print(f"dry-run: {MODELS} models, {7 * MODELS + 5} jobs", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = Path(folder) / "bare", Path(folder) / "ours"
        bare.mkdir()
        (bare / "Snakefile").write_text(f"COUNT = {MODELS}\n{BARE}")
        (ours / "config").mkdir(parents=True)
        model = {
            "framework": "xgboost",
            "recipe": "config/recipes/cancer_trees.py:CancerTrees",
            "data": "sklearn:breast_cancer",
            "steps": 10,
        }
        models = {f"m{i}": {**model, "seed": i} for i in range(MODELS)}
        (ours / "config" / "config.yaml").write_text(yaml.safe_dump({"models": models}))
        options = ["--dry-run", "--quiet", "all", "--cores", "2", "--scheduler", "greedy"]

        def call(command: list[str], where: Path) -> float:
            return timed(lambda: subprocess.run(command, cwd=where, check=True, capture_output=True))

        figures = pairs(
            lambda: call([sys.executable, "-m", "samebits", "run", *options], ours),
            lambda: call([sys.executable, "-m", "snakemake", *options], bare),
            3,
        )
    tell(f"dry run of {MODELS} models, ours and bare jobs", figures, 1.5)
