"""A conda command line on py-rattler: what conda-lock and Snakemake call of conda, and no more.

    conda create --dry-run --json --channel C SPEC …     solve, and print the plan
    conda create --prefix P --file explicit.txt          install exactly these packages, without a solve
    conda create --prefix P SPEC …                       solve and install
    conda env create --prefix P --file environment.yaml  solve and install
    conda list, info, config, clean, run                 as far as their callers read them

It always runs in a process of its own. What it prints and its exit status follow conda's.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rattler import Channel, Config, Gateway, MatchSpec, RepoDataRecord, VirtualPackage, install, solve
from rattler.exceptions import GatewayError, SolverError
from rattler.platform import Subdir

from samebits.environments import download_cache
from samebits.environments.backends.conda.channels import canonical, channel_url, located
from samebits.environments.backends.conda.package_cache import Package, fetch, package_path
from samebits.environments.backends.conda.shim import ROOT
from samebits.environments.backends.conda.solve import here
from samebits.sealed import files
from samebits.sealed.digest import bytes_digest
from samebits.sealed.errors import Refused

VERSION = "25.1.0"  # the oldest whose output this follows; Snakemake asks
EXPLICIT = "@EXPLICIT"


def subdir() -> str:
    """Return the platform that is solved for: the one that conda-lock says, or this machine's."""
    return os.environ.get("CONDA_SUBDIR") or here()


def run(arguments: Sequence[str]) -> int:
    """Do what a conda command line says; return its exit status.

    Raises:
        Refused: it cannot be done.
    """
    match list(arguments):
        case ["--version" | "-V"]:
            print("conda", VERSION)
        case ["info", *_]:
            root = os.environ.get(ROOT, sys.prefix)  # below it Snakemake looks for bin/activate
            folders = {
                "pkgs_dirs": [str(download_cache.folder("conda"))],
                "conda_prefix": root,
                "root_prefix": root,
            }
            print(json.dumps({"platform": subdir(), "conda_version": VERSION, **folders}))
        case ["config", *_]:
            print(json.dumps({"get": {"channel_priority": "strict"}, "success": True, "warnings": []}))
        case ["clean", *_]:
            pass
        case ["list", *rest]:
            _list(rest)
        case ["create", *rest]:
            return _create(rest)
        case ["env", "create", *rest]:
            return _create(rest)
        case _:
            raise Refused(f"this conda cannot {' '.join(arguments)!r}; name a real one by SAMEBITS_CONDA")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="conda")
    parser.add_argument("-p", "--prefix", required=True, type=Path)
    parser.add_argument("-f", "--file", type=Path)
    parser.add_argument("-c", "--channel", action="append", default=[])
    parser.add_argument("specs", nargs="*")
    for flag in ("quiet", "yes", "json", "dry-run", "explicit", "no-pip", "copy"):
        parser.add_argument(f"--{flag}", action="store_true")
    for flag in ("override-channels", "no-default-packages", "no-shortcuts"):
        parser.add_argument(f"--{flag}", action="store_true")
    return parser.parse_args(arguments)


def _create(arguments: Sequence[str]) -> int:
    """Solve, or read what is to be installed, and install it unless only the plan is asked for."""
    options = _options(arguments)
    try:
        if options.file and options.file.suffix not in (".yml", ".yaml"):
            records = asyncio.run(_explicit(options.file))
        else:
            channels, specs = options.channel, options.specs
            if options.file:
                document = yaml.safe_load(options.file.read_bytes())
                channels = document["channels"]
                specs = [each for each in document["dependencies"] if isinstance(each, str)]
            # conda-lock, which only asks for plans, brings the virtual packages in a channel of its own
            virtual = [] if options.dry_run else VirtualPackage.detect()
            records = asyncio.run(_solve(channels, specs, virtual))
    except (SolverError, GatewayError) as error:
        if not options.json:
            raise Refused(f"{type(error).__name__}: {error}") from None
        print(json.dumps({"success": False, "error": type(error).__name__, "message": str(error)}))
        return 1
    if options.dry_run:
        print(json.dumps(_plan(records, options.prefix)))
    else:
        asyncio.run(_install(records, options.prefix))
    return 0


