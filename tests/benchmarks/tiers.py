"""What the tier deterministic costs against unseeded, for the models of the worked example."""

import tempfile
from pathlib import Path

import yaml

from prepared import Prepared
from run import pairs, tell
from samebits import root

#: trees grow fast
LONGER = {"xgboost": 40, "lightgbm": 40}


def run() -> None:
    """Print the ratio of the training times for each model, trained longer than in the example."""
    config = yaml.safe_load((root() / "config" / "config.yaml").read_text())
    models = {name: {**model, "runs": 2} for name, model in config["models"].items()}
    with tempfile.TemporaryDirectory() as folder:
        prepared = Prepared(Path(folder), models)
        for model in models:
            spec = prepared.spec(model)
            longer = {} if spec.steps == 1 else {"steps": spec.steps * LONGER.get(spec.framework, 4)}

            def train(tier: str, model: str = model, longer: dict[str, int] = longer) -> float:
                return prepared.train(model, tier=tier, **longer)["train"]

            print(f"tiers: {model}, {spec.framework}", flush=True)
            figures = pairs(lambda: train("deterministic"), lambda: train("unseeded"), 5)
            tell(f"training {model}, deterministic and unseeded", figures)
