"""A phase file as a unit of the plan: front matter, scope, what it waits for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from ..config import Config
from ..core.model import Unit
from ..core.words import CommitType, Complexity, UnitStatus
from . import frontmatter, phase, source
from .diagnostics import Diagnostic, did_you_mean, nearest, printable
from .folders import Folder, PhasePath
from .graph import cut_loops
from .markdown import Document, parse
from .notes import Notes
from .scope import Entry, entries
from .values import Word, listed, phase_id, word
from .yamltext import Item

KEYS = ("status", "order", "complexity", "skills", "depends_on", "type")
# Front matter of phases before version 4: accepted, and without effect.
RETIRED = ("role", "context", "scope")

_ORDERS = 10**6
_DONE = re.compile(r"[ \t]*[-*+][ \t]+`?(phase-\d{1,6})`?[ \t]*:[ \t]*done\b", re.IGNORECASE)
_TYPE_OF = {
    "fix": CommitType.FIX, "repair": CommitType.FIX, "bugfix": CommitType.FIX, "refactor": CommitType.REFACTOR,
    "extract": CommitType.REFACTOR, "rename": CommitType.REFACTOR, "docs": CommitType.DOCS, "document": CommitType.DOCS,
    "test": CommitType.TEST, "tests": CommitType.TEST, "perf": CommitType.PERF, "optimise": CommitType.PERF,
    "optimize": CommitType.PERF, "chore": CommitType.CHORE, "bump": CommitType.CHORE, "upgrade": CommitType.CHORE,
    "ci": CommitType.CI, "style": CommitType.STYLE, "format": CommitType.STYLE,
}  # fmt: skip


@dataclass(frozen=True)
class UnitFile:
    """A phase with everything that its file says. `after` are the ids it names, None when the key is missing."""

    unit: Unit
    after: tuple[str, ...] | None
    found: list[Diagnostic]
    document: Document
    scope: list[Entry]
    keys: frozenset[str]
    places: dict[str, tuple[int, int]]
    readable: bool = True


def read_unit_file(root: Path, folder: Folder, path: PhasePath, config: Config, done: frozenset[str]) -> UnitFile:
    """Reads one phase. `done` are the phases that context.md calls done, as ids."""
    text, found = source.read(path.path, root)
    name = f"phase-{path.number}"
    unit = Unit(f"{folder.id}/{name}", folder.id, name, order=path.number, path=path.name)
    if text is None:
        return UnitFile(unit, None, found, parse(""), [], frozenset(), {}, False)
    front, problems = frontmatter.read(text)
    document, reader = parse(text.text), _Reader(path.name, front.items, folder.id)
    scope = entries(document.section("Scope"), document.hidden)
    title = printable(phase.title(document)) or unit.title
    unit = replace(reader.unit(unit, config), title=title, writes=tuple(e.glob for e in scope if not e.problem))
    after = reader.after()
    unit = replace(unit, done=unit.done or unit.id in done, commit_type=reader.commit_type(title))
    places = {key: front.at(key) for key in front.items}
    found = problems + reader.notes.found
    return UnitFile(unit, after, found, document, scope, frozenset(front.items), places)


def done_in_context(root: Path, folder: Folder) -> frozenset[str]:
    """The ids of phases that context.md calls done: the peer records it there and nowhere else."""
    path = folder.path / "context.md"
    text, _ = source.read(path, root)
    section = parse(text.text).section("Phases") if text else None
    matches = (_DONE.match(line) for line in (section.lines if section else ()))
    return frozenset(filter(None, (phase_id(match[1], folder.id) for match in matches if match)))


def resolve(folder: Folder, files: list[UnitFile]) -> tuple[tuple[Unit, ...], list[Diagnostic]]:
    """The units in order with their dependencies: a missing key means the phase before, `[]` means free.

    Dependencies that dangle or close a loop are reported and left out.
    """
    ordered = sorted(files, key=lambda f: (f.unit.order, f.unit.id.rpartition("-")[2].zfill(6)))
    notes, edges = Notes(folder.name), dict[str, list[str]]()
    known = {f.unit.id for f in ordered}
    for before, file in zip([None, *ordered], ordered, strict=False):
        given = file.after if file.after is not None else (before.unit.id,) if before else ()
        edges[file.unit.id] = [id_ for id_ in given if id_ in known]
        _note_dangling(notes, file, [id_ for id_ in given if id_ not in known])
    left, loops = cut_loops(edges)
    by_id = {f.unit.id: f for f in ordered}
    for loop in loops:
        _note_loop(notes, by_id[loop[-2]], loop)
    _note_orders(notes, ordered)
    return tuple(replace(f.unit, depends_on=tuple(left[f.unit.id])) for f in ordered), notes.found


def _note_dangling(notes: Notes, file: UnitFile, missing: list[str]) -> None:
    notes.file = file.unit.path
    for id_ in missing:
        other = not id_.startswith(file.unit.group + "/")
        hint = "between milestones, use the row Depends-On of milestone.md" if other else "name a phase that exists"
        what = f"depends on {id_}, which is not a phase of this milestone"
        notes.error("dangling-dependency", what, hint, file.places.get("depends_on", (1, 1)))


def _note_loop(notes: Notes, file: UnitFile, loop: list[str]) -> None:
    notes.file = file.unit.path
    shown = " → ".join(id_.partition("/")[2] for id_ in loop)
    at = file.places.get("depends_on", (1, 1))
    notes.error("dependency-loop", f"phases wait for each other: {shown}", "remove one dependency", at)


def _note_orders(notes: Notes, files: list[UnitFile]) -> None:
    seen: dict[int, str] = {}
    for file in files:
        if file.unit.order in seen:
            notes.file = file.unit.path
            what = f"order {file.unit.order} is also that of {seen[file.unit.order]}"
            notes.warning("duplicate-order", what, "give each phase its own", file.places.get("order", (1, 1)))
        seen.setdefault(file.unit.order, file.unit.id)


def guessed_type(title: str) -> CommitType:
    """The type of commit that a unit's title announces by its first word; `feat` when it announces none."""
    first = re.match(r"[a-z]+", title.casefold())
    return _TYPE_OF.get(first[0], CommitType.FEAT) if first else CommitType.FEAT


