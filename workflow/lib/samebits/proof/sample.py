"""Which segments of a run are replayed: drawn when the run is finished, so that no trainer can foresee it."""

import hashlib
import json
import math
import secrets
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from samebits.sealed import files, ledger, typed
from samebits.sealed.errors import Refused
from samebits.sealed.ledger import Checkpoint

FORMAT: Final = "samebits-sample/1"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The segments of a run that are replayed.

    Attributes:
        format: the version of this type.
        head: the head of the run's ledger, as it was when the sample was drawn.
        nonce: 128 bits in hex that nobody knew before.
        of: how many segments the run has.
        segments: the drawn ones, numbered from 1, in order.
    """

    format: Literal["samebits-sample/1"] = FORMAT
    head: str
    nonce: str
    of: int
    segments: list[int]

    @property
    def unseen(self) -> float:
        """The probability that a single bad segment was not drawn."""
        return 1 - len(self.segments) / self.of

    def ends(self, segment: int) -> tuple[bool, bool]:
        """Tell whether the replay of a segment also makes the start of the run anew, and its conclusion."""
        return segment == self.segments[0], segment == self.segments[-1]

    @classmethod
    def draw(cls, run: Path, share: float, nonce: str | None = None) -> "Sample":
        """Draw ``share`` of the segments of a finished run, rounded up: at least one.

        Segments are ordered by the SHA-256 of ``head/nonce/number`` in ASCII, and the first ones are taken.

        Raises:
            Refused: the run's ledger is not finished or broken, has no step, or the share is none.
        """
        if not 0 < share <= 1:
            raise Refused(f"a sample of {share:g} proves nothing; draw a share above 0 and up to 1")
        path = run / ledger.FINISHED
        of = sum(isinstance(record, Checkpoint) for record in ledger.read(path)) - 1
        if of < 1:
            raise Refused(f"{path} records no step, so there is nothing to replay")
        head, nonce = ledger.head(path), nonce or secrets.token_hex(16)

        def place(number: int) -> bytes:
            return hashlib.sha256(f"{head}/{nonce}/{number}".encode("ascii")).digest()

        count = max(1, math.ceil(round(share * of, 9)))
        return cls(
            head=head, nonce=nonce, of=of, segments=sorted(sorted(range(1, of + 1), key=place)[:count])
        )

    def write(self, path: Path) -> None:
        """Write ``sample.json``, and remove the replays of an earlier sample beside it."""
        for old in path.parent.glob("segment-*"):
            shutil.rmtree(old)
        files.write(path, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Sample":
        """Read ``sample.json``.

        Raises:
            Refused: it is missing or no sample.
        """
        try:
            fields = json.loads(path.read_bytes())
            if (format_name := fields["format"]) != FORMAT:
                raise Refused(f"{path}: its format is {format_name!r}, this reads {FORMAT!r}")
            drawn = typed.decode(cls, fields)
            numbers = drawn.segments
            if (
                not numbers
                or numbers != sorted(set(numbers))
                or not 1 <= numbers[0] <= numbers[-1] <= drawn.of
            ):
                raise ValueError(f"segments {numbers} of {drawn.of}")
            return drawn
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise Refused(f"{path} is missing or broken; run the workflow to draw the sample again") from None
