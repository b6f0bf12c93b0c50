"""Sets the marks of check boxes and leaves every other byte as it is."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import UserError, bad_input
from ..markdown import split_lines
from .box import MARKS, Box


def tick(data: bytes, box: Box, mark: str) -> bytes:
    """The file's content with `mark` (one of ` xX-~`) in `box`.

    Raises UserError (bad input) when the box's line is no longer what was read: somebody has edited the file since.
    A mark that was changed is no such edit. Raises ValueError for what is no mark.
    """
    return tick_all(data, [(box, mark)])


def tick_all(data: bytes, wanted: Iterable[tuple[Box, str]]) -> bytes:
    """The same for any number of boxes with a mark for each, in one pass over the file."""
    lines = _lines(data)
    for box, mark in wanted:
        if len(mark) != 1 or mark not in MARKS:
            raise ValueError(f"{mark!r} is not a mark")
        line = lines[box.line - 1] if box.line <= len(lines) else ""
        at = box.column - 1 + (line.startswith("\ufeff") and box.line == 1)
        if len(box.mark) != 1 or not _same(line.rstrip("\r\n"), box, at):
            raise _moved(box)
        lines[box.line - 1] = line[:at] + mark + line[at + 1 :]
    return "".join(lines).encode()


def _lines(data: bytes) -> list[str]:
    try:
        return split_lines(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise bad_input("tasks.md is no longer valid UTF-8", "save it as UTF-8") from error


def _same(line: str, box: Box, at: int) -> bool:
    shown = line[1:] if at != box.column - 1 else line
    here = box.column - 1
    return len(shown) > here and shown[:here] == box.text[:here] and shown[here + 1 :] == box.text[here + 1 :]


def _moved(box: Box) -> UserError:
    what = f"line {box.line} of tasks.md is no longer the box that was read"
    return bad_input(what, "run `orchestra validate` on the spec, then go on")
