"""Which project a directory belongs to, with real work trees."""

from __future__ import annotations

import os
import subprocess

import pytest

from orchestra.errors import UserError
from orchestra.project import find, main_checkout, not_inside


def git(root, *words):
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *words], cwd=root, check=True, capture_output=True, env=env)


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "main"
    (root / ".orchestra" / "milestones").mkdir(parents=True)
    (root / "src").mkdir()
    (root / "src" / "a").write_text("x")
    (root / ".orchestra" / "config.yml").write_text("")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")
    return root


def test_the_nearest_parent(repository):
    assert find(repository / "src").root == repository
    assert find(repository / ".orchestra" / "milestones").root == repository


def test_paths(repository):
    here = find(repository)
    assert here.state_path == repository / ".orchestra" / "state.db"
    assert here.config_path.parent == here.milestones.parent == here.dir


def test_none(tmp_path):
    with pytest.raises(UserError) as error:
        find(tmp_path)
    assert (error.value.code, "init" in error.value.hint) == (64, True)


def test_a_linked_work_tree_belongs_to_the_main_checkout(repository, tmp_path):
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert (tmp_path / "linked" / ".orchestra").is_dir()
    assert find(tmp_path / "linked" / "src").root == repository
    assert main_checkout(tmp_path / "linked") == repository
    assert main_checkout(repository) is None


def test_a_path_in_a_linked_work_tree_is_not_in_the_project_and_why(repository, tmp_path):
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    error = not_inside("src/a", tmp_path / "linked" / "src" / "a", repository)
    assert f"give the path in {repository}" in error.hint
    assert "use -C" in not_inside("a", tmp_path / "a", repository).hint


def test_a_work_tree_without_orchestra_of_its_own(repository, tmp_path):
    git(repository, "rm", "-rqf", "--cached", ".orchestra")
    git(repository, "commit", "-qm", "y")
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert find(tmp_path / "linked" / "src").root == repository


def test_the_projects_own_work_trees(repository):
    inside = repository / ".orchestra" / "worktrees" / "M1"
    git(repository, "worktree", "add", "-q", str(inside))
    assert find(inside / "src").root == repository
    (inside / ".git").unlink()
    assert find(inside / "src").root == repository


def test_a_project_in_a_folder_of_the_repository(repository, tmp_path):
    (repository / "src" / ".orchestra").mkdir()
    (repository / "src" / ".orchestra" / "config.yml").write_text("")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "y")
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert find(tmp_path / "linked" / "src").root == repository / "src"


def test_a_work_tree_of_a_bare_repository_is_a_project_of_its_own(repository, tmp_path):
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", str(tmp_path / "linked"))
    assert find(tmp_path / "linked").root == tmp_path / "linked"


def test_a_submodule_is_no_linked_work_tree(repository, tmp_path):
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "inner")
    assert find(outer / "inner").root == outer / "inner"


@pytest.mark.parametrize("pointer", ["", "gitdir: /nowhere", "gitdir: .", "\0", "gitdir: " + "x" * 5000])
def test_a_broken_pointer_is_no_work_tree(tmp_path, pointer):
    (tmp_path / ".orchestra").mkdir()
    (tmp_path / ".git").write_text(pointer)
    assert find(tmp_path).root == tmp_path


def test_a_link_to_the_project(repository, tmp_path):
    (tmp_path / "link").symlink_to(repository)
    assert find(tmp_path / "link" / "src").root == repository
