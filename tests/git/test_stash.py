from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git.commits import read_ref
from orchestra.git.landing import advance
from orchestra.git.repo import Repo
from orchestra.git.stash import stash, stash_ref, unstash
from tests.git.test_changes import ODD
from tests.git.test_merge import side
from tests.support.kills import kill_at, moments, survives
from tests.support.repos import commit_all, configure, content, copies, init, user_git, write


def shown(repo: Repo) -> tuple[object, ...]:
    """All that a person could lose: files, index, and what git says of both."""
    return content(repo.root), user_git(repo.root, "ls-files", "-s"), user_git(repo.root, "status", "--porcelain")


def make_dirty(repo: Repo) -> None:
    write(repo.root, {"run.sh": "r\n", "gone": "g\n", "both": "1\n", "typed": "t\n", "unstaged-gone": "u\n"})
    commit_all(repo.root)
    write(repo.root, {"a.txt": b"bytes \0 and\r\nmixed\nends", "both": "staged\n", "staged-new": "s\n"})
    user_git(repo.root, "add", "both", "staged-new")
    user_git(repo.root, "rm", "-q", "gone")
    write(repo.root, {"both": "work\n", "untracked/deep/ünï \n": "u", "staged-new": "s2\n"})
    (repo.root / "run.sh").chmod(0o755)
    (repo.root / "typed").unlink()
    (repo.root / "typed").symlink_to("a.txt")
    (repo.root / "unstaged-gone").unlink()
    (repo.root / "dangling").symlink_to("/nowhere")
    write(repo.root, {"src/b.py": "staged then put back\n"})
    user_git(repo.root, "add", "src/b.py")
    write(repo.root, {"src/b.py": "b = 1\n"})


def test_away_and_exactly_back(repo: Repo) -> None:
    make_dirty(repo)
    write(repo.root, {".orchestra/plan.md": "people's\n"})
    before = shown(repo)
    sha = stash(repo, "run-1")
    assert sha == read_ref(repo, stash_ref("run-1")) == stash(repo, "run-1")
    assert repo.dirty() == [] and user_git(repo.root, "diff", "--cached", "--name-only") == ""
    assert (repo.root / ".orchestra/plan.md").read_text() == "people's\n"
    assert user_git(repo.root, "stash", "list") == ""
    assert unstash(repo, "run-1") == []
    assert shown(repo) == before
    assert read_ref(repo, stash_ref("run-1")) is None
    assert unstash(repo, "run-1") == []


@pytest.mark.parametrize("name", ODD)
def test_odd_names(repo: Repo, name: str) -> None:
    write(repo.root, {name: "1"})
    commit_all(repo.root)
    write(repo.root, {name: "2", name + ".new": "n"})
    before = shown(repo)
    stash(repo, "x")
    assert repo.dirty() == []
    unstash(repo, "x")
    assert shown(repo) == before


def test_plans_stay_where_they_are_staged_or_not(repo: Repo) -> None:
    spec = ".kiro/specs/login/"
    write(repo.root, {f"{spec}requirements.md": "staged\n", "new": "n\n"})
    user_git(repo.root, "add", spec, "new")
    write(repo.root, {f"{spec}requirements.md": "work\n", f"{spec}design.md": "d\n"})
    before = shown(repo)
    assert stash(repo, "run-1")
    assert user_git(repo.root, "diff", "--cached", "--name-only").split() == [f"{spec}requirements.md"]
    assert (repo.root / spec / "requirements.md").read_text() == "work\n"
    assert not (repo.root / "new").exists()
    assert unstash(repo, "run-1") == []
    assert shown(repo) == before


def test_a_clean_checkout_needs_no_stash(repo: Repo) -> None:
    assert stash(repo, "x") is None and read_ref(repo, stash_ref("x")) is None


def test_files_and_folders_that_took_each_others_place(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"file": "x", "folder/one": "1"})
    (repo.root / "file").unlink()
    (repo.root / "folder/one").unlink()
    (repo.root / "folder").rmdir()
    write(repo.root, {"file/inner": "i", "folder": "f"})
    before = shown(repo)
    stash(repo, "x")
    assert (repo.root / "file").is_file() and (repo.root / "folder/one").exists()
    assert unstash(repo, "x") == []
    assert shown(repo) == before


