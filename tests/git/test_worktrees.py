from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from orchestra.git.changes import changes
from orchestra.git.repo import Repo
from orchestra.git.worktrees import READY, add_worktree, remove_worktree
from tests.support.kills import kill_at, moments, survives
from tests.support.repos import commit_all, content, copies, hook, init, unit_tree, user_git, write


def test_made_detached_at_the_commit(repo: Repo) -> None:
    tree = unit_tree(repo)
    assert content(tree.path).keys() == {"a.txt", "src/b.py", ".orchestra/.gitignore"}
    assert tree.head_branch is None
    assert user_git(tree.path, "rev-parse", "HEAD") == repo.resolve("main")
    assert user_git(repo.root, "status", "--porcelain") == ""


def test_a_finished_one_is_returned_with_the_work_in_it(repo: Repo) -> None:
    tree = unit_tree(repo)
    write(tree.path, {"a.txt": "work\n"})
    (tree.path / ".git").unlink()
    again = unit_tree(repo)
    assert again == tree
    assert (tree.path / "a.txt").read_text() == "work\n"
    assert user_git(tree.path, "rev-parse", "HEAD") == repo.resolve("main")


def test_killed_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = init(tmp_path / "template")
    repos = copies(template.root, tmp_path)
    kills = moments(tmp_path, partial(unit_tree, next(repos)))
    for (step, after), repo in zip(kills, repos, strict=False):
        with monkeypatch.context() as patch:
            kill_at(patch, step, after)
            survives(partial(unit_tree, repo))
        assert changes(unit_tree(repo), "HEAD") == [] and len(repo.worktrees()) == 1
    assert len(kills) > 3


def test_half_made_states(repo: Repo) -> None:
    path = repo.root / ".orchestra/worktrees/M1-1"
    path.mkdir(parents=True)
    tree = unit_tree(repo)
    (tree.git_dir / READY).unlink()
    (tree.git_dir / "locked").write_text("initializing")
    (tree.git_dir / "index").unlink()
    shutil.rmtree(tree.path / "src")
    assert changes(unit_tree(repo), "HEAD") == []
    shutil.rmtree(tree.path)
    assert changes(unit_tree(repo), "HEAD") == []
    shutil.rmtree(tree.git_dir)
    tree = unit_tree(repo)
    assert changes(tree, "HEAD") == []
    assert user_git(tree.path, "status", "--porcelain") == ""
    assert len(repo.worktrees()) == 1


def test_an_unknown_directory_is_kept_under_another_name(repo: Repo) -> None:
    path = repo.root / ".orchestra/worktrees/M1-1"
    write(path, {"work": "precious"})
    unit_tree(repo)
    assert (path.with_name("M1-1.lost-1") / "work").read_text() == "precious"


def test_only_our_record_is_removed(repo: Repo, tmp_path: Path) -> None:
    user_git(repo.root, "worktree", "add", "-q", str(tmp_path / "users"), "-b", "users")
    away = tmp_path / "on-a-disk-that-is-unplugged"
    (tmp_path / "users").rename(away)
    tree = unit_tree(repo)
    shutil.rmtree(tree.path)
    unit_tree(repo)
    remove_worktree(repo, tree.path)
    away.rename(tmp_path / "users")
    assert user_git(tmp_path / "users", "status", "--porcelain") == ""


def test_removed_with_whatever_is_in_it(repo: Repo, tmp_path: Path) -> None:
    write(tmp_path, {"outside/precious": "p"})
    tree = unit_tree(repo)
    write(tree.path, {"cache/mod/file": "x"})
    (tree.path / "cache/mod").chmod(0o500)
    (tree.path / "cache").chmod(0o500)
    (tree.path / "way").symlink_to(tmp_path / "outside")
    user_git(repo.root, "worktree", "lock", str(tree.path))
    remove_worktree(repo, tree.path)
    remove_worktree(repo, tree.path)
    assert not tree.path.exists() and not tree.git_dir.exists()
    assert (tmp_path / "outside/precious").exists()
    assert user_git(repo.root, "worktree", "list").count("\n") == 0


def test_links_are_borrowed_and_never_reported(repo: Repo) -> None:
    write(repo.root, {".gitignore": "node_modules/\n.env\n"})
    commit_all(repo.root)
    write(repo.root, {"node_modules/left/pad.js": "1", ".env": "x", "untracked": "u"})
    path = repo.root / ".orchestra/worktrees/M1-1"
    tree = add_worktree(repo, path, "HEAD", ["node_modules/", ".env", "untracked", "absent", "a.txt"])
    assert tree.links == ("node_modules", ".env")
    assert (tree.path / "node_modules/left/pad.js").read_text() == "1"
    assert not (tree.path / "a.txt").is_symlink() and not (tree.path / "untracked").exists()
    assert changes(tree, "HEAD", ephemeral=()) == []
    assert repo.worktree(path) == tree
    remove_worktree(repo, path)
    assert (repo.root / "node_modules/left/pad.js").exists()


def test_two_processes_at_once(repo: Repo) -> None:
    script = (
        "import sys; from pathlib import Path; from orchestra.git.repo import Repo;"
        "from orchestra.git.worktrees import add_worktree;"
        "r = Repo(Path(sys.argv[1])); [add_worktree(r, Path(sys.argv[1]) / '.orchestra/worktrees' / n, 'main')"
        " for n in sys.argv[2:]]"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    def start(*names: str) -> int:
        call = [sys.executable, "-c", script, str(repo.root), *names]
        return subprocess.run(call, env=env, check=False).returncode

    with ThreadPoolExecutor() as pool:
        codes = list(pool.map(lambda names: start(*names), [("a/x", "b", "c"), ("k/x", "d"), ("e/x", "f")]))
    assert codes == [0, 0, 0]
    assert len(repo.worktrees()) == 7
    assert all(changes(tree, "HEAD") == [] for tree in repo.worktrees())


def test_a_users_hook_does_not_run(repo: Repo, tmp_path: Path) -> None:
    hook(repo.git_dir, "post-checkout", f"touch {tmp_path}/ran")
    unit_tree(repo)
    assert not (tmp_path / "ran").exists()


def test_a_sparse_checkout_of_the_user_is_not_inherited(repo: Repo) -> None:
    user_git(repo.root, "sparse-checkout", "set", "--no-cone", "/a.txt")
    tree = unit_tree(repo)
    assert (tree.path / "src/b.py").exists()
    assert changes(tree, "HEAD") == []
