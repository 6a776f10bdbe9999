"""Models tracked one after the other; from the one on that meets a store that is down, they are pending."""

from collections.abc import Iterable

from samebits.tracking import model_registry, write
from samebits.tracking.destination import Place
from samebits.tracking.gather import Model
from samebits.tracking.store import Store, Unreachable, open_store
from samebits.tracking.tracked import Outcome


def track(models: Iterable[Model], place: Place) -> list[Outcome]:
    """Write models to a store, or what it lacks of them.

    Raises:
        Refused: MLflow is not installed, or a wheel is none of a model.
    """
    models = list(models)
    outcomes: list[Outcome] = []
    try:
        with open_store(place) as store:
            for model in models:
                outcomes.append(_track(store, model))
    except Unreachable as error:
        left = models[len(outcomes) :]
        outcomes += [Outcome(model.name, pending=str(error)) for model in left]
    return outcomes


def _track(store: Store, model: Model) -> Outcome:
    runs, version = {}, None
    for number, entry in enumerate(model.entries):
        run, done = write.write(store, entry)
        runs[entry.name] = run
        if number == 0 and not model.identical:
            model_registry.withdraw(store, model.name, entry.identity)
        elif number == 0 and model.wheel is not None:
            version = model_registry.register(store, model.name, run, entry, model.wheel)
        if not done:
            write.complete(store, run, entry)
    return Outcome(model.name, runs, version)
