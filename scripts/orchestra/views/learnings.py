"""What agents learnt, as a patch that proposes it for the nearest AGENTS.md. Nobody but a person applies it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .record import one_line

PAGE = "AGENTS.md"
HEADING = "## Learnings"
MOST = 20
_CHARS = 300


def proposal(root: Path, learned: Iterable[tuple[str, str]], files: Mapping[str, tuple[str, ...]]) -> str:
    """A patch for `git apply`, empty when there is nothing new; bytes that are no UTF-8 are surrogates in it.

    `learned` are (unit, text) pairs in the order in which they were reported, `files` what each unit changed. What is
    said twice, or stands in the page already, is left out, and of the rest no more than `MOST` are kept.
    """
    pages: dict[Path, list[str]] = {}
    seen: set[str] = set()
    for unit, text in learned:
        line = one_line(text, _CHARS).lstrip("-*# ")
        page = _nearest(root, files.get(unit, ()))
        if not line or _key(line) in seen or len(seen) >= MOST or _key(line) in _key(_text(page)):
            continue
        seen.add(_key(line))
        pages.setdefault(page, []).append(line)
    return "".join(_patch(root, page, lines) for page, lines in sorted(pages.items()))


def _key(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _nearest(root: Path, files: tuple[str, ...]) -> Path:
    """The deepest page that is about all of these files; the one at the top, which may be new."""
    place = root / os.path.commonpath([Path(file).parent for file in files]) if files else root
    while place != root and root in place.parents:
        if (place / PAGE).is_file():
            return _real(root, place / PAGE)
        place = place.parent
    return _real(root, root / PAGE)


def _real(root: Path, page: Path) -> Path:
    """What git would patch: a page that is only a link, such as to CLAUDE.md, has no lines."""
    if not (page.is_symlink() and page.is_file()):
        return page
    target, top = page.resolve(), root.resolve()
    return root / target.relative_to(top) if target.is_relative_to(top) else page


def _text(page: Path) -> str:
    try:
        return page.read_bytes().decode("utf-8", "surrogateescape") if page.is_file() and not page.is_symlink() else ""
    except OSError:
        return ""


def _patch(root: Path, page: Path, lines: list[str]) -> str:
    before = _text(page)
    newline = "\r\n" if "\r\n" in before else "\n"
    after = newline.join(_with(before.split(newline), lines))
    name = page.relative_to(root).as_posix()
    old = f"a/{name}" if page.is_file() else "/dev/null"
    made = difflib.unified_diff(_lines(before), _lines(after), old, f"b/{name}")
    return "".join(_ended(line) for line in made)


def _with(text: list[str], lines: list[str]) -> list[str]:
    """The lines of a page with bullets at the end of its section, which is made when it is not there."""
    bullets = [f"- {line}" for line in lines]
    if HEADING not in (line.strip() for line in text):
        while text and not text[-1].strip():
            text = text[:-1]
        return [*text, *([""] if text else []), HEADING, "", *bullets, ""]
    start = next(n for n, line in enumerate(text) if line.strip() == HEADING)
    end = next((n for n in range(start + 1, len(text)) if text[n].startswith("#")), len(text))
    while end > start + 1 and not text[end - 1].strip():
        end -= 1
    return [*text[:end], *bullets, *(text[end:] or [""])]


def _lines(text: str) -> list[str]:
    # Not `splitlines`: only a line feed ends a line for git.
    return [f"{line}\n" for line in text.split("\n")[:-1]] + ([last] if (last := text.split("\n")[-1]) else [])


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def learned(rows: Iterable[tuple[str, str, str]], accepted: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The (unit, text) pairs of attempts that were accepted, from (unit, attempt, text) rows."""
    return ((unit, text) for unit, attempt, text in rows if attempt in accepted and isinstance(text, str))
