"""Verdicts: are the runs of a model the same bits, and if not, where do they part?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from samebits.proof.sample import Sample
from samebits.proof.verdict import FORMAT
from samebits.results import runs
from samebits.results.runs import Run
from samebits.sealed import checkpoint, fingerprint
from samebits.sealed.digest import array, bytes_digest, canonical_json, rows
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Record
from samebits.sealed.nested import VALUES


@dataclass(frozen=True)
class Difference:
    """Where two runs part.

    Attributes:
        runs: the names of the two runs.
        kind: what differs first: spec, data, loss, checkpoint, model, predictions, metrics or length.
        step: the first step whose record differs; None where it is no step's.
        segment: the segment, from 1, that the step belongs to.
        tensor: the first tensor (or setting) that differs in the first checkpoint that does.
        values: what the two runs have there; floating point in hex.
        message: all of this in one line.
    """

    runs: tuple[str, str]
    kind: str
    step: int | None
    segment: int | None
    tensor: str | None
    values: tuple[str, str]
    message: str


def compare(folders: Sequence[Path]) -> dict[str, Any]:
    """Compare the runs of a model with the first of them; return the verdict as ``verdict.json`` holds it.

    Raises:
        Refused: a run is not finished, or a file of it is not what its ledger says.
    """
    first, *others = [runs.read(folder) for folder in folders]
    named = [{"run": run.name, **_digests(run)} for run in (first, *others)]
    return _verdict(first, [(first, other) for other in others], mode="rerun", runs=named)


def compare_replays(folder: Path, sample: Path) -> dict[str, Any]:
    """Compare a run with the replays of its segments, which lie beside their sample; return the verdict.

    Raises:
        Refused: as ``compare`` does, or the sample was drawn for another run.
    """
    run, drawn = runs.read(folder), Sample.read(sample)
    if drawn.head != run.head:
        raise Refused(f"{sample} was drawn for another ledger than that of {folder}; run the workflow again")
    pairs = []
    for number in drawn.segments:
        start, conclude = drawn.ends(number)
        replay = runs.read_replay(sample.parent / f"segment-{number}", number, conclude)
        pairs.append((run.excerpt(number, start, conclude), replay))
    return _verdict(
        run,
        pairs,
        mode="replay",
        runs=[{"run": run.name, **_digests(run)}],
        replays=[{"segment": k, **_digests(b)} for k, (_, b) in zip(drawn.segments, pairs, strict=True)],
        segments=drawn.of,
        nonce=drawn.nonce,
        unseen=drawn.unseen,
    )


def _verdict(first: Run, pairs: Sequence[tuple[Run, Run]], **compared: Any) -> dict[str, Any]:
    """Compare pair by pair; ``compared`` says what was."""
    parted = [found for one, other in pairs if (found := difference(one, other))]
    states = first.of("checkpoint")
    spec = first.records[0]["spec"]
    return {
        "format": FORMAT,
        "model": spec["model"],
        "verdict": "different" if parted else "identical",
        **compared,
        "steps": states[-1]["step"],
        "tier": spec["tier"],
        "framework": spec["framework"],
        "state": states[-1]["state"],
        "loss": first.of("step")[-1]["loss"],
        "metrics": first.of("metrics")[0]["values"],
        "differences": [asdict(found) for found in parted],
        "fingerprints": {
            other.name: changes
            for _, other in pairs
            if (changes := fingerprint.differences(first.fingerprint, other.fingerprint))
        },
    }


def difference(a: Run, b: Run) -> Difference | None:
    """Find the first record in which two runs part, and say what it means; None if there is none.

    A run is compared with a rerun, or its excerpt of a segment with the replay of that.
    """
    if a.whole and b.whole and a.head == b.head:  # the chain ties the head to every line before
        return None
    for x, y in zip_longest(a.records, b.records):
        if x is None or y is None or x["kind"] != y["kind"]:
            return _told(
                a, b, "length", None, None, (str(len(a.records)), str(len(b.records))), "their ledgers"
            )
        # as bytes: to Python 1, 1.0 and True are equal, and so are 0.0 and -0.0
        if canonical_json({**x, "prev": None}) != canonical_json({**y, "prev": None}):
            return _explain(a, b, x, y)
    return None


def _explain(a: Run, b: Run, x: Record, y: Record) -> Difference:
    """Say what it means that ``x`` and ``y`` are the first records to differ."""
    match x["kind"]:
        case "spec":
            return _explain_spec(a, b)
        case "step":
            step = x["step"]
            if x["inputs"] != y["inputs"]:
                kind, values, what = "data", (x["inputs"], y["inputs"]), "the data that step read"
            else:
                kind, values, what = "loss", (x["loss"], y["loss"]), "its loss"
            tensor, where = _first_tensor(a, b, step)
            return _told(a, b, kind, step, tensor, values, f"step {step}: {what}", where)
        case "checkpoint":
            tensor, where = _first_tensor(a, b, x["step"])
            values = (x["state"], y["state"])
            return _told(a, b, "checkpoint", x["step"], tensor, values, f"step {x['step']}: the state", where)
    kind = x["kind"]
    values = (_brief(x), _brief(y))
    return _told(a, b, kind, None, None, values, f"after the last step: the {kind}")


def _explain_spec(a: Run, b: Run) -> Difference:
    """Name what was trained differently, down to the library whose version changed."""
    found = fingerprint.differences(a.records[0]["spec"], b.records[0]["spec"])
    if "environment_digest" in found:
        found |= fingerprint.differences(a.fingerprint["libraries"], b.fingerprint["libraries"], "library")
    parts = [f"{key}: {x} in {a.name}, {y} in {b.name}" for key, (x, y) in found.items()]
    key, (x, y) = next(iter(found.items()))
    message = f"{a.name} and {b.name} did not train the same spec: " + "; ".join(parts)
    return Difference((a.name, b.name), "spec", None, None, key, (str(x), str(y)), message)


def _told(
    a: Run,
    b: Run,
    kind: str,
    step: int | None,
    tensor: str | None,
    values: tuple[str, str],
    what: str,
    where: str = "",
) -> Difference:
    segment = None if step is None else a.segment(step)
    message = f"{a.name} and {b.name} part at {what}: {values[0]} and {values[1]}{where}"
    return Difference((a.name, b.name), kind, step, segment, tensor, values, message)


def _first_tensor(a: Run, b: Run, step: int) -> tuple[str | None, str]:
    """Find the first tensor that differs in the first checkpoint at or after ``step`` that does.

    Returns:
        The tensor's name, and a phrase with the element and both values in hex.
    """
    equal = 0
    for x, y in zip(a.of("checkpoint"), b.of("checkpoint"), strict=False):
        if x["state"] == y["state"]:
            equal = x["step"]
            continue
        if x["step"] < step:
            continue
        path = Path("checkpoints") / checkpoint.file_name(x["step"])
        one, other = checkpoint.read(a.folder / path), checkpoint.read(b.folder / path)
        digests = zip(rows(one), rows(other), strict=False)
        name = next((r.name for r, s in digests if r != s), None)
        if name is None or name not in one or name not in other:
            return name, f"; the states at step {x['step']} do not hold the same tensors"
        element = _first_element(name, one[name], other[name])
        return name, f"; states last equal at step {equal}; at step {x['step']} {element}"
    return None, ""


def _first_element(name: str, one: Any, other: Any) -> str:
    """Name the first element in which two tensors differ, with both values in hex."""
    if name.endswith(VALUES):
        found = fingerprint.differences(_settings(one), _settings(other))
        key, (x, y) = next(iter(found.items()))
        return f"the setting {key} of {name} is {x} and {y}"
    if one[:2] != other[:2]:
        return f"{name} is {one.dtype}{list(one.shape)} and {other.dtype}{list(other.shape)}"
    # compared as bits: NaN differs from NaN, and 0.0 from -0.0, only where their bits do
    x, y = array(one), array(other)
    bits = f"u{x.itemsize}"
    flat = np.flatnonzero(one.raw.view(bits) != other.raw.view(bits))[0]
    index = tuple(int(i) for i in np.unravel_index(flat, x.shape)) if x.shape else ()
    place = f"{name}[{', '.join(map(str, index))}]" if index else name
    return f"{place} is {_hex(x[index])} and {_hex(y[index])}"


def _settings(values: Any) -> Any:
    """Give a tree's plain values as nested dicts with paths for keys, floats in hex."""

    def plain(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        ((kind, content),) = node.items()
        if kind in ("tensor", "float"):
            return content
        pairs = content if kind == "dict" else enumerate(content)
        return {str(key): plain(value) for key, value in pairs}

    return plain(json.loads(values.raw.tobytes()))


def _hex(value: Any) -> str:
    """Write a number exactly: floating point and integers in hex."""
    number = value.item()
    if isinstance(number, float):
        return number.hex()
    return str(number) if isinstance(number, complex) else hex(number)


def _brief(record: Record) -> str:
    content = {key: value for key, value in record.items() if key not in ("kind", "prev")}
    return canonical_json(content).decode()


def _digests(run: Run) -> dict[str, str]:
    return {"ledger": run.head, "fingerprint": bytes_digest(canonical_json(run.fingerprint))}
