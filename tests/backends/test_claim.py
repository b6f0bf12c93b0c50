"""What an agent says of its work, written well and written badly."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchestra.backends import scripted_agent
from orchestra.backends.claim import Claim, read_claim, write_claim
from orchestra.core.words import Severity

FINDING = {"severity": "blocking", "title": "wrong", "line": 3, "file": "a.py", "detail": "d", "id": "F1"}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    claim = Claim("blocked", "notes ü\n", ("one", "two"), (FINDING,))
    write_claim(tmp_path, claim)
    assert read_claim(tmp_path) == (claim, "")
    write_claim(tmp_path, Claim("done"))
    assert read_claim(tmp_path) == (Claim("done"), "")


def test_no_report_is_no_claim_and_no_complaint(tmp_path: Path) -> None:
    assert read_claim(tmp_path) == (None, "")
    assert read_claim(tmp_path / "gone") == (None, "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("\0\xff", "report"),
        ("[" * 100_000, "report"),
        ("[1]", "not an object"),
        ('{"status": "perfect"}', "status is 'perfect'"),
        ('{"status": ["done"]}', "status"),
        ('{"notes": 3}', "notes is not text"),
        ('{"learnings": "x"}', "learnings is not a list"),
        ('{"learnings": [{}]}', "learnings is not text"),
        ('{"findings": [3]}', "a finding is not an object"),
        ('{"findings": [{"severity": "awful", "title": "t"}]}', "severity is 'awful'"),
        ('{"findings": [{"severity": {}, "title": "t"}]}', "severity"),
        ('{"findings": [{"severity": "blocking", "title": " "}]}', "no title"),
        ('{"findings": [{"severity": "blocking", "title": "t", "line": "3"}]}', "line is not a number"),
        ('{"findings": [{"severity": "blocking", "title": "t", "line": true}]}', "line is not a number"),
        (json.dumps({"learnings": ["x"] * 501}), "more than 500"),
        (json.dumps({"notes": "x" * (2 << 20)}), "larger than"),
    ],
)
def test_garbage_is_no_claim_and_says_why(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "report.json").write_text(text, encoding="latin-1")
    claim, reason = read_claim(tmp_path)
    assert claim is None
    assert why in reason


def test_a_status_that_is_left_out_is_done(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    assert read_claim(tmp_path)[0] == Claim("done")


def test_text_that_no_file_can_hold_is_made_harmless(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"notes": "a\\ud800b", "findings": null}')
    claim, _ = read_claim(tmp_path)
    assert claim is not None
    claim.notes.encode()
    write_claim(tmp_path, claim)


def test_a_pipe_or_a_link_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report.json")
    assert "regular file" in read_claim(tmp_path)[1]
    (tmp_path / "report.json").unlink()
    (tmp_path / "report.json").symlink_to("/dev/zero")
    assert read_claim(tmp_path)[0] is None
    (tmp_path / "report.json").unlink()
    (tmp_path / "other.json").write_text("{}")
    (tmp_path / "report.json").symlink_to("other.json")
    assert read_claim(tmp_path)[0] is None


def test_the_standalone_agent_knows_the_same_words() -> None:
    assert set(scripted_agent.SEVERITIES) == set(Severity)
