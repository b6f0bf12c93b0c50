"""What a window shows of an attempt, as a file that only grows: what its agent says and does, and what became of it.

A turn that is found again after a restart is told from its start, as always; what the file has of it is not written
twice.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..backends.base import AgentEvent, Task
from .progress import printable

LIMIT = 8 << 20
_CALL_CHARS = 300
# What of a tool's arguments says most about the call.
_TELLING = ("command", "cmd", "file_path", "filePath", "path", "pattern", "query", "url", "description", "prompt")
_QUIET, _BAD, _PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[0m"


def heading(task: Task) -> str:
    """The line above a turn. Agents cannot make one: each line of theirs begins with a space."""
    where = f"attempt {task.attempt}, {task.dir.name.replace('-', ' ')}"
    model = f", {printable(task.model)}" if task.model else ""
    return f"── {printable(task.unit or task.ticket)}: {task.role}, {where}{model} ──"


class Speech:
    """Turns the events of a turn into text for people, the same text every time."""

    def __init__(self) -> None:
        self._in_line = False

    def __call__(self, event: AgentEvent) -> str:
        """What to show after all that was shown before; empty for what nobody needs to see."""
        goes_on = event.kind == "text" and bool(event.data.get("delta"))
        text = _said(event.text, first=not self._in_line) if goes_on else _line(event)
        if not text:
            return ""
        end = "\n" if self._in_line and not goes_on else ""
        self._in_line = goes_on
        return end + text


def _line(event: AgentEvent) -> str:
    if event.kind == "text" and event.text.strip():
        return f"{_said(event.text.strip(), first=True)}\n"
    if event.kind == "tool_call":
        return f" {_QUIET}> {called(event)}{_PLAIN}\n"
    if event.kind in ("error", "limit") or event.data.get("failed"):
        # Not for how long: that is another number each time the turn is told.
        what = "failed" if event.kind == "tool_result" else event.kind
        return f" {_BAD}! {what}: {printable(event.text.strip() or event.name)[:_CALL_CHARS]}{_PLAIN}\n"
    return ""


def called(event: AgentEvent) -> str:
    """A call of a tool on one line: the tool, and what of its arguments says most."""
    return f"{printable(event.name)} {_telling(event.text)}"


def _said(text: str, *, first: bool) -> str:
    """An agent's words, a space before each of their lines."""
    start = " " if first else ""
    return start + "\n ".join(printable(line.expandtabs(4)) for line in text.split("\n"))


def _telling(given: str) -> str:
    try:
        data = json.loads(given)
    except (ValueError, RecursionError):
        data = given
    if isinstance(data, dict):
        data = next((data[name] for name in _TELLING if data.get(name)), data)
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return printable(text)[:_CALL_CHARS]


class Screen:
    """The file of one attempt."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = 0

    def begin(self, title: str) -> None:
        """Begin a turn, or go on with the one that the file ends with. Raises OSError, as `add` does."""
        title = f"\n{title}\n"
        try:
            _, found, after = self._path.read_bytes().rpartition(title.encode())
        except FileNotFoundError:
            found = after = b""
        self._known = len(after) if found else 0
        if not found:
            self.add(title)

    def add(self, text: str) -> None:
        """Show `text`, unless it is there from the last time that the turn was told."""
        data = text.encode("utf-8", "replace")
        skipped = min(self._known, len(data))
        self._known -= skipped
        with self._path.open("ab") as file:
            if file.tell() < LIMIT and skipped < len(data):
                file.write(data[skipped:])