@pytest.mark.parametrize("value", ["true", "input"])
def test_line_endings_come_back_as_they_were(tmp_path: Path, value: str) -> None:
    repo = init(tmp_path / "r", {"t.txt": "one\n"})
    configure(repo.root, {"core.autocrlf": value})
    write(repo.root, {"t.txt": b"mixed\r\nends\nhere\r\n", "new.txt": b"dos\r\nunix\n"})
    before = shown(repo)
    stash(repo, "x")
    unstash(repo, "x")
    assert shown(repo) == before


def test_killed_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = init(tmp_path / "template")
    make_dirty(template)
    before, repos = shown(template), copies(template.root, tmp_path)
    kills = moments(tmp_path, partial(stash, next(repos), "x"))
    for (step, after), repo in zip(kills, repos, strict=False):
        with monkeypatch.context() as patch:
            kill_at(patch, step, after)
            survives(partial(stash, repo, "x"))
        held = stash(repo, "x")
        assert held and repo.dirty() == [] and user_git(repo.root, "diff", "--cached", "--name-only") == ""
    assert len(kills) > 15
    repos = copies(repo.root, tmp_path / "back")
    kills = moments(tmp_path, partial(unstash, next(repos), "x"))
    for (step, after), again in zip(kills, repos, strict=False):
        with monkeypatch.context() as patch:
            kill_at(patch, step, after)
            survives(partial(unstash, again, "x"))
        assert unstash(again, "x") == [] and shown(again) == before
    assert len(kills) > 15


def test_what_landed_meanwhile_is_kept(repo: Repo) -> None:
    write(repo.root, {"lines": "".join(f"{n}\n" for n in range(30))})
    old = commit_all(repo.root)
    write(repo.root, {"lines": "mine\n" + "".join(f"{n}\n" for n in range(30)), "untracked": "u", "src/b.py": "mine\n"})
    user_git(repo.root, "add", "src/b.py")
    stash(repo, "x")
    new = side(repo, old, {"lines": "".join(f"{n}\n" for n in range(30)) + "landed\n", "a.txt": "landed\n"})
    assert advance(repo, "main", new, old).behind == ()
    assert unstash(repo, "x") == []
    lines = (repo.root / "lines").read_text().splitlines()
    assert lines[0] == "mine" and lines[-1] == "landed"
    assert user_git(repo.root, "status", "--porcelain") == " M lines\nM  src/b.py\n?? untracked"
    assert (repo.root / "a.txt").read_text() == "landed\n"


def test_killed_while_both_changes_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = init(tmp_path / "template", {"lines": "".join(f"{n}\n" for n in range(30)), "z": "1\n"})
    old = template.resolve("main") or ""
    text = (template.root / "lines").read_text()
    write(template.root, {"lines": "mine\n" + text, "z": "mine\n"})
    stash(template, "x")
    advance(template, "main", side(template, old, {"lines": text + "landed\n"}), old)
    repos = copies(template.root, tmp_path)
    kills = moments(tmp_path, partial(unstash, next(repos), "x"))
    for (step, after), repo in zip(kills, repos, strict=False):
        with monkeypatch.context() as patch:
            kill_at(patch, step, after)
            survives(partial(unstash, repo, "x"))
        assert unstash(repo, "x") == []
        assert (repo.root / "lines").read_text() == "mine\n" + text + "landed\n"
        assert (repo.root / "z").read_text() == "mine\n"
    assert len(kills) > 15


def test_a_conflict_leaves_the_stash_and_the_checkout(repo: Repo) -> None:
    old = repo.resolve("main") or ""
    write(repo.root, {"a.txt": "mine\n", "untracked": "u"})
    sha = stash(repo, "x")
    new = side(repo, old, {"a.txt": "landed\n"})
    advance(repo, "main", new, old)
    before = shown(repo)
    assert unstash(repo, "x") == ["a.txt"]
    assert shown(repo) == before and read_ref(repo, stash_ref("x")) == sha


def test_a_file_that_landed_where_an_untracked_one_was(repo: Repo) -> None:
    old = repo.resolve("main") or ""
    write(repo.root, {"new": "mine\n"})
    stash(repo, "x")
    advance(repo, "main", side(repo, old, {"new": "landed\n"}), old)
    assert unstash(repo, "x") == ["new"]
    assert (repo.root / "new").read_text() == "landed\n"


