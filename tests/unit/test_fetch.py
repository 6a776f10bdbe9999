"""A data set arrives whole and right, or the error says what to do; nothing that arrived is fetched twice."""

import gzip
import hashlib
import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import programs
import samebits
from samebits.datasets.download import Progress, display, download
from samebits.datasets.fetch import fetch
from samebits.datasets.sources import Download, Files, Local, Sklearn, check, parse, shown
from samebits.sealed.data import Manifest, load
from samebits.sealed.digest import bytes_digest, file_digest, files_digest
from samebits.sealed.errors import Refused

BODY = np.random.default_rng(0).bytes(300_000)
RIGHT = bytes_digest(BODY)
WRONG = "sha256:" + "0" * 64
LIBRARY = str(Path(samebits.__file__).parents[1])


# a real server that misbehaves on demand


@dataclass
class Site:
    """What the server holds and how it behaves; ``log`` has a line for each request."""

    url: str = ""
    body: bytes = BODY
    etag: str | None = '"1"'
    modified: str | None = None
    ranges: bool = True
    honest: bool = True  # False: ignores If-Range
    chunked: bool = False
    encoding: str | None = None
    moved: str = "/data.bin"  # where /moved redirects to
    length: int | None = None  # overrides Content-Length
    statuses: list[int] = field(default_factory=list)  # answers to the next requests, before any body
    cuts: list[int] = field(default_factory=list)  # bytes after which the next answers break off
    stalls: list[int] = field(default_factory=list)  # bytes after which the next answers stand still
    released: threading.Event = field(default_factory=threading.Event)
    log: list[dict[str, object]] = field(default_factory=list)

    @property
    def asked(self) -> list[object]:
        return [request["range"] for request in self.log]

    @property
    def sent(self) -> list[int]:
        return [request["sent"] for request in self.log]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        site, condition = self.site, self.headers["If-Range"]
        entry = {"range": self.headers["Range"], "if-range": condition, "headers": self.headers, "sent": 0}
        site.log.append(entry)
        if site.statuses:
            self.send_error(site.statuses.pop(0))
            return
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", site.moved)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        fresh = not site.honest or condition in (None, site.etag, site.modified)
        if site.ranges and self.headers["Range"] and fresh:
            start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
        if start >= len(site.body) and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = site.body[start:]
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(site.body) - 1}/{len(site.body)}")
        for name, value in (
            ("ETag", site.etag),
            ("Last-Modified", site.modified),
            ("Content-Encoding", site.encoding),
        ):
            if value:
                self.send_header(name, value)
        if site.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body) if site.length is None else site.length))
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else None
        stall = site.stalls.pop(0) if site.stalls else None
        stop = min(len(body), *(n for n in (cut, stall, len(body)) if n is not None))
        for begin in range(0, stop, 4096):
            piece = body[begin : min(begin + 4096, stop)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if site.chunked else piece)
            entry["sent"] += len(piece)
        if stall is not None:
            site.released.wait(60)
        elif site.chunked and cut is None:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = cut is not None or stall is not None or site.length is not None


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that was killed is part of the tests."""


@pytest.fixture
def site(monkeypatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    site = Site()
    server = Server(("127.0.0.1", 0), type("Handler_", (Handler,), {"site": site}))
    site.url = f"http://127.0.0.1:{server.server_address[1]}/data.bin"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def get(site: Site, folder: Path, sha256: str = RIGHT, **how: object) -> bytes:
    """Download from the site without long waits."""
    download(site.url, sha256, folder / "data.bin", **{"pause": 0.01, **how})
    return (folder / "data.bin").read_bytes()


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def python(code: str, *arguments: object, before: Iterable[str] = ()) -> subprocess.Popen[str]:
    """Run code in a process of its own; it exits with 2 and the message where it is refused."""
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from samebits.datasets.download import download
        from samebits.sealed.errors import Refused
        from samebits.datasets.fetch import fetch
        from samebits.datasets.sources import *
        try:
            exec(sys.argv.pop(1))
        except Refused as refused:
            print(refused, file=sys.stderr)
            sys.exit(2)
    """)
    return subprocess.Popen(
        [*before, sys.executable, "-c", program, textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": LIBRARY},
        stderr=subprocess.PIPE,
        text=True,
    )


def wait(until: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


# downloads that go well


def test_a_download_arrives_and_leaves_nothing_else(site, tmp_path):
    assert get(site, tmp_path) == BODY
    assert listing(tmp_path) == ["data.bin"]
    assert site.asked == [None]


def test_the_right_file_is_not_downloaded_again(site, tmp_path):
    get(site, tmp_path)
    get(site, tmp_path)
    assert len(site.log) == 1


def test_a_wrong_file_in_the_place_is_replaced(site, tmp_path):
    (tmp_path / "data.bin").write_bytes(b"something else")
    assert get(site, tmp_path) == BODY


@pytest.mark.parametrize("body", [b"", b"x"])
def test_the_smallest_files(site, tmp_path, body):
    site.body = body
    assert get(site, tmp_path, bytes_digest(body)) == body


def test_a_chunked_download(site, tmp_path):
    site.chunked = True
    assert get(site, tmp_path) == BODY


def test_bytes_are_kept_as_they_travelled(site, tmp_path):
    site.body, site.encoding = gzip.compress(b"text"), "gzip"
    assert get(site, tmp_path, bytes_digest(site.body)) == site.body
    assert site.log[0]["headers"]["Accept-Encoding"] == "identity"


def test_redirects_are_followed(site, tmp_path):
    site.url = site.url.replace("/data.bin", "/moved")
    assert get(site, tmp_path) == BODY


# downloads that are interrupted


@pytest.mark.parametrize(
    ("etag", "modified", "condition"),
    [
        ('"1"', "Mon, 01 Jan 2024 00:00:00 GMT", '"1"'),
        ('W/"1"', "Mon, 01 Jan 2024 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 GMT"),
        (None, None, None),
    ],
    ids=["etag", "date", "neither"],
)
def test_a_dropped_connection_goes_on_where_it_was(site, tmp_path, etag, modified, condition):
    site.etag, site.modified, site.cuts = etag, modified, [100_000, 50_000]
    assert get(site, tmp_path) == BODY
    assert site.asked == [None, "bytes=100000-", "bytes=150000-"]
    assert [request["if-range"] for request in site.log] == [None, condition, condition]
    assert sum(site.sent) == len(BODY)
    assert listing(tmp_path) == ["data.bin"]


def test_a_dropped_chunked_connection_goes_on_too(site, tmp_path):
    site.chunked, site.cuts = True, [100_000]
    assert get(site, tmp_path) == BODY
    assert site.asked == [None, "bytes=100000-"]


def test_a_stalled_connection_counts_as_dropped(site, tmp_path):
    site.stalls = [100_000]
    assert get(site, tmp_path, timeout=0.3) == BODY
    assert site.asked == [None, "bytes=100000-"]


def test_a_busy_server_is_asked_again(site, tmp_path):
    site.statuses = [503, 429]
    assert get(site, tmp_path) == BODY
    assert len(site.log) == 3


def test_a_killed_process_goes_on_where_it_was(site, tmp_path):
    site.stalls = [200_000]
    code = "fetch('set', Download(url=sys.argv[1], sha256=sys.argv[2]), Path(sys.argv[3]))"
    process = python(code, site.url, RIGHT, tmp_path)
    part = tmp_path / "data.bin.part"
    wait(lambda: part.exists() and part.stat().st_size == 200_000)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stderr.close()
    assert listing(tmp_path) == ["data.bin.part", "data.bin.part.json"]
    again = python(code, site.url, RIGHT, tmp_path)
    assert again.communicate()[1] == ""
    assert again.returncode == 0
    assert site.asked == [None, "bytes=200000-"]
    assert site.sent == [200_000, 100_000]
    assert load(tmp_path, files_digest({"data.bin": RIGHT})).path("data.bin").read_bytes() == BODY
    assert listing(tmp_path) == ["data.bin", "data.json"]


def test_a_process_killed_before_the_rename_downloads_nothing_more(site, tmp_path):
    cut_off(site, tmp_path)
    (tmp_path / "data.bin.part").write_bytes(BODY)
    assert get(site, tmp_path) == BODY
    assert site.asked[-1] == "bytes=300000-"
    assert site.sent[-1] == 0


def cut_off(site: Site, folder: Path, at: int = 100_000) -> None:
    """Leave a partial file behind."""
    site.cuts = [at]
    with pytest.raises(Refused, match=f"{at} bytes are kept in .*data.bin.part, run again later"):
        get(site, folder, tries=1)
    assert (folder / "data.bin.part").read_bytes() == site.body[:at]


def test_a_server_without_ranges_starts_anew(site, tmp_path):
    cut_off(site, tmp_path)
    site.ranges = False
    assert get(site, tmp_path) == BODY
    assert site.sent == [100_000, 300_000]


@pytest.mark.parametrize("honest", [True, False], ids=["honours If-Range", "ignores If-Range"])
@pytest.mark.parametrize("etag", ['"2"', None], ids=["new etag", "no etag"])
def test_a_changed_remote_file_starts_anew(site, tmp_path, honest, etag):
    site.body = BODY[::-1]
    cut_off(site, tmp_path)
    site.body, site.etag, site.honest = BODY, etag, honest
    assert get(site, tmp_path) == BODY
    assert site.asked == [None, "bytes=100000-"] + ([] if honest else [None])


def test_a_shorter_remote_file_starts_anew(site, tmp_path):
    cut_off(site, tmp_path)
    site.body, site.honest = b"short", False
    assert get(site, tmp_path, bytes_digest(b"short")) == b"short"


def test_a_part_of_another_pinned_content_is_not_used(site, tmp_path):
    cut_off(site, tmp_path)
    site.body = b"new" * 100_000
    assert get(site, tmp_path, bytes_digest(site.body)) == site.body
    assert site.asked == [None, None]


@pytest.mark.parametrize("notes", [b"", b"[]", b"{}"])
def test_a_part_without_its_notes_is_not_used(site, tmp_path, notes):
    cut_off(site, tmp_path)
    (tmp_path / "data.bin.part.json").write_bytes(notes)
    assert get(site, tmp_path) == BODY
    assert site.asked == [None, None]


# downloads that cannot go well


def test_another_content_is_refused(site, tmp_path):
    with pytest.raises(Refused, match=rf"it is {RIGHT} \(300000 bytes\), wanted is {WRONG}; check the URL"):
        get(site, tmp_path, WRONG)
    assert len(site.log) == 1
    assert listing(tmp_path) == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_answer_without_the_file_is_refused_at_once(site, tmp_path, status):
    site.statuses = [status] * 9
    with pytest.raises(Refused, match=f"data.bin: the server answered {status} .*; check the URL"):
        get(site, tmp_path)
    assert len(site.log) == 1


def test_a_server_that_stays_busy_is_given_up(site, tmp_path):
    site.statuses = [503] * 9
    with pytest.raises(Refused, match=r"the server answered 503 Service Unavailable \(attempt 3\)"):
        get(site, tmp_path, tries=3)
    assert len(site.log) == 3


def test_a_refused_connection_is_named(tmp_path):
    with socket.socket() as held:  # bound but not listening: nobody else can answer here
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/data.bin"
        with pytest.raises(Refused, match=rf"{url}: Connection refused \(attempt 2\)"):
            download(url, RIGHT, tmp_path / "data.bin", tries=2, pause=0.01)


def test_an_unknown_host_is_named(tmp_path):
    with pytest.raises(Refused, match=r"http://nowhere\.invalid/data\.bin: .*name"):
        download("http://nowhere.invalid/data.bin", RIGHT, tmp_path / "data.bin", tries=1)


def test_a_failed_handshake_is_refused_at_once(site, tmp_path):
    site.url = site.url.replace("http:", "https:")
    with pytest.raises(Refused, match=r"data\.bin: .*SSL.*; check the URL, or set REQUESTS_CA_BUNDLE"):
        get(site, tmp_path)


def test_a_body_that_is_always_short_is_given_up(site, tmp_path):
    site.body, site.length = BODY[:1000], 5000
    site.ranges = False
    with pytest.raises(Refused, match=r"1000 bytes are kept in"):
        get(site, tmp_path, tries=2)


def test_a_redirect_to_a_file_is_refused(site, tmp_path):
    site.moved = (tmp_path / "secret").as_uri()
    (tmp_path / "secret").write_bytes(BODY)
    site.url = site.url.replace("/data.bin", "/moved")
    with pytest.raises(Refused, match=r"/moved: InvalidSchema; check the URL"):
        get(site, tmp_path)


def test_a_full_disk_keeps_the_part_and_says_how_to_go_on(site, tmp_path):
    """A real small file system, in a mount namespace of its own so that nothing stays mounted."""
    code = """
        import subprocess
        url, sha256, folder = sys.argv[1:]
        mount = ["mount", "-t", "tmpfs", "-o"]
        subprocess.run([*mount, "size=128k", "tmpfs", folder], check=True)
        target = Path(folder, "data.bin")
        try:
            download(url, sha256, target)
        except Refused as refused:
            print(refused, file=sys.stderr)
        print(Path(folder, "data.bin.part").stat().st_size, file=sys.stderr)
        subprocess.run(["mount", "-o", "remount,size=4m", folder], check=True)
        download(url, sha256, target)
        print(len(target.read_bytes()), file=sys.stderr)
    """
    programs.need("mount", "unshare")
    unshare = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*unshare, "true"], capture_output=True).returncode:
        programs.lack("no mount namespaces here; the next test fills a quota instead")
    process = python(code, site.url, RIGHT, tmp_path, before=unshare)
    message, kept, size = process.communicate()[1].splitlines()
    assert process.returncode == 0
    assert int(size) == len(BODY)
    assert 0 < int(kept) < 128 * 1024
    part = tmp_path / "data.bin.part"
    assert message == (
        f"{tmp_path / 'data.bin'}: No space left on device: {kept} bytes of it are kept in {part}; "
        "make room and run again, the download goes on from there"
    )
    assert site.asked == [None, f"bytes={kept}-"]
    assert site.sent[1] == len(BODY) - int(kept)


