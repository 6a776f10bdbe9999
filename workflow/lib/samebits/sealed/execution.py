"""How a spec is executed: what may differ between runs without a bit of the result changing.

It is no part of the spec, the ledger or the fingerprint, and a change to it trains nothing again.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from samebits.sealed import typed


@dataclass(frozen=True, kw_only=True)
class Execution:
    """Where and by how many helpers a spec is executed.

    Attributes:
        loader_workers: processes that load batches ahead; 0 loads them in the training process.
        scheduler: where the workers of a Dask cluster come from: ``local``, ``slurm``, or the address of a
            running scheduler (``tcp://host:8786``).
        cluster: arguments for making the cluster, such as the queue of SLURM.
        virtual: whether one process plays all ``processes`` of the spec in turn, with equal bits.
    """

    loader_workers: int = 0
    scheduler: str = "local"
    cluster: dict[str, Any] = field(default_factory=dict)
    virtual: bool = False

    def json(self) -> str:
        """Encode for a command line."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def parse(cls, text: str) -> "Execution":
        """Decode what ``json`` encoded."""
        return typed.decode(cls, json.loads(text))
