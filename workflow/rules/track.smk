# What was recorded, written to MLflow: a view, which nothing else depends on. A store that is down fails no job. It
# leaves models pending, and the number of failed attempts, a parameter, makes Snakemake try again next time.
#
# Where it is tracked is the config's, or the SQLite file in results, and never that of an environment variable.


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
        failed=lambda wildcards: failures_of(TRACKED, wildcards),
    message:
        "tracking {wildcards.model}"
    shell:
        "MLFLOW_TRACKING_URI= samebits track {params.model:q} {params.place:q} --no-register"
        " --failed {params.failed} --output {output.tracked:q} 2>&1 | tee {log:q}"


rule register:
    input:
        packages=rules.dist.output.packages,
        tracked=rules.track.output.tracked,
    output:
        registered=f"{LAYOUT.results}/{{model}}/registered.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/register.txt",
    priority: -1
    localrule: True
    params:
        model=lambda wildcards, input: str(Path(input.tracked).parent),
        place=LAYOUT.tracking,
        failed=lambda wildcards: failures_of(REGISTERED, wildcards),
    message:
        "registering {wildcards.model}"
    shell:
        "MLFLOW_TRACKING_URI= samebits track {params.model:q} {params.place:q}"
        " --failed {params.failed} --output {output.registered:q} 2>&1 | tee {log:q}"


TRACKED = rules.track.output.tracked
REGISTERED = rules.register.output.registered
