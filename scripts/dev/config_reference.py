"""Writes docs/config.md from schemas/config.schema.json.

Usage: config_reference.py [--check]
  --check writes nothing and exits with 1 when the file is not up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "schemas" / "config.schema.json"
PAGE = ROOT / "docs" / "config.md"

HEAD = """\
<!-- Generated from schemas/config.schema.json by `npm run docs`: change it there. -->

# The configuration: {title}

{description}

`orchestra init` writes the file with the settings that fit your repository; `orchestra doctor` says what is wrong with
it. A key that is not listed here is an error of `orchestra validate`; `orchestra run` refuses one that looks like a
slip of the pen.
"""

Schema = dict[str, Any]


def kinds(schema: Schema) -> list[str]:
    """The JSON types that `schema` allows."""
    named = schema.get("type", [])
    return [named] if isinstance(named, str) else list(named)


def is_section(schema: Schema) -> bool:
    return "properties" in schema


def keys(schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    """Every key below `schema` that is no section, with its dotted name."""
    for name, inner in schema["properties"].items():
        if is_section(inner):
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def code(text: str) -> str:
    """`text` as code in a cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def value(schema: Schema) -> str:
    """What may be written: the words themselves, or the type with its bounds."""
    if "enum" in schema:
        return ", ".join(code(str(word)) for word in schema["enum"])
    said = {"string": "text", "number": "number", "integer": "whole number", "boolean": "`true` or `false`"}
    if "array" in kinds(schema):
        return f"list of: {value(schema.get('items', {})) or 'anything'}"
    if "additionalProperties" in schema:
        return f"names, each with: {value(schema['additionalProperties'])}"
    return " or ".join(said.get(kind, kind) for kind in kinds(schema) if kind != "null") + bounds(schema)


def bounds(schema: Schema) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    return "".join(f", {says} {schema[name]}" for name, says in words.items() if name in schema)


def default(schema: Schema) -> str:
    if "default" not in schema:
        return ""
    given = schema["default"]
    if given in ("", None):
        return "empty"
    if isinstance(given, list):
        return ", ".join(code(str(one)) for one in given) or "empty"
    if isinstance(given, dict):
        return ", ".join(code(f"{name}: {one}") for name, one in given.items())
    if isinstance(given, bool):
        return code(str(given).lower())
    if isinstance(given, float):
        return code(f"{given:g}")
    return code(str(given))


def row(name: str, schema: Schema) -> str:
    described = " ".join(schema.get("description", "").split()).replace("|", "\\|")
    return f"| {code(name)} | {value(schema)} | {default(schema)} | {described} |"


def table(rows: Iterator[tuple[str, Schema]]) -> str:
    return "\n".join(["| Key | Value | Default | Meaning |", "|---|---|---|---|", *(row(*one) for one in rows)])


def page(schema: Schema) -> str:
    """The whole page: one table for each section, one for the keys outside any."""
    parts = [HEAD.format(title=schema["title"], description=schema["description"])]
    for name, inner in schema["properties"].items():
        if is_section(inner):
            about = f"{inner['description']}\n\n" if inner.get("description") else ""
            parts.append(f"## {name}\n\n{about}{table(keys(inner, f'{name}.'))}\n")
    single = [(name, inner) for name, inner in schema["properties"].items() if not is_section(inner)]
    if single:
        parts.append(f"## Outside any section\n\n{table(iter(single))}\n")
    return "\n".join(parts)


def main(argv: list[str]) -> int:
    wanted = page(json.loads(SCHEMA.read_text(encoding="utf-8")))
    if argv == ["--check"]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
