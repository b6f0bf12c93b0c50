"""Markdown as blocks, with and without the whole parser."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st

from orchestra.plans import markdown

PHASE = """\
---
status: pending
---

# Phase 1: Sign in

## Scope

- src/login/ (new)
- `src/a.py`

## Acceptance Criteria

- [ ] somebody can sign in, check: `true`
"""

marks = st.sampled_from(
    ["", "# ", "## ", "#", "- ", "* ", "- [ ] ", "- [x] ", "+ ", "1. ", "> ", "  ", "\t", "    ", "[a]: ", "- - "]
)
bodies = st.sampled_from(
    [
        "a",
        "Über",
        "`b`",
        "```",
        "``",
        "~~~",
        "---",
        "===",
        "- - -",
        "<!-- c",
        "-->",
        "<div>",
        "#",
        "",
        "x #",
        "\x0b",
        "|a|",
        "\u2028a",
    ]
)
texts = st.lists(st.tuples(marks, bodies).map("".join), max_size=6).map("\n".join)


@given(texts)
@example(PHASE)
@example("a\n# b\n- c\n# d")
@example("```\n# a")
@example("- ```\n# a")
@example("a\n---\nb\n===")
@example("<!--\n# a\n-->")
@example("    # a")
@example("1. # a\n   # b")
@example("#a")
@example("~~~\n# a")
def test_what_is_read_without_the_parser_is_what_it_would_have_read(text: str) -> None:
    with patch.object(markdown, "_SIMPLE", markdown.re.compile(r"(?!)")):
        slow = markdown.parse.__wrapped__(text)
    assert markdown.parse.__wrapped__(text) == slow


def test_a_plain_phase_needs_no_parser() -> None:
    with patch.object(markdown, "_parser", side_effect=AssertionError):
        found = markdown.parse.__wrapped__(PHASE)
    assert [heading.title for heading in found.headings] == ["Phase 1: Sign in", "Scope", "Acceptance Criteria"]
    assert not found.hidden
