"""What is known of a framework without importing it: the rest of samebits asks these and names none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Options:
    """What a user may write below ``options``; here nothing.

    A framework derives its own. The metadata of a field are Pydantic's constraints, its ``description``, and
    ``check``, a function that returns the value or raises ValueError.
    """

    def problems(self, params: Iterable[str]) -> list[str]:
        """List what in the options does not fit the names of the params."""
        return []


@dataclass(frozen=True, kw_only=True)
class Traits:
    """A framework, as its folder declares it.

    Attributes:
        title: how its makers write its name.
        modules: what recipes and packages import of it, and no package of a model may be called.
        steps: ``many``, or ``one`` where a training is a single step unless the config says otherwise.
        recipe: ``target`` where it names a class or function in a file, ``script`` where it is a file.
        processes: how several processes train one model: not at all, as ``ranks``, or as Dask's ``workers``.
        refused_tiers: tiers that it cannot keep -> why, and what to take instead.
        environment: its environment's name without ``-cpu`` or ``-gpu``; None if the config must name one.
        options: the type of its options.
        shares: patterns, below ``frameworks/``, of other folders' files that run in its measured process.
        predictor: the framework whose predictor a package gets; its own if None.
        packages_recipe: the predictor runs the recipe, so that a package requires what that imports.
    """

    title: str
    modules: tuple[str, ...] = ()
    steps: Literal["many", "one"] = "many"
    recipe: Literal["target", "script"] = "target"
    processes: Literal["one", "ranks", "workers"] = "one"
    refused_tiers: Mapping[str, str] = field(default_factory=dict)
    environment: str | None
    options: type[Options] = Options
    shares: tuple[str, ...] = ()
    predictor: str | None = None
    packages_recipe: bool = False
