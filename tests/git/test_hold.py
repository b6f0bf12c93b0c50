from __future__ import annotations

from pathlib import Path

from orchestra.git.hold import FILE, Hold, drop, read, write
from orchestra.git.landing import align, unstage
from orchestra.git.repo import Repo
from tests.git.test_landing import landing, state
from tests.support.repos import user_git
from tests.support.repos import write as put

HOLD = Hold("M1", "main", "b", "l", "s", "M1.a.worker-1", "h", ("lib",), unproved=True)


def test_a_hold_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert write(tmp_path, HOLD) == read(tmp_path) == HOLD
    drop(tmp_path)
    drop(tmp_path)
    assert read(tmp_path) is None


def test_a_damaged_hold_is_none(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"group": "M1"}', '{"group": "M1", "nested": []}'):
        (tmp_path / FILE).write_text(text)
        assert read(tmp_path) is None


def test_align_moves_the_index_for_the_paths_that_differ_and_no_others(repo: Repo) -> None:
    new, old = landing(repo, {"a.txt": "landed\n", ".orchestra/plan": "p\n"})
    put(repo.root, {"a.txt": "landed\n", "mine": "m\n"})
    user_git(repo.root, "add", "mine")
    user_git(repo.root, "update-ref", "refs/heads/main", new)
    assert align(repo, repo.checkout, old, new)
    assert state(repo) == "D  .orchestra/plan\nA  mine", "what lies below .orchestra/ is not git's to show"


def test_unstage_puts_the_index_right_for_these_paths_alone(repo: Repo) -> None:
    put(repo.root, {"a.txt": "staged\n", "mine": "m\n", "out": "o\n"})
    user_git(repo.root, "add", "--all")
    assert unstage(repo.checkout, "HEAD", ["a.txt", "out"])
    assert state(repo) == " M a.txt\nA  mine\n?? out"
