"""When a limited agent program may go on, from what it says about that.

Programs say it as a length ("try again in 2 hours 5 minutes", "5h30m"), as Unix time, as ISO 8601, as a date of HTTP,
or as the time on a clock ("resets 3pm (Europe/Berlin)", "try again at Oct 5th, 2025 3:05 PM", "at 3:05 PM GMT+2").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime

# A program that names a time further away means something else, or its clock is wrong.
LONGEST_S = 31 * 86400.0
# A time on a clock has no seconds, and no two clocks are the same: what was reached only now is not tomorrow's.
_JUST_NOW = timedelta(minutes=10)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = (
    r"(\d{1,12}(?:\.\d+)?)\s*(milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?)(?![a-z])"
)
_PARTS = rf"((?:{_PART}(?:,?\s+and\s+|[,\s]*))+)"
# What a time is said of: with others a log begins its lines, and a program says how long it has waited.
_AGAIN = r"(?:resets?|again|retry(?:ing)?|available|renews?|until|wait)"
_FIELD = r"(?:reset|retry)[\w-]{0,30}\W{1,6}"
_SAID_LENGTH = re.compile(rf"(?:\b{_AGAIN}\s+(?:in|after|within|for)?\s*~?|\b{_FIELD}){_PARTS}", re.IGNORECASE)
_LENGTH = re.compile(rf"\b(?:in|after|within)\s+~?{_PARTS}", re.IGNORECASE)
_SECONDS = re.compile(
    r"(?:resets_in_seconds|retry[-_]after(?P<milli>[-_]ms)?)\W{1,4}(?P<value>\d{1,12}(?:\.\d+)?)"
    r"(?!\d|\.\d|\s*(?:ms|[smhdw]|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?)\b)",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(?:reset[\w-]{0,30}(?:\s+at)?\W{1,6}|\|)(\d{10})(\d{3})?\b", re.IGNORECASE)
_ISO = re.compile(
    rf"(?:{_AGAIN}(?:\s+(?:on|at))?\W{{1,4}}|{_FIELD})"
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)",
    re.IGNORECASE,
)
_HTTP = re.compile(
    rf"(?:{_AGAIN}(?:\s+(?:on|at))?\s+|{_FIELD})(\w{{3}}, \d\d \w{{3}} \d{{4}} [\d:]{{8}} GMT)", re.IGNORECASE
)
_CLOCK = re.compile(
    rf"\b{_AGAIN}(?:\s+(?:on|at|after))?\s+(?:(?P<tomorrow>tomorrow)\s+(?:at\s+)?)?"
    r"(?:(?P<weekday>mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+(?:at\s+)?)?"
    r"(?:(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+"
    r"(?:(?P<year>\d{4}),?\s+)?(?:at\s+)?)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d)(?::\d\d)?)?(?:\s*(?P<half>[ap])\.?m\b\.?|\b)"
    r"(?:\s*\((?P<zone>[\w+\-/:]+)\)|\s*(?-i:(?P<bare>(?:UTC|GMT)(?:[+-][\d:]+)?|[A-Z]{3,4}\b|Z\b|[+-]\d\d:?\d\d)))?",
    re.IGNORECASE,
)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d\d)?", re.IGNORECASE)
# Hours from UTC of the short names that Node.js prints in English, and of those that people use and tzdata has not.
_SHORT = {
    "Z": 0, "PST": -8, "PDT": -7, "MDT": -6, "CST": -6, "CDT": -5, "EDT": -4, "AKST": -9, "AKDT": -8,
    "BST": 1, "WEST": 1, "CEST": 2, "EEST": 3, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
}  # fmt: skip

_Found = re.Match[str]


def seconds_until(text: str, now: float) -> float:
    """Seconds from `now` (Unix time) until the time that `text` names; 0.0 when it names none, or a past one."""
    text = " ".join(text.split())
    return next((left for left in _named(text, now) if 0.0 < left <= LONGEST_S), 0.0)


def _named(text: str, now: float) -> Iterator[float]:
    """What each time in `text` comes to; a log names past ones too."""
    readers: tuple[tuple[re.Pattern[str], Callable[[_Found, float], float]], ...] = (
        (_SECONDS, _seconds), (_SAID_LENGTH, _length), (_EPOCH, _epoch), (_ISO, _iso), (_HTTP, _http), (_CLOCK, _clock),
        (_LENGTH, _length),
    )  # fmt: skip
    for pattern, read in readers:
        for found in pattern.finditer(text):
            with suppress(ValueError, OverflowError):
                yield read(found, now)


def _seconds(found: _Found, _now: float) -> float:
    return float(found["value"]) * (0.001 if found["milli"] else 1.0)


def _length(found: _Found, _now: float) -> float:
    return sum(float(number) * _UNITS[_unit(word)] for number, word in re.findall(_PART, found[1], re.IGNORECASE))


def _unit(word: str) -> str:
    word = word.lower()
    return "ms" if word.startswith(("ms", "milli")) else word[0]


def _epoch(found: _Found, now: float) -> float:
    return float(found[1]) - now


def _iso(found: _Found, now: float) -> float:
    when = datetime.fromisoformat(found[1])
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now


def _http(found: _Found, now: float) -> float:
    return parsedate_to_datetime(found[1]).timestamp() - now


def _clock(found: _Found, now: float) -> float:
    # A bare number is no time of day: "try again 3 times".
    if not (found["half"] or found["minute"]):
        return 0.0
    return _next(found, datetime.fromtimestamp(now, _zone(found["zone"] or found["bare"]))).timestamp() - now


def _zone(name: str | None) -> tzinfo | None:
    """The zone that was named; where it is not known, this machine's, whose clock the program reads too."""
    if not name:
        return None
    if found := _OFFSET.fullmatch(name):
        sign = -1 if found[1] == "-" else 1
        return timezone(sign * timedelta(hours=int(found[2]), minutes=int(found[3] or 0)))
    if name.upper() in _SHORT:
        return timezone(timedelta(hours=_SHORT[name.upper()]))
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    with suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(name)
    return None


def _next(found: _Found, here: datetime) -> datetime:
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    then = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
    if found["month"]:
        return _dated(found, here, then)
    if found["tomorrow"]:
        return then + timedelta(days=1)
    every = 1
    if found["weekday"]:
        every = 7
        then += timedelta(days=(_DAYS.index(found["weekday"].lower()) - here.weekday()) % 7)
    return then if then > here - _JUST_NOW else then + timedelta(days=every)


def _dated(found: _Found, here: datetime, then: datetime) -> datetime:
    then = then.replace(month=_MONTHS.index(found["month"].lower()[:3]) + 1, day=int(found["day"]))
    if found["year"]:
        return then.replace(year=int(found["year"]))
    return then if then > here - _JUST_NOW else then.replace(year=then.year + 1)
