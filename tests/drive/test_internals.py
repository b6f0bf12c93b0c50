"""Git's own files and refs, noted and put right: what needs more than one program, driver or branch to show."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.drive.internals import Internals
from orchestra.git.repo import Repo, Worktree
from orchestra.git.worktrees import add_worktree
from tests.support.repos import commit_all, init, user_git, write


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return init(tmp_path / "repo", {"a.txt": "1\n"})


@pytest.fixture
def tree(repo: Repo, tmp_path: Path) -> Worktree:
    return add_worktree(repo, tmp_path / "tree", "main")


def plant(repo: Repo, name: str = "pre-push") -> Path:
    hook = repo.common_dir / "hooks" / name
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("evil\n")
    return hook


def test_another_driver_puts_right_what_an_agent_changed_that_it_found_running(
    repo: Repo, tree: Worktree, tmp_path: Path
) -> None:
    file = tmp_path / "git.json"
    Internals(repo).begin("M1.worker-1", tree, file)
    hook = plant(repo)
    user_git(repo.root, "config", "remote.origin.url", "evil")
    (tree.git_dir / "commondir").write_text("/nowhere\n")
    said = Internals(Repo(repo.root)).end("M1.worker-1", tmp_path / "kept", {}, file)
    assert not hook.exists() and not repo.remote_exists("origin")
    assert user_git(tree.path, "status", "--porcelain") == ""
    assert len(said) == 3 and not file.exists()
    assert Internals(repo).end("M1.worker-1", tmp_path / "kept", {}, file) == [], "once is enough"


def test_a_cut_off_account_is_as_good_as_none(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    file = tmp_path / "git.json"
    Internals(repo).begin("x", tree, file)
    file.write_bytes(file.read_bytes()[:-20])
    assert Internals(repo).end("x", tmp_path / "kept", {}, file) == []


def test_what_one_has_planted_is_not_what_another_ends_with(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    both = Internals(repo)
    both.begin("one", tree)
    hook = plant(repo)
    both.begin("two", tree)
    assert both.end("one", tmp_path / "kept", {})
    assert not hook.exists()
    assert both.end("two", tmp_path / "kept", {}) == [], "it had seen the hook, but not what was there before"
    assert not hook.exists()


def test_the_same_holds_for_agents_begun_by_different_commands(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    first, second = tmp_path / "1.json", tmp_path / "2.json"
    Internals(repo).begin("one", tree, first)
    hook = plant(repo)
    Internals(repo).begin("two", tree, second, [tmp_path / "gone.json", first])
    assert Internals(repo).end("two", tmp_path / "kept", {}, second)
    assert not hook.exists()


def test_before_a_push_hooks_are_put_right_while_agents_work_on(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    watch = Internals(repo)
    assert watch.hold(tmp_path / "kept") == []
    watch.begin("one", tree)
    hook = plant(repo)
    assert watch.hold(tmp_path / "kept") and not hook.exists()
    plant(repo)
    assert watch.end("one", tmp_path / "kept", {}) and not hook.exists()
    kept = sorted(path.name for path in (tmp_path / "kept/hooks").iterdir())
    assert kept == ["pre-push", "pre-push.2"], "nothing that was written is lost"


def test_what_people_change_between_programs_is_theirs(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    watch = Internals(repo)
    watch.begin("one", tree)
    watch.end("one", tmp_path / "kept", {})
    hook = plant(repo)
    watch.begin("two", tree)
    assert watch.end("two", tmp_path / "kept", {}) == [] and hook.exists()


def test_the_users_stash_comes_back_when_an_agent_takes_it(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    write(repo.root, {"a.txt": "mine\n"})
    user_git(repo.root, "stash")
    watch = Internals(repo)
    watch.begin("one", tree)
    user_git(tree.path, "stash", "pop")
    assert user_git(repo.root, "stash", "list") == ""
    said = watch.end("one", tmp_path / "kept", {})
    assert "git stash lost" in said[0]
    assert "mine" in user_git(repo.root, "stash", "show", "-p")


def test_the_stash_of_a_run_comes_back_when_an_agent_deletes_it(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    user_git(repo.root, "update-ref", "refs/orchestra/stash/run", "HEAD")
    watch = Internals(repo)
    watch.begin("one", tree)
    user_git(tree.path, "update-ref", "-d", "refs/orchestra/stash/run")
    assert watch.end("one", tmp_path / "kept", {})
    assert repo.resolve("refs/orchestra/stash/run") == repo.resolve("main")


def test_what_people_do_to_their_branches_meanwhile_is_theirs(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    user_git(repo.root, "branch", "behind", "main")
    watch = Internals(repo)
    watch.begin("one", tree)
    write(repo.root, {"b.txt": "mine\n"})
    first = commit_all(repo.root, "feat: mine")
    user_git(repo.root, "fetch", "-q", ".", "main:behind")
    user_git(repo.root, "commit", "-q", "--amend", "-m", "feat: mine, better")
    user_git(repo.root, "switch", "-q", "-c", "new")
    user_git(repo.root, "tag", "v2")
    assert watch.end("one", tmp_path / "kept", {}) == []
    assert repo.resolve("main") != first and repo.resolve("behind") == first and repo.resolve("v2")


def test_a_branch_that_orchestra_landed_on_meanwhile_stays(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    user_git(repo.root, "switch", "-q", "-c", "other")
    watch = Internals(repo)
    watch.begin("one", tree)
    made = user_git(tree.path, "commit-tree", "HEAD^{tree}", "-m", "ours")
    repo.git("update-ref", "refs/heads/orchestra/M2", made)
    repo.git("update-ref", "refs/heads/main", made)
    assert watch.end("one", tmp_path / "kept", {"M2": made}) == []
    assert repo.resolve("main") == made


def test_a_link_in_the_place_of_a_directory_is_not_followed(repo: Repo, tree: Worktree, tmp_path: Path) -> None:
    hook = plant(repo)
    outside = tmp_path / "outside"
    write(outside, {"pre-push": "theirs\n"})
    watch = Internals(repo)
    watch.begin("one", tree)
    hook.unlink()
    for left in hook.parent.iterdir():
        left.unlink()
    hook.parent.rmdir()
    hook.parent.symlink_to(outside)
    assert watch.end("one", tmp_path / "kept", {})
    assert (outside / "pre-push").read_text() == "theirs\n"
    assert hook.read_text() == "evil\n" and not hook.parent.is_symlink()
