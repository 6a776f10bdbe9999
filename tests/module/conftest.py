"""What the tests of use as a module share: copies of the pipeline beside this file."""

import shutil
from pathlib import Path

import pytest

from downstream import ROOT, Pipeline


@pytest.fixture
def pipelines(tmp_path):
    """Make pipelines, each with a cache of its own in which the built environments are everybody's."""

    def make(name="pipeline"):
        folder = tmp_path / name
        shutil.copytree(Path(__file__).parent / "pipeline", folder)
        for shared in ("envs", "library"):
            built = ROOT / ".samebits" / shared
            built.mkdir(parents=True, exist_ok=True)
            (folder / ".samebits").mkdir(exist_ok=True)
            (folder / ".samebits" / shared).symlink_to(built)
        return Pipeline(folder)

    return make


@pytest.fixture
def pipeline(pipelines):
    return pipelines()
