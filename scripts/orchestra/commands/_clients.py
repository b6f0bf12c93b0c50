"""What `doctor` looks at for runs inside a client: the guard, and the permissions that an unattended run needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestra import installed
from orchestra.installed import BUNDLE, Hook

from ._checks import Check

CLAUDE, CODEX = "claude", "codex"
# The canary dies or sings within this time; a client gives its hooks more.
_LIMIT_S = 20.0
# Where a person's own settings for one project are.
LOCAL = ".claude/settings.local.json"
_INSTALL = {
    CLAUDE: f"claude plugin marketplace add {BUNDLE} && claude plugin install orchestra@orchestra",
    CODEX: f"codex plugin marketplace add {BUNDLE} && codex plugin add orchestra@orchestra",
}


def checks(root: Path, client: str) -> Iterator[Check]:
    """The checks for `client`, or for each that has Orchestra installed when it is empty."""
    home = Path.home()
    hooks = {
        CLAUDE: installed.claude_hooks(root, home, inline=_inline(client)),
        CODEX: installed.codex_hooks(root, home),
    }
    named = [client] if client else [name for name, found in hooks.items() if found]
    if not named:
        yield Check(
            "client", True, "Orchestra is installed in no client; `/orchestra` needs that, `orchestra run` does not"
        )
    for name in named:
        yield _guard(name, hooks[name])
        yield _claude_permissions(root, home) if name == CLAUDE else _codex_permissions(home)


def _inline(client: str) -> bool:
    """Whether Claude Code was started with `--plugin-dir` for this bundle: then it has our `bin` on its PATH."""
    found = shutil.which("orchestra")
    return client == CLAUDE and found is not None and Path(found).resolve() == BUNDLE / "bin/orchestra"


def _guard(name: str, hooks: list[Hook]) -> Check:
    if not hooks:
        return Check(
            f"{name}.guard", False, "the guard is not installed: nothing is denied before it runs", _INSTALL[name]
        )
    wrong = [said for hook in hooks if (said := _canary(hook))]
    if wrong:
        return Check(f"{name}.guard", False, f"the guard is not armed: {wrong[0]}", _INSTALL[name])
    trusted = "; Codex calls it only when the hook is trusted (`/hooks`, or --dangerously-bypass-hook-trust)"
    return Check(f"{name}.guard", True, f"guard armed: it denied a canary{trusted if name == CODEX else ''}")


def _canary(hook: Hook) -> str:
    """Call the hook as the client does, with a write that must be denied and a read that must not; what went wrong."""
    with tempfile.TemporaryDirectory(prefix="orchestra-canary-") as place:
        runs = Path(place) / ".orchestra/runs"
        (runs / "r1").mkdir(parents=True)
        (runs / "armed").write_text(json.dumps({"run": "r1", "root": place}), encoding="utf-8")
        target = str(Path(place) / ".orchestra/state.db")
        denied = _call(hook, place, {"tool_name": "Write", "tool_input": {"file_path": target, "content": "canary"}})
        passed = _call(hook, place, {"tool_name": "Read", "tool_input": {"file_path": target}})
    if denied != 2:
        return f"a write to Orchestra's state was let through (exit {denied}, {hook.where})"
    return "" if passed == 0 else f"a read was refused (exit {passed}, {hook.where})"


def _call(hook: Hook, place: str, call: Mapping[str, Any]) -> int:
    payload = {"session_id": "canary", "cwd": place, "hook_event_name": "PreToolUse", "agent_id": "canary", **call}
    env = {key: os.environ[key] for key in ("HOME", "PATH") if key in os.environ}
    env |= {"CLAUDE_PROJECT_DIR": place, "CLAUDE_PLUGIN_ROOT": hook.root, "PLUGIN_ROOT": hook.root}
    command = hook.command.replace("${CLAUDE_PLUGIN_ROOT}", hook.root)
    try:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=place,
            env=env,
            input=json.dumps(payload).encode(),
            timeout=_LIMIT_S,
            capture_output=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return -1
    return done.returncode


def _claude_permissions(root: Path, home: Path) -> Check:
    found = [installed.read_settings(path) for path in installed.claude_settings(root, home)]
    permissions = [p for settings in found if isinstance(p := settings.get("permissions"), dict)]
    modes = [str(p["defaultMode"]) for p in permissions if "defaultMode" in p]
    allowed = {str(rule) for p in permissions for rule in (p.get("allow") or [])}
    needed = claude_rules()
    name = f"{CLAUDE}.permissions"
    if modes[-1:] == ["bypassPermissions"]:
        return Check(
            name, True, "nothing is asked (defaultMode is bypassPermissions); the guard and acceptance still hold"
        )
    missing = [rule for rule in needed if rule not in allowed]
    if not missing:
        return Check(name, True, "an unattended run is not asked for anything that its brief tells it to do")
    settings = json.dumps({"permissions": {"allow": needed}})
    fix = (
        f"put this into {root / LOCAL}: {settings}, {_unseen(root)}"
        "or start with `claude --dangerously-skip-permissions` in a container"
    )
    return Check(name, False, f"an unattended run would stop at questions: {', '.join(missing)} are not allowed", fix)


def _unseen(root: Path) -> str:
    """How the file is kept out of git, where it is not yet: a run does not begin over uncommitted files."""
    asked = subprocess.run(["git", "check-ignore", "--quiet", LOCAL], cwd=root, capture_output=True)
    return f"and keep it out of git (echo {LOCAL} >> .git/info/exclude), " if asked.returncode == 1 else ""


def claude_rules() -> list[str]:
    """The permission rules that an unattended run needs in Claude Code.

    All of the shell: a rule for one program does not cover a redirection or a here-document, such as a reviewer's
    findings, and what a worker may write is the guard's to judge.
    """
    return ["Bash", "Edit", "Write"]


def _codex_permissions(home: Path) -> Check:
    settings = installed.codex_settings(home)
    approval, sandbox = settings.get("approval_policy", "on-request"), settings.get("sandbox_mode", "read-only")
    ok = approval == "never" and sandbox == "danger-full-access"
    boundary = "what its hooks cannot see is held at acceptance"
    if ok:
        return Check(f"{CODEX}.permissions", True, f"nothing is asked; {boundary}")
    # In workspace-write .git is read-only, and `orchestra report` makes the commit from Codex's shell.
    fix = "in a container: codex -c approval_policy=never -c sandbox_mode=danger-full-access"
    told = f"an unattended run would stop or could not commit (approval_policy {approval}, sandbox_mode {sandbox})"
    return Check(f"{CODEX}.permissions", False, f"{told}; {boundary}", fix)
