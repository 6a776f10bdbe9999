"""What Snakemake does not document and the rules need, run in the Snakemake that is installed.

If one of these fails after an update of Snakemake, jobs/snakemake_internals.py is where to mend it.
"""

import json
import os
import subprocess
import sys

import pytest

#: tells what it was told, on lines that Snakemake writes none like
TELL = """
import json
from samebits.jobs import snakemake_internals as internals


def tell(**said):
    print("told " + json.dumps(said))
"""

ALL = """
rule all:
    localrule: True
"""

#: both wildcards get a constraint, which the rule's own pattern then has
MAKER = """
wildcard_constraints:
    kind="[0-9]+",

rule make:
    output: local("shared/{{kind}}/{{name,[a-z]+}}")
    localrule: True
    shell: "touch {{output}}"
{once}
"""


class Pipeline:
    """A folder with Snakefiles, which are read and planned and not run."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, text):
        (self.folder / name).write_text(TELL + text)

    def plan(self, *arguments):
        """Plan the jobs; return the status, what was told, and all that was printed."""
        command = [sys.executable, "-m", "snakemake", "-n", "--nocolor", "--cores", "1", *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        told = [json.loads(line[5:]) for line in done.stdout.splitlines() if line.startswith("told ")]
        return done.returncode, told, done.stdout

    def told(self, *arguments):
        status, told, output = self.plan(*arguments)
        assert status == 0, output
        return told


@pytest.fixture
def pipeline(tmp_path):
    return Pipeline(tmp_path)


def module(name, snakefile="inner.smk"):
    """Return the statements that take all rules from a Snakefile."""
    return f"""
module {name}:
    snakefile: {snakefile!r}
    config: {{}}
    prefix: {name!r}

use rule * from {name} as {name}_*
"""


def test_rules_know_the_name_of_the_module_that_they_are(pipeline):
    pipeline.write("inner.smk", "tell(instance=internals.instance(workflow))" + ALL)
    assert pipeline.told("-s", "inner.smk") == [{"instance": None}]
    pipeline.write("Snakefile", module("one") + module("two"))
    assert pipeline.told("one_all") == [{"instance": "one"}, {"instance": "two"}]


def test_rules_know_what_they_are_called_on_the_command_line_also_nested(pipeline):
    pipeline.write("inner.smk", "tell(called=internals.full_name(workflow, 'all'))" + ALL)
    assert pipeline.told("-s", "inner.smk") == [{"called": "all"}]
    pipeline.write("outer.smk", module("one"))
    assert pipeline.told("-s", "outer.smk", "one_all") == [{"called": "one_all"}]
    pipeline.write("Snakefile", module("two", "outer.smk"))
    assert pipeline.told("two_one_all") == [{"called": "two_one_all"}]


def test_config_files_are_those_of_the_command_line_and_then_those_of_the_rules(pipeline):
    for name in ("one.yaml", "two.yaml"):
        (pipeline.folder / name).write_text("a: 1\n")
    files = "tell(files=[str(path) for path in internals.config_files(workflow)])"
    pipeline.write("Snakefile", f'configfile: "two.yaml"\n{files}{ALL}')
    assert pipeline.told() == [{"files": ["two.yaml"]}]
    ((given, own),) = [each["files"] for each in pipeline.told("--configfile", "one.yaml")]
    assert given.endswith("one.yaml") and own == "two.yaml"


def test_the_first_of_two_instances_makes_what_both_could_make(pipeline):
    pipeline.write("Snakefile", module("one") + module("two"))
    pipeline.write("inner.smk", MAKER.format(once=""))
    status, _, output = pipeline.plan("shared/1/x")  # the twin: without an order, Snakemake ends
    assert status != 0 and "AmbiguousRuleException" in output, output
    pipeline.write("inner.smk", MAKER.format(once="internals.made_by_first(workflow, rules.make.output[0])"))
    status, _, output = pipeline.plan("shared/1/x")
    assert status == 0, output
    assert "rule one_make:" in output and "rule two_make:" not in output
