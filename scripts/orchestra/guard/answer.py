"""What the hook answers, and the line it leaves in the record.

A denial is exit code 2 with the reason on stderr: Claude Code and Codex both take it, and unlike a JSON answer it
cannot be cut short or be lost with a closed stdout. An allowed call gets no output at all, since saying "allow" would
skip the client's own question to the user.
"""

from __future__ import annotations

from . import disk, document

DENIED = 2
_MAX_COMMAND = 400


class Answer:
    """Exit code, stdout and stderr of the hook."""

    __slots__ = ("code", "err", "out")

    def __init__(self, code: int = 0, out: str = "", err: str = "") -> None:
        self.code, self.out, self.err = code, out, err


def denial(reason: str) -> Answer:
    """The call is not to be made."""
    return Answer(DENIED, err=reason)


def warning(reason: str) -> Answer:
    """The call may be made, and the agent is told why it should not have been; stderr would not reach it."""
    said: dict[str, object] = {"hookEventName": "PreToolUse", "additionalContext": f"Orchestra: {reason}"}
    return Answer(0, out=document.dump({"hookSpecificOutput": said}))


def note(record: str, *, decision: str, kind: str, tool: str, path: str, command: str, reason: str, agent: str) -> None:
    """Add a line to the file `record`; a record that cannot be written changes nothing about the decision."""
    if not record:
        return
    line: dict[str, object] = {"at": _now(), "class": kind, "tool": tool[:100], "path": path[:1000]}
    line.update(command=command[:_MAX_COMMAND], reason=reason, agent_id=agent[:200], decision=decision)
    try:
        disk.append(record, (document.dump(line) + "\n").encode())
    except (OSError, ValueError):
        return


def _now() -> str:
    from time import gmtime, strftime

    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime())
