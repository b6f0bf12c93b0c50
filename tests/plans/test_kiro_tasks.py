"""tasks.md: which lines are tasks, what they are called, and what belongs to them."""

from __future__ import annotations

import pytest

from orchestra.plans.kiro.tasks import read_tasks
from orchestra.plans.kiro.units import is_checkpoint
from tests.support.kiro_specs import codes, parts, tree


def only(text):
    (part,) = parts(text)
    return part


@pytest.mark.parametrize(("mark", "done"), [(" ", False), ("x", True), ("X", True), ("-", False), ("~", False)])
def test_every_mark_is_a_box(mark, done):
    part = only(f"- [{mark}] 1. Bake\n")
    assert (part.id, part.title, part.done) == ("1", "Bake", done)


@pytest.mark.parametrize(
    ("line", "id_", "title"),
    [
        ("- [ ] 1. Bake", "1", "Bake"),
        ("* [ ] 1. Bake", "1", "Bake"),
        ("+ [ ] 1. Bake", "1", "Bake"),
        ("1. [ ] Bake", "1", "Bake"),
        ("3) [ ] Bake", "3", "Bake"),
        ("7. [ ] 2. Bake", "2", "Bake"),
        ("- [ ] 1 Bake", "1", "Bake"),
        ("- [ ] 12: Bake", "12", "Bake"),
        ("- [ ] 12) Bake", "12", "Bake"),
        ("- [ ] 1.Bake", "1", "Bake"),
        ("- [ ] 1、烤面包", "1", "烤面包"),
        ("- [ ] 1．烤面包", "1", "烤面包"),
        ("- [ ] 1。烤面包", "1", "烤面包"),
        ("- [ ] 1\u3000烤面包", "1", "烤面包"),
        ("- [ ]\u00a01.\u00a0Bake", "1", "Bake"),
        ("- [ ] 1 - Bake", "1", "Bake"),
        ("- [ ] *1.* Bake", "1", "Bake"),
        ("- [ ] *1* Bake", "1", "Bake"),
        ("- [ ] *1. Bake*", "1", "Bake"),
        ("- [ ] Task 3: Bake", "3", "Bake"),
        ("- [ ] 任务 3：烤面包", "3", "烤面包"),
        ("- [ ] **1. Bake**", "1", "Bake"),
        ("- [ ] **1.** Bake", "1", "Bake"),
        ("- [ ] **1** Bake", "1", "Bake"),
        ("- [ ] **Task 3: Bake** slowly", "3", "Bake slowly"),
        ("- [ ] 1. Bake **well**", "1", "Bake **well**"),
        ("- [ ] **OVEN-2: Heat it**", "OVEN-2", "Heat it"),
        ("- [ ] T014 Bake", "T014", "Bake"),
        ("-[ ] 1. Bake", "1", "Bake"),
        ("- [ ]1. Bake", "1", "Bake"),
        ("\t- [ ] 1. Bake", "1", "Bake"),
        ("- [ ] 1. Bake <!-- soon -->", "1", "Bake"),
        ("- [ ] 1.", "1", "Task 1"),
        ("- [ ] 1. Ofen vorheizen – 200 °C", "1", "Ofen vorheizen – 200 °C"),
        ("- [ ] 1. اخبز الخبز", "1", "اخبز الخبز"),
    ],
)
def test_ids_and_titles(line, id_, title):
    part = only(line + "\n")
    assert (part.id, part.title, part.optional) == (id_, title, False)


@pytest.mark.parametrize(
    "text",
    [
        "40% less", "10,000 loaves", "118-01-dough", "99.9% crust", "2x as much", "3D oven", "100+ guests", "v1.2",
        "UTF-8: names", "Bake", "", "1/2 cup",
    ],
)  # fmt: skip
def test_amounts_and_names_are_no_ids(text):
    assert parts(f"- [ ] {text}\n") == []


@pytest.mark.parametrize(
    "line", ["- [x](https://a.b) 1. Bake", "- [note] 2. Bake", "1. Bake", "> - [ ] 1. Bake", "[ ] 1. A"]
)
def test_what_is_no_box(line):
    assert parts(line + "\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "- [ ]* 1. Bake", "- *[ ] 1. Bake", "-* [ ] 1. Bake", "- * [ ] 1. Bake", "- [ ] 1.* Bake", "- [ ] 1* Bake",
        "- [ ] 1. [optional] Bake", "- [ ] 1. Bake (optional)", "- [ ] 1. Bake（可选）", "- [ ] **1\\* Bake**",
        "- [ ] * 1. Bake", "- [ ] *1. Bake", "- [ ] 1. _(optional)_ Bake", "- [ ] 1. Bake **(Optional)**",
    ],
)  # fmt: skip
def test_optional(line):
    part = only(line + "\n")
    assert (part.optional, part.title) == (True, "Bake")


