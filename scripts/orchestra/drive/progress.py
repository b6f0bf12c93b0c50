"""Shows a run as it goes: one line for each thing that a person would want to know."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from ..core.model import Decision

Row = Mapping[str, Any]


def printable(text: str) -> str:
    """The text without what would drive the terminal: titles, notes and file names come from anyone."""
    return "".join(char if char.isprintable() else " " for char in text)


_COLOURS = {"good": "32", "bad": "31", "warn": "33", "quiet": "2"}


class Progress:
    """A listener of the session that prints to a stream, in colour on a terminal that wants it."""

    def __init__(self, stream: TextIO, *, colour: bool, left_out: frozenset[str] = frozenset()) -> None:
        self._stream = stream
        self._colour = colour
        self._left_out = left_out

    def __call__(self, row: Row) -> None:
        tell = _LINES.get(row["type"]) if row["type"] not in self._left_out else None
        line = tell(row) if tell else None
        if line:
            mood, text = line
            self.say(text, mood)

    def asked_before(self, decisions: Iterable[Decision]) -> None:
        """Say what waits since an earlier start: a run that waits for an answer has nothing else to show."""
        for decision in decisions:
            self.say(_question(decision.id, decision.question, decision.options), "warn")

    def say(self, text: str, mood: str = "quiet") -> None:
        """Print a line with the time of day; `mood` is one of the colours."""
        self._print(f"{self._paint(time.strftime('%H:%M:%S'), 'quiet')} {self._paint(printable(text), mood)}")

    def _print(self, line: str) -> None:
        # A terminal that was closed, a pipe without a reader or a full disk must not end a run that nobody watches.
        with suppress(OSError):
            print(line, file=self._stream, flush=True)

    def _paint(self, text: str, mood: str) -> str:
        code = _COLOURS.get(mood)
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code else text


Line = tuple[str, str] | None
_LINES: dict[str, Callable[[Row], Line]] = {}


def _on(type_: str) -> Callable[[Callable[[Row], Line]], Callable[[Row], Line]]:
    def register(tell: Callable[[Row], Line]) -> Callable[[Row], Line]:
        _LINES[type_] = tell
        return tell

    return register


def _who(row: Row) -> str:
    return str(row["unit"] or row["group"])


@_on("group-opened")
def _opened(row: Row) -> Line:
    return "", f"{row['group']} starts on {row['data'].get('target') or 'this folder'}, epoch {row['epoch']}"


@_on("group-resumed")
def _resumed(row: Row) -> Line:
    return "", f"{row['group']} goes on, epoch {row['epoch']}"


@_on("stage-entered")
def _stage(row: Row) -> Line:
    return "", f"{row['group']} enters {row['data']['stage']}"


@_on("attempt-started")
def _attempt(row: Row) -> Line:
    data = row["data"]
    return (
        "",
        f"  {_who(row)} {data['purpose']}: {data['role']}, attempt {data['number']}, {data['model'] or data['tier']}",
    )


@_on("turn-ended")
def _turn(row: Row) -> Line:
    exit_class = row["data"]["exit_class"]
    return (
        None if exit_class == "ok" else ("warn", f"  {_who(row)} ended: {exit_class} {row['data'].get('reason', '')}")
    )


@_on("scope-checked")
def _scope(row: Row) -> Line:
    data = row["data"]
    return "warn", f"  {_who(row)} out of scope: {', '.join(data['outside'])} set aside in {data['patch']}"


@_on("receipt")
def _receipt(row: Row) -> Line:
    data = row["data"]
    passed = data["exit_code"] == 0
    words = "passed" if passed else f"failed ({data['exit_code']})"
    return "good" if passed else "bad", f"  {_who(row)} {data['name']} {words} in {data['duration_ms'] / 1000:.1f} s"


@_on("sent-back")
def _sent_back(row: Row) -> Line:
    return "warn", f"  {_who(row)} sent back: {row['data']['feedback'].splitlines()[0][:100]}"


@_on("attempt-rebased")
def _rebased(row: Row) -> Line:
    return "", f"  {_who(row)} moved onto {row['data']['base'][:9]}, verified again"


@_on("attempt-failed")
def _attempt_failed(row: Row) -> Line:
    return "bad", f"  {_who(row)} attempt failed: {row['data']['reason'][:120]}"


@_on("unit-accepted")
def _accepted(row: Row) -> Line:
    commit = row["data"].get("commit", "")
    return "good", f"  {_who(row)} done{f', commit {commit[:9]}' if commit else ''}"


@_on("unit-failed")
def _unit_failed(row: Row) -> Line:
    return "bad", f"  {_who(row)} failed: {row['data'].get('reason', '')[:120]}"


@_on("unit-assigned")
def _assigned(row: Row) -> Line:
    data = row["data"]
    mood = "warn" if data["source"] == "fallback" else ""
    return mood, f"  {_who(row)} is {data['owner']}'s ({data['kind']}, {data['criticality']}; {data['source']})"


@_on("advice-given")
def _advice(row: Row) -> Line:
    data = row["data"]
    said = [f"first {data['order'][0]}"] if data["order"] else ["no order"]
    said += ["halt"] if data.get("halt") else []
    said += [f"dropped {one}" for one in data.get("dropped", ())]
    notes = f" ({data['notes'][:120]})" if data.get("notes") else ""
    return "", f"{row['group']} adviser: {', '.join(said)}{notes}"


@_on("unit-reviewed")
def _unit_reviewed(row: Row) -> Line:
    return "", f"  {_who(row)} {row['attempt'].rpartition('.')[2]} found {len(row['data']['findings'])}"


@_on("unit-review-ended")
@_on("review-ended")
def _review(row: Row) -> Line:
    data = row["data"]
    still = [f["id"] for f in data["findings"] if f["status"] == "open"]
    mood = "warn" if data["verdict"] == "changes-requested" else "good"
    named = f" ({', '.join(still)})" if still else ""
    return mood, f"{_who(row)} review {data['round']}: {data['verdict']}{named}"


@_on("design-ended")
def _design(row: Row) -> Line:
    return "good", f"{row['group']} RFC written: {row['data']['path']}"


@_on("backend-parked")
def _parked(row: Row) -> Line:
    until = time.strftime("%H:%M:%S", time.localtime(row["data"]["until"]))
    return "warn", f"{row['data']['backend']} is parked until {until} ({row['data']['reason']})"


@_on("group-rebased")
def _group_rebased(row: Row) -> Line:
    return "", f"{row['group']} put on top of {row['data']['base'][:9]} and verified there"


@_on("group-pushed")
def _pushed(row: Row) -> Line:
    return "good", f"{row['group']} pushed to {row['data']['ref']}"


@_on("push-skipped")
@_on("group-blocked")
def _reason(row: Row) -> Line:
    return "warn", f"{row['group']}: {row['data']['reason']}"


@_on("group-done")
def _done(row: Row) -> Line:
    return "good", f"{row['group']} done"


@_on("group-failed")
def _failed(row: Row) -> Line:
    return "bad", f"{row['group']} failed: {row['data'].get('reason', '')[:160]}"


@_on("note")
def _note(row: Row) -> Line:
    return "", f"{row['group']}: {row['data']['text']}"


@_on("decision-asked")
def _asked(row: Row) -> Line:
    decision = row["data"]["decision"]
    return "warn", _question(decision["id"], decision["question"], decision["options"])


def _question(id_: str, question: str, options: Sequence[str]) -> str:
    return f"{id_} waits for you: {question} [{' / '.join(options)}]"


def for_terminal(*, asked: bool) -> Progress:
    """Progress on stderr; colour only where a person looks and did not refuse it (NO_COLOR).

    `asked` says that questions are put to the person anyway: then they are no line of progress too.
    """
    import os

    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return Progress(sys.stderr, colour=colour, left_out=frozenset({"decision-asked"}) if asked else frozenset())
