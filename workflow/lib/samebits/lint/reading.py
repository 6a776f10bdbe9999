"""Reading what is linted: Python files in any encoding, and notebooks, whose cells become one text."""

import io
import json
import re
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

#: larger files are generated; parsing them would take gigabytes
LARGEST: Final = 32 << 20

_LINES: Final = re.compile(r"\r\n|\r|\n")
_MAGIC: Final = re.compile(r"^(\s*)(?:%|!|\?)|^(\s*[\w, ]+=\s*)[%!]")
_HELP: Final = re.compile(r"^\s*[\w.]+\?{1,2}\s*$")
_CELL_MAGIC: Final = re.compile(r"^\s*%%(\w+)")
#: cell magics whose cell is still Python
_PYTHON_CELLS: Final = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "memit"})


class Unreadable(Exception):
    """A file cannot be analysed; the message says why, ``line`` and ``column`` where."""

    def __init__(self, message: str, line: int = 1, column: int = 1):
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(frozen=True)
class Source:
    """The text of a file, or of all code cells of a notebook, one after the other.

    Attributes:
        path: as it was named.
        text: what is parsed; shell lines and magics of notebooks are replaced by ``pass``.
        shown: the same lines as the user wrote them.
        encoding: of the file.
        cells: of a notebook: the number of each code cell and the lines it has in ``text``.
        notebook: the whole notebook, to write it back.
        bom: whether a byte order mark precedes the text.
    """

    path: str
    text: str
    shown: str
    encoding: str = "utf-8"
    cells: tuple[tuple[int, int, int], ...] = ()
    notebook: Any = None
    bom: bool = False

    @cached_property
    def lines(self) -> list[str]:
        """The lines as the user wrote them."""
        return _LINES.split(self.shown)

    @cached_property
    def code_lines(self) -> list[str]:
        """The lines as they are parsed."""
        return _LINES.split(self.text)

    @cached_property
    def offsets(self) -> list[int]:
        """Where each line of ``text`` begins, in bytes of UTF-8."""
        raw = self.text.encode("utf-8", "surrogatepass")
        return [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", raw))]

    def offset(self, line: int, column: int) -> int:
        """Return the byte at which a line (from 1) and column (bytes, from 0) is."""
        return self.offsets[line - 1] + column

    def place(self, line: int) -> tuple[int, int]:
        """Return a line's cell and its number in that cell; cell 0 in a Python file."""
        for cell, first, count in self.cells:
            if first <= line < first + count:
                return cell, line - first + 1
        return 0, line


def read(path: Path, name: str) -> Source:
    """Read a Python file or a notebook.

    Raises:
        Unreadable: it is too large, no text, or no notebook.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise Unreadable(f"it is larger than {LARGEST >> 20} MB and was not analysed; exclude it")
        raw = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
    return parse(raw, name)


def parse(raw: bytes, name: str) -> Source:
    """Turn a file's bytes into a source; raises Unreadable as ``read`` does."""
    if name.endswith(".ipynb"):
        return _notebook(raw, name)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError, ValueError) as error:
        raise Unreadable(f"it is not text in the encoding it declares: {error}; save it as UTF-8") from None
    bom = raw.startswith(b"\xef\xbb\xbf")
    if "\x00" in text:
        raise Unreadable("it holds a null byte and is not Python source; exclude it")
    return Source(name, text, text, "utf-8" if bom else encoding, bom=bom)


def encode(source: Source, text: str) -> bytes:
    """Return the bytes of the file with ``text`` in place of the source's text."""
    if source.notebook is None:
        return (b"\xef\xbb\xbf" if source.bom else b"") + text.encode(source.encoding)
    lines = _LINES.split(text)
    notebook = source.notebook
    shown, code = source.lines, source.code_lines
    for number, first, count in source.cells:
        kept = [
            shown[index] if index < len(code) and lines[index] == code[index] else lines[index]
            for index in range(first - 1, first - 1 + count)
        ]
        cell = notebook["cells"][number - 1]
        joined = "\n".join(kept)
        cell["source"] = joined if isinstance(cell["source"], str) else joined.splitlines(keepends=True)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def _notebook(raw: bytes, name: str) -> Source:
    try:
        notebook = json.loads(raw)
        cells = notebook["cells"]
        code_cells = [
            (number, "".join(cell["source"]))
            for number, cell in enumerate(cells, 1)
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unreadable(f"it is not a notebook of format 4: {error or type(error).__name__}") from None
    language = notebook.get("metadata", {})
    language = language.get("kernelspec", {}).get("language", "python") if isinstance(language, dict) else ""
    if language not in ("python", ""):
        raise Unreadable(f"its cells are in {language}, not in Python; exclude it")
    code: list[str] = []
    shown: list[str] = []
    places = []
    for number, text in code_cells:
        lines = _LINES.split(text)
        places.append((number, len(code) + 1, len(lines)))
        shown += lines
        code += _without_magics(lines)
    return Source(name, "\n".join(code), "\n".join(shown), cells=tuple(places), notebook=notebook)


def _without_magics(lines: list[str]) -> list[str]:
    """Replace what only IPython understands by ``pass``, line for line."""
    cell = next((match for line in lines[:1] if (match := _CELL_MAGIC.match(line))), None)
    if cell and cell[1] not in _PYTHON_CELLS:
        return ["pass" if not index else "" for index in range(len(lines))]
    clean = []
    open_brackets = 0
    for line in lines:
        match = _MAGIC.match(line) if not open_brackets else None
        if match:
            clean.append(f"{match[1]}pass" if match[2] is None else f"{match[2]}None")
        elif not open_brackets and _HELP.match(line):
            clean.append("pass")
        else:
            clean.append(line)
            open_brackets = max(0, open_brackets + _balance(line))
    return clean


def _balance(line: str) -> int:
    return sum(line.count(each) for each in "([{") - sum(line.count(each) for each in ")]}")
