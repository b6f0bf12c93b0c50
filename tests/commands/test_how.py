"""orchestra how: the steps for a verb of the client, with a person's words put in as text and nothing more."""

from __future__ import annotations

import pytest

from orchestra.commands import how
from tests.support.shown import orchestra


def test_the_steps_without_the_front_matter(tmp_path):
    said = orchestra(tmp_path, "how", "start", "--auto", "M1")
    assert said.code == 0
    assert "next M1 --auto" in said.out or "next --auto M1" in said.out
    assert "$ARGUMENTS" not in said.out
    assert not said.out.startswith("---")
    assert "description:" not in said.out


@pytest.mark.parametrize("verb", sorted(how.verbs()))
def test_every_verb_has_steps(tmp_path, verb):
    said = orchestra(tmp_path, "how", verb)
    assert said.code == 0
    assert said.out.strip()
    assert "$ARGUMENTS" not in said.out


def test_the_verbs_are_those_of_the_client():
    assert set(how.verbs()) == {
        "start", "hotfix", "pm", "status", "verifier", "rewind", "blueprint", "create-role", "decide", "help",
    }  # fmt: skip


@pytest.mark.parametrize("words", [[], [""], ["  "]])
def test_without_a_verb_the_verbs_are_listed(tmp_path, words):
    said = orchestra(tmp_path, "how", *words)
    assert said.code == 0
    assert all(f"\n  {verb} " in said.out for verb in how.verbs())
    assert "  start [M1 M2 …] [--auto]  " in said.out
    assert "`/orchestra VERB`" in said.out


def test_a_client_may_pass_everything_as_one_word(tmp_path):
    assert orchestra(tmp_path, "how", "start --auto").out == orchestra(tmp_path, "how", "start", "--auto").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["strat"], "did you mean `start`?"),
        (["orchestra"], "no verb orchestra"),
        (["../README"], "no verb ../README"),
        (["\x1b[2J"], "no verb [2J"),
        (["x" * 9000], "no verb x"),
    ],
)
def test_an_unknown_verb_is_a_sentence(tmp_path, words, said):
    answer = orchestra(tmp_path, "how", *words)
    assert answer.code == 64
    assert said in answer.err
    assert "\x1b" not in answer.err
    assert len(answer.err) < 600


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["a\nb\x1b[31m\rc\u2028d"], "a b [31m c d"),
        ([r"\1 \g<0> $ARGUMENTS $0"], r"\1 \g<0> $ARGUMENTS $0"),
        (["`id`;", "$(id)", "'\""], "`id`; $(id) '\""),
        (["{{ 7 * 7 }}", "{% raw %}"], "{{ 7 * 7 }} {% raw %}"),
        (["--json", "-C", "/"], "--json -C /"),
        (["\udcff"], ""),
        (["x" * 9000], "x" * 4000),
    ],
)
def test_words_are_one_line_of_text(tmp_path, words, shown):
    body = how.verbs()["hotfix"].read_text()
    line = next(line for line in body.splitlines() if "$ARGUMENTS" in line and "---" not in line)
    out = orchestra(tmp_path, "how", "hotfix", *words).out
    wanted = line.replace("$ARGUMENTS", shown[: 4000 - len("hotfix ")]).rstrip()
    assert wanted in [one.rstrip() for one in out.splitlines()]


def test_as_data(tmp_path):
    told = orchestra(tmp_path, "how", "--json", "status").json
    assert (told["verb"], told["text"]) == ("status", orchestra(tmp_path, "how", "status").out)
    assert "start" in orchestra(tmp_path, "how", "--json").json["verbs"]


def test_a_file_with_crlf_and_a_mark_at_its_beginning(tmp_path):
    (tmp_path / "go.md").write_bytes(b"\xef\xbb\xbf---\r\ndescription: Go\r\n---\r\nGo to $ARGUMENTS.\r\n")
    (tmp_path / "bare.md").write_text("Nothing but steps.\n")
    found = how.verbs(tmp_path)
    assert how.steps(found["go"], "there").strip() == "Go to there."
    assert how.steps(found["bare"], "") == "Nothing but steps.\n"
    assert "go    Go" in how.overview(found)
