"""Whether a person has stopped an agent: Claude Code calls no hook for that, but its transcript ends with it.

The form is the client's own affair (seen in 2.1.197). Where it is another one, nothing is concluded, and the agent
counts as being at work.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from .badge import AGENT

_INTERRUPTED = "[Request interrupted by user"
# A tool's result may be long, the line after an interruption is not.
_TAIL = 1 << 14


def interrupted(folder: Path) -> bool:
    """Whether the agent that holds the turn in `folder` was stopped by a person and has not gone on since."""
    return any(_ends_with_it(path) for path in _transcripts(folder))


def _transcripts(folder: Path) -> list[Path]:
    """The transcript of the turn's agent, wherever the client has put its project."""
    try:
        known = json.loads((folder / AGENT).read_bytes())
        session, agent = str(known["session_id"]), str(known["agent_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
    if not all(name and Path(name).name == name for name in (session, agent)):
        return []
    home = Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    try:
        projects = list((home / "projects").iterdir())
    except OSError:
        return []
    return [project / session / "subagents" / f"agent-{agent}.jsonl" for project in projects]


def _ends_with_it(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            last = json.loads(file.read().rstrip().rpartition(b"\n")[2])
        return last["type"] == "user" and _text(last["message"]["content"]).startswith(_INTERRUPTED)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return str(content[0].get("text", "")) if content and isinstance(content[0], dict) else ""
