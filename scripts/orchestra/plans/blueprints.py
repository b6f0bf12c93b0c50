"""Blueprints: milestones to start from, as one Markdown file with a marker line before each file it makes.

---
description: what it makes
params:
  NAME: what it stands for
---
<!-- file: {{ milestone(1) }}-{{ NAME | slug }}/milestone.md -->
# Milestone: {{ milestone(1) }} — {{ NAME }}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ..errors import bad_input, usage
from . import frontmatter, source, templates
from .diagnostics import did_you_mean, has_errors
from .edit import replace_section, set_frontmatter_field, set_table_field
from .folders import Folder, phase_files
from .markdown import split_lines
from .source import Source

FOLDER = ".orchestra/blueprints"

_MARKER = re.compile(r"^<!-- file: (.+?) -->[ \t]*\r?\n", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\Z")


@dataclass(frozen=True)
class Blueprint:
    """A template for milestones. `params` are its parameters with their meaning, `body` the template."""

    name: str
    description: str
    params: Mapping[str, str]
    body: str
    file: str


def available(root: Path) -> list[Blueprint]:
    """The project's own blueprints and those that come with Orchestra; the project's win."""
    own = {b.name: b for b in _in_folder(root / FOLDER, root, ".md") if _MARKER.search(b.body)}
    shipped = {b.name: b for b in _in_folder(templates.FOLDER / "blueprints", templates.FOLDER, ".md.j2")}
    return sorted({**shipped, **own}.values(), key=lambda b: b.name)


def find(root: Path, name: str) -> Blueprint:
    """The blueprint called `name`. Raises UserError (usage) when there is none."""
    known = available(root)
    found = next((b for b in known if b.name == name), None)
    if found is None:
        raise usage(f"there is no blueprint {name}", did_you_mean(name, [b.name for b in known]))
    return found


def instantiate(blueprint: Blueprint, values: Mapping[str, str], first: int, today: date) -> dict[str, str]:
    """The files of the blueprint, by their path below `.orchestra/milestones`; milestones are numbered from `first`.

    Raises UserError (usage) for missing or unknown parameters, and (bad input) when the template fails.
    """
    _check_params(blueprint, values)
    text = templates.render_text(
        blueprint.body, blueprint.file, milestone=lambda n: f"M{first + n - 1}", created=today.isoformat(), **values
    )
    pieces = _MARKER.split(text)
    files = dict(zip(pieces[1::2], (p.strip("\n") + "\n" for p in pieces[2::2]), strict=True))
    if not files:
        raise bad_input(
            f"{blueprint.file} makes no files", "put `<!-- file: M1-name/milestone.md -->` before each file"
        )
    return files


def from_milestone(root: Path, folder: Folder, name: str, words: Mapping[str, str]) -> str:
    """A blueprint made of an existing milestone: numbers become relative, results and locks are left out,
    and each text in `words` becomes the parameter it is the value of."""
    files = [(path, text) for path, text in _texts(root, folder)]
    head = ["---", f"description: made from {folder.id}", *(["params:"] if words else [])]
    head += [f"  {key}: in {folder.id} this was {_quoted(value)}" for key, value in words.items()]
    body = "".join(f"<!-- file: {_slug(folder)}/{path} -->\n{_generic(text, folder, words)}" for path, text in files)
    return "\n".join([*head, "---", ""]) + body


def params(texts: list[str]) -> dict[str, str]:
    """`["K=V"]` as a dict. Raises UserError (usage) for a text without `=`."""
    for text in texts:
        if "=" not in text or text.startswith("="):
            raise usage(f"`{text}` is not a parameter", "write --param NAME=value")
    return {key.strip(): value.strip() for key, _, value in (text.partition("=") for text in texts)}


def check_name(name: str) -> None:
    """Raises UserError (usage) for a name that is no file name."""
    if not _NAME.match(name):
        raise usage(f"`{name[:60]}` is not a name for a blueprint", "letters, digits, dashes")


def _in_folder(folder: Path, root: Path, suffix: str) -> Iterator[Blueprint]:
    paths = sorted(folder.glob(f"*{suffix}")) if folder.is_dir() else []
    for path in paths:
        text, found = source.read(path, root)
        if text and not has_errors(found):
            yield _blueprint(text, path.name.removesuffix(suffix))


def _blueprint(text: Source, name: str) -> Blueprint:
    front, _ = frontmatter.read(text)
    params = front.items.get("params")
    described = front.items.get("description")
    return Blueprint(
        name=name,
        description=str(described.plain()) if described else "",
        params={key: str(item.plain() or "") for key, item in (params.mapping if params else {}).items()},
        body="".join(split_lines(text.text)[front.lines :]),
        file=text.name,
    )


def _check_params(blueprint: Blueprint, values: Mapping[str, str]) -> None:
    for key, value in values.items():
        if key not in blueprint.params:
            raise usage(f"{blueprint.name} has no parameter {key}", did_you_mean(key, blueprint.params or ["(none)"]))
        if not value.strip() or not value.isprintable():
            raise usage(f"the value of {key} must be one line of text", f"--param {key}=…")
    missing = [key for key in blueprint.params if key not in values]
    if missing:
        meant = "; ".join(f"{key}: {blueprint.params[key]}" for key in missing)
        raise usage(f"{blueprint.name} needs {' and '.join(f'--param {key}=…' for key in missing)}", meant)


def _texts(root: Path, folder: Folder) -> Iterator[tuple[str, str]]:
    names = ["milestone.md", "prd.md", "grooming.md"]
    paths = [folder.path / name for name in names] + [p.path for p in phase_files(root, folder)[0]]
    for path in paths:
        text, found = source.read(path, root)
        if text:
            yield path.relative_to(folder.path).as_posix(), _fresh(text.text.lstrip("\ufeff"), path.name)
        elif any(d.code != "missing-file" for d in found):
            raise bad_input("\n".join(d.to_text() for d in found), "correct the file first")


def _fresh(text: str, name: str) -> str:
    """The file as it was before anything was done with it."""
    text = text.replace("\r\n", "\n")
    if name == "milestone.md":
        for field, value in (("Locked-By", None), ("Depends-On", None), ("Status", "planning")):
            text = set_table_field(text, field, value)
    elif name.startswith("phase-"):
        text = replace_section(set_frontmatter_field(text, "status", "pending"), "Result", None)
    return re.sub(r"\n*\Z", "\n", text)


def _generic(text: str, folder: Folder, words: Mapping[str, str]) -> str:
    """The text as a template that renders to itself, but for the number and the parameters."""
    number = "{{ milestone(1) }}"
    names = {value: f"{{{{ {key} }}}}" for key, value in sorted(words.items(), key=lambda kv: -len(kv[1])) if value}
    pattern = "|".join([r"\{\{|\{%|\{#", rf"\b{folder.id}\b", *(re.escape(value) for value in names)])

    def replacement(match: re.Match[str]) -> str:
        found = match[0]
        if found in ("{{", "{%", "{#"):
            return f'{{{{ "{found}" }}}}'
        return names.get(found, number)

    return re.sub(pattern, replacement, text)


def _slug(folder: Folder) -> str:
    return "{{ milestone(1) }}-" + templates.slug(folder.slug.partition("-")[2] or "milestone")


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\") if re.fullmatch(r"[\w .-]+", value) else "another text"
