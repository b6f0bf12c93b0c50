"""The review of a plan: what its reviewer is told, what the findings come to, and what `ready` makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestra.core.model import Event
from orchestra.drive.plan_review import is_plan_ticket, points
from orchestra.plans.lint import REVIEW_POINTS
from orchestra.state.store import Store
from tests.support import planning, shown, states
from tests.support.planning import milestone, phase
from tests.support.shown import Said, orchestra

TICKET = "M1.plan-reviewer"
BLOCKING = {"severity": "blocking", "file": "phases/phase-1.md", "line": 12, "title": "Nobody makes the table"}
COMMENT = {"severity": "suggestion", "title": "A shorter title would do"}


@pytest.fixture
def home(tmp_path):
    made = milestone(tmp_path)
    phase(made)
    return made


def brief(root: Path, ticket: str = TICKET) -> Said:
    return orchestra(root, "brief", ticket)


def report(root: Path, *findings: dict[str, Any], ticket: str = TICKET) -> Said:
    return orchestra(root, "report", ticket, "--findings", "-", "--json", stdin=json.dumps(findings).encode())


def review(root: Path, *findings: dict[str, Any]) -> Said:
    said = brief(root)
    return report(root, *findings) if said.code == 0 else said


def change(home: Path, text: str) -> None:
    (home / "prd.md").write_text(f"# Why\n\n{text}\n")


def events(root: Path) -> list[dict[str, Any]]:
    with Store.open(root / ".orchestra/state.db") as store:
        return list(store.log())


def test_the_brief_names_the_files_the_points_and_the_command(tmp_path, home):
    text = brief(tmp_path, "m1.plan-reviewer").out
    for part in (
        "plan-reviewer of M1 (Name), round 1 of 3",
        f"{home}: prd.md, milestone.md, phases/phase-1.md",
        "- the milestone has a Complexity: yes",
        "- the skills fit the work",
        f"orchestra report {TICKET} --findings -",
    ):
        assert part in text
    assert "yes" not in text.split("## What you judge")[1]
    assert len(text) < 4800


def test_what_code_finds_is_in_the_brief(tmp_path, home):
    text = (home / "phases/phase-1.md").read_text().replace("- No network\n", "").replace("- One file", "- A or B")
    (home / "phases/phase-1.md").write_text(text)
    told = brief(tmp_path).out
    assert re.search(r"two Constraints or more: phase-1\.md:\d+: a `standard` phase has 1", told)
    assert "leaves a choice open" in told
    assert "each phase has its References: yes" in told


def test_each_missing_section_is_told_at_its_own_point(tmp_path, home):
    path = home / "phases/phase-1.md"
    path.write_text(path.read_text().replace("## References\n\n- README.md\n", ""))
    told = dict(points(planning.read(tmp_path).about("M1")))
    assert list(told) == [point for point, _ in REVIEW_POINTS]
    assert [point for point, said in told.items() if said not in ("", "yes")] == ["each phase has its References"]


@pytest.mark.parametrize(
    ("findings", "verdict", "ready"),
    [
        ([], "approved", 0),
        ([COMMENT], "approved-with-comments", 0),
        ([{**COMMENT, "severity": "important"}], "changes-requested", 1),
        ([COMMENT, BLOCKING], "changes-requested", 1),
    ],
)
def test_code_computes_the_verdict_and_ready_obeys_it(tmp_path, home, findings, verdict, ready):
    said = review(tmp_path, *findings)
    assert (said.code, said.json["ok"], said.json["verdict"], said.json["round"]) == (0, True, verdict, 1)
    assert orchestra(tmp_path, "ready", "M1").code == ready
    recorded = [event["data"] for event in events(tmp_path) if event["type"] == "plan-reviewed"]
    assert [data["verdict"] for data in recorded] == [verdict]
    assert len(recorded[0]["findings"]) == len(findings)


def test_ready_lists_what_has_to_be_mended(tmp_path, home):
    review(tmp_path, BLOCKING)
    said = orchestra(tmp_path, "ready", "M1")
    assert "round 1 of 3 asked for changes" in said.err
    assert "phases/phase-1.md:12: Nobody makes the table" in said.err
    assert f"orchestra brief {TICKET}" in said.err


def test_a_review_of_an_older_plan_does_not_count(tmp_path, home):
    review(tmp_path)
    change(home, "Another problem.")
    said = orchestra(tmp_path, "ready", "M1")
    assert said.code == 1
    assert "no review of M1 is recorded for the plan as it stands now" in said.err


def test_a_plan_that_changes_under_its_reviewer_has_not_been_reviewed(tmp_path, home):
    brief(tmp_path)
    change(home, "Another problem.")
    said = report(tmp_path)
    assert (said.code, said.json["ok"]) == (1, False)
    assert "has changed since your brief" in said.json["text"]
    assert orchestra(tmp_path, "ready", "M1").code == 1
    assert review(tmp_path).json["verdict"] == "approved"


def test_what_a_run_writes_into_the_files_is_no_change(tmp_path, home):
    review(tmp_path)
    path = home / "milestone.md"
    path.write_text(path.read_text().replace("planning", "failed"))
    assert orchestra(tmp_path, "ready", "M1").code == 0


def test_nobody_reports_without_a_brief(tmp_path, home):
    said = report(tmp_path)
    assert said.code == 64
    assert "nobody was briefed" in said.json["error"]["message"]


def test_one_plan_has_one_review(tmp_path, home):
    """Asking again and again until somebody likes it is not a review."""
    review(tmp_path, BLOCKING)
    assert brief(tmp_path).code == 1
    again = report(tmp_path)
    assert again.code == 1
    assert "is as it was when round 1 asked for changes" in again.json["error"]["message"]
    change(home, "Another problem.")
    assert review(tmp_path).json["verdict"] == "approved"
    assert "was found good" in brief(tmp_path).err
    assert "was found good" in report(tmp_path).json["error"]["message"]


def test_findings_keep_their_ids_and_what_is_not_found_again_is_mended(tmp_path, home):
    first = review(tmp_path, BLOCKING, {**BLOCKING, "title": "Nobody fills it"}).json
    change(home, "Mended in part.")
    told = brief(tmp_path).out
    assert "round 2 of 3" in told
    assert all(id in told for id in first["open"])
    second = report(tmp_path, {**BLOCKING, "line": 99}).json
    assert second["round"] == 2
    assert second["open"] == [first["open"][0]]


def test_after_three_rounds_a_person_decides(tmp_path, home):
    for number in (1, 2, 3):
        change(home, f"Problem {number}.")
        assert review(tmp_path, BLOCKING).json["round"] == number
    change(home, "Problem 4.")
    said = brief(tmp_path)
    assert said.code == 2
    assert "--reviewed-by" in said.err
    ready = orchestra(tmp_path, "ready", "M1")
    assert ready.code == 2
    assert "--reviewed-by" in ready.err
    assert orchestra(tmp_path, "ready", "M1", "--reviewed-by", "Ada").code == 0
    change(home, "Problem 5.")
    assert "round 1 of 3" in brief(tmp_path).out


def test_a_persons_word_begins_the_rounds_anew(tmp_path, home):
    review(tmp_path, BLOCKING)
    with Store.open(tmp_path / ".orchestra/state.db") as store:
        store.append([Event("plan-reviewed", group="M1", data={"digest": "older", "reviewer": "Ada"})])
    assert "round 1 of 3" in brief(tmp_path).out


def test_the_number_of_rounds_is_configured(tmp_path, home):
    (tmp_path / ".orchestra/config.yml").write_text("thresholds:\n  review_rounds: 1\n")
    assert "Say that a person" in review(tmp_path, BLOCKING).json["text"]
    change(home, "Another problem.")
    assert brief(tmp_path).code == 2


def test_what_code_refuses_costs_no_round(tmp_path, home):
    path = home / "phases/phase-1.md"
    path.write_text(path.read_text().replace("depends_on: []", "depends_on: [phase-9]"))
    said = brief(tmp_path)
    assert said.code == 65
    assert "dangling-dependency" in said.err
    path.write_text(path.read_text().replace("depends_on: [phase-9]", "depends_on: []") + "\nTODO: write this\n")
    assert "placeholder" in brief(tmp_path).err


def test_a_plan_that_a_run_has_is_not_reviewed(tmp_path):
    phase(milestone(tmp_path, status="in-progress"))
    assert "only a run changes" in brief(tmp_path).err


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (b"not json", "not JSON"),
        (b'[{"severity": "terrible", "title": "x"}]', "severity"),
        (b'[{"severity": "blocking"}]', "title is missing"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_findings_that_cannot_be_used_are_explained_and_not_recorded(tmp_path, home, stdin, said):
    brief(tmp_path)
    answer = orchestra(tmp_path, "report", TICKET, "--findings", "-", stdin=stdin)
    assert answer.code == 65
    assert said in answer.err
    assert "plan-reviewed" not in [event["type"] for event in events(tmp_path)]


def test_findings_may_come_from_a_file_and_must_come(tmp_path, home):
    brief(tmp_path)
    said = orchestra(tmp_path, "report", TICKET)
    assert said.code == 64
    assert "--findings" in said.err
    (tmp_path / "found.json").write_text("[]")
    assert orchestra(tmp_path, "report", TICKET, "--findings", "found.json").out.startswith("accepted: approved")


def test_an_agent_with_another_ticket_reviews_no_plan(tmp_path, home, monkeypatch):
    brief(tmp_path)
    monkeypatch.setenv("ORCHESTRA_TICKET", "M2.phase-1.worker-1")
    said = report(tmp_path)
    assert said.code == 64
    assert "You hold the ticket M2.phase-1.worker-1" in said.json["error"]["message"]


def test_hostile_words_reach_neither_terminal_nor_brief(tmp_path, home):
    review(tmp_path, {**BLOCKING, "title": "a\x1b[2Jb\n## Scope\nc {{ 7 * 7 }}", "detail": "\x07" * 99})
    said = orchestra(tmp_path, "ready", "M1")
    path = home / "milestone.md"
    path.write_text(path.read_text().replace("Name", "\x1b[31mName {{ 1/0 }}"))
    told = brief(tmp_path).out
    assert "\x1b" not in said.err + told
    assert "{{ 7 * 7 }}" in told and "{{ 1/0 }}" in told
    assert "\n## Scope" not in told


@pytest.mark.parametrize(
    ("ticket", "is_one"),
    [
        (TICKET, True),
        ("m12.plan-reviewer", True),
        ("M1.plan-reviewer-1", False),
        ("M1.reviewer-1", False),
        ("../M1.plan-reviewer", False),
        ("plan-reviewer", False),
        ("M1.plan-reviewer\n", False),
    ],
)
def test_the_ticket(ticket, is_one):
    assert is_plan_ticket(ticket) is is_one


def test_a_milestone_that_is_not_there(tmp_path, home):
    assert brief(tmp_path, "M9.plan-reviewer").code == 64


KILLED = """
import os, signal, sys
from orchestra.main import main
from orchestra.state import rows
real = rows.write_events
def dying(db, events):
    real(db, events)
    if any(str(e.type) == "plan-reviewed" for e in events):
        os.kill(os.getpid(), signal.SIGKILL)
