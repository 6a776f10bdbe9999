"""The loss curves of a model's runs, laid over each other so that equal ones both show."""

import math

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from samebits.report.view import Model

#: more points than a screen has columns tell nothing and make the page heavy
POINTS = 2000

# Readable on white and on black: the page follows the reader's colour scheme, a drawn plot does not.
_GREY = "#808890"
_GRID = "rgba(128,136,144,0.25)"
_COLOURS = ("#2f81f7", "#d1622b", "#2ea06a", "#a05cc8", "#b8860b", "#c84b6c")
_DASHES = ("dash", "dot", "dashdot", "longdash")


def figure(model: Model) -> go.Figure:
    """Draw the losses of all runs by step; where runs differ, also how far apart they are."""
    steps = shown_steps(model)
    apart = None if model.identical else model.first_difference
    rows = 1 if apart is None else 2
    plot = make_subplots(rows=rows, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3][:rows])
    for number, (name, losses) in enumerate(model.curves):
        plot.add_scatter(
            x=steps,
            y=[_decimal(losses.get(step)) for step in steps],
            customdata=[losses.get(step) for step in steps],
            hovertemplate="%{y:.6g}  %{customdata}",
            name=name,
            mode="lines" if len(steps) > 1 else "markers",
            # the first run is a wide band, so that the thin lines of equal runs are seen to lie upon it
            line={"width": 7, "color": _COLOURS[0]} if number == 0 else _thin(number),
            opacity=0.35 if number == 0 else 1,
            row=1,
            col=1,
        )
        if rows == 2 and number > 0:
            first = model.runs[0].losses
            gaps = [_gap(first.get(step), losses.get(step)) for step in steps]
            gap = f"|{model.runs[0].name} − {name}|"  # noqa: RUF001  a minus sign
            line = _thin(number)
            plot.add_scatter(x=steps, y=gaps, name=gap, mode="lines+markers", line=line, row=2, col=1)
    for record in model.runs[0].checkpoints[1:-1]:
        plot.add_vline(x=record.step, line={"width": 1, "dash": "dot", "color": _GREY})
    if apart is not None:
        plot.add_vline(x=apart, line={"width": 2, "color": "#d1242f"})
        plot.update_yaxes(title="difference", type="log", row=2, col=1, nticks=4, tickformat=".0e")
    plot.update_xaxes(gridcolor=_GRID, zeroline=False)
    plot.update_xaxes(title="step", row=rows, col=1)
    plot.update_yaxes(gridcolor=_GRID, zeroline=False)
    plot.update_yaxes(title="loss", row=1, col=1)
    plot.update_layout(
        template="none",
        height=320 if rows == 1 else 460,
        margin={"l": 72, "r": 16, "t": 8, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _GREY, "family": "system-ui, sans-serif", "size": 13},
        hovermode="x unified",
        hoverlabel={"bgcolor": "#20262d", "font": {"color": "#f0f3f6", "family": "ui-monospace, monospace"}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
    )
    return plot


def shown_steps(model: Model) -> list[int]:
    """Choose the steps that are drawn: all, or evenly spaced ones with the first that differs."""
    steps = sorted({step for _, losses in model.curves for step in losses})
    stride = math.ceil(len(steps) / POINTS)
    chosen = set(steps[::stride]) | set(steps[-1:]) | {model.first_difference}
    return [step for step in steps if step in chosen]


def drawn(model: Model) -> bool:
    """Tell whether there is a loss to draw: a framework that has none records NaN."""
    return any(_decimal(loss) is not None for _, losses in model.curves for loss in losses.values())


def _thin(number: int) -> dict[str, object]:
    colour = _COLOURS[number % len(_COLOURS)]
    return {"width": 1.5, "color": colour, "dash": _DASHES[(number - 1) % len(_DASHES)]}


def _decimal(loss: str | None) -> float | None:
    """Read a loss; what cannot be drawn (NaN, infinity, a missing step) leaves a gap."""
    value = math.nan if loss is None else float.fromhex(loss)
    return value if math.isfinite(value) else None


def _gap(a: str | None, b: str | None) -> float | None:
    x, y = _decimal(a), _decimal(b)
    return None if x is None or y is None or x == y else abs(x - y)
