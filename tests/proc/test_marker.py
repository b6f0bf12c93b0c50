"""The files that decide who may run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestra.proc import marker
from orchestra.proc.identity import Identity
from orchestra.proc.marker import TOMBSTONE


def test_the_first_line_decides(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("12 34 boot:1\n")
    assert marker.bury(tmp_path) == Identity(12, "34", "boot:1")
    assert marker.read_mark(tmp_path) == Identity(12, "34", "boot:1")


def test_the_tombstone_stays_the_first_line(tmp_path: Path) -> None:
    assert marker.bury(tmp_path) == TOMBSTONE
    with (tmp_path / "pid").open("a") as late:
        late.write("12 34 boot:1\n")
    assert marker.read_mark(tmp_path) == TOMBSTONE


def test_a_line_without_its_end_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text("12 34 boot")
    assert marker.read_mark(tmp_path) is None
    assert marker.exists(tmp_path)
    (tmp_path / "rc").write_text("1")
    assert marker.read_code(tmp_path) is None
    (tmp_path / "rc").write_text("17\n")
    assert marker.read_code(tmp_path) == 17


@pytest.mark.parametrize("text", ["-1\n", "x\n", "\n", "1e3\n", "²\n", "9" * 5000 + "\n"])
def test_a_code_of_garbage_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "rc").write_text(text)
    assert marker.read_code(tmp_path) is None


def test_the_first_cause_and_the_first_answer_stay(tmp_path: Path) -> None:
    marker.write_cause(tmp_path, "timeout")
    marker.write_cause(tmp_path, "stopped")
    assert marker.read_cause(tmp_path) == "timeout"
    first = marker.write_ended(tmp_path, "exit", 3, 1.5)
    assert marker.write_ended(tmp_path, "lost", None, 9.0) == first == marker.read_ended(tmp_path)


def test_an_answer_takes_nothing_from_the_code(tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("17\n")
    answer = marker.write_ended(tmp_path, "exit", 17, 1.5)
    assert marker.read_code(tmp_path) == 17
    assert marker.read_ended(tmp_path) == answer


@pytest.mark.parametrize("text", ["1", "", '{"cause": "ex', '{"cause": 1}\n'])
def test_what_was_cut_off_hides_no_answer(tmp_path: Path, text: str) -> None:
    (tmp_path / "rc").write_text(text)
    first = marker.write_ended(tmp_path, "exit", 17, 1.5)
    assert marker.write_ended(tmp_path, "lost", None, 9.0) == first == marker.read_ended(tmp_path)
    assert first.code == 17
    assert marker.read_code(tmp_path) is None


def test_without_hard_links_the_files_are_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    marker.write_cause(tmp_path, "idle")
    assert marker.read_cause(tmp_path) == "idle"
    assert [file.name for file in tmp_path.iterdir()] == ["cause"]


def test_a_directory_that_vanished_loses_no_answer(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    marker.write_cause(gone, "idle")
    assert marker.write_ended(gone, "exit", 0, 0.0).cause == "exit"
    assert marker.read_ended(gone) is None
