"""`roundtable`: units of a Kiro spec at the same time, each with an owner and reviewers of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import kiro_specs
from tests.support.live import background, kill, until
from tests.support.projects import World, world

SPEC = ".kiro/specs/login"
TASKS = """# Implementation Plan: Sign in

- [ ] 1. Store of users
  - _writes: src/store.txt_
- [ ] 2. Page
  - _writes: src/page.txt_
- [ ] 3. Checkpoint - all of it works
- [ ] 4. Password rules
"""
IDS = ("1", "2", "3", "4")
LEAK = {"severity": "blocking", "file": "src/store.txt", "line": 1, "title": "It leaks"}


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path)


def unit(id_: str, **more: Any) -> dict[str, Any]:
    return {"task_id": id_, "type": "code", "owner_agent": "codex", "criticality": "standard", **more}


def assigns(place: World, *units: dict[str, Any], **when: Any) -> None:
    place.rule({"role": "assigner", **when}, {"say": json.dumps({"dispatch_units": list(units)})})


def builds(place: World, *ids: str) -> None:
    for id_ in ids:
        path = {"1": "src/store.txt", "2": "src/page.txt"}.get(id_, f"src/{id_}.txt")
        place.rule({"unit": f"login/{id_}", "role": "worker"}, {"append": {"path": path, "text": "made\n"}})


def run(place: World, *words: str) -> int:
    place.save()
    return place.run("--workflow", "roundtable", "--plan", SPEC, "--auto", *words)


def events(place: World, *types: str) -> list[dict[str, Any]]:
    return [event for event in place.json("log")["events"] if event["type"] in types]


def attempts(place: World) -> list[str]:
    return [event["attempt"] for event in events(place, "attempt-started")]


def prompt(place: World, ticket: str) -> str:
    return (place.root / f".orchestra/runs/r1/{ticket}/turn-1/prompt.md").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A spec with a finding about its first unit, carried out to the end."""
    place = world(tmp_path_factory.mktemp("whole"))
    kiro_specs.write(place.root, TASKS, "login")
    assigns(place, *(unit(id_) for id_ in IDS[:3]), unit("4", criticality="security-sensitive", writes=["src/4.txt"]))
    learnt = {"report": {"learnings": ["Pages are plain text", "pages are plain text."]}}
    place.rule({"unit": "login/2", "role": "worker"}, {"write": {"path": "src/page.txt", "text": "x\n"}}, learnt)
    builds(place, *IDS)
    place.rule({"unit": "login/1", "role": "reviewer"}, {"findings": [LEAK]}, times=1)
    place.approves()
    assert run(place) == 0, place.said()
    return place


def test_every_unit_is_committed_once_and_every_fix_too(whole: World) -> None:
    at_once = ["feat(login): Page", "feat(login): Store of users", "fix(login): It leaks"]
    assert sorted(whole.subjects()[2:5]) == at_once
    assert whole.subjects()[5:] == ["feat(login): Checkpoint - all of it works", "feat(login): Password rules"]
    assert whole.subjects(cwd=whole.remote) == whole.subjects()


def test_an_assigner_comes_first_and_units_that_write_other_things_run_at_once(whole: World) -> None:
    log = [(e["type"], e["attempt"]) for e in events(whole, "attempt-started", "unit-accepted")]
    assert log[0][1] == "login.assigner-1"
    begun = log.index(("attempt-started", "login.2.worker-1"))
    assert begun < log.index(("unit-accepted", "login.1.worker-1"))
    assert log.index(("attempt-started", "login.3.worker-1")) > log.index(("unit-accepted", "login.1.worker-2"))


def test_the_more_critical_a_unit_the_more_reviewers_look_at_it(whole: World) -> None:
    tickets = [ticket for ticket in attempts(whole) if ".reviewer-" in ticket and not ticket.startswith("login.1.")]
    assert sorted(tickets) == ["login.2.reviewer-1", "login.3.reviewer-1", "login.4.reviewer-1", "login.4.reviewer-2"]


def test_a_fix_is_looked_at_for_what_it_had_to_mend(whole: World) -> None:
    ended = [e["data"] for e in events(whole, "unit-review-ended") if e["unit"] == "login/1"]
    assert [data["verdict"] for data in ended] == ["changes-requested", "approved"]
    (finding,) = ended[0]["findings"]
    assert ended[1]["findings"][0]["status"] == "fixed"
    for ticket in ("login.1.worker-2", "login.1.reviewer-2"):
        assert finding["id"] in prompt(whole, ticket)
    assert "the fix, and only the fix" in prompt(whole, "login.1.reviewer-2").casefold()


def test_paths_that_an_assigner_named_are_the_scope_where_the_plan_is_silent(whole: World) -> None:
    scope = json.loads((whole.root / ".orchestra/runs/r1/login.4.worker-1/turn-1/scope.json").read_text())
    assert scope["write"][0] == "src/4.txt"
    stated = json.loads((whole.root / ".orchestra/runs/r1/login.1.worker-2/turn-1/scope.json").read_text())
    assert stated["write"][0] == "src/store.txt"
    assert json.loads((whole.root / ".orchestra/runs/r1/login.assigner-1/turn-1/scope.json").read_text())["write"] == []


