# Data sets, fetched or referred to, with the digest of their content.


rule data:
    input:
        lambda wildcards: LAYOUT.data_files(wildcards.data),
    output:
        manifest=f"{LAYOUT.cache}/data/{{data}}/data.json",
    log:
        f"{LAYOUT.cache}/logs/data/{{data}}.txt",
    localrule: True
    params:
        name=lambda wildcards: LAYOUT.data_name(wildcards.data),
        source=lambda wildcards: LAYOUT.data_source(wildcards.data),
        folder=lambda wildcards, output: str(Path(output.manifest).parent),
    message:
        "fetching the data set {params.name}"
    shell:
        "samebits data {params.name:q} --source {params.source:q} --folder {params.folder:q} 2>&1 | tee {log:q}"
