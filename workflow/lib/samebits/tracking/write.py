"""A run written to MLflow so that doing it again changes nothing, and doing it after an interruption ends it.

The run carries its identity from the moment it is created, so it is found again whatever happens next. What
it lacks is written, and last the tag that says with which contents it is complete.
"""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from samebits.tracking.entry import COMPLETE, IDENTITY, Entry, Point
from samebits.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

#: MLflow's limits of one request
_METRICS, _PARAMS = 1000, 100

T = TypeVar("T")

#: hex digits of a data set's digest that fit
_DIGEST = 36


def write(store: Store, entry: Entry) -> tuple[str, bool]:
    """Write a run, or what is missing of it, but not the mark that it is complete; ``complete`` writes that.

    Returns:
        MLflow's id of the run, and whether it already was complete and was left alone.
    """
    run = find(store, entry.identity)
    missing = entry.points
    if run is None:
        run = _create(store, entry)
    elif run.data.tags.get(COMPLETE) == entry.contents:
        return run.info.run_id, True
    else:
        missing = _missing(store, run.info.run_id, entry.points)
    identity = run.info.run_id
    _numbers(store, run, missing)
    _words(store, run, entry)
    _data(store, identity, entry)
    for path in entry.files:
        store.client.log_artifact(identity, str(path))
    if run.info.status == "RUNNING":
        store.client.set_terminated(identity, "FINISHED", entry.ended)
    return identity, False


def complete(store: Store, run: str, entry: Entry) -> None:
    """Say that all of a run was written."""
    store.client.set_tag(run, COMPLETE, entry.contents)


def find(store: Store, identity: str) -> "Run | None":
    """Find the run of an identity; of several, which a lost answer or two machines make, keep one."""
    runs = store.client.search_runs([store.experiment], f"tags.`{IDENTITY}` = '{identity}'")
    if not runs:
        return None
    # sorted, so that every client keeps the same one
    kept, *others = sorted(runs, key=lambda run: (COMPLETE not in run.data.tags, run.info.run_id))
    for other in others:
        store.client.delete_run(other.info.run_id)
    return kept


def _create(store: Store, entry: Entry) -> "Run":
    run = store.client.create_run(
        store.experiment,
        start_time=entry.began,
        tags={IDENTITY: entry.identity},
        run_name=f"{entry.model}/{entry.name}",
    )
    return find(store, entry.identity) or run


def _missing(store: Store, run: str, points: list[Point]) -> list[Point]:
    """Return the points that a run lacks. Not every store takes a number twice as one."""
    keys = {point.key for point in points}
    there = {(m.key, m.step) for key in keys for m in store.client.get_metric_history(run, key)}
    return [point for point in points if (point.key, point.step) not in there]


def _numbers(store: Store, run: "Run", points: list[Point]) -> None:
    from mlflow.entities import Metric

    for batch in _batches(points, _METRICS):
        metrics = [
            Metric(p.key, p.value, run.info.start_time if p.time is None else p.time, p.step) for p in batch
        ]
        store.client.log_batch(run.info.run_id, metrics=metrics)


def _words(store: Store, run: "Run", entry: Entry) -> None:
    from mlflow.entities import Param, RunTag

    tags = [RunTag(key, value) for key, value in entry.tags.items()]
    params = [Param(key, value) for key, value in entry.params.items()]
    for some in _batches(params, _PARAMS):
        store.client.log_batch(run.info.run_id, params=some)
    for others in _batches(tags, _PARAMS):
        store.client.log_batch(run.info.run_id, tags=others)
    for stale in run.data.tags.keys() - entry.tags.keys():
        if stale.startswith("samebits.") and stale not in (IDENTITY, COMPLETE):
            store.client.delete_tag(run.info.run_id, stale)


def _data(store: Store, run: str, entry: Entry) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    data, digest = entry.data
    source = json.dumps({"name": data, "digest": digest})
    dataset = Dataset(data, digest.rpartition(":")[2][:_DIGEST], "samebits", source)
    store.client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
