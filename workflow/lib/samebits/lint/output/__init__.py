"""Findings, written: for people, programs, code hosts and browsers."""

from collections.abc import Callable, Mapping
from typing import Final

from samebits.lint.driver.linter import Result
from samebits.lint.output import github, html, jsons, sarif, text

FORMATS: Final[Mapping[str, Callable[[Result], str]]] = {
    "text": text.render,
    "json": jsons.render,
    "sarif": sarif.render,
    "github": github.render,
    "html": html.render,
}

__all__ = ["FORMATS"]
