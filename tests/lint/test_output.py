"""What is printed: text, JSON, SARIF, GitHub's commands and HTML; exit status, selection, suppression, cache."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from linting import Command

from samebits.lint import catalog, explain, rules

ROOT = Path(__file__).parents[2]
CODE = "import os\nimport numpy as np\nrng = np.random.default_rng()\nfor name in os.listdir('.'):\n    rows.append(name)\n"


@pytest.fixture
def command(tmp_path):
    made = Command(tmp_path)
    made.write("src/a.py", CODE)
    return made


def test_text_reads_like_ruffs(command):
    process = command("src/a.py")
    assert process.returncode == 1
    assert process.stdout == (
        "src/a.py:3:7: SB203 warning: numpy.random.default_rng without a seed takes one from the system; "
        "hand it a seed\n"
        "  |\n"
        "3 | rng = np.random.default_rng()\n"
        "  |       ^^^^^^^^^^^^^^^^^^^^^^^ SB203\n"
        "  = fix: add seed=0\n"
        "\n"
        "src/a.py:4:13: SB401 warning: os.listdir lists in the order of the file system; wrap it in sorted()\n"
        "  |\n"
        "4 | for name in os.listdir('.'):\n"
        "  |             ^^^^^^^^^^^^^^^ SB401\n"
        "  = fix: sort the listing\n"
        "\n"
        "Found 2 warnings in 1 file. 2 can be mended with --fix.\n"
    )


def test_json_is_a_list_of_findings(command):
    first, second = command.json("src/a.py")
    assert first == {
        "path": "src/a.py",
        "cell": None,
        "line": 3,
        "column": 7,
        "end_line": 3,
        "end_column": 30,
        "code": "SB203",
        "severity": "warning",
        "message": "numpy.random.default_rng without a seed takes one from the system; hand it a seed",
        "excerpt": "rng = np.random.default_rng()",
        "fix": {"description": "add seed=0", "edits": [{"start": 57, "end": 57, "text": "seed=0"}]},
    }
    assert second["code"] == "SB401"


def test_github_annotates(command):
    process = command("src/a.py", "--format", "github")
    assert process.stdout.splitlines()[0] == (
        "::warning title=samebits (SB203),file=src/a.py,line=3,endLine=3,col=7,endColumn=30::"
        "SB203 numpy.random.default_rng without a seed takes one from the system; hand it a seed"
    )


def test_html_asks_nothing_of_the_network_and_escapes(command):
    command.write("b.py", "import os\nx = '<script>alert(1)</script>'; y = os.listdir('.')\n")
    page = command("src/a.py", "b.py", "--format", "html").stdout
    assert "SB401" in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=", page)


SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.schema.json").read_text())


def test_sarif_is_valid_holds_no_path_of_the_machine_and_is_the_same_each_time(command):
    logs = []
    for _ in range(2):
        process = command(command.folder / "src" / "a.py", "--format", "sarif", "--no-cache")
        logs.append(process.stdout)
    assert logs[0] == logs[1]
    log = json.loads(logs[0])
    jsonschema.Draft202012Validator(SCHEMA).validate(log)
    assert str(command.folder) not in logs[0]
    (run,) = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["SB203", "SB401"]
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "src/a.py"

    log["runs"][0]["results"][0]["level"] = "grave"  # the twin: the schema refuses what is wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(log)


def test_sarif_of_nothing_and_of_a_notebook_is_valid(command):
    command.write("clean.py", "x = 1\n")
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": "import os\nx = os.listdir('.')"}
    command.write(
        "n.ipynb", json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    for name in ("clean.py", "n.ipynb"):
        log = json.loads(command(name, "--format", "sarif").stdout)
        jsonschema.Draft202012Validator(SCHEMA).validate(log)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ([], 1),
        (["--fail-on", "error"], 0),
        (["--fail-on", "never"], 0),
        (["--select", "SB1"], 0),
        (["--ignore", "SB2,SB4"], 0),
        (["--format", "yaml"], 2),
        (["--device", "tpu"], 2),
        (["--select", "XY"], 2),
        (["--framework-version", "torch"], 2),
        (["--fail-on", "always"], 2),
    ],
)
def test_exit_status(command, arguments, status):
    process = command("src/a.py", *arguments)
    assert process.returncode == status, process.stderr
    if status == 2:
        (line,) = process.stderr.splitlines()
        assert line.startswith("samebits: lint: ")


def test_pyproject_decides_and_the_command_line_wins(command):
    command.write("pyproject.toml", '[tool.samebits.lint]\nselect = ["SB4"]\n')
    assert [f["code"] for f in command.json("src")] == ["SB401"]
    assert [f["code"] for f in command.json("src", "--select", "SB2")] == ["SB203"]
    assert [f["code"] for f in command.json("src", "--isolated")] == ["SB203", "SB401"]
    command.write("pyproject.toml", '[tool.samebits.lint.per-file-ignores]\n"src/*" = ["SB4"]\n')
    assert [f["code"] for f in command.json("src")] == ["SB203"]
    command.write("pyproject.toml", '[tool.samebits.lint]\nexclude = ["src"]\n')
    assert command.json(".") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.samebits.lint]\nselct = []\n", "unknown key; did you mean 'select'?"),
        ('[tool.samebits.lint]\nselect = "SB1"\n', "is no list of texts"),
        ("[tool.samebits.lint]\nselect = [\n", "not TOML"),
        ("[tool.samebits]\nlint = 3\n", "is no table"),
        ('[tool.samebits.lint]\ndevice = "tpu"\n', "none of cpu, cuda"),
    ],
)
def test_a_wrong_pyproject_is_refused_in_one_line(command, text, words):
    command.write("pyproject.toml", text)
    process = command("src")
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert words in line


def test_suppressions_need_a_code_a_reason_and_a_use(command):
    listing = "x = os.listdir('.')"
    lines = {
        f"{listing}  # samebits: ignore[SB401] only counted": [],
        f"{listing}  # samebits: ignore[SB401, SB203] only counted": ["SB002"],
        f"{listing}  # samebits: ignore[SB401]": ["SB401", "SB003"],
        f"{listing}  # samebits: ignore": ["SB401", "SB004"],
        f"{listing}  # samebits: ignore[SB999] what": ["SB401", "SB004"],
        "y = 1  # samebits: ignore[SB401] nothing here": ["SB002"],
        f"# samebits: ignore[SB401] the next line only counts\n{listing}": [],
        "z = '# samebits: ignore[SB401] in a text'": [],
    }
    for text, expected in lines.items():
        command.write("b.py", f"import os\n{text}\n")
        found = [f["code"] for f in command.json("b.py")]
        assert sorted(found) == sorted(expected), text


def test_an_unused_suppression_is_taken_away(command):
    command.write("b.py", "y = 1  # samebits: ignore[SB401] nothing here\n")
    command("b.py", "--fix")
    assert (command.folder / "b.py").read_text() == "y = 1\n"


def test_a_suppression_that_another_context_needs_is_not_unused(command):
    command.write("b.py", "import torch\np = torch.nn.AvgPool3d(2)  # samebits: ignore[SB101] frozen\n")
    assert command.json("b.py", "--device", "cuda") == []
    assert command.json("b.py", "--device", "cuda", "--select", "SB2") == []


def test_the_cache_gives_the_same_and_notices_every_change(command):
    command.write("ops.py", "from torch import histc as h\n")
    command.write("use.py", "from ops import h\nh(3)\n")
    first = command.json(".", "--device", "cuda")
    assert len(list((command.folder / "cache").rglob("*.json"))) >= 3
    assert command.json(".", "--device", "cuda") == first
    assert [f["code"] for f in first] == ["SB203", "SB401", "SB101"]
    command.write("ops.py", "def h(x):\n    return x\n")  # use.py itself has not changed
    assert [f["code"] for f in command.json(".", "--device", "cuda")] == ["SB203", "SB401"]
    assert command.json(".", "--device", "cpu", "--select", "SB4")[0]["code"] == "SB401"


def test_a_damaged_cache_is_made_anew(command):
    first = command.json("src")
    for path in (command.folder / "cache").rglob("*.json"):
        path.write_text("{")
    assert command.json("src") == first


@pytest.mark.parametrize("code", list(rules.load()))
def test_every_rule_explains_itself(command, code):
    page = explain.page(code)
    for words in (code, "Bad:", "Good:", "Source:"):
        assert words in page


def test_a_rule_that_does_not_exist_is_refused(command):
    process = command("--explain", "SB1010")
    assert process.returncode == 2
    assert "there is no rule 'SB1010'; did you mean SB101?" in process.stderr
    assert "SB102 varies-unless-switched" in command("--explain", "sb102").stdout


def test_the_page_lists_the_rules_as_they_are():
    assert explain.table() in (ROOT / "docs" / "lint.md").read_text()


def test_the_wheel_takes_the_catalogs_along():
    """hatch packs every file of the package that git does not ignore."""
    package = ROOT / "workflow" / "lib" / "samebits" / "lint"
    assert catalog.FOLDER.is_relative_to(package)
    assert len(list(catalog.FOLDER.glob("*.toml"))) == len(catalog.texts()) > 5


@pytest.mark.parametrize("pattern", ["[z-a]", "\\"])
def test_what_is_no_pattern_is_refused_in_a_line(command, pattern):
    command.write("a.py", "x = 1\n")
    process = command("a.py", "--exclude", pattern)
    assert process.returncode == 2
    assert f"lint: {pattern}: no pattern of paths: " in process.stderr
