from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git.changes import changes, names
from orchestra.git.repo import Repo
from orchestra.git.snapshot import put, restore, snapshot
from tests.git.test_changes import ODD
from tests.support.repos import commit_all, configure, content, init, listing, unit_tree, user_git, write


def whole(tree, base):
    return snapshot(tree, base, names(changes(tree, base)))


def test_only_the_paths_asked_for(repo: Repo) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "new": "n", "other": "o"})
    (tree.path / "src/b.py").unlink()
    made = listing(repo, snapshot(tree, "HEAD", ["a.txt", "src/b.py"]))
    assert made["a.txt"] == "100644 two\n"
    assert "src/b.py" not in made and "new" not in made and "other" not in made


def test_links_modes_binary_and_empty_files(repo: Repo) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"bin": bytes(range(256)), "empty": "", "run.sh": "#!/bin/sh\n"})
    (tree.path / "run.sh").chmod(0o755)
    (tree.path / "link").symlink_to("../outside")
    made = listing(repo, whole(tree, "HEAD"))
    assert made["link"] == "120000 ../outside"
    assert made["run.sh"].startswith("100755")
    assert made["empty"] == "100644 "
    assert repo.git("cat-file", "blob", f"{whole(tree, 'HEAD')}:bin").out == bytes(range(256))


@pytest.mark.parametrize("name", ODD)
def test_odd_names_go_in_and_come_back(repo: Repo, name: str) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    write(tree.path, {name: "odd\n"})
    made = whole(tree, base)
    assert listing(repo, made)[name] == "100644 odd\n"
    put(tree, base, base)
    assert not (tree.path / name).exists()
    put(tree, base, made)
    assert (tree.path / name).read_text() == "odd\n"


def test_a_directory_in_the_place_of_a_file_and_a_link_in_the_place_of_a_directory(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"file": "x", "folder/one": "1"})
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    (tree.path / "file").unlink()
    write(tree.path, {"file/inside": "y"})
    (tree.path / "folder/one").unlink()
    (tree.path / "folder").rmdir()
    (tree.path / "folder").symlink_to("file")
    before = content(tree.path)
    made = whole(tree, base)
    assert listing(repo, made).keys() - {".orchestra/.gitignore"} == {"file/inside", "folder"}
    put(tree, base, base)
    assert changes(tree, base) == []
    put(tree, base, made)
    assert content(tree.path) == before


def test_a_directory_wins_over_the_file_that_nobody_asked_for(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"file": "x"})
    tree = unit_tree(repo)
    (tree.path / "file").unlink()
    write(tree.path, {"file/inside": "y"})
    assert listing(repo, snapshot(tree, "HEAD", ["file/inside"])).keys() == {".orchestra/.gitignore", "file/inside"}


def test_a_path_behind_a_link_is_not_followed(repo: Repo, tmp_path: Path) -> None:
    write(tmp_path, {"outside/b.py": "secret\n"})
    tree = unit_tree(repo)
    (tree.path / "src/b.py").unlink()
    (tree.path / "src").rmdir()
    (tree.path / "src").symlink_to(tmp_path / "outside")
    made = listing(repo, whole(tree, "HEAD"))
    assert made["src"] == f"120000 {tmp_path / 'outside'}" and "src/b.py" not in made
    restore(tree, "HEAD", names(changes(tree, "HEAD")))
    assert (tree.path / "src/b.py").read_text() == "b = 1\n"
    assert (tmp_path / "outside/b.py").read_text() == "secret\n"


def test_removal_never_goes_through_a_link(repo: Repo, tmp_path: Path) -> None:
    write(tmp_path, {"outside/precious": "p"})
    tree = unit_tree(repo)
    (tree.path / "way").symlink_to(tmp_path / "outside")
    restore(tree, "HEAD", ["way/precious"])
    assert (tmp_path / "outside/precious").exists()


def test_the_index_is_not_disturbed(repo: Repo) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "staged\n"})
    user_git(tree.path, "add", "a.txt")
    before = user_git(tree.path, "ls-files", "-s"), (tree.git_dir / "index").read_bytes()
    whole(tree, "HEAD")
    assert (user_git(tree.path, "ls-files", "-s"), (tree.git_dir / "index").read_bytes()) == before


