"""What models have in common: the section ``defaults``, and how a model takes over what stands there."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError

from samebits.config.verification import Verify
from samebits.environments.backends import DEFAULT, BackendName
from samebits.packaging.description import Description
from samebits.sealed.tiers import Tier
from samebits.section import Section


class Defaults(Section):
    """What models have in common; a model's own keys win."""

    seed: int = Field(0, ge=0, lt=2**63, description="root of all derived randomness")
    tier: Tier = Field("deterministic", description="how much is pinned")
    threads: int = Field(1, ge=1, le=4096, description="threads that compute; part of the result's identity")
    device: Literal["cpu", "cuda"] = Field("cpu", description="where it trains")
    backend: BackendName = Field(DEFAULT, description="what installs the locked environment")
    segments: int = Field(4, ge=1, description="stretches of training, each begun from a checkpoint")
    runs: int = Field(2, ge=2, le=1000, description="independent runs that are compared, in the mode rerun")
    verify: Verify = Field(Verify(), description="how sameness is proven")
    package: Description = Field(Description(), description="what its package is called and says of itself")
    loader_workers: int = Field(
        0, ge=0, le=1024, description="processes that load batches ahead; the result does not depend on them"
    )


def inherited(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config whose models have what ``defaults`` says, so that one type describes a whole model.

    A wrong default is not handed on: it is reported once, where it stands, and not in every model.
    """
    defaults, models = values.get("defaults"), values.get("models")
    if not (isinstance(defaults, Mapping) and isinstance(models, Mapping)):
        return dict(values)
    try:
        Defaults.model_validate(defaults)
        wrong = set()
    except ValidationError as error:
        wrong = {item["loc"][0] for item in error.errors()}
    shared = {key: value for key, value in defaults.items() if key not in wrong}
    completed = {name: _completed(shared, m) if isinstance(m, Mapping) else m for name, m in models.items()}
    return {**values, "models": completed}


def _completed(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Give a model what it does not say itself; of ``verify`` and ``package``, key by key."""
    model = {**shared, **own}
    for key in ("verify", "package"):
        common, specific = shared.get(key), own.get(key, {})
        if isinstance(common, Mapping) and isinstance(specific, Mapping):
            model[key] = {**common, **specific}
    if isinstance(verify := model.get("verify"), Mapping):
        model["verify"] = _without_what_does_not_apply(verify, own)
    return model


def _without_what_does_not_apply(verify: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Drop shared keys of ``verify`` that a model's own keys rule out.

    These are ``segments`` if the model has the key of that name, and ``sample`` if it is trained again in
    full.
    """
    own_verify = own.get("verify", {})
    out = {"segments"} if "segments" in own and "segments" not in own_verify else set()
    out |= {"sample"} if verify.get("mode", "rerun") == "rerun" and "sample" not in own_verify else set()
    return {key: value for key, value in verify.items() if key not in out}
