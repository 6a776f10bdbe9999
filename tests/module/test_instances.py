"""Several instances side by side, each with its own config and prefix, and one cache."""

import pytest

import samebits
from downstream import ROOT

#: appended to the pipeline: a second instance, begun after the first took the package's name
PETALS = """

module petals:
    snakefile:
        samebits.snakefile()
    config:
        config["petals"]
    prefix:
        "petals"


use rule * from petals as petals_*
"""

CONFIG = """
petals:
  models:
    width:
      framework: xgboost
      recipe: recipes/width.py:Width
      data: named
      steps: 4
      verify: {mode: replay, segments: 2}
  data:
    named: {path: data/named.csv}
"""

RECIPE = '''"""The width of a petal, by the other sizes."""

from xgboost import DMatrix


class Width:
    params = {"max_depth": 2, "subsample": 0.5}

    @staticmethod
    def datasets(data):
        table = data["named"]
        sizes, width = table[:, :3], table[:, 3]
        return {"train": DMatrix(sizes[::2], width[::2]), "test": DMatrix(sizes[1::2], width[1::2])}

    @staticmethod
    def metrics(predictions, test):
        return {"error": abs(predictions - test.get_label()).mean()}
'''


@pytest.fixture
def two(pipeline):
    pipeline.append("workflow/Snakefile", PETALS)
    pipeline.append("config/config.yaml", CONFIG)
    pipeline.write("recipes/width.py", RECIPE)
    return pipeline


def test_two_instances_run_beside_each_other(two):
    targets = ["trained/results/species/linted", "petals_all"]
    output = two.run(*targets)
    assert "width: a run of 4 steps and the replays of its 2 segments are identical" in output
    assert two.jobs(*targets) == {}
    assert set(two.read("*/results/*/lint*")) == {
        f"{place}/{name}"
        for place in ("trained/results/species", "petals/results/width")
        for name in ("linted", "lint.sarif")
    }
    assert len(two.read(".samebits/data/named-*/data.json")) == 1
    assert not (two.folder / "results").exists()  # which is the pipeline's own


def test_what_instances_share_is_made_once(two):
    config = ["samebits={cache: empty}", "petals={cache: empty}"]
    jobs = two.jobs("samebits_all", "petals_all", "--config", *config)
    for shared in ("environment", "library", "data"):
        assert [jobs.get(f"{instance}_{shared}") for instance in ("samebits", "petals")] == [1, None]
    # for its own results each instance has rules of its own
    assert [jobs[f"{instance}_spec"] for instance in ("samebits", "petals")] == [1, 1]


def test_a_module_alone_makes_what_the_workflow_makes(pipeline):
    text = (pipeline.folder / "workflow/Snakefile").read_text()
    imported = text.partition("module samebits:")[2].partition("rule prepare:")[0]
    pipeline.write("data.csv", "")
    pipeline.write(
        "workflow/Snakefile", f'import samebits\nconfigfile: "config/config.yaml"\nmodule samebits:{imported}'
    )
    pipeline.edit("config/config.yaml", ("data/named.csv", "data.csv"))
    assert pipeline.jobs()["samebits_all"] == 1


def test_a_mistake_names_the_instance(two):
    two.edit("config/config.yaml", ("steps: 4", "steps: 4\n      tier: determinstic"))
    assert two.refusal() == (
        "module petals: config: models.width.tier: 'determinstic' is none of unseeded, seeded, "
        "deterministic, portable; did you mean 'deterministic'?"
    )


def test_an_instance_reads_no_config_but_its_own(pipeline):
    pipeline.edit("workflow/Snakefile", ('    config:\n        config["samebits"]\n', ""))
    pipeline.edit("config/config.yaml", ("samebits:\n  models:", "models:"), ("  data:\n", "data:\n"))
    assert pipeline.refusal() == "module samebits: config: models: this key is missing; add it"


def test_data_that_nothing_makes_is_refused_by_name(pipeline):
    pipeline.edit("config/config.yaml", ("data/named.csv", "data/nmaed.csv"))
    process = pipeline.start("--dry-run")
    assert process.returncode == 1
    assert "Missing input files for rule samebits_data" in process.stdout
    assert "data/nmaed.csv" in process.stdout


def test_rules_of_another_version_are_refused(pipeline):
    pipeline.copy_rules()
    pipeline.edit(
        "other/rules/common.smk",
        (f'!= "{samebits.__version__}"', '!= "0.0.9"'),
        (f"these rules are samebits {samebits.__version__}", "these rules are samebits 0.0.9"),
    )
    pipeline.edit("workflow/Snakefile", ("samebits.snakefile()", '"../other/Snakefile"'))
    said = f"these rules are samebits 0.0.9, but {samebits.__version__} is installed beside Snakemake"
    assert said in pipeline.refusal()


def test_locks_are_made_by_the_instances_rule(pipeline):
    (pipeline.folder / "envs/mine").mkdir(parents=True)
    pipeline.write("envs/mine/environment.yaml", (ROOT / "envs/xgboost-cpu/environment.yaml").read_text())
    pipeline.edit("config/config.yaml", ("framework: xgboost", "framework: xgboost\n      environment: mine"))
    assert "module samebits: config: models.species.environment: " in pipeline.refusal()
    assert pipeline.jobs("samebits_lock") == {"samebits_lock": 1}
