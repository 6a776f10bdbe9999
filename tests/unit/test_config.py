"""A config is checked before any job starts: one line that names the key and the mend."""

import re
from pathlib import Path

import jsonschema
import pytest
import yaml

import samebits
from samebits import config
from samebits.sealed.errors import Refused

ROOTS = [samebits.root()]
EXAMPLE = samebits.root() / "config" / "config.yaml"
SCHEMA = samebits.root() / "workflow" / "schemas" / "config.schema.json"


def example():
    return yaml.safe_load(EXAMPLE.read_text())


def changed(path, value):
    """Return the worked example with one key changed; a value of None removes it."""
    values = example()
    *parents, last = path.split("/")
    place = values
    for key in parents:
        place = place.setdefault(key, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return values


def refusal(values, files=(), roots=ROOTS):
    with pytest.raises(Refused) as refused:
        config.load(values, files, roots)
    message = str(refused.value)
    assert "\n" not in message, "one error, one line"
    return message


def test_the_worked_example_is_accepted_and_typed():
    found = config.load(example(), [EXAMPLE], ROOTS)
    assert found.models["digits-cnn"].environment == "pytorch-cpu"
    assert found.models["cancer-trees"].threads == 1
    assert found.results == "results"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("modles", {}, r"config: modles: unknown key; did you mean 'models'\?; known here: models, defaults"),
        ("models/digits-cnn/step", 3, r"config: models.digits-cnn.step: unknown key; did you mean 'steps'\?"),
        ("defaults/seeds", 3, r"config: defaults.seeds: unknown key; did you mean 'seed'\?"),
        ("models/digits-cnn/steps", None, r"config: models.digits-cnn.steps: this key is missing; add it"),
        ("models/digits-cnn/steps", "many", r"config: models.digits-cnn.steps: .* integer, found 'many'"),
        ("models/digits-cnn/steps", True, r"config: models.digits-cnn.steps: .* integer, found True"),
        ("models/digits-cnn/steps", 0, r"config: models.digits-cnn.steps: .* greater than .* 1, found 0"),
        ("models/digits-cnn/steps", 3, r"models.digits-cnn: segments is 4, more than the 3 steps; lower it"),
        ("models/digits-cnn/runs", 1, r"config: models.digits-cnn.runs: .* greater than .* 2, found 1"),
        ("defaults/seed", -1, r"config: defaults.seed: .* greater than .* 0, found -1"),
        ("defaults/threads", 0, r"config: defaults.threads: .* greater than .* 1, found 0"),
        (
            "defaults/tier",
            "determinstic",
            r"config: defaults.tier: 'determinstic' is none of unseeded, seeded, deterministic, portable; "
            r"did you mean 'deterministic'\?",
        ),
        ("defaults/device", "tpu", r"config: defaults.device: 'tpu' is none of cpu, cuda"),
        (
            "models/digits-cnn/framework",
            "pytorhc",
            r"models.digits-cnn.framework: 'pytorhc' is none of command, .*; did you mean 'pytorch'\?",
        ),
        ("models/../x", {}, r"config: models.../x"),
        ("models/digits-cnn/data", "sklearn:digit", r"models.digits-cnn.data: .*did you mean digits\?"),
        ("models/digits-cnn/data", "sklearn:covtype", r"models.digits-cnn.data: .*url"),
        ("models/digits-cnn/data", "mnist", r"'mnist' is not in the section data; add it, or use sklearn:"),
        ("models/digits-cnn/recipe", "digits.py:Digits", r"'digits.py' is not a file; write path/to/recipe"),
        (
            "models/digits-cnn/recipe",
            "digits.py",
            r"digits-cnn.recipe: .* write path/to/recipe.py:Class",
        ),
        (
            "models/digits-cnn/recipe",
            "config/recipes/digits_cnn.py:DigitCNN",
            r"has no class or function 'DigitCNN'; did you mean 'DigitsCNN'\?",
        ),
        (
            "models/digits-cnn/params",
            {"chanels": 3},
            r"DigitsCNN takes no 'chanels'; did you mean 'channels'\?; its params are channels, dropout, lr",
        ),
        (
            "models/digits-cnn/package",
            {"name": "sklearn"},
            r"digits-cnn.package: a package cannot be called sklearn: Python could not import sklearn",
        ),
        ("models/digits-cnn/package", {"version": "one"}, r"digits-cnn.package: 'one' is no version of a"),
        ("models/digits-cnn/package", {"license": "mine"}, r"package: 'mine' is no licence; write an SPDX"),
        (
            "models/digits-cnn/package",
            {"dependencies": ["x @ https://host/x.whl"]},
            r"package: 'x @ https://host/x.whl' is a URL, which no index takes",
        ),
        ("models/digits-cnn/package", {"verion": "1"}, r"unknown key; did you mean 'version'\?"),
        ("publish", {"indx": {}}, r"publish.indx: unknown key; did you mean 'index'\?"),
        (
            "publish",
            {"index": {"upload": "https://me:secret@host/", "simple": "https://host/simple"}},
            r"publish.index.upload: a user or password must not stand in a URL; put it into TWINE_PASSWORD",
        ),
        ("publish", {"registry": {"place": "Host"}}, r"publish.registry.place"),
        ("models/digits-cnn/params", {"lr": "1e-3"}, r"params.lr: '1e-3' is text to YAML; write 0.001"),
        (
            "models/digits-cnn/params",
            {"lr": float("inf")},
            r"params.lr: inf cannot be recorded; leave it out",
        ),
        (
            "models/digits-cnn/params",
            {"lr": {"steps": [1, float("nan")]}},
            r"params.lr.steps.1: nan cannot be recorded; leave it out",
        ),
        (
            "models/digits-cnn/environment",
            "pytorch-gpx",
            r"models.digits-cnn.environment: unknown environment 'pytorch-gpx': did you mean pytorch-",
        ),
        ("models", {}, r"config: models: there is none; write at least one"),
        ("models", None, r"config: models: this key is missing; add it"),
        ("models/digits-cnn", [], r"models.digits-cnn: write its keys below it, .*; it is \[\]"),
        ("data/d", {"url": "https://host/x.npz"}, r"config: data.d.sha256: this key is missing; add it$"),
        ("data/d", {"path": "a", "url": "b"}, r"config: data.d: write one of sklearn, path, url, files, and"),
        ("data/d", {"pth": "a"}, r"config: data.d: write one of sklearn, path, url, files"),
        ("data/d", "digits", r"config: data.d: write one of sklearn, path, url, files"),
        ("data/d", {"path": "a", "sha": "b"}, r"config: data.d.sha: unknown key; did you mean 'sha256'\?"),
        ("data/d", {"path": ""}, r"config: data.d.path: .* at least 1 character"),
        ("data/d", {"path": "nowhere.npz"}, r"config: data.d: 'nowhere.npz' does not exist"),
        ("data/d", {"files": {}}, r"config: data.d.files: .* at least 1 item"),
        ("data/Local", {"path": "a", "sha": "b"}, r"config: data.Local.sha: unknown key; .*path, sha256$"),
        (
            "data/d",
            {"files": {"Download": {"url": "https://host/x", "sha256": "0" * 64, "b": 1}}},
            r"config: data.d.files.Download.b: unknown key; known here: url, sha256$",
        ),
        (
            "publish",
            {"channel": {"place": "x", "kid": "quetz"}},
            r"publish.channel.kid: unknown key; did you mean 'kind'\?; known here: place, kind, name$",
        ),
        (
            "defaults/verify",
            {"samples": 1},
            r"defaults.verify.samples: unknown key; .*; known here: mode, sample, segments$",
        ),
        (
            "models/digits-cnn/dask",
            {"workers": 2, "thread": 1},
            r"dask.thread: unknown key; did you mean 'threads'\?; known here: workers, threads, scheduler,",
        ),
        (
            "data/d",
            {"files": {"a": {"sklearn": "digits"}}},
            r"config: data.d.files.a: write one of path, url",
        ),
        (
            "data/d",
            {"url": "ftp://me:secret@host/x", "sha256": "0" * 64},
            r"config: data.d.url: .*, found 'ftp://…@host/x'$",
        ),
        (
            "models/digits-cnn/options",
            {"precison": "16-mixed"},
            r"options.precison: unknown key; did you mean 'precision'\?; known here: precision, accumulate",
        ),
        (
            "models/cancer-trees/options",
            {"a": 1},
            r"cancer-trees.options.a: unknown key; there are none here",
        ),
        ("models/digits-cnn/recipe", "digits.py:", r"recipe: 'digits.py:' names no class or function"),
        (
            "models/digits-cnn/verify",
            {"sample": 0.5},
            r"digits-cnn.verify: a sample is drawn of what is repl",
        ),
        ("models/cancer-trees/processes", 2, r"cancer-trees: processes is 2, but xgboost trains in one; tak"),
        ("models/wine-pipeline/steps", 9, r"wine-pipeline: steps is 9, but sklearn trains in one go; take"),
        ("models/wine-experts/tier", "portable", r"wine-experts: TensorFlow cannot keep the tier portable"),
        ("defaults/package", {"name": "same"}, r"defaults.package.name: two packages cannot have one name"),
        ("results", ".", r"config: results: '.' is no folder of its own; write one such as results"),
        ("results", "~/results", r"config: results: '~/results' is no folder of its own"),
        ("results", "{x}", r"config: results: '{x}' is no folder of its own"),
        ("results", "/", r"config: results: '/' is no folder of its own"),
        ("cache", "pyproject.toml", r"config: cache: 'pyproject.toml' is a file; name a folder"),
        ("cache", "results", r"results and cache are both 'results'; give each a folder of its own"),
        ("tracking", {"uri": "foo://me:secret@host"}, r"config: tracking: 'foo' is no tracking URI"),
    ],
)
def test_one_line_names_the_key_and_the_mend(path, value, said):
    if path == "models/../x":  # a name that would leave the results folder
        values = example()
        values["models"]["../x"] = values["models"].pop("digits-cnn")
        assert refusal(values) == (
            "config: models.../x: '../x' cannot be a name; use letters, digits, - and _ only, and begin with "
            "a letter or digit"
        )
        return
    assert re.search(said, refusal(changed(path, value)))


