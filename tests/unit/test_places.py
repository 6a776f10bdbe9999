"""Where the user's own files lie: as the variables say, else where desktops keep such files."""

from pathlib import Path

import pytest
from snakemake.common import get_appdirs

from samebits.environments import download_cache
from samebits.jobs import profiles
from samebits.receipt import keys


@pytest.fixture(params=["home", "variables"])
def home(request, tmp_path, monkeypatch):
    """A user's home, and the folders for settings and for the cache, which variables may name."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("SAMEBITS_KEY", "SAMEBITS_PACKAGES", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.delenv(name, raising=False)
    if request.param == "home":
        return tmp_path / ".config", tmp_path / ".cache"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "kept"))
    return tmp_path / "settings", tmp_path / "kept"


def test_everything_lies_where_it_always_lay(home):
    settings, kept = home
    assert keys.own_path() == settings / "samebits" / "signing-key.pem"
    assert download_cache.folder("conda") == kept / "samebits" / "conda"
    assert profiles.user_folder() == settings / "snakemake"
    assert profiles.looked_up() == [settings / "snakemake", Path("/etc/xdg/snakemake")]


def test_profiles_are_where_snakemake_looks_them_up(home):
    asked = get_appdirs()
    assert profiles.looked_up() == [Path(asked.user_config_dir), Path(asked.site_config_dir)]


def test_variables_of_samebits_win(home, tmp_path, monkeypatch):
    monkeypatch.setenv("SAMEBITS_KEY", str(tmp_path / "mine.pem"))
    monkeypatch.setenv("SAMEBITS_PACKAGES", str(tmp_path / "packages"))
    assert keys.own_path() == tmp_path / "mine.pem"
    assert download_cache.folder("bases") == tmp_path / "packages" / "bases"
