"""Brings a database to the version that this program writes: makes a new one, or moves an older one up."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from orchestra.errors import bad_input

from .database import Database, damaged
from .schema import APPLICATION_ID, TABLES

Step = Callable[[Database], None]


def _first(db: Database) -> None:
    db.script(TABLES)


# Step n takes a database from version n to n + 1. A step that was released is never changed.
STEPS: tuple[Step, ...] = (_first,)


_MARKS = ("user_version", "application_id", "schema_version")


def version_of(db: Database) -> int:
    """The database's version; 0 for an empty file. UserError 65 when it is another program's."""
    with db.reading():
        version, application, changes = (_pragma(db, name) for name in _MARKS)
    if (version or changes) and application != APPLICATION_ID:
        raise damaged(db.path, "another program made it")
    return version


def is_current(db: Database, steps: Sequence[Step] | None = None) -> bool:
    """Whether nothing has to be done. UserError 65 when a newer Orchestra made the database."""
    newest = len(STEPS if steps is None else steps)
    return _known_version(db, newest) == newest


def _known_version(db: Database, newest: int) -> int:
    version = version_of(db)
    if version > newest:
        raise bad_input(
            f"{db.path} was made by a newer Orchestra (version {version}; this one knows {newest}).",
            "Update this installation of Orchestra.",
        )
    return version


def migrate(db: Database, steps: Sequence[Step] | None = None) -> None:
    """Bring the database to the newest version, in one transaction, after keeping a copy of what was there.

    Two processes may do this at once: the one that comes second finds nothing left to do.
    """
    steps = STEPS if steps is None else steps
    version = _known_version(db, len(steps))
    if version == len(steps):
        return
    if version:
        keep_copy(db, version)
    with db.writing():
        if is_current(db, steps):
            return
        for step in steps[version_of(db) :]:
            step(db)
        db.run(f"PRAGMA application_id = {APPLICATION_ID}")
        db.run(f"PRAGMA user_version = {len(steps)}")


def keep_copy(db: Database, version: int) -> Path:
    """Copy the database to state.db.v<version>.bak, unless that copy is there already; returns where it is."""
    kept = db.path.with_name(f"{db.path.name}.v{version}.bak")
    if kept.exists():
        return kept
    half = kept.with_name(f"{kept.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    try:
        db.copy_to(half)
        _sync(half)
        half.replace(kept)
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return kept


def _sync(path: Path) -> None:
    # VACUUM INTO leaves it to us to bring the copy to the disk.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _pragma(db: Database, name: str) -> int:
    row = db.one(f"PRAGMA {name}")
    return int(row[0]) if row else 0
