"""Workers on SLURM: what goes into a job's script is a shell's, and paths are the user's."""

import contextlib

from samebits.frameworks.xgboost_dask import cluster
from toy import SPEC


def test_a_path_with_blanks_and_worse_reaches_the_job_script_as_one_word(monkeypatch):
    monkeypatch.setenv("TMPDIR", "/my results$(touch evil)")
    with contextlib.closing(cluster._slurm(SPEC, {})) as slurm:
        script = slurm.job_script()
    assert "--local-directory '/my results$(touch evil)' --no-dashboard" in script
