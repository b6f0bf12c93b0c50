"""Findings as files and as text for people; what they come to is decided in core.findings."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .core.findings import problems
from .core.model import Finding
from .core.words import FindingStatus
from .errors import bad_input
from .files import write_atomic

LIMIT = 1 << 20
_HINT = (
    "Findings are a JSON array of objects: "
    '[{"severity": "blocking|important|suggestion", "file": "…", "line": 1, "title": "…", "detail": "…"}]'
)


def parse(data: bytes) -> list[dict[str, Any]]:
    """Findings that an agent reported as JSON: an array, or an object with `findings`.

    Raises UserError (exit 65) that tells the agent everything that is wrong with them.
    """
    if len(data) > LIMIT:
        raise bad_input(f"The findings are larger than {LIMIT} bytes.", "Report the ones that matter.")
    try:
        value = json.loads(_unfenced(data.decode("utf-8-sig")))
    except (ValueError, RecursionError) as error:
        raise bad_input(f"The findings are not JSON: {str(error)[:200]}.", _HINT) from error
    reported = value.get("findings") if isinstance(value, dict) and "findings" in value else value
    wrong = problems(reported)
    if wrong or not isinstance(reported, list):
        raise bad_input("The findings cannot be used:\n" + "\n".join(f"  {text}" for text in wrong), _HINT)
    return [dict(entry) for entry in reported]


def save(path: Path, findings: Iterable[Finding]) -> None:
    """Write findings in full as JSON, for a brief that names them in short. Raises UserError when the disk refuses."""
    write_atomic(path, json.dumps([to_json(f) for f in findings], indent=1, ensure_ascii=False).encode() + b"\n")


def to_json(finding: Finding) -> dict[str, Any]:
    """A finding as files and `--json` show it."""
    keys = ("id", "severity", "status", "file", "line", "title", "detail", "unit", "round")
    return {key: getattr(finding, key) for key in keys}


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Findings for people, open ones first, then by severity."""
    order = [FindingStatus.OPEN, FindingStatus.PARKED, FindingStatus.WAIVED, FindingStatus.FIXED]
    for finding in sorted(findings, key=lambda f: (order.index(f.status), f.severity, f.file, f.line, f.id)):
        place = f" {finding.file}:{finding.line}" if finding.line else f" {finding.file}" if finding.file else ""
        yield f"{finding.id} {finding.severity} {finding.status}{place}: {finding.title}"


def _unfenced(text: str) -> str:
    """Without the Markdown fence that agents like to put around JSON."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped.partition("\n")[2].rpartition("```")[0]
    return stripped
