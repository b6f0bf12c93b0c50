"""The one exception that users see, and the exit codes every command answers with."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command (DESIGN 7)."""

    DONE = 0
    INCOMPLETE = 1
    NEEDS_PERSON = 2
    USAGE = 64
    BAD_INPUT = 65
    BUG = 70
    LOCKED = 75
    INTERRUPTED = 130


class UserError(Exception):
    """Something the user can act on.

    `message` is one sentence saying what is wrong; `hint` says what to do about it.
    The command line prints both and exits with `code`.
    """

    def __init__(self, message: str, *, hint: str = "", code: Exit = Exit.INCOMPLETE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


def usage(message: str, hint: str = "") -> UserError:
    """An error for a command line that cannot be understood (exit 64)."""
    return UserError(message, hint=hint, code=Exit.USAGE)


def bad_input(message: str, hint: str = "") -> UserError:
    """An error for a file that cannot be used (exit 65)."""
    return UserError(message, hint=hint, code=Exit.BAD_INPUT)


def locked(message: str, hint: str = "") -> UserError:
    """An error for something that another holder owns (exit 75)."""
    return UserError(message, hint=hint, code=Exit.LOCKED)
