from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git import run
from orchestra.git.paths import ref_part
from orchestra.git.repo import Repo, open_repo
from tests.support.repos import bare, commit_all, configure, init, unit_tree, user_git, write


def test_what_is_checked_out(repo: Repo) -> None:
    assert repo.is_repository and repo.head_branch() == "main"
    user_git(repo.root, "checkout", "-q", "-b", "feat/ünï")
    assert repo.head_branch() == "feat/ünï"
    user_git(repo.root, "checkout", "-q", "--detach")
    assert repo.head_branch() is None


def test_a_folder_that_is_no_repository(tmp_path: Path) -> None:
    assert not Repo(tmp_path).is_repository
    with pytest.raises(UserError, match="not in a git repository"):
        open_repo(tmp_path)


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    user_git(tmp_path, "init", "-q", "-b", "main")
    repo = open_repo(tmp_path)
    assert repo.head_branch() == "main" and repo.resolve("HEAD") is None
    write(tmp_path, {"f": "1"})
    assert repo.dirty() == ["f"]


def test_resolve(repo: Repo) -> None:
    assert repo.resolve("main") == repo.resolve("HEAD") == user_git(repo.root, "rev-parse", "main")
    for bad in ("nothing", "", "--all", "HEAD:a.txt", "a b", repo.tree("HEAD")):
        assert repo.resolve(bad) is None


def test_upstream(repo: Repo, tmp_path: Path) -> None:
    assert repo.upstream("main") is None and not repo.remote_exists("origin")
    bare(tmp_path / "o.git", repo)
    assert repo.upstream("main") == ("origin", "main") and repo.remote_exists("origin")
    user_git(repo.root, "checkout", "-q", "-b", "local", "--track", "main")
    assert repo.upstream("local") is None


def test_dirty(repo: Repo) -> None:
    write(repo.root, {".gitignore": "*.log\n"})
    commit_all(repo.root)
    assert repo.dirty() == []
    write(repo.root, {"a.txt": "two\n", "new/ünï \n": "n", "x.log": "", "src/__pycache__/b.pyc": "", "staged": "s"})
    write(repo.root, {".orchestra/milestones/M1/milestone.md": "x", ".orchestra/.gitignore": "changed"})
    user_git(repo.root, "add", "staged")
    user_git(repo.root, "rm", "-q", "--cached", "src/b.py")
    assert repo.dirty() == ["a.txt", "new/ünï \n", "src/b.py", "staged"]


def test_dirty_whatever_the_settings(repo: Repo) -> None:
    configure(repo.root, {"status.showUntrackedFiles": "no", "status.relativePaths": "true", "status.short": "true"})
    configure(repo.root, {"status.branch": "true", "status.renames": "copies", "core.quotepath": "true"})
    user_git(repo.root, "mv", "a.txt", "ä.txt")
    write(repo.root, {"new": "n"})
    assert repo.dirty() == ["a.txt", "new", "ä.txt"]


def test_a_project_in_a_folder_of_a_bigger_repository(tmp_path: Path) -> None:
    init(tmp_path / "mono", {"app/.orchestra/config.yml": "", "app/main.py": "x"})
    repo = Repo(tmp_path / "mono" / "app")
    assert repo.checkout.spare == ("app/.orchestra",)
    write(repo.root, {".orchestra/config.yml": "changed", "main.py": "y"})
    assert repo.dirty() == ["app/main.py"]


def test_the_environment_of_an_outer_git_does_not_lead_astray(repo: Repo, tmp_path: Path, monkeypatch) -> None:
    other = init(tmp_path / "other", {"other.txt": "o"})
    for key, value in (("GIT_DIR", other.git_dir), ("GIT_INDEX_FILE", other.git_dir / "index")):
        monkeypatch.setenv(key, str(value))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare=true'")
    fresh = Repo(repo.root)
    assert fresh.git_dir == repo.root / ".git" and fresh.top == repo.root
    assert unit_tree(fresh).path.is_dir()


def test_an_error_says_what_git_said(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(run.GitError, match="git rev-parse failed: fatal:") as caught:
        repo.tree("nothing")
    assert caught.value.result.code == 128
    with pytest.raises(UserError, match="is gone"):
        run.git(tmp_path / "gone", "status")
    (repo.git_dir / "index.lock").write_text("")
    with pytest.raises(run.GitError) as caught:
        repo.git("add", "a.txt")
    assert "lock file" in caught.value.hint


def test_git_is_missing(repo: Repo, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="git was not found"):
        run.git(repo.root, "status")


@pytest.mark.parametrize(
    "name", ["M1", "M1-user auth", "a..b", ".hidden", "x.lock", "a/b", "ünï", "a~^:?*[\\", "@{", "-x", "x.", "", "%"]
)
def test_any_name_is_part_of_a_ref(repo: Repo, name: str) -> None:
    part = ref_part(name)
    assert "/" not in part
    user_git(repo.root, "check-ref-format", f"refs/heads/orchestra/{part}")


def test_different_names_are_different_refs() -> None:
    names = ["a b", "a-b", "a%20b", "a.b", "a..b", "x.lock", "x%2Elock", "x", "", "%"]
    assert len({ref_part(name) for name in names}) == len(names)
