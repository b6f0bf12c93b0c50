"""The project's own roles: files in `.orchestra/roles/` that say what an agent is for and what it may write."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.words import Role as Builtin
from ..errors import bad_input, usage
from . import frontmatter, source, templates
from .diagnostics import Diagnostic, did_you_mean, has_errors
from .frontmatter import FrontMatter
from .markdown import Document, parse, split_lines
from .notes import Notes
from .scope import entry
from .source import Source
from .yamltext import Item

FOLDER = ".orchestra/roles"
SECTIONS = ("What it is for", "How it works", "What it returns", "When to stop and ask")

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_KEYS = ("name", "for", "writes")
# State and clients' settings steer the run itself, for whoever takes a role.
_NEVER = re.compile(r"\.(?:git|claude|codex)(?:/|\Z)|\.orchestra/(?:state\.db|locks|runs|quarantine|worktrees)")


@dataclass(frozen=True)
class Role:
    """A role as its file says it; `writes` are globs relative to the repository, none for a role that only reads."""

    name: str
    purpose: str
    writes: tuple[str, ...]
    body: str
    file: str


def is_name(text: str) -> bool:
    """Whether a role of the project may be called that."""
    return bool(_NAME.match(text)) and len(text) <= 40 and text not in {word.value for word in Builtin}


def check_name(text: str) -> None:
    """Raises UserError (usage) for what is no name of a role, or is one of Orchestra's own."""
    if text in {word.value for word in Builtin}:
        raise usage(f"{text} is one of Orchestra's own roles", "choose another name")
    if not is_name(text):
        raise usage(
            f"`{text[:60]}` is not a name for a role", "small letters, digits and dashes, as in release-manager"
        )


def problem(glob: str) -> str:
    """Why `glob` cannot be what a role writes; empty when it can."""
    found = entry(glob, 1, 1)
    bare = found.glob.removeprefix("!")
    if found.problem or not bare.strip():
        return found.problem or "is empty"
    return "belongs to the state or to the client's settings" if _NEVER.match(bare) else ""


def check_writes(globs: Sequence[str]) -> None:
    """Raises UserError (usage) for a glob that no role may write."""
    for glob in globs:
        if why := problem(glob):
            raise usage(f"`{glob[:60]}` {why}", "write a path of this repository, as in docs/ or src/**/*.sql")


def text(name: str, purpose: str, writes: Sequence[str]) -> str:
    """A new role's file."""
    title = name.replace("-", " ").capitalize()
    # JSON's texts are YAML's quoted ones.
    head = {"quoted": json.dumps(purpose, ensure_ascii=False), "writes": json.dumps(list(writes), ensure_ascii=False)}
    return templates.render("project/role.md.j2", role=name, title=title, purpose=purpose, **head)


def find(root: Path, name: str) -> Role | None:
    """The role called `name`, or None when the project has none. Raises UserError (65) when its file has errors."""
    path = root / FOLDER / f"{name}.md"
    if not is_name(name) or not (path.exists() or path.is_symlink()):
        return None
    role, found = _read(path, root)
    if role is None or has_errors(found):
        raise bad_input("\n".join(d.to_text() for d in found), f"correct {FOLDER}/{name}.md")
    return role


def read(root: Path) -> tuple[list[Role], list[Diagnostic]]:
    """The project's roles by name, and what is wrong with their files. Never raises for bad files."""
    folder = root / FOLDER
    paths = sorted(folder.glob("*.md")) if folder.is_dir() else []
    pairs = [_read(path, root) for path in paths]
    return [role for role, _ in pairs if role], [d for _, found in pairs for d in found]


def brief(role: Role) -> str:
    """What an agent that takes the role is told."""
    scope = ", ".join(f"`{glob}`" for glob in role.writes) or "nothing"
    return (
        f"You are the {role.name} of this repository: {role.purpose}\nYou may write: {scope}.\n\n{role.body.strip()}\n"
    )


def _read(path: Path, root: Path) -> tuple[Role | None, list[Diagnostic]]:
    text, found = source.read(path, root)
    if text is None:
        return None, found
    front, problems = frontmatter.read(text)
    notes = Notes(text.name)
    _check(notes, front, path.stem, parse(text.text))
    return _role(front, path.stem, text), found + problems + notes.found


def _role(front: FrontMatter, name: str, text: Source) -> Role:
    purpose, writes = front.items.get("for"), _items(front.items.get("writes"))
    body = "".join(split_lines(text.text)[front.lines :])
    globs = tuple(entry(str(item.value), 1, 1).glob for item in writes if isinstance(item.value, str))
    return Role(name, str(purpose.plain() or "") if purpose else "", globs, body, text.name)


def _items(item: Item | None) -> list[Item]:
    return item.value if item and isinstance(item.value, list) else []


def _check(notes: Notes, front: FrontMatter, name: str, document: Document) -> None:
    for key in front.items:
        if key not in _KEYS:
            notes.error("unknown-key", f"`{key}` is not a key of a role", did_you_mean(key, _KEYS), front.at(key))
    _check_name(notes, front, name)
    purpose = front.items.get("for")
    if purpose is None or not str(purpose.value or "").strip():
        notes.error("missing-field", "the role does not say what it is for", "add `for: …`", front.at("for"))
    _check_writes(notes, front)
    _check_body(notes, document)


def _check_name(notes: Notes, front: FrontMatter, name: str) -> None:
    if not is_name(name):
        notes.error("bad-id", f"`{name[:60]}` cannot be a role's name", "small letters, digits and dashes")
    item = front.items.get("name")
    if item is not None and item.value != name:
        what = f"the file is called {name}, the role `{str(item.plain())[:60]}`"
        notes.error("id-mismatch", what, f"write `name: {name}`", front.at("name"))


def _check_writes(notes: Notes, front: FrontMatter) -> None:
    item = front.items.get("writes")
    if item is None:
        notes.error("missing-field", "the role does not say what it writes", "add `writes: [docs/]`, or `writes: []`")
    elif not isinstance(item.value, list):
        notes.error("bad-type", "`writes` must be a list of paths", "write `writes: [docs/]`", front.at("writes"))
    for one in _items(item):
        why = problem(one.value) if isinstance(one.value, str) else "is not text"
        if why:
            shown = str(one.plain())[:60]
            notes.error("bad-scope", f"`{shown}` {why}", "write a path of this repository", (one.line, one.column))


def _check_body(notes: Notes, document: Document) -> None:
    for name in SECTIONS:
        section = document.section(name)
        if section is None or not section.text:
            at = (section.start + 1, 1) if section else (1, 1)
            notes.warning("missing-section", f"the section `## {name}` is missing or empty", f"add `## {name}`", at)
    for number, line in enumerate(document.lines):
        if number not in document.hidden and "TODO:" in line:
            what = f"`{line.strip()[:80]}` is still to be written"
            notes.warning("placeholder", what, "replace it by your own words", (number + 1, line.index("TODO:") + 1))
