from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestra.core.model import Run
from orchestra.errors import Exit
from orchestra.state import leases
from orchestra.state.identity import Holder, by_hand, me, new_token
from orchestra.state.lease import Held, Lease, LeaseLost, is_alive, lock_text, mark_of
from orchestra.state.store import Store

from ..support import states

NOW = 1795242600.0  # 2026-11-21T06:30:00Z
TTL = 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def elsewhere() -> Holder:
    """A process on another machine: nothing can be proved about it here."""
    return Holder("elsewhere", "boot", 77, "1", new_token())


def gone() -> Holder:
    """A process of this machine that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return replace(me(), pid=process.pid, started="1")


def types(store: Store) -> list[str]:
    return [event["type"] for event in store.log()]


# Claiming


def test_the_first_claim_has_epoch_one_and_is_in_the_log(store: Store) -> None:
    holder = me()
    lease = leases.claim(store, "M1", holder, TTL, NOW)
    assert (lease.epoch, lease.holder, lease.expires_at, lease.held) == (1, holder, NOW + TTL, True)
    assert leases.get(store, "M1") == lease and leases.all(store) == {"M1": lease}
    (event,) = store.log()
    assert (event["type"], event["group"], event["epoch"], event["run"]) == ("lease-claimed", "M1", 1, None)


def test_a_held_group_is_refused_and_says_by_whom(store: Store) -> None:
    lease = leases.claim(store, "M1", elsewhere(), TTL, NOW)
    with pytest.raises(Held, match=f"{lease.holder.text} until 2026-11-21T07:30:00Z") as held:
        leases.claim(store, "M1", me(), TTL, NOW + TTL - 1)
    assert (held.value.code, held.value.lease, held.value.until) == (Exit.LOCKED, lease, NOW + TTL)
    assert leases.get(store, "M1") == lease and types(store) == ["lease-claimed"]


def test_the_holder_itself_renews_by_claiming(store: Store) -> None:
    holder = elsewhere()
    leases.claim(store, "M1", holder, TTL, NOW)
    again = leases.claim(store, "M1", holder, TTL, NOW + 100)
    assert (again.epoch, again.claimed_at, again.heartbeat_at) == (1, NOW, NOW + 100)
    assert types(store) == ["lease-claimed"]


def test_a_silent_holder_that_nobody_can_see_is_replaced_after_the_ttl(store: Store) -> None:
    first = leases.claim(store, "M1", elsewhere(), TTL, NOW)
    second = leases.claim(store, "M1", me(), TTL, NOW + TTL)
    assert second.epoch == 2
    data = list(store.log())[-1]["data"]
    assert (data["from"], data["why"]) == (first.holder.text, "stale")


def test_a_heartbeat_keeps_a_long_milestone(store: Store) -> None:
    lease = leases.claim(store, "M1", elsewhere(), TTL, NOW)
    for hour in range(1, 4):
        lease = leases.renew(store, lease, NOW + hour * (TTL - 1))
    with pytest.raises(Held):
        leases.claim(store, "M1", me(), TTL, NOW + 3 * (TTL - 1) + 10)
    assert types(store) == ["lease-claimed"]


def test_a_dead_holder_is_replaced_at_once(store: Store) -> None:
    leases.claim(store, "M1", gone(), TTL, NOW)
    assert leases.claim(store, "M1", me(), TTL, NOW).epoch == 2
    assert list(store.log())[-1]["data"]["why"] == "dead"


def test_a_live_holder_without_heartbeat_is_not_robbed(store: Store) -> None:
    leases.claim(store, "M1", me(), TTL, NOW)
    with pytest.raises(Held, match="for as long as its process lives"):
        leases.claim(store, "M1", elsewhere(), TTL, NOW + 100 * TTL)


@pytest.mark.parametrize("jump", [-TTL, TTL, 10 * TTL])
def test_a_clock_that_jumps_neither_robs_nor_locks_out_a_live_holder(store: Store, jump: float) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    with pytest.raises(Held):
        leases.claim(store, "M1", elsewhere(), TTL, NOW + jump)
    renewed = leases.renew(store, lease, NOW + jump)
    assert is_alive(renewed, NOW + jump) and is_alive(renewed, NOW)
    run = store.record(Run(id=""), [states.started()], renewed.fence)
    assert run.id == "r1"


def test_a_clock_that_jumped_ahead_costs_an_unseen_holder_its_lease_but_never_two_owners(store: Store) -> None:
    theirs = leases.claim(store, "M1", elsewhere(), TTL, NOW)
    mine = leases.claim(store, "M1", me(), TTL, NOW + 2 * TTL)
    with pytest.raises(LeaseLost):
        leases.renew(store, theirs, NOW)
    assert leases.renew(store, mine, NOW).epoch == 2


def test_a_person_may_take_over_from_the_living(store: Store) -> None:
    first = leases.claim(store, "M1", me(), TTL, NOW)
    second = leases.claim(store, "M1", by_hand("pm"), TTL, NOW, take_over=True)
    assert second.epoch == 2 and types(store) == ["lease-claimed", "lease-taken-over"]
    assert list(store.log())[-1]["data"]["why"] == "forced"
    for write in (leases.renew, leases.release):
        with pytest.raises(LeaseLost, match=f"{second.holder.text} holds it with epoch 2"):
            write(store, first, NOW)


def test_an_epoch_without_its_token_is_not_enough(store: Store) -> None:
    """A database that was put back from a copy hands the same epoch out twice."""
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    forged = replace(lease, holder=replace(lease.holder, token="another"))
    for write in (leases.renew, leases.release):
        with pytest.raises(LeaseLost):
            write(store, forged, NOW)


# Releasing


def test_a_released_group_is_free_and_its_epoch_stays(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    released = leases.release(store, lease, NOW + 5)
    assert (released.held, released.epoch) == (False, 1)
    assert leases.release(store, lease, NOW + 6) == released
    assert leases.claim(store, "M1", elsewhere(), TTL, NOW + 7).epoch == 2
    assert types(store) == ["lease-claimed", "lease-released", "lease-claimed"]


def test_who_released_it_claims_it_anew(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    leases.release(store, lease, NOW)
    assert leases.claim(store, "M1", lease.holder, TTL, NOW).epoch == 2


def test_each_event_names_its_run_and_its_time(store: Store) -> None:
    leases.claim(store, "M1", elsewhere(), TTL, NOW, run="r1")
    lease = leases.claim(store, "M1", elsewhere(), TTL, NOW + TTL, run="r2")
    leases.release(store, lease, NOW + TTL + 5, run="r3")
    assert [(event["run"], event["epoch"]) for event in store.log()] == [("r1", 1), ("r2", 2), ("r3", 2)]
    assert [event["at"][11:19] for event in store.log()] == ["06:30:00", "07:30:00", "07:30:05"]


def test_a_heartbeat_may_bring_another_ttl(store: Store) -> None:
    lease = leases.claim(store, "M1", elsewhere(), TTL, NOW)
    assert leases.renew(store, lease, NOW + 1, 60.0).expires_at == NOW + 61
    assert leases.renew(store, lease, NOW + 2).expires_at == NOW + 62
    assert leases.claim(store, "M1", lease.holder, TTL, NOW + 3).expires_at == NOW + 3 + TTL


def test_a_lease_and_its_fence_are_replaced_and_never_changed(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    for value in (lease, lease.fence):
        with pytest.raises(AttributeError):
            value.epoch = 9  # type: ignore[misc]


def test_a_released_lease_has_no_heartbeat(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    leases.release(store, lease, NOW)
    with pytest.raises(LeaseLost, match="nobody holds it now"):
        leases.renew(store, lease, NOW)


# Locked-By


def test_the_view_is_one_line_with_time_holder_and_epoch(store: Store) -> None:
    lease = leases.claim(store, "M1", Holder("host", pid=77, started="1", token="0123456789"), TTL, NOW)
    assert lock_text(lease) == "2026-11-21T06:30:00Z host/77/01234567 epoch=1"
    assert mark_of(lock_text(lease)) == ("host/77/01234567", 1)
    assert mark_of("2026-11-21T06:30:00Z") is None and mark_of("epoch=x a epoch=") is None
    assert mark_of("host/77/01234567 epoch=12") == ("host/77/01234567", 12) and mark_of("epoch=1") is None


def test_the_view_follows_the_heartbeat_in_half_ttls(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW)
    assert lock_text(leases.renew(store, lease, NOW + TTL / 2 - 1)) == lock_text(lease)
    assert lock_text(leases.renew(store, lease, NOW + 1.5 * TTL + 9)).startswith("2026-11-21T08:00:00Z")
    assert lock_text(leases.renew(store, lease, NOW - TTL)) == lock_text(lease)


@pytest.mark.parametrize(
    ("ttl", "after", "shown"),
    [(61.0, 60.9, 30.5), (61.0, 61.0, 61.0), (1.0, 0.0, 0.0), (1.0, 0.9, 0.0), (1.0, 1.0, 1.0), (3.0, 1.6, 1.5)],
)
def test_the_shown_time_goes_on_in_half_ttls_of_at_least_a_second(
    store: Store, ttl: float, after: float, shown: float
) -> None:
    lease = leases.claim(store, "M1", elsewhere(), ttl, NOW)
    assert leases.renew(store, lease, NOW + after).shown_at == NOW + shown


@pytest.mark.parametrize("text", ["", "2026-11-21T06:30:00Z", "2026-11-21T06:30:00Z other/1/abc epoch=1"])
def test_a_foreign_lock_is_respected_while_it_is_young(store: Store, text: str) -> None:
    with pytest.raises(Held, match="outside this database") as held:
        leases.claim(store, "M1", me(), TTL, NOW + TTL - 1, foreign_at=NOW, foreign_text=text)
    assert (held.value.until, held.value.lease) == (NOW + TTL, None)
    assert leases.get(store, "M1") is None
    assert leases.claim(store, "M1", me(), TTL, NOW + TTL, foreign_at=NOW, foreign_text=text).epoch == 1


def test_a_person_may_set_a_foreign_lock_aside(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), TTL, NOW, take_over=True, foreign_at=NOW, foreign_text="peer")
    assert (lease.epoch, types(store)) == (1, ["lease-claimed"])


def test_what_this_database_wrote_is_not_foreign_in_any_epoch(store: Store) -> None:
    first = leases.claim(store, "M1", gone(), TTL, NOW)
    second = leases.claim(store, "M1", gone(), TTL, NOW)
    for text in (lock_text(first), f"| {lock_text(second)} |"):
        assert leases.is_ours(store, "M1", text)
        leases.claim(store, "M1", gone(), TTL, NOW, foreign_at=NOW, foreign_text=text)
    assert not leases.is_ours(store, "M2", lock_text(first))
    assert not leases.is_ours(store, "M1", lock_text(first).replace("epoch=1", "epoch=2"))
    for other in ("000/1/a", "zzz/1/a", first.holder.text + "x"):
        assert not leases.is_ours(store, "M1", lock_text(first).replace(first.holder.text, other))


@pytest.mark.parametrize("id_", ["a b", "../M1", "M1\n|x|", "'; DROP TABLE leases; --", "M1\x00", "Ж", "%", ""])
def test_hostile_ids_are_only_text(store: Store, id_: str) -> None:
    lease = leases.claim(store, id_, me(), TTL, NOW)
    assert leases.get(store, id_) == lease
    assert store.last_event("lease-claimed", id_) is not None
    leases.release(store, lease, NOW)
    json.dumps(list(store.log()))


# Processes

CLAIMS = """
import random, sys, time
from pathlib import Path
from orchestra.state import leases
from orchestra.state.identity import me
from orchestra.state.lease import Held
from orchestra.state.store import Store

