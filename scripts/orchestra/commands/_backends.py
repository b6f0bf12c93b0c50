"""What `doctor` looks at for headless runs: which agent programs are installed, and whether they can be used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from orchestra.backends.make import check, logged_in
from orchestra.config import Config
from orchestra.core.words import BackendName
from orchestra.errors import UserError

from ._checks import Check

# What holds each program to the scope before it writes; the rest is found at acceptance.
_HELD = {
    BackendName.CLAUDE: "the guard looks at its tool calls",
    BackendName.CODEX: "the guard looks at its tool calls",
    BackendName.OPENCODE: "its own permissions hold file edits, acceptance the rest",
    BackendName.GEMINI: "a policy holds file edits, acceptance the rest",
    BackendName.CODEAGENT_WRAPPER: "what it writes is looked at when it is accepted",
}


def checks(settings: Config) -> Iterator[Check]:
    """One check for each agent program; only the one that the configuration chooses has to be there."""
    # Each program takes its time to say its version.
    with ThreadPoolExecutor() as pool:
        yield from pool.map(lambda name: _installed(settings, name), _HELD)
    if settings.backend.name is BackendName.CLAUDE and _refused_as_root(settings):
        fix = "add IS_SANDBOX=1 to backend.claude.env when this is a container, or run as another user"
        yield Check("backend.claude.root", False, "Claude Code skips no permissions for root", fix)


def _installed(settings: Config, name: BackendName) -> Check:
    agent, chosen = settings.backend.agent(name), settings.backend.name is name
    options = {"agent": vars(agent) if agent else {}}
    try:
        version = check(name, options)
        unknown = "" if logged_in(name, options) is not False else "; it says that nobody is logged in"
    except UserError as error:
        needed = "" if chosen else "; it is not the configured backend"
        return Check(f"backend.{name}", not chosen, f"{error.message.rstrip('.')}{needed}", error.hint)
    return Check(f"backend.{name}", True, f"{f'{name} {version}'.strip()} is installed; {_HELD[name]}{unknown}")


def _refused_as_root(settings: Config) -> bool:
    claude = settings.backend.claude
    told = os.environ.get("IS_SANDBOX") or any(one.startswith("IS_SANDBOX=") for one in claude.env)
    return os.geteuid() == 0 and claude.access == "bypassPermissions" and not told
