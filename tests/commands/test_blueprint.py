"""orchestra blueprint: list and add."""

from __future__ import annotations

import pytest

from tests.support.planning import milestone, orchestra, phase, read


@pytest.fixture
def root(tmp_path):
    phase(milestone(tmp_path, "M3-login"))
    return tmp_path


def test_list(root, capsys):
    said = orchestra(capsys, root, "blueprint", "list", "--json")
    assert [b["name"] for b in said.json["blueprints"]] == ["api-only", "component-crud-resource", "saas-starter"]
    assert set(said.json["blueprints"][1]["params"]) == {"RESOURCE_NAME", "FIELDS"}
    assert "--param FIELDS=…" in orchestra(capsys, root, "blueprint", "list").out


def test_add_and_use(root, capsys):
    said = orchestra(capsys, root, "blueprint", "add", "M3", "--name", "form", "--param", "PART=Part 1", "--json")
    assert said.json == {"ok": True, "name": "form", "file": ".orchestra/blueprints/form.md"}
    assert orchestra(capsys, root, "new", "--blueprint", "form").code == 64
    assert orchestra(capsys, root, "new", "--blueprint", "form", "--param", "PART=Form").code == 0
    assert [u.title for u in read(root).plan.groups[1].units] == ["Form"]
    assert orchestra(capsys, root, "validate").code == 0


def test_an_existing_one_stays(root, capsys):
    orchestra(capsys, root, "blueprint", "add", "M3")
    before = (root / ".orchestra/blueprints/login.md").read_bytes()
    assert orchestra(capsys, root, "blueprint", "add", "M3").code == 1
    assert (root / ".orchestra/blueprints/login.md").read_bytes() == before


@pytest.mark.parametrize(
    "words", [[], ["add"], ["add", "M9"], ["add", "M3", "--name", "../x"], ["add", "M3", "--param", "x"]]
)
def test_bad_usage(root, capsys, words):
    assert orchestra(capsys, root, "blueprint", *words).code == 64
