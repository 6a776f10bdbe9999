"""Locked environments: list, lock, build, verify, share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from samebits.cli.app import app, roots
from samebits.sealed.errors import Refused

env = typer.Typer(help="Locked environments: list, lock, build, verify.", no_args_is_help=True)
app.add_typer(env, name="env")

Name = Annotated[str, typer.Argument(help="An environment; see `samebits env list`.")]
PlainHttp = Annotated[bool, typer.Option(help="The registry speaks HTTP, as those on loopback do.")]


class Backend(StrEnum):
    """What installs an environment."""

    pip = "pip"
    conda = "conda"
    container = "container"


@app.command()
def lock(
    names: Annotated[
        list[str] | None, typer.Argument(help="Environments; all of this folder if none.")
    ] = None,
    backend: Annotated[
        Backend | None, typer.Option(help="pip writes requirements.lock only; conda writes both locks.")
    ] = None,
) -> None:
    """Solve environment.yaml anew and write both locks, with hashes: requirements.lock and conda-lock.yml."""
    from samebits import environments
    from samebits.environments import backends

    installer = backends.load(backend.value if backend else backends.LOCKS_ALL)
    installer.require()
    sources = [environments.find(name, roots()) for name in names or environments.known(roots()[:1])]
    if not sources:
        raise Refused("there is no envs/<name>/environment.yaml here; name an environment")
    for source in sources:
        installer.write_lock(source)


@env.command("list")
def env_list() -> None:
    """List the environments that can be built here."""
    from samebits import environments

    for name in environments.known(roots()):
        print(name)


@env.command("lock")
def env_lock(
    names: Annotated[list[str], typer.Argument(help="Environments; see `samebits env list`.")],
) -> None:
    """Solve environment.yaml anew and write requirements.lock, with hashes."""
    from samebits import environments

    for name in names:
        environments.write_lock(environments.find(name, roots()))


@env.command("build")
def env_build(
    name: Name,
    prefix: Annotated[Path, typer.Argument(help="Where to build it.")],
    backend: Annotated[Backend, typer.Option(help="What installs it.")] = Backend.pip,
    force: Annotated[bool, typer.Option(help="Remove what is there first.")] = False,
) -> None:
    """Build an environment from its lock and check every installed file."""
    from samebits import environments

    environments.build(environments.find(name, roots()), prefix, backend.value, force=force)


@env.command("verify")
def env_verify(prefix: Annotated[Path, typer.Argument(help="A built environment.")]) -> None:
    """Check every file of a built environment and name what changed."""
    from samebits import environments

    manifest = environments.verify(prefix)
    print(f"{prefix}: {manifest.name}, {len(manifest.files)} files as they were installed, {manifest.digest}")


@env.command("conda")
def env_conda(folder: Annotated[Path, typer.Argument(help="Where to put it.")]) -> None:
    """Write a conda command for Snakemake's `--sdm conda`, where no conda is installed; prints its folder."""
    from samebits.environments.backends.conda import BACKEND, shim

    BACKEND.require()

    print(shim.write(folder).parent)


@env.command("wheels")
def env_wheels(
    name: Name, prefix: Annotated[Path, typer.Argument(help="A conda environment.", exists=True)]
) -> None:
    """Install requirements.lock into a conda environment (for Snakemake's `--sdm conda`)."""
    from samebits import environments
    from samebits.environments.backends.conda import wheels

    wheels.install_upon(environments.find(name, roots()), prefix)


@env.command("check")
def env_check(
    name: Name, prefix: Annotated[Path, typer.Argument(help="A conda environment, however it was made.")]
) -> None:
    """Check that a conda environment holds what its locks say, as packed (for Snakemake's `--sdm conda`)."""
    from samebits import environments
    from samebits.environments.backends.conda import BACKEND

    BACKEND.check_prefix(environments.find(name, roots()), prefix)
    print(f"{prefix}: {name}, as it is locked")


@env.command("sbom")
def env_sbom(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    backend: Annotated[Backend, typer.Option(help="Whose packages to list.")] = Backend.pip,
) -> None:
    """Write the packages of an environment's locks as a CycloneDX bill of materials."""
    from samebits import environments
    from samebits.environments.sbom import write

    write(environments.find(name, roots()), backend.value, output)


@env.command("push")
def env_push(
    prefix: Annotated[Path, typer.Argument(help="An environment of the backend container.")],
    reference: Annotated[str, typer.Argument(help="Registry and repository: HOST[:PORT]/NAME.")],
    plain_http: PlainHttp = False,
) -> None:
    """Push the image of an environment to a registry; prints its name with the digest."""
    from samebits.environments.backends.container import registry

    print(registry.push(prefix, reference, plain_http))


@env.command("pull")
def env_pull(
    reference: Annotated[str, typer.Argument(help="HOST[:PORT]/NAME@sha256:…, as `env push` prints it.")],
    prefix: Annotated[Path, typer.Argument(help="Where to put it; `env verify` checks it.")],
    plain_http: PlainHttp = False,
) -> None:
    """Pull the image of an environment by its digest, instead of building it."""
    from samebits.environments.backends.container import registry

    registry.pull(reference, prefix, plain_http)
