"""Download one pinned file over HTTP, and go on where an earlier attempt stopped.

Received bytes are kept in ``<file>.part``, whatever ends the process; ``<file>.part.json`` says which version
of the remote file they belong to. The next attempt asks for the rest of that version only (``Range`` with
``If-Range``, RFC 9110 section 13.1.5), and begins anew where the server cannot do that or has another one.
Whatever a server does, the file gets its name only after its SHA-256 was found right.

Bytes are kept as they travelled, as ``curl -O`` does: where a server labels a ``.gz`` file with
``Content-Encoding: gzip`` it must not be unpacked, or no published digest would fit.

A URL may hold a password or a signature, so messages name it without user, query and fragment.
"""

import errno
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

import requests
import rich.progress
import urllib3.exceptions
from rich.console import Console
from rich.filesize import decimal

from samebits.datasets.sources import shown
from samebits.sealed import files
from samebits.sealed.digest import file_digest
from samebits.sealed.errors import Refused

_PIECE = 1 << 20
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # answers that another attempt may mend
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Progress(NamedTuple):
    """How far a file is: bytes there, bytes in all if the server tells, and bytes per second."""

    file: str
    done: int
    total: int | None
    rate: float


Report = Callable[[Progress], None]


class _Dropped(Exception):
    """An attempt ended early; the next one may do better."""


def download(
    url: str,
    sha256: str,
    target: Path,
    report: Report | None = None,
    *,
    tries: int = 5,
    pause: float = 1.0,
    timeout: float = 60.0,
) -> None:
    """Download ``url`` to ``target`` unless the right file is there already.

    Proxies, certificates and ``.netrc`` come from the environment, as requests has it.

    Args:
        url: http or https; redirects are followed.
        sha256: ``sha256:…``, the only content that is accepted.
        target: the file; its folder must exist.
        report: is told after each piece.
        tries: attempts in a row that may bring no new byte.
        pause: seconds to wait after the first of these; doubles each time.
        timeout: seconds without a byte after which a connection counts as dropped.

    Raises:
        Refused: the URL cannot be had, its content is another, or the disk is full. Bytes that are good to go
            on from stay.
    """
    if target.is_file() and file_digest(target) == sha256:
        return
    transfer = _Transfer(url, sha256, target, report, timeout)
    try:
        transfer.finish(tries, pause)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise Refused(
            f"{target}: {error.strerror}: {transfer.size} bytes of it are kept in {transfer.part}; "
            "make room and run again, the download goes on from there"
        ) from None
    transfer.part.replace(target)
    files.sync(target.parent)
    transfer.notes.unlink(missing_ok=True)


