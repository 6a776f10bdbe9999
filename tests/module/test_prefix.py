"""Under a prefix no rule reads or writes a model's files anywhere else; a new rule is looked at, too."""

import re

#: what the target rules do not need: files made on demand, of which the names are patterns
ON_DEMAND = [f"inner/results/environments/sklearn-cpu.{ending}" for ending in ("checked", "cdx.json")]
#: rules that a dry run cannot show, since they depend on what a checkpoint draws; test_instances.py runs them
DRAWN = {"samebits_replay"}


def test_every_command_has_the_prefix(pipeline):
    start = (pipeline.folder / "workflow/Snakefile").read_text()
    module = (
        start.partition("module samebits:")[2].partition("rule prepare:")[0].replace('"trained"', '"inner"')
    )
    pipeline.write(
        "workflow/Snakefile", f'import samebits\nconfigfile: "config/config.yaml"\nmodule samebits:{module}'
    )
    pipeline.edit(
        "config/config.yaml",
        ("data: named", "data: sklearn:iris\n      verify: {mode: replay}"),
        ("  data:\n    named: {path: data/named.csv}", ""),
    )
    rules = set(pipeline.run("--list-rules", "--quiet").split())
    targets = pipeline.run("--list-target-rules", "--quiet").split()
    printed = pipeline.run("--dry-run", "--forceall", "--printshellcmds", *targets, *ON_DEMAND)
    shown = set(re.findall(r"^(?:local)?(?:rule|checkpoint) (\w+):$", printed, re.MULTILINE))
    assert rules - shown == DRAWN, "give the files that these rules make in ON_DEMAND"
    outside = [line for line in printed.splitlines() if re.search(r"(?<!inner/)\bresults/", line)]
    assert outside == []
    assert "inner/.samebits" not in printed
