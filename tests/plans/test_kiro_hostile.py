"""Text that nobody would write: never an exception, and no line is looked at twice.

Nothing is timed. Each text here is of a kind that takes hours when something is quadratic: the suite's own time limit
ends such a test.
"""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.config import Config
from orchestra.core.words import Workflow
from orchestra.plans.kiro.marks import DONE, Wanted, marked
from orchestra.plans.kiro.order import order
from orchestra.plans.kiro.requirements import read_requirements
from orchestra.plans.kiro.spec import MAX_BYTES, part_text, read
from orchestra.plans.kiro.tasks import read_tasks
from orchestra.plans.kiro.tick import tick
from orchestra.plans.kiro.units import units_of
from orchestra.plans.markdown import split_lines
from orchestra.plans.notes import Notes
from tests.support.kiro_specs import said, write

PIECES = [
    "- [ ] ", "* [x] ", "1. [ ] ", "- [-] ", "[~]", "-", "*", "**", "_", "`", "```", "~~~", "<!--", "-->", "#", "## ",
    "---", "1", "1.1", "2.", "1.1.1", ".", ":", "：", "Task ", "任务 ", "T001", "A-1:", "\n", "\r\n", "\r", "\t", " ",
    "    ", "\ufeff", "\x0b", "\u2028", "\x00", "depends on: ", "_writes: ", "reads: ", "_Requirements: ", "1-9", ", ",
    "(", ")", "{", "}", "Checkpoint", "status: [x]", "é", "\U0001f600",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=60).map("".join)


@given(TEXTS)
def test_any_text_is_some_plan(text):
    file = read_tasks(text)
    parts = units_of(file)
    lines = [part.line for part in parts]
    assert lines == sorted(lines)
    assert all(1 <= line <= max(1, len(split_lines(text))) for line in lines)
    ids = [task.id for task in file.tasks]
    assert len(set(ids)) == len(ids)
    assert len({part.id for part in parts}) == len(parts)
    assert all("/" not in part.id and part.title.isprintable() for part in parts)
    for workflow in (Workflow.SEQUENTIAL, Workflow.ROUNDTABLE):
        found = said(text, workflow)
        assert parts or any(one.code == "no-tasks" for one in found)
        assert all(one.line >= 1 and one.column >= 1 for one in found)
        position = {part.id: n for n, part in enumerate(parts)}
        edges = order(parts, workflow, Notes("x"))
        assert set(edges) == set(position)
        if workflow is Workflow.SEQUENTIAL:
            assert all(position[t] < position[id_] for id_, targets in edges.items() for t in targets)
    assert all(isinstance(part_text(part), str) for part in parts)


@given(TEXTS)
def test_any_requirements_are_some(text):
    assert all(one.line >= 1 for one in read_requirements(text).values())


@given(TEXTS | st.text(alphabet=string.printable))
def test_a_tick_changes_nothing_else(text):
    data = text.encode()
    for box in read_tasks(text).boxes():
        if len(box.mark) == 1 and box.mark in " xX-~":
            ticked = tick(data, box, "~" if box.mark != "~" else "x")
            assert sum(a != b for a, b in zip(data, ticked, strict=True)) == 1
            assert tick(ticked, box, box.mark) == data


N = 30_000
LONG = {
    "flat": "".join(f"- [ ] {n}. task\n" for n in range(N)),
    "nested": "".join(" " * min(n, 80) + f"- [ ] {n}. t\n" for n in range(N)),
    "loops": "".join(f"- [ ] {n}. t\n  - depends on: {n + 1}, 1, {n - 1}\n" for n in range(1, N)),
    "chain": "".join(f"- [ ] {n}. t\n  - depends on: {n - 1}\n" for n in range(2, N)),
    "orphans": "## Part\n" + "".join(f"- [ ] {n}.1 t\n" for n in range(N)),
    "sub-tasks": "- [ ] 1. A\n" + "".join(f"  - [ ] 1.{n} t\n" for n in range(N)),
    "duplicates": "- [ ] 1. A\n" * N,
    "headings": "".join(f"## Task {n}: A\n- [ ] a\n### b\n" for n in range(N)),
    "checkpoints": "".join(f"- [ ] {n}. Checkpoint\n" for n in range(N)),
    "spaces in a title": "- [ ] 1. a" + " " * 1_000_000 + "b\n",
    "spaces in a bullet": "-" + " " * 1_000_000 + "x\n",
    "spaces in a heading": "# a" + " # " * 300_000 + "b\n",
    "spaces in a statement": "- [ ] 1. a\n  - depends" + " " * 1_000_000 + "on" + " " * 1_000_000 + "x\n",
    "brackets": "- [ ] 1. a\n  - depends on: " + "(" * 1_000_000,
    "ranges": "- [ ] 1. a\n  - depends on: " + "1-200," * 200_000,
    "paths": "- [ ] 1. a\n  - _writes: " + "{" * 500_000 + "a," * 100_000,
    "letters": "- [ ] 1. a\n  - depends on: " + "a" * 1_000_000 + "\n  - _Requirements: " + "a" * 1_000_000,
    "digits": "- [ ] " + "1" * 1_000_000 + "\n- [ ] " + "1." * 500_000 + "\n",
    "bullets": "- " * 500_000,
    "stars": "*" * 1_000_000 + "\n" + "_" * 1_000_000,
    "ticks": "`" * 1_000_000,
    "comments": "- [ ] 1. a " + "<!--" * 250_000,
    "tabs": "\t" * 1_000_000 + "- [ ] 1. a",
    "returns": "\r" * 500_000 + "- [ ] 1. a",
    "words": "- [ ] " + "task " * 200_000 + "\n## " + "task " * 200_000 + "1",
}


@pytest.mark.parametrize("name", LONG)
def test_long_texts_take_one_pass(name):
    text = LONG[name]
    assert said(text) or units_of(read_tasks(text))
    read_requirements(text)


def test_any_number_of_ticks_takes_one_pass():
    rows = "".join(f"- [ ] {n}. Task\n  - what to do\n" for n in range(N)).encode()
    ticked, missing = marked(rows, [Wanted(str(n), "Task", DONE) for n in range(N)])
    assert (missing, ticked) == ([], rows.replace(b"[ ]", b"[x]"))


def test_a_file_of_50_mb_is_refused(tmp_path):
    result = read(tmp_path, write(tmp_path, b"- [ ] 1. A\n" * 4_600_000), Config())
    assert [d.code for d in result.diagnostics] == ["too-large"]
    assert "16 MB" in result.diagnostics[0].message


def test_a_file_of_200_000_lines_is_read(tmp_path):
    rows = "".join(f"- [ ] {n}. Task\n  - what to do\n  - _Requirements: 1.1_\n\n" for n in range(50_000))
    assert len(rows) < MAX_BYTES
    (group,) = read(tmp_path, write(tmp_path, rows), Config()).plan.groups
    assert [unit.order for unit in group.units] == list(range(1, 50_001))
