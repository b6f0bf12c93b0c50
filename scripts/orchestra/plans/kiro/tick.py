"""Sets the mark of one check box and leaves every other byte as it is."""

from __future__ import annotations

from ...errors import UserError, bad_input
from ..markdown import split_lines
from .box import MARKS, Box


def tick(data: bytes, box: Box, mark: str) -> bytes:
    """The file's content with `mark` (one of ` xX-~`) in `box`.

    Raises UserError (bad input) when the box's line is no longer what was read: somebody has edited the file since.
    A mark that was changed is no such edit. Raises ValueError for what is no mark.
    """
    if len(mark) != 1 or mark not in MARKS:
        raise ValueError(f"{mark!r} is not a mark")
    start, line = _line(data, box.line)
    at = box.column - 1 + (line.startswith("\ufeff") and box.line == 1)
    if len(box.mark) != 1 or not _same(line, box, at):
        raise _moved(box)
    byte = start + len(line[:at].encode())
    return data[:byte] + mark.encode() + data[byte + len(line[at].encode()) :]


def _line(data: bytes, number: int) -> tuple[int, str]:
    """Where a line starts, in bytes, and its text without ending; empty past the end."""
    try:
        lines = split_lines(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise bad_input("tasks.md is no longer valid UTF-8", "save it as UTF-8") from error
    if number > len(lines):
        return 0, ""
    return len("".join(lines[: number - 1]).encode()), lines[number - 1].rstrip("\r\n")


def _same(line: str, box: Box, at: int) -> bool:
    shown = line[1:] if at != box.column - 1 else line
    here = box.column - 1
    return len(shown) > here and shown[:here] == box.text[:here] and shown[here + 1 :] == box.text[here + 1 :]


def _moved(box: Box) -> UserError:
    what = f"line {box.line} of tasks.md is no longer the box that was read"
    return bad_input(what, "run `orchestra validate` on the spec, then go on")
