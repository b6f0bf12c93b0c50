"""Since when a thing outside has stood as it does, by our own clock: the times that others write may be wrong."""

from __future__ import annotations

import json

from .database import Database

_KEY = "seen:"


def since(db: Database, what: str, state: str, now: float) -> float:
    """The Unix time at which `what` was first noted to be in `state`; `now` when it was not, or at a time to come."""
    row = db.one("SELECT value FROM meta WHERE key = ?", _KEY + what)
    seen, at = json.loads(row[0]) if row else ("", now)
    return float(at) if seen == state and at <= now else now


def note(db: Database, what: str, state: str, now: float) -> float:
    """The same, remembered from now on."""
    with db.writing():
        at = since(db, what, state, now)
        db.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", _KEY + what, json.dumps([state, at]))
    return at
