"""The options of a framework as a type that checks what a user wrote."""

from dataclasses import fields
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from samebits import frameworks


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@cache
def of(framework: str) -> type[BaseModel]:
    """Return the type of a framework's options, made from what its folder declares."""
    declared = frameworks.traits(framework).options
    hints = get_type_hints(declared)

    def whole(self: BaseModel) -> BaseModel:
        declared(**self.model_dump())
        return self

    described: dict[str, Any] = {}
    for each in fields(declared):
        metadata = dict(each.metadata)
        check = metadata.pop("check", None)
        kind = Annotated[hints[each.name], AfterValidator(check)] if check else hints[each.name]
        # Pydantic copies a default that can be changed
        default = each.default_factory() if callable(each.default_factory) else each.default
        described[each.name] = (kind, Field(default, **metadata))
    validators: Any = {"whole": model_validator(mode="after")(whole)}
    return create_model(declared.__qualname__, __base__=_Checked, __validators__=validators, **described)


def resolve(framework: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return checked options with every default filled in, as the spec holds them.

    Raises:
        pydantic.ValidationError: they are not what the framework declares.
    """
    return of(framework).model_validate(options).model_dump()


def problems(framework: str, options: dict[str, Any], params: dict[str, Any]) -> list[str]:
    """List what in checked options does not fit the params."""
    return frameworks.traits(framework).options(**resolve(framework, options)).problems(params)
