"""Made again: the locked environment is built, the model trained, and the ledgers compared bit for bit."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samebits import environments
from samebits.datasets import download, fetch, sources
from samebits.environments.specification import Source
from samebits.jobs import install_library as libraries
from samebits.jobs import layout
from samebits.proof import compare, verdict
from samebits.proof.sample import Sample
from samebits.receipt import Different, PublicKey, Uncheckable, materials
from samebits.receipt.check import Checked, check
from samebits.sealed import library
from samebits.sealed.data import Manifest
from samebits.sealed.digest import canonical_json
from samebits.sealed.errors import Refused
from samebits.sealed.execution import Execution
from samebits.sealed.spec import Spec
from samebits.section import NAME


@dataclass(frozen=True, kw_only=True)
class Request:
    """How a model is to be made again.

    Attributes:
        sample: share of the segments that are replayed, or None to train all of it.
        data: the data set, if its maker had it in a file of their own.
        own: the user's own key; what it signed is no foreign code.
        allow_code: whether foreign code may run.
        cache: folder of environments and data.
    """

    sample: float | None
    data: Path | None
    own: PublicKey | None
    allow_code: bool
    cache: Path


def reproduce(path: Path, trusted: Sequence[PublicKey], request: Request) -> str:
    """Check a model, then make it again from its materials; return what was found identical.

    Raises:
        Refused: as ``check`` does, or something fails that has nothing to do with the model.
        Different: as ``check`` does, or other bits came out.
        Uncheckable: there is no key, or something is missing to make it again; says what.
    """
    with tempfile.TemporaryDirectory(prefix="samebits-") as scratch:
        unpacked = Path(scratch) / "unpacked"
        unpacked.mkdir()
        checked = check(path, trusted, unpacked)
        if checked.folder is None or checked.ledger is None:
            raise Uncheckable(f"{path} is a receipt alone; give the package or the model's folder")
        _allow(path, trusted, request)
        spec = Spec.parse(canonical_json(checked.receipt.predicate.spec), str(path))
        if (own := library.digest(spec.framework)) != spec.library_digest:
            made_by = checked.receipt.predicate.samebits
            raise Uncheckable(
                f"{path} was trained by samebits {made_by}, whose modules are {spec.library_digest}, "
                f"and these are {own}; install that version"
            )
        if request.sample is not None and not (checked.ledger.parent / "checkpoints").is_dir():
            raise Uncheckable(
                f"{path} holds no checkpoints to replay from; leave --sample out to train all of it, "
                "or give the model's folder"
            )
        return _again(checked, spec, checked.ledger.parent, Path(scratch), request)


def _allow(path: Path, trusted: Sequence[PublicKey], request: Request) -> None:
    """Refuse to run what another wrote, unless it is asked for.

    Raises:
        Refused: it is foreign, and not allowed.
    """
    if request.allow_code:
        return
    if request.own is not None:
        try:
            check(path, [request.own])
            return
        except Different:
            pass
    raise Refused(
        f"{path} is signed by another, and making it again runs the recipe in it: read the recipe, and add "
        "--allow-code"
    )


def _again(checked: Checked, spec: Spec, run: Path, scratch: Path, request: Request) -> str:
    assert checked.folder is not None  # noqa: S101  a receipt alone does not come here
    gathered = checked.folder / materials.FOLDER
    inputs = {
        "--spec": scratch / "spec.json",
        "--recipe": gathered / spec.recipe.partition(":")[0],
        "--data": _data(gathered, spec, scratch, request) / "data.json",
        "--environment": _environment(gathered, spec, scratch, request) / "environment.json",
        "--library": scratch / "library",
    }
    inputs["--spec"].write_bytes(spec.canonical())
    libraries.install(spec.framework, inputs["--library"])
    arguments = [part for name, path in inputs.items() for part in (name, str(path))]
    if request.sample is None:
        folder = scratch / "again" / "run-1"
        _call("train", *arguments, "--ledger", str(folder / "ledger.jsonl"))
        if (folder / "ledger.jsonl").read_bytes() != (run / "ledger.jsonl").read_bytes():
            raise Different(f"{spec.model}: {_where(run, folder)}")
        return f"{spec.model}: trained again, all {spec.steps} steps have the bits of the ledger"
    drawn = Sample.draw(run, request.sample)
    sample = scratch / "replay" / "sample.json"
    sample.parent.mkdir()
    drawn.write(sample)
    execution = Execution(virtual=True).json()
    for segment in drawn.segments:
        _call(
            *("replay", *arguments, "--run", str(run / "ledger.jsonl"), "--sample", str(sample)),
            *("--segment", str(segment), "--execution", execution),
            *("--ledger", str(sample.parent / f"segment-{segment}" / "ledger.jsonl")),
        )
    judged = compare.compare_replays(run, sample)
    if not judged.identical:
        raise Different(verdict.sentence(judged))
    return verdict.sentence(judged)


def _where(run: Path, again: Path) -> str:
    """Say where two ledgers part; a package has no checkpoints to look into, so by the first line."""
    pairs = zip((run / "ledger.jsonl").open("rb"), (again / "ledger.jsonl").open("rb"), strict=False)
    for number, (one, other) in enumerate(pairs, 1):
        if one != other:
            a, b = json.loads(one), json.loads(other)
            keys = [key for key in a if key != "prev" and a.get(key) != b.get(key)]
            what = f"step {a['step']}" if "step" in a else f"the {a['kind']}"
            values = f": {a[keys[0]]} and {b.get(keys[0])}" if keys and keys[0] in ("loss", "state") else ""
            return f"trained again, it parts from the ledger at line {number}, {what}{values}"
    return "trained again, its ledger has another length"


def _environment(gathered: Path, spec: Spec, scratch: Path, request: Request) -> Path:
    """Build the environment from the locks among the materials; return its prefix.

    Raises:
        Refused: it cannot be built.
        Different: it is not the one that the model was trained in.
    """
    if not re.fullmatch(NAME, spec.environment):
        raise Refused(f"the spec names the environment {spec.environment!r}, which is no name")
    folder = scratch / "envs" / spec.environment
    folder.mkdir(parents=True)
    source = Source(spec.environment, folder)
    for path in Source(spec.environment, gathered).files:
        shutil.copyfile(path, folder / path.name)
    backend = _described(gathered)["environment"]["backend"]
    if backend not in environments.backends.NAMES:
        raise Refused(f"the environment is of the backend {backend!r}, which this version does not know")
    prefix = layout.prefix(str(request.cache.resolve()), source, backend)
    environments.build(source, prefix, backend=backend)
    if (digest := environments.read(prefix).digest) != spec.environment_digest:
        raise Different(
            f"{spec.model}: built again, its environment is {digest}, and not {spec.environment_digest}"
        )
    return prefix


def _data(gathered: Path, spec: Spec, scratch: Path, request: Request) -> Path:
    """Fetch the data set; return its folder.

    Raises:
        Uncheckable: its maker had it in files of their own.
        Different: it is not what the model was trained on.
    """
    described = _described(gathered)["data"]
    source = sources.parse(json.dumps(described["source"]))
    if request.data is not None:
        source = sources.Local(path=str(request.data))
    elif source.local_paths():
        raise Uncheckable(
            f"the data set {spec.data} ({spec.data_digest}) was in files of its maker: "
            f"{', '.join(sorted(described['files']))}; give them with --data"
        )
    with download.display() as progress:
        fetch.fetch(spec.data, source, scratch / "data", progress)
    if (digest := Manifest.read(scratch / "data").digest) != spec.data_digest:
        raise Different(f"{spec.model}: the data set {spec.data} is {digest} now, and not {spec.data_digest}")
    return scratch / "data"


def _described(gathered: Path) -> Any:
    return json.loads((gathered / materials.DESCRIPTION).read_bytes())


def _call(*arguments: str) -> None:
    """Run a step of the workflow as its rule does; it becomes the measured process.

    Raises:
        Refused: it failed, and has said why.
    """
    print(f"samebits: {arguments[0]} again", file=sys.stderr)
    command = [sys.executable, "-P", "-m", "samebits", *arguments]
    if status := subprocess.run(command, stdout=sys.stderr).returncode:
        raise Refused(f"making it again ended with status {status}; mend what it said above")
