"""The examples in docs/planning.md of what is wrong with a Kiro spec are wrong in that way."""

from __future__ import annotations

import re

import pytest

from tests.support.kiro_specs import write
from tests.support.launching import ROOT
from tests.support.planning import orchestra

FILES = {
    "no-tasks": "{}\n",
    "linked-spec": "",
    "open-block": "- [ ] 1. Mix\n\n```\n- [ ] 2. Bake\n",
    "bad-box": "{}\n",
    "unknown-mark": "{}\n",
    "no-box": "- [ ] 1. Mix\n\n{}\n",
    "no-number": "- [ ] 1. Mix\n\n## Done when\n\n{}\n",
    "done-with-open": "{}\n  - [ ] 1.1 Heat\n",
    "not-a-task": "- [ ] 1. Mix\n  - {}\n",
    "against-order": "- [ ] 1. Mix\n  - {}\n- [ ] 2. Bake\n",
    "partial-writes": "- [ ] 1. Mix\n  - [ ] 1.1 A\n    - {}\n  - [ ] 1.2 B\n",
    "unknown-requirement": "- [ ] 1. Mix\n  - {}\n",
}


def examples() -> dict[str, str]:
    """Each code of the table with the code in its example."""
    text = (ROOT / "docs/planning.md").read_text().partition("### Kiro specs")[2].partition("\n### ")[0]
    found = re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \|", text, re.MULTILINE)
    return {code: (re.findall(r"`([^`]+)`", example) or [""])[0] for code, example in found}


def test_the_table_has_each():
    assert examples().keys() == FILES.keys()


@pytest.mark.parametrize("code", [code for code in FILES if code != "linked-spec"])
def test_the_example_has_the_code(code, tmp_path, capsys):
    (tmp_path / ".orchestra").mkdir()
    write(tmp_path, FILES[code].format(examples()[code]), requirements="### Requirement 1\n1. WHEN\n")
    said = orchestra(capsys, tmp_path, "validate", "--json", ".kiro/specs/login").json
    assert code in {found["code"] for found in said["diagnostics"]}, said
