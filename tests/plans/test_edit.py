"""Edits change one field and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestra.plans.edit import (
    all_fields,
    fields,
    replace_section,
    set_frontmatter_field,
    set_table_field,
)
from orchestra.plans.markdown import parse

TABLE = "# Milestone: M1 — A\n\n| Field | Value |\n|---|---|\n| Status | planning |\n| Priority | P0 |\n\n## Notes\n"
PHASE = "---\nstatus: pending   # who knows\norder: 1\n---\n# A\n\n## Scope\n- a\n\n## Result\nold\n\n## After\nx\n"


def field(text, key):
    return next((span.value for span in fields(text) if span.key == key), None)


def test_a_row_changes_in_place():
    assert set_table_field(TABLE, "Status", "ready") == TABLE.replace("planning", "ready")


@pytest.mark.parametrize("row", ["|Status|planning|", "| **Status** | planning | extra |", "|  status  |   planning"])
def test_rows_as_people_write_them(row):
    text = TABLE.replace("| Status | planning |", row)
    changed = set_table_field(text, "Status", "done")
    assert field(changed, "status") == "done"
    assert len(changed.splitlines()) == len(text.splitlines())


def test_a_row_comes_and_goes_without_trace():
    locked = set_table_field(TABLE, "Locked-By", "2026-11-21T06:30:00Z me|you epoch=3")
    assert locked.splitlines()[6] == "| Locked-By | 2026-11-21T06:30:00Z me\\|you epoch=3 |"
    assert field(locked, "locked-by") == "2026-11-21T06:30:00Z me|you epoch=3"
    assert set_table_field(locked, "Locked-By", None) == TABLE


def test_crlf_bom_and_a_missing_last_newline_survive():
    text = "\ufeff" + TABLE.replace("\n", "\r\n").removesuffix("\r\n\r\n## Notes\r\n")
    locked = set_table_field(text, "Locked-By", "x")
    assert locked == text + "\r\n| Locked-By | x |"
    assert set_table_field(locked, "Locked-By", None) == text


def test_lines_instead_of_a_table():
    text = "# Milestone: M1\n\nStatus: planning\n- **Priority:** P0\n"
    assert set_table_field(text, "Status", "done") == text.replace("planning", "done")
    assert set_table_field(text, "Priority", "P1") == text.replace("P0", "P1")
    assert set_table_field(text, "Locked-By", "x") == text + "Locked-By: x\n"


def test_a_missing_table_is_a_line_below_the_title():
    assert set_table_field("# A\n\ntext\n", "Status", "ready") == "# A\nStatus: ready\n\ntext\n"
    assert set_table_field("\ufefftext", "Status", "ready") == "\ufeffStatus: ready\ntext"
    assert set_table_field("", "Status", "ready") == "Status: ready\n"


def test_tables_further_down_and_in_code_belong_to_people():
    text = TABLE + "| Status | mine |\n"
    assert set_table_field(text, "Status", "done").endswith("| Status | mine |\n")
    fenced = "# A\n```\n| Status | x |\n```\n<!--\n| Status | y |\n-->\n"
    assert field(fenced, "status") is None
    assert "| Status | x |" in set_table_field(fenced, "Status", "z")


def test_unknown_rows_are_seen_but_not_fields():
    assert [s.key for s in all_fields(TABLE.replace("Priority", "Statsu"))][-1] == "statsu"


def test_front_matter_keeps_comment_and_order():
    assert set_frontmatter_field(PHASE, "status", "done") == PHASE.replace("pending", "done")
    assert set_frontmatter_field(PHASE, "order", "x y#") == PHASE.replace("order: 1", 'order: "x y#"')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('status: "a # b"  # c', "status: done  # c"),
        ("status: 'it''s'", "status: done"),
        ("status:", "status: done"),
        ("status:   # nothing", "status:   done   # nothing"),
        ("status: a#b", "status: done"),
        ('"status": x', '"status": done'),
        ("status: |\n  long\n  text", "status: done"),
        ("status:\n- a\n- b", "status: done"),
    ],
)
def test_front_matter_values_as_people_write_them(before, after):
    assert set_frontmatter_field(f"---\n{before}\nb: 2\n---\n", "status", "done") == f"---\n{after}\nb: 2\n---\n"


def test_front_matter_is_added_and_removed():
    assert set_frontmatter_field("# A\r\n", "status", "done") == "---\r\nstatus: done\r\n---\r\n# A\r\n"
    added = set_frontmatter_field(PHASE, "type", "fix")
    assert added == PHASE.replace("order: 1\n", "order: 1\ntype: fix\n")
    assert set_frontmatter_field(added, "type", None) == PHASE
    with pytest.raises(ValueError, match="flow style"):
        set_frontmatter_field("---\n{status: x}\n---\n", "status", "done")


def test_a_section_is_replaced_where_it_stands():
    assert replace_section(PHASE, "Result", "new") == PHASE.replace("old", "\nnew").replace(
        "Result\n\n\n", "Result\n\n"
    )
    assert replace_section(PHASE, "## Result", None) == PHASE.replace("## Result\nold\n\n", "")


def test_a_section_is_added_and_removed_without_trace():
    text = PHASE.replace("## Result\nold\n\n", "").replace("\n", "\r\n")
    added = replace_section(text, "Result", "one\ntwo")
    assert added == text + "\r\n## Result\r\n\r\none\r\ntwo\r\n"
    assert replace_section(added, "Result", None) == text


def test_a_body_cannot_leave_its_section():
    hostile = "## Constraints\n- none\n```\n## in code"
    changed = replace_section(PHASE, "Result", hostile)
    document = parse(changed)
    assert [s.title for s in document.sections()] == ["Scope", "Result", "After"]
    assert replace_section(changed, "Result", hostile) == changed


def test_headings_in_code_and_comments_are_none():
    text = "```\n## Result\n```\n<!--\n## Result\n-->\n"
    assert replace_section(text, "Result", "x") == text + "\n## Result\n\nx\n"


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\u2028b", "a\0b"])
def test_a_field_holds_one_line(value):
    with pytest.raises(ValueError, match="one line"):
        set_table_field(TABLE, "Status", value)
    with pytest.raises(ValueError, match="one line"):
        set_frontmatter_field(PHASE, "status", value)


LINES = st.sampled_from(
    ["# A", "## B", "## Result", "text", "", "| Status | a |", "| x | y |", "Status: b", "```", "~~~", "<!--", "-->",
     "---", "status: x", "status: [", "- item", "  indented", "\ufeff", "> quote", "| Locked-By | c |", "***"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=200),
    st.tuples(st.lists(LINES, max_size=14), st.sampled_from(["\n", "\r\n", "\r"])).map(lambda t: t[1].join(t[0])),
)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.sampled_from(["ready", "a | b", "2026-11-21T06:30:00Z me epoch=3"]))
def test_what_was_set_is_read_and_setting_it_again_changes_nothing(text, value):
    changed = set_table_field(text, "Status", value)
    assert field(changed, "status") == value
    assert set_table_field(changed, "Status", value) == changed
    if field(text, "locked-by") is None:
        assert set_table_field(set_table_field(text, "Locked-By", value), "Locked-By", None) == text


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_a_replaced_section_is_stable_and_the_rest_stays(text, body):
    changed = replace_section(text, "Result", body)
    assert replace_section(changed, "Result", body) == changed
    before = [s for s in parse(text).sections() if s.title != "Result"]
    assert [s.title for s in parse(changed).sections() if s.title != "Result"] == [s.title for s in before]
