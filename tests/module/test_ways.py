"""The pipeline gets samebits in four ways, runs twice in each, and all of its runs are equal."""

import json
import subprocess

import pytest

import programs
from downstream import ROOT
from families import some

WAYS = {
    "installed": lambda repository: "samebits.snakefile()",
    "path": lambda repository: f'"{repository}/workflow/Snakefile"',
    "git": lambda repository: f'"git+file://{repository}/workflow/Snakefile@v0.1.0"',
    "github": lambda repository: 'github("example/samebits", path="workflow/Snakefile", tag="v0.1.0")',
}

#: of the first run of all; every other is held against it
EQUAL = {}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The workflow's files in a repository with a tag, and nothing else of samebits."""
    programs.need("git")
    folder = tmp_path_factory.mktemp("repository")
    (folder / "workflow").mkdir()
    subprocess.run(
        ["cp", "-r", "workflow/Snakefile", "workflow/rules", folder / "workflow"], cwd=ROOT, check=True
    )
    author = ["-c", "user.name=author", "-c", "user.email=author@example.org"]
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        [*author, "commit", "--quiet", "-m", "0.1.0"],
        ["tag", "v0.1.0"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("way", some(WAYS, "installed", "git"))
def test_the_pipeline_runs_twice_with_equal_results(way, pipelines, repository):
    for time in ("once", "twice"):
        pipeline = pipelines(time)
        pipeline.edit("workflow/Snakefile", ("samebits.snakefile()", WAYS[way](repository)))
        if way == "github":
            clones = (
                pipeline.folder
                / "xdg/snakemake/snakemake/source-cache/snakemake-git-cache/github.com/example"
            )
            subprocess.run(["git", "clone", "--quiet", "--bare", repository, clones / "samebits"], check=True)
        output = pipeline.run()
        assert "species: 2 runs of 10 steps are identical" in output
        found = {}
        for pattern in (
            "trained/results/*/run-?/ledger.jsonl",
            "trained/results/*/verdict.json",
            "results/**/*.*",
        ):
            found |= pipeline.read(pattern)
        assert len(found) == 5
        assert (
            found["trained/results/species/run-1/ledger.jsonl"]
            == found["trained/results/species/run-2/ledger.jsonl"]
        )
        assert found["results/predictions/species.csv"].count(b",0x") == 25
        assert found == EQUAL.setdefault("found", found)
        assert pipeline.jobs("--quiet") == {}


def test_nothing_is_predicted_by_a_model_whose_runs_differ(pipeline):
    pipeline.edit("config/config.yaml", ("data: named", "data: named\n      tier: unseeded"))
    process = pipeline.start()
    assert process.returncode == 1
    assert "species: different: run-1 and run-2 part at" in process.stdout
    verdict = json.loads((pipeline.folder / "trained/results/species/verdict.json").read_text())
    assert verdict["verdict"] == "different"
    assert not (pipeline.folder / "trained/results/species/verified").exists()
    assert not (pipeline.folder / "results").exists()