def test_a_star_before_the_number_is_no_emphasis_of_the_title():
    assert only("- [ ] * 1. Bake *well*\n").title == "Bake *well*"


def test_depth_nesting_and_trailing_dots():
    nested = "- [ ] 1. A\n  - [ ] 1.1 B\n    - [ ] 1.1.1. C\n      - [ ] 1.1.1.1 D\n- [ ] 2. E\n"
    flat = "- [ ] 1. A\n- [ ] 1.1 B\n- [ ] 1.1.1. C\n- [ ] 1.1.1.1 D\n- [ ] 2. E\n"
    tabs = "- [ ] 1. A\n\t- [ ] 1.1 B\n\t\t- [ ] 1.1.1. C\n\t\t\t- [ ] 1.1.1.1 D\n- [ ] 2. E\n"
    assert tree(nested) == tree(flat) == tree(tabs) == {"1": ["1.1", "1.1.1", "1.1.1.1"], "2": []}


def test_document_order_is_kept():
    assert list(tree("- [ ] 2. B\n- [ ] 10. J\n- [ ] 1. A\n")) == ["2", "10", "1"]


def test_a_child_may_come_before_its_parent_and_later():
    assert tree("- [ ] 1.1 a\n- [ ] 1. A\n- [ ] 2. B\n- [ ] 1.2 c\n") == {"1": ["1.1", "1.2"], "2": []}


def test_orphans_get_a_parent():
    first, second = parts("- [x] 1.1 Mix\n- [x] 1.2 Knead\n- [ ] 2.1 Bake\n")
    assert [(p.id, p.title, p.line, p.done) for p in (first, second)] == [
        ("1", "Mix", 1, True),
        ("2", "Bake", 3, False),
    ]


def test_an_inferred_parent_is_done_with_what_is_required_below():
    assert only("- [x] 1.1 a\n- [ ]* 1.2 b\n").done
    assert not only("- [x] 1.1 a\n- [ ] 1.2 b\n").done
    assert not only("- [ ]* 1.1 a\n").done


def test_units_stand_in_the_order_of_their_own_lines():
    assert [(p.id, p.line) for p in parts("- [ ] 1.1 a\n- [ ] 2. B\n- [ ] 1. A\n")] == [("2", 2), ("1", 3)]


def test_an_inferred_parent_has_the_title_of_its_heading():
    text = "# Plan\n\n## Task 1: Dough\n\nOver night.\n\n- [ ] 1.1 Mix\n\n## Oven\n\n- [ ] 2.1 Heat\n"
    text += "\n## Tasks\n\n- [ ] 3.1 Eat\n"
    assert [(p.id, p.title, p.line) for p in parts(text)] == [("1", "Dough", 3), ("2", "Oven", 11), ("3", "Eat", 15)]


@pytest.mark.parametrize("heading", ["## Task 1: Dough (optional)", "## Task 1*: Dough", "### 1. Dough [optional]"])
def test_a_heading_that_is_optional_makes_its_tasks_so(heading):
    (first, second) = parts(f"{heading}\n- [ ] 1.1 Mix\n## Task 2: Oven\n- [ ] 2.1 Heat\n")
    assert (first.title, first.optional, second.optional) == ("Dough", True, False)


def test_a_heading_of_several_parents_names_none():
    assert [p.title for p in parts("## Work\n- [ ] 1.1 Mix\n- [ ] 2.1 Bake\n")] == ["Mix", "Bake"]


@pytest.mark.parametrize("title", ["Task 1: Dough", "任务 1：Dough", "1. Dough", "T1 Dough", "**Task 1: Dough**"])
def test_headings_are_tasks_when_their_boxes_have_no_number(title):
    part = only(f"### {title}\n\n- [x] Mix\n- [x] Knead\n")
    assert (part.id.removeprefix("T"), part.title, part.done, part.line) == ("1", "Dough", True, 1)
    assert not only(f"### {title}\n\n- [x] Mix\n\n#### Later\n\n- [ ] Knead\n").done


