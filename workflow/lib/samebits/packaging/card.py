"""The model card: what the ledger, the verdict and the fingerprint say of a model, for people."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from samebits.packaging.naming import Names
from samebits.receipt.statement import Receipt

_TEMPLATES = Environment(
    loader=PackageLoader("samebits.packaging", "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  Markdown and Python
)


def write(receipt: Receipt, signature: dict[str, Any], names: Names, summary: str, sentence: str) -> str:
    """Write the card of a packaged model, in Markdown."""
    claim = receipt.predicate
    return _TEMPLATES.get_template("MODEL_CARD.md.jinja").render(
        names=names,
        summary=summary,
        sentence=sentence,
        spec=claim.spec,
        fingerprint=claim.fingerprint,
        code=claim.code,
        samebits=claim.samebits,
        verdict=claim.verdict,
        metrics=[(name, float.fromhex(value), value) for name, value in claim.verdict.metrics],
        loss=float.fromhex(claim.verdict.loss),
        inputs=shapes(signature["inputs"]),
        outputs=shapes(signature["outputs"]),
        requires=signature["requires"],
    )


def module(names: Names, model: str, summary: str, signature: dict[str, Any], predictor: str) -> str:
    """Write the package's ``__init__.py``; ``predictor`` is the framework whose predictor it has."""
    outputs = signature["outputs"]
    return _TEMPLATES.get_template("package.py.jinja").render(
        model=model,
        module=names.module,
        version=names.version,
        summary=summary,
        predictor=predictor,
        inputs=shapes(signature["inputs"]),
        outputs=shapes(outputs),
        # NumPy has no other name for a bool
        dtype={"bool": "bool_"}.get(outputs[0]["dtype"], outputs[0]["dtype"]) if outputs else "generic",
    )


def shapes(described: list[dict[str, Any]]) -> str:
    """Say names, types and shapes: ``rows float32[n, 64]``."""
    parts = [
        f"{each['name']} {each['dtype']}[{', '.join(['n', *map(str, each['shape'][1:])])}]"
        for each in described
    ]
    return ", ".join(parts) or "none"
