"""Sets of paths, written as globs: does a path belong, and can two sets meet.

Grammar: `*` and `?` stay inside one segment, `**` as a whole segment crosses them, `[a-z]` and `[!a-z]` are
classes, `{a,b}` are alternatives, `!glob` takes paths out again (the last glob that matches decides). A
glob without wildcards, or one that ends in `/`, stands for the path and everything below it.

Each glob becomes an automaton without empty moves, so that matching is linear in the path and two sets are
compared exactly, not by string equality.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]

_TOP = 0x10FFFF
_SLASH: Ranges = ((47, 47),)
_SEGMENT: Ranges = ((0, 46), (48, _TOP))
_SPECIAL = frozenset("*?[{\\")
_MAX_LENGTH = 2048
_MAX_ALTERNATIVES = 256
_MAX_PRODUCT = 20_000


class TooComplex(ValueError):
    """A glob with more alternatives or characters than any plan needs."""


@dataclass(frozen=True)
class Automaton:
    """`moves[state]` are (characters, next state); state 0 starts, `accept` ends."""

    moves: tuple[tuple[tuple[Ranges, int], ...], ...]
    accept: frozenset[int]


def normal(path: str) -> str:
    """A path or glob relative to the root, without `./`, doubled or leading slashes; `""` when it leaves the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            return ""
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    text = "/".join(parts)
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def check(glob: str) -> None:
    """Raises TooComplex for a glob that is refused; any other text is a glob."""
    _alternatives(glob.lstrip("!"))


def matches(path: str, globs: Iterable[str]) -> bool:
    """Whether `path` (relative to the root, `/` between segments) is in the set. No globs: no path is.

    A path that is absolute or leaves the root is never in it. A glob that is too complex matches nothing.
    """
    if path.startswith("/"):
        return False
    name, found = normal(path), False
    for glob in globs if name else ():
        takes_out, pattern = _split(glob)
        if found == takes_out and _matches_one(name, pattern):
            found = not takes_out
    return found


def overlap(globs_a: Iterable[str], globs_b: Iterable[str]) -> bool:
    """Whether some path is in both sets. An empty side is everything: a unit that names no scope may write anywhere.

    Exact, but for sets too large to compare, which count as overlapping.
    """
    left, right = tuple(globs_a), tuple(globs_b)
    if not left or not right:
        return True
    if any(g.startswith("!") for g in left + right):
        return _overlap_with_negation(left, right)
    return any(_pair_overlaps(a, b) for a in left for b in right)


def _split(glob: str) -> tuple[bool, str]:
    return (True, glob[1:]) if glob.startswith("!") else (False, glob)


def _is_plain(glob: str) -> bool:
    return _SPECIAL.isdisjoint(glob)


@lru_cache(maxsize=16_384)
def _plain(glob: str) -> str | None:
    """The path that a glob without wildcards names, or None."""
    return normal(glob) if _is_plain(glob) else None


def _matches_one(name: str, glob: str) -> bool:
    plain = _plain(glob)
    if plain is not None:
        return _is_root(glob) or (bool(plain) and (name == plain or name.startswith(plain + "/")))
    try:
        return any(_accepts(automaton, name) for automaton in automata(glob))
    except TooComplex:
        return False


def _is_root(glob: str) -> bool:
    return bool(glob) and not glob.strip("./") and ".." not in glob


def _accepts(automaton: Automaton, name: str) -> bool:
    states = {0}
    for char in name:
        code = ord(char)
        states = {to for s in states for label, to in automaton.moves[s] if any(lo <= code <= hi for lo, hi in label)}
        if not states:
            return False
    return not states.isdisjoint(automaton.accept)


@lru_cache(maxsize=65_536)
def _pair_overlaps(a: str, b: str) -> bool:
    head_a, head_b = literal_head(a), literal_head(b)
    if not (head_a.startswith(head_b) or head_b.startswith(head_a)):
        return False
    try:
        return any(_meet(x, y) for x in automata(a) for y in automata(b))
    except TooComplex:
        return True


@lru_cache(maxsize=16_384)
def literal_head(glob: str) -> str:
    """What every path of the set starts with; `src` for the set `src` and `src/...`."""
    if _is_root(glob):
        return ""
    text = normal(glob)
    return text[: next((n for n, char in enumerate(text) if char in _SPECIAL), len(text))]


