"""`sequential`: a Kiro spec is carried out one unit at a time, in a real repository with real processes."""

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

Some prose, and a list that is none:
1. first

- [x] 1. Project structure
- [ ] 2. Users
  - [ ] 2.1 Store them
    - One file
    - _Requirements: 1.2_
  - [ ]* 2.2 Tests of the store
- [ ] 3. Checkpoint - everything works
- [ ]* 4. Extras
- [ ] 5. Page  <!-- mine -->
"""
TICKED = TASKS.replace("[ ] 2", "[x] 2").replace("[ ] 3", "[x] 3").replace("[ ] 5", "[x] 5")
REQUIREMENTS = """# Requirements

### Requirement 1: Users

1. WHEN somebody signs up THEN the user is kept
2. WHEN the file is missing THEN it is made
"""


@pytest.fixture
def place(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.config(pipeline={"review": "skip"}, thresholds={"stuck_retry_limit": 2})
    return made


def write(place: World, tasks: str | bytes = TASKS, name: str = "login", **beside: str) -> Path:
    return kiro_specs.write(place.root, tasks, name, **beside).tasks


def builds(place: World, *units: str) -> None:
    for unit in units:
        place.writes(unit, f"{unit.replace('/', '-')}.txt")


def run(place: World, *words: str, spec: str = SPEC) -> int:
    return place.run("--workflow", "sequential", "--plan", spec, "--auto", *words)


def events(place: World, *types: str) -> list[dict[str, Any]]:
    return [event for event in place.json("log")["events"] if event["type"] in types]


def attempts(place: World) -> list[str]:
    return [event["attempt"] for event in events(place, "attempt-started")]


def statuses(place: World, group: str = "login") -> dict[str, str]:
    found = next(one for one in place.json("status")["groups"] if one["id"] == group)
    return {unit["id"].rpartition("/")[2]: unit["status"] for unit in found["units"]}


def told(place: World, name: str = "login") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place.root / f".kiro/specs/{name}/SEQUENTIAL_STATE.json").read_text())
    return found


def prompt(place: World, ticket: str, run_id: str = "r1") -> str:
    return (place.root / f".orchestra/runs/{run_id}/{ticket}/turn-1/prompt.md").read_text()


# A whole spec


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A spec that has been carried out."""
    place = world(tmp_path_factory.mktemp("whole"))
    write(place, requirements=REQUIREMENTS)
    steps = ({"write": {"path": "users.txt", "text": "made\n"}}, {"write": {"path": f"{SPEC}/tasks.md", "text": "x\n"}})
    place.rule({"unit": "login/2", "role": "worker"}, *steps)
    place.rule({"unit": "login/3"}, {"say": "all is well"})
    builds(place, "login/5")
    place.approves()
    place.save()
    assert run(place) == 0, place.said()
    return place


def test_open_units_are_built_in_order_reviewed_as_a_whole_and_pushed(whole: World) -> None:
    assert whole.subjects()[2:] == ["feat(login): Users", "feat(login): Page"]
    assert whole.subjects(cwd=whole.remote) == whole.subjects()
    tickets = ["login.2.worker-1", "login.3.worker-1", "login.5.worker-1", "login.reviewer-1"]
    assert attempts(whole) == tickets
    assert statuses(whole) == {"1": "done", "2": "done", "3": "done", "4": "skipped", "5": "done"}


def test_boxes_are_ticked_and_nothing_else_is_touched(whole: World) -> None:
    assert (whole.root / SPEC / "tasks.md").read_text() == TICKED
    changed = whole.git("status", "--porcelain", "--untracked-files=all").splitlines()
    names = ("tasks.md", "SEQUENTIAL_PROGRESS.md", "SEQUENTIAL_STATE.json")
    assert sorted(line.split()[-1] for line in changed) == sorted(f"{SPEC}/{name}" for name in names)


