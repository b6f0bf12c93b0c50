"""What an agent says of its own work: `report.json` in the turn's directory.

Written by `orchestra report` or by the scripted agent, read by the harness. An agent can write anything there, so
reading trusts nothing: not the type of the file, its size, nor its content.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from ..core.words import Severity
from ..files import write_atomic

FILE = "report.json"
_LIMIT = 1 << 20
_KEPT = 500
_CHARS = 64 << 10
_ANSWER_CHARS = 512 << 10

ClaimStatus = Literal["done", "failed", "blocked"]


@dataclass(frozen=True)
class Claim:
    """A report: `findings` are a reviewer's, each with severity, title, and if known file, line, detail, id.

    `answer` is the text that an assigner answers with.
    """

    status: ClaimStatus
    notes: str = ""
    learnings: tuple[str, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()
    answer: str = ""


def write_claim(dir: Path, claim: Claim) -> None:
    """Write a turn's report, replacing an earlier one. Raises UserError when the disk refuses."""
    data = {
        "status": claim.status,
        "notes": claim.notes,
        "learnings": list(claim.learnings),
        "findings": list(claim.findings),
        **({"answer": claim.answer} if claim.answer else {}),
    }
    write_atomic(dir / FILE, json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace"))


def read_claim(dir: Path) -> tuple[Claim | None, str]:
    """A turn's report, or None with the reason; an empty reason says that there is none."""
    try:
        data = _bytes(dir / FILE)
        return (None, "") if data is None else (claim_of(json.loads(data)), "")
    except (OSError, ValueError, RecursionError) as error:
        return None, f"the report cannot be used: {str(error)[:300]}"


def claim_of(data: object) -> Claim:
    """A claim from parsed JSON. Raises ValueError with the field that is wrong."""
    if not isinstance(data, dict):
        raise ValueError("it is not an object")
    status = data.get("status", "done")
    if status not in get_args(ClaimStatus):
        raise ValueError(f"status is {str(status)[:40]!r}, not one of {', '.join(get_args(ClaimStatus))}")
    return Claim(
        status=cast(ClaimStatus, status),
        notes=_text(data, "notes"),
        learnings=tuple(_words("learnings", one) for one in _list(data, "learnings")),
        findings=tuple(finding_of(one) for one in _list(data, "findings")),
        answer=_words("answer", data.get("answer") or "", _ANSWER_CHARS),
    )


def finding_of(data: object) -> dict[str, Any]:
    """One finding with the known keys only. Raises ValueError with the field that is wrong."""
    if not isinstance(data, dict):
        raise ValueError("a finding is not an object")
    if data.get("severity") not in list(Severity):
        raise ValueError(
            f"a finding's severity is {str(data.get('severity'))[:40]!r}, not one of {', '.join(Severity)}"
        )
    title = _text(data, "title").strip()
    if not title:
        raise ValueError("a finding has no title")
    line = data.get("line") or 0
    if not isinstance(line, int) or isinstance(line, bool) or not 0 <= line < 1 << 31:
        raise ValueError("a finding's line is not a number")
    known = {"severity": str(data["severity"]), "title": title, "line": line}
    return known | {key: text for key in ("file", "detail", "id", "unit", "status") if (text := _text(data, key))}


def _bytes(path: Path) -> bytes | None:
    # Opened without waiting and looked at after: an agent may have left a FIFO or a device there.
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("it is not a regular file")
        data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise ValueError(f"it is larger than {_LIMIT} bytes")
    return data


def _text(data: dict[Any, Any], key: str) -> str:
    return _words(key, data.get(key) or "")


def _words(key: str, value: object, chars: int = _CHARS) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} is not text")
    # A lone surrogate is valid JSON and cannot be written to any file.
    return value[:chars].encode("utf-8", "replace").decode()


def _list(data: dict[Any, Any], key: str) -> list[object]:
    value = data.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key} is not a list")
    if len(value) > _KEPT:
        raise ValueError(f"{key} has more than {_KEPT} entries")
    return value
