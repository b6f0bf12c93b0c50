"""One connection to state.db: patience with other writers, transactions, and errors that a user can act on."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

from orchestra.errors import Exit, UserError, bad_input, locked

T = TypeVar("T")
Row = tuple[Any, ...]

# Seconds that a command waits for its turn to write before it gives up.
PATIENCE_S = 10.0

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_CLOSED = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class Database:
    """A connection that waits for its turn and says what went wrong."""

    def __init__(self, path: Path, connection: sqlite3.Connection, patience_s: float = PATIENCE_S) -> None:
        self.path = path
        self.patience_s = patience_s
        self._connection = connection

    @classmethod
    def connect(cls, path: Path, mode: str = "rwc", patience_s: float = PATIENCE_S) -> Database:
        """Open `path` as SQLite's URI `mode` says (`rwc`, `rw`, `ro`, `ro&immutable=1`, `memory`)."""
        uri = f"file:{quote(str(path))}?mode={mode}"
        with explained(path):
            return cls(path, sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None), patience_s)

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows of a query."""
        with explained(self.path):
            return self._patiently(lambda: self._connection.execute(sql, values).fetchall())

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a query, if there is one."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def run(self, sql: str, *values: object) -> int:
        """Execute a statement; returns how many rows it changed."""
        with explained(self.path):
            return self._patiently(lambda: self._connection.execute(sql, values).rowcount)

    def many(self, sql: str, rows: Iterable[Row]) -> None:
        """Execute a statement for each row, inside `writing`."""
        with explained(self.path):
            self._connection.executemany(sql, rows)

    def script(self, sql: str) -> None:
        """Execute statements one by one, inside the transaction that is open (`executescript` would commit it)."""
        for statement in _statements(sql):
            self.run(statement)

    def copy_to(self, path: Path) -> None:
        """Write a whole and consistent copy of the database to a new file."""
        with explained(path):
            self._connection.execute("VACUUM INTO ?", (str(path),))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of it is kept, or none.

        IMMEDIATE, because a transaction that reads first and then finds that it cannot write has to start over.
        """
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Queries that all see the same moment; inside another transaction, that one's."""
        if self._connection.in_transaction:
            yield
            return
        self.run("BEGIN")
        try:
            yield
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        # After a full disk SQLite may have rolled back by itself; the first error is the one to tell.
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _patiently(self, call: Callable[[], T]) -> T:
        """Try until it is our turn.

        SQLite's own handler asks less and less often the longer it waits, so that newcomers overtake. Here whoever
        has waited longer asks more often.
        """
        deadline, pause = time.monotonic() + self.patience_s, 0.005
        while True:
            try:
                return call()
            except sqlite3.OperationalError as error:
                if _code(error) not in _BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(pause * os.urandom(1)[0] / 255)
            pause = max(pause * 0.97, 0.0003)


def _code(error: sqlite3.Error) -> int:
    # Extended codes carry the plain one in their low byte.
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


class explained:
    """A context that raises UserError instead of what the disk, another process or a damaged file makes SQLite raise.

    Not a generator: it is around every statement.
    """

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error) and (told := _told(self._path, error)) is not None:
            raise told from error
        if isinstance(error, UnicodeEncodeError):
            raise bad_input(f"{error.object!r} cannot be stored: it is not valid text.", "Rename it.") from error


def _told(path: Path, error: sqlite3.Error) -> UserError | None:
    code = _code(error)
    if code in _BUSY:
        return locked(
            f"{path} is being written by another process and did not become free.",
            "Try again; if it stays so, look for a stopped orchestra process with `ps`.",
        )
    if code in _DISK:
        return UserError(
            f"{path} cannot be written ({error}). Nothing was changed.",
            hint="Free some space on that disk and run the same command again: it goes on where it stood.",
            code=Exit.INCOMPLETE,
        )
    if code in _CLOSED:
        return UserError(f"{path} cannot be used ({error}).", hint=_closed_hint(path))
    if code in _DAMAGED:
        return damaged(path, str(error))
    return None


def _closed_hint(path: Path) -> str:
    return f"Check that you may write to {path.parent} and that the disk is not mounted read-only."


def damaged(path: Path, why: str) -> UserError:
    """The error for a file that is not a usable state database (exit 65)."""
    return bad_input(
        f"{path} is not a usable Orchestra database ({why}).",
        f"Move it away (keep it, with its -wal file) and put back a copy such as {path.name}.v1.bak, "
        "or start without: commits and plans are in git.",
    )


def _statements(sql: str) -> Iterator[str]:
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
