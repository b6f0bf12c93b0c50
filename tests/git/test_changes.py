from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.git.changes import Change, Kind, changes, names
from orchestra.git.repo import Repo
from tests.support.repos import commit_all, configure, init, unit_tree, user_git, write

ODD = [
    "with space.txt",
    "tab\tand\nnewline",
    "ünï/çödé.txt",
    "-dash",
    "--option=1",
    '"quoted"',
    "back\\slash",
    "*star?[x]",
    ":(top)magic",
    "deep/er/est/file",
]


def found(tree, base, **more):
    return {change.path: str(change.kind) for change in changes(tree, base, **more)}


def test_a_fresh_work_tree_has_no_changes(repo: Repo) -> None:
    tree = unit_tree(repo)
    assert changes(tree, repo.resolve("HEAD")) == []


def test_every_kind(repo: Repo) -> None:
    write(repo.root, {"run.sh": "x\n", "gone": "x\n", "link-to-be": "x\n"})
    commit_all(repo.root)
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "new/file": "n\n"})
    (tree.path / "run.sh").chmod(0o755)
    (tree.path / "gone").unlink()
    (tree.path / "link-to-be").unlink()
    (tree.path / "link-to-be").symlink_to("a.txt")
    (tree.path / "fresh-link").symlink_to("/nowhere")
    assert found(tree, "HEAD") == {
        "a.txt": "modified",
        "fresh-link": "added",
        "gone": "deleted",
        "link-to-be": "type",
        "new/file": "added",
        "run.sh": "mode",
    }


@pytest.mark.parametrize("name", ODD)
def test_odd_names_new_and_tracked(tmp_path: Path, name: str) -> None:
    repo = init(tmp_path / "r", {name: "one\n", "keep": ""})
    tree = unit_tree(repo)
    write(tree.path, {name: "two\n", name + ".new": "x"})
    assert found(tree, "HEAD") == {name: "modified", name + ".new": "added"}


def test_a_name_that_is_not_utf8(repo: Repo) -> None:
    tree = unit_tree(repo)
    name = os.fsdecode(b"latin-\xe9.txt")
    try:
        (tree.path / name).write_text("x")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    assert found(tree, "HEAD") == {name: "added"}


def test_same_size_in_the_same_second_is_seen(repo: Repo) -> None:
    tree = unit_tree(repo)
    assert changes(tree, "HEAD") == []
    for text in ("two\n", "six\n", "ten\n"):
        write(tree.path, {"a.txt": text})
        assert found(tree, "HEAD") == {"a.txt": "modified"}
    write(tree.path, {"a.txt": "one\n"})
    assert changes(tree, "HEAD") == []


def test_a_touched_file_is_no_change(repo: Repo) -> None:
    tree = unit_tree(repo)
    os.utime(tree.path / "a.txt", (1, 1))
    assert changes(tree, "HEAD") == []


def test_file_to_directory_and_back(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"file": "x", "folder/one": "1", "folder/two": "2"})
    tree = unit_tree(repo)
    (tree.path / "file").unlink()
    write(tree.path, {"file/inside": "y"})
    for name in ("one", "two"):
        (tree.path / "folder" / name).unlink()
    (tree.path / "folder").rmdir()
    (tree.path / "folder").symlink_to("file")
    assert found(tree, "HEAD") == {
        "file": "deleted",
        "file/inside": "added",
        "folder": "added",
        "folder/one": "deleted",
        "folder/two": "deleted",
    }


def test_ignored_and_ephemeral_files_are_left_out(repo: Repo) -> None:
    write(repo.root, {".gitignore": "*.log\nbuild/\n"})
    commit_all(repo.root)
    tree = unit_tree(repo)
    write(tree.path, {"x.log": "", "build/out": "", "src/__pycache__/b.pyc": "", ".pytest_cache/v/x": "", "q.pyc": ""})
    write(tree.path, {".DS_Store": "", "node_modules/left/pad.js": "", "my_node_modules": "seen"})
    assert found(tree, "HEAD") == {"my_node_modules": "added"}
    assert "q.pyc" in found(tree, "HEAD", ephemeral=())


