"""SB405: a tf.data pipeline whose order is free."""

from typing import Final

from samebits.lint.catalog import diagnosis
from samebits.lint.rule import Event, On, Rule

RULE: Final = Rule(
    code="SB405",
    name="tf-data-order",
    summary="a tf.data pipeline whose order is free",
    severity="error",
    why="Elements come as they are ready.",
    bad="ds.map(f, num_parallel_calls=4, deterministic=False)",
    good="ds.map(f, num_parallel_calls=4, deterministic=True)",
    source="TensorFlow: tf.data.Options",
    listens=(
        On(Event.ENTRY, diagnosis.of_entry),
        On(Event.SETTING, diagnosis.of_setting),
    ),
)
