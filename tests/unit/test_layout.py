"""Where things stand in the cache."""

import samebits
from samebits.config import load
from samebits.jobs.layout import Layout


def data_of(folder, data):
    """Return the place of a data set in the cache, for a config in a folder."""
    recipe = samebits.root() / "config/recipes/wine_pipeline.py"
    model = {"framework": "sklearn", "recipe": f"{recipe}:wine_pipeline", "data": data}
    config = {"models": {"m": model}, "data": {"mine": {"path": "mine.csv"}}, "cache": "/shared"}
    roots = [folder, samebits.root()]
    return Layout(load(config, roots=roots, produced=True), roots).inputs("m")["data"]


def test_folders_that_share_a_cache_share_no_reference_to_their_own_files(tmp_path, monkeypatch):
    found = {}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        found[name] = [data_of(tmp_path / name, data) for data in ("mine", "sklearn:wine")]
    assert found["one"][0] != found["two"][0]
    assert found["one"][1] == found["two"][1]
