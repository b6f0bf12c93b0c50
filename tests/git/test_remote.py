from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git.remote import Pushed, Reason, Rejected, fetch, gist, push
from orchestra.git.repo import Repo
from tests.support.repos import bare, clone, commit_all, configure, hook, user_git, write


@pytest.fixture
def origin(repo: Repo, tmp_path: Path) -> Path:
    return bare(tmp_path / "origin.git", repo)


def advance(repo: Repo, name: str = "n") -> str:
    write(repo.root, {name: "1"})
    return commit_all(repo.root, name)


def test_push_and_fetch(repo: Repo, origin: Path) -> None:
    sha = advance(repo)
    assert push(repo, "origin", sha, "main") == Pushed(sha)
    assert push(repo, "origin", sha, "main") == Pushed(sha)
    assert user_git(origin, "rev-parse", "main") == sha == fetch(repo, "origin", "main")
    assert fetch(repo, "origin", "absent") is None
    assert push(repo, "origin", sha, "orchestra/M1") == Pushed(sha)
    assert user_git(origin, "rev-parse", "orchestra/M1") == sha


def test_a_commit_that_is_not_checked_out_can_be_pushed(repo: Repo, origin: Path) -> None:
    head = repo.resolve("HEAD")
    sha = repo.git("commit-tree", "-p", head, "-m", "x", f"{head}^{{tree}}").text
    assert push(repo, "origin", sha, "main") == Pushed(sha)
    assert repo.resolve("main") == head


def test_the_remote_has_moved(repo: Repo, origin: Path, tmp_path: Path) -> None:
    other = clone(origin, tmp_path / "other")
    theirs = advance(other, "theirs")
    push(other, "origin", theirs, "main")
    mine = advance(repo, "mine")
    for _ in range(2):
        result = push(repo, "origin", mine, "main")
        assert isinstance(result, Rejected) and result.reason is Reason.NON_FAST_FORWARD
        assert user_git(origin, "rev-parse", "main") == theirs
        assert fetch(repo, "origin", "main") == theirs
    assert repo.resolve("main") == mine


