"""The older tool's scripts for `roundtable`: their flags, files and exit codes, on the same engine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from orchestra import main
from orchestra.doors import _roundtable
from tests.support import forks, kiro_specs
from tests.support.projects import World, world

SPEC = ".kiro/specs/feat"
STATE = f"{SPEC}/AGENT_STATE.json"
TASKS = "- [ ] 1. A\n  - _writes: src/a.txt_\n- [ ] 2. B\n  - _writes: src/b.txt_\n- [ ] 3. C\n  - _depends: 1_\n"
FAULT = {"severity": "blocking", "file": "src/a.txt", "title": "Wrong"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("CODEAGENT_NO_TMUX", "1")
    made = world(tmp_path)
    kiro_specs.write(made.root, TASKS, "feat")
    units = [{"task_id": id_, "type": "code", "owner_agent": "codex", "target_window": "w"} for id_ in "123"]
    made.rule({"role": "assigner"}, {"say": json.dumps({"dispatch_units": units})})
    for id_, name in zip("123", "abc", strict=True):
        made.rule({"unit": f"feat/{id_}", "role": "worker"}, {"append": {"path": f"src/{name}.txt", "text": "x\n"}})
    return made


def door(place: World, name: str, *words: str, agent: bool = True) -> int:
    script = ("--backend", "scripted", "--script", str(place.root.parent / "script.yml")) if agent else ()
    return forks.orchestra(place.root, [f"{name}.py", *words, *script], log=place.log)


def shown(place: World, name: str, *words: str, agent: bool = False) -> Any:
    out = place.root.parent / "out.json"
    out.unlink(missing_ok=True)
    script = ("--backend", "scripted", "--script", str(place.root.parent / "script.yml")) if agent else ()
    forks.orchestra(place.root, [f"{name}.py", *words, "--json", *script], log=out)
    return json.loads(out.read_text().splitlines()[-1])


def state(place: World, at: str = STATE) -> Any:
    return json.loads((place.root / at).read_text())


def test_the_loop_carries_a_spec_to_its_end_and_writes_where_it_is_told(place: World) -> None:
    place.approves()
    place.save()
    assert door(place, "orchestration_loop", "--spec", SPEC, "--output", "../seen", "--mode", "deterministic") == 0
    assert sorted(place.subjects()[2:4]) == ["feat(feat): A", "feat(feat): B"]
    assert {task["status"] for task in state(place)["tasks"]} == {"completed"}
    assert state(place, "../seen/AGENT_STATE.json") == state(place)
    assert "- Completed: 3" in (place.root / "../seen/PROJECT_PULSE.md").read_text()
    # Called again, by its state, it has nothing to do.
    assert door(place, "orchestration_loop", "--state", "../seen/AGENT_STATE.json") == 0, place.said()
    assert len(place.subjects()) == 5


def test_files_in_the_checkout_keep_no_run_from_starting_until_they_are_committed(place: World) -> None:
    place.rule({"role": "reviewer"}, {"findings": []})
    place.save()
    flags = ("--output", ".", "--mode", "deterministic")
    assert door(place, "init_orchestration", SPEC, "--output", ".", agent=False) == 0
    assert door(place, "orchestration_loop", "--state", "AGENT_STATE.json", *flags, "--max-iterations", "1") == 1
    assert door(place, "orchestration_loop", "--state", "AGENT_STATE.json", *flags) == 0, place.said()
    assert "- Completed: 3" in (place.root / "PROJECT_PULSE.md").read_text()
    assert "PROJECT_PULSE.md" not in place.git("ls-tree", "-r", "--name-only", "main")

    place.git("add", "PROJECT_PULSE.md")
    place.git("commit", "-m", "page")
    (place.root / "PROJECT_PULSE.md").write_text("mine\n")
    (place.root / SPEC / "tasks.md").write_text(f"{TASKS}- [ ] 4. D\n")
    place.log.unlink()
    assert door(place, "orchestration_loop", "--spec", SPEC, "--mode", "deterministic") == 1
    assert "not committed: PROJECT_PULSE.md\n" in place.said()


def test_by_hand_step_by_step(place: World) -> None:
    place.rule({"role": "reviewer", "unit": "feat/1"}, {"findings": [FAULT]}, times=1)
    place.approves()
    place.save()
    assert door(place, "init_orchestration", SPEC, "--session", "s", "--mode", "codex", agent=False) == 0
    assert [task["status"] for task in state(place)["tasks"]] == ["not_started"] * 3
    assert not (place.root / ".orchestra/state.db").exists()

    assert shown(place, "dispatch_batch", STATE, "--dry-run")["would_begin"] == ["feat.assigner-1"]
    assert door(place, "dispatch_batch", STATE, "--dry-run", agent=False) == 0
    assert "would begin feat.assigner-1\n" in place.said()
    assert door(place, "dispatch_batch", STATE) == 0, place.said()
    words = {task["task_id"]: task["status"] for task in state(place)["tasks"]}
    assert words == {"1": "pending_review", "2": "pending_review", "3": "not_started"}
    assert door(place, "consolidate_reviews", STATE, agent=False) == 1

    due = shown(place, "dispatch_reviews", STATE, "-n")["would_begin"]
    assert sorted(due) == ["feat.1.reviewer-1", "feat.2.reviewer-1"]
    assert door(place, "dispatch_reviews", STATE, "--batch") == 0, place.said()
    told = shown(place, "consolidate_reviews", STATE)
    assert [r["overall_severity"] for r in told["final_reports"]] == ["critical", "none"]
    assert told["tasks"] == {"1": "fix_required", "2": "completed", "3": "not_started"}

    for _ in range(2):
        assert door(place, "dispatch_batch", STATE) == 0, place.said()
        assert door(place, "dispatch_reviews", STATE) == 0, place.said()
    assert door(place, "consolidate_reviews", STATE, agent=False) == 0, place.said()
    assert place.git("ls-tree", "--name-only", "main", "src/").split() == ["src/a.txt", "src/b.txt", "src/c.txt"]
    assert place.statuses() == {"feat": "done"}


def test_in_legacy_mode_code_says_whose_units_are_and_no_agent_is_asked(place: World) -> None:
    kiro_specs.write(place.root, "- [ ] 1. Reset of passwords\n- [x] 2. Done\n- [ ] 3. Refactor it\n", "old")
    place.save()
    assert door(place, "init_orchestration", ".kiro/specs/old", "--mode", "legacy", agent=False) == 0, place.said()
    tasks = state(place, ".kiro/specs/old/AGENT_STATE.json")["tasks"]
    told = [(task.get("owner_agent"), task.get("criticality")) for task in tasks]
    assert told == [("codex", "security-sensitive"), (None, None), ("codex", "complex")]
    assert shown(place, "dispatch_batch", ".kiro/specs/old", "-n")["would_begin"] == ["old.1.worker-1"]
    # Said again, it adds nothing.
    assert door(place, "init_orchestration", ".kiro/specs/old", "--mode", "legacy", agent=False) == 0
    assert sum(event["type"] == "unit-assigned" for event in place.json("log")["events"]) == 2


def test_a_question_for_a_person_is_2(place: World) -> None:
    place.config(roundtable={"fix_rounds": 1})
    place.rule({"role": "reviewer", "unit": "feat/1"}, {"findings": [FAULT]})
    place.approves()
    place.save()
    assert door(place, "orchestration_loop", "--spec", SPEC, "--mode", "deterministic") == 2, place.said()
    (asked,) = state(place)["pending_decisions"]
    assert (asked["task_id"], asked["priority"]) == ("1", "critical")
    assert state(place)["blocked_items"][0]["dependent_tasks"] == ["3"]
    place.log.unlink()
    assert door(place, "orchestration_loop", "--state", STATE, "--mode", "deterministic") == 2
    assert f"{asked['id']} waits for you: {asked['context']} [retry / accept / skip / stop]" in place.said()
    assert door(place, "dispatch_batch", STATE) == 2
    assert door(place, "consolidate_reviews", STATE, agent=False) == 2
    assert place.call("decide", asked["id"], "accept") == 0
    assert door(place, "orchestration_loop", "--state", STATE, "--mode", "deterministic") == 0, place.said()


def test_a_page_that_people_write_in_is_brought_up_to_date(place: World) -> None:
    place.save()
    page = place.root / "PULSE.md"
    page.write_bytes(b"# Ours\r\n\r\n## Mental Model\r\nBob knows.\r\n")
    assert door(place, "sync_pulse", SPEC, "PULSE.md", "-o", "new.md", agent=False) == 0, place.said()
    assert page.read_bytes().endswith(b"Bob knows.\r\n")
    new = (place.root / "new.md").read_bytes()
    assert b"<!-- orchestra: progress -->\r\n" in new and b"<!-- orchestra: plan -->" not in new
    assert door(place, "sync_pulse", SPEC, "PULSE.md", "--update-mental-model", agent=False) == 0, place.said()
    assert b"Bob knows.\r\n\r\n<!-- orchestra: plan -->\r\n" in page.read_bytes()


def test_a_page_that_is_saved_while_it_is_brought_up_to_date_keeps_what_was_saved(place: World) -> None:
    page, saves = place.root / "PULSE.md", iter(["Bob knows.\n", "Bob knows it all.\n"])
    page.write_text("Nobody knows.\n")

    def patch(text: str) -> str:
        if saved := next(saves, ""):
            page.write_text(saved)
        return text + "A part.\n"

    _roundtable.write_page(page, patch)
    assert page.read_text() == "Bob knows it all.\nA part.\n"


def test_a_page_that_is_no_text_stays_as_it_is(place: World) -> None:
    page = place.root / SPEC / "PROJECT_PULSE.md"
    page.write_bytes(b"# Caf\xe9\n")
    assert door(place, "init_orchestration", SPEC, agent=False) == 1
    assert page.read_bytes() == b"# Caf\xe9\n" and "is not UTF-8" in place.said()


@pytest.mark.parametrize(
    "words",
    [
        ("init_orchestration", "nowhere"),
        ("dispatch_batch", "nowhere/AGENT_STATE.json"),
        ("orchestration_loop", "--state", "README.md"),
        ("consolidate_reviews", SPEC, "--task", "77"),
        ("init_orchestration", SPEC, "--output", "README.md/below"),
    ],
    ids=lambda words: words[0],
)
def test_what_is_not_there_is_1_and_not_taken_for_a_question(place: World, words: tuple[str, ...]) -> None:
    assert door(place, *words, agent=False) == 1


def test_a_spec_that_is_wrong_is_1_and_named(place: World) -> None:
    (place.root / SPEC / "tasks.md").write_text("- [ ] 1. A\n- [ ] 1. A again\n- no\n")
    (place.root / SPEC / "tasks.md").write_text("nothing\n")
    assert door(place, "init_orchestration", SPEC, agent=False) == 1
    assert "tasks.md" in place.said()


def test_an_adviser_orders_what_code_offers_and_nothing_more(place: World) -> None:
    wanted = [{"type": "begin", "ticket": "feat.2.worker-1"}, {"type": "begin", "ticket": "feat.3.worker-1"}, "push"]
    place.rule({"role": "adviser"}, {"say": json.dumps({"actions": wanted, "notes": "B is the riskier one"})}, times=1)
    place.rule({"role": "adviser"}, {"say": "I do not know"})
    place.approves()
    place.save()
    flags = ("--max-parallel", "1", "--max-actions", "3", "--sleep", "0.1")
    assert door(place, "orchestration_loop", "--spec", SPEC, *flags) == 0, place.said()
    started = next(e["data"]["limits"] for e in place.json("log")["events"] if e["type"] == "run-started")
    assert (started["max_actions"], started["delay"]) == (3, 0.1)
    assert place.subjects()[2:] == ["feat(feat): B", "feat(feat): A", "feat(feat): C"]
    assert "adviser: first feat.2.worker-1, dropped begin feat.3.worker-1, dropped push" in place.said()
    prompt = (place.root / ".orchestra/runs/r1/feat.adviser-1/turn-1/prompt.md").read_text()
    assert "feat.1.worker-1: A; " in prompt and "feat.3" not in prompt


def test_an_adviser_may_halt_and_the_next_call_goes_on(place: World) -> None:
    place.rule({"role": "adviser"}, {"say": '{"actions": ["halt"], "notes": "the spec is wrong"}'}, times=1)
    place.approves()
    place.save()
    assert door(place, "orchestration_loop", "--spec", SPEC) == 1, place.said()
    assert len(place.subjects()) == 2
    assert door(place, "orchestration_loop", "--spec", SPEC) == 0, place.said()


def test_every_door_has_a_script_of_its_own() -> None:
    scripts = Path(__file__).parents[2] / "scripts"
    listed = json.loads((scripts.parent / "package.json").read_text())["files"]
    (first, *others) = main.DOORS
    for name in others:
        assert (scripts / name).read_text() == (scripts / first).read_text().replace(first, name)
        assert os.access(scripts / name, os.X_OK)
        assert f"scripts/{name}" in listed
