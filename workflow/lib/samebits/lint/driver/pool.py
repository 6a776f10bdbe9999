"""Many files, analysed side by side."""

import gc
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from samebits.lint import catalog, rules
from samebits.lint.context import Context
from samebits.lint.driver.analysis import Analysis
from samebits.lint.driver.one_file import Analyser

_COLLECT: Final = 8 << 20  # bytes of source whose trees may lie about: a tree is 100 times its text
_FEW: Final = 24  # files for which starting processes costs more than it gives


def analyse_all(
    named: Mapping[Path, str], context: Context, cache: Path | None, jobs: int | None
) -> Iterator[tuple[Path, Analysis]]:
    """Yield what is found in each file, in the order of the files.

    Args:
        named: the files, and how reports name them.
        context: where they are to run.
        cache: folder of what was found before; None for none.
        jobs: processes; as many as there are cores if not given.
    """
    count = jobs or len(os.sched_getaffinity(0))
    if len(named) < _FEW or count == 1:
        yield from _one_by_one(named, context, cache)
        return
    catalog.load(), rules.load()  # before the processes start, so that each has them
    # the largest first, so that none is left alone at the end; the order of results is the files'
    items = sorted(named.items(), key=lambda item: -_size(item[0]))
    analyses = {}
    with multiprocessing.get_context("fork").Pool(count, _start, (context, cache)) as pool:
        for path, analysis in pool.imap_unordered(_job, items, chunksize=8):
            analyses[path] = analysis
    yield from ((path, analyses[path]) for path in named)


def _one_by_one(
    named: Mapping[Path, str], context: Context, cache: Path | None
) -> Iterator[tuple[Path, Analysis]]:
    enabled = gc.isenabled()
    worker = _Worker(context, cache)
    for path, name in named.items():
        yield path, worker.analyse(path, name)
    if enabled:
        gc.enable()


class _Worker:
    """An analyser that collects garbage between files only: a pass over a tree makes none."""

    def __init__(self, context: Context, cache: Path | None):
        gc.disable()
        self._analyser = Analyser(context, cache)
        self._size = 0  # bytes of source since garbage was last collected

    def analyse(self, path: Path, name: str) -> Analysis:
        analysis = self._analyser.analyse(path, name)
        self._size += _size(path)
        if self._size > _COLLECT:
            gc.collect()
            self._size = 0
        return analysis


_worker: _Worker | None = None  # of this process


def _start(context: Context, cache: Path | None) -> None:
    global _worker
    _worker = _Worker(context, cache)


def _job(item: tuple[Path, str]) -> tuple[Path, Analysis]:
    path, name = item
    assert _worker is not None  # noqa: S101  by _start
    return path, _worker.analyse(path, name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
