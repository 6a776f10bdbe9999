"""Tracking: what the ledgers say, written to an MLflow store, where teams look at experiments.

A view of the ledger and never more: training knows nothing of it, a store that is down delays nothing, and
what is missing there is caught up on later, without duplicates. MLflow takes seconds to import, so only
functions that the command calls do so.
"""

from samebits.tracking.destination import Place, local
from samebits.tracking.tracked import Outcome, failures

__all__ = ["Outcome", "Place", "failures", "local"]
