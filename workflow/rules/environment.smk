# Locked environments, and the modules of samebits that run in them.


rule environment:
    input:
        # the locks' digest is part of the prefix, so their time does not matter
        locks=lambda wildcards: ancient(
            LAYOUT.locks(wildcards.environment, BACKENDS[wildcards.kind])
        ),
    output:
        manifest=local(
            f"{LAYOUT.cache}/{{kind}}/{{environment}}-{{lock}}/environment.json"
        ),
    log:
        local(f"{LAYOUT.cache}/logs/{{kind}}/{{environment}}-{{lock}}.txt"),
    # where the workflow is started; a cluster's nodes often reach no package index
    localrule: True
    resources:
        # installing is bound by the disk, and its wheels are large
        install=1,
    params:
        prefix=lambda wildcards, output: str(Path(output.manifest).parent),
        backend=lambda wildcards: BACKENDS[wildcards.kind],
    message:
        "building the locked environment {wildcards.environment}"
    shell:
        "samebits env build {wildcards.environment:q} {params.prefix:q} --backend {params.backend:q}"
        " 2>&1 | tee {log:q}"


# snakemake lock: solve the environments of the config anew
rule lock:
    log:
        f"{LAYOUT.results}/log/lock.txt",
    localrule: True
    params:
        names=LAYOUT.environments,
    message:
        "locking {params.names}"
    shell:
        "samebits lock {params.names:q} 2>&1 | tee {log:q}"


# For users of Snakemake's own deployment (--sdm conda). It falls back to a fresh solve when a pinned package
# cannot be had, so what it installed is checked here before anything may use it.
rule check_conda:
    input:
        locks=lambda wildcards: ancient(LAYOUT.locks(wildcards.environment, "conda")),
    output:
        checked=touch(f"{LAYOUT.results}/environments/{{environment}}.checked"),
    log:
        f"{LAYOUT.results}/environments/log/{{environment}}.checked.txt",
    localrule: True
    conda:
        lambda wildcards: environments.find(wildcards.environment, ROOTS).specification
    message:
        "checking the environment {wildcards.environment} that Snakemake deployed"
    shell:
        'samebits env check {wildcards.environment:q} "${{CONDA_PREFIX:-}}" 2>&1 | tee {log:q}'


rule sbom:
    input:
        locks=lambda wildcards: LAYOUT.locks(wildcards.environment),
    output:
        sbom=f"{LAYOUT.results}/environments/{{environment}}.cdx.json",
    log:
        f"{LAYOUT.results}/environments/log/{{environment}}.cdx.txt",
    localrule: True
    message:
        "writing the bill of materials of {wildcards.environment}"
    shell:
        "samebits env sbom {wildcards.environment:q} --output {output.sbom:q} > {log:q} 2>&1"


rule library:
    output:
        folder=local(directory(f"{LAYOUT.cache}/library/{{framework}}-{{digest}}")),
    log:
        local(f"{LAYOUT.cache}/logs/library/{{framework}}-{{digest}}.txt"),
    localrule: True
    shell:
        "samebits library {wildcards.framework:q} {output.folder:q} > {log:q} 2>&1"


made_once(rules.environment)
made_once(rules.library)
