"""The labelled corpus: ``corpus/*.py``, cut into snippets of which it is known what must be found.

A file holds sections. ``# --- header`` precedes every snippet of the file; ``# --- bad: SB101 SB203 title``
must give exactly these codes, ``# --- good: title`` none. Before the title may stand ``device=cpu``,
``tier=seeded``, ``torch=2.14`` and ``sealed``; without them a snippet is linted for CUDA, the tier
deterministic and PyTorch 2.13.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from samebits.lint.driver.linter import lint_source
from samebits.lint.driver.selection import Settings
from samebits.lint.reading import Source

FOLDER = Path(__file__).with_name("corpus")
SECTION = re.compile(r"^# --- (header|bad|good):?(.*)$")


@dataclass(frozen=True)
class Snippet:
    """A piece of code, and the codes that it must give."""

    name: str
    text: str
    expected: frozenset[str]
    settings: Settings

    def found(self):
        """Return the codes that the linter gives."""
        return {
            finding.code for finding in lint_source(Source("snippet.py", self.text, self.text), self.settings)
        }


def load():
    """Return all snippets of the corpus."""
    return [snippet for path in sorted(FOLDER.glob("*.py")) for snippet in cut(path.stem, path.read_text())]


def cut(stem, text):
    """Cut a corpus file into its snippets."""
    header, sections = "", []
    for line in text.splitlines():
        if match := SECTION.match(line):
            sections.append((match[1], match[2].split(), []))
        else:
            sections[-1][2].append(line)
    for kind, words, lines in sections:
        body = "\n".join(lines) + "\n"
        if kind == "header":
            header = body
            continue
        codes, options = set(), {"device": "cuda", "tier": "deterministic", "torch": "2.13", "sealed": False}
        while words and (re.fullmatch(r"SB\d+", words[0]) or words[0].partition("=")[0] in options):
            word = words.pop(0)
            key, _, value = word.partition("=")
            if key in options:
                options[key] = value or True
            else:
                codes.add(word)
        settings = Settings(
            device=options["device"],
            tier=options["tier"],
            sealed=options["sealed"],
            framework_versions=(f"torch={options['torch']}",),
        )
        yield Snippet(
            f"{stem}: {kind}: {' '.join([*sorted(codes), *words])}", header + body, frozenset(codes), settings
        )


def score(snippets):
    """Return true, false and missed findings over snippets, and what went wrong in words."""
    right = wrong = missed = 0
    notes = []
    for snippet in snippets:
        found = snippet.found()
        right += len(found & snippet.expected)
        wrong += len(found - snippet.expected)
        missed += len(snippet.expected - found)
        if found != snippet.expected:
            notes.append(f"{snippet.name}: expected {sorted(snippet.expected)}, found {sorted(found)}")
    return right, wrong, missed, notes