def test_a_models_own_keys_win_over_the_defaults_also_within_verify():
    def verify(shared, **own):
        values = changed("defaults/verify", shared)
        values["models"]["digits-cnn"] |= own
        model = config.load(values, [], ROOTS).models["digits-cnn"]
        return model.verify.mode, model.verify.sample, model.segments

    shared = {"mode": "replay", "segments": 20, "sample": 0.1}
    assert verify(shared) == ("replay", 0.1, 20)
    assert verify(shared, segments=5) == ("replay", 0.1, 5)
    assert verify(shared, verify={"sample": 0.5}) == ("replay", 0.5, 20)
    assert verify(shared, verify={"mode": "rerun"}) == ("rerun", 1, 20)
    assert verify(shared, segments=5, verify={"segments": 6}) == ("replay", 0.1, 6)


@pytest.mark.parametrize("name", ["json", "rich", "snakemake"])
def test_a_recipe_that_would_be_imported_in_place_of_a_module_is_refused(tmp_path, name):
    text = (samebits.root() / "config" / "recipes" / "digits_cnn.py").read_text()
    (tmp_path / f"{name}.py").write_text(text)
    said = refusal(changed("models/digits-cnn/recipe", f"{name}.py:DigitsCNN"), roots=[tmp_path, *ROOTS])
    assert said == (
        f"config: models.digits-cnn.recipe: {name}.py in the working directory would be imported in place of "
        f"the module {name}; rename it, or move it into a folder such as recipes/"
    )
    # the twins: its mends
    (tmp_path / "recipes").mkdir()
    for mended in (f"recipes/{name}.py", f"{name}_model.py"):
        (tmp_path / mended).write_text(text)
        config.load(changed("models/digits-cnn/recipe", f"{mended}:DigitsCNN"), roots=[tmp_path, *ROOTS])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a b", "-rf", "a\nb", "é", "a.html"])
