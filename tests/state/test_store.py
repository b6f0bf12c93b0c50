from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from immutables import Map

from orchestra.core.apply import IllegalTransition
from orchestra.core.events import EventType
from orchestra.core.index import index
from orchestra.core.model import Event, Run
from orchestra.errors import Exit, UserError
from orchestra.state import leases
from orchestra.state.identity import me
from orchestra.state.lease import Fence, LeaseLost
from orchestra.state.store import Store

from ..support import states


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened


def seqs(store: Store) -> list[int]:
    return [event["seq"] for event in store.log()]


# Recording


def test_a_run_gets_its_id_with_its_first_event(store: Store) -> None:
    first = store.record(Run(id=""), [states.started()])
    second = store.record(Run(id=""), [states.started()])
    assert (first.id, second.id, store.latest_run_id()) == ("r1", "r2", "r2")
    assert store.new_run_id() == "r3"


def test_what_is_recorded_is_loaded_and_replays_to_the_same(store: Store) -> None:
    run = states.begun(store, states.group("M1"), states.group("M2", order=2))
    run = states.carried_out(store, run, "M1/phase-1")
    run = states.carried_out(store, run, "M2/phase-2")
    assert run.dirty == Map()
    assert store.load("r1") == index(run)
    assert index(store.replay("r1")) == index(run)


def test_consequences_are_recorded_with_their_cause(store: Store) -> None:
    run = states.begun(store, states.group(units=1))
    run = states.carried_out(store, run, "M1/phase-1")
    types = [event["type"] for event in store.log()]
    assert types[-2:] == ["unit-accepted", "stage-entered"]
    assert run.groups["M1"].status == "review"


def test_consequences_come_before_the_next_event_of_the_caller(path: Path) -> None:
    def settle(run: Run, event: Event) -> list[Event]:
        return [Event("b"), Event("d")] if event.type == "a" else [Event("c")] if event.type == "b" else []

    with Store.open(path, apply=lambda run, event: run, settle=settle) as store:
        store.record(Run(id=""), [Event("a"), Event("z")])
        assert [event["type"] for event in store.log()] == ["a", "b", "c", "d", "z"]


def test_nothing_is_written_when_an_event_cannot_happen(store: Store) -> None:
    run = states.begun(store)
    before = (seqs(store), store.load("r1"))
    with pytest.raises(IllegalTransition):
        store.record(run, [states.dispatched("M1/phase-1"), states.dispatched("M1/phase-1")])
    assert (seqs(store), store.load("r1")) == before
    assert states.carried_out(store, run, "M1/phase-1").units["M1/phase-1"].status == "done"


def test_apply_sees_what_will_be_read_back(path: Path) -> None:
    seen = []

    def apply(run: Run, event: Event) -> Run:
        seen.append(event.data)
        return run

    with Store.open(path, apply=apply, settle=lambda run, event: []) as store:
        store.record(Run(id=""), [Event("x", data={"t": (1, 2), "word": EventType.NOTE})])
        assert seen == [{"t": [1, 2], "word": "note"}]
        assert type(seen[0]["word"]) is str


def test_units_that_left_the_plan_leave_the_tables(store: Store) -> None:
    run = store.record(Run(id=""), [states.started(), states.read(states.group(units=3))])
    run = store.record(run, [states.read(states.group(units=2))])
    assert store.load("r1") == index(run)
    assert store.summary().groups[0]["counts"] == {"pending": 2}


def test_time_is_the_clocks_unless_the_event_has_its_own(path: Path) -> None:
    with Store.open(path, clock=lambda: 1000.0) as store:
        store.record(Run(id=""), [states.started(), replace(states.note(), at=5.5)])
        assert [e["at"] for e in store.log()] == ["1970-01-01T00:16:40.000Z", "1970-01-01T00:00:05.500Z"]


# Other processes


def test_an_old_value_catches_up_before_it_records(path: Path, store: Store) -> None:
    run = states.begun(store)
    with Store.open(path) as other:
        theirs = other.load("r1")
        assert theirs is not None
        other.record(theirs, [Event(EventType.STOP_REQUESTED)])
    run = store.record(run, [states.note()])
    assert run.stop
    assert seqs(store) == list(range(1, run.seq + 1))
    assert store.load("r1") == index(run)


