"""JSON read into the dataclasses that declare it: every key and every type is as declared, or it is refused.

For what measured processes read, too, which have no Pydantic. The declarations are plain dataclasses, so the
same types give the JSON Schemas (docs/formats).
"""

import dataclasses
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Declared = TypeVar("Declared")
_Decode = Callable[[Any], Any]

_PLAIN = (str, bool, int, type(None))


def decode(kind: type[Declared], value: Any) -> Declared:
    """Return a JSON value as the dataclass ``kind``; lists become tuples where it says so.

    Raises:
        ValueError: a key is missing or unknown, or a value is of another type; names the place.
    """
    decoded: Declared = _decoder(kind)(value)  # type: ignore[arg-type]
    return decoded


@cache
def _decoder(kind: Any) -> _Decode:
    """Return the function that decodes one type; made once, since a ledger has many lines of few types."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return lambda value: value
    if kind is float:  # JSON has one type of numbers
        return lambda value: float(value) if type(value) is int else _exactly(float, value)
    if kind in _PLAIN:
        return lambda value: _exactly(kind, value)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind)
    if origin is Literal:
        return lambda value: _among(arguments, value)
    if origin in (Union, types.UnionType):
        return _union([_decoder(each) for each in arguments])
    if origin in (list, dict):
        return _collection(origin, _decoder(arguments[-1]))
    if origin is tuple and arguments[-1] is ...:
        items = _collection(list, _decoder(arguments[0]))
        return lambda value: tuple(items(value))
    if origin is tuple:
        return _row(tuple, [_decoder(each) for each in arguments])
    if issubclass(kind, tuple):
        return _row(kind._make, [_decoder(each) for each in get_type_hints(kind).values()])
    raise TypeError(f"JSON is not read into {kind}")


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:  # True is no number, and 1.0 is no count
        raise ValueError(f"{_shown(value)} is no {kind.__name__}")
    return value


def _among(choices: tuple[Any, ...], value: Any) -> Any:
    if value not in choices:
        raise ValueError(f"{_shown(value)} is none of {', '.join(map(repr, choices))}")
    return value


def _union(decoders: list[_Decode]) -> _Decode:
    def decode_union(value: Any) -> Any:
        for each in decoders[:-1]:
            try:
                return each(value)
            except ValueError:
                continue
        return decoders[-1](value)

    return decode_union


def _collection(kind: Any, item: _Decode) -> _Decode:
    def decode_list(value: Any) -> Any:
        return [item(each) for each in _exactly(list, value)]

    def decode_dict(value: Any) -> Any:
        return {key: _at(key, item, each) for key, each in _exactly(dict, value).items()}

    return decode_list if kind is list else decode_dict


def _row(make: Callable[[list[Any]], Any], items: list[_Decode]) -> _Decode:
    def decode_row(value: Any) -> Any:
        if type(value) is not list or len(value) != len(items):
            raise ValueError(f"{_shown(value)} is no list of {len(items)}")
        return make([item(each) for item, each in zip(items, value, strict=True)])

    return decode_row


def _dataclass(kind: Any) -> _Decode:
    hints = typing.get_type_hints(kind)
    decoders = {each.name: _decoder(hints[each.name]) for each in dataclasses.fields(kind)}
    none = (dataclasses.MISSING, dataclasses.MISSING)
    required = {f.name for f in dataclasses.fields(kind) if (f.default, f.default_factory) == none}

    def decode_dataclass(value: Any) -> Any:
        entries = _exactly(dict, value)
        if unknown := sorted(entries.keys() - decoders.keys()):
            raise ValueError(f"unknown key {unknown[0]!r}")
        if missing := sorted(required - entries.keys()):
            raise ValueError(f"the key {missing[0]!r} is missing")
        return kind(**{key: _at(key, decoders[key], each) for key, each in entries.items()})

    return decode_dataclass


def _at(key: str, item: _Decode, value: Any) -> Any:
    try:
        return item(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
