"""Skills: which file a phase's word leads to, and what is said when there is none."""

from __future__ import annotations

import pytest

from orchestra.plans import skills
from tests.support import planning

BUNDLED = ("auth", "crud-api", "testing", "debugging", "deployment", "accessibility", "frontend", "performance")


def own(root, folder, name):
    path = root / folder / name / "SKILL.md"
    path.parent.mkdir(parents=True)
    path.write_text("# Ours\n")
    return path


@pytest.mark.parametrize("name", [*BUNDLED, "database", "security"])
def test_the_bundle_has_the_check_lists_that_plans_name(tmp_path, name):
    path = skills.skill_path(tmp_path, name)
    assert path is not None and path.parent.name == name


def test_the_projects_own_come_first(tmp_path):
    bundled = skills.skill_path(tmp_path, "auth")
    client = own(tmp_path, ".claude/skills", "auth")
    assert bundled != skills.skill_path(tmp_path, "auth") == client
    ours = own(tmp_path, ".orchestra/skills", "auth")
    assert skills.skill_path(tmp_path, "auth") == ours


def test_what_nobody_knows_is_handed_on_as_it_is(tmp_path):
    assert skills.skill_paths(tmp_path, ["auth", "of-the-client"]) == (
        str(skills.BUNDLED / "auth" / "SKILL.md"),
        "of-the-client",
    )


@pytest.mark.parametrize("name", ["", ".", "..", "../auth", "auth/../auth", "/etc", "a\nb", "a\0b", "x" * 300, "AUTH/"])
def test_a_hostile_name_leads_nowhere(tmp_path, name):
    own(tmp_path, ".orchestra/skills", "auth")
    own(tmp_path, ".orchestra", "auth")
    assert skills.skill_path(tmp_path, name) is None


def test_a_folder_without_its_file_is_no_skill(tmp_path):
    (tmp_path / ".orchestra/skills/empty").mkdir(parents=True)
    assert skills.skill_path(tmp_path, "empty") is None
    assert "empty" not in skills.known_skills(tmp_path)


def test_all_names_are_listed_once_in_order(tmp_path):
    own(tmp_path, ".claude/skills", "house-style")
    own(tmp_path, ".claude/skills", "auth")
    names = skills.known_skills(tmp_path)
    assert names == sorted(set(names))
    assert {"house-style", *BUNDLED} <= set(names)


def test_what_leads_or_plans_is_for_no_phase_nor_is_a_copy_of_ours(tmp_path):
    own(tmp_path, ".claude/skills", "orchestra-auth")
    assert not {"orchestra", "planning", "orchestra-auth"} & set(skills.known_skills(tmp_path))


def validated(capsys, root, line):
    home = planning.milestone(root)
    path = planning.phase(home)
    path.write_text(path.read_text().replace("skills: []", line))
    return planning.orchestra(capsys, root, "validate", "--json").json["diagnostics"]


def test_an_unknown_skill_is_a_warning_with_the_nearest_name(tmp_path, capsys):
    (found,) = validated(capsys, tmp_path, "skills: [auth, deubgging]")
    assert (found["code"], found["severity"]) == ("unknown-skill", "warning")
    assert "deubgging" in found["message"] and "`debugging`" in found["hint"]
    line = (tmp_path / found["file"]).read_text().splitlines()[found["line"] - 1]
    assert line.startswith("skills:")


def test_a_skill_of_the_project_is_no_warning(tmp_path, capsys):
    own(tmp_path, ".orchestra/skills", "house-style")
    assert validated(capsys, tmp_path, "skills: [auth, house-style]") == []
