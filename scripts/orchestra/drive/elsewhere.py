"""Leases that clones on other machines respect: a ref on the git remote beside the lease in state.db (DESIGN 4.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil

from ..git import lease as remote_lease
from ..git.repo import Repo
from ..state import leases, sightings
from ..state.lease import Held, Lease, LeaseLost
from ..state.stamp import iso
from ..state.store import Store

# A heartbeat to the remote costs a push: it is sent when this part of the TTL has passed.
RENEW_AFTER = 1 / 3
# `lock claim --ttl` takes no longer one; a number without end is nobody's limit.
_MOST_DIGITS = 8


@dataclass
class Elsewhere:
    """The same leases on a remote. `shown` remembers which commit each of ours stands at, and until when.

    Another clone's clock may be wrong, so its lease is respected until the time that it says, and no longer than its
    own limit (`ttl_s` when it says none, in seconds) from when this clone first saw it stand as it does.
    """

    repo: Repo
    remote: str
    store: Store
    ttl_s: float
    shown: dict[str, tuple[str, float]] = field(default_factory=dict)

    def claim(self, lease: Lease, now: float, *, take_over: bool = False) -> None:
        """Put the lease on the remote. Raises Held when another clone's is there and has not expired.

        `take_over` sets that aside: a person's decision.
        """
        there = remote_lease.read(self.repo, self.remote, lease.group)
        if there is not None and not take_over:
            self._respect(lease, there, now)
        self._put(lease, there.sha if there else None, now)

    def _respect(self, lease: Lease, there: remote_lease.Lease, now: float) -> None:
        # One that this database wrote belonged to a holder whose place we have taken here already.
        if leases.is_ours(self.store, lease.group, _mark(there.text)):
            return
        until = self._until(there.text, sightings.note(self.store.db, self._ref(lease.group), there.sha, now))
        if now < until:
            raise Held(lease.group, f"{self._who(there.text)} on {self.remote}", until, None)

    def _put(self, lease: Lease, expected: str | None, now: float) -> None:
        until = now + lease.ttl_s
        head = f"{iso(until, timespec='seconds')} {lease.holder.text} epoch={lease.epoch}"
        made = remote_lease.claim(self.repo, self.remote, lease.group, f"{head} ttl={ceil(lease.ttl_s)}", expected)
        if isinstance(made, remote_lease.Held):
            raise Held(lease.group, f"{self._who(made.text)} on {self.remote}", self._until(made.text, now), None)
        self.shown[lease.group] = (made, until)

    def renew(self, lease: Lease, now: float) -> None:
        """Send a heartbeat when it is time for one. Raises LeaseLost when another clone took the lease over."""
        sha, until = self.shown.get(lease.group, ("", 0.0))
        # More than the limit is left when the clock was set back: others must see a sign of life all the same.
        if lease.ttl_s * (1 - RENEW_AFTER) < until - now <= lease.ttl_s:
            return
        try:
            self._put(lease, sha or None, now)
        except Held:
            raise LeaseLost(lease.group, lease.epoch, None) from None

    def holder(self, group: str, now: float) -> tuple[str, float] | None:
        """Who holds the group on the remote (holder and epoch), and until when; None when nobody does."""
        there = remote_lease.read(self.repo, self.remote, group)
        if there is None:
            return None
        until = self._until(there.text, sightings.since(self.store.db, self._ref(group), there.sha, now))
        return (_mark(there.text).partition(" ")[2], until) if now < until else None

    def guard(self, lease: Lease) -> None:
        """Raise LeaseLost unless the remote still shows our lease: asked before anything is pushed."""
        there = remote_lease.read(self.repo, self.remote, lease.group)
        if there is None or there.sha != self.shown.get(lease.group, ("", 0.0))[0]:
            raise LeaseLost(lease.group, lease.epoch, None)

    def recall(self, lease: Lease) -> None:
        """Know again what an earlier command of the same holder has put on the remote."""
        there = remote_lease.read(self.repo, self.remote, lease.group)
        if there is not None and there.text.split()[1:3] == [lease.holder.text, f"epoch={lease.epoch}"]:
            self.shown[lease.group] = (there.sha, _time(there.text))

    def release(self, group: str) -> None:
        """Give the lease back; somebody else's is left alone."""
        sha, _ = self.shown.pop(group, ("", 0.0))
        if sha:
            remote_lease.release(self.repo, self.remote, group, sha)

    def _who(self, text: str) -> str:
        words = text.split()
        return words[1] if len(words) > 1 else "another clone"

    def _ref(self, group: str) -> str:
        return f"{self.remote} {group}"

    def _until(self, text: str, seen: float) -> float:
        """When a lease that was first seen at `seen` is free at the latest, as Unix time."""
        given = next((word[4:] for word in text.split() if word.startswith("ttl=")), "")
        limit = int(given) if given.isdecimal() and len(given) <= _MOST_DIGITS else self.ttl_s
        return min(_time(text), seen + limit)


def _mark(text: str) -> str:
    """Time, holder and epoch of a lease on the remote: what `Locked-By` has too."""
    return " ".join(text.split()[:3])


def _time(text: str) -> float:
    """The time that a lease on the remote says it expires at, as Unix time; 0 for a text that cannot be read."""
    try:
        return datetime.fromisoformat(text.split()[0].replace("Z", "+00:00")).astimezone(UTC).timestamp()
    except (ValueError, IndexError, OverflowError):
        return 0.0
