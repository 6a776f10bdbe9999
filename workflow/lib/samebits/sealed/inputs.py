"""What the last state of a run predicts from, as a package is given it.

Only a measured process has the recipe and the data at hand. A package is made elsewhere
(``samebits.packaging``), so that another form of packages trains nothing again.
"""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from samebits.sealed import checkpoint, files, ledger
from samebits.sealed.adapter import Adapter
from samebits.sealed.digest import canonical_json
from samebits.sealed.ledger import Checkpoint
from samebits.sealed.spec import Spec

#: the arrays of the test data, and how the model is called with them
ARRAYS, CALL = "inputs.safetensors", "call.json"


def write(adapter: Adapter, spec: Spec, run: Path, folder: Path) -> None:
    """Write ``ARRAYS`` and ``CALL`` into a folder.

    Args:
        adapter: a fresh adapter.
        spec: what was trained.
        run: folder of the run that was verified.
        folder: where to write them.

    Raises:
        Refused: the model takes no arrays, or its last state is not what the ledger says.
    """
    last = [r for r in ledger.read(run / ledger.FINISHED) if isinstance(r, Checkpoint)][-1]
    path = run / "checkpoints" / checkpoint.file_name(last.step)
    tensors = checkpoint.load(path, last.state, spec.threads)
    arrays, call = adapter.inputs(adapter.restore(tensors, last.step))
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / ARRAYS)
    files.write(folder / CALL, canonical_json(call))
