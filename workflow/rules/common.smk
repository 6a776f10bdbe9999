# The config, checked before anything else happens, and what several themes need.

import sys
from pathlib import Path

import samebits
from samebits.config import load
from samebits.errors import Refused
from samebits import environments
from samebits.layout import KINDS, Layout, command_on_path
from samebits.sample import Sample
from snakemake.exceptions import WorkflowError

ROOTS = [Path.cwd(), samebits.root()]

# A config of the user's replaces the worked examples: merged with them it would train them, too.
if "models" not in config:

    configfile: next(filter(Path.is_file, (root / "config" / "config.yaml" for root in ROOTS)))


try:
    # `snakemake lock` must get by with the locks that it renews; no setting tells the targets so early
    LAYOUT = Layout(
        load(config, workflow.configfiles, ROOTS, "lock" not in sys.argv), ROOTS
    )
except Refused as refused:
    raise WorkflowError(str(refused)) from None

command_on_path()


def trained_from(wildcards):
    """Return what a model is trained from: recipe, data, environment and library."""
    return LAYOUT.inputs(wildcards.model)


def compared(wildcards):
    """Return what a model's verdict is drawn from: its runs, or its run and the replays that were drawn."""
    model = wildcards.model
    inputs = {"ledgers": [f"{run}/ledger.jsonl" for run in LAYOUT.runs(model)]}
    if LAYOUT.replays(model):
        sample = checkpoints.sample.get(model=model).output.sample
        inputs["sample"] = sample
        inputs["ledgers"] += [
            f"{LAYOUT.replay(model)}/segment-{segment}/ledger.jsonl"
            for segment in Sample.read(Path(sample)).segments
        ]
    return inputs


wildcard_constraints:
    model="[^/]+",
    run="[0-9]+",
    segment="[0-9]+",
    environment="[^/]+",
    kind="|".join(KINDS),
    data="[^/]+",
    lock="[0-9a-f]{12}",