def test_an_agent_that_ticks_boxes_itself_is_set_right(whole: World) -> None:
    assert whole.git("show", f"main:{SPEC}/tasks.md") == TASKS.strip()
    patch = (whole.root / ".orchestra/quarantine/login.2.worker-1.patch").read_text()
    assert f"{SPEC}/tasks.md" in patch


def test_the_reviewer_is_not_sent_after_work_that_was_not_to_be_done(whole: World) -> None:
    _, _, asked = prompt(whole, "login.reviewer-1").partition("## What was asked for\n")
    units = dict(part.split("\n", 1) for part in asked.partition("\n## ")[0].split("### ") if part)
    said = {head.partition(":")[0]: body for head, body in units.items()}
    assert said["login/1"] == "Done before this work began.\n"
    assert said["login/2"].endswith("/tasks.md, line 7\n")
    assert said["login/4"].startswith("Skipped: ")


def test_the_brief_says_which_sub_tasks_are_not_to_be_done(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n  - [x] 1.1 B\n  - [ ]* 1.2 C\n  - [ ] 1.3 D\n")
    builds(place, "login/1")
    place.save()
    assert run(place) == 0, place.said()
    text = prompt(place, "login.1.worker-1")
    assert "Done before, not to be done again: 1.1.\nOptional, the unit is done without: 1.2.\n" in text
    assert tasks.read_text() == "- [x] 1. A\n  - [x] 1.1 B\n  - [ ]* 1.2 C\n  - [x] 1.3 D\n"


def test_the_brief_has_the_unit_its_sub_tasks_and_the_requirements_it_names(whole: World) -> None:
    text = prompt(whole, "login.2.worker-1")
    for part in ("2.1 Store them", "One file", "WHEN the file is missing THEN it is made", f"{SPEC}/requirements.md"):
        assert part in text
    assert "somebody signs up" not in text
    assert "Page" not in text
    assert "checkpoint" not in text
    scope = json.loads((whole.root / ".orchestra/runs/r1/login.2.worker-1/turn-1/scope.json").read_text())
    assert "!.kiro/specs/*/tasks.md" in scope["write"]


def test_a_checkpoint_that_changes_nothing_is_verified_and_done(whole: World) -> None:
    units = {unit["id"]: unit for unit in whole.json("report-run", "r1")["groups"][0]["units"]}
    assert (units["login/3"]["status"], units["login/3"]["commit"]) == ("done", "")
    assert [receipt["exit_code"] for receipt in units["login/3"]["attempts"][0]["receipts"]] == [0]
    assert "checkpoint" in prompt(whole, "login.3.worker-1")


def test_the_state_and_the_progress_are_told_in_the_older_format(whole: World) -> None:
    state = told(whole)
    assert state["completed"] == ["1", "2", "2.1", "3", "5"]
    assert (state["halted"], state["decisions"]) == (False, [])
    assert state["started_at"] < state["completed_at"]
    progress = (whole.root / SPEC / "SEQUENTIAL_PROGRESS.md").read_text()
    assert "## Iteration 1\n- **Task:** 2 - Users\n- **Status:** Completed\n- **Time:** 2" in progress
    assert progress.count("## Iteration") == 3


def test_views_come_back_byte_for_byte(whole: World) -> None:
    folder = whole.root / SPEC
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "SEQUENTIAL_STATE.json").unlink()
    (folder / "SEQUENTIAL_PROGRESS.md").write_text("mine")
    (folder / "tasks.md").write_text(TASKS)
    assert whole.call("validate", SPEC) == 65
    assert whole.call("views") == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert whole.call("validate", SPEC) == 0


def test_what_is_done_is_not_run_again(whole: World) -> None:
    before = attempts(whole)
    assert run(whole) == 0, whole.said()
    assert whole.run("--workflow", "sequential") == 0, whole.said()
    assert attempts(whole) == before


