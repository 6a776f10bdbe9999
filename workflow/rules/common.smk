# The config, checked before anything else happens, and what several themes need.
#
# Rules are of three kinds, and are called so. A job makes something: by what it does (train) or makes (spec). A gate
# reads what a job found and fails if it is bad (verify, linted), so that Snakemake keeps the evidence. A target has
# no output of its own and asks for those of all models (all, package, images, publish) or environments (lock).
#
# These rules run by themselves and as a module of other pipelines, under a prefix and several times side by side.
# Snakemake puts the prefix before the paths in input, output, log and benchmark, before those that input functions
# return, and nowhere else. So, in every rule:
#
# - a model's files are f"{LAYOUT.results}/{{model}}/…" in input, output and log, without the prefix;
# - shell and params take paths from input, output and log alone, if need be by a function of them:
#   `lambda wildcards, input: Path(input.ledger).parent`; never from LAYOUT, whose paths have no prefix;
# - code that reads a file takes its path from `checkpoints.x.get(…).output`, which has the prefix;
# - `local()` around a path keeps the prefix off: all in LAYOUT.cache, which instances share, and the user's files.
#   A rule that writes into the cache is followed by `made_once(rules.x)`.
#
# tests/module/test_prefix.py looks at the commands of all rules.

import sys
from pathlib import Path

import samebits
from samebits import snakefile
from samebits.config import find, load, read
from samebits.sealed.errors import Refused
from samebits import environments, tracking
from samebits.jobs import snakemake_internals
from samebits.jobs.layout import Layout, command_on_path
from samebits.proof.sample import Sample
from snakemake.exceptions import WorkflowError

# from git or GitHub come these rules alone, and the commands that they call from what is installed
if samebits.__version__ != "0.1.0":
    raise WorkflowError(
        f"these rules are samebits 0.1.0, but {samebits.__version__} is installed beside Snakemake; "
        "use the tag of that version, or samebits.snakefile()"
    )

#: folder of environments in the cache -> the backend that installs them
BACKENDS = environments.backends.folders()
#: how a pipeline calls this instance; none where these rules are no module
INSTANCE = snakemake_internals.instance(workflow)
ROOTS = [Path.cwd(), samebits.root()]

# A config of the user's replaces the worked examples: merged with them it would train them, too. A module has the
# config that it is given, and config/config.yaml is its pipeline's.
FOUND = None
if INSTANCE is None and "models" not in config:
    try:
        FOUND = find(ROOTS)
        read(FOUND)
    except Refused as refused:
        raise WorkflowError(str(refused)) from None
    if FOUND.parent.parent != Path.cwd():
        logger.info("no config/config.yaml here: these are the worked examples")

    configfile: FOUND


FILES = snakemake_internals.config_files(workflow)
FILES = [] if INSTANCE else [each for each in FILES if each != FOUND]
# `snakemake lock` must get by with the locks that it renews; no setting tells the targets so early
LOCKED = snakemake_internals.full_name(workflow, "lock") not in sys.argv

try:
    LAYOUT = Layout(load(config, FILES, ROOTS, LOCKED, INSTANCE is not None), ROOTS)
except Refused as refused:
    whose = f"module {INSTANCE}: " if INSTANCE else ""
    lines = [whose + line for line in str(refused).splitlines()]
    raise WorkflowError("\n".join(lines)) from None

command_on_path()


def trained_from(wildcards):
    """Return what a model is trained from: recipe, data, environment and library."""
    inputs = LAYOUT.inputs(wildcards.model)
    return {name: local(path) for name, path in inputs.items()}


def environment_of(model):
    """Return the manifest of a model's locked environment, for a pipeline's rules that run in it."""
    return local(LAYOUT.inputs(model)["environment"])


def made_once(proxy):
    """Let the first of several instances make a file of the cache."""
    snakemake_internals.made_by_first(workflow, proxy.output[0])


def runs_of(wildcards):
    """Return the ledgers of a model's runs; of its one run, where that is verified by replays."""
    return [f"{run}/ledger.jsonl" for run in LAYOUT.runs(wildcards.model)]


def sample_of(wildcards):
    """Return which segments of a model are replayed, or nothing where it is verified by reruns."""
    model = wildcards.model
    return [f"{LAYOUT.replay(model)}/sample.json"] * LAYOUT.replays(model)


def replays_of(wildcards):
    """Return the ledgers of the replays that were drawn."""
    model = wildcards.model
    if not LAYOUT.replays(model):
        return []
    drawn = Sample.read(Path(checkpoints.sample.get(model=model).output.sample))
    return [
        f"{LAYOUT.replay(model)}/segment-{segment}/ledger.jsonl"
        for segment in drawn.segments
    ]


def comparison(runs, sample):
    """Return the arguments by which the runs of a model, or its run and the replays, are compared."""
    folders = [str(Path(ledger).parent) for ledger in runs]
    return [*folders, "--sample", *sample] if sample else folders


def failures_of(output, wildcards):
    """Return how many attempts to track a model left the file that a rule's pattern names pending."""
    return tracking.failures(Path(output.format(**wildcards)))


wildcard_constraints:
    model="[^/]+",
    run="[0-9]+",
    segment="[0-9]+",
    environment="[^/]+",
    kind="|".join(BACKENDS),
    data="[^/]+",
    lock="[0-9a-f]{12}",
    framework="[a-z_]+",
    digest="[0-9a-f]{12}",
