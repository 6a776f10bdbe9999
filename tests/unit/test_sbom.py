"""Bills of materials: what a lock holds, in CycloneDX, the same bytes each time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from samebits.environments import find, known
from samebits.environments.lock import read_lock
from samebits.environments.sbom import write
from samebits.sealed.errors import Refused

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", known([ROOT]))
def test_it_lists_what_is_locked_and_is_valid(name: str, tmp_path: Path) -> None:
    source = find(name, [ROOT])
    write(source, "pip", tmp_path / "bom.json")
    text = (tmp_path / "bom.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bom = json.loads(text)
    assert {each["name"]: each["version"] for each in bom["components"]} == read_lock(source)
    hashes = {
        hash["content"] for each in bom["components"] for hash in each["externalReferences"][0]["hashes"]
    }
    assert hashes == {
        line.strip().rstrip("\\ ")[-64:] for line in source.lock.open() if "--hash=sha256:" in line
    }


def test_another_process_writes_the_same_bytes(tmp_path: Path) -> None:
    write(find("xgboost-cpu", [ROOT]), "pip", tmp_path / "here.json")
    samebits = str(Path(sys.executable).parent / "samebits")
    command = [samebits, "env", "sbom", "xgboost-cpu", "--output", str(tmp_path / "there.json")]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "there.json").read_bytes() == (tmp_path / "here.json").read_bytes()


def test_a_lock_out_of_step_has_none(tmp_path: Path) -> None:
    folder = tmp_path / "envs" / "xgboost-cpu"
    folder.mkdir(parents=True)
    for name in ("environment.yaml", "requirements.lock"):
        (folder / name).write_bytes((ROOT / "envs" / "xgboost-cpu" / name).read_bytes())
    write(find("xgboost-cpu", [tmp_path]), "pip", tmp_path / "bom.json")
    with (folder / "environment.yaml").open("a") as file:
        file.write("# changed\n")
    with pytest.raises(Refused, match="was not made from"):
        write(find("xgboost-cpu", [tmp_path]), "pip", tmp_path / "bom.json")