class _Reader:
    """Turns front matter into a unit's fields, noting what is wrong on the way."""

    def __init__(self, name: str, items: dict[str, Item], group: str) -> None:
        self.notes, self.items, self.group = Notes(name), items, group
        for key, item in items.items():
            if key not in KEYS:
                self._unknown(key, (item.key_line, item.key_column))

    def _unknown(self, key: str, at: tuple[int, int]) -> None:
        if key in RETIRED:
            self.notes.info("retired-key", f"`{key}` has no effect any more", "remove it", at)
        elif meant := nearest(key.replace("-", "_"), KEYS):
            self.notes.error("unknown-key", f"`{key[:60]}` is not a key", f"did you mean `{meant}`?", at)
        else:
            hint = f"known: {', '.join(KEYS)}"
            self.notes.warning("unknown-key", f"`{key[:60]}` is not a key and is not read", hint, at)

    def unit(self, unit: Unit, config: Config) -> Unit:
        return replace(
            unit,
            order=self._order(unit.order),
            complexity=self._word("complexity", Complexity) or config.pipeline.default_complexity,
            skills=tuple(self._texts("skills")),
            done=self._word("status", UnitStatus) is UnitStatus.DONE,
        )

    def commit_type(self, title: str) -> str:
        return (self._word("type", CommitType) or guessed_type(title)).value

    def after(self) -> tuple[str, ...] | None:
        """The ids in `depends_on`; None when the key is missing or empty, `()` for `[]`."""
        item = self.items.get("depends_on")
        if item is None or item.value is None:
            return None
        return tuple(dict.fromkeys(filter(None, (self._ref(text, item) for text in self._texts("depends_on")))))

    def _ref(self, text: str, item: Item) -> str | None:
        id_ = phase_id(text, self.group) if ".." not in text else None
        if id_ is None:
            hint = "write `phase-1`, `1` or `M1/phase-1`"
            self.notes.error("bad-id", f"`{text[:60]}` is not a phase", hint, (item.line, item.column))
        return id_

    def _order(self, default: int) -> int:
        item = self.items.get("order")
        if item is None or item.value is None:
            return default
        if isinstance(item.value, int) and not isinstance(item.value, bool) and 0 <= item.value < _ORDERS:
            return item.value
        hint = "write 1 for the phase that comes first, 2 for the next"
        what = f"`order` must be a whole number below {_ORDERS}, and not negative"
        self.notes.error("bad-type", what, hint, (item.line, item.column))
        return default

    def _word(self, key: str, kind: type[Word]) -> Word | None:
        item = self.items.get(key)
        if item is None or item.value is None or item.value == "":
            return None
        found = word(kind, str(item.value)) if isinstance(item.value, str) else None
        if found is None:
            hint = did_you_mean(str(item.plain()), [w.value for w in kind])
            what = f"`{key}` cannot be `{str(item.plain())[:60]}`"
            self.notes.error("bad-enum", what, hint, (item.line, item.column))
        return found

    def _texts(self, key: str) -> list[str]:
        item = self.items.get(key)
        value = item.plain() if item else None
        if value is None:
            return []
        if isinstance(value, str):
            return listed(value)
        entries = value if isinstance(value, list) else [value]
        good = [str(v) for v in entries if isinstance(v, str | int) and not isinstance(v, bool)]
        if item and len(good) < len(entries):
            hint = f"write `{key}: [one, two]`, or `[]` for none"
            self.notes.error("bad-type", f"`{key}` must be a list of names", hint, (item.line, item.column))
        return good
