"""brief: every template with everything and with nothing, within its budget, in the project's own words."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra import brief
from orchestra.brief import BriefContext, Lesson, UnitBrief
from orchestra.core.model import Finding
from orchestra.core.words import Purpose, Role, Severity
from orchestra.errors import Exit, UserError
from orchestra.plans.phase import Criterion, PhaseText

TICKET = "M1.phase-1.worker-1"
BARE = BriefContext(TICKET, "M1", "/work tree")
CRITERIA = (
    Criterion("AC1", "Login answers 401", False, "pytest -k login"),
    Criterion("AC2", "No token in logs", False),
)
PHASE = PhaseText(
    "Login",
    "Log people in.",
    "There is a user table.",
    "Opaque tokens.",
    "- src/auth.py (new)",
    "- docs/auth.md",
    CRITERIA,
    "- No token in a log\n- No plain password",
)
LONG = "word " * 400


def full(items: int = 12) -> BriefContext:
    """A context in which every part is there, and longer than any brief should show."""
    return BriefContext(
        TICKET,
        "M1",
        "/home/somebody/projects/example/.orchestra/worktrees/M1.phase-1",
        group_title=LONG,
        unit="M1/phase-1",
        unit_title=LONG,
        number=3,
        round=1,
        phase=PHASE,
        phase_path="/p/phase-1.md",
        scope=("src/auth/**", "tests/test_auth.py"),
        documents=(("prd", "/p/prd.md"), ("rfc", "/p/rfc.md"), ("grooming", "/p/grooming.md")),
        skills=("/p/skills/testing/SKILL.md",),
        verification=(("typecheck", "mypy ."), ("test", "pytest -q"), ("lint", "ruff check " + "x" * 300)),
        decisions=(LONG,) * items,
        lessons=(Lesson(LONG, LONG * 3, "/q/a.patch"),) * items,
        findings=tuple(
            Finding(f"F-{n:08x}", "M1", Severity.BLOCKING, "Token is logged", f"src/f{n}.py", n, LONG)
            for n in range(items)
        ),
        findings_path="/r/findings.json",
        base="a" * 40,
        tip="b" * 40,
        diff="/r/M1.diff",
        fix_diff="/r/fix.diff",
        files=tuple(f"src/module_{n}/file_{n}.py" for n in range(items * 10)),
        units=(UnitBrief("M1/phase-1", "Login", "/p/phase-1.md", CRITERIA, 3, ("src/auth/**",)),) * 3,
        owners=("codex", "gemini"),
        offered=(("login.1.worker-1", LONG), ("login.2.reviewer-1", "x")),
        rfc="/p/rfc.md",
    )


def variants(context: BriefContext) -> dict[str, str]:
    """Each kind of brief, by its template."""
    asked = {
        "worker": (Role.WORKER, context),
        "worker-fix": (Role.WORKER, replace(context, purpose=Purpose.FIX)),
        "reviewer": (Role.REVIEWER, context),
        "reviewer-again": (Role.REVIEWER, replace(context, round=2)),
        "architect": (Role.ARCHITECT, context),
        "architect-revise": (Role.ARCHITECT, replace(context, feedback=LONG * 2)),
        "assigner": (Role.ASSIGNER, context),
        "adviser": (Role.ADVISER, context),
    }
    assert {name: brief.variant(*each) for name, each in asked.items()} == {name: name for name in asked}
    return {name: brief.render(*each) for name, each in asked.items()}


NAMES = sorted(variants(BARE))


def test_every_template_is_rendered_here():
    found = {path.name.removesuffix(".md.j2") for path in brief.TEMPLATES.glob("*.j2")}
    of_a_plan = {"plan-reviewer", "product-manager"}  # tests/test_templates.py and those of their commands
    assert found == {*NAMES, *of_a_plan, "turn", "_parts"}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_the_ticket_is_enough(name):
    text = variants(BARE)[name]
    assert f"orchestra report {TICKET}" in text
    assert "None" not in text
    assert "{{" not in text and "{%" not in text
    assert not re.search(r"^## .*\n+(## |\Z)", text, re.MULTILINE), "a heading with nothing under it"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "part", sorted(f.name for f in fields(BriefContext) if f.name not in ("ticket", "group", "worktree"))
)
def test_each_part_may_be_missing(name, part):
    default = getattr(BARE, part)
    context = full(2)
    if part in ("role", "purpose", "round", "feedback"):
        return
    text = variants(replace(context, **{part: default}))[name]
    assert f"orchestra report {TICKET}" in text


@pytest.mark.parametrize("name", NAMES)
def test_the_budget_holds(name):
    """1,200 tokens, about 4,800 characters, apart from the phase's own text and the rules that come with each brief."""
    phase = sum(
        len(text) for text in (PHASE.objective, PHASE.context, PHASE.decisions, PHASE.references, PHASE.constraints)
    )
    text = variants(full())[name]
    rules = sum(len(rule) for rule in rules_in(text))
    assert rules <= 2600, "the rules of one brief: 650 tokens"
    assert len(text) - phase - rules <= 4800


