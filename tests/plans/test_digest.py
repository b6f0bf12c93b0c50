"""The digest follows what people plan, and not what a run writes."""

from __future__ import annotations

import pytest

from orchestra.plans import digest
from orchestra.plans.edit import replace_section, set_frontmatter_field, set_table_field
from orchestra.plans.folders import find_group
from tests.support.planning import milestone, phase


def of(root):
    return digest.of(root, find_group(root, "M1"))


def edit(path, change):
    path.write_text(change(path.read_text()))


def test_views_do_not_change_it(tmp_path):
    home = milestone(tmp_path)
    path = phase(home)
    before = of(tmp_path)
    edit(home / "milestone.md", lambda t: set_table_field(set_table_field(t, "Status", "done"), "Locked-By", "x"))
    edit(path, lambda t: replace_section(set_frontmatter_field(t, "status", "done"), "Result", "all good"))
    (home / "context.md").write_text("## Phases\n")
    assert of(tmp_path) == before


@pytest.mark.parametrize("name", ["milestone.md", "prd.md", "phases/phase-1.md"])
def test_a_persons_change_changes_it(tmp_path, name):
    home = milestone(tmp_path)
    phase(home)
    before = of(tmp_path)
    edit(home / name, lambda t: t + "\nmore\n")
    assert of(tmp_path) != before


def test_a_new_phase_changes_it(tmp_path):
    home = milestone(tmp_path)
    phase(home)
    before = of(tmp_path)
    phase(home, 2)
    assert of(tmp_path) != before
