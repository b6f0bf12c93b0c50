"""The sections of a phase, as briefs use them."""

from __future__ import annotations

import pytest

from orchestra.errors import UserError
from orchestra.plans import phase
from orchestra.plans.markdown import parse

TEXT = """---
status: pending
---
# Phase 2: Login form

## Objective
Users sign in.
<!-- a note to self -->

## Acceptance criteria
- [ ] The form answers 200
  also without scripts
- [x] AC7: tests pass (check: `npm test -- login`)
- plain bullet

```
- [ ] in code
```

## Constraints
- No password in a log
"""


def test_sections():
    text = phase.read(parse(TEXT))
    assert (text.title, text.objective, text.context) == ("Login form", "Users sign in.", "")
    assert text.constraints == "- No password in a log"


def test_criteria_have_stable_ids_and_commands():
    found = phase.criteria(parse(TEXT))
    assert [(c.id, c.text, c.checked, c.check) for c in found] == [
        ("AC1", "The form answers 200 also without scripts", False, ""),
        ("AC7", "tests pass", True, "npm test -- login"),
        ("AC3", "plain bullet", False, ""),
    ]
    assert [c.line for c in found] == [11, 13, 14]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("# Phase 1: Title", "Title"),
        ("# Phase 1 — Title", "Title"),
        ("# phase-1 Title", "Title"),
        ("# Title", "Title"),
        ("", "Users sign in"),
        ("# Phase 1", "Users sign in"),
    ],
)
def test_titles(heading, expected):
    assert phase.title(parse(f"{heading}\n\n## Objective\nUsers sign in.\n")) == expected


def test_a_file_that_cannot_be_read_is_a_users_error(tmp_path):
    (tmp_path / "p.md").write_bytes(b"\xff")
    with pytest.raises(UserError, match="UTF-8") as error:
        phase.sections(tmp_path / "p.md")
    assert error.value.code == 65


def test_a_file(tmp_path):
    (tmp_path / "p.md").write_text(TEXT.replace("\n", "\r\n"), newline="")
    assert phase.sections(tmp_path / "p.md") == phase.read(parse(TEXT))
