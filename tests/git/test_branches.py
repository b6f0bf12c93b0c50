from __future__ import annotations

import pytest

from orchestra.errors import UserError
from orchestra.git.branches import branch_of, failed_branch_of, rename_branch_to_failed, restore_failed_branch
from orchestra.git.commits import commit, move_ref, read_ref
from orchestra.git.repo import Repo


def make(repo: Repo, text: str, group: str = "M1") -> str:
    head = repo.resolve("HEAD")
    sha = commit(repo, repo.tree(head), head, text)
    assert move_ref(repo, branch_of(group), sha, "")
    return sha


@pytest.mark.parametrize("group", ["M1", "group with space", "a/b"])
def test_away_and_back(repo: Repo, group: str) -> None:
    sha = make(repo, "x", group)
    for _ in range(2):
        assert rename_branch_to_failed(repo, group) == failed_branch_of(group)
        assert read_ref(repo, branch_of(group)) is None and read_ref(repo, failed_branch_of(group)) == sha
    for _ in range(2):
        assert restore_failed_branch(repo, group) == sha
        assert read_ref(repo, branch_of(group)) == sha and read_ref(repo, failed_branch_of(group)) is None


def test_a_branch_of_the_user_that_takes_our_folder_is_named(repo: Repo) -> None:
    head = repo.resolve("HEAD")
    assert move_ref(repo, "refs/heads/orchestra", head, "")
    with pytest.raises(UserError, match="could not be moved") as refused:
        move_ref(repo, branch_of("M1"), head, "")
    assert "git branch -m orchestra NAME" in refused.value.hint


def test_an_earlier_failure_is_kept(repo: Repo) -> None:
    shas = []
    for text in ("one", "two", "three"):
        shas.append(make(repo, text))
        rename_branch_to_failed(repo, "M1")
    name = failed_branch_of("M1")
    assert [read_ref(repo, ref) for ref in (f"{name}-2", f"{name}-3", name)] == shas


def test_nothing_to_rename(repo: Repo) -> None:
    assert rename_branch_to_failed(repo, "M1") is None
    assert restore_failed_branch(repo, "M1") is None


def test_a_group_that_has_a_branch_keeps_it(repo: Repo) -> None:
    old = make(repo, "old")
    rename_branch_to_failed(repo, "M1")
    new = make(repo, "new")
    assert restore_failed_branch(repo, "M1") == new
    assert read_ref(repo, failed_branch_of("M1")) == old