def test_names_that_are_no_folder_names_are_refused(name):
    values = example()
    values["models"] = {name: values["models"]["digits-cnn"]}
    assert "cannot be a name" in refusal(values)


def test_two_models_of_one_name_are_refused(tmp_path):
    file = tmp_path / "config.yaml"
    text = EXAMPLE.read_text().replace("  cancer-trees:", "  digits-cnn:")
    file.write_text(text)
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith("  digits-cnn:")]
    said = refusal(yaml.safe_load(text), [file])
    assert said == (
        f"config: 'digits-cnn' is given twice in {file}, lines {lines[0]} and {lines[1]}; "
        "rename or remove one"
    )


def test_all_errors_are_told_at_once():
    values = changed("defaults/tier", "x")
    values["models"]["digits-cnn"]["steps"] = "x"
    with pytest.raises(Refused) as refused:
        config.load(values, (), ROOTS)
    assert [line.split(": ")[1] for line in str(refused.value).splitlines()] == [
        "defaults.tier",
        "models.digits-cnn.steps",
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "no/such.csv"}, r"'no/such.csv' does not exist"),
        ({"url": "https://example.org/x.csv"}, r"data.mine.sha256: this key is missing"),
        ({"url": "ftp://example.org/x.csv", "sha256": "0" * 64}, r"data.mine.url"),
        ({"url": "https://me:secret@example.org/x", "sha256": "0" * 64}, r"put it into ~/.netrc"),
        ({"url": "https://example.org/x.csv", "sha256": "abc"}, r"data.mine.sha256"),
        ({"sklearn": "digit"}, r"did you mean digits\?"),
        ({"paht": "x"}, r"data.mine"),
    ],
)
def test_data_sets_are_checked(source, said):
    values = changed("models/digits-cnn/data", "mine")
    values["data"] = {"mine": source}
    with pytest.raises(Refused) as refused:
        config.load(values, (), ROOTS)
    assert re.search(said, str(refused.value))
    assert "secret" not in str(refused.value)


