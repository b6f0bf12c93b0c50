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
