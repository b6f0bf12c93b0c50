"""What the shell reader may know of the machine: variables that are sure, and what lies where."""

from __future__ import annotations

import posix

from .effects import Env

_SURE = ("HOME", "TMPDIR", "USER", "LOGNAME")
_KINDS = {0o100000: 1, 0o040000: 2}


def of(cwd: str, env: dict[str, str]) -> Env:
    """The environment of a command that is run in `cwd` by a client with the variables `env`."""
    known = {name: env[name] for name in _SURE if name in env}
    known.update((name, value) for name, value in env.items() if name.startswith("ORCHESTRA_"))
    known["PWD"] = cwd
    return Env(env.get("HOME", ""), env.get("TMPDIR", ""), known, exists, posix.listdir)


def exists(path: str) -> int:
    """0 when nothing is there, 1 for a file, 2 for a directory, 3 for anything else; links are followed.

    A directory that cannot be gone to is something else: `cd` fails there, and what follows happens where it was.
    """
    try:
        kind = _KINDS.get(posix.stat(path).st_mode & 0o170000, 3)
    except (OSError, ValueError):
        return 0
    return kind if kind != 2 or posix.access(path, posix.X_OK) else 3
