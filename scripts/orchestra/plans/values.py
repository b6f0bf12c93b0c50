"""Single values of planning files: the words people write for a status, a pipeline, a lock, a list of ids."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from ..core.words import Pipeline

Word = TypeVar("Word", bound=StrEnum)

# The peer's product manager writes a phase's words where its lead reads a pipeline's.
PIPELINE_OF = {"trivial": Pipeline.QUICK, "complex": Pipeline.FULL}

_NOTHING = frozenset({"", "-", "--", "–", "—", "none", "(none)", "n/a", "null", "nobody", "no"})
_TIMESTAMP = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})(?:[T ](?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_PHASE_REF = re.compile(r"(?:(?P<group>[Mm]\d{1,6})(?:-[\w.-]*)?/)?(?:phase-)?0*(?P<number>\d{1,6})(?:\.md)?\Z")
_GROUP_REF = re.compile(r"[Mm]0*(\d{1,6})(?:-[A-Za-z0-9][\w.-]*)?\Z")


def word(kind: type[Word], text: str) -> Word | None:
    """`In Progress` and `in_progress` are `in-progress`; None when no word of `kind` is meant."""
    bare = re.sub(r"[\s_]+", "-", text.strip().strip("`*").strip()).casefold()
    return next((w for w in kind if w.value.casefold() == bare), None)


def pipeline(text: str) -> Pipeline | None:
    """The pipeline that a milestone's Complexity stands for, in either vocabulary of the peer."""
    return word(Pipeline, text) or PIPELINE_OF.get(text.strip().strip("`*").casefold())


def is_nothing(text: str) -> bool:
    """Whether people mean "no value" by it."""
    return text.strip().strip("`*").casefold() in _NOTHING


def timestamp(text: str) -> float | None:
    """The Unix time of the first ISO 8601 date in `text` (no zone means UTC), or None."""
    match = _TIMESTAMP.search(text)
    if not match:
        return None
    zone = (match["zone"] or "Z").replace("UTC", "Z").replace("GMT", "Z").replace("Z", "+00:00")
    try:
        when = datetime.fromisoformat(f"{match['date']}T{match['time'] or '00:00'}{zone}")
        return when.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def locked_since(when: float | None, file: Path, now: float) -> float:
    """The Unix time from which the age of a `Locked-By` in `file` counts, 0 for one without a time (None).

    That is its own time, `when`, unless a wrong clock has put it into the future: it is no younger than the file.
    """
    if when is None or when <= now:
        return when or 0.0
    try:
        return min(when, file.stat().st_mtime)
    except OSError:
        return now


def group_id(text: str) -> str | None:
    """`m1`, `M01` and `M1-user-auth` are `M1`; None for what names no milestone."""
    match = _GROUP_REF.match(text.strip().strip("`"))
    return f"M{int(match[1])}" if match and ".." not in text else None


def phase_id(text: str, group: str) -> str | None:
    """`phase-1`, `1` and `M1/phase-1` are `M1/phase-1`; None for what names no phase."""
    match = _PHASE_REF.match(text.strip().strip("`"))
    if not match:
        return None
    return f"{(match['group'] or group).upper()}/phase-{int(match['number'])}"


def listed(text: str) -> list[str]:
    """The entries of `a, b` or `[a, b]` in one cell."""
    if is_nothing(text):
        return []
    return [part for part in re.split(r"[,;]\s*|\s+and\s+", text.strip().strip("[]")) if part.strip()]
