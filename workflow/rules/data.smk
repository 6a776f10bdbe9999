# Data sets, fetched or referred to, with the digest of their content.


rule data:
    input:
        lambda wildcards: local(LAYOUT.data_files(wildcards.data)),
    output:
        manifest=local(f"{LAYOUT.cache}/data/{{data}}/data.json"),
    log:
        local(f"{LAYOUT.cache}/logs/data/{{data}}.txt"),
    wildcard_constraints:
        # of several instances, those that use the data set know its source
        data="|".join(LAYOUT.data_keys),
    localrule: True
    params:
        name=lambda wildcards: LAYOUT.data_name(wildcards.data),
        source=lambda wildcards: LAYOUT.data_source(wildcards.data),
        folder=lambda wildcards, output: str(Path(output.manifest).parent),
    message:
        "fetching the data set {params.name}"
    shell:
        "samebits data {params.name:q} --source {params.source:q} --folder {params.folder:q} 2>&1 | tee {log:q}"


made_once(rules.data)
