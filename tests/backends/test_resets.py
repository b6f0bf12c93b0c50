"""When a limited program may go on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from orchestra.backends.resets import seconds_until

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()
HOUR = 3600.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Please try again in 11.054s.", 11.054),
        ("try again in 2 hours 5 minutes.", 2 * HOUR + 300),
        ("try again in 1 day, 3 hours and 2 minutes", 27 * HOUR + 120),
        ("Your quota will reset after 5h30m12s.", 5.5 * HOUR + 12),
        ("retry in 850ms", 0.85),
        ('"resets_in_seconds": 90,', 90),
        ("retry-after: 30", 30),
        (f'"resets_at":{int(NOW) + 600}', 600),
        (f"Claude AI usage limit reached|{int(NOW) + 60}", 60),
        (f"resetsAt: {(int(NOW) + 60) * 1000}", 60),
        ("reset at 2026-11-21T14:00:00Z", 2 * HOUR),
        ("reset at 2026-11-21 14:00:00+01:00", HOUR),
        ("You've hit your session limit · resets 3pm (Europe/Berlin)", 2 * HOUR),
        ("resets 3:30pm (Europe/Berlin)", 2.5 * HOUR),
        ("resets at 11am (UTC)", 23 * HOUR),
        ("resets 12am (Europe/Berlin)", 11 * HOUR),
        ("weekly limit · resets Nov 23 at 10am (Europe/Berlin)", 45 * HOUR),
        ("resets Nov 22, 1pm (Europe/Berlin)", 24 * HOUR),
        ("or try again at Nov 21st, 2026 3:05 PM (Europe/Berlin).", 2 * HOUR + 300),
        ("try again at 15:05 (Europe/Berlin)", 2 * HOUR + 300),
        # As Node.js prints a time with its zone, which is how Gemini CLI says it.
        ("Access resets at 3:05\u202fPM GMT+2.", HOUR + 300),
        ("Access resets at 3:05 PM PST.", 11 * HOUR + 300),
        ("resets 3pm (UTC-08:00)", 11 * HOUR),
        ("try again at 15:05 GMT+5:30", 21 * HOUR + 35 * 60),
        ("limit resets 15:05 UTC", 3 * HOUR + 300),
        ("resets at 3:05 p.m. (Europe/Berlin)", 2 * HOUR + 300),
        ("resets Monday at 3pm (Europe/Berlin)", 50 * HOUR),
        ("resets Sat 12:00 PM (Europe/Berlin)", 167 * HOUR),
        ("resets tomorrow at 9am (Europe/Berlin)", 20 * HOUR),
        ("retry-after: Sat, 21 Nov 2026 13:00:00 GMT", HOUR),
        ("retry-after-ms: 1500 or so", 1.5),
        ('"retryDelay": "3600s"', HOUR),
        (f"anthropic-ratelimit-unified-reset: {int(NOW) + 60}", 60),
        ("x-ratelimit-reset-requests: 6m0s", 360),
        ("please wait 5m before retrying", 300),
        ("try again in 1 week 2 days", 9 * 24 * HOUR),
        # What a log or a sentence says besides is not the time that is meant.
        ("[2026-11-21T11:59:00Z] limit reached, resets at 2026-11-21T14:00:00Z", 2 * HOUR),
        ("2026-11-21 21:00:00 limited. Try again in 20s", 20),
        ("failed after 3 s: usage limit. Try again in 2 hours", 2 * HOUR),
        ("all of it used within 5 hours · resets 3pm (Europe/Berlin)", 2 * HOUR),
    ],
)
def test_the_time_that_is_named(text: str, expected: float) -> None:
    assert seconds_until(text, NOW) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "try again later",
        "try again 3 times",
        "failed in module 5 of 7",
        "resets Nov 20 2026 at 10am (UTC)",
        f'"resets_at":{int(NOW) - 600}',
        "in 400 days",
        "resets 25:99",
        "resets Feb 31 at 10am",
        "reset at 2026-13-45T00:00:00Z",
        # Machines whose clock is ahead of UTC write such a line.
        "2026-11-21 21:00:00,123 ERROR limit reached",
        "resets 3pm (GMT+99)",
        "resets at inf",
        f"resets at {10**30}",
        f"try again in {10**11} days",
    ],
)
def test_no_time_or_a_past_one_is_none(text: str) -> None:
    assert seconds_until(text, NOW) == 0.0


def test_a_zone_that_nobody_knows_is_this_machines() -> None:
    assert 0 < seconds_until("resets 3pm (Middle/Earth)", NOW) <= 24 * HOUR


@pytest.mark.parametrize("text", ["resets 1pm (Europe/Berlin)", "try again at 12:55 PM (Europe/Berlin)"])
def test_a_time_on_the_clock_that_was_reached_only_now_is_not_tomorrows(text: str) -> None:
    """It is said without seconds, so whoever goes on at that minute may hear the same once more."""
    assert seconds_until(text, NOW) == 0.0
