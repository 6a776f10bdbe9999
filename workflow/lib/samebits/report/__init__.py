"""The report: one self-contained page with verdicts, loss curves, digests and fingerprints."""

from samebits.report.page import write

__all__ = ["write"]