def test_no_setting_of_the_user_makes_it_force(repo: Repo, origin: Path, tmp_path: Path) -> None:
    other = clone(origin, tmp_path / "other")
    theirs = advance(other, "theirs")
    push(other, "origin", theirs, "main")
    configure(repo.root, {"remote.origin.push": "+refs/heads/*:refs/heads/*", "push.default": "matching"})
    configure(repo.root, {"push.followTags": "true", "push.gpgSign": "true"})
    user_git(repo.root, "tag", "-a", "-m", "t", "v1")
    result = push(repo, "origin", advance(repo), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.NON_FAST_FORWARD
    assert user_git(origin, "rev-parse", "main") == theirs
    assert user_git(origin, "tag") == ""


def test_the_users_pre_push_hook_runs_and_can_refuse(repo: Repo, origin: Path, tmp_path: Path) -> None:
    hook(repo.git_dir, "pre-push", f'cat > {tmp_path}/seen; git status --short; echo "tests are red" >&2; exit 1')
    sha = advance(repo)
    result = push(repo, "origin", sha, "main")
    assert isinstance(result, Rejected) and result.reason is Reason.HOOK
    assert "tests are red" in result.text
    assert sha in (tmp_path / "seen").read_text()
    hook(repo.git_dir, "pre-push", "exit 0")
    assert push(repo, "origin", sha, "main") == Pushed(sha)


def test_no_password_of_a_hook_is_repeated(repo: Repo, origin: Path) -> None:
    hook(repo.git_dir, "pre-push", "echo 'mirror to https://me:s3cret@example.org/x failed' >&2; exit 1")
    result = push(repo, "origin", advance(repo), "main")
    assert isinstance(result, Rejected) and "https://example.org/x" in result.text and "s3cret" not in result.text


def test_what_the_remote_has_taken_is_pushed_whatever_fails_here_afterwards(repo: Repo, origin: Path) -> None:
    sha = advance(repo)
    hook(repo.git_dir, "reference-transaction", "exit 1")
    for branch in ("main", "new", "main"):
        assert push(repo, "origin", sha, branch) == Pushed(sha)
        assert user_git(origin, "rev-parse", branch) == sha


def test_a_hook_from_the_users_hooks_path(repo: Repo, origin: Path) -> None:
    hook(repo.root / "husky", "pre-push", "exit 1")
    configure(repo.root, {"core.hooksPath": "husky/hooks"})
    result = push(repo, "origin", advance(repo), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.HOOK


def test_a_hook_that_leaves_a_process_behind_does_not_hold_us(repo: Repo, origin: Path, tmp_path: Path) -> None:
    hook(repo.git_dir, "pre-push", f"sleep 60 & echo $! > {tmp_path}/pid")
    sha = advance(repo)
    assert push(repo, "origin", sha, "main") == Pushed(sha)
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, 9)


def test_the_hook_keeps_the_users_locale(repo: Repo, origin: Path, tmp_path: Path, monkeypatch) -> None:
    sha = advance(repo)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    hook(repo.git_dir, "pre-push", f'echo "$LC_ALL|$LC_CTYPE|$GIT_LITERAL_PATHSPECS" > {tmp_path}/locale')
    assert isinstance(push(repo, "origin", sha, "main"), Pushed)
    assert (tmp_path / "locale").read_text() == "|C.UTF-8|\n"


def test_a_hook_of_the_remote_refuses(repo: Repo, origin: Path) -> None:
    hook(origin, "pre-receive", 'echo "policy: no" >&2; exit 1')
    result = push(repo, "origin", advance(repo), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.REMOTE_HOOK
    assert "policy: no" in result.text
    assert gist(result.text) == "policy: no; [remote rejected] (pre-receive hook declined)"


def test_no_remote(repo: Repo) -> None:
    result = push(repo, "origin", repo.resolve("HEAD"), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.NO_REMOTE
    assert not repo.remote_exists("origin") and not repo.remote_exists("")


def test_a_remote_that_is_gone(repo: Repo, tmp_path: Path) -> None:
    user_git(repo.root, "remote", "add", "origin", str(tmp_path / "gone.git"))
    result = push(repo, "origin", repo.resolve("HEAD"), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.NO_REMOTE
    with pytest.raises(UserError, match="could not be reached"):
        fetch(repo, "origin", "main")


def test_a_network_that_does_not_answer_and_no_password_in_the_words(repo: Repo) -> None:
    user_git(repo.root, "remote", "add", "origin", "http://me:s3cret@127.0.0.1:9/x.git")
    result = push(repo, "origin", repo.resolve("HEAD"), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.NETWORK
    assert "s3cret" not in result.text
    with pytest.raises(UserError) as caught:
        fetch(repo, "origin", "main")
    assert "s3cret" not in caught.value.message


def test_an_ssh_that_wants_a_password_is_auth(repo: Repo, tmp_path: Path, monkeypatch) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\necho "git@host: Permission denied (publickey)." >&2\nexit 255\n')
    ssh.chmod(0o755)
    user_git(repo.root, "remote", "add", "origin", "git@host:x.git")
    configure(repo.root, {"core.sshCommand": str(ssh)})
    result = push(repo, "origin", repo.resolve("HEAD"), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.AUTH


def test_ssh_never_asks(repo: Repo, tmp_path: Path, monkeypatch) -> None:
    tools = tmp_path / "bin"
    write(tools, {"ssh": f'#!/bin/sh\necho "$@" > {tmp_path}/args\nexit 255\n'})
    (tools / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    user_git(repo.root, "remote", "add", "origin", "git@host:x.git")
    push(repo, "origin", repo.resolve("HEAD"), "main")
    assert "BatchMode=yes" in (tmp_path / "args").read_text()


def test_fetch_moves_nothing_of_the_user(repo: Repo, origin: Path, tmp_path: Path) -> None:
    other = clone(origin, tmp_path / "other")
    user_git(other.root, "tag", "v1")
    push(other, "origin", advance(other), "main")
    user_git(other.root, "push", "-q", "--tags")
    before = repo.resolve("main"), user_git(repo.root, "status", "--porcelain"), user_git(repo.root, "tag")
    fetch(repo, "origin", "main")
    assert (repo.resolve("main"), user_git(repo.root, "status", "--porcelain"), user_git(repo.root, "tag")) == before
    assert not (repo.git_dir / "FETCH_HEAD").exists()


def test_history_that_was_rewritten_on_the_remote_can_be_fetched(repo: Repo, origin: Path, tmp_path: Path) -> None:
    push(repo, "origin", advance(repo), "main")
    fetch(repo, "origin", "main")
    other = clone(origin, tmp_path / "other")
    user_git(other.root, "reset", "-q", "--hard", "HEAD^")
    user_git(other.root, "push", "-q", "--force")
    assert fetch(repo, "origin", "main") == other.resolve("HEAD")


def test_a_remote_that_is_named_like_an_option(repo: Repo) -> None:
    result = push(repo, "--receive-pack=touch /tmp/x", repo.resolve("HEAD"), "main")
    assert isinstance(result, Rejected) and result.reason is Reason.NO_REMOTE
