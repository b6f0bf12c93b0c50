"""Any program as an agent: `sh -c CMD` in the unit's work tree.

The final message is the end of its stdout; the claim is its exit code (0 done, 75 try again later, other failed) unless
it called `orchestra report`, whose claim stands. A reviewer that cannot call it may print its findings: when stdout
ends with a JSON list of them, or with an object that has a list "findings" (in one line or several, fenced or not),
they become the claim's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ..core.words import ExitClass, Role
from ..proc import Ended, shell
from ..proc.output import read_bounded
from .base import AgentEvent, Task, TurnResult, halted, result_of, turn_env
from .claim import Claim, finding_of

TRY_LATER = 75
RESET_IN_S = 60.0
REVIEWS = (Role.REVIEWER, Role.PLAN_REVIEWER)
_FINAL_BYTES = 64 << 10


@dataclass(frozen=True)
class CommandBackend:
    """Runs `command`; `reset_in` is how many seconds "try later" means."""

    command: str
    reset_in: float = RESET_IN_S
    name: str = "command"

    def argv(self, task: Task) -> tuple[str, ...]:
        return shell.argv(self.command)

    def env(self, task: Task) -> dict[str, str]:
        return turn_env(task)

    def inherits(self, name: str) -> bool:
        return True

    def events(self, line: str) -> Iterable[AgentEvent]:
        return (AgentEvent("text", text=line),) if line.strip() else ()

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        final = read_bounded(ended.stdout, _FINAL_BYTES).decode("utf-8", "replace").strip()
        result = replace(result_of(task, ended, events), final=final)
        if result.exit_class is not ExitClass.OK:
            return result
        if halted(final):
            return replace(result, exit_class=ExitClass.HALT, reason="the agent asked to halt")
        if result.claim:
            return result
        # A report that cannot be read must not pass for the exit code's "done".
        return replace(result, exit_class=ExitClass.GARBAGE) if result.reason else self._by_code(task, result, ended)

    def _by_code(self, task: Task, result: TurnResult, ended: Ended) -> TurnResult:
        code = ended.code or 0
        if code == 0:
            return _with_findings(result) if task.role in REVIEWS else replace(result, claim=Claim("done"))
        if code == TRY_LATER:
            return replace(result, exit_class=ExitClass.LIMIT, reset_in=self.reset_in, reason="exit code 75: try later")
        why = f"exit code {code}{_hint(code)}{_last_words(ended)}"
        if code > 128:
            return replace(result, exit_class=ExitClass.CRASH, reason=why)
        return replace(result, exit_class=ExitClass.FAILED, claim=Claim("failed", notes=why), reason=why)


def _hint(code: int) -> str:
    return {126: " (not executable)", 127: " (command not found)"}.get(code, "")


def _last_words(ended: Ended) -> str:
    words = read_bounded(ended.stderr, 400).decode("utf-8", "replace").strip()
    return f": {words}" if words else ""


def _with_findings(result: TurnResult) -> TurnResult:
    listed = trailing_findings(result.final)
    if listed is None:
        return replace(result, claim=Claim("done"))
    try:
        return replace(result, claim=Claim("done", findings=tuple(map(finding_of, listed[:500]))))
    except ValueError as error:
        # Findings that cannot be read must not pass for a review without any.
        why = f"the findings cannot be used: {error}"
        return replace(result, exit_class=ExitClass.GARBAGE, reason=why)


def trailing_json(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` ends with, None when it ends otherwise."""
    return next((data for data in _trailing(text, "{", "}") if isinstance(data, dict)), None)


def trailing_findings(text: str) -> list[Any] | None:
    """The findings that `text` ends with, as a brief shows them: a list, or an object with one; None for neither."""
    data = trailing_json(text)
    if data is not None:
        listed = data.get("findings")
        return listed if isinstance(listed, list) else None
    lists = (data for data in _trailing(text, "[", "]") if isinstance(data, list))
    return next((data for data in lists if all(isinstance(one, dict) for one in data)), None)


def _trailing(text: str, opens: str, closes: str) -> Iterator[object]:
    """What the end of `text` may be as JSON, from lines that begin with `opens`, the last line first."""
    text = text.rstrip().removesuffix("```").rstrip()
    if not text.endswith(closes):
        return
    starts = [at for at, line in _line_starts(text) if line.lstrip().startswith(opens)]
    for at in reversed(starts[-200:]):
        with suppress(ValueError, RecursionError):
            yield json.loads(text[at:])


def _line_starts(text: str) -> Iterable[tuple[int, str]]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield at, line
        at += len(line)
