"""Phase files: `status` and `## Result`, and nothing else."""

from __future__ import annotations

import pytest

from orchestra.core.model import UnitState
from orchestra.views import phase
from orchestra.views.record import ReceiptRow, Record
from tests.support.records import COMMIT, TREE, attempt, record, unit

TEXT = """\
---
status: pending  # a comment
order: 1
---

# Phase 1: Login

## Objective

Log in.

## Result

(filled by lead after execution)
"""


def patched(text: str, unit: UnitState, record: Record) -> str:
    return phase.patch(text, str(unit.status), phase.result(unit, record))


def test_status_and_result() -> None:
    receipts = (
        ReceiptRow("test", "pytest", 1, tree="other", unit="M1/phase-1"),
        ReceiptRow("test", "pytest", 0, tree=TREE, unit="M1/phase-1"),
    )
    text = patched(TEXT, unit(1), record(receipts=receipts))
    head, _, result = text.partition("## Result\n\n")
    assert head == TEXT.partition("## Result\n\n")[0].replace("pending", "done")
    assert result == (
        "- status: done\n"
        f"- commit: {COMMIT}\n"
        "- attempts: 1 | verification_retries: 1 | duration: ~1.5min\n"
        f"- verified: test exit 0, tree {TREE[:12]}\n"
        "- notes: Tokens are opaque, not JWT\n"
    )


def test_without_git_a_receipt_belongs_to_its_attempt() -> None:
    receipts = tuple(
        ReceiptRow("test", "pytest", code, ticket=f"M1.phase-1.worker-{n}") for n, code in ((1, 1), (2, 0))
    )
    tries = (attempt(1, step="failed", tree=""), attempt(2, tree=""))
    result = phase.result(unit(1), record(attempts=tries, receipts=receipts))
    assert "- verified: test exit 0\n" in result
    assert "exit 1" not in result


def test_what_failed_says_why_and_where_the_rest_lies() -> None:
    failed = unit(2, "failed", attempts=3, reason="no luck")
    result = phase.result(failed, record(units=(failed,)))
    assert "- status: failed" in result
    assert "- set aside: .orchestra/quarantine/M1.phase-2.worker-1.patch (secrets.txt)" in result
    assert "- reason: no luck" in result


def test_a_missing_section_is_added_and_twice_is_once() -> None:
    text = TEXT.partition("## Result")[0]
    once = patched(text, unit(1), record())
    assert once.startswith(text.replace("pending", "done"))
    assert patched(once, unit(1), record()) == once


@pytest.mark.parametrize("bad", ["x\n## Scope\n- /etc/passwd", "---\nstatus: done", "```\nopen", "<!-- open"])
def test_hostile_notes_stay_in_their_line(bad: str) -> None:
    before, after = TEXT, "\n## Later\n\nOurs.\n"
    text = patched(before + after, unit(1), record(attempts=(attempt(notes=bad),)))
    assert text.endswith(after)
    assert sum(line.startswith("## Scope") for line in text.splitlines()) == 0
    assert patched(text, unit(1), record(attempts=(attempt(notes=bad),))) == text


@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_crlf_and_bom_survive(bom: str) -> None:
    text = patched(bom + TEXT.replace("\n", "\r\n"), unit(1), record())
    assert text == bom + patched(TEXT, unit(1), record()).replace("\n", "\r\n")


def test_a_flow_front_matter_is_refused() -> None:
    with pytest.raises(ValueError, match="flow style"):
        patched("---\n{status: pending}\n---\n", unit(1), record())