def test_catching_up_brings_news_and_nothing_else(path: Path, store: Store) -> None:
    run = states.begun(store)
    assert store.catch_up(run) is run
    with Store.open(path) as other:
        other.record(Run(id=""), [states.started()])
        assert store.catch_up(run) == run
        other.record(run, [states.dispatched("M1/phase-1")])
    caught = store.catch_up(run)
    assert (caught.units["M1/phase-1"].status, caught.dirty) == ("in-progress", Map())
    asked: list[str] = []
    store.db._connection.set_trace_callback(asked.append)
    assert store.catch_up(caught) is caught
    assert asked == ["PRAGMA data_version"]
    assert store.catch_up(run) == caught


def test_an_unchanged_database_is_not_asked_for_events(store: Store) -> None:
    run = states.begun(store)
    asked: list[str] = []
    store.db._connection.set_trace_callback(asked.append)
    store.catch_up(run)
    assert asked == ["PRAGMA data_version"]


# Ahead of what is written


def test_what_is_ahead_is_written_with_the_next_event(store: Store) -> None:
    run = states.begun(store)
    written = seqs(store)
    ahead = store.ahead(run, [states.dispatched("M1/phase-1")], None)
    ahead = store.ahead(ahead.run, [states.dispatched("M1/phase-2")], None, ahead)
    assert seqs(store) == written and len(ahead.run.live["M1"]) == 2
    run, news = store.recorded(ahead.run, [states.note()], None, ahead)
    assert [event.seq for event in news] == seqs(store)[len(written) :]
    assert [event.type for event in news] == ["attempt-started", "attempt-started", "note"]
    assert store.load("r1") == index(run) == index(store.replay("r1"))


def test_others_news_come_before_what_is_ahead(path: Path, store: Store) -> None:
    run = states.begun(store)
    ahead = store.ahead(run, [states.dispatched("M1/phase-1")], None)
    with Store.open(path) as other:
        other.record(run, [Event(EventType.STOP_REQUESTED)])
    assert not store.is_current(run)
    run, news = store.recorded(ahead.run, [states.note()], None, ahead)
    assert [event.type for event in news] == ["stop-requested", "attempt-started", "note"]
    assert run.stop and seqs(store) == list(range(1, run.seq + 1))
    assert store.load("r1") == index(run) == index(store.replay("r1"))


def test_what_is_ahead_under_a_lost_lease_is_never_written(store: Store) -> None:
    run = states.begun(store)
    lease = leases.claim(store, "M1", me(), 60.0, 100.0)
    ahead = store.ahead(run, [states.dispatched("M1/phase-1")], lease.fence)
    leases.release(store, lease, 101.0)
    written = seqs(store)
    with pytest.raises(LeaseLost):
        store.recorded(ahead.run, [states.note()], lease.fence, ahead)
    assert seqs(store) == written


def test_what_may_not_follow_leaves_what_is_ahead(store: Store) -> None:
    run = states.begun(store)
    ahead = store.ahead(run, [states.dispatched("M1/phase-1")], None)
    with pytest.raises(IllegalTransition):
        store.recorded(ahead.run, [states.dispatched("M1/phase-1")], None, ahead)
    run, _ = store.recorded(ahead.run, [], None, ahead)
    assert store.load("r1") == index(run)


# Fences


def test_a_write_carries_its_epoch(store: Store) -> None:
    lease = leases.claim(store, "M1", me(), 60.0, 100.0)
    run = store.record(Run(id=""), [states.started(), states.read(states.group())])
    run = store.record(run, [states.opened()], lease.fence)
    assert run.groups["M1"].epoch == lease.epoch == 1
    assert [e["epoch"] for e in store.log(since=run.seq - 1)] == [1]


@pytest.mark.parametrize("wrong", [{"epoch": 2}, {"token": "other"}, {"group": "M2"}])
def test_a_write_under_another_lease_is_refused_whole(store: Store, wrong: dict[str, object]) -> None:
    run = states.begun(store)
    lease = leases.claim(store, "M1", me(), 60.0, 100.0)
    before = seqs(store)
    with pytest.raises(LeaseLost) as refused:
        store.record(run, [states.note()], [lease.fence, replace(lease.fence, **wrong)])  # type: ignore[arg-type]
    assert (refused.value.code, seqs(store)) == (Exit.LOCKED, before)


