"""Does a path belong to a scope, and does everything below it: the globs of `core/paths.py`, for the hook.

The meaning is that of `core.paths.matches`, which a test holds. It is written again because a hook cannot pay for what
`core` imports. A set of positions walks along the path, so the work is bounded by path times glob; a decision
that would cost more than `_MAX_STEPS` raises TooComplex, which denies.
"""

from __future__ import annotations

_SPECIAL = "*?[{\\"
_MAX_LENGTH = 2048
_MAX_ALTERNATIVES = 256
_MAX_STEPS = 600_000

# What Orchestra's own globs take out of every scope (drive/scope.py): a formatter asked to do a whole folder leaves
# these alone by itself, so they do not stand in its way.
KEPT_BY_TOOLS = (".orchestra", ".claude", ".codex", ".git", ".kiro")


class TooComplex(ValueError):
    """A glob and a path that would take too long to compare."""


def normal(path: str) -> str:
    """`path` without `.`, doubled slashes and what `..` takes back; `""` when it leaves the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part and part != ".":
            parts.append(part)
    text = "/".join(parts)
    return text if text.isascii() else _nfc(text)


def _nfc(text: str) -> str:
    # Only for the few paths that need it: the import costs as much as the rest of the decision.
    from unicodedata import normalize

    return normalize("NFC", text)


def matches(path: str, globs: list[str]) -> bool:
    """Whether `path`, relative to the root, is in the set; the last glob that matches decides, none matches nothing."""
    if path.startswith("/"):
        return False
    name, found, spent = normal(path), False, [0]
    for glob in globs if name else ():
        takes_out = glob.startswith("!")
        if found == takes_out and any(one.matches(name) for one in patterns(glob[takes_out:], spent)):
            found = not takes_out
    return found


def rule(path: str, globs: list[str]) -> str:
    """The glob that decides about `path`, or `""` when none matches it."""
    name, last, spent = normal(path), "", [0]
    for glob in globs if name else ():
        takes_out = glob.startswith("!")
        if any(one.matches(name) for one in patterns(glob[takes_out:], spent)):
            last = glob
    return last


def covers(path: str, globs: list[str], *, spared: bool = False) -> bool:
    """Whether everything that is or may come to be below `path` is in the set (`path` itself is not asked about).

    `""` is the root. `spared` leaves out of account the globs that take away what tools do not touch by themselves.
    """
    name, found, spent = normal(path), False, [0]
    for glob in globs if not path.startswith("/") else ():
        if glob.startswith("!"):
            spares = spared and _is_spared(glob)
            if found and not spares and any(one.reaches(name) for one in patterns(glob[1:], spent)):
                found = False
        elif not found:
            found = any(one.covers(name) for one in patterns(glob, spent))
    return found


def reaches(path: str, globs: list[str]) -> bool:
    """Whether `path` or something that may come to be below it is in the set, `!` left out of account."""
    name, spent = normal(path), [0]
    return any(one.reaches(name) for glob in globs if not glob.startswith("!") for one in patterns(glob, spent))


def _is_spared(glob: str) -> bool:
    return glob[1:].split("/")[0] in KEPT_BY_TOOLS


def patterns(glob: str, spent: list[int]) -> list[Pattern]:
    """One pattern for each alternative of a glob without `!`; none when it has more than any plan needs."""
    try:
        return [Pattern(text, spent) for text in _alternatives(glob)]
    except TooComplex:
        return []


def is_plain(glob: str) -> bool:
    """Whether the text has no wildcards."""
    return not any(char in glob for char in _SPECIAL)


def _is_root(glob: str) -> bool:
    return bool(glob) and not glob.strip("./") and ".." not in glob


def _shortest(segments: list[str], below: bool) -> list[str]:
    """The same set with its `**` at the end where that can be said: of `a/**/*`, and of `a/*/` with all below."""
    if below and segments[-1] == "*":
        segments = [*segments[:-1], "**"]
    head = len(segments)
    while head and segments[head - 1] == "*":
        head -= 1
    if head and segments[head - 1] == "**":
        segments = [*segments[: head - 1], *segments[head:-1], "**"]
    return segments


class Pattern:
    """A glob without braces: its segments, and whether it stands for what is below it too.

    `spent` counts the steps of one decision, in all its patterns.
    """

    __slots__ = ("below", "nothing", "segments", "spent")

    def __init__(self, glob: str, spent: list[int]) -> None:
        text = normal(glob)
        self.nothing = not text and not _is_root(glob)
        self.below = bool(text) and (is_plain(glob) or glob.endswith("/"))
        self.segments = _shortest(text.split("/"), self.below) if text else ["**"]
        self.spent = spent

    def matches(self, name: str) -> bool:
        """Whether the normal path `name` is meant."""
        return not self.nothing and len(self.segments) in self._walk(name)

    def covers(self, name: str) -> bool:
        """Whether every path below `name` is meant (`""`: every path)."""
        if self.nothing:
            return False
        last = len(self.segments) - 1
        return any(self.below if n > last else n == last and self.segments[n] == "**" for n in self._walk(name))

    def reaches(self, name: str) -> bool:
        """Whether `name` or some path below it may be meant."""
        return not self.nothing and bool(self._walk(name))

    def _walk(self, name: str) -> set[int]:
        """The places in the pattern that reading all of `name` may lead to; its length is the end."""
        places = self._skip({0})
        for part in name.split("/") if name else ():
            places = self._skip(self._read(places, part))
            if not places:
                break
        return places

    def _skip(self, places: set[int]) -> set[int]:
        """`**` in the middle may stand for nothing."""
        found, last = set(places), len(self.segments) - 1
        for place in places:
            while place < last and self.segments[place] == "**":
                place += 1
                found.add(place)
        return found

    def _read(self, places: set[int], part: str) -> set[int]:
        found, end = set[int](), len(self.segments)
        for place in places:
            if place == end:
                found.update((end,) if self.below else ())
            elif self.segments[place] == "**":
                found.update((place, end) if place == end - 1 else (place,))
            elif self._segment(self.segments[place], part):
                found.add(place + 1)
        return found

    def _segment(self, text: str, part: str) -> bool:
        self.spent[0] += len(text) * len(part)
        if self.spent[0] > _MAX_STEPS:
            raise TooComplex("the glob is too long for this path")
        return segment_matches(text, part)


def segment_matches(text: str, part: str) -> bool:
    """Whether one segment of a path fits one segment of a glob. The latest `*` takes one more as long as need be."""
    n = at = 0
    again: tuple[int, int] | None = None
    while at < len(part):
        if text.startswith("*", n):
            n += 1
            again = n, at
        elif following := _token(text, n, part[at]):
            n, at = following, at + 1
        elif again:
            n, at = again[0], again[1] + 1
            again = n, at
        else:
            return False
    return not text[n:].strip("*")


def _token(text: str, n: int, char: str) -> int:
    """Where the token after the one at `n` starts when that one means `char`, else 0."""
    first, second = text[n : n + 1], text[n + 1 : n + 2]
    if first == "?":
        return n + 1
    if first == "\\" and second:
        return n + 2 if second == char else 0
    if first == "[":
        end = text.find("]", n + (3 if second in ("!", "^") else 2))
        if end > 0:
            return end + 1 if _in_class(text[n + 1 : end], char) else 0
    return n + 1 if first == char else 0


def _in_class(text: str, char: str) -> bool:
    negated = text[:1] in ("!", "^")
    rest = text[1:] if negated else text
    while rest:
        one = rest[:3] if rest[1:2] == "-" and rest[2:] else rest[:1]
        if one[0] <= char <= one[-1]:
            return not negated
        rest = rest[len(one) :]
    return negated


def _alternatives(glob: str) -> list[str]:
    """The texts that `{a,b}` stands for, nesting included."""
    if len(glob) > _MAX_LENGTH:
        raise TooComplex("the glob is too long")
    done, todo = list[str](), [glob]
    while todo:
        text = todo.pop()
        braces = _innermost(text) if "{" in text else None
        if braces:
            start, end = braces
            todo += [text[:start] + choice + text[end + 1 :] for choice in text[start + 1 : end].split(",")]
        else:
            done.append(text)
        if len(done) > _MAX_ALTERNATIVES:
            raise TooComplex("the glob has too many alternatives")
    return done


def _innermost(text: str) -> tuple[int, int] | None:
    """The first pair of braces with a comma and no braces between them."""
    nowhere = len(text)
    start, escaped = nowhere, False
    for n, char in enumerate(text):
        if escaped or char == "\\":
            escaped = not escaped
        elif char == "{":
            start = n
        elif char == "}":
            if "," in text[start:n]:
                return start, n
            start = nowhere
    return None
