"""What a task states, and what that makes units wait for."""

from __future__ import annotations

import pytest

from orchestra.core.words import Workflow
from orchestra.plans.kiro.order import acyclic
from orchestra.plans.kiro.spec import requirements_of
from tests.support.kiro_specs import codes, needs, parts, plan, said, write

THREE = "- [ ] 1. A\n- [ ] 2. B\n- [ ] 3. C\n"


def waits(statement: str) -> tuple[str, ...]:
    """What the fourth task waits for when its one detail is `statement`."""
    return needs(f"{THREE}- [ ] 4. D\n  {statement}\n")["4"]


@pytest.mark.parametrize(
    "statement",
    [
        "- depends on: 1, 2", "- Depends on: 1 and 2", "- _depends: 1, 2_", "* _Depends: 1, 2_", "- _depends on: 1, 2_",
        "- **Dependencies:** 1, 2", "- **Dependencies**: Task 1, Task 2", "- **Dependencies:** Tasks 1, 2 (all, not 3)",
        "- Dependencies: 1; 2", "- Depends on 1, 2", "- depends on tasks 1 and 2", "Depends on: 1, 2",
        "- Depends: `1`, `2`",
        "- depends on: 1-2", "- 依赖：1、2", "- _Dependencies: 1, 2_  ", "- Depends on: 1, 2.", "- depends_on: #1, #2",
    ],
)  # fmt: skip
def test_a_statement_of_its_own(statement):
    assert waits(statement) == ("1", "2")


@pytest.mark.parametrize(
    "statement",
    [
        "- Add dependencies: express 4.18", "- Dependencies: express 4.18, jest 2", "- This depends on 1",
        "- npm depends on 2",
        "- Depends on Node 20", "- dependency injection for 3 services", "- Note: depends on: 1", "- depends on: none",
        "- Dependencies: None (can start after task 2)", "- **Dependencies:** n/a", "- `depends on: 1`",
        "- Dependencies 1", "- depends on 2 services",
    ],
)  # fmt: skip
def test_prose_about_dependencies_is_none(statement):
    assert waits(statement) == ()
    assert said(f"{THREE}- [ ] 4. D\n  {statement}\n") == []


@pytest.mark.parametrize("span", ["3-1", "1-100000", "1.1-2.3", "2-2"])
def test_a_span_that_is_none(span):
    assert [one.code for one in said(f"{THREE}- [ ] 4. D\n  - depends on: {span}\n")] == ["not-a-task"]


def test_code_and_comments_state_nothing():
    assert needs(f"{THREE}- [ ] 4. D\n  ```\n  depends on: 1\n  ```\n  <!-- \n  depends on: 2\n  -->\n")["4"] == ()


def test_sub_tasks_stand_for_their_units():
    text = "- [ ] 1. A\n  - [ ] 1.1 a\n  - [ ] 1.2 b\n    - depends on: 1.1\n"
    text += "- [ ] 2. B\n  - [ ] 2.1 c\n    - depends on: 1.2\n"
    assert needs(text) == {"1": (), "2": ("1",)}
    assert said(text) == []


def test_an_inferred_unit_can_be_waited_for_and_can_wait():
    assert needs("- [ ] 1.1 a\n- [ ] 2.1 b\n  - depends on: 1\n") == {"1": (), "2": ("1",)}
    assert needs("- [ ] 1. a\n## Task 2: B\nDepends on: 1\n\n- [ ] 2.1 b\n") == {"1": (), "2": ("1",)}


def test_ids_with_letters():
    text = "- [ ] **OVEN-1: A**\n- [ ] T002 B\n  - **Dependencies:** OVEN-1\n"
    assert needs(text) == {"OVEN-1": (), "T002": ("OVEN-1",)}


def test_sequential_is_document_order():
    text = "- [ ] 2. B\n- [x] 1. A\n- [ ]* 3. C\n- [ ] 4. D\n  - depends on: 2\n"
    assert needs(text, Workflow.SEQUENTIAL) == {"2": (), "1": ("2",), "3": ("1",), "4": ("1",)}


def test_checkpoints_are_barriers():
    text = "- [ ] 1. A\n- [ ] 2. B\n- [ ]* 3. C\n- [ ] 4. Checkpoint - ask\n- [ ] 5. D\n- [ ] 6. Final checkpoint\n"
    assert needs(text) == {"1": (), "2": (), "3": (), "4": ("1", "2"), "5": ("4",), "6": ("4", "5")}


def test_a_checkpoint_below_a_task_is_no_barrier():
    assert needs("- [ ] 1. A\n  - [ ] 1.1 Checkpoint\n- [ ] 2. B\n") == {"1": (), "2": ()}


