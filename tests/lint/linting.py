"""What the linter's tests share: code linted as a user would, in a process or in this one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from samebits.lint.driver.linter import lint_source
from samebits.lint.driver.selection import Settings
from samebits.lint.reading import Source, parse


def source_of(name, text):
    """Return a file of this name and text."""
    return parse(text.encode(), name)


def lint(text, **settings):
    """Lint code and return its findings."""
    return lint_source(Source("code.py", text, text), Settings(**settings))


def codes(text, **settings):
    """Lint code and return the codes, in the order of their places."""
    return [finding.code for finding in lint(text, **settings)]


class Command:
    """``samebits lint`` in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        return path

    def __call__(self, *arguments, **variables):
        """Run the command; its output and errors are kept apart."""
        return subprocess.run(
            [str(Path(sys.executable).parent / "samebits"), "lint", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "XDG_CACHE_HOME": str(self.folder / "cache"), **variables},
            capture_output=True,
            text=True,
        )

    def json(self, *arguments):
        """Run the command and return the findings."""
        process = self(*arguments, "--format", "json")
        assert process.returncode in (0, 1), process.stderr
        return json.loads(process.stdout)
