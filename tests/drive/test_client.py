"""The client driver: short commands of a lead and its agents, each a process of its own below a client's process."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from orchestra.config import load
from orchestra.core.words import GitStrategy
from orchestra.drive.groups import take_more
from orchestra.drive.intake import Choice
from orchestra.drive.launch import Options, limits_of, session, workspace_of
from orchestra.guard import badges
from orchestra.guard.identity import READER, SCOPED, Call
from orchestra.project import Project
from orchestra.state.driver import lock_file
from tests.support.launching import until
from tests.support.leads import Lead, lead
from tests.support.projects import Phase, World, world


@pytest.fixture
def project(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.config(verification={"typecheck": "", "test": "test ! -f src/bad.txt", "lint": ""})
    return made


@pytest.fixture
def one(project: World) -> Iterator[Lead]:
    with lead(project.root) as made:
        yield made


def ticket_in(answer: str) -> str:
    found = re.search(r"^(?:dispatch|review) (\S+)", answer, re.MULTILINE)
    assert found, answer
    return found[1]


def work(client: Lead, answer: str, change: str, report: str = "") -> str:
    """What an agent does for a dispatch: read the brief, change something, report."""
    ticket = ticket_in(answer)
    assert ticket in client.orchestra(f"brief {ticket}")
    client.sh(change)
    return client.orchestra(f"report {ticket} {report}")


def place_of(client: Lead, ticket: str) -> str:
    """The directory that a brief names."""
    found = re.search(r"^Work in (\S+)\.$", client.orchestra(f"brief {ticket}"), re.MULTILINE)
    assert found
    return found[1]


def orders(client: Lead, words: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(client.orchestra(f"{words} --json"))["orders"]
    return found


def test_a_plan_is_carried_out_to_pushed_commits(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("src/a.txt",)), Phase(("src/b.txt",))], complexity="standard", title="one")
    project.milestone("M2", [Phase(("src/c.txt",))], title="two")
    project.save()
    ask = "next --auto --flat"
    assert work(one, one.orchestra(ask), "mkdir src && echo a > src/a.txt").startswith("accepted: M1.phase-1.worker-1")
    assert work(one, one.orchestra(ask), "echo b > src/b.txt").startswith("accepted: M1.phase-2.worker-1")
    finding = json.dumps([{"severity": "blocking", "file": "src/b.txt", "title": "b is wrong"}])
    asked = one.orchestra(ask)
    assert asked.startswith("review M1.reviewer-1")
    assert work(one, asked, f"echo '{finding}' > ../found", "--findings ../found").startswith("accepted: M1.reviewer-1")
    assert "b is wrong" in one.orchestra(f"brief {ticket_in(one.orchestra(ask))}")
    mended = one.orchestra("report M1.phase-2.worker-2")
    assert mended.startswith("accepted"), mended
    again = one.orchestra(ask)
    assert again.startswith("review M1.reviewer-2")
    assert work(one, again, "true", "--findings ../found").startswith("accepted")
    fix = one.orchestra(ask)
    assert work(one, fix, "echo better > src/b.txt").startswith("accepted: M1.phase-2.worker-3")
    one.sh("echo [] > ../none")
    assert work(one, one.orchestra(ask), "true", "--findings ../none").startswith("accepted")
    assert work(one, one.orchestra(ask), "echo c > src/c.txt").startswith("accepted: M2.phase-1.worker-1")
    assert one.sh(f"orchestra {ask}") == ("complete: 2 milestones done", 0)
    assert project.subjects()[2:] == [
        "feat(one): part 1",
        "feat(one): part 2",
        "fix(one): b is wrong",
        "feat(two): part 1",
    ]
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")
    assert not (project.root / ".orchestra/runs/armed").exists()
    assert set(project.statuses().values()) == {"done"}


def test_next_says_the_same_until_something_happens(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    first = one.orchestra("next --auto --flat")
    before = project.json("log")
    assert one.orchestra("next --auto --flat") == first
    assert project.json("log") == before
    ticket = ticket_in(first)
    one.orchestra(f"brief {ticket}")
    assert one.orchestra("next --auto --flat --wait 0").startswith(f"wait: an agent holds {ticket}")


def test_without_options_next_goes_on_as_the_run_was_begun(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.milestone("M2", [Phase(("b.txt",))], title="two")
    project.milestone("M3", [Phase(("c.txt",))], title="three")
    project.save()
    work(one, one.orchestra("next M1 M3 --auto --flat"), "echo a > a.txt")
    asked = one.orchestra("next")
    assert ticket_in(asked) == "M3.phase-1.worker-1"
    assert re.search(r"^then: \S+ next$", asked, re.MULTILINE)


def test_next_waits_for_agents_that_are_at_work(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    project.save()
    ticket = ticket_in(one.orchestra("next --auto --flat"))
    one.orchestra(f"brief {ticket}")
    one.sh("echo a > a.txt")
    said, _ = one.sh(f"orchestra next --auto --flat & sleep 1; orchestra report {ticket} >/dev/null; wait")
    assert ticket_in(said) == "M1.phase-2.worker-1"


def test_a_false_done_is_rejected_with_the_error_and_mended(project: World, one: Lead) -> None:
    project.config(verification={"typecheck": "", "test": "cat a.txt; grep -q good a.txt", "lint": ""})
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    asked = one.orchestra("next --auto --flat")
    said, code = one.sh("echo never-tested > a.txt; orchestra report M1.phase-1.worker-1")
    assert code == 1
    assert said.startswith("rejected: test failed")
    assert "never-tested" in said
    assert "orchestra report M1.phase-1.worker-1" in said
    assert project.subjects() == ["chore: start", "chore: plan"]
    assert "M1.phase-1.worker-1" in one.orchestra("next --auto --flat --wait 0")
    one.sh("echo good > a.txt")
    assert one.sh(f"orchestra report {ticket_in(asked)}")[1] == 0
    assert project.subjects()[-1] == "feat(work): part 1"


def test_what_is_out_of_scope_is_set_aside_and_said(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    said = work(one, one.orchestra("next --auto --flat"), "echo a > a.txt; echo no > README.md")
    assert "set aside, out of scope: README.md" in said
    assert (project.root / "README.md").read_text() == "# A project\n"
    assert "+no" in (project.root / ".orchestra/quarantine/M1.phase-1.worker-1.patch").read_text()


def test_milestone_agents_carry_their_milestone_and_the_lead_sees_only_its_end(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))], title="one")
    project.milestone("M2", [Phase(("b.txt",))], title="two")
    project.save()
    asked = one.orchestra("next --auto")
    assert asked.startswith("dispatch milestone-agent for M1 (one)\n  agent: orchestra:milestone-agent\n")
    assert one.orchestra("next --auto") == asked
    inner = one.orchestra("next --group M1")
    assert work(one, inner, "echo a > a.txt").startswith("accepted")
    assert re.match(r"complete: M1 done \([0-9a-f]{9}, pushed to origin/main\)$", one.orchestra("next --group M1"))
    assert "for M2 (two)" in one.orchestra("next --auto")
    assert "for M2 (two)" in one.orchestra("next --auto --json")


def test_phases_side_by_side_are_handed_out_together(project: World, one: Lead) -> None:
    project.config(pipeline={"parallel": "enabled"}, verification={"typecheck": "", "test": "true", "lint": ""})
    project.milestone("M1", [Phase(("a.txt",), ()), Phase(("b.txt",), ())])
    project.save()
    tickets = [order["subject"] for order in orders(one, "next --auto --flat")]
    assert tickets == ["M1.phase-1.worker-1", "M1.phase-2.worker-1"]
    places = [place_of(one, ticket) for ticket in tickets]
    assert len(set(places)) == 2
    one.sh(f"echo a > {places[0]}/a.txt; echo b > {places[1]}/b.txt")
    assert "after the units before it" in one.orchestra(f"report {tickets[1]}")
    assert one.orchestra(f"report {tickets[0]}").startswith("accepted")
    assert one.orchestra("next --auto --flat").startswith("complete")
    assert project.subjects()[2:] == ["feat(work): part 1", "feat(work): part 2"]
    assert project.git("status", "--porcelain", "a.txt", "b.txt") == ""


def test_a_second_lead_is_refused_until_the_first_is_gone(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    project.save()
    work(one, one.orchestra("next --auto --flat"), "echo a > a.txt")
    left = ticket_in(one.orchestra("next --auto --flat"))
    one.orchestra(f"brief {left}")
    one.sh("echo half > b.txt")
    with lead(project.root, "codex", 2) as two:
        said, code = two.sh("orchestra next --auto --flat")
        assert code == 75
        assert "r1 is led by another session (claude" in said
        assert two.sh(f"orchestra report {left}")[1] == 75
        one.kill()
        asked = two.orchestra("next --auto")
        assert ticket_in(asked) == left
        assert "interrupted" in two.orchestra(f"brief {left}")
        assert (project.root / "b.txt").read_text() == "half\n"
        assert work(two, asked, "echo b >> b.txt").startswith(f"accepted: {left}")
        assert two.orchestra("next --auto").startswith("complete")
    assert project.subjects()[2:] == ["feat(work): part 1", "feat(work): part 2"]


def taken_over(project: World, run: str) -> None:
    """A new run takes M1 over from the killed `run`, as beside one that still lives, and is gone as soon."""
    place = Project(project.root)
    config = load(place.config_path)
    held = limits_of(config, Options(auto=True), "scripted")
    with FileLock(lock_file(place.locks, run)), session(place, config, held) as taken:
        assert take_more(taken, workspace_of(place, config, GitStrategy.IN_PLACE), Choice()) == "M1"
        taken.release("M1")


def test_a_ticket_that_an_earlier_run_has_given_out_is_handed_on_by_the_run_that_has_taken_it_over(
    project: World, one: Lead
) -> None:
    project.milestone("M1", [Phase(("a.txt", "src/"))])
    project.save()
    ticket = ticket_in(one.orchestra("next --auto --flat"))
    one.orchestra(f"brief {ticket}")
    one.sh("echo half > a.txt")
    one.kill()
    taken_over(project, "r1")
    with lead(project.root, number=2) as two:
        assert ticket_in(two.orchestra("next --auto --flat")) == ticket
        run, agent = badges.Run(str(project.root)), Call("agent-7", "orchestra:worker", "s1")
        assert run.folder.endswith("/r2")
        assert "interrupted" in two.orchestra(f"brief {ticket}")
        run.take(agent, ticket)
        assert run.caller(agent).kind == SCOPED, run.caller(agent).why
        assert two.orchestra("next --wait 0").startswith(f"wait: an agent holds {ticket}")
        two.sh("mkdir src && touch src/bad.txt")
        assert two.orchestra(f"report {ticket}").startswith("rejected")
        assert run.caller(agent).kind == SCOPED, run.caller(agent).why
        two.sh("rm -r src; echo a >> a.txt")
        assert two.orchestra(f"report {ticket}").startswith(f"accepted: {ticket}")
        assert run.caller(agent).kind == READER
        assert two.orchestra("next").startswith("complete")
    assert project.git("show", "main:a.txt") == "half\na"
    places = project.json("report-run")["places"]
    assert [places["turns"][-2:], places["turns of r1"][-2:]] == ["r2", "r1"]


def test_a_run_that_is_refused_beside_a_client_has_set_nothing_aside(project: World, one: Lead) -> None:
    project.config(git={"strategy": "worktree"})
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    one.orchestra("next --auto --flat")
    (project.root / "mine.txt").write_text("mine\n")
    assert project.run("--auto", "--stash") == 75
    assert "r1 is led from claude" in project.said()
    assert (project.root / "mine.txt").exists()


def test_a_supervisor_keeps_off_while_a_client_leads_and_goes_on_afterwards(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.milestone("M2", [Phase(("b.txt",))])
    project.writes("M1/phase-1", "a.txt")
    project.writes("M2/phase-1", "b.txt")
    project.save()
    asked = one.orchestra("next M1 --auto --flat")
    assert project.run("--auto") == 75
    assert "r1 is led from claude" in project.said()
    assert project.call("hotfix", "mend it", "--command", "true") == 75
    assert (len(project.subjects()), one.orchestra("next")) == (2, asked)
    one.kill()
    assert project.run("--auto") == 0, project.said()
    assert project.statuses() == {"M1": "done", "M2": "done"}


def test_a_lead_leaves_a_spec_that_waits_as_it_is(project: World, one: Lead) -> None:
    (project.root / ".kiro/specs/login").mkdir(parents=True)
    (project.root / ".kiro/specs/login/tasks.md").write_text("- [ ] 1. Begin\n")
    project.rule({"role": "worker"}, {"report": {"status": "blocked", "notes": "which?"}})
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    assert project.run("--auto", "--workflow", "sequential") == 2, project.said()
    assert work(one, one.orchestra("next --auto --flat"), "echo a > a.txt").startswith("accepted")
    assert one.orchestra("next").startswith("complete: 1 milestones done")
    starts = [row for row in project.json("log")["events"] if row["type"] in ("run-started", "run-resumed")]
    assert [(row["run"], row["data"]["workflow"]) for row in starts] == [("r1", "sequential"), ("r2", "milestones")]


def test_a_lead_keeps_off_while_a_supervisor_runs(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.rule({"role": "worker"}, {"sleep": 30})
    project.save()
    one.sh(f"(orchestra {' '.join(project.words('--auto'))} >../run.log 2>&1 &)")
    until(lambda: "M1/phase-1" in one.orchestra("status") and "in-progress" in one.orchestra("status"))
    said, code = one.sh("orchestra next --auto --flat")
    assert (code, "is carried out by `orchestra run`" in said) == (75, True)
    one.orchestra("stop")


def test_a_report_that_is_killed_in_the_middle_is_finished_by_whoever_comes_next(project: World, one: Lead) -> None:
    project.config(
        verification={"typecheck": "", "test": "echo x >> ../ran; until test -f ../go; do sleep 0.05; done", "lint": ""}
    )
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    ticket = ticket_in(one.orchestra("next --auto --flat"))
    line = "while [ ! -e ../ran ]; do sleep 0.05; done; kill -9 $!; wait"
    one.sh(f"echo a > a.txt; orchestra report {ticket} & {line}")
    (project.root.parent / "go").touch()
    assert one.orchestra("next --auto --flat").startswith("complete: 1 milestones done")
    assert project.subjects()[2:] == ["feat(work): part 1"]
    assert (project.root.parent / "ran").read_text() == "x\n"


def test_questions_wait_for_a_person(project: World, one: Lead) -> None:
    project.config(push="ask", verification={"typecheck": "", "test": "true", "lint": ""})
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    work(one, one.orchestra("next --auto --flat"), "echo a > a.txt")
    said, code = one.sh("orchestra next --auto --flat")
    assert code == 2, said
    assert said.startswith("ask M1-D1: ")
    assert "halt: a person is needed" in said
    assert "then:" not in said
    answer = re.search(r"answer: \S+ decide M1-D1 (\w+)\|", said)
    assert answer
    assert one.sh(f"orchestra decide M1-D1 {answer[1]}")[1] == 0
    assert one.orchestra("next --auto --flat").startswith("complete")
    assert project.git("rev-parse", "main") == project.git("rev-parse", "origin/main")


def test_without_auto_the_lead_is_asked_between_milestones(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.milestone("M2", [Phase(("b.txt",))], title="two")
    project.save()
    work(one, one.orchestra("next --flat"), "echo a > a.txt")
    asked = one.orchestra("next --flat")
    assert asked.startswith("ask M1-D1: M1 is done. Go on with M2 (two)?")
    assert "then:" in asked
    one.orchestra("decide M1-D1 go-on")
    assert ticket_in(one.orchestra("next --flat")) == "M2.phase-1.worker-1"


def test_a_hotfix_is_planned_for_the_lead(project: World, one: Lead) -> None:
    project.save()
    planned = one.orchestra("hotfix --client the login is broken")
    then = re.search(r"then: \S+ (next M1 --auto --flat)", planned)
    assert then, planned
    assert work(one, one.orchestra(then[1]), "echo a > login.txt").startswith("accepted")
    assert one.orchestra(then[1]).startswith("complete")
    assert project.subjects()[-1].startswith("fix")


def test_a_hotfix_that_nobody_here_can_lead_is_not_planned(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()

    def refused(client: Lead, words: str = "") -> str:
        said, code = client.sh(f"orchestra hotfix --client {words} the login is broken")
        assert (code != 0, list(project.statuses())) == (True, ["M1"]), said
        return said

    (project.root / "mine.txt").write_text("mine\n")
    assert "not committed: mine.txt" in refused(one)
    (project.root / "mine.txt").unlink()
    asked = one.orchestra("next --auto --flat")
    with lead(project.root, number=2) as two:
        assert "led by another session" in refused(two)
    assert work(one, asked, "echo a > a.txt").startswith("accepted")
    assert "M2 is ready" in one.orchestra("hotfix --client the login is broken")
    project.config(verification={"typecheck": "", "test": "", "lint": ""})
    assert "no verification command" in one.orchestra("hotfix --client again")


def test_with_nothing_to_carry_out_the_lead_is_told_what_comes_first(project: World, one: Lead) -> None:
    one.orchestra("new M1-a --title A")
    (project.root / ".kiro/specs/login").mkdir(parents=True)
    (project.root / ".kiro/specs/login/tasks.md").write_text("- [ ] 1. Begin\n")
    said = one.orchestra("next --auto")
    assert "M1 still being planned: `orchestra ready M1`" in said
    assert "orchestra run --workflow sequential" in said


def test_an_agent_that_stops_without_a_report_is_sent_back_once_and_then_has_failed(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    ticket = ticket_in(one.orchestra("next --auto --flat"))
    one.orchestra(f"brief {ticket}")
    known = project.root / ".orchestra/runs/r1/agents/agent-7"
    known.parent.mkdir()
    known.write_text(json.dumps({"ticket": ticket, "turn": 1, "scope": "", "sha256": ""}))
    stop = """printf '{"agent_id": "agent-7"}' | orchestra hook subagent-stop"""
    answer = json.loads(one.sh(stop)[0])
    assert answer["decision"] == "block"
    assert f"report {ticket}" in answer["reason"]
    assert one.sh(stop) == ("", 0)
    assert ticket_in(one.orchestra("next --auto --flat")) == "M1.phase-1.worker-2"
    assert "stopped without a report" in one.orchestra("brief M1.phase-1.worker-2")
    for payload in ("", "[]", '{"agent_id": "../../x"}', '{"agent_id": 7}', "\\377"):
        assert one.sh(f"printf '{payload}' | orchestra hook subagent-stop") == ("", 0)


def test_sessions_are_told_who_leads(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    hook = "printf '{}' | orchestra hook"
    assert one.sh(f"{hook} session-start") == ("", 0)
    one.orchestra("next --auto --flat")
    told = json.loads(one.sh(f"{hook} session-start")[0])["hookSpecificOutput"]["additionalContext"]
    assert told.startswith("You lead Orchestra run r1 (M1 0/1). Run `")
    asked = re.search(r"Run `(\S+) next` and", told)
    assert asked
    assert "`brief TICKET`" in one.sh(f"{hook} pre-compact")[0]
    compacted = one.sh('printf \'{"source": "compact"}\' | orchestra hook session-start')[0]
    assert f"Its lead runs `{asked[1]} next`" in compacted
    assert "You lead" not in compacted
    assert ticket_in(one.orchestra("next")) == "M1.phase-1.worker-1"
    with lead(project.root, number=2) as two:
        assert "led from another session" in two.sh(f"{hook} session-start")[0]
        assert two.sh(f"{hook} pre-compact") == ("", 0)
        assert two.sh(f"{hook} session-end") == ("", 0)
        assert one.sh('printf \'{"reason": "clear"}\' | orchestra hook session-end') == ("", 0)
        assert one.sh(f"{hook} session-end") == ("r1 is left with 1 milestones unfinished", 0)
        assert not (project.root / ".orchestra/runs/armed").exists()
        assert "left in the middle" in two.sh(f"{hook} session-start")[0]
        assert "halted (its lead is gone; `/orchestra start` in the client goes on" in two.orchestra("status")
        assert ticket_in(two.orchestra("next --auto --flat")) == "M1.phase-1.worker-1"


def test_an_agent_that_is_none_of_ours_is_told_in_a_line_that_a_run_is_under_way(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()

    def started(kind: str, client: Lead = one) -> str:
        payload = json.dumps({"agent_id": "agent-7", "agent_type": kind})
        return client.sh(f"printf '{payload}' | orchestra hook subagent-start")[0]

    assert started("general-purpose") == ""
    one.orchestra("next --auto --flat")
    said = json.loads(started("general-purpose"))["hookSpecificOutput"]
    assert said["hookEventName"] == "SubagentStart"
    assert "ticket" in said["additionalContext"]
    assert len(said["additionalContext"].encode()) <= 30 * 4
    assert started("orchestra:worker") == ""
    for payload in ("", "[]", '{"agent_type": 7}', '{"agent_type": ""}', "\\377"):
        assert one.sh(f"printf '{payload}' | orchestra hook subagent-start") == ("", 0)
    with lead(project.root, number=2) as two:
        assert "ticket" in started("default", two)
        one.kill()
        assert started("default", two) == ""


def test_the_work_of_an_agent_that_a_person_has_interrupted_is_handed_out_again(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    ticket = ticket_in(one.orchestra("next --auto --flat"))
    one.orchestra(f"brief {ticket}")
    turn = project.root / f".orchestra/runs/r1/{ticket}/turn-1"
    (turn / "agent").write_text(json.dumps({"agent_id": "a7", "session_id": "s1", "agent_type": "orchestra:worker"}))
    transcript = project.root.parent / "client-1/.claude/projects/-a-project/s1/subagents/agent-a7.jsonl"
    transcript.parent.mkdir(parents=True)

    def after(*said: str, kind: str = "user") -> str:
        lines = [{"type": kind, "message": {"content": [{"type": "text", "text": text}]}} for text in said]
        transcript.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return one.orchestra("next --wait 0")

    one.sh("echo half > a.txt")
    stopped = "[Request interrupted by user for tool use]"
    assert after("do it").startswith("wait:")
    assert after(stopped, "go on").startswith("wait:")
    assert after(stopped, kind="assistant").startswith("wait:")
    assert ticket_in(after("do it", stopped)) == ticket
    assert one.sh("cat a.txt") == ("half", 0)
    one.sh("echo whole > a.txt")
    assert one.orchestra(f"report {ticket}").startswith("accepted")
    ends = [row["data"] for row in _log(project) if row["type"] == "turn-ended"]
    assert "interrupted" in json.dumps(ends[0])


def _log(project: World) -> list[dict[str, Any]]:
    return [json.loads(line) for line in project.text("log", "--json-lines").splitlines()]


def test_a_stop_ends_the_run_and_it_can_be_led_again(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))])
    project.save()
    one.orchestra("next --auto --flat")
    assert one.sh("orchestra stop")[1] == 0
    assert one.sh("orchestra next --auto --flat") == ("halt: stopped", 1)
    assert ticket_in(one.orchestra("next --auto --flat")) == "M1.phase-1.worker-1"


def test_a_fix_names_the_agent_that_knows_the_code(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",))], complexity="standard")
    project.save()
    ticket = ticket_in(one.orchestra("next --auto --flat"))
    turn = project.root / f".orchestra/runs/r1/{ticket}/turn-1"
    (turn / "agent").write_text(json.dumps({"agent_id": "a77", "session_id": "s", "agent_type": "worker"}))
    assert one.sh(f"echo a > a.txt; orchestra report {ticket}")[1] == 0
    found = json.dumps([{"severity": "blocking", "file": "a.txt", "title": "it is wrong"}])
    one.orchestra("next --auto --flat")
    one.sh(f"echo '{found}' | orchestra report M1.reviewer-1 --findings -")
    assert "  continue: a77 (" in one.orchestra("next --auto --flat")


def test_a_closed_ticket_says_so(project: World, one: Lead) -> None:
    project.milestone("M1", [Phase(("a.txt",)), Phase(("b.txt",))])
    project.save()
    asked = one.orchestra("next --auto --flat")
    work(one, asked, "echo a > a.txt")
    assert "accepted" in one.orchestra(f"report {ticket_in(asked)}")
    assert (project.root / f".orchestra/runs/r1/{ticket_in(asked)}/closed").exists()
    said, code = one.sh("orchestra report M1.phase-9.worker-1")
    assert (code, "no ticket" in said) == (64, True)


def test_nothing_ready_is_said_and_begins_no_run(project: World, one: Lead) -> None:
    project.save()
    said = "complete: no milestone is ready to be carried out; `/orchestra pm` plans one"
    assert one.sh("orchestra next --auto") == (said, 0)
    assert json.loads(one.orchestra("status --json"))["run"] is None
    said, code = one.sh("orchestra next M7")
    assert code != 0
    assert "M7" in said