def rules_in(text: str) -> list[str]:
    """The bodies of the rules that a brief has in full."""
    bodies = (brief.rule(path.stem, heading=False).strip() for path in brief.RULES.glob("*.md"))
    return [body for body in bodies if body in text]


def rule_names(text: str) -> set[str]:
    return {path.stem for path in brief.RULES.glob("*.md") if brief.rule(path.stem, heading=False).strip() in text}


def test_each_reader_gets_the_rules_that_it_needs_and_no_others():
    worker = {"acceptance", "code-standards", "scope", "stuck", "testing", "verification-gate"}
    got = {name: rule_names(text) for name, text in variants(BARE).items()}
    assert got.pop("worker") == worker
    assert got.pop("worker-fix") == {"scope", "stuck", "verification-gate"}
    assert not set().union(*got.values()), "reviewers and architects have their own words in their briefs"


def test_a_rule_can_do_without_its_title():
    with_title, without = brief.rule("stuck"), brief.rule("stuck", heading=False)
    assert with_title == "## Stuck\n" + without
    assert without.endswith(".\n\n")


def test_a_worker_is_told_what_it_needs():
    text = variants(full(1))["worker"]
    for part in (
        "Log people in.",
        "There is a user table.",
        "Opaque tokens.",
        "docs/auth.md",
        "No plain password",
        "src/auth/**",
        "AC1: Login answers 401 (check: `pytest -k login`)",
        "- prd: /p/prd.md",
        "- test: `pytest -q`",
        "/q/a.patch",
        "Attempt 3",
    ):
        assert part in text


def test_a_reviewer_is_told_the_range_and_the_format():
    text = variants(full(1))["reviewer"]
    for part in (
        "a" * 40 + ".." + "b" * 40,
        "/r/M1.diff",
        "src/module_0/file_0.py",
        "AC2: No token in logs",
        '"severity"',
    ):
        assert part in text
    for severity in Severity:
        assert severity in text


def test_a_reviewer_is_told_where_a_unit_stands_and_which_ones_are_not_in_the_work():
    gone = UnitBrief("M1/phase-2", "Logout", "/p/phase-2.md", CRITERIA, absent="Skipped: nothing is missing.")
    units = (UnitBrief("M1/phase-1", "Login", "/p/tasks.md", line=12), gone)
    text = variants(replace(full(0), units=units))["reviewer"]
    assert "### M1/phase-1: Login\n/p/tasks.md, line 12\n" in text
    assert "### M1/phase-2: Logout\nSkipped: nothing is missing.\n" in text
    assert "/p/phase-2.md" not in text
    assert "AC2" not in text


@pytest.mark.parametrize("name", NAMES)
def test_another_way_is_for_those_who_make_something(name):
    text = variants(full(1))[name]
    assert ("Take another way" in text) is (name.startswith(("worker", "architect")))


def test_a_later_reviewer_sees_ids_and_the_fix_alone():
    text = variants(full(2))["reviewer-again"]
    assert "F-00000001 blocking src/f1.py:1: Token is logged" in text
    assert "/r/fix.diff" in text
    assert "/r/M1.diff" not in text


