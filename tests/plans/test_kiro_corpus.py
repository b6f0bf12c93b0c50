"""Specs that people wrote, held against counts that share nothing with the reader."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from orchestra.core.words import Workflow
from orchestra.plans.kiro.tasks import read_tasks
from orchestra.plans.kiro.tick import tick
from orchestra.plans.kiro.units import units_of
from tests.support.kiro_specs import said
from tests.support.launching import ROOT

CORPUS = ROOT.parent / "shared" / "corpus" / "kiro"
FILES = sorted(CORPUS.glob("*.md")) if CORPUS.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="the corpus of real specs is not here")

# Deliberately simple: a check box, then a number; no nesting, no headings. No real spec has a box in code or a comment.
NUMBERED = re.compile(r"^[ \t]*- \[[ xX~-]\]\*?[ \t]+(?:\*\*)?(\d+(?:\.\d+)*)(?:\.?[ \t*]|\.?$)", re.MULTILINE)
BOX = re.compile(r"^[ \t]*- \[[ xX~-]\]\*?[ \t]", re.MULTILINE)

# Specs that are refused, and why; somebody has read each of them.
NO_NUMBERS = {
    "119-00", "126-00", "127-00", "128-00", "129-00", "130-00", "132-00", "132-01", "132-02", "132-03", "132-04",
    "136-00", "137-00", "138-00", "139-00", "140-00", "140-01", "140-02", "140-03",
}  # fmt: skip
EMPTY = {"ghostbusters-framework"}
TWO_TASKS_OF_ONE_NUMBER = {"33-00", "gcp-billing-integration"}


def short(path: Path) -> str:
    """The name without its author, and of numbered ones the number."""
    name = path.stem.partition("__")[2]
    number = re.match(r"\d+-\d+", name)
    return number[0] if number else name


def texts():
    return [(short(path), path.read_bytes().decode()) for path in FILES]


def test_every_numbered_box_is_one_task():
    for name, text in texts():
        mine = [task.repeats or task.id for task in read_tasks(text).tasks if task.box and task.id[0].isdigit()]
        assert mine == NUMBERED.findall(text), name


def test_every_task_is_in_one_unit():
    for name, text in texts():
        file = read_tasks(text)
        units = units_of(file)
        inside = Counter(id(task) for unit in units for task in [unit.head, *unit.parts] if task)
        assert inside == Counter(id(task) for task in file.tasks), name
        ids = [unit.id for unit in units] + [task.id for unit in units for task in unit.parts]
        assert len(set(ids)) == len(ids), name
        with_boxes = [u.id.partition("_")[0] for u in units if u.id[0].isdigit() and any(t.box for t in u.tasks)]
        assert set(with_boxes) == {found.partition(".")[0] for found in NUMBERED.findall(text)}, name


def test_order_is_that_of_the_document():
    for name, text in texts():
        units = units_of(read_tasks(text))
        assert [u.line for u in units] == sorted({u.line for u in units}), name
        for unit in units:
            lines = [task.line for task in unit.parts]
            assert lines == sorted(set(lines)), (name, unit.id)


def test_every_box_belongs_to_a_task_or_to_nothing_once():
    for name, text in texts():
        file = read_tasks(text)
        lines = [box.line for box in [*file.boxes(), *file.loose] if BOX.match(box.text)]
        assert len(set(lines)) == len(lines), name
        assert len(lines) == len(BOX.findall(text)), name


def test_every_box_can_be_ticked_and_unticked():
    for name, text in texts():
        data = text.encode()
        for box in read_tasks(text).boxes():
            other = " " if box.mark != " " else "x"
            ticked = tick(data, box, other)
            changed = [n for n, (a, b) in enumerate(zip(data, ticked, strict=True)) if a != b]
            assert len(changed) == 1 and data[changed[0] - 1 : changed[0]] == b"[", (name, box)
            assert tick(ticked, box, box.mark) == data, (name, box)


def test_no_spec_is_refused_without_a_reason():
    refused: dict[str, set[str]] = {}
    for name, text in texts():
        both = [said(text, workflow) for workflow in (Workflow.SEQUENTIAL, Workflow.ROUNDTABLE)]
        for one in [one for found in both for one in found if one.severity == "error"]:
            refused.setdefault(one.code, set()).add(name)
    assert refused == {"no-tasks": NO_NUMBERS | EMPTY, "duplicate-id": TWO_TASKS_OF_ONE_NUMBER}


def test_warnings_of_real_specs():
    counts: Counter[str] = Counter()
    for _, text in texts():
        counts.update(one.code for one in said(text) if one.severity != "error")
    # 107 lists of marks that another tool appended below the plan; 6 parents that were ticked too early; 7 lists of
    # goals; 15 dependencies on what is no task of the file ("Phase 1 complete").
    assert counts == {"duplicate-id": 107, "done-with-open": 6, "no-number": 7, "not-a-task": 15}


def test_totals():
    units = [units_of(read_tasks(text)) for _, text in texts()]
    assert len(units) == 204
    assert (sum(map(len, units)), sum(len(u.parts) for found in units for u in found)) == (1550, 2286)


# Counted by hand in the files: units, sub-tasks, ticked units.
COUNTED = {
    "104-00": (3, 5, 0),
    "115-03": (4, 9, 4),
    "118-00": (3, 0, 3),
    "135-02": (3, 0, 3),
    "41-00": (5, 0, 5),
    "64-00": (5, 0, 5),
    "48-00": (5, 0, 5),
    "119-00": (0, 0, 0),
    "competitive-launch-strategy": (8, 18, 0),
    "event-polling-hysteresis-service": (11, 26, 0),
    "research-content-management-architecture": (8, 20, 0),
    "gitkraken-api-integration": (28, 17, 3),
    "108-00": (6, 10, 6),
    "beast-mode-framework": (24, 0, 9),
}


@pytest.mark.parametrize("name", COUNTED)
def test_counted_by_hand(name):
    (text,) = [text for one, text in texts() if one == name]
    units = units_of(read_tasks(text))
    assert (len(units), sum(len(u.parts) for u in units), sum(u.done for u in units)) == COUNTED[name]


def table() -> str:
    """The rows of docs/kiro-specs.md: a spec's name, its units, their sub-tasks, how many boxes have no number."""
    rows = []
    for path in FILES:
        file = read_tasks(path.read_bytes().decode())
        units, own = units_of(file), {task.box.line for task in file.tasks if task.box}
        without = len([box for box in [*file.boxes(), *file.loose] if box.line not in own])
        rows.append(
            f"| {path.stem.partition('__')[2]} | {len(units)} | {sum(len(u.parts) for u in units)} | {without} |"
        )
    return "\n".join(sorted(rows))


def test_the_table_in_the_documentation():
    text = (ROOT / "docs/kiro-specs.md").read_text(encoding="utf-8")
    assert text.partition("|---|---|---|---|\n")[2].strip() == table()
