"""Turns the frozen values of `core.model` into JSON objects and back."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from immutables import Map

T = TypeVar("T")
Convert = Callable[[Any], Any]


def encode(value: Any, *, skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A dataclass as a dict of JSON values, without the fields named in `skip`.

    Raises TypeError for a field whose type JSON cannot hold.
    """
    cls: Any = type(value)
    return {
        name: getattr(value, name) if down is _same else down(getattr(value, name))
        for name, down in _encoders(cls)
        if name not in skip
    }


def decode(cls: type[T], data: Mapping[str, Any]) -> T:
    """The value that `encode` was given. Unknown keys are ignored and missing ones take their default,
    so that rows of an older version load; TypeError when a missing field has no default, ValueError for a word
    that the enumeration does not know.
    """
    kind: Any = cls
    given = {name: data[name] if up is _same else up(data[name]) for name, up in _decoders(kind) if name in data}
    if missing := _required(kind) - given.keys():
        raise TypeError(f"{cls.__name__} without {', '.join(sorted(missing))}")
    return cls(**given)


@cache
def _encoders(cls: Any) -> tuple[tuple[str, Convert], ...]:
    hints = get_type_hints(cls)
    return tuple((field.name, _down(hints[field.name])) for field in fields(cls))


@cache
def _decoders(cls: Any) -> tuple[tuple[str, Convert], ...]:
    hints = get_type_hints(cls)
    return tuple((field.name, _up(hints[field.name])) for field in fields(cls))


@cache
def _required(cls: Any) -> frozenset[str]:
    found = (f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING)
    return frozenset(found)


def _same(value: Any) -> Any:
    """What most fields need: whoever sees it spares the call."""
    return value


def _down(hint: Any) -> Convert:
    """The function that takes a value of type `hint` to JSON."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        return _down_plain(hint)
    if origin in (Union, types.UnionType):
        return _optional(_down(_only(args)))
    if origin is tuple:
        return _down_tuple(args)
    if origin is Map:
        value = _down(args[1])
        return lambda found: {key: value(item) for key, item in sorted(found.items())}
    return _same if origin in (dict, list) else _refuse(hint)


def _down_plain(hint: Any) -> Convert:
    if is_dataclass(hint):
        return encode
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda word: word.value
    return _same if hint in (str, int, float, bool, Any) else _refuse(hint)


def _down_tuple(args: tuple[Any, ...]) -> Convert:
    if args[-1] is Ellipsis:
        item = _down(args[0])
        return list if item is _same else lambda found: [item(one) for one in found]
    items = [_down(arg) for arg in args]
    return lambda found: [item(one) for item, one in zip(items, found, strict=True)]


def _up(hint: Any) -> Convert:
    """The function that takes JSON to a value of type `hint`."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is None:
        return _up_plain(hint)
    if origin in (Union, types.UnionType):
        return _optional(_up(_only(args)))
    if origin is tuple:
        return _up_tuple(args)
    if origin is Map:
        value = _up(args[1])
        return lambda found: Map({key: value(item) for key, item in found.items()})
    return _same if origin in (dict, list) else _refuse(hint)


def _up_plain(hint: Any) -> Convert:
    if isinstance(hint, type) and is_dataclass(hint):
        return _up_dataclass(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if hint is float:
        # JSON written by hand or by SQLite says 3 where we mean 3.0.
        return float
    return _same if hint in (str, int, bool, Any) else _refuse(hint)


def _up_dataclass(cls: Any) -> Convert:
    return lambda found: decode(cls, found)


def _up_tuple(args: tuple[Any, ...]) -> Convert:
    if args[-1] is Ellipsis:
        item = _up(args[0])
        return tuple if item is _same else lambda found: tuple([item(one) for one in found])
    items = [_up(arg) for arg in args]
    return lambda found: tuple(item(one) for item, one in zip(items, found, strict=True))


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _only(args: tuple[Any, ...]) -> Any:
    (hint,) = (arg for arg in args if arg is not type(None))
    return hint


def _refuse(hint: Any) -> Convert:
    # Only when it is met: a field that is skipped may have any type.
    def refuse(value: Any) -> Any:
        raise TypeError(f"the codec does not know the type {hint}")

    return refuse
