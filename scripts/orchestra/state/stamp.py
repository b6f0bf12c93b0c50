"""Unix times as people and JSON read them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(at: float, *, timespec: str = "milliseconds") -> str:
    """ISO-8601 in UTC with a trailing `Z`, from seconds since 1970.

    A time no calendar has (a broken clock, a hostile row) becomes the nearest one that exists.
    """
    at = min(max(at, 0.0), 253402300799.0) if at == at else 0.0
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
