"""The files that `orchestra init` writes: the configuration with its comments, and what git ignores."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from ..config import KEYS, Key
from .templates import render


def config_text(values: Mapping[str, Any]) -> str:
    """A commented `config.yml`: the peer's keys and those in `values` are set, all others show their default."""
    names = list(dict.fromkeys(key.name.partition(".")[0] for key in KEYS))
    sections = [{"name": n if _is_section(n) else "", "lines": _lines(n, values)} for n in names]
    return render("project/config.yml.j2", sections=[section for section in sections if section["lines"]])


def ignore_text(existing: str) -> str:
    """The `.gitignore` of `.orchestra/` with what is missing in `existing` added at its end."""
    wanted = render("project/gitignore.j2")
    if not existing:
        return wanted
    have = {line.strip() for line in existing.splitlines()}
    missing = [line for line in wanted.splitlines() if line not in have and not line.startswith("#")]
    gap = "" if existing.endswith("\n") else "\n"
    return existing + (gap + "\n".join(missing) + "\n" if missing else "")


def _is_section(name: str) -> bool:
    return any(key.name.startswith(name + ".") for key in KEYS)


def _lines(section: str, values: Mapping[str, Any]) -> list[str]:
    """The keys of a section in order; a sub-section gets its own line once."""
    lines: list[str] = []
    opened = ""
    for key in (k for k in KEYS if k.listed and (k.name == section or k.name.startswith(section + "."))):
        path = key.name.split(".")
        if len(path) == 3 and path[1] != opened:
            opened = path[1]
            lines.append(f"  {opened}:")
        lines += _key(key, path, values)
    return lines


def _key(key: Key, path: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    indent = "  " * (len(path) - 1)
    value = values.get(key.name, key.default)
    value = list(value) if isinstance(value, tuple) else value
    shown = value if isinstance(value, str) and value.isidentifier() else json.dumps(value, ensure_ascii=False)
    active = key.name in values or not key.new
    words = "" if isinstance(key.kind, str) else f" One of: {', '.join(w.value for w in key.kind)}."
    comment = textwrap.wrap(key.description + words, 100)
    return [*(f"{indent}# {line}" for line in comment), f"{indent}{'' if active else '# '}{path[-1]}: {shown}"]
