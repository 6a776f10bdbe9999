"""XGBoost on Dask: the recipe of XGBoost, but ``datasets`` gives arrays, which are shared out to the workers.

``datasets(data) -> {"train": …, "test": …}``, with ``"valid"`` for early stopping, where each is ``(X, y)``
or a dict of keyword arguments of DaskDMatrix: ``{"data": X, "label": y, "weight": w, "base_margin": m,
"qid": q}``. Worker i of n gets the rows from ``len * i // n`` on, moved to the next query where there is a
``qid``. ``metrics(predictions, test)`` gets the dataset as the recipe gave it.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dask
import dask.array
import numpy as np
import xgboost
import xgboost.dask
from dask.distributed import wait
from numpy.typing import NDArray
from xgboost.collective import Config

from samebits.frameworks.xgboost.adapter import build, raw_booster, seed_generators
from samebits.frameworks.xgboost.rules import Rules, Scores
from samebits.frameworks.xgboost.stopping import Stopping
from samebits.frameworks.xgboost_dask.cluster import Cluster
from samebits.sealed import adapter
from samebits.sealed.adapter import Advance, Inputs, inputs_digest
from samebits.sealed.data import Data
from samebits.sealed.digest import Tensor, tensor
from samebits.sealed.errors import Lost, Refused
from samebits.sealed.execution import Execution
from samebits.sealed.recipe import Recipe
from samebits.sealed.seeds import derive
from samebits.sealed.spec import Spec

#: keyword arguments of DaskDMatrix with one entry a row
_PER_ROW = ("data", "label", "weight", "base_margin", "qid", "label_lower_bound", "label_upper_bound")

_FORM = 'datasets(data) -> {"train": (X, y), "test": (X, y)}'


@dataclass
class State:
    """A booster after some step; and of a segment that was trained at once, the rounds still to report.

    Attributes:
        booster: as it is after the last of the rounds in ``pending``.
        pending: the scores of the rounds that were trained but not yet advanced over, in order.
    """

    booster: xgboost.Booster
    pending: list[Scores] = field(default_factory=list)


class Adapter(adapter.Adapter):
    """Grows a booster on the workers of a cluster.

    A segment is trained by one call, since a call costs 0.3 s before its first round (measured with two local
    workers); its rounds are then reported one by one. Nothing is lost: the state is only looked at where the
    segment ends.
    """

    def __init__(self, spec: Spec, seed: int, recipe: Recipe, data: Data, execution: Execution):
        self._spec = spec
        self._seed = seed
        self._rules = Rules.read(spec, recipe)
        sets = recipe.require("datasets", _FORM)(data)
        self._test = sets["test"]
        names = ["train", *(["valid"] if self._rules.stopping else [])]
        if self._rules.stopping:
            self._rules.valid(sets)
        datasets = {name: _arrays(spec, name, sets[name]) for name in names}
        self._inputs = inputs_digest(
            {f"{n}.{key}": tensor(a) for n, arrays in datasets.items() for key, a in arrays.items()}
        )
        cuts = {name: _cuts(spec, name, arrays) for name, arrays in datasets.items()}
        self._row = xgboost.DMatrix(datasets["train"]["data"][:1])  # a booster needs to know the features
        self._cluster = Cluster(spec, execution)
        try:
            self._matrices = {name: self._place(name, datasets[name], cuts[name]) for name in names}
        except BaseException:
            self.close()
            raise

    def start(self) -> State:
        return State(xgboost.Booster(self._rules.seeded(self._seed, 0), [self._row]))

    def restore(self, tensors: dict[str, Tensor], step: int) -> State:
        params = self._rules.seeded(self._seed, step)
        return State(xgboost.Booster(params, model_file=raw_booster(tensors)))

    def advance(self, state: State, step: int) -> Advance:
        if not state.pending:
            last = next(end for end in self._spec.boundaries if end >= step)
            self._train(state, step - 1, last)
        return Advance(self._rules.loss(state.pending.pop(0)), self._inputs)

    def finished(self, state: State) -> bool:
        stopping = self._rules.stopping
        return stopping is not None and not state.pending and stopping.ended(state.booster)

    def tensors(self, state: State) -> dict[str, Tensor]:
        if state.pending:
            raise AssertionError("a state is looked at before its segment has ended")
        return {"booster": tensor(np.frombuffer(state.booster.save_raw("ubj"), np.uint8))}

    def export(self, state: State, folder: Path) -> None:
        self._rules.best(state.booster).save_model(folder / "model.ubj")

    def predict(self, state: State) -> NDArray[Any]:
        matrix = xgboost.DMatrix(**_arrays(self._spec, "test", self._test), nthread=self._spec.threads)
        predictions: NDArray[Any] = self._rules.best(state.booster).predict(matrix)
        return predictions

    def inputs(self, state: State) -> Inputs:
        return Inputs({"rows": _arrays(self._spec, "test", self._test)["data"]}, {})

    def metrics(self, predictions: NDArray[Any]) -> dict[str, float]:
        values = self._rules.metrics(predictions, self._test)
        return {name: float(value) for name, value in values.items()}

    def fingerprint(self) -> dict[str, Any]:
        return build() | {"workers": self._spec.processes}

    def close(self) -> None:
        self._cluster.close()

    def _place(self, name: str, arrays: dict[str, NDArray[Any]], cuts: list[int]) -> xgboost.dask.DaskDMatrix:
        """Put each worker's share of a dataset, between its cuts, on that worker, and nowhere else.

        Raises:
            Lost: a share did not come to lie where it was planned.
        """
        client, workers = self._cluster.client, self._cluster.workers
        placed = {}
        for key, array in arrays.items():
            shares = []
            for worker, begin, end in zip(workers, cuts, cuts[1:], strict=False):
                (share,) = client.scatter([array[begin:end]], workers=[worker], hash=False)
                delayed = dask.delayed(share)
                shares.append(dask.array.from_delayed(delayed, array[begin:end].shape, array.dtype))
            placed[key] = dask.array.concatenate(shares)
        matrix = xgboost.dask.DaskDMatrix(client, **placed)
        wait([part for parts in matrix.worker_map.values() for part in parts])
        order = {
            worker: [matrix.partition_order[part.key] for part in parts]
            for worker, parts in matrix.worker_map.items()
        }
        if order != (plan := {worker: [rank] for rank, worker in enumerate(workers)}):
            raise Lost(f"the shares of {name} lie at {order} instead of {plan}")
        return matrix

    def _train(self, state: State, first: int, last: int) -> None:
        """Train the rounds after ``first`` up to ``last``, or to where early stopping ends them.

        Raises:
            Lost: a worker is gone.
        """
        rules, client = self._rules, self._cluster.client
        seed = derive(self._seed, "step", first + 1)
        callbacks: list[Any] = [_Seeded(seed)]
        if rules.stopping:
            callbacks.append(_Watching(rules.stopping))
        address = client.scheduler.address.rpartition(":")[0].partition("//")[2]

        async def train() -> Any:
            return await xgboost.dask.train(
                client,
                {**rules.seeded(self._seed, first), "nthread": self._spec.threads},
                self._matrices["train"],
                last - first,
                evals=[(matrix, name) for name, matrix in self._matrices.items()],
                obj=rules.objective,
                custom_metric=rules.custom_metric,
                xgb_model=bytearray(state.booster.save_raw("ubj")),
                verbose_eval=False,
                callbacks=callbacks,
                coll_cfg=Config(tracker_host_ip=address),
            )

        result = self._watch(train)
        history = result["history"]
        rounds = len(next(iter(history["train"].values()), []))
        state.booster = result["booster"]
        state.pending = [
            {
                name: {metric: values[i] for metric, values in metrics.items()}
                for name, metrics in history.items()
            }
            for i in range(rounds)
        ]

    def _watch(self, work: Any) -> Any:
        """Wait for the workers' work as long as all of them are there.

        XGBoost itself waits for ever when the last worker is gone, and its errors do not say which worker is.
        """
        client, workers = self._cluster.client, self._cluster.workers

        async def watch() -> Any:
            task = asyncio.ensure_future(work())
            while not (await asyncio.wait({task}, timeout=0.5))[0]:
                connected = (await client.scheduler.identity())["workers"]
                if missing := [worker for worker in workers if worker not in connected]:
                    task.cancel()
                    raise Lost(f"the Dask worker at {missing[0]} is gone")
            return task.result()

        try:
            return client.sync(watch)
        except (Lost, Refused):
            raise
        except Exception as error:
            gone: list[str] = workers
            with contextlib.suppress(OSError, asyncio.CancelledError):
                gone = self._cluster.gone()
            if gone:
                raise Lost(f"the Dask worker at {gone[0]} is gone") from error
            raise


class _Watching(xgboost.callback.TrainingCallback):  # type: ignore[misc]
    """Early stopping, in each worker alike: all have the same scores."""

    def __init__(self, stopping: Stopping):
        self._stopping = stopping

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self._stopping.observe(model, {name: values[-1] for name, values in evals_log["valid"].items()})
        return self._stopping.ended(model)


class _Seeded(xgboost.callback.TrainingCallback):  # type: ignore[misc]
    """What an objective of the recipe's own may draw from, seeded for each round."""

    def __init__(self, seed: int):
        self._seed = seed

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        seed_generators(derive(self._seed, "round", epoch, xgboost.collective.get_rank()))
        return False


