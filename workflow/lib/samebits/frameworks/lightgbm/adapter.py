"""LightGBM: a recipe is a class with ``params`` and a static method from data to Dataset.

``params`` are LightGBM's own, without seeds, threads and device, which the spec decides.
``datasets(data) -> {"train": Dataset, "test": (X, y)}`` and ``metrics(predictions, test) -> {name: value}``
are static methods. A step is one boosting round, and its loss is the first metric on the training data.

With a third data set, ``"valid": Dataset``, and ``early_stopping_round`` among the params, training ends when
the first metric on it has not become better for so many rounds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from samebits.sealed import adapter
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, array, tensor
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec
from samebits.sealed.tiers import at_least

#: LightGBM's parameters that the spec decides -> the key of the config to use instead; with their aliases
_OURS = {
    **dict.fromkeys(("seed", "random_seed", "random_state"), "seed"),
    **dict.fromkeys(("data_random_seed", "data_seed", "bagging_seed", "bagging_fraction_seed"), "seed"),
    **dict.fromkeys(("feature_fraction_seed", "drop_seed", "objective_seed", "extra_seed"), "seed"),
    **dict.fromkeys(("num_threads", "num_thread", "nthread", "nthreads", "n_jobs"), "threads"),
    **dict.fromkeys(("device_type", "device"), "device"),
    **dict.fromkeys(("num_iterations", "num_iteration", "n_iter", "num_tree", "num_trees"), "steps"),
    **dict.fromkeys(
        ("num_round", "num_rounds", "nrounds", "num_boost_round", "n_estimators", "max_iter"), "steps"
    ),
}

_PATIENCE = ("early_stopping_round", "early_stopping_rounds", "early_stopping", "n_iter_no_change")


class State:
    """A booster as the text of its model, or in training; and how it did on the data set ``valid``.

    Attributes:
        model: the text; empty before the first round.
        step: how many rounds it has.
        booster: in training, from the first round of a segment on.
        best: the best value on ``valid`` so far, and the round that had it.
    """

    def __init__(self, model: str, step: int, best: tuple[float, int] | None = None):
        self.model, self.step, self.best = model, step, best
        self.booster: lightgbm.Booster | None = None

    def text(self) -> str:
        """Return the model as it is now."""
        return self.booster.model_to_string(num_iteration=-1) if self.booster else self.model


class Adapter(adapter.Adapter):
    """Grows a booster round by round.

    The samplers of rows and columns keep generators that no saved model carries, so each segment begins with
    a fresh booster that goes on from the text of the model, and with a seed of its own.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        if spec.device != "cpu":
            raise Refused(f"model {spec.model}: LightGBM is deterministic on the CPU only; set device: cpu")
        self._spec = spec
        self._seed = seed
        self._params = self._checked(dict(recipe.target(**spec.params).params), recipe)
        self._patience = next((self._params.pop(name) for name in _PATIENCE if name in self._params), 0)
        self._metrics = recipe.require("metrics", "metrics(predictions, test) -> {name: value}")
        form = 'datasets(data) -> {"train": Dataset, "test": (X, y)}'
        datasets = recipe.require("datasets", form)(data)
        self._train, self._valid, self._test = datasets["train"], datasets.get("valid"), datasets["test"]
        for dataset in filter(None, (self._train, self._valid)):
            dataset.free_raw_data = False  # each segment begins with predictions for it
        if self._patience and self._valid is None:
            raise Refused(
                f'model {spec.model}: early stopping needs a third data set, "valid"; add it to datasets'
            )
        self._inputs = inputs_digest(dict(_contents(self._train)))

    def start(self) -> State:
        return State("", 0)

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        best = None
        if "best.value" in tensors:
            best = float(array(tensors["best.value"])), int(array(tensors["best.round"]))
        return State(tensors["booster"].raw.tobytes().decode(), step, best)

    def advance(self, state: State, step: int) -> Advance:
        if state.booster is None:
            state.booster = self._continued(state, step)
        else:
            state.booster.update()
        state.step = step
        if self._patience:
            _, _, value, higher_is_better = state.booster.eval_valid()[0]
            if state.best is None or (value > state.best[0] if higher_is_better else value < state.best[0]):
                state.best = value, step
        evaluations = state.booster.eval_train()
        return Advance(evaluations[0][2] if evaluations else None, self._inputs)

    def finished(self, state: State) -> bool:
        return bool(self._patience and state.best and state.step - state.best[1] >= self._patience)

    def tensors(self, state: State) -> dict[str, Tensor]:
        tensors = {"booster": tensor(np.frombuffer(state.text().encode(), np.uint8))}
        if state.best:
            value, step = state.best
            tensors |= {
                "best.value": tensor(np.array(value, np.float64)),
                "best.round": tensor(np.array(step, np.int64)),
            }
        return tensors

    def export(self, state: State, folder: Path) -> None:
        (folder / "model.txt").write_text(state.text())

    def predict(self, state: State) -> NDArray[Any]:
        booster = lightgbm.Booster(model_str=state.text())
        best, threads = self._best(state), self._spec.threads
        return np.asarray(booster.predict(self._test[0], num_iteration=best, num_threads=threads))

    def inputs(self, state: State) -> Inputs:
        return Inputs({"rows": adapter.numbers(self._spec, self._test[0])}, {"rounds": self._best(state)})

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._metrics(predictions, self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        return {}

    def _best(self, state: State) -> int:
        """Return how many rounds predict; -1 for all."""
        return state.best[1] if self._patience and state.best else -1

    def _continued(self, state: State, step: int) -> lightgbm.Booster:
        """Train the first round of a segment, from the model that the one before left."""
        seed = derive(self._seed, "segment", step - 1) % 2**31
        model = lightgbm.Booster(model_str=state.model) if state.model else None
        return lightgbm.train(
            {**self._params, "seed": seed},
            self._train,
            num_boost_round=1,
            valid_sets=[self._valid] if self._patience else None,
            init_model=model,
            keep_training_booster=True,
        )

    def _checked(self, params: dict[str, Any], recipe: Recipe) -> dict[str, Any]:
        """Return all parameters but the seed of the segment.

        Raises:
            Refused: the recipe sets what the spec decides, or what does not go on from a saved model.
        """
        for name in params.keys() & _OURS.keys():
            raise self._refused(recipe, name, f"set {_OURS[name]} in the config instead")
        boosting = params.get("boosting", params.get("boosting_type", params.get("boost", "gbdt")))
        if boosting in ("rf", "random_forest") and self._spec.segments > 1:
            raise self._refused(recipe, boosting, "does not go on from a saved model; set segments: 1")
        ours: dict[str, Any] = {
            "num_threads": self._spec.threads,
            # the sample by which columns are binned, the same in all segments
            "data_random_seed": derive(self._seed, "data") % 2**31,
        }
        if at_least(self._spec.tier, "deterministic"):
            ours["deterministic"] = True
            if not params.get("force_col_wise"):  # one of them, or LightGBM takes the faster one of the day
                ours["force_row_wise"] = True
        return {"verbosity": -1, **params, **ours}

    def _refused(self, recipe: Recipe, word: str, mend: str) -> Refused:
        place = recipe.place_of_string(word) or recipe.place_of_text(word) or recipe.path.name
        return Refused(f"model {self._spec.model}: {place}: the recipe sets {word}; {mend}")


def _contents(dataset: lightgbm.Dataset) -> Iterator[tuple[str, Tensor]]:
    """Yield what a Dataset was made from."""
    for name in ("data", "label", "weight", "group", "init_score", "position"):
        value = getattr(dataset, name)
        if hasattr(value, "indptr"):
            for part in ("data", "indices", "indptr"):
                yield f"{name}.{part}", tensor(getattr(value, part))
        elif value is not None:
            yield name, tensor(np.asarray(value))
