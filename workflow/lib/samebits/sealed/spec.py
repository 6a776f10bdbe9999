"""The spec: one model's training, resolved until nothing that can change a bit is left open.

``results/<model>/spec.json`` holds it as canonical JSON, and every ledger begins with it. It names things by
digest and never by path, host or time, so the spec of a rerun elsewhere is the same bytes.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from samebits.sealed import typed
from samebits.sealed.digest import bytes_digest, canonical_json
from samebits.sealed.errors import Refused

FORMAT = "samebits-spec/1"


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What is trained, and everything that its bits may depend on but the machine itself.

    Attributes:
        model: the model's name; also its folder below ``results/``.
        framework: the adapter that trains it (``pytorch``, ``xgboost``).
        recipe: the recipe's file name and its class or function, ``digits_cnn.py:DigitsCNN``.
        recipe_digest: ``sha256:…`` of the recipe's file.
        params: keyword arguments of the recipe's class or function; JSON values.
        options: settings of the framework's adapter; JSON values.
        data: the data set's name.
        data_digest: ``sha256:…`` over the data set's files.
        steps: how many optimizer steps or boosting rounds.
        segments: how many stretches the steps are cut into, each begun from a checkpoint.
        seed: the root of all derived randomness, 0 to 2**63 - 1.
        tier: how much is pinned (see ``samebits.sealed.tiers``).
        processes: how many processes train together: ranks of PyTorch, workers of Dask.
        threads: how many threads compute in each. Part of the identity: sums are ordered by it.
        device: ``cpu`` or ``cuda``.
        environment: the name of the locked environment.
        environment_digest: ``sha256:…`` over its installed files.
        library_digest: ``sha256:…`` over the modules of samebits that run in a measured process.
    """

    model: str
    framework: str
    recipe: str
    recipe_digest: str
    params: dict[str, Any]
    options: dict[str, Any]
    data: str
    data_digest: str
    steps: int
    segments: int
    seed: int
    tier: str
    processes: int
    threads: int
    device: str
    environment: str
    environment_digest: str
    library_digest: str
    format: str = FORMAT

    @property
    def digest(self) -> str:
        """``sha256:…`` of the canonical JSON."""
        return bytes_digest(self.canonical())

    @property
    def boundaries(self) -> list[int]:
        """The steps at which checkpoints stand: 0, the ends of the segments, and the last step."""
        return [self.steps * i // self.segments for i in range(self.segments + 1)]

    def canonical(self) -> bytes:
        """Encode as canonical JSON."""
        return canonical_json(asdict(self))

    @classmethod
    def parse(cls, data: bytes, where: str = "spec") -> "Spec":
        """Decode from JSON; ``where`` names the source in errors.

        Raises:
            Refused: not JSON, another format, or keys missing or unknown.
        """
        try:
            fields = json.loads(data)
            if fields.get("format") != FORMAT:
                raise Refused(f"{where}: its format is {fields.get('format')!r}, this is {FORMAT!r}")
            return typed.decode(cls, fields)
        except (ValueError, AttributeError) as error:
            raise Refused(f"{where}: not a spec: {error}; delete it and run the workflow again") from None

    @classmethod
    def read(cls, path: Path) -> "Spec":
        """Read ``spec.json``; raises Refused as ``parse`` does."""
        return cls.parse(path.read_bytes(), str(path))
