"""Compiled templates are kept beside compiled modules, and never stand in the way of rendering."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jinja2
import pytest

from orchestra.plans.templates import environment


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "a.j2").write_text("one {{ name }}")
    return tmp_path


def render(folder: Path) -> str:
    return environment(folder, ours=True).get_template("a.j2").render(name="x")


def never(*_: object, **__: object) -> None:
    raise AssertionError("it was compiled again")


def kept(folder: Path) -> list[Path]:
    return list((folder / "__pycache__").glob("*"))


def test_a_template_is_compiled_once_until_it_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert render(folder) == "one x"
    assert len(kept(folder)) == 1
    with monkeypatch.context() as patch:
        patch.setattr(jinja2.Environment, "compile", never)
        assert render(folder) == "one x"
    (folder / "a.j2").write_text("two {{ name }}")
    assert render(folder) == "two x"


def test_where_python_keeps_its_modules_elsewhere_so_are_templates(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "prefix"))
    assert render(folder) == "one x"
    assert kept(folder) == []
    assert len(list((tmp_path / "prefix").rglob("*.cache"))) == 1


def test_where_python_keeps_nothing_neither_are_templates(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(folder) == "one x"
    assert kept(folder) == []


@pytest.mark.parametrize("damage", [b"", b"\0", b"j2" * 500])
def test_a_damaged_one_is_made_again(folder: Path, damage: bytes) -> None:
    render(folder)
    (only,) = kept(folder)
    whole = only.read_bytes()
    for text in (damage, whole[: len(whole) // 2], whole[:-1]):
        only.write_bytes(text)
        assert render(folder) == "one x"
    assert only.read_bytes() == whole


def test_without_a_place_to_keep_it_a_template_is_rendered(folder: Path) -> None:
    (folder / "__pycache__").write_bytes(b"a file")
    assert render(folder) == "one x"


def test_a_full_disk_keeps_no_template_from_being_rendered(folder: Path) -> None:
    code = """
import resource, signal, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = False
from pathlib import Path
import jinja2
from orchestra.plans.templates import environment
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
print(environment(Path(sys.argv[2]), ours=True).get_template("a.j2").render(name="x"))
"""
    scripts = Path(__file__).parents[2] / "scripts"
    said = subprocess.run([sys.executable, "-c", code, str(scripts), str(folder)], capture_output=True, text=True)
    assert (said.stdout, said.stderr) == ("one x\n", "")
    assert kept(folder) == []
