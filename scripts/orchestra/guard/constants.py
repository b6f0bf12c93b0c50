"""Names of program text that stand for one string, whatever happens."""

from __future__ import annotations

from .marks import words
from .tokens import STRING, Token


def constants(tokens: list[Token], script: bool) -> dict[str, str]:
    """Names that are given one string and nothing else."""
    found: dict[str, str] = {}
    spoiled = rebound(tokens, script)
    for at, one in enumerate(tokens):
        behind = tokens[at + 1 : at + 10]
        if one.kind != "name" or not behind:
            continue
        name, after = one.text or "", behind[0]
        if after.kind == "=" and [later.kind for later in behind[1:2]] != ["="]:
            value = assigned(behind[1:])
            if value is None or name in found:
                spoiled.add(name)
            else:
                found[name] = value
        elif (
            after.text in ("in", "of")
            or after.kind in ("+", "-", ":")
            or (at and tokens[at - 1].text in ("as", "for", "def", "function"))
        ):
            spoiled.add(name)
    return {} if ANYTHING in spoiled else {name: value for name, value in found.items() if name not in spoiled}


# How far back or on a list of names is followed. One that is longer may name anything.
LONGEST_LIST = 60


ANYTHING = ""


DECLARING = words("const let var local static await")


def rebound(tokens: list[Token], script: bool) -> set[str]:
    """Names that may be given something in a list of names: what is unpacked, parameters, what a loop goes through."""
    found: set[str] = set()
    for at, one in enumerate(tokens):
        before, after = tokens[at - 1].kind if at else "", [later.kind for later in tokens[at + 1 : at + 2]]
        if one.kind == "{" or (one.kind == "=" and after == [">"]):
            found |= parameters(tokens, at - 1)
        elif one.kind == "=" and after != ["="] and before not in ("=", "!", "<", ">"):
            found |= targets(tokens, at, script)
        elif one.text in LISTS:
            found |= named_until(tokens, at + 1, LISTS[one.text])
    return found


# What begins a list of names, and what ends it.
LISTS = {
    "def": (")", "\n", ";"),
    "function": (")", "\n"),
    "lambda": (":",),
    "for": ("in", "of", "\n", ";"),
    "|": ("|", "\n"),
}


def named_until(tokens: list[Token], at: int, ends: tuple[str, ...]) -> set[str]:
    """The names from `at` to one of `ends`."""
    found: set[str] = set()
    for one in tokens[at : at + LONGEST_LIST]:
        if one.text in ends:
            return found
        found.update([one.text or ""] if one.kind == "name" else [])
    return found | ({ANYTHING} if at + LONGEST_LIST < len(tokens) else set())


def parameters(tokens: list[Token], at: int) -> set[str]:
    """The names in the parentheses that close at `at`, if any do and they hold no condition."""
    found, depth = set[str](), 0
    for here in range(at, max(-1, at - LONGEST_LIST), -1):
        one = tokens[here]
        depth += (one.kind == ")") - (one.kind == "(")
        if depth <= 0:
            return set() if here and tokens[here - 1].text in ("if", "elseif", "while", "switch") else found
        found.update([one.text or ""] if one.kind == "name" else [])
    return found | ({ANYTHING} if at >= 0 else set())


def targets(tokens: list[Token], at: int, script: bool) -> set[str]:
    """The names that the `=` at `at` gives something to, when it is not just one."""
    found, depth, here, ends = set[str](), 0, at - 1, ("\n", ";", ":", *([","] if script else []))
    while here >= 0 and at - here < LONGEST_LIST:
        one = tokens[here]
        depth += (one.kind in (")", "]", "}")) - (one.kind in ("(", "[", "{"))
        if depth < 0 or (not depth and one.kind in ends):
            break
        found.update([one.text or ""] if one.kind == "name" else [])
        here -= 1
    else:
        found.update([ANYTHING] if here >= 0 else [])
    named = here > 0 and tokens[here].kind == "(" and tokens[here - 1].kind == "name" and tokens[here - 1].text != "for"
    single = len(found - DECLARING) == 1 and tokens[at - 1].kind == "name"
    return set() if named or single else found


def assigned(tokens: list[Token]) -> str | None:
    """The string behind `name =`, bare or in Path(…), when the statement ends there."""
    ends = ("\n", ";")
    if tokens and tokens[0].kind == STRING and (len(tokens) == 1 or tokens[1].kind in ends):
        return tokens[0].text
    if [one.text for one in tokens[:2]] == ["pathlib", "."]:
        tokens = tokens[2:]
    called = [one.kind for one in tokens[:4]] == ["name", "(", STRING, ")"] and tokens[0].text == "Path"
    return tokens[2].text if called and all(one.kind in ends for one in tokens[4:5]) else None
