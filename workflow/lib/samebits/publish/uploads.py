"""Publishing the packages of a model, to all places or, if one of them refuses, to none."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from samebits.publish import channel, index, oci_registry
from samebits.publish.places import Places
from samebits.receipt.check import check
from samebits.receipt.keys import PublicKey
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

LISTED = "packages.json"


@dataclass(frozen=True)
class Done:
    """What became of a package at a place."""

    file: str
    place: str
    outcome: str


@dataclass(frozen=True)
class _Job:
    """What is to be sent to a place, unless it is there already."""

    files: list[str]
    place: str
    there: bool
    send: Callable[[], str]


def publish(listed: Path, places: Places, key: PublicKey, dry_run: bool = False) -> list[Done]:
    """Publish the packages that ``packages.json`` lists.

    Each is verified first; then all places are asked before anything is sent to one.

    Args:
        listed: ``results/<model>/dist/packages.json``.
        places: where to.
        key: the key that signed the packages.
        dry_run: only say what would be done.

    Raises:
        Refused: a package changed, a place holds other content under its name, or cannot be reached or
        written. samebits.receipt.Different: a package is not what was signed.
    """
    files = _packages(listed)
    for path in files:
        check(path, [key])
    jobs = list(_jobs(files, listed.parent, places))  # all places are asked before anything is sent
    done = []
    for job in jobs:
        outcome = _outcome(job, dry_run)
        done += [Done(file, job.place, outcome) for file in job.files]
    return done


def _outcome(job: _Job, dry_run: bool) -> str:
    if job.there:
        return "is there already"
    return "would be published" if dry_run else job.send()


def _jobs(files: list[Path], folder: Path, places: Places) -> Iterator[_Job]:
    """Yield what is to be done, each place asked whether it is done already."""
    for path in files:
        if path.suffix == ".whl" and (to := places.index):
            yield _Job([path.name], to.upload, index.holds(path, to), partial(index.send, path, to))
        if path.suffix == ".conda" and (at := places.channel):
            yield _Job([path.name], at.place, channel.holds(path, at), partial(channel.send, path, at))
    if where := places.registry:
        artifact = oci_registry.Artifact.of(files, folder)
        names = [path.name for path in artifact.files]
        send = partial(oci_registry.send, artifact, where)
        yield _Job(names, where.place, oci_registry.holds(artifact, where), send)


def _packages(listed: Path) -> list[Path]:
    """Return the packages that a list names, each held against its digest."""
    try:
        digests: dict[str, str] = json.loads(listed.read_bytes())
    except (OSError, ValueError):
        raise Refused(f"{listed} is missing or broken; run the target package") from None
    for name, digest in digests.items():
        path = listed.parent / name
        if not path.is_file() or file_digest(path) != digest:
            raise Refused(f"{path} is not what {listed.name} says; run the target package again")
    return [listed.parent / name for name in sorted(digests)]
