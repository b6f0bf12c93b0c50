"""Milestones as people name them on the command line of `verifier` and `rewind`."""

from __future__ import annotations

from collections.abc import Iterable


def ids(words: Iterable[str]) -> list[str]:
    """`["1,2", "M3-auth"]` is `["M1", "M2", "M3"]`: a bare number is a milestone's. What names none stays as it is."""
    from orchestra.plans.diagnostics import printable
    from orchestra.plans.values import group_id

    parts = (part.strip() for word in words for part in word.split(","))
    named = (f"M{part}" if part.isdecimal() and part.isascii() else part for part in parts if part)
    return [group_id(name) or printable(name) for name in named]
