"""Changing frozen values: `dataclasses.replace`, without a call of the class's own `__init__`.

A run is changed some fifty times for each unit, and a class with twenty fields takes that long to make anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    T = TypeVar("T")

    def replace(value: T, /, **changes: Any) -> T:
        """`value` with other values in some fields; TypeError for a field that it has not.

        For dataclasses whose instances have a `__dict__` with their fields alone: no slots, no `__post_init__`.
        """
        known = value.__dict__
        made = object.__new__(type(value))
        made.__dict__.update(known, **changes)
        if len(made.__dict__) != len(known):
            raise TypeError(f"{type(value).__name__} has no field {', '.join(changes.keys() - known.keys())}")
        return made
