"""The peer's plan review has twelve points, and each is either code or said to be judgement."""

from __future__ import annotations

import re
from pathlib import Path

from orchestra.plans import lint
from tests.support.planning import codes, milestone, phase, read


def test_each_of_the_twelve_points_names_codes_that_exist():
    sources = "".join(p.read_text() for p in Path(lint.__file__).parent.glob("*.py"))
    assert len(lint.REVIEW_POINTS) == 12
    known = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', sources.replace(str(lint.REVIEW_POINTS), "")))
    for point, covered in lint.REVIEW_POINTS:
        assert set(covered) <= known, point
    assert [point for point, covered in lint.REVIEW_POINTS if not covered] == ["the skills fit the work"]


def test_a_placeholder_is_an_error_once_the_milestone_is_ready(tmp_path):
    for slug, status in (("M1-a", "planning"), ("M2-b", "ready")):
        path = phase(milestone(tmp_path, slug, status=status))
        path.write_text(path.read_text().replace("Nothing else is.", "TODO: say it"))
    found = [(d.code, d.severity) for d in read(tmp_path).diagnostics]
    assert found == [("placeholder", "warning"), ("placeholder", "error")]


def test_no_phases(tmp_path):
    milestone(tmp_path, "M1-a")
    milestone(tmp_path, "M2-b", status="ready")
    assert [(d.code, d.severity) for d in read(tmp_path).diagnostics] == [
        ("no-phases", "warning"),
        ("no-phases", "error"),
    ]


def test_a_prd_has_to_say_why(tmp_path):
    home = milestone(tmp_path)
    phase(home)
    (home / "prd.md").write_text("# Login\n\nA form.\n")
    assert codes(read(tmp_path)) == ["prd-without-why"]
    (home / "prd.md").unlink()
    assert codes(read(tmp_path)) == ["missing-prd"]


def test_small_phases_do_without_context_and_constraints(tmp_path):
    path = phase(milestone(tmp_path), complexity="trivial")
    text = path.read_text()
    for name in ("Context", "Technical Decisions", "Constraints"):
        text = re.sub(rf"## {name}\n.*?(?=\n## |\Z)", "", text, flags=re.DOTALL)
    path.write_text(text)
    assert codes(read(tmp_path)) == []


def test_a_criterion_with_a_command_can_always_be_checked(tmp_path):
    path = phase(milestone(tmp_path))
    path.write_text(path.read_text().replace("The file has 3 lines", "It works well, check: `make test`"))
    assert codes(read(tmp_path)) == []


def changed(root: Path, old: str, new: str) -> list[tuple[str, int]]:
    """What is said of a good phase, by code and line, after a change of its text."""
    path = phase(milestone(root))
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return [(d.code, d.line) for d in read(root).diagnostics]


def test_two_quoted_names_with_an_or_between_are_a_choice(tmp_path):
    found = changed(tmp_path, "## Technical Decisions\n\n", "## Technical Decisions\n\n- Use `argon2` or `bcrypt`\n")
    assert [code for code, _ in found] == ["unresolved-choice"]


def test_a_section_that_is_there_twice_is_said(tmp_path):
    found = changed(tmp_path, "## Constraints", "## Scope\n\n- `src/more.py` (new)\n\n## Constraints")
    assert [code for code, _ in found] == ["duplicate-key"]


def test_a_heading_that_was_probably_meant_is_shown(tmp_path):
    path = phase(milestone(tmp_path))
    line = path.read_text()[: path.read_text().index("## Objective")].count("\n") + 1
    assert changed(tmp_path / "again", "## Objective", "## Objektive") == [("missing-section", line)]
    (said,) = read(tmp_path / "again").diagnostics
    assert said.hint == "call this one `## Objective`, or add it"


def test_gits_own_files_are_in_no_scope(tmp_path):
    found = changed(tmp_path, "## Scope\n\n", "## Scope\n\n- `.git/hooks/pre-commit` (new)\n")
    assert [code for code, _ in found] == ["bad-scope"]


def test_a_place_to_be_written_is_said_once(tmp_path):
    path = phase(milestone(tmp_path))
    path.write_text(
        re.sub(r"(## Scope\n\n).*?\n\n", r"\1- TODO: name each path\n\n", path.read_text(), flags=re.DOTALL)
    )
    assert sorted(codes(read(tmp_path))) == ["placeholder", "vague-scope"]
    assert "the Scope names no path" in " ".join(d.message for d in read(tmp_path).diagnostics)


def test_the_milestones_own_criteria_are_judged_too(tmp_path):
    home = milestone(tmp_path)
    phase(home)
    path = home / "milestone.md"
    path.write_text(path.read_text() + "\n## Acceptance Criteria\n\n- [ ] It works well\n")
    assert codes(read(tmp_path)) == ["uncheckable-criterion"]
