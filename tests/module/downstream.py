"""A pipeline that uses samebits as a module, in a folder of its own, and Snakemake run in it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Pipeline:
    """A pipeline in a folder of its own, started as its users would start it."""

    folder: Path

    def edit(self, name, *changes):
        """Replace texts of one of its files, each of which is there once."""
        path = self.folder / name
        text = path.read_text()
        for old, new in changes:
            assert text.count(old) == 1, f"{name}: {old!r} is there {text.count(old)} times"
            text = text.replace(old, new)
        path.write_text(text)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def append(self, name, text):
        with (self.folder / name).open("a") as file:
            file.write(text)

    def copy_rules(self):
        """Copy samebits' rules to the folder other/, without the rest of it."""
        shutil.copytree(ROOT / "workflow/rules", self.folder / "other/rules")
        shutil.copy(ROOT / "workflow/Snakefile", self.folder / "other")

    def start(self, *arguments):
        """Run Snakemake in it, and return the finished process, its two outputs as one text."""
        return subprocess.run(
            [BIN / "snakemake", *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                # Snakemake's cache of sources, where the tests put what GitHub would give
                "XDG_CACHE_HOME": str(self.folder / "xdg"),
                # and the key that signs receipts
                "XDG_CONFIG_HOME": str(self.folder / "xdg"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments):
        """Run it and return what was printed; it must succeed."""
        process = self.start(*arguments)
        assert process.returncode == 0, process.stdout
        return process.stdout

    def refusal(self, *arguments):
        """Run what is refused before any job starts, and return the one line that says why."""
        process = self.start("--dry-run", *arguments)
        assert process.returncode == 1, process.stdout
        assert "Traceback" not in process.stdout
        lines = process.stdout.splitlines()
        (place,) = (number for number, line in enumerate(lines) if line.startswith("WorkflowError in"))
        assert lines[place + 2].startswith("  File ")  # Snakemake's, of what it was raised by
        return lines[place + 1].strip()

    def jobs(self, *arguments):
        """Return how often each rule would run."""
        return counted(self.run("--dry-run", *arguments))

    def read(self, pattern):
        """Return the contents of the files that match a pattern, by their paths."""
        found = {str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.glob(pattern)}
        assert found, f"there is no {pattern}"
        return found


def counted(printed):
    """Return how often each rule would run by what a dry run printed."""
    table = printed.partition("Job stats:")[2].partition("total")[0]
    lines = [line.split() for line in table.splitlines()[3:] if line.strip()]
    return {name: int(count) for name, count in lines}
