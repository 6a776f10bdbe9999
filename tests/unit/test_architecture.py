"""The house has floors: a file imports only from floors below its own, and measured code needs little."""

import ast
import sys
from collections import Counter
from pathlib import Path

import pytest

import samebits
from samebits import frameworks
from samebits.sealed import library

PACKAGE = Path(samebits.__file__).parent

#: what packaged models run on
RUNTIME = PACKAGE / "packaging" / "runtime"

#: ground floor first
FLOORS = [
    {"sealed"},
    {"frameworks"},
    {"__init__", "section"},
    {"datasets", "results"},
    {"environments"},
    {"proof"},
    {"receipt"},
    {"packaging"},
    {"publish", "tracking", "report"},
    {"config"},
    {"lint"},
    {"jobs"},
    {"cli"},
    {"__main__"},
]

#: what a training environment has besides the framework
MEASURED_NEEDS = {"numpy", "blake3", "safetensors"}

_DASK = {"dask", "distributed", "dask_jobqueue"}

#: framework -> what its adapter may import of its environment, where that is not only a package of its name
BRINGS = {
    "command": set(),
    "pytorch": {"torch", "lightning"},
    "sklearn": {"sklearn", "skops", "threadpoolctl"},
    "tensorflow": {"tensorflow", "keras"},
    "xgboost_dask": {"xgboost", *_DASK},
}

#: files that every framework, backend or command has under the same name
CONTRACTS = {"__init__", "__main__", "adapter", "switches", "predictor"}


def module(path):
    """Return the name of the module or folder of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def files():
    return [path for path in PACKAGE.rglob("*.py") if "_tree" not in path.parts]


def imports(path):
    """Yield every imported name in full, also those imported inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level and (RUNTIME in path.parents or path.name == "predictor.py"):
                continue  # copied into packages of other names
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "samebits":
                yield from (f"samebits.{alias.name}" for alias in node.names)
            elif node.module.startswith("samebits."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def own(path):
    """Return the modules of the package that a file imports."""
    named = {name.split(".")[1] for name in imports(path) if name.startswith("samebits.")}
    return {name for name in named if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()}


def floor(name):
    (found,) = (number for number, floor in enumerate(FLOORS) if name in floor)
    return found


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_floors_below(path):
    mine = module(path)
    for name in own(path) - {mine}:
        assert floor(name) < floor(mine), f"{mine} imports {name}"


def test_every_module_has_a_floor_and_every_name_a_module():
    assert set().union(*FLOORS) == {module(path) for path in files()}


def test_only_jobs_and_commands_lint():
    for path in files():
        if "lint" in own(path):
            assert module(path) in ("lint", "jobs", "cli"), path


@pytest.mark.parametrize("framework", frameworks.known())
def test_measured_modules_import_measured_modules_and_what_every_environment_has(framework):
    names = library.files(framework)
    for name in names:
        path = PACKAGE / name
        for imported in imports(path):
            if imported.startswith("samebits."):
                below = imported.split(".")[1:]  # of which the last may be a name in a module
                near = ["/".join(below[:end]) for end in (len(below) - 1, len(below))]
                assert any({f"{n}.py", f"{n}/__init__.py"} & {*names} for n in near), (
                    f"{name} imports {imported}"
                )
        foreign = {found.split(".")[0] for found in imports(path)} - set(sys.stdlib_module_names)
        parts = path.relative_to(PACKAGE).parts
        brought = BRINGS.get(parts[1], {parts[1]}) if parts[0] == "frameworks" else set()
        if parts[-1] == "__init__.py" and len(parts) == 3:
            brought = set()  # traits are read where no framework is installed
        assert foreign - {"samebits"} <= MEASURED_NEEDS | brought, name


def test_two_files_share_a_name_only_where_a_contract_asks_for_it():
    """Whoever looks for an idea by its name finds one file."""
    names = Counter(path.stem for path in files() if path.stem not in CONTRACTS)
    assert not {name for name, count in names.items() if count > 1}


def test_nothing_pickles():
    for path in files():
        assert not {"pickle", "dill", "joblib", "cloudpickle"} & set(imports(path)), path


def test_what_packages_run_on_imports_nothing_of_samebits():
    runtime = [
        *RUNTIME.rglob("*.py"),
        *PACKAGE.glob("frameworks/*/predictor.py"),
        *PACKAGE.glob("frameworks/*/switches.py"),
    ]
    assert len(runtime) > len(frameworks.known())
    for path in runtime:
        assert not [name for name in imports(path) if name.split(".")[0] == "samebits"], path


def test_only_a_command_that_tracks_imports_mlflow_and_only_when_it_does():
    """It takes seconds to import, and is an extra that need not be installed."""
    for path in files():
        tree = ast.parse(path.read_text())
        always = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not [name for name in _names(always) if name.split(".")[0] == "mlflow"], path
        if "mlflow" in {name.split(".")[0] for name in imports(path)}:
            assert module(path) == "tracking", path


def _names(nodes):
    for node in nodes:
        named = [alias.name for alias in node.names]
        yield from [node.module or ""] if isinstance(node, ast.ImportFrom) else named