def test_other_verbs_know_the_spec(whole: World) -> None:
    assert "login  done" in whole.text("status")
    assert "Sign in" in whole.text("rewind", "login")
    assert "login/2 Users: done" in whole.text("report-run", "r1")
    assert whole.json("plan", SPEC)["groups"][0]["units"][1]["status"] == "done"
    assert "login.2.worker-1" in whole.text("log", "--group", "login")


# Which units, which specs


def test_optional_units_are_built_where_they_are_wanted(place: World) -> None:
    write(place, "- [x] 1. A\n- [ ]* 2. B\n- [ ] 3. C\n")
    builds(place, "login/2", "login/3")
    place.save()
    assert run(place) == 0
    assert statuses(place) == {"1": "done", "2": "skipped", "3": "done"}
    assert run(place, "--include-optional") == 0
    assert attempts(place) == ["login.3.worker-1", "login.2.worker-1"]
    assert "- [x]* 2. B" in (place.root / SPEC / "tasks.md").read_text()


@pytest.mark.parametrize("wanted", [(), ("--include-optional",)], ids=["left-out", "wanted"])
def test_optional_sub_tasks_are_asked_for_and_ticked_where_they_are_wanted(
    place: World, wanted: tuple[str, ...]
) -> None:
    write(place, "- [ ] 1. A\n  - [ ] 1.1 Build\n  - [ ]* 1.2 Test\n")
    builds(place, "login/1")
    place.save()
    assert run(place, *wanted) == 0
    assert ("Optional, the unit is done without: 1.2." in prompt(place, "login.1.worker-1")) is not bool(wanted)
    mark = "x" if wanted else " "
    assert (place.root / SPEC / "tasks.md").read_text() == f"- [x] 1. A\n  - [x] 1.1 Build\n  - [{mark}]* 1.2 Test\n"


def test_every_spec_with_open_work_runs_and_a_broken_one_holds_up_none(place: World) -> None:
    for name, tasks in (("a", "- [ ] 1. A\n"), ("b", "- [x] 1. B\n"), ("c", "no task\n"), ("d.e", "- [ ] 1. D\n")):
        write(place, tasks, name)
    builds(place, "a/1", "d.e/1")
    place.save()
    assert place.run("--workflow", "sequential", "--auto") == 65
    assert "a: 1 of 1 units are open" in place.said()
    assert "c was passed over: its files have errors" in place.said()
    assert attempts(place) == ["a.1.worker-1", "d.e.1.worker-1"]
    assert run(place, spec=".kiro/specs/c") == 65
    assert run(place, spec="nowhere") == 64


def test_a_spec_need_not_be_committed(place: World) -> None:
    builds(place, "login/1")
    place.save()
    write(place, "- [ ] 1. A\n  - _Requirements: 1.1_\n", requirements=REQUIREMENTS)
    assert run(place) == 0, place.said()
    assert "WHEN somebody signs up" in prompt(place, "login.1.worker-1")
    assert place.git("show", "--name-only", "--format=", "main").split() == ["login-1.txt"]


