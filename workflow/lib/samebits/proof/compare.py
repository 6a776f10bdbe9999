"""Verdicts: are the runs of a model the same bits, and if not, where do they part?"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from samebits.proof.sample import Sample
from samebits.proof.verdict import Compared, Difference, Verdict
from samebits.results.run import Run
from samebits.sealed import checkpoint, fingerprint
from samebits.sealed.digest import Tensor, array, canonical_json, rows
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Checkpoint, Record, Step
from samebits.sealed.nested import VALUES


def compare(folders: Sequence[Path]) -> Verdict:
    """Compare the runs of a model with the first of them.

    Raises:
        Refused: a run is not finished, or a file of it is not what its ledger says.
    """
    first, *others = [Run.open(folder).check() for folder in folders]
    return _verdict(first, [(first, other) for other in others], others, mode="rerun")


def compare_replays(folder: Path, sample: Path) -> Verdict:
    """Compare a run with the replays of its segments, which lie beside their sample.

    Raises:
        Refused: as ``compare`` does, or the sample was drawn for another run.
    """
    run, drawn = Run.open(folder).check(), Sample.read(sample)
    if drawn.head != run.head:
        raise Refused(f"{sample} was drawn for another ledger than that of {folder}; run the workflow again")
    if drawn.of != len(run.ends):
        raise Refused(f"{sample} counts {drawn.of} segments, and {folder} has {len(run.ends)}; draw it again")
    pairs = []
    for number in drawn.segments:
        start, conclude = drawn.ends(number)
        replay = Run.open_replay(sample.parent / f"segment-{number}", number).check_replay(conclude)
        pairs.append((run.excerpt(number, start, conclude), replay))
    replays = [
        Compared(segment=number, ledger=replay.head, fingerprint=replay.fingerprint_digest)
        for number, (_, replay) in zip(drawn.segments, pairs, strict=True)
    ]
    return _verdict(
        run,
        pairs,
        mode="replay",
        replays=tuple(replays),
        segments=drawn.of,
        nonce=drawn.nonce,
        unseen=drawn.unseen,
    )


def _verdict(
    first: Run, pairs: Sequence[tuple[Run, Run]], others: Sequence[Run] = (), **compared: Any
) -> Verdict:
    """Compare pair by pair; ``others`` are whole runs beside the first, ``compared`` says what else was."""
    differences = tuple(each for one, other in pairs if (each := difference(one, other)))
    return Verdict(
        model=first.spec["model"],
        verdict="different" if differences else "identical",
        runs=tuple(
            Compared(run=run.name, ledger=run.head, fingerprint=run.fingerprint_digest)
            for run in (first, *others)
        ),
        steps=first.checkpoints[-1].step,
        tier=first.spec["tier"],
        framework=first.spec["framework"],
        state=first.checkpoints[-1].state,
        loss=first.steps[-1].loss,
        metrics=tuple(first.metrics),
        differences=differences,
        fingerprints={
            other.name: changes
            for _, other in pairs
            if (changes := fingerprint.differences(first.fingerprint, other.fingerprint))
        },
        **compared,
    )


def difference(a: Run, b: Run) -> Difference | None:
    """Find the first record in which two runs part, and say what it means; None if there is none.

    A run is compared with a rerun, or its records of one segment with that segment's replay.
    """
    if a.whole and b.whole and a.head == b.head:  # the chain ties the head to every line before
        return None
    for x, y in zip_longest(a.records, b.records):
        if x is None or y is None or x.kind != y.kind:
            counts = str(len(a.records)), str(len(b.records))
            return _Parting(a, b).at("length", counts, "their ledgers")
        if x.content != y.content:
            return _explain(_Parting(a, b), x, y)
    return None


@dataclass(frozen=True)
class _Parting:
    """Two runs that part somewhere."""

    a: Run
    b: Run

    def at(
        self,
        kind: str,
        values: tuple[str, str],
        what: str,
        *,
        step: int | None = None,
        tensor: str | None = None,
        where: str = "",
    ) -> Difference:
        """Say that they part at ``what``, where they have the ``values``."""
        names = (self.a.name, self.b.name)
        return Difference(
            runs=names,
            kind=kind,
            step=step,
            segment=None if step is None else self.a.segment(step),
            tensor=tensor,
            values=values,
            message=f"{names[0]} and {names[1]} part at {what}: {values[0]} and {values[1]}{where}",
        )


def _explain(parting: _Parting, x: Record, y: Record) -> Difference:
    """Say what it means that ``x`` and ``y`` are the first records to differ."""
    match x, y:
        case Step(), Step():
            tensor, where = _first_tensor(parting, x.step)
            if x.inputs != y.inputs:
                kind, values, what = "data", (x.inputs, y.inputs), "the data that step read"
            else:
                kind, values, what = "loss", (x.loss, y.loss), "its loss"
            return parting.at(kind, values, f"step {x.step}: {what}", step=x.step, tensor=tensor, where=where)
        case Checkpoint(), Checkpoint():
            tensor, where = _first_tensor(parting, x.step)
            values = (x.state, y.state)
            what = f"step {x.step}: the state"
            return parting.at("checkpoint", values, what, step=x.step, tensor=tensor, where=where)
    if x.kind == "spec":
        return _explain_spec(parting.a, parting.b)
    return parting.at(x.kind, (_brief(x), _brief(y)), f"after the last step: the {x.kind}")


def _explain_spec(a: Run, b: Run) -> Difference:
    """Name what was trained differently, down to the library whose version changed."""
    changes = fingerprint.differences(a.spec, b.spec)
    if "environment_digest" in changes:
        changes |= fingerprint.differences(a.fingerprint["libraries"], b.fingerprint["libraries"], "library")
    parts = [f"{key}: {x} in {a.name}, {y} in {b.name}" for key, (x, y) in changes.items()]
    key, (x, y) = next(iter(changes.items()))
    return Difference(
        runs=(a.name, b.name),
        kind="spec",
        step=None,
        segment=None,
        tensor=key,
        values=(str(x), str(y)),
        message=f"{a.name} and {b.name} did not train the same spec: " + "; ".join(parts),
    )


def _first_tensor(parting: _Parting, step: int) -> tuple[str | None, str]:
    """Find the first tensor that differs in the first checkpoint at or after ``step`` that does.

    Returns:
        The tensor's name, and a phrase with the element and both values in hex.
    """
    equal = 0
    for x, y in zip(parting.a.checkpoints, parting.b.checkpoints, strict=False):
        if x.state == y.state:
            equal = x.step
            continue
        if x.step < step:
            continue
        one, other = (checkpoint.read(run.checkpoint(x.step)) for run in (parting.a, parting.b))
        digests = zip(rows(one), rows(other), strict=False)
        name = next((r.name for r, s in digests if r != s), None)
        if name is None or name not in one or name not in other:
            return name, f"; the states at step {x.step} do not hold the same tensors"
        element = _first_element(name, one[name], other[name])
        return name, f"; states last equal at step {equal}; at step {x.step} {element}"
    return None, ""


def _first_element(name: str, one: Tensor, other: Tensor) -> str:
    """Name the first element in which two tensors differ, with both values in hex."""
    if name.endswith(VALUES):
        changes = fingerprint.differences(_settings(one), _settings(other))
        key, (x, y) = next(iter(changes.items()))
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


def _settings(values: Tensor) -> Any:
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
    content = json.loads(record.content)
    return canonical_json({key: content[key] for key in content if key not in ("kind", "prev")}).decode()