def test_a_nested_repository_is_refused(repo: Repo) -> None:
    tree = unit_tree(repo)
    (tree.path / "sub").mkdir()
    user_git(tree.path / "sub", "init", "-q")
    with pytest.raises(UserError, match="repository of its own"):
        snapshot(tree, "HEAD", ["sub"])


def test_a_big_file(repo: Repo) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"big": os.urandom(1 << 20) * 24})
    size = user_git(repo.root, "cat-file", "-s", f"{whole(tree, 'HEAD')}:big")
    assert size == str(24 << 20)


def test_put_discards_all_but_ignored_files(repo: Repo) -> None:
    write(repo.root, {".gitignore": "build/\n"})
    base = commit_all(repo.root)
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "x", "left/over/file": "x", "build/kept": "k"})
    (tree.path / "src/b.py").unlink()
    put(tree, base, base)
    assert changes(tree, base) == []
    assert not (tree.path / "left").exists()
    assert (tree.path / "build/kept").read_text() == "k"
    assert user_git(tree.path, "status", "--porcelain") == ""


def test_put_brings_back_head_after_branches_merges_and_commits_of_an_agent(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    user_git(tree.path, "checkout", "-q", "-b", "side")
    write(tree.path, {"a.txt": "side\n"})
    commit_all(tree.path)
    user_git(tree.path, "checkout", "-q", "-b", "other", base)
    write(tree.path, {"a.txt": "other\n"})
    commit_all(tree.path)
    user_git(tree.path, "merge", "side", check=False)
    (tree.git_dir / "index.lock").write_text("")
    put(tree, base, base)
    assert user_git(tree.path, "rev-parse", "HEAD") == base
    assert tree.head_branch is None
    assert user_git(tree.path, "status").splitlines()[1:] == ["nothing to commit, working tree clean"]
    assert user_git(repo.root, "rev-parse", "side") != base


def test_put_mends_a_dot_git_that_an_agent_replaced(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    (tree.path / ".git").unlink()
    user_git(tree.path, "init", "-q")
    configure(tree.path, {"user.name": "x", "user.email": "x@y"})
    commit_all(tree.path, "a repository of the agent's own")
    put(tree, base, base)
    assert user_git(tree.path, "rev-parse", "HEAD") == base
    assert (tree.git_dir / "orchestra-foreign-git-1" / "HEAD").exists()
    (tree.path / ".git").write_text("gitdir: /nowhere\n")
    put(tree, base, base)
    assert user_git(tree.path, "rev-parse", "HEAD") == base


def test_put_leaves_the_tree_as_unstaged_work_on_its_base(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "two\n", "new": "n"})
    made = whole(tree, base)
    put(tree, base, base)
    put(tree, base, made)
    assert user_git(tree.path, "status", "--porcelain") == " M a.txt\n?? new"
    assert whole(tree, base) == made


def test_put_in_the_users_checkout_keeps_head_index_and_project_folder(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    write(repo.root, {"a.txt": "two\n", ".orchestra/plan.md": "p"})
    put(repo.checkout, base, base)
    assert repo.head_branch() == "main"
    assert (repo.root / "a.txt").read_text() == "one\n"
    assert (repo.root / ".orchestra/plan.md").exists()


def test_put_in_a_write_protected_directory(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tree = unit_tree(repo)
    write(tree.path, {"ro/file": "x", "src/b.py": "changed"})
    (tree.path / "ro").chmod(0o500)
    (tree.path / "src").chmod(0o500)
    put(tree, base, base)
    assert changes(tree, base) == [] and not (tree.path / "ro").exists()


def test_crlf_comes_back_as_the_users_settings_say(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"t.txt": b"one\ntwo\n"})
    configure(repo.root, {"core.autocrlf": "true"})
    tree = unit_tree(repo)
    assert (tree.path / "t.txt").read_bytes() == b"one\r\ntwo\r\n"
    write(tree.path, {"t.txt": b"one\r\nthree\r\n"})
    made = whole(tree, "HEAD")
    assert listing(repo, made)["t.txt"] == "100644 one\nthree\n"
    put(tree, repo.resolve("HEAD"), made)
    assert (tree.path / "t.txt").read_bytes() == b"one\r\nthree\r\n"