def test_a_new_task_under_an_old_number_is_new_work(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n")
    place.rule({"unit": "login/1", "role": "worker"}, {"write": {"path": "a.txt", "text": "x"}}, times=1)
    place.rule({"unit": "login/1", "role": "worker"}, {"write": {"path": "b.txt", "text": "x"}})
    place.save()
    assert run(place) == 0
    tasks.write_text("- [ ] 1. B\n")
    assert run(place) == 0
    assert place.subjects()[2:] == ["feat(login): A", "feat(login): B"]
    assert tasks.read_text() == "- [x] 1. B\n"


def test_two_specs_side_by_side_share_nothing(place: World) -> None:
    for name in ("one", "two"):
        write(place, "- [ ] 1. A\n- [ ] 2. B\n", name)
        place.rule({"unit": f"{name}/*"}, {"sleep": 0.3}, {"run": f"echo x > {name}-$(basename $ORCHESTRA_UNIT).txt"})
    place.save()
    words = ("--workflow", "sequential", "--auto", "--push", "never", "--plan")
    with background(place, *words, "one") as first, background(place, *words, "two") as second:
        assert (first.wait(60), second.wait(60)) == (0, 0), place.said()
    assert sorted(place.subjects()[2:]) == ["feat(one): A", "feat(one): B", "feat(two): A", "feat(two): B"]
    assert [told(place, name)["completed"] for name in ("one", "two")] == [["1", "2"], ["1", "2"]]
    assert {event["run"] for event in events(place, "group-done")} == {"r1", "r2"}


def test_two_loops_on_one_spec_run_every_unit_once(place: World) -> None:
    numbers = range(1, 7)
    write(place, "".join(f"- [ ] {n}. Part {n}\n" for n in numbers))
    place.rule({"role": "worker"}, {"sleep": 0.1}, {"run": "echo x > $(basename $ORCHESTRA_UNIT).txt"})
    place.save()
    words = ("--workflow", "sequential", "--auto", "--plan", "login")
    with background(place, *words) as first, background(place, *words) as second:
        assert sorted((first.wait(60), second.wait(60))) in ([0, 0], [0, 75]), place.said()
    assert place.subjects()[2:] == [f"feat(login): Part {n}" for n in numbers]
    assert attempts(place) == [f"login.{n}.worker-1" for n in numbers]


# People who edit the file


CRLF = "\ufeff# Plan\r\n\r\n- [ ] 1. A\t\r\n* [X] **2.** B\r\n\t- [ ] 2.1 b\r\n- [~] 3: C \u00fc\n- [ ] 4. D"


def test_a_file_with_a_bom_and_mixed_line_ends_is_ticked_byte_for_byte(place: World) -> None:
    tasks = write(place, CRLF.encode())
    builds(place, "login/1", "login/3", "login/4")
    place.save()
    assert run(place) == 0, place.said()
    wanted = CRLF.replace("[ ] 1", "[x] 1").replace("[~] 3", "[x] 3").replace("[ ] 4", "[x] 4")
    assert tasks.read_bytes() == wanted.encode()


def test_a_person_edits_the_file_while_it_is_carried_out(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n- [ ] 2. B\n  - [ ] 2.1 b\n- [ ] 3. C\n")
    later = "Words of mine.\n\n- [ ] 1. A\n- [ ] 2. B\n  - [ ] 2.1 other\n- [ ] 3. See\n- [ ] 4. D\n"
    edit = f"printf '%s' '{later}' > {tasks}; echo x > 1.txt"
    place.rule({"unit": "login/1"}, {"run": edit})
    place.rule({"unit": "login/3", "attempt": 2}, {"write": {"path": "again.txt", "text": "x"}})
    builds(place, "login/2", "login/3", "login/4")
    place.save()
    assert run(place) == 0, place.said()
    # 3 is another task by now, so it is carried out once more; 4 is new.
    assert place.subjects()[2:] == [f"feat(login): {title}" for title in ("A", "B", "C", "See", "D")]
    assert tasks.read_text() == later.replace("[ ]", "[x]").replace("[x] 2.1", "[ ] 2.1")


@pytest.mark.parametrize("between", [(), ("other",)], ids=["same run", "another run"])
def test_what_a_person_ticks_meanwhile_is_theirs(place: World, between: tuple[str, ...]) -> None:
    tasks = write(place, "- [ ] 1. A\n- [ ] 2. B\n- [ ] 3. C\n")
    write(place, "- [ ] 1. D\n", "other")
    builds(place, "login/1", "login/3", "other/1")
    place.save()
    assert run(place, "--max-dispatches", "1") == 1
    assert [run(place, spec=name) for name in between] == [0] * len(between)
    assert tasks.read_text() == "- [x] 1. A\n- [ ] 2. B\n- [ ] 3. C\n"
    tasks.write_text("- [x] 1. A\n- [x] 2. B\n- [ ] 3. C\n")
    assert run(place) == 0, place.said()
    assert statuses(place) == {"1": "done", "2": "skipped", "3": "done"}


def test_boxes_that_a_person_commits_meanwhile_stay_as_they_are(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    builds(place, "login/1", "login/2")
    place.save()
    assert run(place, "--max-dispatches", "1") == 1
    place.git("add", "--all")
    place.git("commit", "--quiet", "--message", "docs: how far it is")
    assert run(place) == 0, place.said()
    assert place.subjects()[2:] == ["docs: how far it is", "feat(login): A", "feat(login): B"]
    assert place.git("show", f"main:{SPEC}/tasks.md") == "- [x] 1. A\n- [ ] 2. B"
    assert tasks.read_text() == "- [x] 1. A\n- [x] 2. B\n"
    assert all(f" {SPEC}/" in line for line in place.git("status", "--porcelain").splitlines())


def test_boxes_stay_when_others_have_pushed_another_version(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n")
    builds(place, "login/1")
    place.save()
    clone = place.root.parent / "clone"
    place.git("clone", "--quiet", str(place.remote), str(clone), cwd=place.root.parent)
    (clone / SPEC / "tasks.md").write_text("- [ ] 1. A\n- [ ] 2. B\n")
    place.git("-c", "user.name=X", "-c", "user.email=x@x", "commit", "--quiet", "--all", "-m", "docs: B", cwd=clone)
    place.git("push", "--quiet", cwd=clone)
    assert run(place) == 0, place.said()
    assert place.subjects()[2:] == ["docs: B", "feat(login): A"]
    assert tasks.read_text() == "- [x] 1. A\n"
    assert (place.root / "login-1.txt").exists()


def test_a_box_that_an_agent_has_ticked_in_the_checkout_proves_nothing(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    cheat = {"run": f"sed -i 's/\\[.\\] 1/[x] 1/' {tasks}"}
    place.rule({"unit": "login/1", "attempt": 1}, cheat, {"fail": "crash"})
    builds(place, "login/1", "login/2")
    place.save()
    assert run(place, "--max-dispatches", "1") == 1
    assert tasks.read_text().startswith("- [x] 1. A")
    assert run(place) == 0, place.said()
    assert place.subjects()[2:] == ["feat(login): A", "feat(login): B"]


def test_a_unit_that_is_gone_from_the_file_waits_for_a_person(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    place.rule({"unit": "login/1"}, {"run": f"printf -- '- [ ] 1. A\n' > {tasks}; echo x > 1.txt"})
    place.save()
    assert run(place) == 2
    assert "there is no unit login/2" in place.said()
    assert place.call("decide", "login-D1", "skip") == 0
    assert run(place) == 0, place.said()


# What asks for a person

HALT = "<promise>HALT</promise>"
HARMLESS = (
    {"say": f"I did not need to say {HALT}."},
    {"say": f"> {HALT}\ndone"},
    {"say": f"The rule says:\n```\n{HALT}\n```\ndone"},
    {"say": f"~~~text\n{HALT}\n```\n~~~\ndone"},
    {"say": f"1.  The rule says:\n\n    ```\n    {HALT}\n    ```\n2.  done"},
    {"run": f"echo '{HALT}'"},
)


def test_a_promise_that_is_only_mentioned_halts_nothing(place: World) -> None:
    write(place, "".join(f"- [ ] {n}. Part {n}\n" for n in range(1, len(HARMLESS) + 1)))
    for number, said in enumerate(HARMLESS, 1):
        place.rule({"unit": f"login/{number}"}, {"write": {"path": f"{number}.txt", "text": "x"}}, said)
    place.save()
    assert run(place) == 0, place.said()
    assert len(attempts(place)) == len(HARMLESS)


def test_an_echo_of_the_brief_halts_nothing(place: World) -> None:
    write(place, f"- [ ] 1. A\n  - Never print this:\n\n    ```\n    {HALT}\n    ```\n")
    command = 'cat "$ORCHESTRA_PROMPT_FILE" | tee a.txt'
    assert place.run(*SEQUENTIAL, "--backend", "command", "--command", command) == 0, place.said()
    assert HALT in (place.root / "a.txt").read_text()


SEQUENTIAL = ("--workflow", "sequential", "--plan", SPEC, "--auto")


def test_a_halt_is_remembered_until_a_person_answers(place: World) -> None:
    tasks = write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    place.rule({"unit": "login/1", "attempt": 1}, {"say": f"Which colour?\n{HALT}"})
    builds(place, "login/1", "login/2")
    place.save()
    assert run(place) == 2
    before = attempts(place)
    assert run(place) == 2
    assert run(place) == 2
    assert attempts(place) == before == ["login.1.worker-1"]
    assert tasks.read_text() == "- [-] 1. A\n- [ ] 2. B\n"
    state = told(place)
    assert (state["halted"], state["halted_task"], state["decisions"][0]["id"]) == (True, "1", "login-D1")
    progress = (place.root / SPEC / "SEQUENTIAL_PROGRESS.md").read_text()
    assert "- **Status:** Halted" in progress
    assert "orchestra decide login-D1 retry|skip|stop [words for the agent]`" in progress
    assert "Which colour?" in place.json("status")["decisions"][0]["question"]
    assert place.call("decide", "login-D1", "retry", "green, as the sea") == 0
    assert run(place) == 0, place.said()
    assert "green, as the sea" in prompt(place, "login.1.worker-2")
    assert not told(place)["halted"]


def test_a_unit_that_fails_too_often_waits_for_a_person_and_holds_up_what_follows(place: World) -> None:
    write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    place.rule({"unit": "login/1", "role": "worker"}, {"fail": "crash"}, times=2)
    builds(place, "login/1", "login/2")
    place.save()
    assert run(place) == 2
    assert run(place) == 2
    assert attempts(place) == ["login.1.worker-1", "login.1.worker-2"]
    assert place.call("decide", "login-D1", "retry") == 0
    assert run(place) == 0, place.said()
    assert attempts(place)[2:] == ["login.1.worker-3", "login.2.worker-1"]


def test_a_unit_that_fails_after_it_was_assigned_waits_for_a_person_too(place: World) -> None:
    write(place, "- [ ] 1. A\n")
    place.config(
        pipeline={"review": "skip"}, thresholds={"stuck_retry_limit": 2}, sequential={"assign": "enabled"},
        roundtable={"owners": {"mine": "scripted"}},
    )  # fmt: skip
    given = json.dumps({"assignments": [{"task_id": 1, "type": "ui", "owner_agent": "mine"}]})
    place.rule({"role": "assigner"}, {"say": given})
    place.rule({"role": "worker"}, {"fail": "crash"})
    place.save()
    assert run(place) == 2, place.said()
    assert run(place) == 2, place.said()
    assert attempts(place) == ["login.1.assigner-1", "login.1.worker-1", "login.1.worker-2"]
    assert (told(place)["halted"], told(place)["assignments"]) == (True, {"1": {"type": "ui", "owner_agent": "mine"}})
    progress = (place.root / SPEC / "SEQUENTIAL_PROGRESS.md").read_text()
    assert progress.count("## Iteration ") == progress.count("- **Status:** Failed") == 2


def test_another_spec_is_not_held_up_by_one_that_waits(place: World) -> None:
    write(place, "- [ ] 1. A\n")
    write(place, "- [ ] 1. B\n", "other")
    place.rule({"unit": "login/1", "attempt": 1}, {"say": HALT})
    builds(place, "login/1", "other/1")
    place.save()
    assert run(place) == 2
    assert run(place, spec=".kiro/specs/other") == 0, place.said()
    assert run(place) == 2
    assert place.call("decide", "login-D1", "retry") == 0
    assert run(place) == 0, place.said()


def test_a_spec_that_one_workflow_has_begun_is_left_to_it(place: World) -> None:
    write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    builds(place, "login/1", "login/2")
    place.save()
    assert run(place, "--max-dispatches", "1") == 1
    assert place.run("--workflow", "roundtable", "--plan", SPEC, "--auto") == 1
    assert "the workflow sequential has begun it" in place.said()
    assert run(place) == 0, place.said()


# Budgets


def test_a_limit_of_attempts_ends_the_run_and_the_next_one_goes_on(place: World) -> None:
    write(place, "- [ ] 1. A\n- [ ] 2. B\n- [ ] 3. C\n")
    builds(place, "login/1", "login/2", "login/3")
    place.save()
    assert run(place, "--max-dispatches", "2") == 1
    assert place.json("status")["reason"] == "the limit of 2 attempts is reached"
    assert attempts(place) == ["login.1.worker-1", "login.2.worker-1"]
    # What was built to the end may land, though no attempt is left.
    assert run(place, "--max-dispatches", "1") == 0, place.said()


# Kills


def test_killed_while_an_agent_works_it_goes_on_with_the_same_agent(place: World) -> None:
    write(place, "- [ ] 1. A\n- [ ] 2. B\n")
    place.rule({"role": "worker"}, {"run": "echo $ORCHESTRA_TICKET >> ../../../../ran; sleep 1; echo x > a$$.txt"})
    place.save()
    with background(place, "--workflow", "sequential", "--auto", "--plan", "login") as first:
        until(lambda: (place.root.parent / "ran").exists(), "the first agent")
        kill(first)
    assert run(place) == 0, place.said()
    assert (place.root.parent / "ran").read_text().split() == ["login.1.worker-1", "login.2.worker-1"]


@pytest.mark.parametrize("again", [(), ("--max-dispatches", "1")])
def test_what_never_landed_is_built_again_when_the_state_is_gone(place: World, again: tuple[str, ...]) -> None:
    tasks = write(place, "- [x] 1. A\n- [ ] 2. B\n- [ ] 3. C\n- [ ] 4. D\n")
    builds(place, "login/2", "login/3", "login/4")
    place.save()
    assert run(place, "--max-dispatches", "2") == 1
    assert tasks.read_text() == "- [x] 1. A\n- [x] 2. B\n- [x] 3. C\n- [ ] 4. D\n"
    for file in (place.root / ".orchestra").glob("state.db*"):
        file.unlink()
    # What the first of them builds, the next one does not, which finds the boxes ticked all the same.
    assert run(place, *again) == bool(again)
    assert run(place) == 0, place.said()
    assert tasks.read_text() == "- [x] 1. A\n- [x] 2. B\n- [x] 3. C\n- [x] 4. D\n"
    landed = place.git("ls-tree", "--name-only", "main").split()
    assert {"login-2.txt", "login-3.txt", "login-4.txt"} <= set(landed)
    assert attempts(place) == ["login.2.worker-1", "login.3.worker-1", "login.4.worker-1"]


def test_files_that_cannot_be_written_are_named_at_the_end(place: World) -> None:
    file = write(place)
    in_the_way = file.with_name("SEQUENTIAL_STATE.json") / "mine"
    in_the_way.parent.mkdir()
    in_the_way.write_text("mine")
    builds(place, "login/2", "login/3", "login/5")
    place.save()
    assert run(place) == 0, place.said()
    assert file.read_text() == TICKED
    assert f"Cannot write {in_the_way.parent}: Is a directory" in place.said()
    assert "`orchestra views` writes them" in place.said()
    in_the_way.unlink()
    in_the_way.parent.rmdir()
    assert place.call("views") == 0
    assert told(place)