groups = [f"M{n}" for n in range(1, 51)]
random.shuffle(groups)
holder = me()
with Store.open(Path(sys.argv[1])) as store:
    for group in groups:
        try:
            leases.claim(store, group, holder, 3600.0, time.time())
            print(group)
        except Held:
            pass
    print("end", flush=True)
    sys.stdin.read()
"""


def test_sixteen_processes_claim_fifty_groups_each_exactly_once(path: Path) -> None:
    """Nor do they disturb each other in making the database, which none of them finds."""
    running = [states.python(CLAIMS, path, stdin=subprocess.PIPE) for _ in range(16)]
    # All of them stay until the last has tried: a holder that has ended may be replaced.
    claimed = [line for process in running for line in iter(process.stdout.readline, "end\n")]  # type: ignore[union-attr]
    states.finished(running)
    claimed = [line.strip() for line in claimed]
    assert sorted(claimed) == sorted(f"M{n}" for n in range(1, 51))
    with Store.open(path, readonly=True) as store:
        assert {lease.epoch for lease in leases.all(store).values()} == {1}
        assert [e["seq"] for e in store.log()] == list(range(1, 51))


LEADER = """
import sys
from pathlib import Path
from orchestra.core.model import Event
from orchestra.state import leases
from orchestra.state.identity import me
from orchestra.state.lease import LeaseLost
from orchestra.state.store import Store

