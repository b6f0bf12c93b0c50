"""Arbitrary text and bytes in every file: no exception, and every line lies within its file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestra import config
from orchestra.plans import phase as phase_reader
from orchestra.plans.graph import find_loop
from orchestra.plans.markdown import parse, split_lines
from tests.support.planning import HEAD, PHASE, milestone, phase, read

FILES = ("milestone.md", "prd.md", "context.md", "phases/phase-1.md", "phases/phase-2.md")
PIECES = [
    *HEAD.splitlines(), *PHASE.splitlines(), "---", "...", "depends_on: [2]", "depends_on: [phase-1, M2/phase-1]",
    "a: &a [*a]", "\tb: 1", "complexity: x", "order: 99999999999999999999", "type: fix", "## Phases", "- phase-1: done",
    "| Locked-By | 2026-13-01T00:00:00Z |", "| Depends-On | M1, M2, .. |", "- [ ] AC1: x check: `", "- `src/{a,b",
    "<!--",     "```", "\ufeff", "\u2028", "\x85", "\r", "? [a]",
    "{", "- !src/", "- src/[", "- **/*", "> ## Scope", "Scope\n---",
]  # fmt: skip
PLANLIKE = st.tuples(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(["\n", "\r\n"])).map(
    lambda t: t[1].join(t[0]).encode()
)
CONTENT = st.one_of(PLANLIKE, st.text(max_size=300).map(lambda t: t.encode()), st.binary(max_size=300))


def lines_of(path: Path) -> int:
    return len(path.read_bytes().split(b"\n")) + path.read_bytes().count(b"\r") if path.is_file() else 1


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(FILES), CONTENT)
@example("phases/phase-1.md", b"---\ndepends_on: [2]\n---\n")
@example("phases/phase-1.md", b"---\n'\n---")
@example("milestone.md", b"| Status | ready")
def test_any_content_in_any_file(name, data):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        home = milestone(root)
        phase(home, 1)
        phase(home, 2)
        (home / name).write_bytes(data)
        result = read(root)
        for found in result.diagnostics:
            assert 1 <= found.line <= lines_of(root / found.file), (found, data)
            assert found.column >= 1
            assert "\n" not in found.message
        units = result.plan.groups[0].units
        assert not find_loop({u.id: list(u.depends_on) for u in units})
        assert {d for u in units for d in u.depends_on} <= {u.id for u in units}


@settings(max_examples=250, deadline=None)
@given(CONTENT)
@example(b"pipeline: [")
@example(b"verification:\n  test: [a]\n  tests: x\n")
def test_any_content_in_the_config(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ".orchestra" / "config.yml"
        path.parent.mkdir()
        path.write_bytes(data)
        value, found = config.read(path)
        assert isinstance(value, config.Config)
        assert all(1 <= d.line <= lines_of(path) for d in found)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=300), PLANLIKE.map(bytes.decode)))
def test_any_text_is_a_document(text):
    document = parse(text)
    assert len(document.lines) == len(split_lines(text))
    assert "".join(split_lines(text)) == text
    phase_reader.read(document)


@pytest.mark.parametrize("cut", range(0, 900, 7))
def test_a_truncated_phase(tmp_path, cut):
    path = phase(milestone(tmp_path))
    path.write_bytes(path.read_bytes()[:cut])
    result = read(tmp_path)
    assert len(result.plan.groups[0].units) == 1


HOSTILE = ["- " * 20_000, ">" * 50_000, "[" * 50_000, "`" * 50_000, "|" * 50_000, "#" * 50_000, "* a\n" * 20_000,
           "- [ ] x\n" * 20_000, "*_" * 30_000, "<!--" * 20_000, "| a " * 20_000, "a: " * 20_000, "{" * 9_000,
           "---\n" + "a: [" * 9_000, "---\n" + "- " * 9_000 + "\n---\n", "\\" * 50_000,
           " " * 100_000 + "#"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_repetition_ends(tmp_path, text):
    home = milestone(tmp_path)
    path = phase(home)
    path.write_text(text)
    (home / "milestone.md").write_text(text)
    read(tmp_path)
    path.write_text(path.read_text() + PHASE.format(number=1, complexity="quick", depends_on="[]", scope="- " + text))
    read(tmp_path)
