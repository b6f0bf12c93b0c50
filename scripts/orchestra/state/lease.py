"""Ownership of a group, as values: the lease, its fence, and when it is stale."""

from __future__ import annotations

from dataclasses import dataclass

from orchestra.errors import Exit, UserError

from .identity import Holder, proved_alive, proved_dead
from .stamp import iso


@dataclass(frozen=True)
class Fence:
    """What a write must carry to be let through: the epoch and the token of the group's holder."""

    group: str
    epoch: int
    token: str


@dataclass(frozen=True)
class Lease:
    """Who owns a group. Times are Unix times, `ttl_s` is in seconds. `held` is False once released; the epoch stays."""

    group: str
    epoch: int
    holder: Holder
    claimed_at: float
    heartbeat_at: float
    ttl_s: float
    held: bool = True

    @property
    def fence(self) -> Fence:
        return Fence(self.group, self.epoch, self.holder.token)

    @property
    def expires_at(self) -> float:
        return self.heartbeat_at + self.ttl_s

    @property
    def shown_at(self) -> float:
        """The heartbeat as `Locked-By` shows it: exact to half a TTL.

        Young enough for other tools that go by its age, without rewriting a file that people edit at every heartbeat.
        """
        step = max(self.ttl_s / 2, 1.0)
        return self.claimed_at + max(self.heartbeat_at - self.claimed_at, 0.0) // step * step


class LeaseLost(UserError):
    """The writer no longer owns what it writes to (exit 75). Nothing was written."""

    def __init__(self, group: str, epoch: int, now: Lease | None) -> None:
        owner = f"{now.holder.text} holds it with epoch {now.epoch}" if now and now.held else "nobody holds it now"
        super().__init__(
            f"The lease on {group} (epoch {epoch}) is lost: {owner}.",
            hint=f"Nothing was written. See `orchestra lock show {group}`, then start again.",
            code=Exit.LOCKED,
        )


class Held(UserError):
    """Somebody else owns the group (exit 75). `lease` is None when a foreign `Locked-By` says so."""

    def __init__(self, group: str, who: str, until: float, lease: Lease | None) -> None:
        alive = lease is not None and proved_alive(lease.holder)
        limit = "for as long as its process lives" if alive else f"until {iso(until, timespec='seconds')}"
        super().__init__(
            f"{group} is locked by {who} {limit}.",
            hint=f"Wait, or use `orchestra lock claim {group} --take-over` if you know that it has stopped.",
            code=Exit.LOCKED,
        )
        self.who = who
        self.lease = lease
        self.until = until


def lock_text(lease: Lease) -> str:
    """The `Locked-By` value: ISO-8601 time in UTC, one word for the holder, epoch."""
    return f"{iso(lease.shown_at, timespec='seconds')} {lease.holder.text} epoch={lease.epoch}"


def mark_of(text: str) -> tuple[str, int] | None:
    """Holder word and epoch of a `Locked-By` value, None when it has another form (a bare timestamp)."""
    words = text.strip().strip("|").split()
    if len(words) < 2 or not words[-1].startswith("epoch=") or not words[-1][6:].isdecimal():
        return None
    return words[-2], int(words[-1][6:])


def why_free(lease: Lease, now: float) -> str:
    """`released`, `dead`, `stale`, or nothing when the holder must be respected.

    Stale means no heartbeat within the TTL and no proof of life: a holder that is proved alive keeps its lease
    whatever the clock says. For one that can be proved neither dead nor alive (another machine, a claim by hand, a
    stopped process) the wall clock decides: a clock that jumps forward by more than the TTL frees it early, and the
    fence then refuses its next write; one that jumps back keeps it that much longer.
    """
    if not lease.held:
        return "released"
    if proved_dead(lease.holder):
        return "dead"
    if now >= lease.expires_at and not proved_alive(lease.holder):
        return "stale"
    return ""


def is_alive(lease: Lease | None, now: float) -> bool:
    """Whether the lease must be respected now."""
    return lease is not None and not why_free(lease, now)
