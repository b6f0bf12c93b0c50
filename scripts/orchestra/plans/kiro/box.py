"""One check box line of a tasks.md, and the id that a task's text or heading starts with."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..diagnostics import printable
from .lines import Line

MARKS = " xX-~"

# A space, or what a keyboard makes instead of one: Option-Space, and the wide one of Chinese and Japanese.
_GAP = "[ \\t\\u00a0\\u3000]"
# Possessive quantifiers: these meet lines of any length, and must not look at them twice.
# "Task" in the languages that specs are written in; only ever looked for right before a number.
_TASK = "tasks?|任务|任務|タスク|작업|tareas?|t[âa]ches?|aufgaben?|tarefas?|задач[аиу]|compit[oi]"
_BOX = re.compile(
    r"(?:(?P<bullet>[-*+])|(?P<number>\d{1,6})[.)])[ \t]*+(?P<before>\*?)[ \t]*+"
    rf"\[(?P<mark>[^\[\]]{{0,3}})\](?P<after>\*?)(?!\(){_GAP}*+(?P<rest>.*)\Z"
)
_NUMBERED = re.compile(
    rf"(?P<em>\*\*|__|\*|`)?[ \t]*+(?:(?P<task>{_TASK})[ \t]*+[#-]?[ \t]*+)?(?P<id>\d{{1,6}}(?:\.\d{{1,6}}){{0,15}})"
    rf"(?P<star>\\?\*(?!\*))?(?P<tail>[.:：)）、．。](?!\d)|(?(em)(?P=em)|(?!))|(?={_GAP})|\Z)"
    rf"(?P<late>\\?\*(?={_GAP}))?",
    re.IGNORECASE,
)
# Ids with letters (T012, CORE-2): only where nothing else can be meant.
_LETTERED = re.compile(
    r"(?:(?P<em>\*\*|__)[ \t]*+(?P<id>[A-Z][A-Z0-9]{0,30}-\d{1,6})(?P<tail>[:：.]|(?=\*\*|__))"
    r"|(?P<bold>\*\*|__)?(?P<id2>T-?\d{1,6})(?:[.:：)]|(?=[ \t*_]|\Z)))"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)")
_WORD = r"[*_]{0,3}[\[(（](?:optional|可选|可選)[\])）][*_]{0,3}"
_OPTIONAL = re.compile(rf"\A{_WORD}|{_WORD}\Z", re.IGNORECASE)
_SEPARATOR = re.compile(rf"\A{_GAP}*+(?:[.:：)）、．。]|[-–—](?={_GAP}))?{_GAP}*+")


@dataclass(frozen=True, slots=True)
class Box:
    """A check box. `line` and `column` (of its mark, from 1) say where; `text` is its whole line without ending.

    `mark` is one character unless the box is malformed (`[]`, `[ x]`); `id` is empty when it has no number; `bare`
    says that nothing marks the number as one (`1 Foo`); `step` that only the bullet carries it (`1. [ ] Foo`).
    """

    line: int
    column: int
    indent: int
    text: str
    mark: str
    id: str
    title: str
    optional: bool
    bare: bool = False
    step: bool = False

    @property
    def done(self) -> bool:
        return self.mark.strip() in ("x", "X")


@dataclass(frozen=True, slots=True)
class Label:
    """An id at the start of a text, and the text without it. `explicit`: a word like "Task", or T, stands before it."""

    id: str
    title: str
    optional: bool
    bare: bool
    explicit: bool


def read_box(line: Line) -> Box | None:
    """The check box that `line` is, or None. A mark that nobody knows makes a box only where a number follows."""
    start = len(line.text) - len(line.text.lstrip(" \t"))
    match = _BOX.match(line.text, start)
    if not match:
        return None
    found = label(match["rest"])
    if found is None and (len(match["mark"]) != 1 or match["mark"] not in MARKS):
        return None
    optional = bool(match["before"] or match["after"])
    place = (line.number, match.start("mark") + 1, line.indent, line.text, match["mark"])
    if found:
        return Box(*place, found.id, found.title, optional or found.optional, found.bare)
    title, more = _title(match["rest"])
    return Box(*place, match["number"] or "", title, optional or more, step=bool(match["number"]))


def label(text: str) -> Label | None:
    """The id at the start of `text`, or None: `1.`, `1.2`, `**3**`, `Task 4:`, `T001`, `**CORE-2: …`.

    Amounts (`40%`, `10,000`), names (`118-01-x`) and versions are none.
    """
    if match := _NUMBERED.match(text):
        rest, starred = text[match.end() :], _starred(match)
        emphasis = "" if starred and match["em"] == "*" else match["em"] or ""
        title, optional = _title(_without(rest, emphasis, match["tail"]))
        bare = not match["tail"] and not match["task"] and not match["star"] and "." not in match["id"]
        return Label(match["id"], title, optional or starred, bare, bool(match["task"]))
    if match := _LETTERED.match(text):
        title, optional = _title(_without(text[match.end() :], match["em"] or match["bold"] or "", ""))
        return Label(match["id"] or match["id2"], title, optional, False, bool(match["id2"]))
    return None


def _starred(match: re.Match[str]) -> bool:
    """Whether a star beside the number says "optional": of a pair around it, or around the title, none does."""
    behind = bool(match["star"] or match["late"])
    if match["em"] != "*":
        return behind
    opens = not match.string[match.end("em")].isspace()
    return not (opens and (behind or match["tail"] == "*" or "*" in match.string[match.end() :]))


def _without(rest: str, emphasis: str, tail: str) -> str:
    """The text without the end of an emphasis that began before the id."""
    if not emphasis or tail.endswith(emphasis):
        return rest
    return rest.replace(emphasis, "", 1)


def _title(text: str) -> tuple[str, bool]:
    bare = _COMMENT.sub("", _SEPARATOR.sub("", text, count=1)).strip()
    shown = _OPTIONAL.sub("", bare)
    return printable(shown.strip()), shown != bare
