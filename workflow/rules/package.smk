# Packages of verified models: laid out and tried where the framework is, then written and signed here.


rule stage:
    input:
        unpack(trained_from),
        spec=rules.spec.output.spec,
        verdict=rules.compare.output.verdict,
        verified=rules.verify.output.verified,
    output:
        staged=touch(f"{LAYOUT.results}/{{model}}/package/staged"),
    log:
        f"{LAYOUT.results}/{{model}}/log/stage.txt",
    threads: lambda wildcards: LAYOUT.cores(wildcards.model, virtual=True)
    resources:
        gpu=lambda wildcards: LAYOUT.gpus(wildcards.model, virtual=True),
    params:
        description=lambda wildcards: LAYOUT.package(wildcards.model),
        folder=lambda wildcards, output: str(Path(output.staged).parent / "staging"),
    message:
        "laying out the package of {wildcards.model}"
    shell:
        "samebits stage --spec {input.spec:q} --recipe {input.recipe:q} --data {input.data:q}"
        " --environment {input.environment:q} --library {input.library:q} --verdict {input.verdict:q}"
        " --description {params.description:q} --folder {params.folder:q} 2>&1 | tee {log:q}"


rule dist:
    input:
        verdict=rules.compare.output.verdict,
        signed=rules.receipt.output.signed,
        staged=rules.stage.output.staged,
    output:
        packages=f"{LAYOUT.results}/{{model}}/dist/packages.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/dist.txt",
    localrule: True
    params:
        description=lambda wildcards: LAYOUT.package(wildcards.model),
        staged=lambda wildcards, input: str(Path(input.staged).parent / "staging"),
    message:
        "packaging {wildcards.model}"
    shell:
        "samebits package --verdict {input.verdict:q} --staged {params.staged:q}"
        " --description {params.description:q} --output {output.packages:q} 2>&1 | tee {log:q}"


# snakemake package: all models as wheels and conda packages
rule package:
    input:
        [f"{LAYOUT.results}/{model}/dist/packages.json" for model in LAYOUT.models],
    localrule: True


# An image that serves a model: its environment's image, and the package in it.
rule image:
    input:
        packages=rules.dist.output.packages,
        environment=lambda wildcards: local(LAYOUT.image(wildcards.model)),
    output:
        digest=f"{LAYOUT.results}/{{model}}/image/digest.txt",
    log:
        f"{LAYOUT.results}/{{model}}/log/image.txt",
    localrule: True
    params:
        layout=lambda wildcards, output: str(Path(output.digest).parent / "layout"),
    message:
        "writing the image that serves {wildcards.model}"
    shell:
        "samebits image {input.packages:q} --environment {input.environment:q} --layout {params.layout:q}"
        " --output {output.digest:q} 2>&1 | tee {log:q}"


# snakemake images: an image for every model
rule images:
    input:
        [f"{LAYOUT.results}/{model}/image/digest.txt" for model in LAYOUT.models],
    localrule: True