def test_new_work_in_the_way_is_not_overwritten(repo: Repo) -> None:
    write(repo.root, {"a.txt": "mine\n", "new": "mine\n"})
    stash(repo, "x")
    write(repo.root, {"a.txt": "newer\n", "new": "newer\n"})
    assert unstash(repo, "x") == ["a.txt", "new"]
    assert (repo.root / "a.txt").read_text() == "newer\n" and (repo.root / "new").read_text() == "newer\n"


def test_an_ignored_file_in_the_way_is_not_overwritten(repo: Repo) -> None:
    write(repo.root, {"local.env": "mine\n"})
    stash(repo, "x")
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info/exclude").write_text("local.env\n")
    write(repo.root, {"local.env": "newer\n"})
    assert unstash(repo, "x") == ["local.env"]
    assert (repo.root / "local.env").read_text() == "newer\n"


def test_ignored_files_where_a_tracked_one_belongs_are_not_lost(repo: Repo) -> None:
    (repo.root / "a.txt").unlink()
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info/exclude").write_text("*.log\n")
    write(repo.root, {"a.txt/keep.log": "precious"})
    with pytest.raises(UserError, match="would be lost"):
        stash(repo, "x")
    assert (repo.root / "a.txt/keep.log").read_text() == "precious"


@pytest.mark.parametrize("way", ["folder/new", "folder"])
def test_an_ignored_file_or_folder_in_the_place_of_a_stashed_path(repo: Repo, way: str) -> None:
    write(repo.root, {"folder/new": "mine\n"} if way == "folder" else {"folder": "mine\n"})
    stash(repo, "x")
    (repo.git_dir / "info").mkdir(exist_ok=True)
    (repo.git_dir / "info/exclude").write_text("folder\n")
    write(repo.root, {way: "precious"})
    assert len(unstash(repo, "x")) == 1
    assert (repo.root / way).read_text() == "precious"


def test_other_new_work_stays(repo: Repo) -> None:
    write(repo.root, {"a.txt": "mine\n"})
    stash(repo, "x")
    write(repo.root, {"src/b.py": "newer\n", "other": "o"})
    user_git(repo.root, "add", "other")
    assert unstash(repo, "x") == []
    assert user_git(repo.root, "status", "--porcelain") == " M a.txt\nA  other\n M src/b.py"


def test_a_name_that_holds_something_else_is_refused(repo: Repo) -> None:
    write(repo.root, {"a.txt": "mine\n"})
    stash(repo, "x")
    write(repo.root, {"a.txt": "newer\n"})
    with pytest.raises(UserError, match="holds other changes already"):
        stash(repo, "x")
    assert (repo.root / "a.txt").read_text() == "newer\n"


def test_what_cannot_be_kept_is_refused_untouched(repo: Repo) -> None:
    (repo.root / "nested").mkdir()
    user_git(repo.root / "nested", "init", "-q")
    write(repo.root, {"nested/f": "1", "a.txt": "mine\n"})
    with pytest.raises(UserError, match="repository of its own"):
        stash(repo, "x")
    assert (repo.root / "a.txt").read_text() == "mine\n"


def test_an_unfinished_merge_is_refused(repo: Repo) -> None:
    base = repo.resolve("main") or ""
    user_git(repo.root, "branch", "x", side(repo, base, {"a.txt": "x\n"}))
    write(repo.root, {"a.txt": "y\n"})
    commit_all(repo.root)
    user_git(repo.root, "merge", "x", check=False)
    before = shown(repo)
    with pytest.raises(UserError, match="merge is not finished"):
        stash(repo, "x")
    assert shown(repo) == before


def test_a_detached_head(repo: Repo) -> None:
    user_git(repo.root, "checkout", "-q", "--detach")
    make_dirty(repo)
    before = shown(repo)
    stash(repo, "x")
    assert unstash(repo, "x") == []
    assert shown(repo) == before


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    user_git(tmp_path, "init", "-q")
    write(tmp_path, {"f": "1"})
    with pytest.raises(UserError, match="no commit yet"):
        stash(Repo(tmp_path), "x")


def test_file_permissions_of_people_do_not_become_wider(repo: Repo) -> None:
    old = os.umask(0o077)
    try:
        write(repo.root, {"secret.sh": "s"})
        (repo.root / "secret.sh").chmod(0o700)
        stash(repo, "x")
        unstash(repo, "x")
        assert (repo.root / "secret.sh").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(old)
