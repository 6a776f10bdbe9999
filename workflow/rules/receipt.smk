# Receipts: what was verified, from what it came, signed with the user's key.


rule receipt:
    input:
        unpack(trained_from),
        spec=rules.spec.output.spec,
        verdict=rules.compare.output.verdict,
        verified=rules.verify.output.verified,
    output:
        receipt=f"{LAYOUT.results}/{{model}}/receipt.intoto.json",
        signed=f"{LAYOUT.results}/{{model}}/receipt.dsse.json",
    log:
        f"{LAYOUT.results}/{{model}}/log/receipt.txt",
    # where the workflow is started: the key stays there
    localrule: True
    params:
        source=lambda wildcards: LAYOUT.model_data(wildcards.model),
    message:
        "signing the receipt of {wildcards.model}"
    shell:
        "samebits receipt --verdict {input.verdict:q} --spec {input.spec:q} --recipe {input.recipe:q}"
        " --data {input.data:q} --source {params.source:q} --environment {input.environment:q}"
        " 2>&1 | tee {log:q}"