def test_a_models_own_keys_win_over_defaults():
    values = changed("models/digits-cnn/threads", 2)
    found = config.load(values, (), ROOTS)
    assert (found.models["digits-cnn"].threads, found.models["cancer-trees"].threads) == (2, 1)


def test_cuda_takes_the_gpu_environment():
    found = config.load(changed("defaults/device", "cuda"), (), ROOTS)
    assert found.models["digits-cnn"].environment == "pytorch-gpu"


def test_the_schema_accepts_the_example_and_refuses_what_we_refuse():
    validator = jsonschema.Draft202012Validator(config.schema())
    validator.check_schema(config.schema())
    validator.validate(example())
    for path, value in [("modles", {}), ("defaults/tier", "x"), ("models/digits-cnn/steps", "many")]:
        assert not validator.is_valid(changed(path, value))


def test_every_key_is_described():
    for definition in config.schema()["$defs"].values():
        for key, described in definition.get("properties", {}).items():
            assert described.get("description"), key


def test_the_commented_cases_of_the_example_are_valid(tmp_path):
    """The full MNIST and Covertype cases: uncommented, they pass every check but the missing download."""
    text = re.sub(r"^#(?=  |data:)", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    values = yaml.safe_load(text)
    assert {"mnist-cnn", "covertype-trees"} <= values["models"].keys()
    found = config.load(values, (), ROOTS)
    assert Path(found.models["mnist-cnn"].recipe.split(":")[0]).name == "mnist_cnn.py"


def test_a_model_may_have_a_name_that_no_package_can_have():
    """It is refused when it is to be packaged, and not when it is trained."""
    values = example()
    values["models"] = {"sklearn": values["models"]["digits-cnn"]}
    assert list(config.load(values, roots=ROOTS).models) == ["sklearn"]
