"""``# samebits: ignore[SB102] reason``: a comment on findings that someone has looked at."""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from samebits.lint.reading import Source

_COMMENT: Final = re.compile(r"#\s*samebits:\s*ignore\b(?:\[(?P<codes>[^\]]*)\])?(?P<reason>[^#]*)")
_FAR: Final = 20  # lines that may lie between a comment and the code it speaks of


@dataclass(frozen=True)
class Suppression:
    """A comment that ignores codes on a line.

    Attributes:
        line: of the comment, in the source's text.
        column: from 1.
        end: the column after it.
        codes: what it ignores.
        reason: why; must be given.
        target: the line that it speaks of: its own, or the next if it stands alone.
        unknown: those of ``codes`` that are no rules.
        unused: those of ``codes`` that are reported nowhere on the line.
    """

    line: int
    column: int
    end: int
    codes: tuple[str, ...]
    reason: str
    target: int
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def suppressions(source: Source) -> list[Suppression]:
    """Return the suppressions of a source: comments only, never text in strings."""
    if "samebits:" not in source.text:
        return []
    return [
        _suppression(source, line, column, match)
        for line, column, text in _comments(source)
        if (match := _COMMENT.search(text))
    ]


def _suppression(source: Source, line: int, column: int, match: re.Match[str]) -> Suppression:
    codes = (code.strip() for code in (match["codes"] or "").split(","))
    alone = not source.code_lines[line - 1][:column].strip()
    return Suppression(
        line,
        column + match.start() + 1,
        column + match.end() + 1,
        tuple(code for code in codes if code),
        match["reason"].strip(" \t-:,."),
        _next_code(source, line) if alone else line,
    )


def _next_code(source: Source, line: int) -> int:
    """Return the next line that holds code; the line itself if none is near."""
    for number in range(line + 1, min(line + _FAR, len(source.code_lines)) + 1):
        text = source.code_lines[number - 1].strip()
        if text and not text.startswith("#"):
            return number
    return line


def _comments(source: Source) -> Iterator[tuple[int, int, str]]:
    """Yield the comments of a source: line, column from 0, text."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT:
                yield (*token.start, token.string)
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # SB001 tells of it
