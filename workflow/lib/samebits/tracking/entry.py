"""What MLflow is told of one run: everything that its ledger, its verdict and the files beside them say."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from samebits.sealed.digest import bytes_digest, canonical_json, file_digest

#: tags that find a run again, and that say it was written to its end
IDENTITY, COMPLETE = "samebits.identity", "samebits.complete"

#: files that may differ between two executions of the same run
_INFORMATION = ("timing.jsonl", "benchmark.jsonl", "log.txt")

#: MLflow's limits
_NAME, _PARAM, _TAG = 250, 6000, 5000


class Point(NamedTuple):
    """A number at a step; the time is in milliseconds, or None where nobody kept it."""

    key: str
    value: float
    step: int
    time: int | None


@dataclass(frozen=True)
class Entry:
    """A run as MLflow gets it.

    Attributes:
        model: the model's name.
        name: the run's own, ``run-1``.
        evidence: what makes it this run and no other: heads of ledgers, digest of the fingerprint.
        params: what it was trained with.
        tags: digests, verdict and the like.
        points: its metrics.
        data: name and digest of the data set.
        files: its artifacts.
        began: in milliseconds; None where that is not known.
        ended: likewise.
    """

    model: str
    name: str
    evidence: tuple[str, ...]
    params: dict[str, str]
    tags: dict[str, str]
    points: list[Point]
    data: tuple[str, str]
    files: list[Path]
    began: int | None
    ended: int | None

    @cached_property
    def identity(self) -> str:
        """Names the run, wherever it is tracked from: the same bits on an equal machine are the same run."""
        return bytes_digest(canonical_json([self.model, self.name, *self.evidence]))

    @cached_property
    def contents(self) -> str:
        """Names all that is to be told of it, so that a run which was told it can be left alone."""
        files = {path.name: file_digest(path) for path in self.files if path.name not in _INFORMATION}
        return bytes_digest(canonical_json([self.params, self.tags, files]))


def params(spec: dict[str, Any]) -> dict[str, str]:
    """Return what a spec sets, as MLflow's parameters: digests are tags, and nested values JSON."""
    plain = {k: v for k, v in spec.items() if not k.endswith("_digest") and k not in ("format", "model")}
    nested = {f"{k}.{name}": v for k in ("params", "options") for name, v in plain.pop(k).items()}
    return {name(key): _text(value)[:_PARAM] for key, value in {**plain, **nested}.items()}


def tags(values: dict[str, Any]) -> dict[str, str]:
    """Return values as MLflow's tags; what is None is left out."""
    return {name(key): _text(value)[:_TAG] for key, value in values.items() if value is not None}


def flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested dicts by their dotted paths."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from flat(below, f"{path}.{key}")
    else:
        yield path, value


def name(text: str) -> str:
    """Return a name as MLflow allows it: ``ndcg@5`` has a sign that it refuses."""
    return re.sub(r"[^A-Za-z0-9_.:/ -]", "_", text)[:_NAME]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