def test_tracked_files_with_ephemeral_names_are_reported(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"node_modules/kept.js": "1"})
    tree = unit_tree(repo)
    write(tree.path, {"node_modules/kept.js": "2"})
    assert found(tree, "HEAD") == {"node_modules/kept.js": "modified"}


def test_commits_branches_and_staging_of_an_agent_hide_nothing(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "committed": "c"})
    user_git(tree.path, "checkout", "-q", "-b", "mine")
    commit_all(tree.path, "agent's own")
    write(tree.path, {"staged": "s", "src/b.py": "b = 2\n"})
    user_git(tree.path, "add", "staged")
    user_git(tree.path, "rm", "-q", "--cached", "src/b.py")
    assert found(tree, base) == {"a.txt": "modified", "committed": "added", "staged": "added", "src/b.py": "modified"}


def test_a_forced_ignored_file_is_reported(repo: Repo) -> None:
    write(repo.root, {".gitignore": "secret\n"})
    base = commit_all(repo.root)
    tree = unit_tree(repo)
    write(tree.path, {"secret": "s"})
    user_git(tree.path, "add", "-f", "secret")
    assert found(tree, base) == {"secret": "added"}
    user_git(tree.path, "commit", "-qm", "x")
    assert found(tree, base) == {"secret": "added"}


@pytest.mark.parametrize("mark", ["--assume-unchanged", "--skip-worktree"])
def test_marks_in_the_agents_index_hide_nothing(repo: Repo, mark: str) -> None:
    tree = unit_tree(repo)
    user_git(tree.path, "update-index", mark, "a.txt")
    write(tree.path, {"a.txt": "hidden\n"})
    assert found(tree, "HEAD") == {"a.txt": "modified"}


