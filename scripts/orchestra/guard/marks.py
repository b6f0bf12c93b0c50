"""Characters that stand for what is not known of a word. None of them can occur in a command that is read."""

from __future__ import annotations

UNKNOWN = "\0"
"""Any text, of any length."""
SEGMENT = "\ud801"
"""Text without a slash or a blank that is no dot name: a number, a date, the end of a temporary name."""
STAR = "\ud802"
"""An unquoted `*`."""
ONE = "\ud803"
"""An unquoted `?`."""
OPEN = "\ud804"
"""An unquoted `[`."""
DEVICE = "\ud805"
"""The file that a process substitution stands for."""
BELOW = "\ud806"
"""Any path below the one it is added to, which has no `..` in it."""

WILD = (STAR, ONE, OPEN)
_TO_MARK = {ord("*"): STAR, ord("?"): ONE, ord("["): OPEN}
_FROM_MARK = {ord(STAR): "*", ord(ONE): "?", ord(OPEN): "["}


def words(text: str) -> frozenset[str]:
    """A set of words, written as one text so that a table stays a table."""
    return frozenset(text.split())


def strange(text: str) -> bool:
    """Whether a command has characters that are marks here, or that no command can have: NUL, halves of pairs."""
    if "\0" in text:
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def wild(text: str) -> str:
    """Unquoted text: what matches file names becomes a mark."""
    return text.translate(_TO_MARK) if "*" in text or "?" in text or "[" in text else text


def plain(text: str) -> str:
    """The text with its wildcards as they were written."""
    return text.translate(_FROM_MARK) if is_wild(text) else text


def short(text: str) -> str:
    """A name or path as a reason shows it: whoever wrote the command chose its length."""
    return plain(text)[:60]


def is_wild(text: str) -> bool:
    return STAR in text or ONE in text or OPEN in text


def known(text: str) -> bool:
    """Whether every character is known; wildcards are."""
    return not (UNKNOWN in text or SEGMENT in text or DEVICE in text or BELOW in text)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern with marks matches all of a text. Steps: the product of the lengths at most."""
    at = here = 0
    star, mark = -1, 0
    while here < len(text):
        width = _one(pattern, at, text[here])
        if at < len(pattern) and pattern[at] == STAR:
            star, mark = at, here
            at += 1
        elif width:
            at += width
            here += 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return not pattern[at:].strip(STAR)


def _one(pattern: str, at: int, char: str) -> int:
    """How much of the pattern at `at` this one character uses up; 0 when it does not match."""
    if at >= len(pattern):
        return 0
    if pattern[at] == ONE:
        return 1
    if pattern[at] != OPEN:
        return 1 if pattern[at] == char else 0
    end = _closing(pattern, at + 1)
    if end < 0:
        return 1 if char == "[" else 0
    return end + 1 - at if _among(pattern[at + 1 : end], char) else 0


def _closing(pattern: str, at: int) -> int:
    """Where the bracket expression that begins at `at` ends; -1 when it does not."""
    at += pattern[at : at + 1] in ("!", "^")
    at += pattern[at : at + 1] == "]"
    while at < len(pattern) and pattern[at] != "]":
        kind = pattern[at + 1 : at + 2]
        # [:alpha:], [=a=] and [.a.] have brackets of their own.
        end = pattern.find(kind + "]", at + 2) if pattern[at] in (OPEN, "[") and kind in (":", "=", ".") else -1
        at = at + 1 if end < 0 else end + 2
    return at if at < len(pattern) else -1


def _among(inside: str, char: str) -> bool:
    """Whether a character is in a bracket expression. A class like [:alpha:] is taken to hold everything."""
    if OPEN in inside or "[" in inside:
        return True
    negated = inside[:1] in ("!", "^")
    inside = inside[1:] if negated else inside
    at, found = 0, False
    while at < len(inside):
        last = at + 2 if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside) else at
        found = found or inside[at] <= char <= inside[last]
        at = last + 1
    return found != negated
