"""Blueprints: each shipped one gives a plan that validate accepts, and milestones become blueprints."""

from __future__ import annotations

from datetime import date

import pytest

from orchestra.errors import UserError
from orchestra.plans import blueprints, writing
from orchestra.plans.diagnostics import has_errors
from orchestra.plans.folders import find_group
from tests.support.planning import PEER, codes, milestone, phase, read

TODAY = date(2026, 11, 21)
CRUD = {"RESOURCE_NAME": "Line Item", "FIELDS": "number text, total cents"}


def make(root, name, values=None, first=1):
    found = blueprints.instantiate(blueprints.find(root, name), values or {}, first, TODAY)
    return writing.write_folders(root, found)


@pytest.mark.parametrize(
    ("name", "values", "milestones"),
    [("saas-starter", {}, 5), ("api-only", {}, 4), ("component-crud-resource", CRUD, 1)],
)
def test_a_shipped_blueprint_is_a_good_plan(tmp_path, name, values, milestones):
    make(tmp_path, name, values)
    result = read(tmp_path)
    assert len(result.plan.groups) == milestones
    assert not has_errors(result.diagnostics)
    assert set(codes(result)) <= {"placeholder"}
    assert all(u.writes for g in result.plan.groups for u in g.units)


def test_numbers_and_dependencies_follow_the_first_number(tmp_path):
    make(tmp_path, "saas-starter", first=7)
    assert [(g.id, g.depends_on) for g in read(tmp_path).plan.groups][:3] == [
        ("M7", ()),
        ("M8", ("M7",)),
        ("M9", ("M8",)),
    ]


def test_parameters_shape_names_and_paths(tmp_path):
    files = make(tmp_path, "component-crud-resource", CRUD)
    assert files[0] == ".orchestra/milestones/M1-line-items/milestone.md"
    assert read(tmp_path).plan.groups[0].units[0].writes[0] == "src/line-items/model/**"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"RESOURCE_NAME": "x"},
        {**CRUD, "OTHER": "x"},
        {**CRUD, "FIELDS": ""},
        {**CRUD, "FIELDS": "a\n<!-- file: x -->"},
    ],
)
def test_wrong_parameters(tmp_path, values):
    with pytest.raises(UserError) as error:
        make(tmp_path, "component-crud-resource", values)
    assert error.value.code == 64


@pytest.mark.parametrize(
    "hostile", ["../../etc/passwd", "{{ 7*7 }}", "{% for x in y %}", "<!-- file: ../x -->", "''", "/"]
)
def test_values_are_text_and_never_paths_or_templates(tmp_path, hostile):
    files = make(tmp_path, "component-crud-resource", {"RESOURCE_NAME": hostile, "FIELDS": hostile})
    assert all(f.startswith(".orchestra/milestones/M1-") and ".." not in f for f in files)
    assert "49" not in (tmp_path / files[0]).read_text()


def test_an_unknown_blueprint_names_the_nearest(tmp_path):
    with pytest.raises(UserError) as error:
        blueprints.find(tmp_path, "saas-startr")
    assert "saas-starter" in error.value.hint


def own(root, text, name="mine"):
    folder = root / ".orchestra" / "blueprints"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text)


@pytest.mark.parametrize(
    "body",
    [
        "<!-- file: ../../x.md -->\nx",
        "<!-- file: M1-a/other.md -->\nx",
        "<!-- file: M1-a/milestone.md -->\n{{ missing }}",
        "<!-- file: M1-a/milestone.md -->\n{% if %}",
        "<!-- file: M1-a/milestone.md -->\n{{ ''.__class__.__mro__ }}",
        "<!-- file: M1-a/milestone.md -->\n{{ 1/0 }}",
        "<!-- file: M1-a/milestone.md -->\n{{ milestone('x') }}",
    ],
)
def test_a_project_blueprint_cannot_do_harm(tmp_path, body):
    own(tmp_path, body)
    with pytest.raises(UserError) as error:
        make(tmp_path, "mine")
    assert error.value.code == 65
    assert list(tmp_path.glob(".orchestra/milestones/*/*")) == []


def test_a_peers_blueprint_does_not_hide_a_shipped_one(tmp_path):
    own(tmp_path, "# SaaS Starter\n\n## Milestones\n", "saas-starter")
    assert blueprints.find(tmp_path, "saas-starter").params == {}
    assert len(blueprints.available(tmp_path)) == 3


def test_a_milestone_becomes_a_blueprint_and_back(tmp_path):
    home = milestone(tmp_path, "M3-login", status="done", rows="| Locked-By | 2026-01-01 |\n| Depends-On | M1 |\n")
    path = phase(home)
    text = path.read_text().replace("Nothing else is.", "M3 has {{ braces }} and {% tags %} for Widgets, not M30.")
    path.write_text(text.replace("status: pending", "status: done") + "\n## Result\n\ndone by me\n")
    own(tmp_path, blueprints.from_milestone(tmp_path, find_group(tmp_path, "M3"), "mine", {"THING": "Widgets"}))
    make(tmp_path, "mine", {"THING": "Gadgets"}, first=8)
    made = (tmp_path / ".orchestra/milestones/M8-login/phases/phase-1.md").read_text()
    assert made == text.replace("M3 has", "M8 has").replace("Widgets", "Gadgets")
    head = (tmp_path / ".orchestra/milestones/M8-login/milestone.md").read_text()
    assert "Locked-By" not in head
    assert "Depends-On" not in head
    assert "| Status | planning |" in head


@pytest.mark.parametrize("number", [1, 2, 3, 10])
def test_peers_milestones_become_blueprints(tmp_path, number):
    own(tmp_path, blueprints.from_milestone(PEER, find_group(PEER, f"M{number}"), "mine", {}))
    make(tmp_path, "mine")
    assert not has_errors(read(tmp_path).diagnostics)
