# Locked environments, and the modules of samebits that run in them.


rule environment:
    input:
        # the lock's digest is part of the prefix, so its time does not matter
        lock=lambda wildcards: ancient(LAYOUT.lock(wildcards.environment)),
    output:
        manifest=f"{LAYOUT.cache}/envs/{{environment}}-{{lock}}/environment.json",
    log:
        f"{LAYOUT.cache}/logs/envs/{{environment}}-{{lock}}.txt",
    resources:
        # installing is bound by the disk, and its wheels are large
        install=1,
    params:
        prefix=lambda wildcards, output: str(Path(output.manifest).parent),
    message:
        "building the locked environment {wildcards.environment}"
    shell:
        "samebits env build {wildcards.environment:q} {params.prefix:q} 2>&1 | tee {log:q}"


rule library:
    output:
        folder=directory(LAYOUT.library),
    log:
        f"{LAYOUT.cache}/logs/library.txt",
    localrule: True
    shell:
        "samebits library {output.folder:q} > {log:q} 2>&1"