rows.write_events = dying
sys.exit(main(["-C", sys.argv[1], "report", "M1.plan-reviewer", "--findings", sys.argv[2]]))
"""


def test_a_kill_in_the_middle_leaves_no_half_review(tmp_path, home):
    brief(tmp_path)
    (tmp_path / "found.json").write_text("[]")
    process = states.python(KILLED, tmp_path, "found.json")
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert orchestra(tmp_path, "ready", "M1").code == 1
    assert report(tmp_path).json["verdict"] == "approved"


def test_two_reviewers_at_once_make_one_review(tmp_path, home):
    brief(tmp_path)
    (tmp_path / "found.json").write_text("[]")
    code = "import sys; from orchestra.main import main; sys.exit(main(sys.argv[1:]))"
    words = ["-C", str(tmp_path), "report", TICKET, "--findings", "found.json"]
    both = [states.python(code, *words) for _ in range(3)]
    codes = sorted(process.wait(timeout=60) for process in both)
    for process in both:
        process.communicate()
    assert codes == [0, 1, 1]
    assert [event["type"] for event in events(tmp_path)].count("plan-reviewed") == 1


# The product manager


def manager(root: Path) -> str:
    said = brief(root, "product-manager")
    assert said.code == 0, said
    return said.out


def test_an_empty_project(tmp_path):
    (tmp_path / ".orchestra").mkdir()
    text = manager(tmp_path)
    assert "Nothing has run yet." in text
    assert "There is no milestone yet." in text
    assert not (tmp_path / ".orchestra/state.db").exists()


def test_the_product_manager_sees_where_things_stand(tmp_path, home):
    review(tmp_path, BLOCKING)
    text = manager(tmp_path)
    assert "M1 M1-a: planning, 0/1 phases done; review round 1 of 3: changes-requested" in text
    assert "brief M4.plan-reviewer" in text


def test_ten_lines_are_enough_and_what_is_done_goes_first(tmp_path):
    for number in range(1, 15):
        phase(milestone(tmp_path, f"M{number}-x", status="done" if number < 6 else "planning"))
    shown = re.findall(r"^- (M\d+|and) .*$", manager(tmp_path), re.MULTILINE)
    assert shown == [f"M{n}" for n in range(6, 15)] + ["and"]
    assert "and 5 more" in manager(tmp_path)


def test_a_run_that_is_under_way_is_told(tmp_path):
    project = shown.project(tmp_path)
    with shown.store(project) as store:
        run = shown.begun(store, project)
        store.record(run, [states.dispatched("M1/phase-2")])
    text = manager(tmp_path)
    assert "Run r1 is" in text
    assert "M1/phase-2 working" in text
