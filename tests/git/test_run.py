from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git import run
from orchestra.git.repo import Repo
from orchestra.git.worktrees import READY
from tests.support.repos import commit_all, configure, unit_tree, user_git, write


def test_input_output_and_errors(repo: Repo, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    sha = run.git(repo.root, "hash-object", "-w", "--stdin", input=data).text
    assert run.git(repo.root, "cat-file", "blob", sha).out == data
    with (tmp_path / "out").open("wb") as file:
        assert run.git(repo.root, "cat-file", "blob", sha, stdout=file).out == b""
    assert (tmp_path / "out").read_bytes() == data
    result = run.git(repo.root, "cat-file", "blob", "nothing", check=False)
    assert result.code == 128 and "fatal" in result.err


def test_nothing_is_asked_and_nothing_is_opened(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("GIT_EDITOR", "GIT_PAGER", "EDITOR", "PAGER"):
        monkeypatch.setenv(key, f"touch {tmp_path}/opened; false")
    configure(repo.root, {"core.editor": f"touch {tmp_path}/opened; false", "core.pager": f"touch {tmp_path}/opened"})
    run.git(repo.root, "log")
    run.git(repo.root, "commit", "--amend", "--quiet")
    assert not (tmp_path / "opened").exists()


def test_a_filter_that_is_not_installed_is_said_so(repo: Repo) -> None:
    configure(repo.root, {"filter.big.clean": "no-such-program clean", "filter.big.required": "true"})
    write(repo.root, {".gitattributes": "*.bin filter=big\n", "a.bin": "x"})
    with pytest.raises(run.GitError, match="no-such-program") as failed:
        run.git(repo.root, "add", "a.bin")
    assert "install its program" in failed.value.hint


def test_no_process_stays_behind(repo: Repo) -> None:
    configure(repo.root, {"core.fsmonitor": "true", "gc.auto": "1", "maintenance.auto": "true"})
    for number in range(3):
        write(repo.root, {f"f{number}": "x"})
        run.git(repo.root, "add", "--all")
        run.git(repo.root, "commit", "-qm", "x")
        run.git(repo.root, "status")
    assert not (repo.git_dir / "fsmonitor--daemon.ipc").exists() and not (repo.git_dir / "gc.pid").exists()


def test_the_version_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run.version() >= run.OLDEST
    monkeypatch.setattr(run, "OLDEST", (99, 0))
    with pytest.raises(UserError, match="too old"):
        run.version()


CHECKOUT = """
import sys
from pathlib import Path
from orchestra.git.repo import Repo
from orchestra.git.worktrees import add_worktree
add_worktree(Repo(Path(sys.argv[1])), Path(sys.argv[2]), "main")
"""


def test_a_git_that_outlives_its_killed_caller_is_waited_for(repo: Repo, tmp_path: Path) -> None:
    """The checkout hangs in a filter when its caller is killed; the next life must not work in the same files."""
    log, go = tmp_path / "log", tmp_path / "go"
    smudge = tmp_path / "smudge"
    smudge.write_text(
        f"#!/bin/sh\necho begin >> {log}\nwhile [ ! -e {go} ]; do sleep 0.02; done\ncat\necho end >> {log}\n"
    )
    smudge.chmod(0o755)
    write(repo.root, {".gitattributes": "slow filter=slow\n", "slow": "s\n"})
    commit_all(repo.root)
    configure(repo.root, {"filter.slow.smudge": str(smudge)})
    path = repo.root / ".orchestra/worktrees/M1-1"
    first = start(repo, path)
    assert appears(lambda: log.exists() and log.read_text() == "begin\n", 30)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = start(repo, path)
    assert not appears(lambda: log.read_text() != "begin\n" or second.poll() is not None, 1)
    go.touch()
    assert second.wait(30) == 0
    assert log.read_text() == "begin\nend\n" * 2
    [tree] = repo.worktrees()
    assert (tree.git_dir / READY).exists() and user_git(tree.path, "status", "--porcelain") == ""


def start(repo: Repo, path: Path) -> subprocess.Popen[bytes]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", CHECKOUT, str(repo.root), str(path)], env=env)


def appears(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_calls_at_once_do_not_wait_for_each_other(repo: Repo) -> None:
    tree = unit_tree(repo)
    with run._held(repo.common_dir):
        assert tree.git("rev-parse", "HEAD").text == repo.resolve("main")
        assert not repo.wait_idle(timeout_s=0)
    assert repo.wait_idle(timeout_s=0)
