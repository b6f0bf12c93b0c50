"""How each agent program is made to ask before it writes.

Claude Code and Codex call the guard (`bin/orchestra-guard`) before each tool call. opencode and Gemini CLI load no hook
for one call alone, so their own rules hold the tools that write files to the beginnings of the scope's globs; what a
shell command writes there is found at acceptance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..core.paths import literal_head
from .base import Task

GUARD = Path(__file__).resolve().parents[3] / "bin" / "orchestra-guard"
_WRITERS = "Write|Edit|MultiEdit|NotebookEdit|Bash|PowerShell|Monitor|EnterWorktree|ExitWorktree|apply_patch|mcp__.*"
_MATCHER = f"^({_WRITERS})$"
_COMMAND = f'"{GUARD}" pre-tool-use'
_TIMEOUT_S = 30


def claude_settings() -> str:
    """`--settings` of Claude Code with the guard; a project that switches hooks off does not switch off this one."""
    hook = {"type": "command", "command": _COMMAND, "timeout": _TIMEOUT_S}
    matched = {"matcher": _MATCHER, "hooks": [hook]}
    return json.dumps({"disableAllHooks": False, "hooks": {"PreToolUse": [matched]}})


def codex_settings() -> str:
    """A `-c` setting of Codex with the guard; JSON texts are texts of TOML too."""
    hook = f'{{type="command",command={json.dumps(_COMMAND)},timeout={_TIMEOUT_S}}}'
    return f"hooks.PreToolUse=[{{matcher={json.dumps(_MATCHER)},hooks=[{hook}]}}]"


def scope_of(task: Task) -> list[str] | None:
    """The globs that a turn may write; None when its scope is not held, or not there."""
    try:
        scope = json.loads(task.scope_file.read_bytes())
    except (OSError, ValueError):
        return None
    globs = scope.get("write") if isinstance(scope, dict) and scope.get("enforcement") == "strict" else None
    return [str(glob) for glob in globs] if isinstance(globs, list) else None


def opencode_permission(globs: Sequence[str]) -> dict[str, Any]:
    """opencode's `permission` for a scope. Its `*` stands for any text, and the last rule that fits counts."""
    rules = {"*": "deny"}
    for allowed, head, whole in _heads(globs):
        rules |= {f"{head}*" if not whole else head: "allow" if allowed else "deny"}
        rules |= {f"{head}/*": "allow" if allowed else "deny"} if whole else {}
    return {"edit": rules}


def gemini_policy(globs: Sequence[str], root: str) -> str:
    """A policy of Gemini CLI for a scope, in TOML: its file tools, by the path as it stands in their arguments.

    The patterns are regular expressions with next to no repetition, because others are refused as too slow.
    """
    fallback = "This is outside your scope. Write inside it, or ask for it in your report."
    rules = [_rule('"file_path":', "deny", 900, fallback)]
    for place, (allowed, head, whole) in enumerate(_heads(globs)):
        for before in ("", f"{root}/"):
            text = _escaped(f'"file_path":"{before}{head}') + ('("|/)' if whole else "")
            rules.append(_rule(text, "allow" if allowed else "deny", min(901 + place, 990), fallback))
    rules.append(_rule(r'"file_path":"[^"]*\.\.', "deny", 995, "A path with .. in it leads elsewhere."))
    return "\n".join(rules)


def _heads(globs: Sequence[str]) -> Iterator[tuple[bool, str, bool]]:
    """Each glob as (allowed, beginning, whether that is all of it). What is taken away must be a tree or a file."""
    for glob in globs:
        allowed, text = not glob.startswith("!"), glob.removeprefix("!")
        tree = text.removesuffix("/**").removesuffix("/")
        head = literal_head(text)
        whole = literal_head(tree) == tree and bool(tree)
        if allowed or whole:
            yield allowed, tree if whole else head, whole


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in r"\.^$*+?()[]{}|" else char for char in text)


def _rule(pattern: str, decision: str, priority: int, message: str) -> str:
    lines = (
        "[[rule]]",
        'toolName = ["write_file", "replace"]',
        f"argsPattern = {json.dumps(pattern)}",
        f'decision = "{decision}"',
        f"priority = {priority}",
        *((f"denyMessage = {json.dumps(message)}",) if decision == "deny" else ()),
    )
    return "\n".join((*lines, ""))
