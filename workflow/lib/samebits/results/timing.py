"""When steps were taken and what they cost, as far as the files beside a ledger tell."""

import json
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

#: what Snakemake measures of a job -> its name among MLflow's system metrics, which begin with ``system/``
_BENCHMARK = {
    "s": "system/wall_seconds",
    "cpu_time": "system/cpu_seconds",
    "mean_load": "system/mean_cpu_percent",
    "max_rss": "system/max_rss_megabytes",
    "max_pss": "system/max_pss_megabytes",
    "max_uss": "system/max_uss_megabytes",
    "max_vms": "system/max_vms_megabytes",
    "io_in": "system/read_megabytes",
    "io_out": "system/written_megabytes",
}


@dataclass(frozen=True)
class Segment:
    """A stretch of training: its steps, what it took, and when it ended, in milliseconds since 1970."""

    first: int
    last: int
    seconds: dict[str, float]
    ended: int

    @property
    def began(self) -> int:
        """When it began."""
        return self.ended - round(1000 * sum(self.seconds.values()))

    def at(self, step: int) -> int:
        """Tell when a step was taken, as if all of the segment's had taken equally long."""
        left = (self.last - step) / (self.last - self.first)
        return self.ended - round(1000 * (self.seconds["save"] + left * self.seconds["train"]))


@dataclass(frozen=True)
class Timing:
    """The segments of a run in their order; none where nobody kept the time."""

    segments: tuple[Segment, ...]

    def at(self, step: int) -> int | None:
        """Tell when a step was taken; None where that is not known."""
        if not self.segments:
            return None
        index = bisect_left(self.segments, step, key=lambda segment: segment.last)
        if index == len(self.segments):
            return self.ended
        reached = self.segments[index]
        return reached.at(step) if step > reached.first else reached.began

    @property
    def began(self) -> int | None:
        """When the first segment began."""
        return self.segments[0].began if self.segments else None

    @property
    def ended(self) -> int | None:
        """When the last segment ended."""
        return self.segments[-1].ended if self.segments else None

    @property
    def speed(self) -> float | None:
        """Steps a second of training; None where the run was too short to tell."""
        seconds = self.seconds("train")
        return sum(segment.last - segment.first for segment in self.segments) / seconds if seconds else None

    def seconds(self, what: str) -> float:
        """Sum up what the segments took to ``train``, ``save`` or ``restore``."""
        return sum(segment.seconds[what] for segment in self.segments)

    @property
    def total(self) -> float:
        """Seconds of all segments."""
        return sum(second for segment in self.segments for second in segment.seconds.values())


def read(path: Path) -> Timing:
    """Read ``timing.jsonl``. It is no evidence, so what cannot be read of it is left out."""
    by_end = {}
    for line in _lines(path):
        try:
            seconds = {what: float(line[f"{what}_seconds"]) for what in ("restore", "train", "save")}
            ended = round(1000 * datetime.fromisoformat(line["finished"]).timestamp())
            segment = Segment(int(line["from"]), int(line["to"]), seconds, ended)
        except (KeyError, TypeError, ValueError):
            continue
        if segment.last > segment.first:
            by_end[segment.last] = segment  # if a segment was trained again, its last training counts
    return Timing(tuple(by_end[last] for last in sorted(by_end)))


def benchmark(path: Path) -> dict[str, float]:
    """Return what Snakemake measured of a job, by its name in MLflow; of a job too short it says "NA"."""
    lines = _lines(path)
    last = lines[-1] if lines else {}
    values = {name: last.get(key) for key, name in _BENCHMARK.items()}
    return {name: float(value) for name, value in values.items() if isinstance(value, int | float)}


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        read = [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError):
        return []
    return [line for line in read if isinstance(line, dict)]
