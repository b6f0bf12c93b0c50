"""Which backend a name means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.words import BackendName
from ..errors import usage
from .base import Backend

if TYPE_CHECKING:
    from .agent import Settings


def make(name: str, options: Mapping[str, Any]) -> Backend:
    """The backend called `name`.

    `options`: `command` (text) and `reset_in` (seconds) for `command`; `script` (path) and `counts` (directory of
    this run where used-up rules are counted) for `scripted`; `agent` for the agent programs, with the names of
    `Settings`. Raises UserError (exit 64) for a name that is unknown and for an option that is missing, (65) for a
    script that cannot be used.
    """
    if name == BackendName.COMMAND:
        return _command(options)
    if name == BackendName.SCRIPTED:
        return _scripted(options)
    if name in set(BackendName):
        return _agent(name, options)
    raise usage(f"There is no backend called {name!r}.", f"The backends are {', '.join(BackendName)}.")


def check(name: str, options: Mapping[str, Any]) -> str:
    """The version of the agent program that `name` stands for, empty for a backend that is none.

    Raises UserError with what to do when the program is missing or too old.
    """
    if name in (BackendName.COMMAND, BackendName.SCRIPTED):
        return ""
    if name == BackendName.CODEAGENT_WRAPPER:
        from .codeagent_wrapper import version

        return version(_settings(name, options))
    from .versions import version_of

    return version_of(name, _settings(name, options).program)


def logged_in(name: str, options: Mapping[str, Any]) -> bool | None:
    """Whether the agent program `name` says that somebody has logged in; None where that cannot be told soon."""
    from . import logins

    return logins.logged_in(name, _settings(name, options))


def _settings(name: str, options: Mapping[str, Any]) -> Settings:
    from .agent import Settings

    given = options.get("agent") or {}
    names = ("program", "access", "effort", "args", "env", "assigner")
    return Settings(**{"program": name} | {key: given[key] for key in names if key in given})


def _agent(name: str, options: Mapping[str, Any]) -> Backend:
    from .claude import ClaudeBackend
    from .codeagent_wrapper import CodeagentWrapperBackend
    from .codex import CodexBackend
    from .gemini import GeminiBackend
    from .opencode import OpencodeBackend

    kinds: dict[str, Callable[[Settings], Backend]] = {
        BackendName.CLAUDE: ClaudeBackend,
        BackendName.CODEX: CodexBackend,
        BackendName.OPENCODE: OpencodeBackend,
        BackendName.GEMINI: GeminiBackend,
        BackendName.CODEAGENT_WRAPPER: CodeagentWrapperBackend,
    }
    return kinds[name](_settings(name, options))


def _command(options: Mapping[str, Any]) -> Backend:
    from .command import RESET_IN_S, CommandBackend

    command = str(options.get("command") or "").strip()
    if not command:
        raise usage("The backend command needs a command to run.", "Give one with --command CMD.")
    return CommandBackend(command, float(options.get("reset_in") or RESET_IN_S))


def _scripted(options: Mapping[str, Any]) -> Backend:
    from .scripted import ScriptedBackend, check_script

    if not options.get("script"):
        raise usage("The backend scripted needs a script to follow.", "Give one with --script FILE.")
    script = Path(options["script"]).resolve()
    check_script(script)
    counts = options.get("counts")
    return ScriptedBackend(script, Path(counts).resolve() if counts else None)
