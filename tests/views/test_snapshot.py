"""The snapshot: everything of a group, once, from one moment."""

from __future__ import annotations

from dataclasses import replace

from orchestra.core.codec import encode
from orchestra.core.events import EventType
from orchestra.core.model import Event, Run
from orchestra.core.words import FindingStatus, Step
from orchestra.state.leases import get, release
from orchestra.views.snapshot import Snapshot, receipt_of
from tests.support import shown, states


def test_everything_of_a_group(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        run = shown.reviewed(store, shown.begun(store, project))
        record = Snapshot.from_store(store).groups["M1"]
    assert record.begun
    assert [unit.id for unit in record.units] == ["M1/phase-1", "M1/phase-2"]
    assert [attempt.ticket for attempt in record.attempts] == [
        "M1.phase-1.worker-1",
        "M1.phase-1.worker-2",
        "M1.phase-2.worker-1",
        "M1.reviewer-1",
    ]
    assert [attempt.step for attempt in record.tries("M1/phase-1")] == [Step.FAILED, Step.ACCEPTED]
    assert record.files == {"M1/phase-1": ("src/a.py", "src/b.py"), "M1/phase-2": ("src/a.py", "src/b.py")}
    assert [(row.name, row.exit_code) for row in record.receipts] == [("test", 1), ("test", 0), ("test", 0)]
    assert [finding.status for finding in record.findings] == [FindingStatus.OPEN]
    assert "M1-D1" in [decision.id for decision in record.decisions]
    assert record.lease is not None and record.lease.held
    assert (record.lease.holder.text, 1) in record.marks
    assert record.group == run.groups["M1"]


def test_an_unknown_group_is_left_out(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        shown.begun(store, project)
        assert Snapshot.from_store(store, ["M9"]).groups == {}
        assert list(Snapshot.from_store(store, ["M1", "M1"]).groups) == ["M1"]


def test_a_released_lease_is_still_told(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        shown.begun(store, project)
        lease = get(store, "M1")
        assert lease is not None
        release(store, lease, store.clock())
        record = Snapshot.from_store(store).groups["M1"]
    assert record.lease is not None and not record.lease.held


def test_what_a_later_run_adopted_is_told_once_and_as_it_is_now(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        run = shown.reviewed(store, shown.begun(store, project))
        finding = replace(run.findings["F-00000001"], status=FindingStatus.FIXED)
        data = {
            "group": encode(run.groups["M1"]),
            "units": [encode(unit) for unit in run.units.values()],
            "attempts": [encode(attempt) for attempt in run.attempts.values()],
            "findings": [encode(finding)],
            "decisions": [encode(decision) for decision in run.decisions.values()],
        }
        before = Snapshot.from_store(store).groups["M1"]
        store.record(Run(id=""), [states.started(), Event(EventType.GROUP_ADOPTED, group="M1", data=data)])
        after = Snapshot.from_store(store).groups["M1"]
    assert after.attempts == before.attempts
    assert after.decisions == before.decisions
    assert after.receipts == before.receipts
    assert after.files == before.files
    assert after.findings == (finding,)


def test_a_receipt_with_holes_is_read() -> None:
    row = receipt_of({"name": "t", "command": None, "exit_code": None, "duration_ms": "x", "attempt": "T"})
    assert (row.command, row.exit_code, row.duration_ms, row.ticket) == ("", -1, 0.0, "T")
