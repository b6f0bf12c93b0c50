"""When a limited agent program may go on, from what it says about that.

Programs say it as a length ("try again in 2 hours 5 minutes", "5h30m"), as Unix time, as ISO 8601, or as the time on
a clock ("resets 3pm (Europe/Berlin)", "try again at Oct 5th, 2025 3:05 PM").
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo

# A program that names a time further away means something else, or its clock is wrong.
LONGEST_S = 31 * 86400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"(\d+(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
_LENGTH = re.compile(rf"\b(?:in|after|within)\s+~?((?:{_PART}(?:,?\s+and\s+|[,\s]*))+)", re.IGNORECASE)
_SECONDS = re.compile(r"(?:resets_in_seconds|retry-after|retry_after)\W{1,4}(\d+(?:\.\d+)?)", re.IGNORECASE)
_EPOCH = re.compile(r"(?:resets?_?at\W{1,4}|\|)(\d{10})(\d{3})?\b", re.IGNORECASE)
_ISO = re.compile(r"\b(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)")
_CLOCK = re.compile(
    r"(?:resets?|try again|available)(?: on| at)?\s+"
    r"(?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    r"(?:(?P<year>\d{4}),?\s+)?(?:at\s+)?)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?\s*(?P<half>am|pm)?\b(?:\s*\((?P<zone>[A-Za-z_+\-/0-9]+)\))?",
    re.IGNORECASE,
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


def seconds_until(text: str, now: float) -> float:
    """Seconds from `now` (Unix time) until the time that `text` names; 0.0 when it names none, or a past one."""
    for find in (_said_in_seconds, _said_as_length, _said_as_epoch, _said_as_iso, _said_by_clock):
        found = find(text, now)
        if 0.0 < found <= LONGEST_S:
            return found
    return 0.0


def _said_in_seconds(text: str, _now: float) -> float:
    found = _SECONDS.search(text)
    return float(found[1]) if found else 0.0


def _said_as_length(text: str, _now: float) -> float:
    found = _LENGTH.search(text)
    parts = re.findall(_PART, found[1], re.IGNORECASE) if found else []
    return sum(float(number) * _UNITS[_unit(word)] for number, word in parts)


def _unit(word: str) -> str:
    word = word.lower()
    return "ms" if word.startswith(("ms", "milli")) else word[0]


def _said_as_epoch(text: str, now: float) -> float:
    found = _EPOCH.search(text)
    return float(found[1]) - now if found else 0.0


def _said_as_iso(text: str, now: float) -> float:
    found = _ISO.search(text)
    with suppress(ValueError, OverflowError):
        return _aware(datetime.fromisoformat(found[1])) - now if found else 0.0
    return 0.0


def _aware(when: datetime) -> float:
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _said_by_clock(text: str, now: float) -> float:
    found = _CLOCK.search(text)
    # A bare number is no time of day: "try again 3 times".
    if not found or not (found["half"] or found["minute"]):
        return 0.0
    with suppress(ValueError, OverflowError):
        return _next(found, datetime.fromtimestamp(now, _zone(found["zone"]))).timestamp() - now
    return 0.0


def _zone(name: str | None) -> tzinfo | None:
    """The zone that was named; where it is not known, this machine's, whose clock the program reads too."""
    if name:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    return None


def _next(found: re.Match[str], here: datetime) -> datetime:
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    then = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
    if not found["month"]:
        return then if then > here else then + timedelta(days=1)
    then = then.replace(month=_MONTHS.index(found["month"].lower()[:3]) + 1, day=int(found["day"]))
    if found["year"]:
        return then.replace(year=int(found["year"]))
    return then if then > here else then.replace(year=then.year + 1)
