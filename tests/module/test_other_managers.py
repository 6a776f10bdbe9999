"""docs/nextflow-and-airflow.md: what it shows can be read by those it is for, and says the same thrice."""

import ast
import re
import subprocess
import textwrap

import pytest

from downstream import ROOT

PAGE = (ROOT / "docs/nextflow-and-airflow.md").read_text()

#: what the page's names in Nextflow stand for in its commands
NAMES = {
    "${wheel}": "species-1.0-py3-none-any.whl",
    "${key}": "PUBLIC.pem",
    "${table.baseName}": "flowers",
    "${table}": "flowers.csv",
}


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def nextflow():
    """Return the scripts of its processes, with the names filled in."""
    (text,) = blocks("groovy")
    for name, value in NAMES.items():
        text = text.replace(name, value)
    return re.findall(r'script:\n\s*"""\n(.*?)"""', text, re.DOTALL)


def airflow():
    """Return the commands of its tasks."""
    (text,) = blocks("python")
    keywords = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.keyword))
    return [ast.literal_eval(keyword.value) for keyword in keywords if keyword.arg == "bash_command"]


def lines(scripts):
    return [line for script in scripts for line in textwrap.dedent(script).strip().splitlines()]


def test_all_say_the_same():
    by_hand = lines(blocks("bash"))
    assert len(by_hand) == 4
    assert [line for line in lines(airflow()) if line != "set -e"] == by_hand
    assert [line for line in lines(nextflow()) if line not in by_hand] == [
        "mkdir verified",
        "cp species-1.0-py3-none-any.whl verified",
    ]


@pytest.mark.parametrize("script", [*blocks("bash"), *nextflow(), *airflow()])
def test_bash_reads_it(script):
    assert "$" not in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
