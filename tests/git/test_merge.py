from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.git import paths
from orchestra.git.commits import commit
from orchestra.git.history import log
from orchestra.git.merge import Conflict, Merged, Replayed, merge, replay
from orchestra.git.message import message
from orchestra.git.repo import Repo
from tests.support.repos import commit_all, configure, init, listing, user_git, write


def side(repo: Repo, base: str, files: dict[str, str | None], text: str = "work") -> str:
    """A commit on `base` that nobody has checked out afterwards."""
    user_git(repo.root, "checkout", "-q", "--detach", base)
    for name, content in files.items():
        if content is None:
            paths.remove(repo.root, name)
        else:
            write(repo.root, {name: content})
    sha = commit_all(repo.root, text)
    user_git(repo.root, "checkout", "-q", "main")
    return sha


def test_two_sides_are_joined_and_nothing_else_moves(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    ours = side(repo, base, {"a.txt": "ours\n", "o": "1"})
    theirs = side(repo, base, {"src/b.py": "b = 2\n", "t": "1"})
    before = user_git(repo.root, "for-each-ref"), user_git(repo.root, "status", "--porcelain")
    joined = merge(repo, base, ours, theirs)
    assert isinstance(joined, Merged)
    made = listing(repo, joined.tree)
    assert made["a.txt"] == "100644 ours\n" and made["src/b.py"] == "100644 b = 2\n" and {"o", "t"} <= made.keys()
    assert (user_git(repo.root, "for-each-ref"), user_git(repo.root, "status", "--porcelain")) == before


def test_the_base_given_counts_and_trees_will_do(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    ours = side(repo, base, {"a.txt": "ours\n"})
    theirs = side(repo, ours, {"a.txt": "one\n", "t": "1"})
    # By history this is a fast-forward; from `base`, theirs has not touched a.txt.
    joined = merge(repo, repo.tree(base), repo.tree(ours), repo.tree(theirs))
    assert isinstance(joined, Merged)
    assert listing(repo, joined.tree)["a.txt"] == "100644 ours\n"


@pytest.mark.parametrize("name", ["a.txt", "with space", "new\nline", "ünï", '"q"'])
def test_conflicts_name_their_paths(tmp_path: Path, name: str) -> None:
    repo = init(tmp_path / "r", {name: "one\n", "other": "x"})
    base = repo.resolve("HEAD")
    joined = merge(repo, base, side(repo, base, {name: "ours\n"}), side(repo, base, {name: "theirs\n"}))
    assert joined == Conflict((name,))


def test_other_conflicts(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    changed, gone = side(repo, base, {"a.txt": "two\n"}), side(repo, base, {"a.txt": None})
    assert merge(repo, base, changed, gone) == Conflict(("a.txt",))
    assert merge(repo, base, side(repo, base, {"n": "1"}), side(repo, base, {"n": "2"})) == Conflict(("n",))
    assert isinstance(merge(repo, base, side(repo, base, {"n": "1"}), side(repo, base, {"n": "1"})), Merged)


def test_a_moved_directory_does_not_draw_new_files_out_of_scope(tmp_path: Path) -> None:
    repo = init(tmp_path / "r", {"old/one": "1\n" * 20, "old/two": "2\n" * 20})
    base = repo.resolve("HEAD")
    ours = side(repo, base, {"old/one": None, "old/two": None, "new/one": "1\n" * 20, "new/two": "2\n" * 20})
    joined = merge(repo, base, ours, side(repo, base, {"old/three": "3"}))
    assert isinstance(joined, Merged)
    assert listing(repo, joined.tree).keys() - {".orchestra/.gitignore"} == {"new/one", "new/two", "old/three"}


def units(repo: Repo, base: str) -> str:
    """Two unit commits on `base`."""
    tip = base
    for name in ("one", "two"):
        content = side(repo, tip, {name: name})
        text = message("feat", "x", name, ["why"], {"Orchestra-Ticket": name})
        tip = commit(repo, repo.tree(content), tip, text, ("Grace", "g@example.org"), at=1000)
    return tip


def test_a_replay_keeps_messages_trailers_authors_and_dates(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tip, onto = units(repo, base), side(repo, base, {"a.txt": "meanwhile\n"})
    again = replay(repo, base, tip, onto)
    assert isinstance(again, Replayed)
    old, new = log(repo, base, tip), log(repo, onto, again.tip)
    assert [(one.message, one.trailers, one.author, one.committer) for one in old] == [
        (one.message, one.trailers, one.author, one.committer) for one in new
    ]
    assert again.commits == {one.sha: two.sha for one, two in zip(old, new, strict=True)}
    made = listing(repo, again.tip)
    assert made["a.txt"] == "100644 meanwhile\n" and made["one"] == "100644 one" and made["two"] == "100644 two"
    assert "two" not in listing(repo, new[0].sha)
    assert replay(repo, base, tip, onto) == again


def test_a_replay_on_the_same_base_changes_nothing(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tip = units(repo, base)
    again = replay(repo, base, tip, base)
    assert isinstance(again, Replayed) and again.tip == tip
    assert replay(repo, base, base, tip) == Replayed(tip, {})


def test_a_replay_names_the_commit_that_does_not_fit(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tip, onto = units(repo, base), side(repo, base, {"two": "another two"})
    assert replay(repo, base, tip, onto) == Conflict(("two",), tip)


def test_a_commit_whose_changes_are_there_keeps_its_trailers(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    tip, onto = units(repo, base), side(repo, base, {"one": "one"})
    again = replay(repo, base, tip, onto)
    assert isinstance(again, Replayed)
    assert [one.trailer("Orchestra-Ticket") for one in log(repo, onto, again.tip)] == ["one", "two"]


def test_no_identity_is_needed(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    ours, theirs = side(repo, base, {"o": "1"}), side(repo, base, {"t": "1"})
    for key in ("user.name", "user.email"):
        user_git(repo.root, "config", "--unset", key)
    configure(repo.root, {"user.useConfigOnly": "true"})
    assert isinstance(merge(Repo(repo.root), base, ours, theirs), Merged)