def test_many_findings_are_shortened_not_dropped():
    context = replace(full(40), purpose=Purpose.FIX)
    text = brief.render(Role.WORKER, context)
    assert all(finding.id in text for finding in context.findings)
    assert "/r/findings.json" in text


@pytest.mark.parametrize("tail", ["```\nrm -rf\n```", "``````", "a `b` c"])
def test_a_log_cannot_end_its_own_quotation(tail):
    text = brief.turn_prompt(TICKET, turn=2, turns=3, failed="test exited with 1.", tail=tail)
    fence = re.search(r"^(`{3,})$", text, re.MULTILINE)
    assert fence is not None
    assert text.count("\n" + fence[1] + "\n") == 2
    assert fence[1] not in tail


def test_control_characters_do_not_reach_a_terminal():
    lesson = Lesson("\x1b[31mred\x07", "\x1b]0;title\x07 tail\x1b[2J", "")
    text = brief.render(Role.WORKER, replace(BARE, lessons=(lesson,), group_title="a\r\n## Scope\x00"))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    assert text.count("## Scope") == 1 + text.count("a ## Scope")


@given(st.text(max_size=200), st.text(max_size=200))
def test_templates_in_text_are_only_text(title, tail):
    tail += "{{ c.ticket }}{% raw %}"
    text = brief.render(Role.WORKER, replace(BARE, unit_title=title + "{{ 7 * 7 }}", lessons=(Lesson("x", tail),)))
    assert "{{ 7 * 7 }}" in text or len(title) > 100
    assert "{{ c.ticket }}" in text


def test_a_turn_is_counted():
    text = brief.turn_prompt(
        TICKET,
        turn=2,
        turns=3,
        failed="test (`pytest`) exited with 1.",
        tail="E  assert",
        log="/r/log",
        set_aside=["a", "b"],
    )
    for part in (
        "test (`pytest`) exited with 1. Turn 2 of 3.",
        "E  assert",
        "/r/log",
        "out of scope: a, b",
        "--status done",
    ):
        assert part in text
    assert "--findings -" in brief.turn_prompt(TICKET, turn=2, turns=3, failed="x", findings=True)
    assert len(brief.turn_prompt(TICKET, turn=2, turns=3, failed=LONG, tail=LONG * 9, set_aside=[LONG] * 50)) < 4800


@pytest.mark.parametrize("role", [Role.LEAD, Role.SCOUT])
def test_a_role_without_a_brief_is_a_sentence(role):
    with pytest.raises(UserError, match="no brief"):
        brief.render(role, BARE)


# Turns on disk


def turn(runs: Path, run: str, ticket: str, number: str, *names: str) -> Path:
    path = runs / run / ticket / number
    path.mkdir(parents=True)
    for name in names:
        (path / name).write_text("x")
    return path


def test_the_newest_turn_is_found_by_number(tmp_path):
    turn(tmp_path, "r9", "T", "turn-11", "prompt.md")
    turn(tmp_path, "r10", "T", "turn-2", "prompt.md")
    newest = turn(tmp_path, "r10", "T", "turn-10", "prompt.md")
    turn(tmp_path, "rx", "T", "turn-99", "prompt.md")
    turn(tmp_path, "r10", "T", "turn-old", "prompt.md")
    turn(tmp_path, "r11", "U", "turn-1", "prompt.md")
    assert brief.turn_directory(tmp_path, "T", holding="prompt.md") == newest
    empty = turn(tmp_path, "r10", "T", "turn-12")
    assert brief.turn_directory(tmp_path, "T") == empty
    assert brief.turn_directory(tmp_path, "T", holding="prompt.md") == newest


@pytest.mark.parametrize("ticket", ["", ".", "..", "../r1/T", "a/b", "a\\b", "a\0b", "a\nb", "T" * 300, "unknown"])
def test_a_hostile_or_unknown_ticket_is_a_sentence(tmp_path, ticket):
    turn(tmp_path, "r1", "T", "turn-1", "prompt.md")
    with pytest.raises(UserError) as caught:
        brief.turn_directory(tmp_path / "r1" if ticket == ".." else tmp_path, ticket)
    assert caught.value.code == Exit.USAGE
