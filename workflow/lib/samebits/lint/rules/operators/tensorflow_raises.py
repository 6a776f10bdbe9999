"""SB104: a TensorFlow operator that has no deterministic implementation."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB104",
    name="tensorflow-raises",
    summary="a TensorFlow operator that has no deterministic implementation",
    severity="error",
    why="Under enable_op_determinism it raises; without, its result differs from run to run.",
    bad="y = tf.image.adjust_contrast(x, 2.0)",
    good="""
        mean = tf.reduce_mean(x, axis=(-3, -2), keepdims=True)
        y = (x - mean) * 2.0 + mean
    """,
    source="TensorFlow 2.21, kernels; tf.config.experimental.enable_op_determinism",
    listens=(On(Event.ENTRY, diagnosis.of_entry),),
)
