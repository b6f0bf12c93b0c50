"""How a connection to state.db is opened: for writing, for reading, and when there is nothing yet."""

from __future__ import annotations

import stat
from pathlib import Path

from orchestra.errors import Exit, UserError

from .database import PATIENCE_S, Database, damaged
from .filesystem import refuse_network
from .migrations import is_current, migrate, version_of

# Bytes of SQLite's smallest page, and what stands for the size of what is no file.
_PAGE, _DIRECTORY = 512, -1


def open_for_writing(path: Path, patience_s: float = PATIENCE_S) -> Database:
    """The database at `path`, made or migrated if need be.

    Raises UserError: 65 for a damaged, foreign or newer file or a network file system, 75 when another process
    keeps it, 1 when the disk refuses.
    """
    refuse_network(path)
    _refuse_stump(path)
    return _prepared(Database.connect(path, "rwc", patience_s))


def open_for_reading(path: Path, patience_s: float = PATIENCE_S) -> Database:
    """The database at `path` for queries only. A project that never ran reads as an empty database.

    An older database is migrated first. Works in a directory that cannot be written. Raises UserError as above.
    """
    if not _has_content(path):
        return _empty(path)
    refuse_network(path)
    _refuse_stump(path)
    db = _reader(path, patience_s)
    try:
        current, empty = is_current(db), version_of(db) == 0
    except BaseException:
        db.close()
        raise
    if current:
        return db
    db.close()
    # Version 0 with content is a database whose maker was killed before, or is still busy with, its first transaction.
    if empty:
        return _empty(path)
    open_for_writing(path, patience_s).close()
    return _reader(path, patience_s)


def _prepared(db: Database) -> Database:
    try:
        if db.one("PRAGMA journal_mode") != ("wal",):
            db.run("PRAGMA journal_mode = WAL")
        db.run("PRAGMA synchronous = FULL")
        migrate(db)
    except BaseException:
        db.close()
        raise
    return db


def _reader(path: Path, patience_s: float) -> Database:
    db = Database.connect(path, "ro", patience_s)
    try:
        db.one("SELECT count(*) FROM sqlite_schema")
        return db
    except UserError as error:
        db.close()
        # In a directory that cannot be written SQLite cannot make the log's index. Without a log nothing can be
        # missing from the file, so that it may be read as it is.
        if error.code is not Exit.INCOMPLETE or _has_content(path.with_name(f"{path.name}-wal")):
            raise
    return Database.connect(path, "ro&immutable=1", patience_s)


def _empty(path: Path) -> Database:
    db = Database.connect(path, "memory")
    migrate(db)
    return db


def _refuse_stump(path: Path) -> None:
    size = _size(path)
    if size == _DIRECTORY:
        raise damaged(path, "it is a directory")
    # SQLite takes a file shorter than its smallest page for an empty database, and would write a new one over it.
    if 0 < size < _PAGE:
        raise damaged(path, "it is cut off")


def _has_content(path: Path) -> bool:
    return _size(path) != 0


def _size(path: Path) -> int:
    try:
        seen = path.stat()
    except OSError:
        return 0
    # How large a directory is depends on the file system.
    return _DIRECTORY if stat.S_ISDIR(seen.st_mode) else seen.st_size