def _meet(x: Automaton, y: Automaton) -> bool:
    """Whether both accept a common text: a walk over pairs of states."""
    seen, queue = {(0, 0)}, [(0, 0)]
    while queue:
        a, b = queue.pop()
        if a in x.accept and b in y.accept:
            return True
        for pair in _common_moves(x, a, y, b) - seen:
            seen.add(pair)
            queue.append(pair)
        if len(seen) > _MAX_PRODUCT:
            return True
    return False


def _common_moves(x: Automaton, a: int, y: Automaton, b: int) -> set[tuple[int, int]]:
    return {(to_a, to_b) for on_a, to_a in x.moves[a] for on_b, to_b in y.moves[b] if _intersect(on_a, on_b)}


def _intersect(a: Ranges, b: Ranges) -> bool:
    return any(lo_a <= hi_b and lo_b <= hi_a for lo_a, hi_a in a for lo_b, hi_b in b)


def _overlap_with_negation(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """The same walk over sets of states, one for each glob, so that `!` can be decided."""
    try:
        sides = (
            [[(_split(g)[0], x) for x in automata(_split(g)[1])] for g in left],
            [[(_split(g)[0], x) for x in automata(_split(g)[1])] for g in right],
        )
    except TooComplex:
        return True
    flat = [[entry for group in side for entry in group] for side in sides]
    return _walk_sets(flat[0], flat[1])


Signed = list[tuple[bool, Automaton]]
Sets = tuple[frozenset[int], ...]


def _walk_sets(left: Signed, right: Signed) -> bool:
    both = left + right
    samples = _samples(automaton for _, automaton in both)
    start: Sets = tuple(frozenset({0}) for _ in both)
    seen, queue = {start}, [start]
    while queue:
        state = queue.pop()
        if _decides(left, state[: len(left)]) and _decides(right, state[len(left) :]):
            return True
        for following in {_advance(both, state, code) for code in samples} - seen:
            seen.add(following)
            queue.append(following)
        if len(seen) > _MAX_PRODUCT // 10:
            return True
    return False


def _decides(side: Signed, state: Sets) -> bool:
    found = False
    for (takes_out, automaton), states in zip(side, state, strict=True):
        if not states.isdisjoint(automaton.accept):
            found = not takes_out
    return found


def _advance(both: Signed, state: Sets, code: int) -> Sets:
    return tuple(
        frozenset(to for s in states for label, to in automaton.moves[s] if any(lo <= code <= hi for lo, hi in label))
        for (_, automaton), states in zip(both, state, strict=True)
    )


def _samples(automatons: Iterable[Automaton]) -> list[int]:
    """One character for each class of characters that no automaton tells apart."""
    cuts = {0, 47, 48}
    for automaton in automatons:
        for moves in automaton.moves:
            for label, _ in moves:
                cuts.update(cut for lo, hi in label for cut in (lo, hi + 1))
    return sorted(cut for cut in cuts if cut <= _TOP)


@lru_cache(maxsize=16_384)
def automata(glob: str) -> tuple[Automaton, ...]:
    """The automata of a glob without `!`, one for each alternative. Raises TooComplex."""
    return tuple(_build(text) for text in _alternatives(glob))


def _alternatives(glob: str) -> list[str]:
    """The texts that `{a,b}` stands for, nesting included."""
    done, todo = list[str](), [glob]
    while todo:
        text = todo.pop()
        group = _innermost(text)
        if group is None:
            done.append(text)
        else:
            start, end = group
            todo += [text[:start] + choice + text[end + 1 :] for choice in text[start + 1 : end].split(",")]
        if len(done) + len(todo) > _MAX_ALTERNATIVES or len(text) > _MAX_LENGTH:
            raise TooComplex(f"the pattern has more than {_MAX_ALTERNATIVES} alternatives or is too long")
    return done


def _innermost(text: str) -> tuple[int, int] | None:
    """The first pair of braces with a comma and no braces between them, or None."""
    start = -1
    for n, char in _unescaped(text):
        if char == "{":
            start = n
        elif char == "}" and start >= 0 and "," in text[start:n]:
            return start, n
        elif char == "}":
            start = -1
    return None


def _unescaped(text: str) -> Iterable[tuple[int, str]]:
    skip = False
    for n, char in enumerate(text):
        if skip or char == "\\":
            skip = not skip
        else:
            yield n, char


def _build(glob: str) -> Automaton:
    below = _is_plain(glob) or glob.endswith("/")
    segments = normal(glob).split("/")
    builder = _Builder()
    if segments == [""]:
        return builder.anything() if _is_root(glob) else Automaton(((),), frozenset())
    for n, segment in enumerate(segments):
        builder.segment(segment, last=n == len(segments) - 1)
    if below:
        builder.below()
    return builder.built()


class _Builder:
    """Grows an automaton to the right. `at` is the state that everything read so far leads to."""

    def __init__(self) -> None:
        self.moves: list[list[tuple[Ranges, int]]] = [[]]
        self.at = 0
        self.also: set[int] = set()

    def built(self) -> Automaton:
        return Automaton(tuple(tuple(moves) for moves in self.moves), frozenset({self.at} | self.also))

    def anything(self) -> Automaton:
        self.tree(last=True)
        return self.built()

    def segment(self, text: str, *, last: bool) -> None:
        if text == "**":
            self.tree(last=last)
            return
        if set(text) == {"*"}:
            self.read(_SEGMENT)
            self.loop(_SEGMENT)
        else:
            self.inside(text)
        if not last:
            self.read(_SLASH)

    def tree(self, *, last: bool) -> None:
        """Any number of whole segments: none or more in the middle, one or more at the end."""
        start = self.at
        inner = self.read(_SEGMENT)
        self.loop(_SEGMENT)
        self.moves[inner].append((_SLASH, start))
        self.at = inner if last else start

    def below(self) -> None:
        self.also.add(self.at)
        self.read(_SLASH)
        self.tree(last=True)

    def inside(self, text: str) -> None:
        n = 0
        while n < len(text):
            if text[n] == "*":
                self.loop(_SEGMENT)
                n += 1
            else:
                label, n = _label(text, n)
                self.read(label)

    def read(self, label: Ranges) -> int:
        self.moves.append([])
        self.moves[self.at].append((label, len(self.moves) - 1))
        self.at = len(self.moves) - 1
        return self.at

    def loop(self, label: Ranges) -> None:
        move = (label, self.at)
        if move not in self.moves[self.at]:
            self.moves[self.at].append(move)


def _label(text: str, n: int) -> tuple[Ranges, int]:
    """The characters that the token at `n` stands for, and where the next token starts."""
    char = text[n]
    if char == "?":
        return _SEGMENT, n + 1
    if char == "\\" and n + 1 < len(text):
        return ((ord(text[n + 1]),) * 2,), n + 2
    end = text.find("]", n + 3 if text[n + 1 : n + 2] in ("!", "^") else n + 2) if char == "[" else -1
    if end > 0:
        return _class(text[n + 1 : end]), end + 1
    return ((ord(char),) * 2,), n + 1


def _class(text: str) -> Ranges:
    negated = text[:1] in ("!", "^")
    chars, ranges, n = text[1:] if negated else text, list[tuple[int, int]](), 0
    while n < len(chars):
        step = 3 if chars[n + 1 : n + 2] == "-" and n + 2 < len(chars) else 1
        ranges.append((ord(chars[n]), ord(chars[n + step - 1])))
        n += step
    return _complement([*ranges, (47, 47)]) if negated else _without_slash(ranges)


def _complement(ranges: list[tuple[int, int]]) -> Ranges:
    result, next_free = list[tuple[int, int]](), 0
    for lo, hi in sorted(ranges):
        if lo > next_free:
            result.append((next_free, lo - 1))
        next_free = max(next_free, hi + 1)
    return (*result, (next_free, _TOP)) if next_free <= _TOP else tuple(result)


def _without_slash(ranges: list[tuple[int, int]]) -> Ranges:
    cut = [piece for lo, hi in ranges for piece in ((lo, min(hi, 46)), (max(lo, 48), hi))]
    return tuple((lo, hi) for lo, hi in cut if lo <= hi)
