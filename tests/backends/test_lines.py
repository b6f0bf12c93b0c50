"""Bytes into lines."""

from __future__ import annotations

from orchestra.backends.lines import Lines


def fed(*pieces: bytes) -> list[str]:
    found: list[str] = []
    lines = Lines(found.append)
    for piece in pieces:
        lines.feed(piece)
    lines.end()
    return found


def test_lines_come_whole_however_they_were_cut() -> None:
    data = "eins\nzwei ü\r\n\ndrei".encode()
    for size in range(1, len(data)):
        assert fed(*(data[at : at + size] for at in range(0, len(data), size))) == ["eins", "zwei ü", "", "drei"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert fed(b"\xff\xfe\n\0") == ["\ufffd\ufffd", "\0"]


def test_a_line_without_end_comes_in_pieces() -> None:
    found = fed(*[b"x" * (1 << 20)] * 10)
    assert sum(map(len, found)) == 10 << 20
    assert max(map(len, found)) <= 5 << 20
