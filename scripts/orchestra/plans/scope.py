"""The `## Scope` of a phase: bullets that name the paths it may write."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..core import paths
from .markdown import Section

_BULLET = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.*)\Z")
_CODE = re.compile(r"`([^`]+)`")
_KIND = re.compile(r"\((?:(new|create|add|modify|modified|edit|update|delete|remove)\w*)\b[^)]*\)", re.IGNORECASE)
_LABEL = re.compile(r"(?:new|create|add|modify|edit|update|delete|remove)[a-z]*(?::|\s)\s*", re.IGNORECASE)
_NAMES = frozenset(
    {"makefile", "dockerfile", "license", "readme", "changelog", "procfile", "gemfile", "rakefile", "justfile"}
)
NO_PATH = "names no path"


@dataclass(frozen=True)
class Entry:
    """One path of a scope. `problem` says why it cannot be used; `line` and `column` count from 1."""

    glob: str
    line: int
    column: int
    problem: str = ""


def entries(section: Section | None, hidden: frozenset[int]) -> list[Entry]:
    """The paths that the bullets of a Scope section name. A bullet that names none is an entry with a problem."""
    found: list[Entry] = []
    for offset, line in enumerate(section.lines if section else ()):
        match = _BULLET.match(line)
        number = section.start + 2 + offset if section else 1
        if match and number - 1 not in hidden:
            found += _bullet(match[1], number, match.start(1) + 1)
    return found


def _bullet(text: str, line: int, column: int) -> list[Entry]:
    named = [entry(path, line, column) for path in _paths(text)]
    return named or [Entry(text.strip(), line, column, NO_PATH)]


def _paths(text: str) -> list[str]:
    """Paths in backticks when there are any before the prose; else the first words that look like paths."""
    head = re.split(r"\s+(?:—|–|--?|→|=>|:)\s+|:\s+", _LABEL.sub("", text, count=1), maxsplit=1)[0]
    quoted = _CODE.findall(head)
    if quoted:
        return [path.strip() for path in quoted if path.strip()]
    plain = _KIND.split(head)[0].strip()
    words = [w.strip("*_") if not re.search(r"[*?]", w.strip("*")) else w for w in re.split(r",\s+|\s+and\s+", plain)]
    if all(looks_like_path(w) for w in words):
        return words
    first = plain.split()[0].rstrip(",;:") if plain.split() else ""
    return [first] if looks_like_path(first) and "/" in first else []


def looks_like_path(text: str) -> bool:
    """Whether a word is a path rather than prose: it has a slash, a dot or a wildcard, or is a well-known name."""
    if not text or re.search(r"\s", text) or text.startswith("http"):
        return False
    return bool(re.search(r"/|\*|\w\.\w|^\.\w", text)) or text.casefold() in _NAMES


def entry(path: str, line: int, column: int) -> Entry:
    """The path as a glob of a scope, with what is wrong with it; `line` and `column` say where it stands."""
    glob = path.removeprefix("./")
    if glob.endswith("/"):
        glob += "**"
    return Entry(glob, line, column, _problem(glob))


def _problem(glob: str) -> str:
    bare = glob.removeprefix("!")
    if bare.startswith(("/", "~")):
        return "is absolute; scopes are relative to the repository"
    if ".." in bare.split("/"):
        return "leads out of the repository"
    if bare.split("/")[0] == ".git":
        return "is git's own"
    if "\\" in bare or any(not c.isprintable() for c in bare):
        return "has characters that no scope needs"
    try:
        paths.check(bare)
    except paths.TooComplex as error:
        return f"is refused: {error}"
    return ""
