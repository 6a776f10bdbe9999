"""A pipeline takes only a part of samebits: it lints and verifies what a training rule of its own makes."""

IMPORTED = "use rule * from samebits as samebits_*\n"

PART = """use rule data, environment, library, lint, linted, spec, compare, verify from samebits as samebits_*


use rule train from samebits as fit with:
    input:
        unpack(samebits.trained_from),
        spec=rules.samebits_spec.output.spec,
        linted=rules.samebits_linted.output.linted,
        approved="approved",
    resources:
        mem_mb=500,
    message:
        "fitting {wildcards.model} within {resources.mem_mb} MB"


rule approve:
    output:
        touch("approved"),
"""


def test_lint_and_verify_of_a_training_rule_of_the_pipelines_own(pipeline):
    pipeline.edit("workflow/Snakefile", (IMPORTED, PART))
    target = "trained/results/species/verified"
    jobs = pipeline.jobs(target)
    assert {"samebits_lint", "samebits_verify", "approve"} <= set(jobs)
    assert jobs["fit"] == 2
    output = pipeline.run(target)
    assert "fitting species within 500 MB" in output
    assert "species: 2 runs of 10 steps are identical" in output
