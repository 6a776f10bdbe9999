"""A model: what is trained, from what and how."""

from typing import Any

from pydantic import Field, JsonValue, ValidationInfo, field_validator, model_validator

from samebits import frameworks
from samebits.config.dask import Dask
from samebits.config.defaults import Defaults
from samebits.sealed.execution import Execution
from samebits.sealed.traits import Traits
from samebits.section import Name

#: keys that a spec does not depend on: more runs are the same training
_NOT_IDENTITY: dict[str, Any] = {
    "runs": True,
    "verify": True,
    "loader_workers": True,
    "dask": {"scheduler", "cluster"},
    "package": True,
}


class Model(Defaults):
    """A model to train, rerun and compare."""

    framework: str = Field(
        description="adapter that trains it", json_schema_extra={"enum": [*frameworks.known()]}
    )
    recipe: str = Field(
        description="Python file and its class or function: recipes/digits_cnn.py:DigitsCNN; or a script"
    )
    data: str = Field(description="a name from the section data, or sklearn:<name>")
    params: dict[str, JsonValue] = Field(
        {}, description="keyword arguments of the recipe's class or function"
    )
    options: dict[str, JsonValue] = Field({}, description="settings of the framework's adapter")
    steps: int = Field(ge=1, description="optimizer steps or boosting rounds; 1 for what trains in one go")
    processes: int = Field(1, ge=1, le=10000, description="ranks that train together; part of the identity")
    dask: Dask | None = Field(None, description="the cluster of a framework that trains on Dask")
    environment: Name = Field(description="locked environment; <framework>-cpu or -gpu if not given")

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, value: Any) -> Any:
        """Give the keys their values that follow from others, unless they are written."""
        if not isinstance(value, dict):
            return value
        traits = _traits(value.get("framework"))
        follow: dict[str, Any] = {}
        if environment := traits.environment if traits else value.get("framework"):
            follow["environment"] = f"{environment}-{'gpu' if value.get('device') == 'cuda' else 'cpu'}"
        in_one_go = traits is not None and traits.steps == "one" and "steps" not in value
        if in_one_go:
            follow["steps"] = 1
        return {**follow, **value, **_forced(value, in_one_go)}

    @field_validator("recipe")
    @classmethod
    def _names_what_it_is(cls, recipe: str, info: ValidationInfo) -> str:
        file, _, target = recipe.rpartition(":")
        if not _is_script(info.data.get("framework")) and not (file and target):
            raise ValueError(f"{recipe!r} names no class or function; write path/to/recipe.py:Class")
        return recipe

    @model_validator(mode="after")
    def _fits(self) -> "Model":
        if traits := _traits(self.framework):  # an unknown framework is reported by ``model_problems``
            self._fits_framework(traits)
        if self.segments > self.steps:
            raise ValueError(f"segments is {self.segments}, more than the {self.steps} steps; lower it")
        return self

    def _fits_framework(self, traits: Traits) -> None:
        if (traits.processes == "workers") != (self.dask is not None):
            clusters = [n for n in frameworks.known() if frameworks.traits(n).processes == "workers"]
            raise ValueError(
                f"dask belongs to the framework {' and '.join(clusters)}, and it needs it: {{workers: 2}}"
            )
        if self.processes > 1 and traits.processes == "one":
            raise ValueError(
                f"processes is {self.processes}, but {self.framework} trains in one; take it out"
            )
        if self.steps > 1 and traits.steps == "one":
            raise ValueError(f"steps is {self.steps}, but {self.framework} trains in one go; take it out")
        if why := traits.refused_tiers.get(self.tier):
            raise ValueError(f"{traits.title} cannot keep the tier {self.tier}: {why}")

    @property
    def file(self) -> str:
        """The recipe's file, as written."""
        return self.recipe if _is_script(self.framework) else self.recipe.rpartition(":")[0]

    @property
    def target(self) -> str:
        """The recipe's class or function; empty for a script."""
        return "" if _is_script(self.framework) else self.recipe.rpartition(":")[2]

    @property
    def identity(self) -> str:
        """What of this section the model's spec depends on, as JSON."""
        return self.model_dump_json(exclude=_NOT_IDENTITY)

    @property
    def execution(self) -> Execution:
        """What of this section the result does not depend on."""
        if self.dask is None:
            return Execution(loader_workers=self.loader_workers)
        return Execution(scheduler=self.dask.scheduler, cluster=self.dask.cluster)


def _forced(value: dict[str, Any], in_one_go: bool) -> dict[str, Any]:
    """Return the keys that other keys decide, whatever is written."""
    forced: dict[str, Any] = {}
    verify = value.get("verify")
    if in_one_go:
        forced["segments"] = 1
    elif isinstance(verify, dict) and isinstance(verify.get("segments"), int):
        forced["segments"] = verify["segments"]
    if isinstance(dask := value.get("dask"), dict):
        forced |= {"processes": dask.get("workers", 1), "threads": dask.get("threads", 1)}
    return forced


def _traits(framework: object) -> Traits | None:
    return frameworks.traits(str(framework)) if framework in frameworks.known() else None


def _is_script(framework: object) -> bool:
    traits = _traits(framework)
    return traits is not None and traits.recipe == "script"
