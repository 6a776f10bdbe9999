"""releases/<name>/: evidence that the samebits of this interpreter makes, to be verified by all later ones.

    .venv/bin/python tests/goldens/keep_release.py 0.1.0

Trains the models of release.yaml in an empty folder, packages them, and keeps their results, their packages
and the public key. The private key is thrown away, so nothing can be added to a release later.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SAMEBITS = Path(sys.executable).with_name("samebits")

#: what tells of one execution and of no result
PASSED_OVER = shutil.ignore_patterns(
    "log", "log.txt", "timing.jsonl", "benchmark.jsonl", "package", "lint*", "scratch"
)


def main(release: Path) -> None:
    """Make the evidence and keep it in a new folder."""
    with tempfile.TemporaryDirectory() as scratch:
        variables = {**os.environ, "SAMEBITS_KEY": f"{scratch}/key.pem"}
        packages = [f"results/{model}/dist/packages.json" for model in ("trees", "sampled")]
        for targets in ([], packages):  # of which the first ends with an error: one model is different
            command = [SAMEBITS, "run", *targets, "--keep-going", "--cores", "2"]
            subprocess.run([*command, "--configfile", HERE / "release.yaml"], cwd=scratch, env=variables)
        for model in Path(scratch, "results").glob("*/verdict.json"):
            shutil.copytree(model.parent, release / model.parent.name, ignore=PASSED_OVER)
        shutil.copyfile(f"{scratch}/key.pub.pem", release / "key.pub.pem")


if __name__ == "__main__":
    main(HERE / "releases" / sys.argv[1])
