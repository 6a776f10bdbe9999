# The page that shows it all.


rule report:
    input:
        verdicts=[f"{LAYOUT.results}/{model}/verdict.json" for model in LAYOUT.models],
    output:
        page=f"{LAYOUT.results}/report.html",
    log:
        f"{LAYOUT.results}/log/report.txt",
    localrule: True
    params:
        results=lambda wildcards, output: str(Path(output.page).parent),
        models=list(LAYOUT.models),
    message:
        "writing the report"
    shell:
        "samebits report {params.results:q} {params.models:q} --output {output.page:q} > {log:q} 2>&1"
