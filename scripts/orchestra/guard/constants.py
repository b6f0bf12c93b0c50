"""Names of program text that stand for one string, whatever happens."""

from __future__ import annotations

from .marks import words
from .tokens import STRING, Token

# How far back or on a list of names is followed. One that is longer may name anything.
LONGEST_LIST = 60
ANYTHING = ""
DECLARING = words("const let var local static await")
# What begins a list of names, and what ends it.
LISTS = {
    "def": (")",),
    "function": (")",),
    "lambda": (":",),
    "for": ("in", "of", "\n", ";"),
    "as": (",", ":", "\n", ";"),
    "case": (":", "\n"),
}
OPENING, CLOSING = ("(", "[", "{"), (")", "]", "}")
LINE = Token("\n", "\n")


def constants(code: list[Token], script: bool) -> dict[str, str]:
    """Names that are given one string and nothing else."""
    tokens = [LINE, *code, LINE]
    found: dict[str, str] = {}
    spoiled = rebound(tokens, script)
    for at, one in enumerate(tokens[:-1]):
        name, after = one.text or "", tokens[at + 1]
        if one.kind == "name" and after.kind == "=" and tokens[at + 2].kind != "=":
            value = assigned(tokens[at + 2 : at + 9])
            if value is None or name in found:
                spoiled.add(name)
            else:
                found[name] = value
        elif one.kind == "name" and (after.text in ("in", "of") or after.kind in ("+", "-", ":")):
            spoiled.add(name)
    return {} if ANYTHING in spoiled else {name: value for name, value in found.items() if name not in spoiled}


def rebound(tokens: list[Token], script: bool) -> set[str]:
    """Names that may be given something in a list of names: what is unpacked, parameters, what a loop goes through."""
    found: set[str] = set()
    for at, one in enumerate(tokens[:-1]):
        before, after = tokens[at - 1].kind, tokens[at + 1].kind
        if one.kind == "{" or (one.kind, after) == ("=", ">"):
            found |= parameters(tokens, at - 1)
        elif one.kind == "=" and after != "=" and before not in ("=", "!", "<", ">"):
            found |= targets(tokens, at, script)
        elif one.kind == "name" and one.text in LISTS:
            found |= named_until(tokens, at + 1, LISTS[one.text])
    return found


def names_of(tokens: list[Token]) -> set[str]:
    return {one.text or "" for one in tokens if one.kind == "name"}


def named_until(tokens: list[Token], at: int, ends: tuple[str, ...]) -> set[str]:
    """The names from `at` to one of `ends`, which does not count in brackets unless it ends the head of a loop."""
    depth = 0
    for end, one in enumerate(tokens[at : at + LONGEST_LIST], at):
        sign = one.text if one.kind == "name" else one.kind
        depth += (sign in OPENING) - (sign in CLOSING)
        if sign in ends and (depth <= 0 or sign in ("in", "of", ";")):
            return names_of(tokens[at:end])
    return {ANYTHING}


def parameters(tokens: list[Token], at: int) -> set[str]:
    """The names in the parentheses that close at `at`, or on a line before, if any do and they hold no condition."""
    while at and tokens[at].kind == "\n":
        at -= 1
    depth = 0
    for here in range(at, max(-1, at - LONGEST_LIST), -1):
        depth += (tokens[here].kind == ")") - (tokens[here].kind == "(")
        if depth <= 0:
            return set() if tokens[here - 1].text in ("if", "elseif", "while", "switch") else names_of(tokens[here:at])
    return {ANYTHING}


def targets(tokens: list[Token], at: int, script: bool) -> set[str]:
    """The names that the `=` at `at` gives something to, when it is not just one."""
    depth, ends = 0, ("\n", ";", ":", *([","] if script else []))
    for here in range(at - 1, max(-1, at - LONGEST_LIST), -1):
        one = tokens[here]
        depth += (one.kind in CLOSING) - (one.kind in OPENING)
        if depth < 0 or (not depth and one.kind in ends):
            break
    else:
        return {ANYTHING}
    found = names_of(tokens[here + 1 : at])
    named = one.kind == "(" and tokens[here - 1].kind == "name" and tokens[here - 1].text != "for"
    single = len(found - DECLARING) == 1 and tokens[at - 1].kind == "name"
    return set() if named or single else found


def assigned(tokens: list[Token]) -> str | None:
    """The string behind `name =`, bare or in Path(…), when the statement ends there."""
    if [one.text for one in tokens[:2]] == ["pathlib", "."]:
        tokens = tokens[2:]
    kinds = ["\n" if one.kind == ";" else one.kind for one in tokens]
    if kinds[:2] == [STRING, "\n"]:
        return tokens[0].text
    called = kinds[:5] == ["name", "(", STRING, ")", "\n"] and tokens[0].text == "Path"
    return tokens[2].text if called else None
