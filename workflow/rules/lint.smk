# What would make a recipe irreproducible, found before it is trained. Linting always leaves its findings; an
# error among them fails the rule after it, so that Snakemake keeps the evidence.
#
# Nothing may make this rule run again that does not make training run again: Snakemake 9.27 passes over all that is
# missing downstream of a job that is run again, if it is reached through ancient() alone (dag.py, update_needrun).


rule lint:
    input:
        recipe=lambda wildcards: LAYOUT.inputs(wildcards.model)["recipe"],
        lock=lambda wildcards: LAYOUT.locks(LAYOUT.models[wildcards.model].environment),
    output:
        sarif=f"{LAYOUT.results}/{{model}}/lint.sarif",
    log:
        f"{LAYOUT.results}/{{model}}/log/lint.txt",
    localrule: True
    params:
        device=lambda wildcards: LAYOUT.models[wildcards.model].device,
        tier=lambda wildcards: LAYOUT.models[wildcards.model].tier,
    message:
        "linting the recipe of {wildcards.model}"
    shell:
        "samebits lint {input.recipe:q} --sealed --isolated --no-cache --device {params.device:q}"
        " --tier {params.tier:q} --lock {input.lock:q} --relative-to . --format sarif"
        " --fail-on never --output {output.sarif:q} 2>&1 | tee {log:q}"


rule linted:
    input:
        sarif=rules.lint.output.sarif,
    output:
        linted=touch(f"{LAYOUT.results}/{{model}}/linted"),
    log:
        f"{LAYOUT.results}/{{model}}/log/linted.txt",
    localrule: True
    message:
        "findings in the recipe of {wildcards.model}"
    shell:
        "samebits linted {input.sarif:q} 2>&1 | tee {log:q}"
