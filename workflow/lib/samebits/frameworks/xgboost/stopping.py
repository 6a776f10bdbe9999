"""Early stopping, by rules of XGBoost's own and without the object in which it counts."""

from dataclasses import dataclass
from typing import Any

import xgboost

from samebits.sealed.errors import Refused
from samebits.sealed.spec import Spec

#: metrics that are better the greater they are, as XGBoost's own EarlyStopping has them
_GREATER_IS_BETTER = ("auc", "aucpr", "pre", "map", "ndcg")


@dataclass(frozen=True)
class Stopping:
    """XGBoost's rule of early stopping, as a function of the booster alone.

    XGBoost's own callback counts in an object that no checkpoint holds. Here the best score and its round are
    attributes of the booster, under XGBoost's names, so a restored state stops where an untouched one does.

    Attributes:
        rounds: how many rounds without a better score end the training.
        metric: which metric of the validation data is watched; the last one if None.
        maximize: whether greater is better; by the metric's name if None.
        least: by how much a score must be better to count.
    """

    rounds: int
    metric: str | None = None
    maximize: bool | None = None
    least: float = 0.0

    def observe(self, booster: xgboost.Booster, scores: dict[str, float]) -> None:
        """Note the scores of the round that the booster has just grown."""
        name = self.metric or list(scores)[-1]
        if name not in scores:
            raise Refused(f"early stopping watches {name!r}, but the metrics are {', '.join(scores)}")
        score, best = scores[name], booster.attr("best_score")
        if best is None or self._better(name, score, float(best)):
            last = booster.num_boosted_rounds() - 1
            booster.set_attr(best_score=repr(float(score)), best_iteration=str(last))

    def ended(self, booster: xgboost.Booster) -> bool:
        """Tell whether the best round is long enough ago."""
        best = booster.attr("best_iteration")
        return best is not None and booster.num_boosted_rounds() - 1 - int(best) >= self.rounds

    def _better(self, name: str, score: float, best: float) -> bool:
        maximize = self.maximize
        if maximize is None:
            maximize = name != "mape" and name.startswith(_GREATER_IS_BETTER)
        return score - self.least > best if maximize else best - self.least > score


def read(spec: Spec, target: Any) -> Stopping | None:
    """Read the rule of a recipe's object; None if it has none.

    Raises:
        Refused: it has callbacks that no checkpoint could hold.
    """
    rounds = getattr(target, "early_stopping_rounds", None)
    callbacks = list(getattr(target, "callbacks", None) or [])
    if rounds is None and not callbacks:
        return None
    if rounds is None and [type(callback) for callback in callbacks] == [xgboost.callback.EarlyStopping]:
        (stopper,) = callbacks
        if stopper.data in (None, "valid"):
            return Stopping(stopper.rounds, stopper.metric_name, stopper.maximize, stopper._min_delta)
        raise Refused(
            f'model {spec.model}: EarlyStopping watches {stopper.data!r}; name the dataset "valid" and leave '
            "out data_name"
        )
    if callbacks:
        raise Refused(
            f"model {spec.model}: callbacks may hold state that no checkpoint has; the recipe may give "
            "either early_stopping_rounds or one EarlyStopping, and no others"
        )
    if not isinstance(rounds, int) or rounds < 1:
        raise Refused(f"model {spec.model}: early_stopping_rounds is {rounds!r}; give a number of at least 1")
    return Stopping(rounds)