async def _solve(
    channels: Sequence[str], specs: Sequence[str], virtual: list[VirtualPackage]
) -> list[RepoDataRecord]:
    """Solve for the newest packages that fit, the first channel that has a name before all others."""
    with tempfile.TemporaryDirectory() as scratch:  # a kept index could be older than the channel
        return await solve(
            [Channel(located(channel_url(channel))) for channel in channels if channel != "nodefaults"],
            [MatchSpec(spec) for spec in specs],
            gateway=Gateway(cache_dir=Path(scratch)),
            platforms=[Subdir(subdir()), Subdir("noarch")],
            virtual_packages=virtual,
        )


async def _explicit(path: Path) -> list[RepoDataRecord]:
    """Fetch what an explicit file lists, without index and solve: each file's own metadata counts."""
    records = []
    for line in path.read_text().splitlines():
        url, _, digest = line.strip().partition("#")
        if not url or url == EXPLICIT:
            continue
        package, file = _archive(url, digest)
        record = await RepoDataRecord.from_package_archive(file)
        record.url, record.channel = file.absolute().as_uri(), located(package.channel)
        record.sha256 = bytes.fromhex(package.sha256.removeprefix("sha256:"))
        records.append(record)
    return records


def _archive(url: str, digest: str) -> tuple[Package, Path]:
    """Fetch a package by its SHA-256, or by the MD5 of Snakemake's pin files."""
    if re.fullmatch("sha256:[0-9a-f]{64}", digest):
        package = Package("", "", url, digest)
        return package, fetch([package])[0]
    with urllib.request.urlopen(located(url)) as answer:  # noqa: S310  as a user's own list says
        content = answer.read()
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != digest:
        raise Refused(f"{url} has not the hash {digest or 'that a list of exact packages must give'}")
    package = Package("", "", url, bytes_digest(content))
    target = package_path(package)
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write(target, content, shared=True)
    return package, target


async def _install(records: list[RepoDataRecord], prefix: Path) -> None:
    """Install packages as copies: through a hard link, a write into one prefix would reach all others."""
    config = Config.from_toml(
        "allow-hard-links = false\nallow-symbolic-links = false\nallow-ref-links = false\n"
    )
    # Unpacked anew each time: rattler does not check what lies unpacked in its cache.
    with tempfile.TemporaryDirectory(dir=_scratch(prefix)) as scratch:
        await install(
            records,
            prefix,
            cache_dir=Path(scratch),
            config=config,
            show_progress=False,
            installed_packages=[],
            execute_link_scripts=False,
        )


def _scratch(prefix: Path) -> Path:
    """Return the folder to unpack in: beside the prefix, where there is room for it."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    return prefix.parent


def _plan(records: list[RepoDataRecord], prefix: Path) -> dict[str, Any]:
    """Return the plan in the form of ``conda create --dry-run --json``."""
    fetched = []
    for record in records:
        fields = json.loads(record.to_json())
        url = canonical(str(record.url))
        fetched.append({**fields, "url": url, "fn": record.file_name, "channel": url.rsplit("/", 1)[0]})
    linked = [
        {
            "name": each["name"],
            "version": each["version"],
            "build_string": each["build"],
            "build_number": each["build_number"],
            "channel": each["channel"],
            "base_url": each["channel"].rsplit("/", 1)[0],
            "dist_name": f"{each['name']}-{each['version']}-{each['build']}",
            "platform": each["subdir"],
        }
        for each in fetched
    ]
    actions = {"PREFIX": str(prefix), "FETCH": fetched, "LINK": linked}
    return {"success": True, "dry_run": True, "prefix": str(prefix), "actions": actions}


def _list(arguments: Sequence[str]) -> None:
    """Print what is installed in a prefix."""
    options = _options(arguments)
    records = [json.loads(path.read_bytes()) for path in sorted(options.prefix.glob("conda-meta/*.json"))]
    if options.explicit:
        print(EXPLICIT, *(each["url"] for each in records), sep="\n")
    else:
        print(json.dumps([{key: each[key] for key in ("name", "version", "channel")} for each in records]))


def main() -> None:
    """Run the command line, and leave without the interpreter's farewell."""
    try:
        status = run(sys.argv[1:])
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
        status = 1
    except SystemExit as left:  # argparse
        status = int(left.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # rattler's threads can crash the interpreter while it shuts down (py-rattler 0.28)


if __name__ == "__main__":
    main()
