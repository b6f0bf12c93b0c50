"""Where Orchestra is installed in a client on this machine, and which hooks that client would call.

Read from the clients' own files, as Claude Code 2.1 and Codex 0.169 write them. One that cannot be read says nothing.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PLUGIN = "orchestra"
GUARD = "orchestra-guard"
BUNDLE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Hook:
    """A command that runs before a tool call; `root` is the client's CLAUDE_PLUGIN_ROOT, `where` is for people."""

    command: str
    root: str
    where: str


def claude_hooks(project: Path, home: Path, *, inline: bool = False) -> list[Hook]:
    """The guards that Claude Code calls in `project`. `inline`: this bundle was given with --plugin-dir."""
    found = [hook for path in claude_settings(project, home) for hook in _guards(_json(path), "", str(path))]
    enabled: dict[str, Any] = {}
    for path in claude_settings(project, home):
        enabled |= _section(_json(path), "enabledPlugins")
    names = [name for name, on in enabled.items() if on and name.partition("@")[0] == PLUGIN]
    roots = [root for name in names for root in _claude_roots(home, name)]
    return [*found, *(hook for root in [*roots, *([BUNDLE] if inline else [])] for hook in _of_bundle(root))]


def claude_settings(project: Path, home: Path) -> tuple[Path, ...]:
    """The settings files that Claude Code reads in `project`, weakest first."""
    return (home / ".claude/settings.json", project / ".claude/settings.json", project / ".claude/settings.local.json")


def _claude_roots(home: Path, name: str) -> Iterator[Path]:
    # A marketplace that is a directory runs in place; others run from the copy in the cache.
    plugins = home / ".claude/plugins"
    market = _section(_json(plugins / "known_marketplaces.json"), name.partition("@")[2])
    place = market.get("installLocation")
    if isinstance(place, str) and (Path(place) / "hooks/hooks.json").is_file():
        yield Path(place)
        return
    installs = _section(_json(plugins / "installed_plugins.json"), "plugins").get(name)
    for one in installs if isinstance(installs, list) else []:
        if isinstance(one, dict) and isinstance(one.get("installPath"), str):
            yield Path(one["installPath"])


def codex_hooks(project: Path, home: Path) -> list[Hook]:
    """The guards that Codex calls in `project`, if it trusts them."""
    files = (home / ".codex/hooks.json", project / ".codex/hooks.json")
    found = [hook for path in files for hook in _guards(_json(path), "", str(path))]
    plugins = _section(codex_settings(home), "plugins")
    on = [name for name, entry in plugins.items() if isinstance(entry, dict) and entry.get("enabled")]
    for name in on:
        plugin, _, market = name.partition("@")
        if plugin == PLUGIN:
            versions = sorted((home / ".codex/plugins/cache" / market / plugin).glob("*"))
            found += [hook for root in versions[-1:] for hook in _of_bundle(root)]
    return found


def codex_settings(home: Path) -> Mapping[str, Any]:
    """What `~/.codex/config.toml` says."""
    try:
        return tomllib.loads((home / ".codex/config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _of_bundle(root: Path) -> Iterator[Hook]:
    yield from _guards(_json(root / "hooks/hooks.json"), str(root), str(root))


def _guards(settings: Mapping[str, Any], root: str, where: str) -> Iterator[Hook]:
    entries = _section(settings, "hooks").get("PreToolUse")
    for entry in entries if isinstance(entries, list) else []:
        hooks = entry.get("hooks") if isinstance(entry, dict) else None
        for hook in hooks if isinstance(hooks, list) else []:
            command = hook.get("command") if isinstance(hook, dict) else None
            if isinstance(command, str) and GUARD in command:
                yield Hook(command, root, where)


def read_settings(path: Path) -> Mapping[str, Any]:
    """A client's JSON settings; empty when there are none, or nobody could read them."""
    return _json(path)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _section(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}