def test_a_released_lease_fences_nothing(store: Store) -> None:
    run = states.begun(store)
    lease = leases.claim(store, "M1", me(), 60.0, 100.0)
    leases.release(store, lease, 101.0)
    with pytest.raises(LeaseLost):
        store.record(run, [states.note()], lease.fence)


def test_a_group_that_was_never_claimed_has_no_fence(store: Store) -> None:
    run = states.begun(store)
    with pytest.raises(LeaseLost, match="nobody holds it"):
        store.record(run, [states.note()], Fence("M1", 1, "token"))


# Reading


def test_the_log_has_the_shape_of_the_contract(store: Store) -> None:
    run = states.begun(store)
    states.carried_out(store, run, "M1/phase-1")
    events = list(store.log())
    assert [list(event) for event in events] == [
        ["seq", "at", "run", "epoch", "type", "group", "unit", "attempt", "data"]
    ] * len(events)
    assert events[0]["run"] == "r1" and events[0]["group"] is None
    assert events[3]["unit"] == "M1/phase-1"
    json.dumps(events)


def test_the_log_is_read_in_pages_without_losing_any(store: Store) -> None:
    run = states.begun(store)
    run = store.record(run, [states.note(str(n)) for n in range(1200)])
    store.record(Run(id=""), [states.started()])
    assert [e["seq"] for e in store.log(since=2, run="r1")] == list(range(3, run.seq + 1))
    assert {e["group"] for e in store.log(group="M1")} == {"M1"}
    assert [e["run"] for e in store.log(since=run.seq)] == ["r2"]


def test_receipts_and_usage_have_rows(store: Store) -> None:
    run = states.begun(store)
    states.carried_out(store, run, "M1/phase-1")
    receipt = store.known_receipt("test", "pytest", "t" * 40)
    assert receipt is not None and receipt["exit_code"] == 0 and receipt["unit"] == "M1/phase-1"
    assert store.receipts(run="r1") == store.receipts(unit="M1/phase-1") == [receipt]
    assert store.known_receipt("test", "pytest -x", "t" * 40) is None
    assert store.known_receipt("test", "pytest", "t" * 40, "M1/phase-2") is None
    assert store.usage(run="r1") == {"input": 100, "output": 20, "cost_usd": 0.5, "turns": 1}
    assert store.usage(run="r2") == {"input": 0, "output": 0, "cost_usd": 0.0, "turns": 0}


def test_a_backend_may_claim_any_number_of_tokens(store: Store) -> None:
    run = store.record(states.begun(store), [states.dispatched("M1/phase-1")])
    run = store.record(run, [states.about(EventType.TURN_STARTED, "M1/phase-1", turn=1)])
    used = {"input": 10**30, "output": 1}
    run = store.record(run, [states.about(EventType.TURN_ENDED, "M1/phase-1", exit_class="ok", usage=used)])
    assert store.usage(run="r1")["input"] >= 2**62
    assert store.load("r1") == index(run)


def test_the_newest_receipt_of_a_check_is_the_known_one(store: Store) -> None:
    run = states.begun(store)
    run = store.record(run, [states.dispatched("M1/phase-1")])
    same = {"name": "test", "command": "pytest", "tree": "t"}
    for code in (1, 0):
        run = store.record(run, [states.about(EventType.RECEIPT, "M1/phase-1", **same, exit_code=code)])
    found = store.known_receipt("test", "pytest", "t", "M1/phase-1")
    assert found is not None and found["exit_code"] == 0


def test_a_summary_counts_units(store: Store) -> None:
    run = states.begun(store, states.group("M10", 3, order=10), states.group("M2", 1, order=2))
    states.carried_out(store, run, "M10/phase-1")
    summary = store.summary()
    assert [(g["id"], g["counts"]) for g in summary.groups] == [
        ("M2", {"pending": 1}),
        ("M10", {"done": 1, "pending": 2}),
    ]
    assert summary.run is not None and (summary.run["id"], summary.run["state"]) == ("r1", "running")
    assert summary.decisions == []


