"""Which modules program text loads, and by which names it reaches them."""

from __future__ import annotations

from .marks import words
from .tokens import STRING, Token

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


def renamed(tokens: list[Token]) -> set[str]:
    """Other names that the code gives to modules: `import os as o`, `f = require("fs")`, `x = os`."""
    found: set[str] = set()
    for at, one in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        following = tokens[at + 1 : at + 3]
        if one.kind == "name" and before == "as":
            found.add(one.text or "")
            continue
        if len(following) == 2 and following[0].kind == "=" and following[1].text in (*OPENERS, "require"):
            found.add(one.text or "")
    return found


def bound(tokens: list[Token], importing_: set[int]) -> set[str]:
    """Names that stand for a whole module: `x = os`, `fs = require("fs")`, `import os as o`."""
    found: set[str] = set()
    for at, one in enumerate(tokens):
        behind = [later for later in tokens[at + 1 : at + 8] if later.text != "await"]
        ends = {1: behind[2:3], 2: behind[5:6]}
        kinds = [later.kind for later in behind]
        if at in importing_ and tokens[at - 1].text == "as" and names_module(tokens, importing_, at):
            found.add(one.text or "")
        for wanted, last in ((["=", "name"], ends[1]), (["=", "name", "(", STRING, ")"], ends[2])):
            whole = kinds[: len(wanted)] == wanted and (not last or last[0].kind in ("\n", ";", ","))
            if whole and behind[1].text in (*OPENERS, "require", "import"):
                found.add(one.text or "")
        if at in importing_ and tokens[at - 1].text == "import" and behind and brings_power(behind):
            found.add(one.text or "")
    return found


def behind_from(tokens: list[Token], importing_: set[int], at: int) -> bool:
    """Whether the import statement at `at` is one that began with `from`: what it brings are parts of modules."""
    before = at - 1
    while before in importing_ and tokens[before].text != "from":
        before -= 1
    return before in importing_


def names_module(tokens: list[Token], importing_: set[int], at: int) -> bool:
    """Whether the new name at `at`, behind `as`, is one of a module."""
    return tokens[at - 2].text in OPENERS or not behind_from(tokens, importing_, at)


def brings_power(behind: list[Token]) -> bool:
    """Whether `import name` goes on as `from "fs"`, or with other names of that module."""
    return behind[0].kind == "," or (behind[0].text == "from" and any(one.text in POWERS for one in behind[1:2]))


def importing(tokens: list[Token]) -> set[int]:
    """Where the tokens of import statements stand."""
    found: set[int] = set()
    inside = False
    for at, one in enumerate(tokens):
        first = not at or tokens[at - 1].kind in ("\n", ";", ":")
        inside = one.kind not in ("\n", ";") and (inside or (first and one.text in ("import", "from")))
        found.update([at] if inside else [])
    return found


def unpacking(tokens: list[Token]) -> set[int]:
    """Where the names stand that are taken out of a module: `{a, b} = require("fs")`."""
    found: set[int] = set()
    for at, one in enumerate(tokens):
        following = [later.text for later in tokens[at + 1 : at + 3] if later.text != "await"]
        if one.kind == "=" and following[:1] in (["require"], ["import"]) and tokens[at - 1].kind == "}":
            start = at - 1
            while start > 0 and tokens[start].kind in ("}", "name", ",", "\n"):
                start -= 1
            found.update(range(start, at) if tokens[start].kind == "{" else [])
    return found
