"""Where a path leads is what counts, not how it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.guard import paths, temp
from tests.guard.world import World, scope, sh


@pytest.fixture
def scoped(world: World) -> World:
    return world.headless()


INSIDE = [
    "src/lib/a.py",
    "src/lib/new/deep/n.py",
    "./src//lib/./a.py",
    "src/other/../lib/a.py",
    "src/lib/missing/../a.py",
    "src/lib/sp ace.py",
    "src/lib/-rf",
    "src/lib/ümlaut.py",
    "src/lib/日本.py",
]
OUTSIDE = [
    "secret.py",
    "src/lib",
    "src/lib/",
    "src/library/x.py",
    "src/lib.py",
    "src/lib/../other/o.py",
    "src/lib/../../secret.py",
    "src/lib/missing/../../../secret.py",
    "src/lib/a.py/../../../secret.py",
    "../project/secret.py",
    "../outside/x",
    "../project-evil/src/lib/a.py",
    "SRC/LIB/a.py",
    "/etc/passwd",
    "/src/lib/a.py",
    "~/x",
    "~root/x",
    "~",
    "src/lib/a\0.py",
    "src/lib/a\n.py",
    "src/lib/a\x1b.py",
    "src/lib/\ud800.py",
    " src/lib/a.py",
    "src/lib/a.py ",
    "",
    "src/lib/" + "a" * 300,
    "src/lib/" + "a/" * 3000 + "b",
    "/proc/self/root/etc/passwd",
    "/proc/self/cwd/src/lib/a.py",
    "/proc/1/cwd/x",
    "/dev/fd/3",
    "/dev/sda",
    ".git/config",
    "src/lib/.git/hooks/pre-commit",
]


@pytest.mark.parametrize("path", INSIDE)
def test_inside_is_allowed_relative_and_absolute(scoped, path):
    assert scoped.edit(path).allowed
    assert scoped.edit(f"{scoped.project}/{path}").allowed


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: repr(path[:30]))
def test_outside_is_denied(scoped, path):
    assert scoped.edit(path).denied
    assert scoped.inside(scoped.payload("Write", {"file_path": path})).denied


def test_a_relative_path_is_relative_to_the_call(scoped):
    assert scoped.edit("a.py", cwd=f"{scoped.project}/src/lib").allowed
    assert scoped.edit("src/lib/a.py", cwd=f"{scoped.project}/src/other").denied
    assert scoped.edit("src/lib/a.py", cwd="").denied
    assert scoped.edit(scoped.project / "src/lib/a.py", cwd="").allowed


LINKS = [
    ("ln -s src/lib alias", "alias/a.py", "allow"),
    ("ln -s ../../secret.py src/lib/l.py", "src/lib/l.py", "deny"),
    ("ln -s ../../nowhere/new.py src/lib/l.py", "src/lib/l.py", "deny"),
    ("ln -s ../other src/lib/o", "src/lib/o/new/deep.py", "deny"),
    ("ln -s ../missing src/lib/o", "src/lib/o/new.py", "deny"),
    ("ln -s a.py src/lib/l.py", "src/lib/l.py", "allow"),
    ("ln -s b src/lib/a && ln -s a src/lib/b", "src/lib/a/x.py", "deny"),
    ("ln -s src/lib/a.py l.py", "l.py", "allow"),
    ("mkdir src/lib/d && ln -s ../../other src/lib/d/o", "src/lib/d/o/../x.py", "deny"),
    ("ln -s src/other/deep far && mkdir src/other/deep", "far/../../lib/a.py", "deny"),
    ("ln -s ../outside/file src/lib/l.py", "src/lib/l.py", "deny"),
    ("ln -s /proc/self/cwd src/lib/p", "src/lib/p/src/lib/a.py", "deny"),
    ("ln -s /proc/version src/lib/p", "src/lib/p", "deny"),
    ("ln -s . src/lib/here", "src/lib/here/here/a.py", "allow"),
    ("ln secret.py src/lib/hard.py", "src/lib/hard.py", "deny"),
]


@pytest.mark.parametrize(("setup", "path", "decision"), LINKS)
def test_links_are_followed(scoped, setup, path, decision):
    sh(setup, scoped.project)
    assert scoped.edit(path).decision == decision


def test_a_link_from_a_temp_directory_into_the_project_is_no_temp_file(scoped, tmp_path_factory):
    """The project of these tests lies in the temp directory itself, so a second one is named."""
    scratch = tmp_path_factory.mktemp("scratch")
    scoped.env["TMPDIR"] = str(scratch)
    (scratch / "link").symlink_to(scoped.project)
    assert scoped.edit(scratch / "file").allowed
    assert scoped.edit(scratch / "new" / "file").allowed
    assert scoped.edit(scratch / "link" / "secret.py").denied
    assert scoped.edit(scratch / "link" / "src/lib/a.py").allowed


def test_temp_files_are_free_but_not_what_lies_beside_a_project_in_a_temp_directory(scoped):
    assert scoped.edit("/tmp/orchestra-test-of-the-guard").allowed
    assert scoped.edit("/tmp").denied
    assert scoped.edit(scoped.outside / "x").denied
    assert scoped.edit(scoped.home / ".bashrc").denied


def test_a_tmpdir_that_holds_the_project_is_not_believed():
    assert not temp.of("/srv", "/home/u", ["/srv/project"]).holds(place("/srv/x"))
    assert temp.of("/srv/tmp", "/home/u", ["/srv/project"]).holds(place("/srv/tmp/x"))
    assert temp.of("/srv/project/.tmp", "/home/u", ["/srv/project"]).holds(place("/srv/project/.tmp/x"))
    assert not temp.of("/srv/project/.tmp", "/home/u", ["/srv/project"]).holds(place("/srv/project/x"))
    assert temp.of("relative", "/tmp", []).holds(place("/tmp/x"))
    assert not temp.of("", "/home/u", []).holds(place("/tmp"))
    assert temp.of("", "/home/u", []).holds(place("/tmp"), into=True)
    assert not temp.of("", "/tmp/home", []).holds(place("/tmp"), into=True)


def test_a_tmpdir_that_leads_nowhere_is_none(tmp_path):
    (tmp_path / "a").symlink_to("a")
    assert temp.of(f"{tmp_path}/a", "/home/u", []).holds(place("/tmp/x"))
    assert f"{tmp_path}/a" not in dict(temp.of(f"{tmp_path}/a", "/home/u", []).folders)


def test_a_home_that_is_not_known():
    with pytest.raises(paths.Unclear):
        paths.place("~/x", "/", "")


def place(path: str) -> paths.Place:
    return paths.Place(path, path, [path])


# -- work trees and repositories


def test_the_main_checkout_is_outside_for_an_agent_in_a_linked_work_tree(world):
    tree = world.project / ".claude/worktrees/w1"
    sh(f"git worktree add -q {tree} -b w1", world.project)
    world.headless(scope(tree))
    assert world.edit(tree / "src/lib/a.py", cwd=str(tree)).allowed
    assert world.edit(tree / "secret.py", cwd=str(tree)).denied
    assert world.edit(world.project / "src/lib/a.py", cwd=str(tree)).denied
    assert world.edit(tree / ".git", cwd=str(tree)).denied
    assert world.edit(world.project / ".git/worktrees/w1/HEAD", cwd=str(tree)).denied


def test_a_work_tree_beside_the_project(world):
    tree = world.outside / "w2"
    sh(f"git worktree add -q {tree} -b w2", world.project)
    world.headless(scope(tree))
    assert world.edit("src/lib/a.py", cwd=str(tree)).allowed
    assert world.edit("../src/lib/a.py", cwd=str(tree)).denied


@pytest.mark.parametrize("made", ["git init -q {}", "git worktree add -q {} -b w3"])
def test_a_repository_or_work_tree_inside_is_somebody_else(world, made):
    sh(made.format("src/lib/other"), world.project)
    world.headless(scope(world.project, ["**"]))
    assert world.edit("src/lib/other/x.py").denied
    assert world.edit("src/lib/x.py").allowed


# -- file systems that ignore case, which Linux does not have: asked of a directory that looks like one


def test_case_is_asked_of_the_file_system(tmp_path):
    folder = tmp_path / "Folder"
    folder.mkdir()
    assert not paths.ignores_case(str(folder))
    (tmp_path / "fOLDER").symlink_to("Folder")
    assert not paths.ignores_case(str(folder))
    assert not paths.ignores_case("/123")
    assert not paths.ignores_case(str(folder / "missing"))


def test_where_case_is_ignored_both_spellings_are_one(world, monkeypatch):
    monkeypatch.setattr(paths, "ignores_case", lambda folder: True)
    world.headless(scope(world.project, ["src/Lib/**", "!src/lib/keep/**"]))
    assert world.inside(world.payload("Write", {"file_path": "SRC/LIB/a.py"})).allowed
    assert world.inside(world.payload("Write", {"file_path": "src/LIB/Keep/a.py"})).denied


def test_the_probe_takes_one_file_for_another_name_of_it(tmp_path, monkeypatch):
    """What a file system that ignores case answers."""
    real = os.lstat
    monkeypatch.setattr(paths.posix, "lstat", lambda path: real(str(path).replace("fOLDER", "Folder")))
    (tmp_path / "Folder").mkdir()
    (tmp_path / "Folder" / "123").mkdir()
    assert paths.ignores_case(str(tmp_path / "Folder"))
    assert paths.ignores_case(str(tmp_path / "Folder" / "123"))


# -- what cannot be looked at


def test_a_place_that_cannot_be_looked_at_is_unclear(tmp_path, monkeypatch):
    def refused(path: str) -> str:
        raise PermissionError(13, "no")

    monkeypatch.setattr(paths.posix, "readlink", refused)
    with pytest.raises(paths.Unclear):
        paths.real(str(tmp_path))


def test_a_name_that_no_system_call_takes_is_unclear():
    with pytest.raises(paths.Unclear):
        paths.real("/a\0b")


@pytest.mark.parametrize(
    ("path", "shell", "device"),
    [
        ("/dev/null", False, True),
        ("/dev/stderr", True, True),
        ("/dev/fd/2", True, True),
        ("/dev/fd/2", False, False),
        ("/dev/fd/x", True, False),
        ("/proc/self/fd/1", True, True),
        ("/dev/nullx", True, False),
    ],
)
def test_devices(path, shell, device):
    assert paths.is_device(path, shell=shell) is device


def test_the_entry_of_a_link_is_the_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    assert paths.entry(f"{tmp_path}/alias") == f"{paths.real(str(tmp_path))}/alias"
    assert paths.entry(f"{tmp_path}/alias/x") == f"{paths.real(str(tmp_path))}/real/x"
    assert paths.entry("/top") == "/top"


def test_other_names_of_a_file(tmp_path):
    file = tmp_path / "a"
    file.write_text("")
    assert not paths.has_other_names(str(file))
    assert not paths.has_other_names(str(tmp_path))
    assert not paths.has_other_names(str(tmp_path / "missing"))
    (tmp_path / "b").hardlink_to(file)
    assert paths.has_other_names(str(file))