def test_a_damaged_index_or_dot_git_of_an_agent_does_not_matter(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    (tree.git_dir / "index").write_bytes(b"garbage")
    (tree.path / ".git").unlink()
    write(tree.path, {"a.txt": "two\n"})
    assert found(tree, base) == {"a.txt": "modified"}
    user_git(tree.path, "init", "-q")
    assert found(tree, base) == {"a.txt": "modified"}


def test_a_damaged_seed_does_not_matter(repo: Repo) -> None:
    tree = unit_tree(repo)
    changes(tree, "HEAD")
    (tree.git_dir / "orchestra-index").write_bytes(b"DIRC cut short")
    write(tree.path, {"a.txt": "two\n"})
    assert found(tree, "HEAD") == {"a.txt": "modified"}


def test_nested_repositories_are_one_path(repo: Repo) -> None:
    tree = unit_tree(repo)
    for name in ("with-commit", "without"):
        (tree.path / "sub" / name).mkdir(parents=True)
        user_git(tree.path / "sub" / name, "init", "-q")
        configure(tree.path / "sub" / name, {"user.name": "x", "user.email": "x@y"})
        write(tree.path / "sub" / name, {"f": "1", "g/h": "2"})
    commit_all(tree.path / "sub" / "with-commit")
    assert changes(tree, "HEAD") == [Change("sub/with-commit", Kind.NESTED), Change("sub/without", Kind.NESTED)]


def test_a_submodule_is_clean_uninitialised_and_one_path_when_changed(tmp_path: Path, repo: Repo) -> None:
    other = init(tmp_path / "other")
    user_git(repo.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "lib")
    commit_all(repo.root)
    tree = unit_tree(repo)
    assert changes(tree, "HEAD") == []
    user_git(tree.path, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")
    assert changes(tree, "HEAD") == []
    write(tree.path / "lib", {"a.txt": "changed\n"})
    assert changes(tree, "HEAD") == [Change("lib", Kind.NESTED)]


def test_crlf_that_git_itself_calls_changed_is_not(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"dos.txt": b"one\r\ntwo\r\n"})
    write(repo.root, {".gitattributes": "*.txt text\n"})
    user_git(repo.root, "add", ".gitattributes")
    user_git(repo.root, "commit", "-qm", "attributes, but dos.txt is not renormalised")
    tree = unit_tree(repo)
    os.utime(tree.path / "dos.txt", (1, 1))
    (tree.git_dir / "orchestra-index").unlink(missing_ok=True)
    assert changes(tree, "HEAD") == []
    write(tree.path, {"dos.txt": b"one\r\ntwo!\r\n"})
    assert found(tree, "HEAD") == {"dos.txt": "modified"}


@pytest.mark.parametrize("value", ["true", "input"])
def test_autocrlf(tmp_path: Path, value: str) -> None:
    repo = init(tmp_path / "r", {"unix.txt": b"one\ntwo\n"})
    configure(repo.root, {"core.autocrlf": value, "core.safecrlf": "true"})
    tree = unit_tree(repo)
    assert changes(tree, "HEAD") == []
    write(tree.path, {"unix.txt": b"one\r\ntwo\r\n"})
    assert changes(tree, "HEAD") == []
    write(tree.path, {"unix.txt": b"one\r\n2\r\n"})
    assert found(tree, "HEAD") == {"unix.txt": "modified"}


def test_the_users_settings_do_not_change_the_answer(repo: Repo) -> None:
    configure(repo.root, {"status.renames": "copies", "diff.noprefix": "true", "color.ui": "always"})
    configure(repo.root, {"core.quotepath": "on", "diff.external": "false", "status.showUntrackedFiles": "no"})
    tree = unit_tree(repo)
    (tree.path / "a.txt").rename(tree.path / "ä.txt")
    assert found(tree, "HEAD") == {"a.txt": "deleted", "ä.txt": "added"}


def test_a_fifo_neither_blocks_nor_counts(repo: Repo) -> None:
    tree = unit_tree(repo)
    os.mkfifo(tree.path / "pipe")
    (tree.path / "a.txt").unlink()
    os.mkfifo(tree.path / "a.txt")
    assert list(found(tree, "HEAD")) == ["a.txt"]


def test_the_main_checkout_spares_the_project_folder(repo: Repo) -> None:
    unit_tree(repo)
    write(repo.root, {".orchestra/milestones/M1/milestone.md": "x", "a.txt": "two\n"})
    assert found(repo.checkout, "HEAD") == {"a.txt": "modified"}


def test_no_index_is_disturbed_and_nothing_is_left_behind(repo: Repo) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "staged\n"})
    user_git(tree.path, "add", "a.txt")
    write(tree.path, {"a.txt": "later\n"})
    before = user_git(tree.path, "status", "--porcelain"), user_git(tree.path, "ls-files", "-s")
    changes(tree, "HEAD")
    assert (user_git(tree.path, "status", "--porcelain"), user_git(tree.path, "ls-files", "-s")) == before
    assert [path.name for path in tree.git_dir.glob("orchestra-index*")] == ["orchestra-index"]


def test_an_unborn_branch_is_compared_with_the_empty_tree(tmp_path: Path) -> None:
    user_git(tmp_path, "init", "-q")
    write(tmp_path, {"f": "1"})
    repo = Repo(tmp_path)
    empty = repo.git("mktree").text
    assert found(repo.checkout, empty) == {"f": "added"}


def test_a_file_changed_within_the_second_with_size_and_time_kept_is_found(repo: Repo) -> None:
    path = repo.root / "same.txt"
    write(repo.root, {"same.txt": "1111\n"})
    os.utime(path, (1_577_836_800, 1_577_836_800))
    base = commit_all(repo.root)
    assert changes(repo.checkout, base) == []
    path.write_text("2222\n")
    os.utime(path, (1_577_836_800, 1_577_836_800))
    assert names(changes(repo.checkout, base)) == ["same.txt"]
