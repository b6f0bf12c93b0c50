"""orchestra create-role: a role of the project's own, its file, and what `validate` and `brief` make of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.core.words import Role
from orchestra.plans import roles
from tests.support.shown import Said, orchestra

HOME = ".orchestra/roles"


@pytest.fixture
def root(tmp_path):
    (tmp_path / ".orchestra").mkdir()
    return tmp_path


def create(root: Path, *words: str) -> Said:
    return orchestra(root, "create-role", *words)


def said_of(root: Path) -> list[tuple[str, str]]:
    told = orchestra(root, "validate", "--json").json
    return [(d["code"], d["severity"]) for d in told["diagnostics"] if d["file"].startswith(HOME)]


def test_a_role_is_written_and_read_back(root):
    said = create(root, "release-manager", "--for", "Cuts releases: all of them", "--writes", "docs/", "src/**/*.sql")
    assert (said.code, said.out) == (0, f"{HOME}/release-manager.md\n")
    role = roles.find(root, "release-manager")
    assert role is not None
    assert (role.purpose, role.writes) == ("Cuts releases: all of them", ("docs/**", "src/**/*.sql"))
    for name in roles.SECTIONS:
        assert f"## {name}" in role.body
    assert {code for code, _ in said_of(root)} == {"placeholder"}
    assert orchestra(root, "validate").code == 0


def test_whoever_takes_the_role_gets_its_file(root):
    create(root, "scribe", "--for", "Writes minutes", "--writes", "docs/")
    said = orchestra(root, "brief", "scribe")
    assert said.code == 0
    assert "You are the scribe of this repository: Writes minutes" in said.out
    assert "You may write: `docs/**`." in said.out
    assert "---" not in said.out


def test_a_role_that_only_reads(root):
    assert create(root, "auditor", "--for", "Looks", "--json").json["ok"] is True
    assert "You may write: nothing." in orchestra(root, "brief", "auditor").out


def test_what_exists_is_not_touched(root):
    create(root, "scribe", "--for", "a")
    before = (root / HOME / "scribe.md").read_bytes()
    said = create(root, "scribe", "--for", "b")
    assert said.code == 1
    assert "exists already" in said.err
    assert (root / HOME / "scribe.md").read_bytes() == before
    (root / HOME / "link.md").symlink_to("nowhere")
    assert create(root, "link", "--for", "b").code == 1


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x", "a/b", "Scribe", "a b", "-x", "x-", "x" * 41, "a\nb", "é", "a.b", "con\x00", *list(Role)],
)
def test_what_is_no_name_is_refused(root, name):
    said = create(root, "--for", "x", "--", name)
    assert said.code == 64
    assert not (root / HOME).exists()


@pytest.mark.parametrize(
    "glob",
    [
        "/etc", "~/x", "../x", "a/../../x", "a\\b", "a\nb", ".git/hooks", ".git", ".claude/settings.json", ".codex/",
        ".orchestra/state.db", ".orchestra/runs/x", ".orchestra/locks", "./.git/x", "", " ",
        "{" + ",".join("ab" * 9 for _ in range(999)) + "}",
    ],
)  # fmt: skip
def test_a_path_that_no_role_may_write_is_refused(root, glob):
    said = create(root, "scribe", "--for", "x", "--writes", "docs/", glob)
    assert said.code == 64
    assert not (root / HOME).exists()


@pytest.mark.parametrize("purpose", ["", "  ", "a\nb", "\x1b[2J", "x" * 301])
def test_the_purpose_is_one_line(root, purpose):
    assert create(root, "scribe", "--for", purpose).code == 64


@pytest.mark.parametrize(
    "purpose", ["a: b # c", "\"quoted\" 'and' {{ 7 }}", "- [x]", "&a *b !c |", "ü — 漢", "{% raw %}", "#"]
)
def test_any_line_of_text_is_kept_as_it_is(root, purpose):
    assert create(root, "scribe", "--for", purpose).code == 0
    role = roles.find(root, "scribe")
    assert role is not None
    assert role.purpose == purpose


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", {"missing-field", "missing-section"}),
        ("---\nname: other\nfor: x\nwrites: []\n---\n", {"id-mismatch", "missing-section"}),
        ("---\nfor: x\nwrites: docs/\n---\n", {"bad-type", "missing-section"}),
        ("---\nfor: x\nwrites: [../x, 7, [a]]\n---\n", {"bad-scope", "missing-section"}),
        ("---\nfor: x\nwrite: [a/]\nwrites: [a/]\n---\n", {"unknown-key", "missing-section"}),
        ("---\nfor: x\nwrites: [a/\n", {"frontmatter", "missing-field", "missing-section"}),
        ("---\nfor: &a x\nwrites: [*a]\n---\n", {"yaml-alias", "missing-field", "missing-section"}),
    ],
)
def test_validate_reads_the_roles(root, text, codes):
    (root / HOME).mkdir()
    (root / HOME / "scribe.md").write_text(text)
    found = said_of(root)
    assert {code for code, _ in found} == codes
    errors = any(severity == "error" for _, severity in found)
    assert orchestra(root, "validate").code == (65 if errors else 0)
    assert orchestra(root, "brief", "scribe").code == (65 if errors else 0)


def test_a_file_that_is_no_role_by_its_name(root):
    (root / HOME).mkdir()
    (root / HOME / "worker.md").write_text("---\nfor: x\nwrites: []\n---\n")
    assert ("bad-id", "error") in said_of(root)
    assert orchestra(root, "brief", "worker").code == 64


@pytest.mark.parametrize("odd", ["fifo", "binary", "outside", "folder"])
def test_odd_files_are_no_bug(root, odd):
    (root / HOME).mkdir()
    path = root / HOME / "scribe.md"
    if odd == "fifo":
        os.mkfifo(path)
    elif odd == "binary":
        path.write_bytes(b"\0" * 10)
    elif odd == "outside":
        path.symlink_to("/etc/hosts")
    else:
        path.mkdir()
    assert orchestra(root, "validate").code == 65
    assert orchestra(root, "brief", "scribe").code == 65


def test_a_folder_that_leads_out_of_the_project_is_not_written(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (root / HOME).symlink_to(elsewhere)
    assert create(root, "scribe", "--for", "x").code == 65
    assert list(elsewhere.iterdir()) == []


def test_without_a_project(tmp_path):
    assert create(tmp_path, "scribe", "--for", "x").code == 64
