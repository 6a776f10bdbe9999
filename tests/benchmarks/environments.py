"""A warm build of pytorch-cpu against `uv pip sync` alone, and the verification of its files."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from uv import find_uv_bin

from run import pairs, tell, timed
from samebits.environments import build, find, verify

ROOT = Path(__file__).parents[2]
PAIRS = 5


def run() -> None:
    """Print how much longer a checked build takes than an unchecked one, and how long a verification."""
    source = find("pytorch-cpu", [ROOT])
    with tempfile.TemporaryDirectory(dir=ROOT / ".samebits") as folder:
        ours, theirs = Path(folder) / "ours", Path(folder) / "theirs"
        manifest = build(source, ours)  # warms uv's cache
        size = sum((ours / path).lstat().st_size for path in manifest.files) / 1e6
        print(f"environment: {len(manifest.files)} files, {size:.0f} MB", flush=True)
        figures = pairs(
            lambda: timed(lambda: build(source, ours, force=True)),
            lambda: timed(lambda: _sync(source.lock, theirs)),
            PAIRS,
        )
        tell("warm build of pytorch-cpu, ours and uv pip sync alone", figures, 1.5)
        seconds = [timed(lambda: verify(ours)) for _ in range(PAIRS)]
        print(f"verification of pytorch-cpu: {median(seconds):.2f} s (goal: at most 5 s)", flush=True)


def _sync(lock: Path, prefix: Path) -> None:
    """Build the same environment by uv alone: with bytecode and copies, too, but without any check."""
    shutil.rmtree(prefix, ignore_errors=True)
    env = os.environ | {"UV_FIND_LINKS": ",".join(os.environ.get("PIP_FIND_LINKS", "").split())}
    subprocess.run([find_uv_bin(), "venv", "--quiet", "--python", sys.executable, str(prefix)], check=True)
    command = [
        find_uv_bin(),
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--no-build",
        "--compile-bytecode",
    ]
    command += ["--link-mode=copy", "--no-config", "--python", str(prefix / "bin" / "python"), str(lock)]
    subprocess.run(command, env=env, check=True)