def test_what_status_says_afterwards(whole: World) -> None:
    (group,) = whole.json("status")["groups"]
    assert {unit["status"] for unit in group["units"]} == {"done"}
    assert "[x] 4. Password rules" in (whole.root / SPEC / "tasks.md").read_text()


def test_what_agents_learnt_is_proposed_and_not_written(whole: World) -> None:
    patch = whole.root / ".orchestra/runs/r1/learnings-login.patch"
    assert patch.read_text().count("+- Pages are plain text") == 1
    assert str(patch) in whole.text("report-run")
    assert not (whole.root / "AGENTS.md").exists()
    whole.git("apply", "--check", str(patch))


# Assigners


def _small(place: World, tasks: str = "# Plan\n\n- [ ] 1. One thing\n- [ ] 2. After it\n  - _depends: 1_\n") -> None:
    kiro_specs.write(place.root, tasks, "login")


def _sources(place: World) -> list[str]:
    return [event["data"]["source"] for event in events(place, "unit-assigned")]


def test_an_answer_that_cannot_be_used_is_repaired_once(place: World) -> None:
    _small(place)
    place.rule({"role": "assigner"}, {"say": "I would give 1 to codex."}, times=1)
    assigns(place, unit("1"), unit("2"))
    builds(place, "1", "2")
    place.approves()
    assert run(place) == 0, place.said()
    assert (_sources(place), attempts(place).count("login.assigner-1")) == (["agent"] * 2, 1)
    assert "sent back: your answer cannot be used: the answer must be one JSON object" in place.said()
    second = (place.root / ".orchestra/runs/r1/login.assigner-1/turn-2/prompt.md").read_text()
    assert "the answer must be one JSON object" in second


def test_an_assigner_that_never_makes_sense_holds_nothing_up(place: World) -> None:
    _small(place)
    assigns(place, unit("1", owner_agent="the-boss"), unit("7"))
    builds(place, "1", "2")
    place.approves()
    assert run(place) == 0, place.said()
    assert _sources(place) == ["fallback"] * 2
    told = next(event for event in events(place, "sent-back"))["data"]["feedback"]
    assert "'the-boss'" in told and "'7' is no unit" in told and "nobody was named for 2" in told


def test_half_a_character_in_an_answer_reaches_no_file(place: World) -> None:
    _small(place)
    assigns(place, unit("1", target_window="\ud800"), unit("2"))
    builds(place, "1", "2")
    place.approves()
    assert run(place) == 0, place.said()
    window = json.loads((place.root / SPEC / "AGENT_STATE.json").read_text())["window_mapping"]
    assert (window, _sources(place)) == ({"1": "?"}, ["agent"] * 2)


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, '{"a":' * 900 + "1" + "}" * 900])
def test_an_answer_without_end_is_no_answer(place: World, deep: str) -> None:
    _small(place)
    place.rule({"role": "assigner"}, {"say": deep})
    builds(place, "1", "2")
    place.approves()
    assert run(place) == 0, place.said()
    assert _sources(place) == ["fallback"] * 2


# Owners, escalation, people


def test_what_its_owner_cannot_mend_another_one_tries_and_then_a_person_is_asked(place: World) -> None:
    _small(place)
    (place.root / "mend.sh").write_text("mkdir -p src && echo another >> src/1.txt\n")
    place.config(
        backend={"name": "scripted", "script": "../script.yml", "command": "sh mend.sh"},
        roundtable={"owners": {"codex": "scripted", "gemini": "command"}, "reviewers": ["scripted"]},
    )
    assigns(place, unit("1"), unit("2"))
    place.rule({"unit": "login/1", "role": "reviewer"}, {"findings": [{**LEAK, "file": "src/1.txt"}]})
    place.approves()
    builds(place, "1", "2")
    place.save()
    words = ["run", "--workflow", "roundtable", "--plan", SPEC, "--auto"]
    assert place.call(*words) == 2, place.said()
    backends = [e["data"]["backend"] for e in events(place, "attempt-started") if ".1.worker-" in e["attempt"]]
    assert backends == ["scripted", "scripted", "scripted", "command"]
    assert "The fix of scripted" in prompt(place, "login.1.worker-4")
    assert [f"after review round {n}." in prompt(place, f"login.1.worker-{n + 1}") for n in (1, 2, 3)] == [True] * 3
    (asked,) = place.json("status")["decisions"]
    assert asked["options"] == ["retry", "accept", "skip", "stop"]
    begun = attempts(place)
    assert not [ticket for ticket in begun if ticket.startswith("login.2.")]

    # Nothing is forgotten, and nothing runs without an answer.
    assert place.call(*words) == 2
    assert attempts(place) == begun
    assert place.call("decide", asked["id"], "accept") == 0
    assert place.call(*words) == 0, place.said()
    assert "feat(login): After it" in place.subjects()