def _arrays(spec: Spec, name: str, dataset: Any) -> dict[str, NDArray[Any]]:
    """Return a dataset as keyword arguments, whichever form the recipe gave it in.

    Raises:
        Refused: it has neither form.
    """
    if isinstance(dataset, tuple) and len(dataset) == 2:
        dataset = dict(zip(("data", "label"), dataset, strict=True))
    if not isinstance(dataset, dict) or not {"data", "label"} <= dataset.keys() <= set(_PER_ROW):
        raise Refused(
            f"model {spec.model}: the recipe's dataset {name} is neither (X, y) nor a dict with data, label "
            f"and of {', '.join(_PER_ROW[2:])}; write {_FORM}"
        )
    return {key: np.asarray(value) for key, value in dataset.items()}


def _cuts(spec: Spec, name: str, arrays: dict[str, NDArray[Any]]) -> list[int]:
    """Return where each worker's rows begin, and where the last one's end; queries stay whole.

    Raises:
        Refused: there are not enough rows or queries for every worker.
    """
    length, count = len(arrays["data"]), spec.processes
    cuts = [length * i // count for i in range(count + 1)]
    if (query := arrays.get("qid")) is not None:
        begins = [0, *(np.flatnonzero(query[1:] != query[:-1]) + 1).tolist(), length]
        cuts = [next(begin for begin in begins if begin >= cut) for cut in cuts]
    if len(set(cuts)) <= count:
        what = "rows" if query is None else "queries"
        raise Refused(
            f"model {spec.model}: the dataset {name} has too few {what} for {count} workers; "
            "lower dask.workers"
        )
    return cuts