def test_a_status_line_is_the_box_of_such_a_heading():
    text = "### 1. Dough\n\n**Status**: [{}] as it is\n\n- [ ] It rises\n"
    assert only(text.format("x")).done
    assert not only(text.format(" ")).done


def test_a_numbered_heading_above_numbered_boxes_is_a_chapter():
    assert tree("## 7. Phase\n- [ ] x\n- [ ] 1. A\n") == {"1": []}
    assert tree("## 1. Phase\n- [ ] 1. A\n- [ ] x\n- [ ] 2. B\n## 2. Phase\n- [ ] 3. C\n") == {
        "1": [],
        "2": [],
        "3": [],
    }


def test_boxes_without_number_are_details():
    part = only("- [ ] 1. A\n  - [ ] try 5 times\n  - [x] 2 tests pass\n  - [ ] **HTTP-2: on**\n- [ ] no number\n")
    assert len(part.head.loose) == 4
    assert part.parts == []


def test_steps_of_a_numbered_list_inside_a_task_are_sub_tasks():
    assert tree("1. [ ] A\n   1. [ ] B\n   2. [ ] C\n2. [ ] D\n") == {"1": ["1.1", "1.2"], "2": []}


def test_a_numbered_list_without_boxes_is_prose():
    assert tree("1. Build bottom up\n2. Test\n\n- [ ] 1. A\n  1. first\n  2. then\n") == {"1": []}


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_endings_and_bom(eol, bom):
    text = bom + eol.join(["- [ ] 1. A", "  - [x] 1.1 B", "- [ ] 2. C", ""])
    assert tree(text) == {"1": ["1.1"], "2": []}
    assert [task.line for task in read_tasks(text).tasks] == [1, 2, 3]


@pytest.mark.parametrize(
    "block",
    [
        "```\n- [ ] 9. no\n```\n",
        "~~~md\n- [ ] 9. no\n```\n~~~\n",
        "````\n```\n- [ ] 9. no\n```\n````\n",
        "<!--\n- [ ] 9. no\n-->\n",
        "<!-- - [ ] 9. no -->\n",
        "- <!-- - [ ] 9. no -->\n",
    ],
)
def test_code_and_comments_say_nothing(block):
    assert tree(f"{block}- [ ] 1. A\n") == {"1": []}
    inside = "".join(f"  {line}\n" for line in block.splitlines())
    assert tree(f"- [ ] 1. A\n{inside}  - [ ] 1.1 B\n") == {"1": ["1.1"]}


def test_front_matter_says_nothing():
    assert tree("---\nnote: |\n  - [ ] 9. no\n---\n- [ ] 1. A\n") == {"1": []}


def test_tasks_between_two_rules_are_no_front_matter():
    assert tree("---\n\n- [ ] 1. A\n\n---\n\n- [ ] 2. B\n") == {"1": [], "2": []}


def test_a_block_ends_with_its_list_item():
    assert tree("- [ ] 1. A\n  ```\n  code\n- [ ] 2. B\n") == {"1": [], "2": []}


def test_inline_code_that_shows_a_comment_opens_none():
    assert tree("- [ ] 1. Write `<!--` first\n- [ ] 2. B\n") == {"1": [], "2": []}


def test_a_block_that_hides_tasks_is_an_error():
    assert codes("- [ ] 1. A\n\n```\n- [ ] 2. B\n") == [(3, "error", "open-block")]
    assert codes("- [ ] 1. A\n\n<!-- \n- [ ] 2. B\n") == [(3, "error", "open-block")]
    assert codes("- [ ] 1. A\n\n```\nend of it\n") == []


def test_details_belong_to_what_they_stand_under():
    text = "- [ ] 1. A\n  - a\n  - [ ] 1.1 B\n    - b\n\n    b too\n  - a again\n- flush\n\nProse.\n\n- not a detail\n"
    details = {task.id: [line.body for line in task.details if line.body] for task in read_tasks(text).tasks}
    assert details == {"1": ["- a", "- a again"], "1.1": ["- b", "b too", "- flush"]}


@pytest.mark.parametrize("end", ["## Notes", "---", "***"])
@pytest.mark.parametrize("gap", ["", "\n"])
def test_a_heading_or_a_break_ends_the_details(end, gap):
    (task,) = read_tasks(f"- [ ] 1. A\n{gap}{end}\n{gap}- about everything\n").tasks
    assert all(not line.body for line in task.details)


