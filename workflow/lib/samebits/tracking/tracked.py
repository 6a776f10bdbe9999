"""What came of tracking a model: the file that its rule writes, which claims no more than was done."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samebits.sealed import files

FORMAT = "samebits-tracked/1"


@dataclass(frozen=True)
class Outcome:
    """What was tracked of a model, or why nothing could be.

    Attributes:
        model: its name.
        runs: run of samebits -> id of the run of MLflow.
        version: of the registered model; None if none was registered.
        pending: why the store could not be written, in one line; None if all of it was.
    """

    model: str
    runs: dict[str, str] = field(default_factory=dict)
    version: str | None = None
    pending: str | None = None

    def write(self, path: Path, uri: str, failed: int) -> None:
        """Write ``tracked.json``; ``failed`` is how many attempts before this one left it pending."""
        fields: dict[str, Any] = {
            "format": FORMAT,
            "model": self.model,
            "status": "pending" if self.pending else "tracked",
            "failures": failed + bool(self.pending),
            "uri": uri,
            "runs": self.runs,
            "version": self.version,
        }
        if self.pending:
            fields["reason"] = self.pending
        files.write(path, json.dumps(fields, indent=2) + "\n")


def failures(path: Path) -> int:
    """Tell how many attempts left a model pending, as its ``tracked.json`` says; 0 if there is none.

    The rule has this number as a parameter. An attempt that fails changes it, so Snakemake tries again when
    it runs next. An attempt that succeeds leaves it, so there is nothing left to do.
    """
    try:
        return int(json.loads(path.read_bytes())["failures"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
