"""What each agent program keeps in the home directory, and what becomes of that in a box.

A program does not start, or runs no command, where it cannot write there; and whoever may write there plants a hook or
an instruction for the next session of the person. So in a box it has such a directory for itself, one for each
attempt, in which the person's settings can be read. What it keeps there (sessions, logs, databases) is its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.words import BackendName
from ..proc.sandbox import Own


@dataclass(frozen=True)
class _Place:
    """`variable` names the directory, or what it lies in, with `below` it; `home` is where it is without one.

    `hidden` are patterns of names that the program writes itself; `logins` are files that it renews.
    """

    home: str
    variable: str = ""
    below: str = ""
    hidden: tuple[str, ...] = ()
    logins: tuple[str, ...] = ()


_CLAUDE = _Place(
    ".claude",
    "CLAUDE_CONFIG_DIR",
    hidden=(
        *("projects", "sessions", "session-env", "shell-snapshots", "file-history", "todos", "tasks", "plans", "teams"),
        *("history.jsonl", "debug", "logs", "telemetry", "statsig", "cache", "paste-cache", "image-cache", "backups"),
        *("stats-cache.json", "usage-data", "ide", "chrome", "jobs", "mcp-needs-auth-cache.json", "*.lock", "*.tmp.*"),
    ),
    logins=(".credentials.json",),
)
_CODEX = _Place(
    ".codex",
    "CODEX_HOME",
    hidden=(
        *("sessions", "archived_sessions", "session_index.jsonl", "history.jsonl", "*.sqlite*", "log", "tmp", ".tmp"),
        *("shell_snapshots", "thread-writer-locks", "cache", "models_cache.json", "version.json", "*.lock"),
        *(".sandbox_migration", "installation_id", "memories", "worktrees"),
    ),
    logins=("auth.json",),
)
# The order is that in which they are mounted.
_PLACES: Mapping[str, tuple[_Place, ...]] = {
    BackendName.CLAUDE: (_CLAUDE,),
    BackendName.CODEX: (_CODEX,),
    BackendName.OPENCODE: (
        _Place(
            ".local/share/opencode",
            "XDG_DATA_HOME",
            "opencode",
            hidden=(
                "opencode*.db*",
                "log",
                "repos",
                "snapshot",
                "storage",
                "project",
                "tool-output",
                "bin",
                "worktree",
            ),
            logins=("auth.json", "mcp-auth.json"),
        ),
        _Place(".local/state/opencode", "XDG_STATE_HOME", "opencode", hidden=("*",)),
        _Place(
            ".config/opencode",
            "XDG_CONFIG_HOME",
            "opencode",
            hidden=("node_modules", "package*.json", "bun.lock*", ".gitignore"),
        ),
    ),
    BackendName.GEMINI: (
        _Place(
            ".gemini",
            hidden=("tmp", "history", "projects.json*", "state.json", "installation_id", "*.tmp"),
            logins=("oauth_creds.json", "google_accounts.json", "mcp-oauth-tokens*.json"),
        ),
    ),
}


def own_places(name: str, attempt: Path, env: Mapping[str, str]) -> tuple[Own, ...]:
    """The directories that the program `name` has for itself in a box; makes them. `attempt` keeps what it writes."""
    return tuple(_owned(name, attempt, env))


def _owned(name: str, attempt: Path, env: Mapping[str, str]) -> Iterator[Own]:
    for number, place in enumerate(_PLACES.get(name, ())):
        real = _real(place, env)
        kept = kept_in(name, attempt, number)
        for folder in (real, kept):
            folder.mkdir(parents=True, exist_ok=True)
        yield Own(real.resolve(), kept.resolve(), place.hidden, place.logins)


def kept_in(name: str, attempt: Path, number: int = 0) -> Path:
    """Where an attempt keeps what the program has written into its directory `number` in a box."""
    return attempt / f"{name}-{number}"


def _real(place: _Place, env: Mapping[str, str]) -> Path:
    given = env.get(place.variable, "") if place.variable else ""
    return Path(given) / place.below if given else Path(env.get("HOME", "")) / place.home
