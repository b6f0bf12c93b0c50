"""Leases on a remote, between two clones whose clocks do not agree: real repositories, times that are given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestra.drive.elsewhere import Elsewhere
from orchestra.git import lease as remote_lease
from orchestra.state import leases
from orchestra.state.identity import by_hand
from orchestra.state.lease import Held, Lease, LeaseLost
from orchestra.state.store import Store
from tests.support.repos import bare, clone, init

NOW = 1_800_000_000.0
HOUR = 3600.0
YEARS = 9e8


@pytest.fixture
def clones(tmp_path: Path) -> Iterator[tuple[Elsewhere, Elsewhere]]:
    origin = bare(tmp_path / "origin.git", init(tmp_path / "first"))
    with ExitStack() as stack:

        def one(name: str) -> Elsewhere:
            repo = clone(origin, tmp_path / name)
            store = stack.enter_context(Store.open(repo.root / ".orchestra/state.db"))
            return Elsewhere(repo, "origin", store, HOUR)

        yield one("ann"), one("bob")


def claim(clone: Elsewhere, name: str, now: float, ttl_s: float = HOUR) -> Lease:
    lease = leases.claim(clone.store, "M1", by_hand(name), ttl_s, now)
    try:
        clone.claim(lease, now)
    except Held:
        leases.release(clone.store, lease, now)
        raise
    return lease


def until(clone: Elsewhere, now: float, name: str = "bob") -> float:
    with pytest.raises(Held) as held:
        claim(clone, name, now)
    return held.value.until


def test_a_lease_from_the_future_is_respected_for_its_limit_from_when_it_was_seen(
    clones: tuple[Elsewhere, Elsewhere],
) -> None:
    ann, bob = clones
    claim(ann, "ann", NOW + YEARS)
    assert bob.holder("M1", NOW) is not None
    assert until(bob, NOW + YEARS / 2) == NOW + YEARS / 2 + HOUR, "its own clock may be wrong too, and be set right"
    assert until(bob, NOW) == NOW + HOUR
    assert until(bob, NOW + HOUR - 1) == NOW + HOUR, "looking again does not begin anew"
    found = bob.holder("M1", NOW + HOUR - 1)
    assert found and found[1] == NOW + HOUR and found[0].endswith(" epoch=1"), found
    assert bob.holder("M1", NOW + HOUR) is None
    claim(bob, "bob", NOW + HOUR)


def test_a_sign_of_life_counts_whatever_its_clock_says(clones: tuple[Elsewhere, Elsewhere]) -> None:
    ann, bob = clones
    lease = claim(ann, "ann", NOW + YEARS)
    assert until(bob, NOW) == NOW + HOUR
    ann.renew(lease, NOW + YEARS + HOUR / 2)
    assert until(bob, NOW + HOUR - 1) == NOW + 2 * HOUR - 1
    lease = claim(bob, "bob", NOW + 2 * HOUR)
    with pytest.raises(LeaseLost):
        ann.guard(Lease("M1", 1, lease.holder, NOW, NOW, HOUR))


def test_a_clock_that_was_set_right_sends_its_heartbeats_again(clones: tuple[Elsewhere, Elsewhere]) -> None:
    ann, bob = clones
    lease = claim(ann, "ann", NOW + YEARS)
    assert until(bob, NOW) == NOW + HOUR
    ann.renew(lease, NOW + HOUR / 3)
    assert until(bob, NOW + HOUR / 2) == NOW + HOUR / 3 + HOUR


def test_a_long_claim_by_hand_keeps_its_own_limit(clones: tuple[Elsewhere, Elsewhere]) -> None:
    ann, bob = clones
    claim(ann, "ann", NOW, 10 * HOUR)
    assert until(bob, NOW + 1) == NOW + 10 * HOUR
    assert until(bob, NOW + 9 * HOUR) == NOW + 10 * HOUR
    claim(bob, "bob", NOW + 10 * HOUR)


def test_a_lease_that_says_no_limit_has_this_clones(clones: tuple[Elsewhere, Elsewhere]) -> None:
    ann, bob = clones
    there = None
    for limit in ("", "ttl=1e9", "ttl=" + "9" * 5000):
        text = f"2999-01-01T00:00:00Z ann epoch=1 {limit}"
        made = remote_lease.claim(ann.repo, "origin", "M1", text, there)
        assert isinstance(made, str)
        there = made
        assert until(bob, NOW) == NOW + HOUR
    claim(bob, "bob", NOW + HOUR)
