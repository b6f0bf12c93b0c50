"""Streams that stay bounded while somebody writes them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from orchestra.proc import output as output_module
from orchestra.proc.output import Stream, read_bounded
from tests.support.jobs import finish, job

LIMIT = 1 << 20


def used(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_a_flood_is_bounded_and_keeps_head_and_tail(tmp_path: Path) -> None:
    flood = "echo first; head -c 50000000 /dev/zero | tr '\\0' 'x'; echo; echo last"
    heard = bytearray()
    ended = finish(job(tmp_path / "j", flood, output_limit=LIMIT), on_output=heard.extend)
    data = ended.stdout.read_bytes()
    assert len(data) <= LIMIT
    assert data.startswith(b"first\nxxx")
    assert data.endswith(b"xxx\nlast\n")
    dropped = int(data.split(b"\n[... ")[1].split()[0])
    assert len(data) - len(b"\n[... %d bytes dropped ...]\n" % dropped) + dropped == 50_000_012
    assert heard.startswith(b"first\n")
    assert heard.endswith(b"\nlast\n")


def test_stderr_is_bounded_too(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", "head -c 5000000 /dev/zero >&2; echo end >&2", output_limit=LIMIT))
    assert len(ended.stderr.read_bytes()) <= LIMIT
    assert ended.stderr.read_bytes().endswith(b"end\n")


def test_what_is_within_the_limit_is_whole(tmp_path: Path) -> None:
    ended = finish(job(tmp_path / "j", f"head -c {LIMIT} /dev/zero", output_limit=LIMIT))
    assert ended.stdout.stat().st_size == LIMIT


def test_the_disk_is_given_back_while_the_writer_writes(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("ab", buffering=0) as writer:
        heard = bytearray()
        stream = Stream(path, LIMIT, heard.extend)
        for number in range(40):
            writer.write(b"%06d" % number + b"x" * 299_994)
            assert stream.pump()
            assert used(path) <= LIMIT + 3 * 4096
        assert not stream.pump()
        assert len(heard) == 40 * 300_000
        stream.close()
    data = path.read_bytes()
    assert len(data) <= LIMIT
    assert data.startswith(b"000000xxx")
    assert b"000039xxx" in data
    assert b"\0" not in data


def test_without_holes_the_end_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int, offset: int, length: int) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(output_module, "punch_hole", refuse)
    path = tmp_path / "out"
    path.write_bytes(b"head" + b"x" * 3 * LIMIT + b"tail")
    Stream(path, LIMIT).close()
    assert len(path.read_bytes()) <= LIMIT
    assert path.read_bytes()[:4] + path.read_bytes()[-4:] == b"headtail"


def test_closing_twice_changes_nothing_more(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x" * 2 * LIMIT)
    Stream(path, LIMIT).close()
    once = path.read_bytes()
    Stream(path, LIMIT).close()
    assert path.read_bytes() == once


def test_a_late_reader_of_a_punched_file_hears_head_and_tail(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"head\n" + b"x" * 3 * LIMIT + b"\ntail\n")
    Stream(path, LIMIT).pump()
    heard = bytearray()
    Stream(path, LIMIT, heard.extend).pump()
    assert heard.startswith(b"head\n")
    assert heard.endswith(b"\ntail\n")
    assert len(heard) <= LIMIT


def test_a_missing_file_is_an_empty_stream(tmp_path: Path) -> None:
    heard = bytearray()
    stream = Stream(tmp_path / "none", LIMIT, heard.extend)
    assert not stream.pump()
    stream.close()
    assert read_bounded(tmp_path / "none", 10) == b""
    assert not heard


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts blocks as Linux does")
def test_a_hole_is_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"x" * LIMIT)
    with path.open("r+b") as file:
        output_module.punch_hole(file.fileno(), 4096, LIMIT - 8192)
        os.fsync(file.fileno())
    assert path.stat().st_size == LIMIT
    assert used(path) <= 4 * 4096
