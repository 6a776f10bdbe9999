# The measured jobs: a spec, and independent runs of it.


rule spec:
    input:
        recipe=lambda wildcards: LAYOUT.recipe(wildcards.model),
        data=lambda wildcards: LAYOUT.data(wildcards.model),
        environment=lambda wildcards: LAYOUT.environment(wildcards.model),
        library=LAYOUT.library,
    output:
        spec=f"{LAYOUT.results}/{{model}}/spec.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/spec.txt",
    params:
        model=lambda wildcards: LAYOUT.models[wildcards.model].model_dump_json(),
        data=lambda wildcards, input: str(Path(input.data).parent),
        environment=lambda wildcards, input: str(Path(input.environment).parent),
    shell:
        "samebits spec {wildcards.model:q} --model {params.model:q} --recipe {input.recipe:q}"
        " --data {params.data:q} --environment {params.environment:q} --output {output.spec:q}"
        " > {log:q} 2>&1"


# An interrupted run goes on from its last checkpoint: checkpoints/ and the unfinished ledger are no outputs,
# which Snakemake would delete. Nor is the folder model/, into which it would write a file of its own.
rule train:
    input:
        spec=rules.spec.output.spec,
        recipe=rules.spec.input.recipe,
        data=rules.spec.input.data,
        environment=rules.spec.input.environment,
        library=rules.spec.input.library,
    output:
        ledger=f"{LAYOUT.results}/{{model}}/run-{{run}}/ledger.jsonl",
        fingerprint=f"{LAYOUT.results}/{{model}}/run-{{run}}/fingerprint.json",
        predictions=f"{LAYOUT.results}/{{model}}/run-{{run}}/predictions.safetensors",
    log:
        f"{LAYOUT.results}/{{model}}/run-{{run}}/log.txt",
    # a retry could hide what a rerun is to show
    retries: 0
    # only for scheduling; what computes is the spec's
    threads: lambda wildcards: LAYOUT.models[wildcards.model].threads
    resources:
        gpu=lambda wildcards: int(LAYOUT.models[wildcards.model].device == "cuda"),
    params:
        data=rules.spec.params.data,
        environment=rules.spec.params.environment,
        folder=lambda wildcards, output: str(Path(output.ledger).parent),
    message:
        "training {wildcards.model}, run {wildcards.run}"
    shell:
        "samebits train {params.folder:q} --spec {input.spec:q} --recipe {input.recipe:q} --data {params.data:q}"
        " --environment {params.environment:q} --library {input.library:q} 2>&1 | tee {log:q}"
