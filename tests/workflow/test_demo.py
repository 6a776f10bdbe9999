"""The main job: a model of each framework, trained twice in a locked environment, proven bit-identical."""

import filecmp
import json
import re
import socket

MODELS = {
    "digits-cnn": ("pytorch", 460),
    "cancer-trees": ("xgboost", 200),
    "diabetes-trees": ("lightgbm", 100),
    "wine-pipeline": ("sklearn", 1),
    "digits-script": ("command", 1),
    "wine-experts": ("tensorflow", 360),
    "diabetes-dask": ("xgboost_dask", 80),
}


def test_every_model_ends_with_the_verdict_identical(demo):
    for model, (framework, steps) in MODELS.items():
        verdict = demo.verdict(model)
        assert verdict["verdict"] == "identical"
        assert verdict["framework"] == framework
        assert verdict["steps"] == steps
        assert len({run["ledger"] for run in verdict["runs"]}) == 1
        assert len(verdict["runs"]) == 2


def test_the_ledgers_models_and_predictions_of_two_runs_are_the_same_bytes(demo):
    for model, (_, steps) in MODELS.items():
        first, second = (demo.results(model) / f"run-{i}" for i in (1, 2))
        names = [str(path.relative_to(first)) for path in first.rglob("*") if path.is_file()]
        recorded = [name for name in names if name not in ("timing.jsonl", "benchmark.jsonl", "log.txt")]
        recorded = [name for name in recorded if not name.startswith("output/")]  # a script's own files
        checkpoints = 5 if steps > 1 else 2
        models = len([path for path in (first / "model").rglob("*") if path.is_file()])
        assert len(recorded) == 1 + checkpoints + models + 1 + 1  # ledger, …, predictions, fingerprint
        for name in recorded:
            assert filecmp.cmp(first / name, second / name, shallow=False), name


def test_the_models_have_learned(demo):
    for model in MODELS:
        name, value = demo.verdict(model)["metrics"][0]
        assert name == ("r2" if "diabetes" in model else "accuracy")
        assert float.fromhex(value) > (0.4 if name == "r2" else 0.85)


def test_a_ledger_tells_no_time_host_or_path(demo):
    for model in MODELS:
        text = (demo.results(model) / "run-1" / "ledger.jsonl").read_text()
        assert set(re.findall(r'"([^"]*/[^"]*)"', text)) == {"samebits-ledger/1", "samebits-spec/1"}
        assert socket.gethostname() not in text
        assert not re.search(r"20\d\d-\d\d-\d\d|\d\d:\d\d:\d\d", text)


def test_the_spec_names_everything_by_digest(demo):
    spec = json.loads((demo.results("digits-cnn") / "spec.json").read_bytes())
    for key in ("recipe_digest", "data_digest", "environment_digest", "library_digest"):
        assert re.fullmatch("sha256:[0-9a-f]{64}", spec[key])
    assert demo.ledger("digits-cnn")[0]["spec"] == spec


def test_a_second_run_has_nothing_to_do_and_says_so(demo):
    again = demo.run_examples()
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout
    assert "digits-cnn" in again.stdout  # the table is there all the same


def test_the_table_tells_the_story(demo):
    table = demo.samebits("show").stdout
    for word in ("model", "framework", "steps", "loss", "metric", "digest", "verdict", "report.html"):
        assert word in table
    assert table.count("identical") == len(MODELS)
    assert "digits-cnn" in table
    assert "pytorch" in table


def test_compare_says_it_in_one_line(demo):
    runs = [f"results/digits-cnn/run-{i}" for i in (1, 2)]
    process = demo.samebits("compare", *runs)
    assert process.returncode == 0
    assert process.stdout.startswith("digits-cnn: 2 runs of 460 steps are identical, blake3-state1:")
