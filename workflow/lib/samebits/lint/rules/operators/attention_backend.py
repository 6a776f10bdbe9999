"""SB103: attention may choose a backward that adds atomically."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB103",
    name="attention-backend",
    summary="attention may choose a backward that adds atomically",
    severity="note",
    default=False,
    why="With warn_only, or without the switch, flash and memory-efficient kernels add gradients in "
    "no fixed order.",
    bad="y = F.scaled_dot_product_attention(q, k, v)",
    good="""
        with sdpa_kernel(SDPBackend.MATH):
            y = F.scaled_dot_product_attention(q, k, v)
    """,
    source="torch.nn.attention",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
