"""The log of a bug: enough to find it, nothing that a person would not want to send."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from . import __version__

# A data structure that refers to itself, or a file that got into a message, must not fill the disk.
LONGEST = 200_000

_SECRET = re.compile(r"key|token|secret|passw|credential|auth", re.IGNORECASE)


def write(error: BaseException, argv: Sequence[str], directory: Path) -> Path | None:
    """Write the log of `error`, which ended the command `argv` in `directory`.

    Returns the file: below the project's `.orchestra/runs/`, else the user's state directory.
    Where neither can be written, the log goes to stderr and the answer is None.
    """
    text = render(error, argv)
    for place in _places(directory):
        try:
            return _store(place, text)
        except OSError:
            continue
    print(text, file=sys.stderr)
    return None


def render(error: BaseException, argv: Sequence[str]) -> str:
    """The text of the log: versions, the command line and the traceback, without secrets."""
    head = [
        f"orchestra {__version__}",
        f"python {platform.python_version()} ({platform.python_implementation()}) on {platform.platform()}",
        f"at {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"argv {list(argv)!r}",
    ]
    trace = "".join(traceback.format_exception(error))
    if len(trace) > LONGEST:
        trace = f"{trace[: LONGEST // 2]}\n[…]\n{trace[-LONGEST // 2 :]}"
    return _discreet("\n".join([*head, "", trace]))


def _discreet(text: str) -> str:
    """Take out the values of secrets in the environment, and the name of the home directory."""
    for name, value in os.environ.items():
        if _SECRET.search(name) and len(value) >= 8:
            text = text.replace(value, f"[${name}]")
    home = os.environ.get("HOME", "")
    return text.replace(home, "~") if len(home) > 1 else text


def _places(directory: Path) -> Iterator[Path]:
    """Where a log may lie, best first."""
    for parent in (directory, *directory.parents):
        if (parent / ".orchestra").is_dir():
            yield parent / ".orchestra" / "runs"
            break
    yield _state_home() / "orchestra"


def _state_home() -> Path:
    # A relative one is to be ignored (XDG base directory specification).
    named = Path(os.environ.get("XDG_STATE_HOME", ""))
    if named.is_absolute():
        return named
    return Path(os.environ.get("HOME") or tempfile.gettempdir()) / ".local" / "state"


def _store(place: Path, text: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = place / f"crash-{stamp}-{os.getpid()}.log"
    with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
