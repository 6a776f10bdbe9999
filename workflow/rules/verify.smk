# Verdicts: from independent runs, or from one run and the replays of its segments. Comparing always leaves its
# verdict; a difference fails the rule after it, so that Snakemake keeps the evidence instead of deleting the
# output of a failed job.


# The segments are drawn when the run is finished, so what is replayed is not known before.
checkpoint sample:
    input:
        ledger=f"{LAYOUT.results}/{{model}}/run-1/ledger.jsonl",
    output:
        sample=f"{LAYOUT.results}/{{model}}/replay/sample.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/sample.txt",
    localrule: True
    params:
        share=lambda wildcards: LAYOUT.models[wildcards.model].verify.sample,
    message:
        "drawing the segments of {wildcards.model} that are replayed"
    shell:
        "samebits sample {input.ledger:q} --share {params.share} --output {output.sample:q} > {log:q} 2>&1"


rule replay:
    input:
        unpack(trained_from),
        spec=rules.spec.output.spec,
        run=rules.sample.input.ledger,
        sample=rules.sample.output.sample,
    output:
        ledger=f"{LAYOUT.results}/{{model}}/replay/segment-{{segment}}/ledger.jsonl",
        fingerprint=f"{LAYOUT.results}/{{model}}/replay/segment-{{segment}}/fingerprint.json",
    log:
        f"{LAYOUT.results}/{{model}}/replay/segment-{{segment}}/log.txt",
    benchmark:
        f"{LAYOUT.results}/{{model}}/replay/segment-{{segment}}/benchmark.jsonl"
    threads: lambda wildcards: LAYOUT.cores(wildcards.model, virtual=True)
    resources:
        gpu=lambda wildcards: LAYOUT.gpus(wildcards.model, virtual=True),
    params:
        execution=lambda wildcards, threads: LAYOUT.execution(
            wildcards.model, virtual=True
        ),
    message:
        "replaying {wildcards.model}, segment {wildcards.segment}"
    shell:
        "samebits replay --spec {input.spec:q} --recipe {input.recipe:q} --data {input.data:q}"
        " --environment {input.environment:q} --library {input.library:q} --run {input.run:q}"
        " --sample {input.sample:q} --segment {wildcards.segment} --ledger {output.ledger:q}"
        " --execution {params.execution:q} 2>&1 | tee {log:q}"


rule compare:
    input:
        runs=runs_of,
        sample=sample_of,
        replays=replays_of,
    output:
        verdict=f"{LAYOUT.results}/{{model}}/verdict.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/compare.txt",
    params:
        what=lambda wildcards, input: comparison(input.runs, input.sample),
    message:
        "comparing the runs of {wildcards.model}"
    shell:
        "samebits compare {params.what:q} --output {output.verdict:q} > {log:q} 2>&1"


rule verify:
    input:
        verdict=rules.compare.output.verdict,
    output:
        verified=touch(f"{LAYOUT.results}/{{model}}/verified"),
    log:
        f"{LAYOUT.results}/{{model}}/log/verify.txt",
    localrule: True
    message:
        "verdict on {wildcards.model}"
    shell:
        "samebits verify {input.verdict:q} 2>&1 | tee {log:q}"
