# The measured jobs: a spec, and independent runs of it.


rule spec:
    input:
        unpack(trained_from),
    output:
        spec=f"{LAYOUT.results}/{{model}}/spec.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/spec.txt",
    localrule: True
    params:
        model=lambda wildcards: LAYOUT.model_settings(wildcards.model),
    message:
        "resolving the spec of {wildcards.model}"
    shell:
        "samebits spec {wildcards.model:q} --model {params.model:q} --recipe {input.recipe:q}"
        " --data {input.data:q} --environment {input.environment:q} --output {output.spec:q}"
        " > {log:q} 2>&1"


# An interrupted run goes on from its last checkpoint: checkpoints/ and the unfinished ledger are no outputs,
# which Snakemake would delete. Nor is the folder model/, into which it would write a file of its own.
rule train:
    input:
        unpack(trained_from),
        spec=rules.spec.output.spec,
        # only whether it passed matters; what it read is among the inputs above
        linted=ancient(rules.linted.output.linted),
    output:
        ledger=f"{LAYOUT.results}/{{model}}/run-{{run}}/ledger.jsonl",
        fingerprint=f"{LAYOUT.results}/{{model}}/run-{{run}}/fingerprint.json",
        predictions=f"{LAYOUT.results}/{{model}}/run-{{run}}/predictions.safetensors",
    log:
        f"{LAYOUT.results}/{{model}}/run-{{run}}/log.txt",
    # processor time, memory and disk of the job, or of its last attempt
    benchmark:
        f"{LAYOUT.results}/{{model}}/run-{{run}}/benchmark.jsonl"
    # how often it is tried is the profile's: a job that a cluster lost goes on from its last checkpoint, and no
    # retry can hide a difference, since verdicts come from what all runs recorded
    # only for scheduling; what computes is the spec's
    threads: lambda wildcards: LAYOUT.cores(wildcards.model)
    resources:
        gpu=lambda wildcards: LAYOUT.gpus(wildcards.model),
    params:
        # a function of threads, too, is no reason for Snakemake to run a job again
        execution=lambda wildcards, threads: LAYOUT.execution(wildcards.model),
    message:
        "training {wildcards.model}, run {wildcards.run}"
    shell:
        "samebits train --spec {input.spec:q} --recipe {input.recipe:q} --data {input.data:q}"
        " --environment {input.environment:q} --library {input.library:q} --ledger {output.ledger:q}"
        " --execution {params.execution:q}"
        " 2>&1 | tee {log:q}"