def test_pending_decisions_are_in_the_summary_until_answered(store: Store) -> None:
    run = states.begun(store)
    decision = {"id": "D1", "gate": "push", "group": "M1", "question": "Push it?", "options": ["push", "keep"]}
    run = store.record(run, [Event(EventType.DECISION_ASKED, group="M1", data={"decision": decision})])
    assert [(d["id"], d["options"]) for d in store.summary().decisions] == [("D1", ["push", "keep"])]
    store.record(run, [Event(EventType.DECISION_ANSWERED, group="M1", data={"id": "D1", "answer": "keep"})])
    assert store.summary().decisions == []


def test_units_are_listed_in_order_as_status_shows_them(store: Store) -> None:
    run = states.begun(store, states.group("M1", 11), states.group("M2", 1, order=2))
    run = states.carried_out(store, run, "M1/phase-2")
    store.record(run, [states.dispatched("M1/phase-1"), states.dispatched("M2/phase-1")])
    listed = {key: json.loads(text) for key, text in store.units_json({"M1/phase-1": "quiet"}).items()}
    assert [unit["id"] for unit in listed["M1"]] == [f"M1/phase-{n}" for n in range(1, 12)]
    assert listed["M1"][0] == {
        "id": "M1/phase-1", "status": "in-progress", "attempts": 1, "liveness": "quiet", "commit": None,
    }  # fmt: skip
    assert (listed["M1"][1]["commit"], listed["M1"][1]["liveness"]) == ("c" * 40, None)
    assert listed["M2"][0]["liveness"] is None
    assert store.live_units() == ["M1/phase-1", "M2/phase-1"]


def test_events_outside_of_runs(store: Store) -> None:
    store.append([Event(EventType.PLAN_REVIEWED, group="M1", data={"digest": n}) for n in "ab"])
    found = store.last_event("plan-reviewed", "M1")
    assert found is not None and (found["data"], found["run"], found["seq"]) == ({"digest": "b"}, None, 2)
    assert store.last_event("plan-reviewed", "M2") is None


# Cost: what is read often is found by an index, however large the tables are.


@pytest.mark.parametrize(
    "work",
    [
        lambda store, run: store.summary(),
        lambda store, run: list(store.log(since=3)),
        lambda store, run: list(store.log(since=3, run="r1")),
        lambda store, run: list(store.log(group="M1")),
        lambda store, run: leases.claim(store, "M2", me(), 60.0, 100.0, foreign_at=90.0, foreign_text="a/b/c epoch=0"),
        lambda store, run: store.record(run, [states.dispatched("M1/phase-2")]),
        lambda store, run: (store._seen.clear(), store.catch_up(run)),
        lambda store, run: store.known_receipt("test", "pytest", "t", "M1/phase-1"),
        lambda store, run: (store.receipts(unit="x"), store.usage(group="M1"), store.last_event("note", "M1")),
        lambda store, run: (store.live_units(), store.latest_run_id(), store.new_run_id()),
        lambda store, run: (store.load("r1"), store.replay("r1")),
    ],
)
def test_no_table_is_scanned(store: Store, work: object) -> None:
    run = states.begun(store)
    asked: list[str] = []
    store.db._connection.set_trace_callback(asked.append)
    try:
        work(store, run)  # type: ignore[operator]
    except UserError as held:
        assert held.code is Exit.LOCKED
    store.db._connection.set_trace_callback(None)
    assert asked
    plans = {sql: plan(store, sql) for sql in asked if sql.split()[0] in ("SELECT", "UPDATE", "DELETE", "INSERT")}
    pending = "SCAN d USING INDEX decisions_pending"
    whole_lists = ("SCAN groups USING INDEX groups_list", "SCAN unit_counts", pending)
    scans = {s: p for s, p in plans.items() for line in p if line.startswith("SCAN ") and line not in whole_lists}
    assert not scans


def plan(store: Store, sql: str) -> list[str]:
    return [row[3] for row in store.db.rows(f"EXPLAIN QUERY PLAN {sql}")]


def test_every_unit_is_listed_from_an_index_alone(store: Store) -> None:
    found = plan(store, "SELECT group_id, group_concat(brief) FROM units GROUP BY group_id")
    assert found == ["SCAN units USING COVERING INDEX units_list"]
    assert plan(store, "SELECT max(seq) FROM events") == ["SEARCH events"]
