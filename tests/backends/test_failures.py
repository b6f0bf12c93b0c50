"""What programs' own words mean, where it matters that they are not confused."""

from __future__ import annotations

import pytest

from orchestra.backends.failures import failure, forgotten
from orchestra.core.words import ExitClass

QUOTA = "You exceeded your current quota, please check your plan and billing details."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Server is temporarily limiting requests (not your usage limit) · Rate limited", ExitClass.LIMIT),
        (QUOTA, ExitClass.HALT),
        (f"{QUOTA} Please retry in 12s.", ExitClass.LIMIT),
        ("error: unknown option '--effort'", ExitClass.HALT),
        (
            "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons",
            ExitClass.HALT,
        ),
        ("fetch failed", ExitClass.OVERLOADED),
        ("You've hit your 5-hour limit · resets 3pm", ExitClass.LIMIT),
        ("You've reached your Fable 5 limit. /model to switch models.", ExitClass.LIMIT),
        ("You're out of usage credits · resets 7pm (Europe/Berlin)", ExitClass.LIMIT),
        ("You're out of usage credits. /model to switch models.", ExitClass.HALT),
        ("Your org is out of usage · contact your admin", ExitClass.HALT),
        ("Your seat type doesn't include usage credits", ExitClass.HALT),
        ("Your group's usage limit is set to $0", ExitClass.HALT),
        ("You hit your spend cap set in your workspace. Increase your spend cap to continue.", ExitClass.HALT),
        ("You've reached your workspace credit limit", ExitClass.HALT),
        ("To use Codex with your ChatGPT plan, upgrade to Plus", ExitClass.HALT),
        ("Your ANTHROPIC_API_KEY belongs to a disabled organization", ExitClass.AUTH),
        ("Your access token could not be refreshed. Please log out and sign in again.", ExitClass.AUTH),
        ("We're currently experiencing high load.", ExitClass.OVERLOADED),
        (f"Rate limit reached for {'x' * 100_000}", ExitClass.LIMIT),
        (f"{'x' * 100_000} 401 Unauthorized", ExitClass.AUTH),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_word_has_a_class(text: str, expected: ExitClass) -> None:
    found = failure(text, 0.0)
    assert found is not None
    assert found.exit_class is expected


@pytest.mark.parametrize("text", ["", "at file.js:12:529", "read 401 files", "wrote 429 lines of src/limits.py"])
def test_numbers_and_names_alone_mean_nothing(text: str) -> None:
    assert failure(text, 0.0) is None


def test_a_log_only_says_when() -> None:
    found = failure("daily quota", 0.0, more="401 Unauthorized: retry in 5s")
    assert found is not None
    assert (found.exit_class, found.reset_in) == (ExitClass.LIMIT, 5.0)


def test_only_a_session_is_forgotten() -> None:
    assert forgotten("Session ses_1 not found")
    assert not forgotten("model not found")
