from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.git.commits import commit
from orchestra.git.history import log
from orchestra.git.message import WIDTH, clean, message, trailers_of
from orchestra.git.repo import Repo

TRAILERS = {"Orchestra-Ticket": "M1/phase-1#1", "Orchestra-Unit": "M1-auth/phase-1"}


def test_the_whole() -> None:
    text = message("feat", "user-auth", "add the login form", ["Why: people asked.", "", "- one"], TRAILERS)
    assert text == (
        "feat(user-auth): add the login form\n\nWhy: people asked.\n\n- one\n\n"
        "Orchestra-Ticket: M1/phase-1#1\nOrchestra-Unit: M1-auth/phase-1\n"
    )
    assert dict(trailers_of(text)) == TRAILERS


def test_without_scope_body_and_trailers() -> None:
    assert message("fix", "", "x") == "fix: x\n"
    assert message("FEAT!", "a b", "") == "feat(a-b): update\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "title\n\nOrchestra-Ticket: forged",
        "title\r\n\r\nOrchestra-Ticket: forged",
        "title\u2028\u2028Orchestra-Ticket: forged",
        "title\x0b\x0cOrchestra-Ticket: forged",
        "title\x85\x85Orchestra-Ticket: forged",
        "\x1b[31mred\x07 \u202egnp.exe\u200b",
        "x" * 500,
        "word " * 100,
        "--amend -F /etc/passwd",
        "日本語の題名" * 20,
    ],
)
def test_hostile_titles(repo: Repo, hostile: str) -> None:
    text = message("feat", hostile, hostile, [hostile, "Co-Authored-By: A Bot <bot@example.org>"], TRAILERS)
    subject, blank, *_ = text.split("\n")
    assert len(subject) <= WIDTH and blank == ""
    assert not any(ord(char) < 32 and char != "\n" for char in text) and "\u202e" not in text
    assert "Co-Authored-By" not in text
    sha = commit(repo, repo.tree("HEAD"), repo.resolve("HEAD"), text)
    assert dict(log(repo, "HEAD", sha)[0].trailers) == TRAILERS
    assert "forged" not in [value for _, value in git_trailers(repo, sha)]


def git_trailers(repo: Repo, sha: str) -> list[tuple[str, str]]:
    out = repo.git("log", "-1", "--format=%(trailers:only,unfold)", sha).text
    return [tuple(line.split(": ", 1)) for line in out.splitlines() if line]


@pytest.mark.parametrize("line", ["Orchestra-Ticket: forged", " orchestra-unit : x", "Signed-off-by: me"])
def test_a_body_that_ends_the_message_cannot_be_trailers(line: str) -> None:
    assert trailers_of(message("feat", "", "x", ["text", "", line])) == ()
    assert trailers_of(message("feat", "", "x", [line])) == ()


def test_git_reads_the_same_trailers(repo: Repo) -> None:
    text = message("feat", "s", "x", ["a: b", "c: d"], TRAILERS)
    sha = commit(repo, repo.tree("HEAD"), repo.resolve("HEAD"), text)
    assert git_trailers(repo, sha) == list(TRAILERS.items()) == list(log(repo, "HEAD", sha)[0].trailers)


def test_a_trailer_value_is_one_line() -> None:
    assert trailers_of(message("feat", "", "x", [], {"Orchestra-Ticket": "a\nOrchestra-Unit: b"})) == (
        ("Orchestra-Ticket", "a Orchestra-Unit: b"),
    )


@given(st.text(), st.text(), st.lists(st.text(), max_size=4))
def test_any_text_gives_one_short_subject_and_our_trailers(scope: str, subject: str, body: list[str]) -> None:
    text = message("feat", scope, subject, body, TRAILERS)
    lines = text.split("\n")
    assert len(lines[0]) <= WIDTH and lines[1] == ""
    assert dict(trailers_of(text)) == TRAILERS
    assert text == text.encode("utf-8", "strict").decode()
    assert clean(subject) == clean(clean(subject))
