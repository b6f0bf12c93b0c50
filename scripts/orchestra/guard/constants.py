"""Names of program text that stand for one string, whatever happens."""

from __future__ import annotations

from .marks import words
from .tokens import BRACKETS, CLOSING, Token, between

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

# How far back or on a list of names is followed. One that is longer may name anything.
LONGEST_LIST = 60
ANYTHING = frozenset(("",))
DECLARING = words("const let var local static await")
CONDITIONS = words("if elseif while switch")
# What compares with the `=` behind it.
COMPARING = frozenset("=!<>")
# What begins a list of names, and what ends it.
LISTS = {
    "def": (")",),
    "function": (")",),
    "lambda": (":",),
    "for": ("in", "of", "\n", ";"),
    "as": (",", ":", "\n", ";"),
    "case": (":", "\n"),
}
# What ends a list of names in brackets, too.
ALWAYS = frozenset(("in", "of", ";"))
# What stands behind a name that is given something else, or may be.
CHANGING = frozenset(("in", "of", "+", "-", ":"))
ENDS = frozenset("\n;:")


def constants(tokens: list[Token], script: bool) -> dict[str, str]:
    """Names that are given one string and nothing else."""
    found: dict[str, str] = {}
    spoiled = rebound(tokens, script)
    for one in tokens:
        after = one.after
        if not one.name:
            continue
        if after.kind == "=" and after.after.kind != "=":
            value = assigned(after.after)
            if value is None or one.name in found:
                spoiled.add(one.name)
            else:
                found[one.name] = value
        elif (after.name or after.kind) in CHANGING:
            spoiled.add(one.name)
    return {} if ANYTHING.issubset(spoiled) else {name: found[name] for name in found.keys() - spoiled}


def rebound(tokens: list[Token], script: bool) -> set[str]:
    """Names that may be given something in a list of names: what is unpacked, parameters, what a loop goes through."""
    found: set[str] = set()
    for one in tokens:
        if one.kind == "{" or one.kind + one.after.kind == "=>":
            found |= parameters(one.before)
        elif one.kind == "=" and one.after.kind != "=" and one.before.kind not in COMPARING:
            found |= targets(one, script)
        elif one.name in LISTS:
            found |= named_until(one.after, LISTS[one.name])
    return found


def names_of(tokens: Collection[Token]) -> set[str]:
    return {one.name for one in tokens if one.name}


def names_between(first: Token, last: Token) -> set[str] | frozenset[str]:
    """The names from `first` on, up to `last`."""
    listed = [one for one, _ in zip(between(first, last), range(LONGEST_LIST), strict=False)]
    return ANYTHING if len(listed) == LONGEST_LIST else names_of(listed)


def named_until(first: Token, ends: tuple[str, ...]) -> set[str] | frozenset[str]:
    """The names from `first` to one of `ends`, which does not count in brackets unless it ends the head of a loop."""
    depth, one = 0, first
    for _ in range(LONGEST_LIST):
        sign = one.name or one.kind
        depth += (sign in BRACKETS) - (sign in CLOSING)
        if sign in ends and (depth <= 0 or sign in ALWAYS):
            return names_between(first, one)
        one = one.after
    return ANYTHING


def parameters(last: Token) -> set[str] | frozenset[str]:
    """The names in the parentheses that close with `last`, or on a line before, if they hold no condition."""
    while last.kind == "\n":
        last = last.before
    if last.kind != ")" or last.partner.before.name in CONDITIONS:
        return set()
    return names_between(last.partner, last)


def targets(equal: Token, script: bool) -> set[str] | frozenset[str]:
    """The names that the sign `equal` gives something to, when it is not just one."""
    ends = ENDS.union(",") if script else ENDS
    first = equal
    for _ in range(LONGEST_LIST):
        before = first.before
        if before.kind in BRACKETS or before.kind in ends:
            found = names_between(first, equal)
            named = before.kind == "(" and before.before.name not in ("", "for")
            single = equal.before.name and found - DECLARING == {equal.before.name}
            return set() if named or single else found
        first = before.partner
    return ANYTHING


def assigned(value: Token) -> str | None:
    """The string behind `name =`, bare or in Path(…), when the statement ends there."""
    if value.name == "pathlib":
        value = value.after.after
    last = value
    if value.name == "Path":
        value, last = value.after.after, value.after.partner
        if value.after is not last:
            return None
    return value.string if last.after.kind in ("\n", ";") else None