@pytest.mark.parametrize("text", ["", "\n", "# Plan\n", "Words.\n", "1. a\n2. b\n", "```\n- [ ] 1. A\n```\n", "\ufeff"])
def test_nothing_to_run_is_an_error(text):
    assert codes(text) == [(1, "error", "no-tasks")]


def test_nothing_but_boxes_without_number_is_an_error_where_they_stand():
    assert codes("# Plan\n\n- [ ] Mix\n- [ ] Bake\n") == [(3, "error", "no-tasks")]


def test_open_boxes_that_nobody_runs_are_named():
    assert codes("- [ ] Mix\n- [ ] 1. Bake\n## Done when\n- [ ] Eaten\n") == [(1, "warning", "no-number")]
    assert codes("- [ ] 1. Bake\n## Done\n- [x] Eaten\n") == []


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("- [ ] 1. A\n- [ ] 1. B\n", "error"),
        ("- [x] 1. A\n- [ ] 1. B\n", "error"),
        ("- [ ] 1. A\n- [x] 1. B\n", "error"),
        ("- [x] 1. A\n- [x] 1. B\n", "warning"),
        ("- [ ] 1. A\n## Marks\n- [x] 1. B\n", "warning"),
        ("- [ ] 1. A\n## Marks\n- [ ] 1. B\n", "error"),
        ("- [ ] 2. A\n  - [ ] 2.1 B\n  - [ ] 2.1 C\n", "error"),
    ],
)
def test_an_id_that_is_used_twice(text, severity):
    (found,) = [one for one in codes(text) if one[2] == "duplicate-id"]
    assert found == (len(text.splitlines()), severity, "duplicate-id")
    ids = [task.id for task in read_tasks(text).tasks]
    assert len(set(ids)) == len(ids)


def test_boxes_that_are_malformed_or_unknown():
    assert codes("- [] 1. A\n") == [(1, "error", "bad-box")]
    assert codes("- [ x] 1. A\n") == [(1, "error", "bad-box")]
    assert codes("- [q] 1. A\n") == [(1, "warning", "unknown-mark")]
    assert codes("## Task 1: A\n\nWords.\n") == [(1, "warning", "no-box")]


def test_a_ticked_parent_with_open_work():
    assert codes("- [x] 1. A\n  - [x] 1.1 B\n  - [ ] 1.2 C\n") == [(3, "warning", "done-with-open")]
    assert codes("- [x] 1. A\n  - [x] 1.1 B\n  - [ ]* 1.2 C\n") == []


def test_a_box_without_number_that_may_be_meant_as_a_task_is_named():
    """It is read as a part of the task above it: with that it is done, or not run at all."""
    assert codes("- [ ] 1. A\n- [ ] B\n- [x] C\n- [ ] D\n- [ ] 2. E\n") == [(2, "warning", "no-number")]
    assert codes("- [x] 1. A\n- [ ] B\n- [ ] 2. E\n") == [(2, "warning", "done-with-open")]
    assert codes("- [x] 1. A\n  - [x] 1.1 B\n    - [ ] b\n") == [(3, "warning", "done-with-open")]
    assert codes("- [ ] 1. A\n  - [ ] a\n- [x] B\n") == []
    assert codes("### 1. A\n\n**Status**: [x] done\n\n- [ ] It rises\n") == []


@pytest.mark.parametrize(
    "title",
    [
        "Checkpoint", "Checkpoint - all tests pass", "Checkpoint: ask", "Final checkpoint", "CHECKPOINT 2",
        "Check-point.", "Final checkpoint and clean-up", "Final verification checkpoint", "检查点 - 测试通过",
        "最终检查点", "最终 Checkpoint", "**Checkpoint** - ask", "✅ Checkpoint - ask", "Checkpoint #2",
        "Phase 1 Checkpoint", "Checkpoint Ensure all tests pass",
    ],
)  # fmt: skip
def test_checkpoints(title):
    assert is_checkpoint(title)


@pytest.mark.parametrize(
    "title",
    [
        "Checkpoint manager",
        "`Checkpoint` class",
        "Checkpoint/restore",
        "Checkpoint after each epoch",
        "Implement checkpoints",
        "Add a checkpoint",
        "Checkpoint-based recovery",
        "Check",
        "",
    ],
)
def test_what_is_no_checkpoint(title):
    assert not is_checkpoint(title)
