"""From an installed wheel, in an empty folder, samebits does the same job as from a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from families import chosen, grows, some
from workspace import CACHE, ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--installer",
        "uv",
        "--outdir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The folder of the commands of a fresh environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), str(wheel)], check=True)
    return folder / "bin"


def run(command, folder, **variables):
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_wheel_carries_the_whole_house(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "snakemake_executor_plugin_dask/__init__.py",
        "snakemake_executor_plugin_kubernetes_volume/__init__.py",
        "samebits/_tree/workflow/Snakefile",
        "samebits/_tree/workflow/rules/train.smk",
        "samebits/_tree/workflow/rules/lint.smk",
        "samebits/lint/catalog/torch.toml",
        "samebits/lint/rules/operators/torch_raises.py",
        "samebits/_tree/workflow/schemas/config.schema.json",
        "samebits/_tree/envs/pytorch-cpu/requirements.lock",
        "samebits/_tree/profiles/local/config.yaml",
        "samebits/_tree/config/config.yaml",
        "samebits/_tree/config/recipes/digits_cnn.py",
        "samebits/_tree/containers/README.md",
        "samebits/_tree/containers/kubernetes.yaml",
    ):
        assert name in names
    assert not [name for name in names if "__pycache__" in name]
    assert not [name for name in names if name.startswith("samebits/_tree/profiles/default")]


@grows
def test_the_installed_wheel_does_the_same_job(installed, demo, tmp_path):
    models = chosen(["digits-cnn", "cancer-trees"], "cancer-trees")
    targets = [f"results/{model}/verified" for model in models]
    command = [installed / "samebits", "run", "--profile", "local", *targets, "--config", f"cache={CACHE}"]
    process = run(command, tmp_path)
    assert process.returncode == 0, process.stdout
    assert process.stdout.count("identical") >= len(models)
    for model in models:
        path = Path("results") / model / "run-1" / "ledger.jsonl"
        assert (tmp_path / path).read_bytes() == (demo.folder / path).read_bytes()
    page = tmp_path / "report.html"
    process = run([installed / "samebits", "report", "results", *models, "--output", page], tmp_path)
    assert process.returncode == 0, process.stdout
    assert models[0] in page.read_text()


def test_the_snakefile_is_found_from_both_installations(installed, tmp_path):
    command = ["python", "-c", "import samebits; print(samebits.snakefile())"]
    from_wheel = run([installed / "python", *command[1:]], tmp_path).stdout.strip()
    from_checkout = run([sys.executable, *command[1:]], tmp_path).stdout.strip()
    assert from_checkout == str(ROOT / "workflow" / "Snakefile")
    assert str(ROOT) not in from_wheel
    assert Path(from_wheel).read_bytes() == Path(from_checkout).read_bytes()


@pytest.mark.parametrize("profile", some(["local", "gpu"]))
def test_a_profile_works_by_its_name_from_any_folder(installed, profile, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    user = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = [installed / "snakemake", "--profile", profile, "--dry-run"]
    before = run(command, elsewhere, **user)
    assert before.returncode != 0  # the twin: without the installation there is no such profile

    assert run([installed / "samebits", "profiles", "install"], elsewhere, **user).returncode == 0
    again = run([installed / "samebits", "profiles", "install"], elsewhere, **user)
    assert again.returncode == 0, again.stdout

    after = run(command, elsewhere, **user)
    assert after.returncode == 0, after.stdout
    environment = {"local": "pytorch-cpu", "gpu": "pytorch-gpu"}[profile]
    assert f"building the locked environment {environment}" in after.stdout


def test_a_profile_of_the_users_is_not_overwritten(installed, tmp_path):
    mine = tmp_path / "config" / "snakemake" / "gpu" / "config.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("cores: 1\n")
    process = run(
        [installed / "samebits", "profiles", "install"], tmp_path, XDG_CONFIG_HOME=str(tmp_path / "config")
    )
    assert process.returncode == 2
    assert "rename it and install again" in process.stdout
    assert mine.read_text() == "cores: 1\n"
    assert not (mine.parents[1] / "local").exists()


def test_there_is_no_profile_that_overrides_the_others():
    assert not (ROOT / "profiles" / "default").exists()
