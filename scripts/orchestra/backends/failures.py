"""What an agent program's own words about its failure mean.

The words are those of the four programs and of the services behind them, as they print them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..core.words import ExitClass
from .resets import seconds_until


@dataclass(frozen=True)
class Failure:
    """How a turn failed: `reset_in` in seconds, 0 when nobody said it. `reason` is for people."""

    exit_class: ExitClass
    reason: str
    reset_in: float = 0.0


# An error may hold all that was sent; what it says stands before that or after it.
_END_CHARS = 8 << 10
_FORGOTTEN = re.compile(
    r"no conversation found|no rollout found|session not found|thread not found|no such (?:session|thread)|"
    r"invalid session identifier|error resuming session|no previous sessions|"
    r"session .{0,80}(?:does not exist|not found)",
    re.IGNORECASE,
)
# A bare number may be anything: a line of a trace, a count of tokens.
_CODE = r"(?:status|error|code|http|rejected)\W{0,4}"
_MONEY = (
    r"credit balance|insufficient_quota|plan and billing|out of (?:extra )?(?:usage|credits)|spend (?:limit|cap)|"
    r"billing_error|credit limit|usage limit is set to \$0|usage allocation has been disabled|"
    r"requires? (?:extra )?usage|(?:extra usage|usage credits) (?:is|are) required|"
    r"doesn.t include (?:extra )?usage|service is disabled for your org|with your ChatGPT plan"
)
_MODEL = (
    r"issue with the selected model|model_not_found|ProviderModelNotFound|model not found|"
    r"models?\W.{0,80}(?:does not exist|is not found|not supported|is not available)|unknown model|invalid model"
)
# As root, Claude Code skips permissions only where IS_SANDBOX says that it is in a container.
_SETTINGS = r"root/sudo privileges|unknown option|unexpected argument|unknown arguments?:"
_KINDS: tuple[tuple[ExitClass, str], ...] = (
    (
        ExitClass.CONTEXT_OVERFLOW,
        r"prompt is too long|context[_ ](?:length|window)|maximum context|input token count|prompt_too_long|"
        r"maximum number of tokens|ContextOverflow|input is too long",
    ),
    (
        ExitClass.LIMIT,
        rf"usage limit|rate[ _-]?limit|limit reached|(?:hit|reached|exceeded) your [\w' -]{{0,40}}limit|"
        rf"usage exceeded|too many requests|{_CODE}429|"
        r"RESOURCE_EXHAUSTED|daily quota|current quota|quota (?:exceeded|will reset)|"
        r"exhausted your (?:capacity|daily|quota)",
    ),
    (
        ExitClass.AUTH,
        rf"{_CODE}40[13]\b|invalid (?:x-)?api[ -]key|api key not valid|incorrect api key|"
        r"authentication_?(?:error|failed)|"
        r"not logged in|please run /login|unauthori[sz]ed|unauthenticated|oauth token|"
        r"set an auth method|missing api key|api key is missing|(?:log|sign) ?in again|no auth credentials|"
        r"disabled organization|organization has been disabled",
    ),
    (
        ExitClass.OVERLOADED,
        rf"overloaded|at capacity|high (?:demand|load)|server-side issue|{_CODE}5\d\d\b|UNAVAILABLE|"
        r"internal server error|bad gateway|"
        r"stream (?:error|disconnected)|fetch failed|connection (?:error|refused|reset)|ECONN|ENOTFOUND|ETIMEDOUT|"
        r"cannot connect|unable to connect|network error",
    ),
)
_SEARCHED = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _KINDS)


def forgotten(text: str) -> bool:
    """Whether the session that was to be resumed is not there any more."""
    return bool(_FORGOTTEN.search(_ends(text)))


def failure(text: str, now: float, more: str = "") -> Failure | None:
    """What `text` says; None when it says nothing known. `more` (a log) is searched for the time of a reset only."""
    text, more = _ends(text), _ends(more)
    reason = " ".join(text.split())[:400]
    reset = seconds_until(text, now) or seconds_until(more, now)
    if re.search(_MONEY, text, re.IGNORECASE):
        if reset:
            return Failure(ExitClass.LIMIT, reason, reset)
        return Failure(ExitClass.HALT, f"the account cannot pay for more: {reason}")
    if re.search(_SETTINGS, text, re.IGNORECASE):
        return Failure(ExitClass.HALT, f"the program refuses its settings: {reason}")
    if re.search(_MODEL, text, re.IGNORECASE):
        return Failure(ExitClass.HALT, f"the model is not known: {reason}")
    kind = next((kind for kind, words in _SEARCHED if words.search(text)), None)
    if kind is None:
        return None
    return Failure(kind, reason, reset if kind in (ExitClass.LIMIT, ExitClass.OVERLOADED) else 0.0)


def _ends(text: str) -> str:
    return text if len(text) <= 2 * _END_CHARS else f"{text[:_END_CHARS]}\n{text[-_END_CHARS:]}"
