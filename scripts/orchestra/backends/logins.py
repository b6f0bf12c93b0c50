"""Whether somebody has logged in to an agent program, where that can be told without a network and soon.

opencode takes ten seconds to say it, so it is not asked.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..core.words import BackendName
from .agent import Settings, found_program, mapping, record

_LIMIT_S = 20.0
_GEMINI_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA")


def logged_in(name: str, settings: Settings) -> bool | None:
    """Whether the program says so; None where it says nothing that is understood. It may know another way in: a
    provider that needs no login is one."""
    env = {**os.environ, **settings.given}
    if name == BackendName.CLAUDE:
        said = record(" ".join(_said(settings, env, "auth", "status").split())) or {}
        return said["loggedIn"] if isinstance(said.get("loggedIn"), bool) else None
    if name == BackendName.CODEX:
        text = _said(settings, env, "login", "status").lower()
        return False if "not logged in" in text else True if "logged in" in text else None
    return _gemini(env) if name == BackendName.GEMINI else None


def _said(settings: Settings, env: Mapping[str, str], *words: str) -> str:
    argv = [found_program(settings.program), *words]
    try:
        done = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.stdout.strip() else done.stderr


def _gemini(env: Mapping[str, str]) -> bool:
    """It starts only with a key, or when its settings say how to log in."""
    if any(env.get(key) for key in _GEMINI_KEYS):
        return True
    try:
        found = json.loads((Path(env.get("HOME", "")) / ".gemini/settings.json").read_bytes())
    except (OSError, ValueError):
        return False
    return bool(mapping(mapping(mapping(found).get("security")).get("auth")).get("selectedType"))
