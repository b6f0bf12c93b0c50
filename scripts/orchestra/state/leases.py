"""Claiming, renewing and releasing the ownership of a group: each one transaction."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from orchestra.core.codec import decode, encode
from orchestra.core.model import Event

from .database import Database
from .identity import Holder
from .lease import Held, Lease, LeaseLost, mark_of, why_free

if TYPE_CHECKING:
    from .store import Store


def claim(
    store: Store,
    group: str,
    holder: Holder,
    ttl_s: float,
    now: float,
    *,
    take_over: bool = False,
    foreign_at: float = 0.0,
    foreign_text: str = "",
    run: str = "",
) -> Lease:
    """Become the owner of a group, with an epoch higher than any before.

    The holder that has it already renews it. `now` and `foreign_at` are Unix times, `ttl_s` seconds. `foreign_text` is
    the group's `Locked-By` as its file says, respected for `ttl_s` from `foreign_at` unless this database wrote it.
    `take_over` sets aside a live holder or a foreign lock: a person's decision. Raises Held (exit 75).
    """
    with store.db.writing():
        before = lease_of(store.db, group)
        if before and before.held and before.holder.token == holder.token:
            return _put(store.db, replace(before, heartbeat_at=now, ttl_s=ttl_s))
        why = why_free(before, now) if before else "new"
        if not why and not take_over:
            raise _held(before)
        if not take_over:
            _respect(store.db, group, foreign_at, foreign_text, ttl_s, now)
        lease = Lease(group, (before.epoch if before else 0) + 1, holder, now, now, ttl_s)
        store.write([_claimed(lease, before, why or "forced", run)])
        _remember(store.db, lease)
        return _put(store.db, lease)


def renew(store: Store, lease: Lease, now: float, ttl_s: float | None = None) -> Lease:
    """A heartbeat. Raises LeaseLost (exit 75) when somebody took the lease over or it was released."""
    with store.db.writing():
        found = _own(store.db, lease)
        if not found.held:
            raise LeaseLost(lease.group, lease.epoch, found)
        return _put(store.db, replace(found, heartbeat_at=now, ttl_s=found.ttl_s if ttl_s is None else ttl_s))


def release(store: Store, lease: Lease, now: float, *, run: str = "") -> Lease:
    """Give the group back; the epoch stays. Doing it twice is no error; LeaseLost when it is somebody else's by now."""
    with store.db.writing():
        found = _own(store.db, lease)
        if not found.held:
            return found
        store.write([_event("lease-released", found, now, run, {"holder": found.holder.text})])
        return _put(store.db, replace(found, held=False))


def get(store: Store, group: str) -> Lease | None:
    """The group's lease, held or released; None when there never was one."""
    return lease_of(store.db, group)


def all(store: Store) -> dict[str, Lease]:
    """Every group's lease, by group, held or released."""
    found = store.db.rows("SELECT data FROM leases ORDER BY group_id")
    leases = (decode(Lease, json.loads(data)) for (data,) in found)
    return {lease.group: lease for lease in leases}


def lease_of(db: Database, group: str) -> Lease | None:
    """The group's lease row, as `get`, for whoever has a connection and no store."""
    row = db.one("SELECT data FROM leases WHERE group_id = ?", group)
    return decode(Lease, json.loads(row[0])) if row else None


def is_ours(store: Store, group: str, text: str) -> bool:
    """Whether a `Locked-By` value was written from this database, now or in an earlier epoch."""
    return _is_ours(store.db, group, text)


def _is_ours(db: Database, group: str, text: str) -> bool:
    mark = mark_of(text)
    if mark is None:
        return False
    row = db.one("SELECT holder FROM holders WHERE group_id = ? AND epoch = ?", group, mark[1])
    return row is not None and row[0] == mark[0]


def _respect(db: Database, group: str, at: float, text: str, ttl_s: float, now: float) -> None:
    if at and now < at + ttl_s and not _is_ours(db, group, text):
        raise Held(group, f"someone outside this database ({text.strip() or 'Locked-By'})", at + ttl_s, None)


def _held(lease: Lease | None) -> Held:
    assert lease is not None
    return Held(lease.group, lease.holder.text, lease.expires_at, lease)


def _own(db: Database, lease: Lease) -> Lease:
    found = lease_of(db, lease.group)
    if found is None or found.fence != lease.fence:
        raise LeaseLost(lease.group, lease.epoch, found)
    return found


def _put(db: Database, lease: Lease) -> Lease:
    db.run(
        "INSERT INTO leases (group_id, epoch, token, held, heartbeat_at, data) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (group_id) DO UPDATE SET epoch = excluded.epoch, token = excluded.token, held = excluded.held, "
        "heartbeat_at = excluded.heartbeat_at, data = excluded.data",
        *(lease.group, lease.epoch, lease.holder.token, int(lease.held), lease.heartbeat_at, json.dumps(encode(lease))),
    )
    return lease


def _remember(db: Database, lease: Lease) -> None:
    known = (lease.group, lease.epoch, lease.holder.text)
    db.run("INSERT INTO holders (group_id, epoch, holder) VALUES (?, ?, ?)", *known)


def _claimed(lease: Lease, before: Lease | None, why: str, run: str) -> Event:
    data = {"holder": lease.holder.text, "ttl_s": lease.ttl_s}
    if before is None or not before.held:
        return _event("lease-claimed", lease, lease.claimed_at, run, data)
    return _event("lease-taken-over", lease, lease.claimed_at, run, {**data, "from": before.holder.text, "why": why})


def _event(type_: str, lease: Lease, now: float, run: str, data: dict[str, object]) -> Event:
    return Event(type_, group=lease.group, data=data, at=now, run=run, epoch=lease.epoch)