@pytest.mark.parametrize("workflow", [Workflow.SEQUENTIAL, Workflow.ROUNDTABLE])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- [ ] 1. A\n  - depends on: 2\n- [ ] 2. B\n  - depends on: 1\n", (4, "error", "dependency-loop")),
        ("- [ ] 1. A\n  - depends on: 1\n", (2, "error", "dependency-loop")),
        ("- [ ] 1. A\n- [ ] 2. B\n  - depends on: 7\n", (3, "error", "dangling-dependency")),
        ("- [ ] 1. A\n- [ ] 2. B\n  - depends on: 1, the oven\n", (3, "warning", "not-a-task")),
        (
            "- [ ] 1.1 a\n  - depends on: 2.1\n- [ ] 1.2 b\n- [ ] 2.1 c\n- [ ] 2.2 d\n  - depends on: 1.2\n",
            (6, "error", "dependency-loop"),
        ),
    ],
)
def test_what_cannot_be_is_said_where_it_stands(text, found, workflow):
    assert found in codes(text, workflow)


def test_loops_name_the_way_round_and_leave_a_plan_without():
    text = "- [ ] 1. A\n  - depends on: 3\n- [ ] 2. B\n  - depends on: 1\n- [ ] 3. C\n  - depends on: 2\n"
    (found,) = said(text)
    assert "1 → 3 → 2 → 1" in found.message
    assert needs(text) == {"1": ("3",), "2": (), "3": ("2",)}


def test_against_a_barrier():
    text = "- [ ] 1. A\n  - depends on: 3\n- [ ] 2. Checkpoint\n- [ ] 3. B\n"
    assert codes(text) == [(2, "error", "dependency-loop")]
    assert codes(text, Workflow.SEQUENTIAL) == [(2, "warning", "against-order")]


def test_acyclic_cuts_every_loop():
    edges = {n: [m for m in "abcdef" if (ord(n) * 7 + ord(m)) % 3] for n in "abcdef"}
    left, loops = acyclic(edges)
    assert loops
    assert acyclic(left) == (left, [])
    assert all(set(left[n]) <= set(edges[n]) for n in edges)


def paths(tmp_path, text):
    (unit,) = plan(tmp_path, write(tmp_path, text)).plan.groups[0].units
    return unit.writes, unit.reads


@pytest.mark.parametrize(
    ("statement", "globs"),
    [
        ("_writes: a.py, b.py_", ("a.py", "b.py")),
        ("_Writes: `a.py`, `b.py`_", ("a.py", "b.py")),
        ("**Writes:** src/**", ("src/**",)),
        ("_writes: src/**_", ("src/**",)),
        ("writes: ./a.py, src/", ("a.py", "src/**")),
        ("_writes: src/{a,b}.py, Makefile_", ("src/{a,b}.py", "Makefile")),
        ("_writes: my_module_.py_", ("my_module_.py",)),
        ("_writes: b__", ("b_",)),
        ("_writes: a.py (new), docs/ (update)_", ("a.py", "docs/**")),
        ("_writes: none_", ()),
        ("Writes: the log to disk", ()),
        ("Writes a.py", ()),
    ],
)
def test_paths(tmp_path, statement, globs):
    assert paths(tmp_path, f"- [ ] 1. A\n  - {statement}\n") == (globs, ())


def test_sub_tasks_paths_are_the_units(tmp_path):
    text = "- [ ] 1. A\n  - _reads: r.md_\n  - [ ] 1.1 B\n    - _writes: a_\n    - _reads: s.md, r.md_\n"
    text += "  - [ ] 1.2 C\n    - _writes: b, a_\n"
    assert paths(tmp_path, text) == (("a", "b"), ("r.md", "s.md"))


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "~/x", "a b"])
def test_paths_that_no_scope_can_have(tmp_path, path):
    result = plan(tmp_path, write(tmp_path, f"- [ ] 1. A\n  - _writes: ok.py, {path}_\n"))
    assert [(d.line, d.code, str(d.severity)) for d in result.diagnostics] == [(2, "bad-scope", "error")]
    assert result.plan.groups[0].units[0].writes == ("ok.py",)


def test_a_manifest_of_some_sub_tasks():
    some = "- [ ] 1. A\n  - [ ] 1.1 B\n    - _writes: a_\n  - [ ] 1.2 C\n"
    assert codes(some) == [(4, "warning", "partial-writes")]
    assert codes(some.replace("- [ ] 1.2", "- [x] 1.2")) == []
    assert codes(some.replace("- [ ] 1.2", "- [ ]* 1.2")) == []
    assert codes(some.replace("1. A\n", "1. A\n  - _writes: src/_\n")) == []


@pytest.mark.parametrize(
    ("statement", "ids"),
    [
        ("_Requirements: 1.1, 2.3_", ["1.1", "2.3"]),
        ("**Validates: Requirements 1.1, 1.3**", ["1.1", "1.3"]),
        ("**验证**: Requirement 1, Requirement 2", ["1", "2"]),
        ("_Requirements: 1.2-1.4_", ["1.2", "1.3", "1.4"]),
        ("_Requirements: FR-2.1.1, NFR-3, R6.1_", ["FR-2.1.1", "NFR-3", "R6.1"]),
        ("_Requirements: All_", []),
        ("_Requirements: 1.2 (Mode A), 2.1_", ["1.2", "2.1"]),
        ("Meets requirements: 1.1", []),
    ],
)
def test_requirements(statement, ids):
    (part,) = parts(f"- [ ] 1. A\n  - {statement}\n")
    assert requirements_of(part) == ids
