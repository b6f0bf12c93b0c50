from __future__ import annotations

from pathlib import Path

from orchestra.git.commits import commit, delete_ref, move_ref, read_ref
from orchestra.git.history import history_units, log, trailer_commits
from orchestra.git.message import message, trailers_of
from orchestra.git.repo import Repo
from tests.support.repos import commit_all, configure, hook, user_git, write


def unit(repo: Repo, parent: str, name: str, **more) -> str:
    text = message("feat", "x", name, [], {"Orchestra-Ticket": f"{name}#1", "Orchestra-Unit": f"M1-x/{name}"})
    return commit(repo, repo.tree(parent), parent, text, **more)


def test_commits_are_read_oldest_first_with_their_trailers(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    one = unit(repo, base, "phase-1")
    two = unit(repo, one, "phase-2")
    found = log(repo, base, two)
    assert [item.sha for item in found] == [one, two]
    assert (found[1].parent, found[1].tree, found[1].subject) == (one, repo.tree(base), "feat(x): phase-2")
    assert trailer_commits(repo, base, two) == {"phase-1#1": one, "phase-2#1": two}
    assert history_units(repo, two, "M1-x") == {"phase-1": one, "phase-2": two}
    assert history_units(repo, two, "M1") == {} == history_units(repo, "refs/heads/none", "M1-x")
    assert log(repo, two, two) == []
    assert len(log(repo, "", two)) == 3


def test_text_that_only_looks_like_a_trailer_is_none(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    write(repo.root, {"x": "1"})
    user_git(repo.root, "add", "x")
    user_git(repo.root, "commit", "-qm", "revert\n\nOrchestra-Unit: M1-x/phase-1\n\nsaid the message")
    assert history_units(repo, "HEAD", "M1-x") == {}
    assert trailer_commits(repo, base, "HEAD", "Orchestra-Unit") == {}


def test_a_paragraph_with_other_text_holds_no_trailers() -> None:
    assert trailers_of("subject\n\nsaid:\nOrchestra-Unit: M1-x/phase-1\nand more\n") == ()
    assert trailers_of("Orchestra-Unit: M1-x/phase-1\n") == ()


def test_messages_of_people_with_any_content(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    sha = commit(repo, repo.tree(base), base, "subject \u00fc\n\n\n  indented\n\ttab\n--- \n# no comment\n\n\n")
    read = log(repo, base, sha)[0]
    assert (read.subject, read.body) == ("subject ü", "  indented\n\ttab\n--- \n# no comment")


def test_the_users_settings_do_not_change_what_is_read(repo: Repo) -> None:
    configure(repo.root, {"log.date": "relative", "format.pretty": "oneline", "log.showSignature": "true"})
    configure(repo.root, {"i18n.logOutputEncoding": "latin1", "log.follow": "true", "log.decorate": "full"})
    base = repo.resolve("HEAD")
    assert log(repo, base, unit(repo, base, "ü"))[0].subject == "feat(x): ü"


def test_the_same_commit_at_the_same_time_is_the_same(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    assert unit(repo, base, "p", at=1000.7) == unit(repo, base, "p", at=1000.2)
    made = log(repo, base, unit(repo, base, "p", at=1000, author=("Grace", "g@example.org")))[0]
    assert made.author == ("Grace", "g@example.org", "1000 +0000")
    assert made.committer == ("Ada", "ada@example.org", "1000 +0000")


def test_without_an_identity_the_fallback_is_used(repo: Repo) -> None:
    for key in ("user.name", "user.email"):
        user_git(repo.root, "config", "--unset", key)
    configure(repo.root, {"user.useConfigOnly": "true"})
    fresh = Repo(repo.root)
    made = log(fresh, "HEAD", unit(fresh, fresh.resolve("HEAD"), "p"))[0]
    assert made.author[:2] == made.committer[:2] == ("Orchestra", "orchestra@localhost")


def test_signing_and_hooks_of_the_user_are_left_out(repo: Repo, tmp_path: Path) -> None:
    configure(repo.root, {"commit.gpgsign": "true", "gpg.program": "false"})
    hook(repo.git_dir, "reference-transaction", f"touch {tmp_path}/ran")
    base = repo.resolve("HEAD")
    assert move_ref(repo, "refs/heads/x", unit(repo, base, "p"), "")
    assert not (tmp_path / "ran").exists()


def test_refs_move_by_compare_and_swap(repo: Repo) -> None:
    first = repo.resolve("HEAD")
    second, third = unit(repo, first, "a"), unit(repo, first, "b")
    ref = "refs/heads/orchestra/M1"
    assert move_ref(repo, ref, first, "")
    assert move_ref(repo, ref, first, "")
    assert not move_ref(repo, ref, second, "")
    assert not move_ref(repo, ref, third, second)
    assert move_ref(repo, ref, second, first)
    assert move_ref(repo, ref, second, first)
    assert read_ref(repo, ref) == second
    assert not delete_ref(repo, ref, first)
    assert delete_ref(repo, ref, second) and delete_ref(repo, ref, second)
    assert read_ref(repo, ref) is None


def test_a_first_commit_has_no_parent(tmp_path: Path) -> None:
    user_git(tmp_path, "init", "-q")
    repo = Repo(tmp_path)
    sha = commit(repo, repo.git("mktree").text, "", "first\n")
    assert log(repo, "", sha)[0].parent == ""


def test_a_merge_of_a_person_counts_along_the_first_parent(repo: Repo) -> None:
    base = repo.resolve("HEAD")
    user_git(repo.root, "checkout", "-q", "-b", "side")
    write(repo.root, {"s": "1"})
    commit_all(repo.root, "side")
    user_git(repo.root, "checkout", "-q", "main")
    write(repo.root, {"m": "1"})
    commit_all(repo.root, "main")
    user_git(repo.root, "merge", "-q", "--no-ff", "-m", "joined", "side")
    assert [one.subject for one in log(repo, base, "HEAD")] == ["main", "joined"]
