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
    again: tuple[int, int] | None = None
    while here < len(text):
        if pattern.startswith(STAR, at):
            again = at, here + 1
            at += 1
        elif width := _one(pattern, at, text[here]):
            at += width
            here += 1
        elif again:
            at, here = again
        else:
            return False
    return not pattern[at:].strip(STAR)


def _one(pattern: str, at: int, char: str) -> int:
    """How much of the pattern at `at` this one character uses up; 0 when it does not match."""
    if not pattern.startswith(OPEN, at):
        return int(pattern.startswith((ONE, char), at))
    end = _closing(pattern, at + 1)
    if not end:
        return int(char in "[")
    return end + 1 - at if _among(pattern[at + 1 : end], char) else 0


def _closing(pattern: str, at: int) -> int:
    """Where the bracket expression that begins at `at` ends; 0 when it does not."""
    at += pattern.startswith(("!", "^"), at)
    at += pattern.startswith("]", at)
    while not pattern.startswith("]", at):
        if not pattern[at:]:
            return 0
        at = _behind_member(pattern, at)
    return at


def _behind_member(pattern: str, at: int) -> int:
    """Behind the member at `at` of a bracket expression. [:alpha:], [=a=] and [.a.] have brackets of their own."""
    for sign in ":=.":
        end = pattern.find(f"{sign}]", at + 2)
        if end > at and pattern.startswith((f"{OPEN}{sign}", f"[{sign}"), at):
            return end + 2
    return at + 1


def _among(inside: str, char: str) -> bool:
    """Whether a character is in a bracket expression. A class like [:alpha:] is taken to hold everything."""
    if OPEN in inside or "[" in inside:
        return True
    negated = inside.startswith(("!", "^"))
    left = inside[1:] if negated else inside
    while left:
        first, left = left[0], left[1:]
        last = first
        if left.startswith("-") and left != "-":
            last, left = left[1], left[2:]
        if first <= char <= last:
            return not negated
    return negated
