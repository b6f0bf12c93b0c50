from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestra.errors import UserError
from orchestra.git.lease import Held, Lease, claim, read, release, renew
from orchestra.git.repo import Repo
from tests.support.repos import bare, clone, hook, user_git


@pytest.fixture
def origin(repo: Repo, tmp_path: Path) -> Path:
    return bare(tmp_path / "origin.git", repo)


@pytest.fixture
def other(origin: Path, tmp_path: Path) -> Repo:
    return clone(origin, tmp_path / "other")


def test_claim_renew_release(repo: Repo, other: Repo) -> None:
    assert read(repo, "origin", "M1") is None
    first = claim(repo, "origin", "M1", "ada epoch=1", None)
    assert isinstance(first, str)
    assert read(other, "origin", "M1") == Lease(first, "ada epoch=1")
    assert claim(other, "origin", "M1", "bob epoch=1", None) == Held("ada epoch=1")
    second = renew(repo, "origin", "M1", "ada epoch=1 later", first)
    assert isinstance(second, str)
    assert renew(repo, "origin", "M1", "ada from the past", first) == Held("ada epoch=1 later")
    assert not release(repo, "origin", "M1", first)
    assert release(repo, "origin", "M1", second)
    assert release(repo, "origin", "M1", second)
    assert read(other, "origin", "M1") is None
    assert renew(repo, "origin", "M1", "too late", second) == Held("")
    assert isinstance(claim(other, "origin", "M1", "bob epoch=2", None), str)


def test_taking_over_shuts_the_old_holder_out(repo: Repo, other: Repo) -> None:
    first = claim(repo, "origin", "M1", "ada epoch=1", None)
    assert isinstance(first, str)
    seen = read(other, "origin", "M1")
    assert seen and isinstance(claim(other, "origin", "M1", "bob epoch=2", seen.sha), str)
    assert renew(repo, "origin", "M1", "ada epoch=1", first) == Held("bob epoch=2")


def test_repeating_a_claim_finds_it(repo: Repo, origin: Path) -> None:
    first = claim(repo, "origin", "M1", "token 7\n", None)
    user_git(repo.root, "config", "user.name", "so that the commit is another")
    fresh = Repo(repo.root)
    assert claim(fresh, "origin", "M1", "token 7\n", None) == first


@pytest.mark.parametrize("group", ["M1-user auth", "a/b", "..", "ünï"])
def test_groups_with_any_name(repo: Repo, origin: Path, group: str) -> None:
    sha = claim(repo, "origin", group, "x", None)
    assert isinstance(sha, str) and read(repo, "origin", group) == Lease(sha, "x")
    assert read(repo, "origin", "M1") is None
    assert release(repo, "origin", group, sha)


def test_several_lines_and_any_text(repo: Repo, origin: Path) -> None:
    text = "holder: ada\n\nOrchestra-Ticket: x\n# not a comment\n  ünï"
    sha = claim(repo, "origin", "M1", text, None)
    assert read(repo, "origin", "M1") == Lease(str(sha), text)


def test_neither_branches_nor_hooks_of_the_user_are_touched(repo: Repo, origin: Path, tmp_path: Path) -> None:
    hook(repo.git_dir, "pre-push", f"touch {tmp_path}/ran; exit 1")
    before = user_git(repo.root, "for-each-ref"), user_git(origin, "for-each-ref", "refs/heads")
    assert isinstance(claim(repo, "origin", "M1", "x", None), str)
    assert (user_git(repo.root, "for-each-ref"), user_git(origin, "for-each-ref", "refs/heads")) == before
    assert not (tmp_path / "ran").exists()


def test_a_remote_that_refuses_or_is_gone_is_an_error_and_not_a_lost_race(repo: Repo, origin: Path) -> None:
    hook(origin, "pre-receive", "exit 1")
    with pytest.raises(UserError):
        claim(repo, "origin", "M1", "x", None)
    origin.rename(origin.with_name("gone.git"))
    for call in (lambda: claim(repo, "origin", "M1", "x", None), lambda: read(repo, "origin", "M1")):
        with pytest.raises(UserError, match="could not be reached"):
            call()


SCRIPT = """
import sys
from pathlib import Path
from orchestra.git.lease import Held, claim
from orchestra.git.repo import Repo
repo, go = Repo(Path(sys.argv[1])), Path(sys.argv[2])
while not go.exists():
    pass
result = claim(repo, "origin", "M1", sys.argv[3], None)
print("held " + result.text if isinstance(result, Held) else "won")
"""


def test_of_clones_that_race_exactly_one_wins(origin: Path, tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    clones = [clone(origin, tmp_path / f"c{number}").root for number in range(4)]
    for turn in range(2):
        go = tmp_path / f"go-{turn}"
        calls = [[sys.executable, "-c", SCRIPT, str(root), str(go), f"{root.name}"] for root in clones]
        racers = [subprocess.Popen(call, env=env, stdout=subprocess.PIPE, text=True) for call in calls]
        go.write_text("")
        said = [racer.communicate()[0].strip() for racer in racers]
        winner = clones[said.index("won")]
        assert sorted(said) == sorted(["won"] + [f"held {winner.name}"] * 3)
        user_git(origin, "update-ref", "-d", "refs/orchestra/leases/M1")
