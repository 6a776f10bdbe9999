"""The table at the end of a workflow: models and their verdicts."""

import math
from collections.abc import Container
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from samebits.proof import verdict


def show(results: Path, console: Console, models: Container[str] | None = None) -> bool:
    """Print the table of the verdicts below ``results`` and where the report is; False if there is none.

    ``models`` are those of the table; all if not given.
    """
    paths = sorted(results.glob("*/verdict.json"))
    verdicts = [verdict.read(path) for path in paths if models is None or path.parent.name in models]
    if not verdicts:
        return False
    table = Table("model", "framework", "steps", "loss", "metric", "digest", "verdict", box=SIMPLE_HEAD)
    for item in verdicts:
        metrics = [f"{name} {float.fromhex(value):.4f}" for name, value in item.metrics]
        colour = "green" if item.identical else "red"
        table.add_row(
            item.model,
            item.framework,
            str(item.steps),
            _number(item.loss),
            metrics[0] if metrics else "–",  # noqa: RUF001
            item.state.rpartition(":")[2][:10],
            f"[{colour}]{item.verdict}[/]",
        )
    console.print(table)
    for item in verdicts:
        if not item.identical:
            console.print(verdict.sentence(item), style="red", highlight=False, markup=False)
    page = results / "report.html"
    if page.is_file():
        console.print(f"report: {page}")
    return True


def _number(hexadecimal: str) -> str:
    """Write a loss; a framework that has none records NaN."""
    value = float.fromhex(hexadecimal)
    return "–" if math.isnan(value) else f"{value:.6f}"  # noqa: RUF001
