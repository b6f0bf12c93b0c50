"""Which backend a name means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.words import BackendName
from ..errors import usage
from .base import Backend


def make(name: str, options: Mapping[str, Any]) -> Backend:
    """The backend called `name`.

    `options`: `command` (text) and `reset_in` (seconds) for `command`; `script` (path) and `counts` (directory of
    this run where used-up rules are counted) for `scripted`. Raises UserError (exit 64) for a name that is unknown
    or not supported and for an option that is missing, (65) for a script that cannot be used.
    """
    if name == BackendName.COMMAND:
        return _command(options)
    if name == BackendName.SCRIPTED:
        return _scripted(options)
    ready = f"Use {BackendName.COMMAND} (any program) or {BackendName.SCRIPTED} (a YAML script)."
    if name in set(BackendName):
        raise usage(f"The backend {name} is not supported yet.", ready)
    raise usage(f"There is no backend called {name!r}.", f"The backends are {', '.join(BackendName)}.")


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
