"""The linter's command."""

from pathlib import Path
from typing import Annotated

import typer

from samebits.cli.app import app


@app.command()
def lint(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders; this folder if none.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Where it runs: cpu or cuda; either if not given.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="What is to be pinned.")] = None,
    framework_version: Annotated[list[str] | None, typer.Option(help="As torch=2.13; repeatable.")] = None,
    lock: Annotated[Path | None, typer.Option(help="requirements.lock that gives the versions.")] = None,
    sealed: Annotated[bool | None, typer.Option(help="The files run as recipes of samebits.")] = None,
    select: Annotated[str | None, typer.Option(help="Only these rules: SB1,SB203; ALL for all.")] = None,
    extend_select: Annotated[str | None, typer.Option(help="These rules, too.")] = None,
    ignore: Annotated[str | None, typer.Option(help="Not these rules.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Pattern of paths to skip; repeatable.")] = None,
    format: Annotated[str, typer.Option(help="text, json, sarif, github or html.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    fail_on: Annotated[
        str, typer.Option(help="Exit with 1 from error, warning or note on, or never.")
    ] = "warning",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would do.")] = False,
    explain: Annotated[str | None, typer.Option(help="Print the page of a rule: --explain SB102.")] = None,
    rules: Annotated[bool, typer.Option("--rules", help="Print the table of all rules.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Look at every file anew.")] = False,
    cache_dir: Annotated[Path | None, typer.Option(help="Folder of the cache.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes; one a core if not given.")] = None,
    isolated: Annotated[bool, typer.Option("--isolated", help="Read no pyproject.toml.")] = False,
    relative_to: Annotated[Path | None, typer.Option(help="Name files relative to this folder.")] = None,
) -> None:
    """Find what would make a result irreproducible, in Python files and notebooks that are never run.

    Exit status: 0 nothing found, 1 found (or, with --diff, something to mend), 2 refused.
    """
    from samebits import lint
    from samebits.lint import explain as pages

    if explain is not None or rules:
        print(pages.table() if explain is None else pages.page(explain))
        return
    options = lint.Options(
        paths=paths or [],
        device=device,
        tier=tier,
        framework_version=tuple(framework_version or ()),
        lock=lock,
        sealed=sealed,
        select=select,
        extend_select=extend_select,
        ignore=ignore,
        exclude=tuple(exclude or ()),
        format=format,
        output=output,
        fail_on=fail_on,
        fix=fix,
        diff=diff,
        no_cache=no_cache,
        cache_dir=cache_dir,
        jobs=jobs,
        isolated=isolated,
        relative_to=relative_to,
    )
    raise typer.Exit(lint.run(options))