class _Transfer:
    """The part of a file that is there, and how to get the rest."""

    def __init__(self, url: str, sha256: str, target: Path, report: Report | None, timeout: float) -> None:
        self.part = target.with_name(target.name + ".part")
        self.notes = target.with_name(target.name + ".part.json")
        self._url, self._sha256, self._file = url, sha256, target.name
        self._report, self._timeout = report, timeout
        self._version: str | None = None  # ETag or date of the remote file that the part belongs to

    @property
    def size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def finish(self, tries: int, pause: float) -> None:
        """Attempt until the part is the whole file."""
        self._recall()
        failed = 0
        with requests.Session() as session:
            while True:
                before = self.size
                try:
                    resumed = self._attempt(session)
                except _Dropped as dropped:
                    failed = failed + 1 if self.size <= before else 1
                    if failed >= tries:
                        kept = f"{self.size} bytes are kept in {self.part}"
                        raise self._refused(f"{dropped} (attempt {tries}); {kept}, run again later") from None
                    time.sleep(pause * 2 ** (failed - 1))
                    continue
                size, digest = self.size, file_digest(self.part)
                if digest == self._sha256:
                    return
                self._forget()
                if not resumed:  # else two attempts may have met two versions: once more from the start
                    mend = "check the URL, or pin the new digest if the new content is what you want"
                    raise self._refused(f"it is {digest} ({size} bytes), wanted is {self._sha256}; {mend}")

    def _recall(self) -> None:
        """Take up the part of an earlier process, if it was after the same content."""
        try:
            notes = json.loads(self.notes.read_bytes())
            self._version = notes["version"]
            fits = notes["sha256"] == self._sha256
        except (OSError, ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            self._forget()

    def _forget(self) -> None:
        """Throw the bytes away first: they must never stand beside another version's notes."""
        self.part.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
        self._version = None

    def _begin(self, version: str | None) -> None:
        """Note which version the bytes to come belong to."""
        self._forget()
        notes = {"sha256": self._sha256, "version": version}
        files.write(self.notes, json.dumps(notes))
        self._version = version

    def _attempt(self, session: requests.Session) -> bool:
        """Ask for what is missing and append it to the part; tell whether earlier bytes were kept."""
        headers = {"Accept-Encoding": "identity"}
        if have := self.size:
            headers["Range"] = f"bytes={have}-"
            if self._version:
                headers["If-Range"] = self._version
        with (
            self._connected(),
            session.get(self._url, headers=headers, stream=True, timeout=self._timeout) as response,
        ):
            match response.status_code:
                case 416 if have:  # the part is already complete; the digest shows whether it is right
                    return True
                case 206 if have:  # if it is a piece of something else, the digest shows that, too
                    pass
                case 200:
                    have = 0
                    self._begin(_version(response))
                case status if status in _PASSING:
                    raise _Dropped(f"the server answered {status} {response.reason}")
                case status:
                    mend = "check the URL, and whether it needs a login"
                    raise self._refused(f"the server answered {status} {response.reason}; {mend}")
            self._append(response, have)
        return have > 0

    def _append(self, response: requests.Response, have: int) -> None:
        """Write the body to disk as it arrives."""
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else None
        done, start = have, time.monotonic()
        with self.part.open("ab") as file:
            # read1 gives what has arrived, so a drop or a kill costs nothing of it
            while piece := response.raw.read1(_PIECE, decode_content=False):
                file.write(piece)
                file.flush()
                done += len(piece)
                if self._report:
                    rate = (done - have) / max(time.monotonic() - start, 1e-3)
                    self._report(Progress(self._file, done, total, rate))
            files.flush(file)
        if total is not None and done < total:
            raise _Dropped(f"the connection ended after {done} of {total} bytes")

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Sort a connection's errors; their own texts hold the URL and are not passed on."""
        try:
            yield
        except requests.exceptions.SSLError as error:
            mend = "check the URL, or set REQUESTS_CA_BUNDLE to your site's certificates"
            raise self._refused(f"{_cause(error)}; {mend}") from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise _Dropped(f"nothing came for {self._timeout:g} s") from None
        except (requests.ConnectionError, urllib3.exceptions.HTTPError) as error:
            raise _Dropped(_cause(error)) from None
        except requests.RequestException as error:
            raise self._refused(f"{type(error).__name__}; check the URL") from None

    def _refused(self, why: str) -> Refused:
        return Refused(f"{shown(self._url)}: {why}")


def _version(response: requests.Response) -> str | None:
    """Return what If-Range may name: a strong ETag (RFC 9110 forbids weak ones there), else the date."""
    etag = response.headers.get("ETag", "W/")
    return response.headers.get("Last-Modified") if etag.startswith("W/") else etag


def _cause(error: BaseException | None) -> str:
    """Return the system's words below an error: ``Connection refused``, ``Name or service not known``."""
    while error:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = error.__cause__ or error.__context__
    return "the connection broke off"


@contextmanager
def display(stream: TextIO | None = None, seconds: float = 5.0) -> Iterator[Report]:
    """Show downloads: as bars on a terminal, else as a line each few ``seconds`` and when a file is there."""
    stream = stream or sys.stderr
    if stream.isatty():
        columns = (
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.DownloadColumn(),
            rich.progress.TransferSpeedColumn(),
            rich.progress.TimeRemainingColumn(),
        )
        with rich.progress.Progress(*columns, console=Console(file=stream)) as bars:
            tasks: dict[str, rich.progress.TaskID] = {}

            def draw(now: Progress) -> None:
                if now.file not in tasks:
                    tasks[now.file] = bars.add_task(now.file, total=now.total)
                bars.update(tasks[now.file], completed=now.done, total=now.total)

            yield draw
        return
    last = time.monotonic()

    def tell(now: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds or now.done == now.total:
            last = time.monotonic()
            total = f" of {decimal(now.total)}" if now.total is not None else ""
            print(
                f"{now.file}: {decimal(now.done)}{total}, {decimal(int(now.rate))}/s", file=stream, flush=True
            )

    yield tell
