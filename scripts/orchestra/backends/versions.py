"""Which versions of the agent programs are known to work, and which one is installed."""

from __future__ import annotations

import re
import subprocess

from ..core.words import BackendName
from ..errors import UserError
from .agent import INSTALL, found_program

# The oldest in which everything that a backend relies on was seen to work: flags, output, hooks, resumed sessions.
OLDEST: dict[str, tuple[int, ...]] = {
    BackendName.CLAUDE: (2, 1, 0),
    BackendName.CODEX: (0, 160, 0),
    BackendName.OPENCODE: (1, 18, 0),
    BackendName.GEMINI: (0, 60, 0),
}
_LIMIT_S = 60.0


def version_of(name: str, program: str) -> str:
    """The version of an installed agent program. Raises UserError when it is missing, dumb, or too old."""
    path = found_program(program)
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_LIMIT_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{path} does not start: {error}.", hint=INSTALL[name]) from error
    found = re.search(r"\d+(?:\.\d+)+", done.stdout)
    if not found:
        said = (done.stderr or done.stdout).strip()[:200] or "nothing"
        raise UserError(f"{path} --version says no version: {said}.", hint=INSTALL[name])
    return checked(name, found[0])


def checked(name: str, version: str) -> str:
    """`version`, when the backend works with it. Raises UserError with what to do when it is too old."""
    oldest = OLDEST[name]
    if tuple(int(part) for part in version.split(".")) < oldest:
        needed = ".".join(map(str, oldest))
        raise UserError(f"{name} {version} is too old: {needed} or newer is needed.", hint=INSTALL[name])
    return version