with Store.open(Path(sys.argv[1])) as store:
    lease = leases.claim(store, "M1", me(), 60.0, float(sys.argv[2]))
    run = store.load("r1")
    print("claimed", flush=True)
    sys.stdin.readline()
    try:
        store.record(run, [Event("note", group="M1")], lease.fence)
        print("written")
    except LeaseLost as lost:
        print(int(lost.code), lost.message)
"""


def test_a_stopped_leader_is_taken_over_and_refused_when_it_wakes_up(path: Path, store: Store) -> None:
    states.begun(store)
    leader = states.python(LEADER, path, NOW, stdin=subprocess.PIPE)
    assert leader.stdin is not None and leader.stdout is not None
    assert leader.stdout.readline() == "claimed\n"
    with pytest.raises(Held):
        leases.claim(store, "M1", me(), 60.0, NOW + 61)
    leader.send_signal(signal.SIGSTOP)
    states.until(lambda: not is_alive(leases.get(store, "M1"), NOW + 61))
    with pytest.raises(Held):
        leases.claim(store, "M1", me(), 60.0, NOW + 59)
    assert leases.claim(store, "M1", me(), 60.0, NOW + 61).epoch == 2
    before = types(store)
    leader.send_signal(signal.SIGCONT)
    leader.stdin.write("go on\n")
    leader.stdin.flush()
    (said,) = states.finished([leader])
    assert said.startswith("75 The lease on M1 (epoch 1) is lost")
    assert types(store) == before


# A model: at most one owner, and epochs that only grow.


class Ownership(RuleBasedStateMachine):
    """Holders of a machine that nobody can look into, so that the clock alone decides."""

    holders = ("a", "b", "c")
    store: Store

    @initialize()
    def begin(self) -> None:
        self.store = _memory()
        self.now, self.epoch, self.until = NOW, 0, 0.0
        self.owner: str | None = None
        self.held: dict[str, Lease] = {}

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()

    @rule(by=st.sampled_from([-4000.0, 0.0, 1.0, 59.0, 61.0, 4000.0]))
    def time_passes(self, by: float) -> None:
        self.now += by

    @rule(name=st.sampled_from(holders), force=st.booleans())
    def claim(self, name: str, force: bool) -> None:
        holder = Holder("elsewhere", pid=1, token=name)
        free = self.owner is None or self.now >= self.until
        try:
            lease = leases.claim(self.store, "M1", holder, 60.0, self.now, take_over=force)
        except Held:
            assert not (free or force or self.owner == name)
            return
        assert free or force or self.owner == name
        self.epoch += 0 if self.owner == name else 1
        assert lease.epoch == self.epoch
        self.held[name], self.owner, self.until = lease, name, self.now + 60.0

    @rule(name=st.sampled_from(holders))
    def renew(self, name: str) -> None:
        if self._works(name, leases.renew):
            self.until = self.now + 60.0

    @rule(name=st.sampled_from(holders))
    def release(self, name: str) -> None:
        if self._works(name, leases.release):
            self.owner = None

    def _works(self, name: str, act: object) -> bool:
        if name not in self.held:
            return False
        owns = self.owner == name and self.held[name].epoch == self.epoch
        again = act is leases.release and self.owner is None and self.held[name].epoch == self.epoch
        try:
            act(self.store, self.held[name], self.now)  # type: ignore[operator]
        except LeaseLost:
            assert not owns and not again
            return False
        assert owns or again
        return owns

    @rule(name=st.sampled_from(holders))
    def write(self, name: str) -> None:
        if name not in self.held:
            return
        owns = self.owner == name and self.held[name].epoch == self.epoch
        try:
            self.store.record(Run(id="r1"), [states.note()], self.held[name].fence)
            assert owns
        except LeaseLost:
            assert not owns

    @invariant()
    def the_row_says_what_the_model_says(self) -> None:
        if not hasattr(self, "store"):
            return
        lease = leases.get(self.store, "M1")
        assert (lease.epoch if lease else 0) == self.epoch
        assert (lease.holder.token if lease and lease.held else None) == self.owner
        events = [e["epoch"] for e in self.store.log() if e["type"] in ("lease-claimed", "lease-taken-over")]
        assert events == list(range(1, self.epoch + 1))


def _memory() -> Store:
    """A store without a file: the same code on SQLite's memory."""
    return Store.open(Path("/nowhere/state.db"), readonly=True)


TestOwnership = Ownership.TestCase
TestOwnership.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
