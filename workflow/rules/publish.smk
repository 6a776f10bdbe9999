# Publishing what was packaged, to the places that the config names. Passwords come from the environment.


rule upload:
    input:
        packages=rules.dist.output.packages,
    output:
        published=f"{LAYOUT.results}/{{model}}/published.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/publish.txt",
    localrule: True
    resources:
        # two jobs must not write one channel's index at once
        publish=1,
    params:
        places=lambda wildcards: LAYOUT.publish,
    message:
        "publishing {wildcards.model}"
    shell:
        "samebits publish {input.packages:q} --places {params.places:q} --output {output.published:q}"
        " 2>&1 | tee {log:q}"


# snakemake publish: all models' packages, to the places of the config
rule publish:
    input:
        [f"{LAYOUT.results}/{model}/published.json" for model in LAYOUT.models],
    localrule: True
