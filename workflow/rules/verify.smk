# Verdicts. Comparing always leaves its verdict; a difference fails the rule after it, so that Snakemake
# keeps the evidence instead of deleting the output of a failed job.


rule compare:
    input:
        ledgers=lambda wildcards: [
            f"{run}/ledger.jsonl" for run in LAYOUT.runs(wildcards.model)
        ],
    output:
        verdict=f"{LAYOUT.results}/{{model}}/verdict.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/compare.txt",
    params:
        runs=lambda wildcards: LAYOUT.runs(wildcards.model),
    message:
        "comparing the runs of {wildcards.model}"
    shell:
        "samebits compare {params.runs:q} --output {output.verdict:q} > {log:q} 2>&1"


rule verify:
    input:
        verdict=rules.compare.output.verdict,
    output:
        verified=touch(f"{LAYOUT.results}/{{model}}/verified"),
    log:
        f"{LAYOUT.results}/{{model}}/log/verify.txt",
    message:
        "verdict on {wildcards.model}"
    shell:
        "samebits verify {input.verdict:q} 2>&1 | tee {log:q}"
