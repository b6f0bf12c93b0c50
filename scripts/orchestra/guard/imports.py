"""Which modules program text loads, and by which names it reaches them."""

from __future__ import annotations

from .marks import words
from .tokens import Token, between

# What a call belongs to when it takes its path as an argument.
OPENERS = words(
    """
        os io shutil codecs gzip bz2 lzma zipfile tarfile tokenize fs fsp fsPromises promises File FileUtils
        IO Dir Deno Bun Kernel path np plt pd cv2 numpy webbrowser
        """
)


# What Node's own modules for files and programs are called, and what holds them without being asked for.
POWERS = words("fs fs/promises child_process node:fs node:fs/promises node:child_process global globalThis")


GLOBALS = words("fs child_process global globalThis")


# What gives a module, by its name or as a function.
LOADING = words("require import")
MODULES = OPENERS.union(LOADING)
LINES = frozenset("\n;")
UNPACKED = frozenset(("name", ",", "\n"))


def value_of(equal: Token) -> Token:
    """What stands behind a `=`, and behind its `await`."""
    return equal.after.after if equal.after.name == "await" else equal.after


def renamed(tokens: list[Token]) -> set[str]:
    """Other names that the code gives to modules: `import os as o`, `f = require("fs")`, `x = os`."""
    given = {*OPENERS, "require"}
    behind_as = {one.name for one in tokens if one.before.name == "as"}
    return behind_as.union(one.name for one in tokens if one.after.kind == "=" and one.after.after.name in given) - {""}


def bound(tokens: list[Token], importing_: set[Token]) -> set[str]:
    """Names that stand for a whole module: `x = os`, `fs = require("fs")`, `import os as o`."""
    found = {one.name for one in importing_ if names_module(one, importing_) or brings_power(one, importing_)}
    return found.union(one.name for one in tokens if one.after.kind == "=" and is_module(value_of(one.after)))


def is_module(value: Token) -> bool:
    """Whether a value is a module, given by its name or by what loads it, and nothing is done with it."""
    last = value.after.partner if value.after.kind == "(" else value
    return value.name in MODULES and last.after.kind in ("\n", ";", ",")


def behind_from(one: Token, importing_: set[Token]) -> bool:
    """Whether the import statement that `one` stands in began with `from` before it: what it brings are parts."""
    before = one.before
    while before in importing_ and before.name != "from":
        before = before.before
    return before in importing_


def names_module(one: Token, importing_: set[Token]) -> bool:
    """Whether `one` is a new name, behind `as`, of a module."""
    return one.before.name == "as" and (one.before.before.name in OPENERS or not behind_from(one, importing_))


def brings_power(one: Token, importing_: set[Token]) -> bool:
    """Whether `import one` goes on as `from "fs"`, or with other names of that module."""
    listed = one.after.kind == "," and not behind_from(one, importing_)
    return one.before.name == "import" and (listed or one.after.after.text in POWERS)


def importing(tokens: list[Token]) -> set[Token]:
    """The tokens of import statements."""
    found: set[Token] = set()
    for one in tokens:
        first = one.before.kind in ("\n", ";", ":") and one.name in ("import", "from")
        if one.kind not in LINES and (first or one.before in found):
            found.add(one)
    return found


def unpacking(tokens: list[Token]) -> set[Token]:
    """The names that are taken out of a module: `{a, b} = require("fs")`."""
    found: set[Token] = set()
    for one in tokens:
        if one.kind == "=" and value_of(one).name in LOADING and one.before.kind == "}":
            first = one.before.partner.after
            if all(name.kind in UNPACKED for name in between(first, one.before)):
                found.update(between(first, one.before))
    return found
