"""Dask: which worker trains on which partition decides the model."""

import ast
from typing import Final

from samebits.lint.file import File

_TRAINS: Final = ("xgboost.dask.", "lightgbm.Dask", "lightgbm.dask.", "dask_ml.")
_STEALING: Final = "distributed.scheduler.work-stealing"


def check(file: File) -> None:
    """Report Dask training whose partitions may lie anywhere; record what pins them."""
    trains = bool(
        {m for m in file.names.modules if m.startswith(("xgboost.dask", "lightgbm.dask", "dask_ml"))}
    )
    for call, path in file.calls:
        if path in ("dask.config.set", "dask.config.set.set"):
            _config(file, call)
        elif path.startswith(_TRAINS):
            trains = True
        leaf = path.rpartition(".")[2]
        if leaf in ("submit", "scatter", "persist", "compute", "map", "replicate") and any(
            k.arg == "workers" for k in call.keywords
        ):
            file.facts.add("dask.pinned")
        if leaf == "worker_map" or "worker_map" in path:
            file.facts.add("dask.pinned")
    if "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING" in {f.removeprefix("variable.") for f in file.facts}:
        file.facts.add("dask.no-stealing")
    if not trains:
        return
    for call, path in file.calls:
        if path in ("distributed.Client", "distributed.LocalCluster") and not _connects(call):
            file.report(
                call,
                "SB802",
                f"{path.rpartition('.')[2]} with work stealing: partitions move to whichever worker is free; "
                f'dask.config.set({{"{_STEALING}": False}}) before',
                unless=("dask.no-stealing",),
            )
        elif path.startswith("distributed.") and path.rpartition(".")[2] in ("scatter", "persist"):
            file.report(
                call,
                "SB803",
                f"{path.rpartition('.')[2]} lets the scheduler choose the workers; name them: workers=[...]",
                unless=("dask.pinned",),
            )


def _connects(call: ast.Call) -> bool:
    """Tell whether a Client is only connected to a cluster, which has its own settings."""
    return bool(call.args) and not isinstance(call.args[0], ast.Constant)


def _config(file: File, call: ast.Call) -> None:
    table = file.names.literal(call.args[0]) if call.args else None
    pairs: list[tuple[object, ast.expr]] = []
    if isinstance(table, ast.Dict):
        pairs = [
            (k.value, v) for k, v in zip(table.keys, table.values, strict=True) if isinstance(k, ast.Constant)
        ]
    pairs += [(k.arg.replace("__", "."), k.value) for k in call.keywords if k.arg]
    for key, value in pairs:
        name = str(key).replace("_", "-")
        values = file.names.values(value)
        if "work-stealing" in name and "interval" not in name and values is not None:
            if False in values or "False" in values:
                file.facts.add("dask.no-stealing")
            else:
                file.report(value, "SB802", "work stealing moves partitions between workers; set it to False")
        if "active-memory-manager.start" in name and values and True in values:
            file.report(
                value, "SB803", "the active memory manager moves partitions between workers; set it to False"
            )
