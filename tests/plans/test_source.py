"""Files that are not what they should be: a diagnostic with a line, never an exception."""

from __future__ import annotations

import os

import pytest

from orchestra.plans import source


def refused(path, root):
    text, found = source.read(path, root)
    assert text is None
    assert len(found) == 1
    return found[0]


def test_text_keeps_bom_and_line_endings(tmp_path):
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfa\r\nb")
    text, found = source.read(tmp_path / "a.md", tmp_path)
    assert (text.text, text.name, found) == ("\ufeffa\r\nb", "a.md", [])


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"a\nb\0c", "binary", 2),
        ("a\n\nb".encode("utf-16"), "binary", 1),
        (b"a\nb\nc\xff", "encoding", 3),
        (b"\xc3", "encoding", 1),
        (b"x" * (source.MAX_BYTES + 1), "too-large", 1),
    ],
)
def test_content_that_is_not_text(tmp_path, data, code, line):
    (tmp_path / "a.md").write_bytes(data)
    found = refused(tmp_path / "a.md", tmp_path)
    assert (found.code, found.line, found.file) == (code, line, "a.md")


def test_fifty_megabytes_are_not_read_whole(tmp_path):
    with (tmp_path / "a.md").open("wb") as file:
        file.truncate(50_000_000)
    assert refused(tmp_path / "a.md", tmp_path).code == "too-large"


def test_what_is_no_file(tmp_path):
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path / "dir", tmp_path).code in ("not-a-file", "unreadable")
    assert refused(tmp_path / "pipe", tmp_path).code == "not-a-file"
    assert refused(tmp_path / "none", tmp_path).code == "missing-file"


def test_links_stay_in_the_project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "secret").write_text("x")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "etc").symlink_to("/etc")
    (root / "self").symlink_to("self")
    (root / "real").write_text("y")
    (root / "in").symlink_to("real")
    assert refused(root / "out", root).code == "outside-project"
    assert refused(root / "etc" / "hostname", root).code == "outside-project"
    assert refused(root / "self", root).code == "unreadable"
    assert source.read(root / "in", root)[0].text == "y"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path):
    (tmp_path / "a.md").write_text("x")
    (tmp_path / "a.md").chmod(0)
    assert refused(tmp_path / "a.md", tmp_path).code == "unreadable"