def test_a_limit_on_file_sizes_is_treated_likewise(site, tmp_path):
    code = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        fetch("set", Download(url=sys.argv[1], sha256=sys.argv[2]), Path(sys.argv[3]))
    """
    process = python(code, site.url, RIGHT, tmp_path)
    message = process.communicate()[1]
    assert process.returncode == 2
    assert re.search(
        "data.bin: File too large: 100000 bytes of it are kept in .*; make room and run", message
    )
    assert get(site, tmp_path) == BODY
    assert site.asked == [None, "bytes=100000-"]


# what is shown


def test_progress_tells_bytes_total_and_rate(site, tmp_path):
    seen: list[Progress] = []
    site.cuts = [100_000]
    get(site, tmp_path, report=seen.append)
    assert {now.file for now in seen} == {"data.bin"}
    assert {now.total for now in seen} == {len(BODY)}
    assert [now.done for now in seen] == sorted(now.done for now in seen)
    assert seen[-1].done == len(BODY)
    assert all(now.rate > 0 for now in seen)


def test_progress_without_a_known_total(site, tmp_path):
    seen: list[Progress] = []
    site.chunked = True
    get(site, tmp_path, report=seen.append)
    assert (seen[-1].done, seen[-1].total) == (len(BODY), None)


def test_progress_is_plain_lines_where_there_is_no_terminal():
    stream = io.StringIO()
    with display(stream, seconds=0) as report:
        report(Progress("a", 1_500_000, 3_000_000, 1000.0))
        report(Progress("a", 2_000_000, None, 1000.0))
    assert stream.getvalue() == "a: 1.5 MB of 3.0 MB, 1.0 kB/s\na: 2.0 MB, 1.0 kB/s\n"
    stream = io.StringIO()
    with display(stream, seconds=3600) as report:
        report(Progress("a", 1, 2, 1000.0))
        report(Progress("a", 2, 2, 1000.0))
    assert stream.getvalue() == "a: 2 bytes of 2 bytes, 1.0 kB/s\n"


def test_progress_is_a_bar_on_a_terminal():
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as terminal, display(terminal) as report:
        report(Progress("data.bin", 3_000_000, 3_000_000, 1000.0))
    screen = ""
    with os.fdopen(master, "rb", 0) as seen, suppress(OSError):  # Linux ends a terminal with EIO
        while piece := seen.read(1 << 16):
            screen += piece.decode()
    assert "data.bin" in screen
    assert "3.0/3.0 MB" in screen


def test_credentials_are_sent_but_never_shown(site, tmp_path):
    secret = site.url.replace("http://", "http://me:hunter2@") + "?token=hunter2#hunter2"
    download(secret, RIGHT, tmp_path / "data.bin")
    assert site.log[0]["headers"]["Authorization"].startswith("Basic ")
    signed = Download(url=f"{site.url}?token=hunter2", sha256=RIGHT)
    fetch("set", signed, tmp_path)
    assert "hunter2" not in repr(signed) + (tmp_path / "data.json").read_text()
    assert shown(secret) == site.url
    site.statuses = [404]
    texts = []
    for url in (secret, re.sub(r":\d+/", ":1/", secret), secret.replace("http", "ftp"), "http://me:hunter2@"):
        with pytest.raises(Refused) as refused:
            download(url, RIGHT, tmp_path / "other", tries=1)
        texts.append(str(refused.value))
    assert len(texts) == 4
    assert "hunter2" not in "".join(texts)
    site.cuts = [100]
    with pytest.raises(Refused):
        download(secret, RIGHT, tmp_path / "other", tries=1)
    assert "hunter2" not in (tmp_path / "other.part.json").read_text()


# sources


def test_sklearn_data_are_the_same_bytes_in_every_process(tmp_path):
    code = "fetch('digits', Sklearn(sklearn='digits'), Path(sys.argv[1]))"
    processes = [python(code, tmp_path / name) for name in "ab"]
    assert [process.communicate()[1] for process in processes] == ["", ""]
    for file in ("arrays.safetensors", "data.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    data = load(tmp_path / "a", Manifest.read(tmp_path / "b").digest)
    assert (data["X"].shape, data["X"].dtype.name) == ((1797, 64), "float64")
    assert data["y"][:5].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("dataset", "shape", "y_shape", "dtype"),
    [
        ("breast_cancer", (569, 30), (569,), "int64"),
        ("diabetes", (442, 10), (442,), "float64"),
        ("digits", (1797, 64), (1797,), "int64"),
        ("iris", (150, 4), (150,), "int64"),
        ("linnerud", (20, 3), (20, 3), "float64"),
        ("wine", (178, 13), (178,), "int64"),
    ],
)
def test_every_sklearn_data_set(tmp_path, dataset, shape, y_shape, dtype):
    data = load(tmp_path, fetch(dataset, Sklearn(sklearn=dataset), tmp_path).digest)
    assert (data["X"].shape, data["X"].dtype.name) == (shape, "float64")
    assert (data["y"].shape, data["y"].dtype.name) == (y_shape, dtype)


def test_diabetes_comes_as_stored_not_scaled(tmp_path):
    assert load(tmp_path, fetch("d", Sklearn(sklearn="diabetes"), tmp_path).digest)["X"][0, 0] == 59


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            {"sklearn": "mnist_784"},
            "sklearn:mnist_784 is downloaded by scikit-learn and may change; give",
        ),
        ({"sklearn": "covtype"}, "give the file's url and sha256"),
        (
            {"sklearn": "digit"},
            r"sklearn:digit is unknown; did you mean digits\? known are breast_cancer",
        ),
        ({"sklearn": "load_wine"}, r"did you mean wine\?"),
        ({"sklearn": "qqq"}, "sklearn:qqq is unknown; known are"),
        ({"url": "http:///a", "sha256": RIGHT}, "http:///a: the URL names no host; check it"),
        ({"url": "http://h/", "sha256": RIGHT}, "'' is no plain file name"),
        ({"url": "http://h/..", "sha256": RIGHT}, "'..' is no plain file name"),
        ({"url": "http://h/a/..%2f..%2fetc", "sha256": RIGHT}, "'../../etc' is no plain file name"),
        ({"url": "http://h/%2fetc%2fpasswd", "sha256": RIGHT}, "'/etc/passwd' is no plain file name"),
        ({"url": "http://h/a%00b", "sha256": RIGHT}, "is no plain file name"),
        ({"url": "http://h/data.json", "sha256": RIGHT}, "'data.json' is a name that a fetch uses itself"),
        ({"files": {"../a": {"path": "a"}}}, "'../a' is no plain file name"),
        ({"files": {"/a": {"path": "a"}}}, "'/a' is no plain file name"),
        ({"files": {"": {"url": "http://h/a", "sha256": RIGHT}}}, "'' is no plain file name"),
        ({"files": {"a.part": {"url": "http://h/a", "sha256": RIGHT}}}, "a name that a fetch uses itself"),
        ({"files": {"a": {"url": "http:///a", "sha256": RIGHT}}}, "the URL names no host"),
    ],
)
def test_a_wrong_source_is_refused_before_anything_is_touched(tmp_path, source, says):
    source = parse(json.dumps(source))
    with pytest.raises(Refused, match=says):
        check(source)
    with pytest.raises(Refused, match=says):
        fetch("set", source, tmp_path / "set")
    assert listing(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "^this is no source of a data set: invalid JSON"),
        ("{}", "^this is no source of a data set: "),
        ('{"path": "a", "url": "b"}', "^this is no source of a data set: "),
        ('{"path": ""}', "^this.Local.path is no source of a data set: string should have at least 1"),
        ('{"path": "a", "sha256": "abc"}', "^this.Local.sha256 is no source"),
        ('{"path": "a", "mode": "b"}', "^this.Local.mode is no source of a data set: extra inputs are not"),
        ('{"url": "http://h/a"}', "^this.Download.sha256 is no source of a data set: field required"),
        ('{"url": "http://h/a", "sha256": ""}', "^this.Download.sha256 is no source"),
        (json.dumps({"url": "file:///etc/passwd", "sha256": RIGHT}), "^this.Download.url is no source"),
        (json.dumps({"url": "ftp://h/a", "sha256": RIGHT}), "^this.Download.url is no source"),
        (json.dumps({"url": "http://me@h/a", "sha256": RIGHT}), "a user or password must not stand in a URL"),
        ('{"files": {}}', "^this.Files.files is no source"),
        ('{"files": {"a": {"sklearn": "digits"}}}', "^this.Files.files.a is no source"),
    ],
)
def test_what_is_no_source_is_refused_by_its_key(text, says):
    with pytest.raises(Refused, match=says):
        parse(text)


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        (Sklearn(sklearn="digits"), []),
        (Local(path="/nowhere"), ["/nowhere"]),
        (Local(path="a", sha256=RIGHT), ["a"]),
        (Download(url="https://h/a%20b.csv?x=1", sha256=RIGHT.removeprefix("sha256:")), []),
        (Files(files={"a": Local(path="b"), "b..c": Download(url="http://h/", sha256=RIGHT)}), ["b"]),
    ],
)
def test_a_right_source_passes_and_is_read_back_from_json(source, paths):
    check(source)
    assert parse(source.model_dump_json(exclude_none=True)) == source
    assert source.local_paths() == paths


def test_a_local_file_is_referred_to_not_copied(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_bytes(b"1,2\n")
    monkeypatch.chdir(tmp_path)
    pin = file_digest(tmp_path / "a.csv")
    manifest = fetch("set", Local(path="a.csv", sha256=pin.removeprefix("sha256:")), tmp_path / "set")
    assert listing(tmp_path / "set") == ["data.json"]
    assert manifest.files["a.csv"].path == str(tmp_path / "a.csv")
    assert load(tmp_path / "set", manifest.digest)["a"].tolist() == [[1, 2]]


def test_a_local_folder_is_all_files_below_it(tmp_path):
    root = tmp_path / "root"
    (root / "b").mkdir(parents=True)
    (root / "b" / "c.csv").write_bytes(b"1\n")
    (root / "data.json").write_bytes(b"{}")
    (root / ".hidden").write_bytes(b"")
    (root / "link.csv").symlink_to("b/c.csv")
    os.mkfifo(root / "pipe")
    source = Local(path=str(root))
    manifest = fetch("set", source, tmp_path / "set")
    assert list(manifest.files) == [".hidden", "b/c.csv", "data.json", "link.csv"]
    assert list(load(tmp_path / "set", manifest.digest)) == ["b/c", "link"]
    assert fetch("set", Local(path=str(root), sha256=manifest.digest), tmp_path / "set") == manifest
    with pytest.raises(Refused, match=f"root: it is {manifest.digest}, the config pins {WRONG}"):
        fetch("set", Local(path=str(root), sha256=WRONG), tmp_path / "set")


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda root: None, "root: No such file or directory; check the path in the config"),
        (lambda root: root.mkdir(), "root: the folder holds no files"),
        (lambda root: (root.mkdir(), (root / "a").symlink_to("/etc/hostname")), "root/a: the link leads out"),
        (lambda root: (root.mkdir(), (root / "a").symlink_to("/etc")), "root/a: the link leads out"),
        (
            lambda root: ((root / "b").mkdir(parents=True), (root / "a").symlink_to("b")),
            "root/a: a link to a folder",
        ),
        (lambda root: (root.mkdir(), (root / "a").symlink_to("gone")), "root/a: No such file or directory"),
        (
            lambda root: (root.mkdir(), (root / "a").symlink_to("a")),
            "root/a: Too many levels of symbolic links",
        ),
        (lambda root: root.symlink_to("root"), "root: Too many levels of symbolic links"),
    ],
)
def test_a_local_folder_that_is_not_whole_is_refused(tmp_path, build, says):
    build(tmp_path / "root")
    with pytest.raises(Refused, match=says):
        fetch("set", Local(path=str(tmp_path / "root")), tmp_path / "set")
    assert not (tmp_path / "set" / "data.json").exists()


def test_a_local_file_of_other_content_than_pinned_is_refused_by_name(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1\n")
    found = "sha256:" + hashlib.sha256(b"1\n").hexdigest()
    with pytest.raises(
        Refused, match=rf"a\.csv: it is {found}, the config pins {WRONG}; put the right content"
    ):
        fetch("set", Local(path=str(tmp_path / "a.csv"), sha256=WRONG), tmp_path / "set")


def test_several_files_under_given_names(site, tmp_path):
    site.body = gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 8]))
    (tmp_path / "mine.csv").write_bytes(b"1\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.csv").write_bytes(b"2\n")
    source = Files(
        files={
            "train-labels-idx1-ubyte.gz": Download(url=site.url, sha256=bytes_digest(site.body)),
            "given.csv": Local(path=str(tmp_path / "mine.csv")),
            "extra": Local(path=str(tmp_path / "more")),
        }
    )
    manifest = fetch("set", source, tmp_path / "set")
    assert list(manifest.files) == ["extra/x.csv", "given.csv", "train-labels-idx1-ubyte.gz"]
    data = load(tmp_path / "set", manifest.digest)
    assert {name: array.tolist() for name, array in data.items()} == {
        "train-labels": [7, 8],
        "given": [[1]],
        "extra/x": [[2]],
    }
    assert fetch("set", source, tmp_path / "set") == manifest
    assert len(site.log) == 1


def test_there_is_no_manifest_before_everything_is_there(site, tmp_path):
    site.statuses = [404]
    (tmp_path / "mine.csv").write_bytes(b"1\n")
    source = Files(
        files={"a.csv": Local(path=str(tmp_path / "mine.csv")), "b": Download(url=site.url, sha256=RIGHT)}
    )
    with pytest.raises(Refused):
        fetch("set", source, tmp_path / "set")
    assert listing(tmp_path / "set") == []
    fetch("set", source, tmp_path / "set")
    assert listing(tmp_path / "set") == ["b", "data.json"]
