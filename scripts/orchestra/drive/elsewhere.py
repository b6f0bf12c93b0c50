"""Leases that clones on other machines respect: a ref on the git remote beside the lease in state.db (DESIGN 4.4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..git import lease as remote_lease
from ..git.repo import Repo
from ..state import leases
from ..state.lease import Held, Lease, LeaseLost
from ..state.stamp import iso
from ..state.store import Store

# A heartbeat to the remote costs a push: it is sent when this part of the TTL has passed.
RENEW_AFTER = 1 / 3


@dataclass
class Elsewhere:
    """The same leases on a remote. `shown` remembers which commit each of ours stands at, and until when."""

    repo: Repo
    remote: str
    store: Store
    shown: dict[str, tuple[str, float]] = field(default_factory=dict)

    def claim(self, lease: Lease, now: float, *, take_over: bool = False) -> None:
        """Put the lease on the remote. Raises Held when another clone's is there and has not expired.

        `take_over` sets that aside: a person's decision.
        """
        there = remote_lease.read(self.repo, self.remote, lease.group)
        if there is not None and not take_over and not self._may_replace(lease, there.text, now):
            raise Held(lease.group, f"{self._who(there.text)} on {self.remote}", _until(there.text), None)
        self._put(lease, there.sha if there else None, now)

    def _may_replace(self, lease: Lease, text: str, now: float) -> bool:
        # One that this database wrote belonged to a holder whose place we have taken here already.
        return now >= _until(text) or leases.is_ours(self.store, lease.group, text)

    def _put(self, lease: Lease, expected: str | None, now: float) -> None:
        until = now + lease.ttl_s
        text = f"{iso(until, timespec='seconds')} {lease.holder.text} epoch={lease.epoch}"
        made = remote_lease.claim(self.repo, self.remote, lease.group, text, expected)
        if isinstance(made, remote_lease.Held):
            raise Held(lease.group, f"{self._who(made.text)} on {self.remote}", _until(made.text), None)
        self.shown[lease.group] = (made, until)

    def renew(self, lease: Lease, now: float) -> None:
        """Send a heartbeat when it is time for one. Raises LeaseLost when another clone took the lease over."""
        sha, until = self.shown.get(lease.group, ("", 0.0))
        if until - now > lease.ttl_s * (1 - RENEW_AFTER):
            return
        try:
            self._put(lease, sha or None, now)
        except Held:
            raise LeaseLost(lease.group, lease.epoch, None) from None

    def holder(self, group: str, now: float) -> tuple[str, float] | None:
        """Who holds the group on the remote (a lease text without its time), and until when; None when nobody does."""
        there = remote_lease.read(self.repo, self.remote, group)
        if there is None or now >= _until(there.text):
            return None
        return there.text.partition(" ")[2], _until(there.text)

    def guard(self, lease: Lease) -> None:
        """Raise LeaseLost unless the remote still shows our lease: asked before anything is pushed."""
        there = remote_lease.read(self.repo, self.remote, lease.group)
        if there is None or there.sha != self.shown.get(lease.group, ("", 0.0))[0]:
            raise LeaseLost(lease.group, lease.epoch, None)

    def recall(self, lease: Lease) -> None:
        """Know again what an earlier command of the same holder has put on the remote."""
        there = remote_lease.read(self.repo, self.remote, lease.group)
        if there is not None and there.text.split()[1:] == [lease.holder.text, f"epoch={lease.epoch}"]:
            self.shown[lease.group] = (there.sha, _until(there.text))

    def release(self, group: str) -> None:
        """Give the lease back; somebody else's is left alone."""
        sha, _ = self.shown.pop(group, ("", 0.0))
        if sha:
            remote_lease.release(self.repo, self.remote, group, sha)

    def _who(self, text: str) -> str:
        words = text.split()
        return words[1] if len(words) > 1 else "another clone"


def _until(text: str) -> float:
    """When a lease on the remote expires, as Unix time; 0 for a text that cannot be read."""
    try:
        return datetime.fromisoformat(text.split()[0].replace("Z", "+00:00")).astimezone(UTC).timestamp()
    except (ValueError, IndexError):
        return 0.0
