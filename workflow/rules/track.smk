# What was recorded, written to MLflow: a view, which nothing else depends on. A store that is down fails no job. It
# leaves models pending, and the number of failed attempts, a parameter, makes Snakemake try again next time.


rule track:
    input:
        verdict=rules.compare.output.verdict,
    output:
        tracked=f"{LAYOUT.results}/{{model}}/tracked.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/track.txt",
    # after all that trains and compares
    priority: -1
    localrule: True
    params:
        model=lambda wildcards, input: str(Path(input.verdict).parent),
        place=LAYOUT.tracking,
        failed=lambda wildcards: LAYOUT.tracking_failures(wildcards.model),
    message:
        "tracking {wildcards.model}"
    shell:
        "samebits track {params.model:q} {params.place:q} --failed {params.failed} --output {output.tracked:q}"
        " 2>&1 | tee {log:q}"
