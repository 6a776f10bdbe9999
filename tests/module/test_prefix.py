"""Under a prefix no rule reads or writes a model's files anywhere else; a new rule is looked at, too."""

import re

import pytest

from downstream import counted

#: files that are made on demand, of which the rules have patterns
ON_DEMAND = ["inner/results/environments/xgboost-cpu.cdx.json", "inner/results/species/registered.json"]
#: rules that a dry run cannot show: a checkpoint draws what is replayed (test_instances.py does it), and the
#: environments here have no lock of conda's
HIDDEN = {"samebits_replay", "samebits_check_conda"}


def listed(pipeline, option):
    return {line for line in pipeline.run(option).splitlines() if line.startswith("samebits_")}


def outside(printed):
    """Return the lines of a dry run that name a result without the prefix."""
    return [line for line in printed.splitlines() if re.search(r"(?<!inner/)\bresults/", line)]


@pytest.fixture
def inner(pipeline):
    """A pipeline that is nothing but a module under a prefix."""
    text = (pipeline.folder / "workflow/Snakefile").read_text()
    module = (
        text.partition("module samebits:")[2].partition("rule prepare:")[0].replace('"trained"', '"inner"')
    )
    start = 'import samebits\nconfigfile: "config/config.yaml"\nmodule samebits:'
    pipeline.write("workflow/Snakefile", start + module)
    pipeline.edit(
        "config/config.yaml",
        ("data: named", "data: sklearn:iris\n      verify: {mode: replay}"),
        (
            "  data:\n    named: {path: data/named.csv}",
            "  publish: {channel: {place: channel}}",
        ),
    )
    return pipeline


def test_every_command_has_the_prefix(inner):
    rules, targets = listed(inner, "--list-rules"), listed(inner, "--list-target-rules")
    printed = inner.run("--dry-run", "--forceall", "--printshellcmds", *targets, *ON_DEMAND)
    assert rules - counted(printed).keys() == HIDDEN, "give the files that these rules make in ON_DEMAND"
    assert outside(printed) == []
    assert "inner/.samebits" not in printed


def test_a_command_without_the_prefix_is_found(inner):
    inner.copy_rules()
    inner.edit("other/rules/report.smk", ("{params.results:q}", "results/"))
    inner.edit("workflow/Snakefile", ("samebits.snakefile()", '"../other/Snakefile"'))
    printed = inner.run("--dry-run", "--printshellcmds", "samebits_report")
    (found,) = outside(printed)
    assert "samebits report results/ species" in found


def test_what_is_pending_is_counted_below_the_prefix(inner):
    for folder, count in (("", 7), ("inner/", 3)):
        (inner.folder / folder / "results/species").mkdir(parents=True)
        inner.write(f"{folder}results/species/tracked.json", f'{{"failures": {count}}}')
    printed = inner.run("--dry-run", "--forceall", "--printshellcmds", "inner/results/species/tracked.json")
    assert "--failed 3 --output inner/results/species/tracked.json" in printed
