"""A measured process is sealed: whatever it needs was there before it started, or it refuses to start."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from samebits.sealed import seal
from samebits.sealed.spec import Spec


@dataclass(frozen=True)
class Launch:
    """All that a measured process is started with; the tests change one thing at a time."""

    spec: Spec
    recipe: Path
    data: Path
    prefix: Path
    library: Path
    folder: Path

    def __call__(self, variables=(), without=(), flags="-sP", before="", cores=None):
        """Start the engine in a process of its own and return it, finished."""
        self.folder.mkdir(exist_ok=True)
        spec = self.folder / "spec.json"
        spec.write_bytes(self.spec.canonical())
        environment = seal.environment(self.spec, self.library, self.folder) | dict(variables)
        for name in without:
            del environment[name]
        start = ["-c", f"{before}\nimport sys; from samebits.sealed.process import main; sys.exit(main())"]
        files = [str(path) for path in (spec, self.recipe, self.data, self.folder)]
        return subprocess.run(
            [str(self.prefix / "bin" / "python"), flags, *start, *files],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
        )


@pytest.fixture
def launch(demo, tmp_path):
    spec = Spec.read(demo.results("cancer-trees") / "spec.json")
    return Launch(
        spec=spec,
        recipe=demo.recipe("cancer_trees.py"),
        data=next(demo.cache.glob("data/sklearn-breast_cancer-*/data.json")).parent,
        prefix=demo.environment(spec).parent,
        library=demo.library(spec.framework),
        folder=tmp_path / "run",
    )


def assert_refused(process, *words):
    assert process.returncode == 2, process.stdout
    (line,) = process.stdout.splitlines()
    assert line.startswith("samebits: ")
    for word in words:
        assert word in line


def test_started_as_it_must_be_it_trains_the_demos_bits(launch, demo):
    process = launch()
    assert process.returncode == 0, process.stdout
    recorded = demo.results("cancer-trees") / "run-1" / "ledger.jsonl"
    assert (launch.folder / "ledger.jsonl").read_bytes() == recorded.read_bytes()


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "OMP_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG"])
def test_a_variable_that_is_missing_before_the_start_is_named(launch, name):
    assert_refused(launch(without=[name]), name, "before Python starts", "samebits train")


def test_setting_it_after_the_start_does_not_help(launch):
    late = "import os; os.environ['OMP_NUM_THREADS'] = '1'"
    assert_refused(launch(without=["OMP_NUM_THREADS"], before=late), "OMP_NUM_THREADS", "it was not set")


def test_changing_it_after_the_start_is_seen(launch):
    late = "import os; os.environ['OMP_NUM_THREADS'] = '2'"
    assert_refused(launch(before=late), "OMP_NUM_THREADS", "changed after Python had started")


def test_another_value_is_refused(launch):
    assert_refused(launch({"OMP_NUM_THREADS": "7"}), "OMP_NUM_THREADS must be '1'", "it was '7'")


@pytest.mark.parametrize("name", ["LD_PRELOAD", "KMP_BLOCKTIME", "MKL_CBWR", "PYTHONSTARTUP"])
def test_a_foreign_variable_is_refused(launch, name):
    assert_refused(launch({name: ""}), name)


def test_the_flags_that_keep_foreign_code_out_are_needed(launch):
    assert_refused(launch(flags="-s"), "-s and -P")


def test_another_environment_is_refused(launch, demo):
    pytorch = Spec.read(demo.results("digits-cnn") / "spec.json")
    other = replace(launch, prefix=demo.environment(pytorch).parent)
    assert_refused(other(), "not of the locked environment xgboost-cpu")


def test_fewer_cores_than_threads_are_refused(launch):
    two = replace(launch, spec=replace(launch.spec, threads=2))
    assert_refused(two(cores={0}), "threads is 2", "may use 1 core(s)", "lower threads")


def test_threads_come_from_the_spec_and_not_from_the_cores(launch):
    assert launch(cores={0}).returncode == 0
    one_core = (launch.folder / "ledger.jsonl").read_bytes()
    shutil.rmtree(launch.folder)
    assert launch().returncode == 0
    assert (launch.folder / "ledger.jsonl").read_bytes() == one_core


def test_the_library_of_another_framework_is_refused(launch, demo):
    other = replace(launch, library=demo.library("sklearn"))
    assert_refused(other(), "the modules of samebits here are not those for xgboost")


def test_a_changed_library_is_refused(launch, tmp_path):
    changed = tmp_path / "library"
    shutil.copytree(launch.library, changed)
    with (changed / "samebits" / "sealed" / "seeds.py").open("a") as file:
        file.write("# changed\n")
    assert_refused(replace(launch, library=changed)(), "samebits itself changed")


def test_a_changed_recipe_is_refused(launch, tmp_path):
    changed = tmp_path / "cancer_trees.py"
    changed.write_text(launch.recipe.read_text() + "# changed\n")
    assert_refused(replace(launch, recipe=changed)(), "cancer_trees.py", "run the workflow again")


def test_changed_data_is_refused_by_name(launch, tmp_path):
    changed = tmp_path / "data"
    shutil.copytree(launch.data, changed)
    file = changed / "arrays.safetensors"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    assert_refused(replace(launch, data=changed)(), "arrays.safetensors")
    file.write_bytes(raw[:-8])
    assert_refused(replace(launch, data=changed)(), "arrays.safetensors")


def test_the_launcher_refuses_a_changed_file_of_the_environment(launch, demo, tmp_path):
    copy = tmp_path / "prefix"
    shutil.copytree(launch.prefix, copy, symlinks=True)
    spec = demo.results("cancer-trees") / "spec.json"
    twin = demo.train(spec, tmp_path / "run-1", environment=copy / "environment.json")
    assert twin.returncode == 0, twin.stdout

    with next(copy.glob("lib/python3.*/site-packages/xgboost/core.py")).open("a") as file:
        file.write("# changed\n")
    changed = demo.train(spec, tmp_path / "run-2", environment=copy / "environment.json")
    assert_refused(changed, "xgboost/core.py")


def test_the_users_home_is_out_of_sight(launch, tmp_path):
    recipe = tmp_path / "cancer_trees.py"
    look = "import os, pathlib; print(pathlib.Path.home(), os.getcwd(), sorted(os.environ))\n"
    recipe.write_text(look + launch.recipe.read_text())
    from samebits.sealed.digest import file_digest

    process = replace(launch, recipe=recipe, spec=replace(launch.spec, recipe_digest=file_digest(recipe)))()
    assert process.returncode == 0, process.stdout
    assert str(Path.home()) not in process.stdout.splitlines()[0]
