"""codeagent-wrapper as an agent: one program in front of Codex, Claude Code, Gemini CLI or opencode.

It prints the agent's last message, and after it the session. What the agent does meanwhile it does not print, so
nothing is known of its calls and of what they cost.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..core.words import BackendName, ExitClass
from ..errors import UserError
from ..proc import Ended
from ..proc.output import read_bounded
from .agent import Said, Settings, agent_env, classed, fed, found_program, judge
from .base import AgentEvent, Task, TurnResult
from .failures import Failure
from .variables import inherits

# Where its users name it, for them and for the programs that call it.
_PLACES = ("CODEAGENT_WRAPPER", "CODEAGENT_WRAPPER_PATH")
_SESSION = "SESSION_ID: "
_TRAILER = re.compile(rf"(?:\A|\n)---\n{_SESSION}(\S+)\s*\Z")
_FINAL_BYTES = 256 << 10
_STDERR_BYTES = 2000
_TIMED_OUT, _NO_AGENT = 124, 127
# Its own limit counts from a little later than ours, which is the one that ends the whole tree. Up to ten thousand
# the number would be one of seconds.
_LATER_S, _LONGEST_S, _FEWEST_MS = 60.0, 7 * 86400.0, 10_001
_VERSION_S = 10.0


@dataclass(frozen=True)
class CodeagentWrapperBackend:
    """Runs `codeagent-wrapper` with these settings; `access` is `skip-permissions` or empty."""

    settings: Settings
    name: str = "codeagent-wrapper"

    def argv(self, task: Task) -> tuple[str, ...]:
        access = ("--skip-permissions",) if self.settings.access == "skip-permissions" else ()
        resumed = ("resume", task.session) if task.session else ()
        wrapper = found_program(program(self.settings))
        return fed(task, wrapper, *access, *self.settings.args, *resumed, "-", str(task.worktree))

    def env(self, task: Task) -> dict[str, str]:
        limit_s = task.wall_s + _LATER_S if task.wall_s else _LONGEST_S
        env = {"CODEX_TIMEOUT": str(max(_FEWEST_MS, int(limit_s * 1000)))}
        if self.settings.access == "skip-permissions":
            # Its flag reaches an agent in tmux alone; Codex is told by a variable.
            env |= {"CODEAGENT_SKIP_PERMISSIONS": "1", "CODEX_BYPASS_SANDBOX": "1"}
        return {**env, **agent_env(task, self.settings)}

    def inherits(self, name: str) -> bool:
        return inherits(self.name, self.settings, name)

    def events(self, line: str) -> Iterable[AgentEvent]:
        if line.startswith(_SESSION):
            return (AgentEvent("usage", session=line.removeprefix(_SESSION).strip()),)
        return (AgentEvent("text", text=line),) if line.strip() else ()

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        result = judge(task, ended, events, said(ended))
        if result.exit_class in (ExitClass.FAILED, ExitClass.CRASH) and ended.code == _TIMED_OUT:
            return replace(result, exit_class=ExitClass.TIMEOUT, reason="codeagent-wrapper ended it as too long")
        if result.exit_class is ExitClass.FAILED and ended.code == _NO_AGENT:
            return classed(result, Failure(ExitClass.HALT, f"its agent program is not installed: {result.reason}"))
        return result


def said(ended: Ended) -> Said:
    """What its output comes to. Only the last trailer is its own; what looks like one before is the agent's."""
    text = read_bounded(ended.stdout, _FINAL_BYTES).decode("utf-8", "replace")
    trailer = _TRAILER.search(text)
    final = (text[: trailer.start()] if trailer else text).strip()
    words = read_bounded(ended.stderr, _STDERR_BYTES).decode("utf-8", "replace").strip()
    closed = ended.code is not None and ended.code <= 128
    error = (words or f"exit code {ended.code}") if closed and ended.code else ""
    return Said(final, turns=int(bool(final)), session=trailer[1] if trailer else "", error=error, closed=closed)


def program(settings: Settings) -> str:
    """The program that is meant: the configured one, or where nothing is configured the one that the user names."""
    if settings.program != BackendName.CODEAGENT_WRAPPER:
        return settings.program
    return next((os.environ[name] for name in _PLACES if os.environ.get(name)), settings.program)


def version(settings: Settings) -> str:
    """Its version, empty where it says none: builds of it differ in that. Raises UserError when it is missing."""
    path = found_program(program(settings))
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_VERSION_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return ""
    except OSError as error:
        raise UserError(
            f"{path} does not start: {error}.", hint="Put another codeagent-wrapper in its place."
        ) from error
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    return found[0] if found else ""
