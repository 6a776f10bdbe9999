"""Where data sets come from: what may stand in the section ``data`` of a config, and is handed to ``fetch``.

The key that a source is written with tells its type: ``sklearn``, ``path``, ``url`` or ``files``.
"""

import difflib
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Discriminator, Field, Tag, field_validator

from samebits import section
from samebits.sealed.data import MANIFEST
from samebits.sealed.errors import Refused
from samebits.section import Section, without_password

DIGEST = r"^(sha256:)?[0-9a-f]{64}$"

#: the key that tells a source's type -> the type's name
KINDS = {"sklearn": "Sklearn", "path": "Local", "url": "Download", "files": "Files"}

#: data sets that ship inside scikit-learn -> the type of y
SHIPPED = {
    "breast_cancer": "int64",
    "diabetes": "float64",
    "digits": "int64",
    "iris": "int64",
    "linnerud": "float64",
    "wine": "int64",
}
#: data sets that scikit-learn would download, unpinned
_UNPINNED = {
    "20newsgroups",
    "20newsgroups_vectorized",
    "california_housing",
    "covtype",
    "kddcup99",
    "lfw_pairs",
    "lfw_people",
    "mnist_784",
    "olivetti_faces",
    "rcv1",
    "species_distributions",
}


class _Base(Section):
    def local_paths(self) -> list[str]:
        """Return the user's own files that this refers to."""
        return []


class Sklearn(_Base):
    """A data set that ships inside scikit-learn."""

    sklearn: str = Field(
        description="name after load_: digits, breast_cancer, wine, iris, diabetes, linnerud"
    )


class Local(_Base):
    """A file or folder of yours; it is referred to, not copied."""

    path: str = Field(min_length=1, description="file or folder, relative to the working directory")
    sha256: str | None = Field(None, pattern=DIGEST, description="refuse any other content")

    @property
    def digest(self) -> str | None:
        """The digest that is pinned, as ``sha256:…``: the file's, or the one in a folder's ``data.json``."""
        return None if self.sha256 is None else _with_algorithm(self.sha256)

    def local_paths(self) -> list[str]:
        """Return the user's own files that this refers to."""
        return [self.path]


class Download(_Base):
    """A file that is downloaded once and checked."""

    url: str = Field(repr=False, pattern="^https?://", description="where it lies")  # may hold a signature
    sha256: str = Field(pattern=DIGEST, description="the only content that is accepted")

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str) -> str:
        return without_password(url, "~/.netrc")

    @property
    def digest(self) -> str:
        """The digest that is pinned, as ``sha256:…``."""
        return _with_algorithm(self.sha256)

    @property
    def file_name(self) -> str:
        """What the file is called where it lies."""
        return unquote(urlsplit(self.url).path.rpartition("/")[2])


def _kind(value: Any) -> str | None:
    """Tell by its keys which type of source is meant."""
    if isinstance(value, _Base):
        return type(value).__name__
    kinds = [kind for key, kind in KINDS.items() if isinstance(value, dict) and key in value]
    return kinds[0] if len(kinds) == 1 else None


_Part = Annotated[Annotated[Local, Tag("Local")] | Annotated[Download, Tag("Download")], Discriminator(_kind)]


class Files(_Base):
    """Several files that make one data set."""

    files: dict[str, _Part] = Field(min_length=1, description="file name in the data set -> source")

    def local_paths(self) -> list[str]:
        """Return the user's own files that this refers to."""
        return [path for part in self.files.values() for path in part.local_paths()]


Source = Annotated[
    Annotated[Sklearn, Tag("Sklearn")]
    | Annotated[Local, Tag("Local")]
    | Annotated[Download, Tag("Download")]
    | Annotated[Files, Tag("Files")],
    Discriminator(_kind),
]


def parse(text: str) -> Source:
    """Read a source from the JSON that a rule hands on.

    Raises:
        Refused: it is none.
    """
    source: Source = section.parse(Source, text, "source of a data set")
    return source


def shipped(name: str) -> Sklearn | None:
    """Return the source of a data set that ships inside scikit-learn, or None if the name is another's.

    Args:
        name: what a model calls its data set; ``sklearn:digits`` for ``load_digits``.
    """
    kind, separator, dataset = name.partition(":")
    return Sklearn(sklearn=dataset) if separator and kind == "sklearn" else None


def check(source: Source) -> None:
    """Refuse a source that can be seen to be wrong without touching a disk or network.

    Raises:
        Refused: an unknown scikit-learn data set, a URL without a host or a file name, or a file name that
            could leave the folder.
    """
    match source:
        case Sklearn(sklearn=dataset):
            _check_sklearn(dataset)
        case Download():
            _check_host(source.url)
            _check_name(source.file_name)
        case Files(files=files):
            for name, part in files.items():
                _check_name(name)
                if isinstance(part, Download):
                    _check_host(part.url)


def shown(url: str) -> str:
    """Return a URL without what may be secret in it: user, password, query and fragment."""
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc.rpartition('@')[2]}{split.path}"


def _with_algorithm(sha256: str) -> str:
    return "sha256:" + sha256.removeprefix("sha256:")


def _check_sklearn(dataset: str) -> None:
    if dataset in _UNPINNED:
        raise Refused(
            f"sklearn:{dataset} is downloaded by scikit-learn and may change; "
            "give the file's url and sha256 instead"
        )
    if dataset not in SHIPPED:
        near = difflib.get_close_matches(dataset, SHIPPED, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Refused(f"sklearn:{dataset} is unknown; {hint}known are {', '.join(SHIPPED)}")


def _check_host(url: str) -> None:
    if not urlsplit(url).hostname:
        raise Refused(f"{shown(url)}: the URL names no host; check it")


def _check_name(name: str) -> None:
    """Refuse what is no plain file name, or the name of a file that a fetch makes for itself."""
    if name in ("", ".", "..") or "/" in name or not name.isprintable():
        raise Refused(f"{name!r} is no plain file name; name the file under files: without folders")
    if name == MANIFEST or name.endswith((".part", ".part.json", ".tmp")):
        raise Refused(f"{name!r} is a name that a fetch uses itself; give the file another one under files:")
