"""The command as a person or a script calls it: real processes, real files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestra import main
from orchestra.state import leases
from orchestra.state.identity import Holder, me
from orchestra.state.lease import lock_text
from orchestra.state.store import Store

from ..support import states

MILESTONE = """\
# Milestone: M1 — User auth

| Field | Value |
|-------|-------|
| Status | ready |
| Complexity | quick |

## Overview
Text | with a bar.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("M1-user-auth", "M10-billing"):
        folder = tmp_path / ".orchestra" / "milestones" / name
        folder.mkdir(parents=True)
        (folder / "milestone.md").write_text(MILESTONE)
    return tmp_path


@pytest.fixture
def lock(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    def call(*words: str) -> tuple[int, dict[str, Any]]:
        code = main.main(["-C", str(project), "lock", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def file(project: Path, name: str = "M1-user-auth") -> Path:
    return project / ".orchestra" / "milestones" / name / "milestone.md"


def supervisor(project: Path, holder: Holder) -> Any:
    with Store.open(project / ".orchestra" / "state.db") as store:
        return leases.claim(store, "M1", holder, 3600.0, datetime.now(UTC).timestamp())


Lock = Callable[..., tuple[int, dict[str, Any]]]


def test_claim_show_renew_release(lock: Lock) -> None:
    code, claimed = lock("claim", "M1", "--ttl", "30")
    assert code == 0 and list(claimed) == ["id", "holder", "epoch", "expires_at", "alive"]
    assert (claimed["id"], claimed["epoch"], claimed["alive"]) == ("M1", 1, True)
    left = datetime.fromisoformat(claimed["expires_at"]) - datetime.now(UTC)
    assert 28 * 60 < left.total_seconds() <= 30 * 60
    assert lock("show", "M1") == (0, claimed)
    code, renewed = lock("renew", "M1", "--ttl", "90")
    assert code == 0 and renewed["epoch"] == 1 and renewed["expires_at"] > claimed["expires_at"]
    free = {"id": "M1", "holder": None, "epoch": 1, "expires_at": None, "alive": False}
    assert lock("release", "M1") == (0, free) == lock("show", "M1") == lock("release", "M1")
    assert lock("claim", "M1")[1]["epoch"] == 2


def test_what_nobody_ever_claimed_is_free(lock: Lock) -> None:
    free = {"id": "M10", "holder": None, "epoch": 0, "expires_at": None, "alive": False}
    assert lock("show", "M10") == (0, free) == lock("release", "M10")
    assert lock("renew", "M10")[0] == 75


def test_a_second_claim_is_refused_and_says_who_and_until_when(lock: Lock) -> None:
    _, first = lock("claim", "M1")
    code, second = lock("claim", "M1")
    assert code == 75 and second["ok"] is False and second["error"]["code"] == 75
    assert {key: second[key] for key in first} == first
    assert first["holder"] in second["error"]["message"] and "until 2" in second["error"]["message"]


def test_a_person_reads_sentences(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["-C", str(project), "lock", "claim", "M1", "--holder", "night shift"]) == 0
    said = capsys.readouterr()
    assert "M1 is held by" in said.out and "night-shift" in said.out and "epoch 1" in said.out
    assert main.main(["-C", str(project), "lock", "claim", "M1"]) == 75
    said = capsys.readouterr()
    assert said.out == "" and "M1 is locked by" in said.err and "--take-over" in said.err
    assert main.main(["-C", str(project), "lock", "release", "M1", "--holder", "day shift"]) == 75
    capsys.readouterr()
    assert main.main(["-C", str(project), "lock", "release", "M1"]) == 0
    assert capsys.readouterr().out == "M1 is free.\n"


def test_the_same_name_again_renews_and_another_name_is_refused(lock: Lock) -> None:
    _, first = lock("claim", "M1", "--holder", "ana")
    code, again = lock("claim", "M1", "--holder", "ana")
    assert (code, again["epoch"], again["holder"]) == (0, 1, first["holder"])
    assert lock("claim", "M1", "--holder", "ben")[0] == 75


def test_taking_over_raises_the_epoch(lock: Lock) -> None:
    lock("claim", "M1", "--holder", "ana")
    code, taken = lock("claim", "M1", "--holder", "ben", "--take-over")
    assert (code, taken["epoch"]) == (0, 2)
    assert lock("renew", "M1", "--epoch", "1")[0] == 75
    assert lock("release", "M1", "--epoch", "1")[0] == 75
    assert lock("renew", "M1", "--epoch", "2")[0] == 0


def test_a_supervisors_lease_needs_its_epoch_or_force(project: Path, lock: Lock) -> None:
    lease = supervisor(project, me())
    assert lock("show", "M1")[1]["holder"] == lease.holder.text
    for action in ("renew", "release", "claim"):
        assert lock(action, "M1")[0] == 75
    assert lock("renew", "M1", "--epoch", "1")[0] == 0
    assert lock("release", "M1", "--epoch", "1")[0] == 0
    supervisor(project, me())
    assert lock("release", "M1", "--take-over")[1]["alive"] is False


@pytest.mark.parametrize("other", [{"host": "elsewhere"}, {"user": "somebody"}, {"name": "ana"}])
def test_anothers_claim_by_hand_is_not_ours_to_release(project: Path, lock: Lock, other: dict[str, str]) -> None:
    by_hand = replace(me(), pid=0, started="", boot_id="", space="")
    supervisor(project, replace(by_hand, **other))  # type: ignore[arg-type]
    words = [] if "name" not in other else ["--holder", "ben"]
    assert lock("release", "M1", *words)[0] == 75
    assert lock("renew", "M1", *words)[0] == 75


def test_a_dead_supervisors_lease_is_shown_as_such_and_claimed_at_once(project: Path, lock: Lock) -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    supervisor(project, replace(me(), pid=process.pid, started="1"))
    assert lock("show", "M1")[1]["alive"] is False
    assert lock("claim", "M1")[1]["epoch"] == 2


# The file


def test_locked_by_follows_the_lease_and_leaves_no_trace(project: Path, lock: Lock) -> None:
    before = file(project).read_bytes()
    _, claimed = lock("claim", "M1")
    text = file(project).read_text()
    assert f"| Locked-By | {datetime.now(UTC):%Y-%m-%d}" in text and f"{claimed['holder']} epoch=1 |\n" in text
    lock("release", "M1")
    assert file(project).read_bytes() == before
    assert file(project, "M10-billing").read_text() == MILESTONE


def test_a_young_foreign_lock_is_respected_and_an_old_one_is_not(project: Path, lock: Lock) -> None:
    young = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    file(project).write_text(MILESTONE.replace("| Complexity", f"| Locked-By | {young} |\n| Complexity"))
    code, refused = lock("claim", "M1")
    assert code == 75 and young in refused["holder"] and refused["alive"] is True
    assert young in file(project).read_text()
    assert lock("release", "M1")[0] == 0 and young in file(project).read_text()
    file(project).write_text(MILESTONE.replace("\n\n|", "\n\nLocked-By: 2020-01-01T00:00:00\n\n|"))
    assert lock("claim", "M1")[0] == 0


def test_a_foreign_lock_of_the_future_is_as_old_as_its_file(project: Path, lock: Lock) -> None:
    file(project).write_text(MILESTONE.replace("| Complexity", "| Locked-By | 2999-01-01T00:00:00Z |\n| Complexity"))
    code, refused = lock("claim", "M1")
    until = datetime.fromisoformat(refused["expires_at"])
    assert code == 75
    assert until - datetime.now(UTC) <= timedelta(hours=1)
    before = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    os.utime(file(project), (before, before))
    assert lock("claim", "M1")[0] == 0


def test_releasing_does_not_remove_what_others_wrote(project: Path, lock: Lock) -> None:
    lock("claim", "M1")
    lock("release", "M1")
    foreign = MILESTONE.replace("| Complexity", "| Locked-By | 2026-01-01T00:00:00Z |\n| Complexity")
    file(project).write_text(foreign)
    assert lock("release", "M1")[0] == 0
    assert file(project).read_text() == foreign


def test_what_we_wrote_ourselves_does_not_lock_us_out(project: Path, lock: Lock) -> None:
    """The command was killed between the release in the database and the file."""
    lock("claim", "M1")
    shown = file(project).read_text()
    lock("release", "M1")
    file(project).write_text(shown)
    assert lock("claim", "M1")[1]["epoch"] == 2


def test_a_file_that_cannot_be_edited_costs_a_warning_and_not_the_lease(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file(project).write_bytes(b"\xff\xfe| Status | ready |")
    assert main.main(["-C", str(project), "lock", "claim", "M1"]) == 0
    said = capsys.readouterr()
    assert "M1 is held" in said.out and "Locked-By was not written" in said.err
    assert file(project).read_bytes() == b"\xff\xfe| Status | ready |"
    file(project).unlink()
    assert main.main(["-C", str(project), "lock", "release", "M1"]) == 0


# Names and numbers


@pytest.mark.parametrize("name", ["m1", "M01", "M1-user-auth", "M1"])
def test_a_milestone_may_be_named_as_people_do(lock: Lock, name: str) -> None:
    assert lock("claim", name)[1]["id"] == "M1"


@pytest.mark.parametrize("name", ["M2", "M", "", "user-auth", "../M1", "a b", "M1/phase-1"])
def test_what_does_not_exist_cannot_be_claimed(project: Path, lock: Lock, name: str) -> None:
    code, refused = lock("claim", name)
    assert code == 64 and refused["error"]["hint"]
    with Store.open(project / ".orchestra" / "state.db") as store:
        assert leases.all(store) == {}


def test_a_group_that_only_the_state_knows_can_be_claimed(project: Path, lock: Lock) -> None:
    with Store.open(project / ".orchestra" / "state.db") as store:
        states.begun(store, states.group("user-auth"))
    assert lock("claim", "user-auth")[1]["id"] == "user-auth"


@pytest.mark.parametrize("minutes", ["0", "-5", "nan", "inf", "1e300", "soon"])
def test_a_time_that_is_none_is_bad_usage(lock: Lock, minutes: str) -> None:
    assert lock("claim", "M1", f"--ttl={minutes}")[0] == 64


def test_the_configured_time_is_the_default(project: Path, lock: Lock) -> None:
    (project / ".orchestra" / "config.yml").write_text("thresholds:\n  lock_timeout_minutes: 5\n")
    _, claimed = lock("claim", "M1")
    left = datetime.fromisoformat(claimed["expires_at"]) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 300


def test_showing_makes_no_database(project: Path, lock: Lock) -> None:
    assert lock("show", "M1")[0] == 0
    assert not (project / ".orchestra" / "state.db").exists()


def test_a_claim_looks_at_no_other_milestone(project: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(os, "open", _noting(os.open, opened))
    monkeypatch.setattr(os, "stat", _noting(os.stat, opened))
    assert lock("claim", "M1")[0] == 0
    assert any("M1-user-auth" in path for path in opened)
    assert not any("M10-billing" in path for path in opened)


def _noting(call: Callable[..., Any], seen: list[str]) -> Callable[..., Any]:
    def noted(path: Any, *args: Any, **options: Any) -> Any:
        seen.append(str(path))
        return call(path, *args, **options)

    return noted


def test_sixteen_commands_at_once_have_one_winner(project: Path) -> None:
    argv = [sys.executable, "-m", "orchestra", "-C", str(project), "lock", "claim", "M1", "--json"]
    env = {**os.environ, "PYTHONPATH": str(states.SCRIPTS)}
    running = [subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) for _ in range(16)]
    answers = [json.loads(process.communicate(timeout=states.DEADLINE_S)[0]) for process in running]
    assert sorted(process.returncode for process in running) == [0, *[75] * 15]
    assert len({answer["holder"] for answer in answers}) == 1
    with Store.open(project / ".orchestra" / "state.db", readonly=True) as store:
        lease = leases.get(store, "M1")
        assert lease is not None and lease.epoch == 1 and lock_text(lease) in file(project).read_text()
