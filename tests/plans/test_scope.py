"""Scope bullets as people write them."""

from __future__ import annotations

import pytest

from orchestra.plans.markdown import parse
from orchestra.plans.scope import entries


def read(*bullets):
    document = parse("## Scope\n" + "\n".join(bullets) + "\n")
    return entries(document.section("Scope"), document.hidden)


def globs(*bullets):
    found = read(*bullets)
    assert not any(e.problem for e in found), found
    return [e.glob for e in found]


@pytest.mark.parametrize(
    ("bullet", "expected"),
    [
        ("- src/a.py (new)", ["src/a.py"]),
        ("- `src/a.py` (modify) — add the thing", ["src/a.py"]),
        ("* src/auth/ (new)", ["src/auth/**"]),
        ("- src/**/*.ts (modify)", ["src/**/*.ts"]),
        ("- `a.py`, `b.py` (new)", ["a.py", "b.py"]),
        ("- a.py, b.py (new)", ["a.py", "b.py"]),
        ("- src/a.py: the parser", ["src/a.py"]),
        ("- src/a.py - the parser", ["src/a.py"]),
        ("- src/a.py the parser and its tables", ["src/a.py"]),
        ("- New: `src/a.py`", ["src/a.py"]),
        ("- Create src/a.py", ["src/a.py"]),
        ("- Makefile (modify)", ["Makefile"]),
        ("- .github/workflows/ci.yml", [".github/workflows/ci.yml"]),
        ("- `src/{a,b}.py` (new)", ["src/{a,b}.py"]),
        ("- ./src/a.py", ["src/a.py"]),
        ("- [ ] src/a.py", ["src/a.py"]),
        ("1. src/a.py", ["src/a.py"]),
        ("- `src/my file.py` (new)", ["src/my file.py"]),
        ("- package.json (modify): add the `test` script", ["package.json"]),
        ("- !src/generated/ ", ["!src/generated/**"]),
    ],
)
def test_paths(bullet, expected):
    assert globs(bullet) == expected


@pytest.mark.parametrize(
    ("bullet", "problem"),
    [
        ("- All the routes of the API", "names no path"),
        ("- see https://example.org/a.py", "names no path"),
        ("- /etc/passwd", "is absolute"),
        ("- ~/x.py", "is absolute"),
        ("- ../other/a.py", "leads out"),
        ("- a/../../b.py", "leads out"),
        ("- `" + "{a,b}" * 30 + "/x`", "is refused"),
    ],
)
def test_what_is_no_usable_path(bullet, problem):
    (entry,) = read(bullet)
    assert problem in entry.problem
    assert entry.line == 2


def test_code_blocks_are_no_bullets():
    assert read("```", "- src/a.py", "```", "- src/b.py")[0].glob == "src/b.py"
