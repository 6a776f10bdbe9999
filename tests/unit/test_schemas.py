"""The published JSON Schemas are those of the types, and describe what a run leaves."""

import json
from pathlib import Path

import jsonschema
import pytest

from samebits import root
from samebits.jobs import schemas
from samebits.jobs.schemas import SCHEMAS

RELEASE = Path(__file__).parents[1] / "goldens" / "releases" / "0.1.0"

#: files of kept results -> the schema that describes them
EXAMPLES = {
    "*/spec.json": "spec",
    "*/verdict.json": "verdict",
    "*/replay/sample.json": "sample",
    "*/run-*/fingerprint.json": "fingerprint",
    "*/receipt.intoto.json": "receipt",
}


def published(name):
    return json.loads((root() / "docs" / "formats" / f"{name}.schema.json").read_text())


@pytest.mark.parametrize("path", SCHEMAS)
def test_the_committed_schema_is_that_of_the_types(path):
    assert (root() / path).read_text() == schemas.text(SCHEMAS[path]()), "run `make schema`"


@pytest.mark.parametrize(("pattern", "name"), EXAMPLES.items(), ids=EXAMPLES.values())
def test_what_a_run_leaves_is_as_its_schema_says(pattern, name):
    validator = jsonschema.Draft202012Validator(published(name))
    paths = sorted(RELEASE.glob(pattern))
    assert paths
    for path in paths:
        value = json.loads(path.read_bytes())
        validator.validate(value)
        for key in validator.schema["required"]:  # the twin
            assert not validator.is_valid({k: v for k, v in value.items() if k != key}), key
