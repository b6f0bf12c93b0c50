"""orchestra brief: prints the newest prompt of a ticket, and nothing of anything else."""

from __future__ import annotations

import pytest

from tests.support import shown
from tests.support.shown import orchestra

TICKET = "M1.phase-1.worker-1"


@pytest.fixture
def project(tmp_path):
    made = shown.project(tmp_path)
    for turn in (1, 2):
        directory = made.runs / "r1" / TICKET / f"turn-{turn}"
        directory.mkdir(parents=True)
        (directory / "prompt.md").write_text(f"Turn {turn} – do it.\n", encoding="utf-8")
    (made.runs / "r1" / TICKET / "turn-3").mkdir()
    return made


def test_the_newest_prompt(project):
    assert orchestra(project.root, "brief", TICKET).out == "Turn 2 – do it.\n"
    told = orchestra(project.root, "brief", TICKET, "--json").json
    assert told["prompt"] == "Turn 2 – do it.\n"
    assert told["path"].endswith("turn-2/prompt.md")


def test_from_inside_a_unit_s_work_tree(project):
    inside = project.worktrees / "M1.phase-1" / "src"
    inside.mkdir(parents=True)
    assert orchestra(inside, "brief", TICKET).code == 0


@pytest.mark.parametrize("ticket", ["nobody", "../../etc", "..", "/etc/passwd"])
def test_other_tickets_are_refused(project, ticket):
    said = orchestra(project.root, "brief", ticket)
    assert said.code == 64
    assert "ticket" in said.err
    assert said.out == ""
