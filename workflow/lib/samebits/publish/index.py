"""Package indexes: what is there is read by the simple API (PEP 503 and 691), and twine uploads."""

import html.parser
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import requests

from samebits.publish.places import Index, same
from samebits.sealed.digest import bytes_digest, file_digest
from samebits.sealed.errors import Refused

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_JSON = "application/vnd.pypi.simple.v1+json"


def holds(wheel: Path, index: Index) -> bool:
    """Tell whether an index has this very wheel.

    Raises:
        Refused: it has another one of this name, or cannot be asked.
    """
    distribution = wheel.name.split("-")[0].replace("_", "-")
    url = urljoin(index.simple.rstrip("/") + "/", f"{distribution}/")
    try:
        answer = requests.get(url, headers={"Accept": f"{_JSON}, text/html;q=0.1"}, timeout=60)
        if answer.status_code == 404:
            return False
        answer.raise_for_status()
        listed = _files(answer).get(wheel.name)
        if listed is None:
            return False
        there = listed[1] or _digest(listed[0])
    except requests.RequestException as error:
        raise Refused(f"{index.simple} cannot be asked: {_reason(error)}") from None
    return same(index.simple, wheel.name, there, file_digest(wheel))


def send(wheel: Path, index: Index) -> str:
    """Upload a wheel; twine finds the password in TWINE_PASSWORD, the keyring or ~/.pypirc.

    Raises:
        Refused: twine is not installed or fails.
    """
    if find_spec("twine") is None:
        raise Refused("publishing to a package index needs twine: pip install 'samebits[publish]'")
    command = [sys.executable, "-P", "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"]
    command += ["--repository-url", index.upload, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        message = " ".join(_COLOUR.sub("", " ".join(lines[-2:])).split())[-300:]
        raise Refused(
            f"{index.upload} did not take {wheel.name}: {message}; TWINE_USERNAME and TWINE_PASSWORD say who "
            "you are"
        )
    return "published"


class _Links(html.parser.HTMLParser):
    """Collects links."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link."""
        self.hrefs += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _files(answer: requests.Response) -> dict[str, tuple[str, str]]:
    """Return the files of a project: name -> URL and ``sha256:…``, empty if the index does not say."""
    if answer.headers.get("Content-Type", "").startswith(_JSON):
        return {
            each["filename"]: (
                urljoin(answer.url, each["url"]),
                f"sha256:{each['hashes']['sha256']}" if "sha256" in each["hashes"] else "",
            )
            for each in answer.json()["files"]
        }
    links = _Links()
    links.feed(answer.text)
    files = {}
    for link in links.hrefs:
        url, fragment = urldefrag(urljoin(answer.url, link))
        algorithm, _, value = fragment.partition("=")
        files[url.rpartition("/")[2]] = (url, f"sha256:{value}" if algorithm == "sha256" else "")
    return files


def _digest(url: str) -> str:
    answer = requests.get(url, timeout=300)
    answer.raise_for_status()
    return bytes_digest(answer.content)


def _reason(error: requests.RequestException) -> str:
    """Say what is wrong, without the URL's query or a password in it."""
    if error.response is not None:
        return f"it answers {error.response.status_code} {error.response.reason}"
    return type(error).__name__