def test_a_file_that_is_named_by_its_place_in_the_work_tree_is_the_same_file(place: World) -> None:
    _small(place, "# Plan\n\n- [ ] 1. One thing\n")
    found = '[{"severity": "blocking", "file": "%s/src/store.txt", "title": "Attempt %s"}]'
    said = f"[ $ORCHESTRA_ATTEMPT -lt 3 ] && printf '{found}' $PWD $ORCHESTRA_ATTEMPT || echo '[]'"
    place.config(
        backend={"name": "scripted", "script": "../script.yml", "command": said},
        roundtable={"owners": {"codex": "scripted"}, "reviewers": ["command"]},
    )
    assigns(place, unit("1"))
    builds(place, "1")
    place.save()
    assert place.call("run", "--workflow", "roundtable", "--plan", SPEC, "--auto") == 0, place.said()
    ended = [e["data"] for e in events(place, "unit-review-ended")]
    # What is new in the fix's own diff is not put off.
    assert [data["verdict"] for data in ended] == ["changes-requested"] * 2 + ["approved"]
    assert {finding["file"] for data in ended for finding in data["findings"]} == {"src/store.txt"}


def test_owners_whose_program_is_not_there_are_replaced_and_that_is_said_once(place: World) -> None:
    _small(place)
    place.config(
        backend={"name": "scripted", "script": "../script.yml", "gemini": {"program": "no-such-program"}},
        roundtable={"owners": {"codex": "scripted", "gemini": "gemini"}},
    )
    assigns(place, unit("1", owner_agent="gemini"), unit("2"))
    place.approves()
    builds(place, "1", "2")
    place.save()
    assert place.call("run", "--workflow", "roundtable", "--plan", SPEC, "--auto") == 0, place.said()
    assert place.said().count("gemini cannot be used here; scripted does its work") == 1
    assert {e["data"]["backend"] for e in events(place, "attempt-started")} == {"scripted"}


def test_sequential_asks_for_each_unit_when_it_is_wanted(place: World) -> None:
    _small(place, "# Plan\n\n- [ ] 1. One thing\n- [ ] 2. After it\n")
    place.config(sequential={"assign": "enabled"}, pipeline={"review": "skip"})
    for id_ in ("1", "2"):
        said = {"assignments": [{"task_id": id_, "type": "ui", "owner_agent": "gemini"}]}
        place.rule({"role": "assigner", "unit": f"login/{id_}"}, {"say": f"```json\n{json.dumps(said)}\n```"})
    builds(place, "1", "2")
    place.save()
    assert place.run("--workflow", "sequential", "--plan", SPEC, "--auto") == 0, place.said()
    assert attempts(place) == ["login.1.assigner-1", "login.1.worker-1", "login.2.assigner-1", "login.2.worker-1"]


# Kills


def test_killed_while_an_assigner_and_while_reviewers_work_it_goes_on_where_it_stood(place: World) -> None:
    kiro_specs.write(place.root, TASKS, "login")
    said = {"dispatch_units": [unit(id_, criticality="complex" if id_ == "1" else "standard") for id_ in IDS]}
    place.rule({"role": "assigner"}, {"sleep": 1.0}, {"say": json.dumps(said)})
    place.rule({"unit": "login/1", "role": "reviewer", "attempt": 1}, {"sleep": 1.0}, {"findings": [LEAK]})
    builds(place, *IDS)
    place.approves()
    place.save()
    words = ("--workflow", "roundtable", "--plan", SPEC, "--auto")
    for ticket in ("login.assigner-1", "login.1.reviewer-1"):
        with background(place, *words) as running:
            until(lambda t=ticket: (place.root / f".orchestra/runs/r1/{t}/turn-1/pid").exists(), f"{ticket} at work")  # type: ignore[misc]
            kill(running)
    assert run(place) == 0, place.said()
    assert attempts(place).count("login.assigner-1") == attempts(place).count("login.1.reviewer-1") == 1
    assert len([ticket for ticket in attempts(place) if ticket.startswith("login.1.reviewer-")]) == 4
    assert sorted(place.subjects()[2:]) == [
        "chore: plan",
        "feat(login): Checkpoint - all of it works",
        "feat(login): Page",
        "feat(login): Password rules",
        "feat(login): Store of users",
        "fix(login): It leaks",
    ]


# Views


def test_views_are_brought_back_byte_for_byte(whole: World) -> None:
    folder = whole.root / SPEC
    names = ("TASKS_PARSED.json", "AGENT_STATE.json", "PROJECT_PULSE.md")
    before = {name: (folder / name).read_bytes() for name in names}
    for name in names:
        (folder / name).unlink()
    assert whole.call("views") == 0
    assert {name: (folder / name).read_bytes() for name in names} == before
    page = folder / "PROJECT_PULSE.md"
    page.write_bytes(
        before["PROJECT_PULSE.md"].replace(b"## ", b"Mine.\n\n## ", 1).replace(b"- Completed: 4", b"- Completed: 9")
    )
    assert whole.call("views") == 0
    assert page.read_bytes() == before["PROJECT_PULSE.md"].replace(b"## ", b"Mine.\n\n## ", 1)
    page.write_bytes(before["PROJECT_PULSE.md"])
