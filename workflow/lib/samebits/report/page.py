"""Renders the page: a template, a style sheet, and the plots with one copy of their library inside."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from plotly.io import to_html
from plotly.offline import get_plotlyjs

import samebits
from samebits.proof import verdict
from samebits.report.curves import drawn, figure, shown_steps
from samebits.report.view import Model, gather
from samebits.sealed import files

_FOLDER = Path(__file__).parent


def write(results: Path, models: Sequence[str], output: Path) -> None:
    """Write the report of some models; the same results give the same bytes.

    Args:
        results: the folder of results.
        models: the models' names; a model that differs is shown before the others.
        output: the page to write, whole or not at all.

    Raises:
        Refused: a file of a model is missing or broken; names it.
    """
    gathered = gather(results, models)
    text = render(sorted(gathered, key=lambda model: model.identical))
    files.write(output, text)


def render(models: Sequence[Model]) -> str:
    """Return the page as HTML that needs nothing from anywhere else."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,  # names, parameters and messages are the user's
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"decimal": _decimal, "short": _short, "plain": _plain}
    return environment.get_template("page.html.jinja").render(
        models=models,
        different=[model for model in models if not model.identical],
        sentence=verdict.sentence,
        drawn=drawn,
        plot=_plot,
        thinned=lambda model: len(shown_steps(model)) < len(model.runs[0].losses),
        flat=_flat,
        style=(_FOLDER / "page.css").read_text(),
        plotlyjs=get_plotlyjs(),
        version=samebits.__version__,
    )


def _plot(model: Model, number: int) -> str:
    # a fixed id: plotly's own is random, and the page would differ each time it is written
    html: str = to_html(
        figure(model),
        include_plotlyjs=False,
        full_html=False,
        div_id=f"curves-{number}",
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
    )
    return html


def _decimal(hexadecimal: str, form: str = ".6g") -> str:
    value = float.fromhex(hexadecimal)
    return "–" if math.isnan(value) else format(value, form)  # noqa: RUF001


def _short(digest: str) -> str:
    return digest.rpartition(":")[2][:12]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _flat(value: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Flatten nested mappings: dotted path -> value."""
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        place = f"{path}.{key}" if path else key
        flat |= _flat(inner, place) if isinstance(inner, dict) else {place: inner}
    return flat
