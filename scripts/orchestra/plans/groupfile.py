"""milestone.md: its title and the fields of its table."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from ..config import Config
from ..core.model import Group
from ..core.words import GatePolicy, GroupStatus, Pipeline, Priority
from . import source
from .diagnostics import Diagnostic, did_you_mean, nearest, printable
from .edit import FIELDS, FieldSpan, all_fields, fields
from .folders import Folder
from .markdown import Document, parse
from .notes import Notes
from .values import group_id, is_nothing, listed, locked_since, pipeline, timestamp, word

_TITLE = re.compile(r"(?:milestone\s*:?\s*)?(?P<id>[Mm]\d{1,6})?\s*(?:[—–:-]+\s*)?(?P<name>.*)\Z", re.IGNORECASE)


# Clocks of good machines differ by less (seconds).
_SKEW_S = 300.0


@dataclass(frozen=True)
class GroupFile:
    """A milestone without its phases. `readable` says whether there was a milestone.md to read, and `waits_at` where
    it names the milestones that it waits for."""

    group: Group
    found: list[Diagnostic]
    name: str
    readable: bool
    document: Document
    waits_at: tuple[int, int] = (1, 1)


def read_group_file(root: Path, folder: Folder, config: Config) -> GroupFile:
    """Reads the milestone.md of `folder`; what cannot be read leaves a milestone that is still being planned."""
    name = f"{folder.name}/milestone.md"
    text, found = source.read(folder.path / "milestone.md", root)
    if text is None:
        group = _Reader(name, [], folder).group("", config, planning=True)
        return GroupFile(group, found, name, False, parse(""))
    document, reader = parse(text.text), _Reader(name, fields(text.text), folder)
    group = reader.group(_title(document, reader), config)
    reader.unknown_fields(all_fields(text.text))
    return GroupFile(group, reader.notes.found, name, True, document, reader.at(reader.spans.get("depends-on")))


def _title(document: Document, reader: _Reader) -> str:
    heading = next((h for h in document.headings if h.level == 1), None)
    match = _TITLE.match(heading.title) if heading else None
    if not heading or not match:
        return ""
    if match["id"] and group_id(match["id"]) != reader.folder.id:
        hint = f"write `# Milestone: {reader.folder.id} — …`"
        what = f"the title says {match['id']}, the folder {reader.folder.id}"
        reader.notes.warning("id-mismatch", what, hint, (heading.line + 1, 1))
    return printable(match["name"].strip())


class _Reader:
    """Turns fields into a group, noting what is wrong on the way."""

    def __init__(self, name: str, spans: list[FieldSpan], folder: Folder) -> None:
        self.notes, self.folder = Notes(name), folder
        self.spans: dict[str, FieldSpan] = {}
        for span in spans:
            if span.key in self.spans:
                what = f"`{span.key}` is given twice; the first one counts"
                self.notes.warning("duplicate-key", what, "remove one", self.at(span))
            self.spans.setdefault(span.key, span)

    def at(self, span: FieldSpan | None) -> tuple[int, int]:
        return (span.line + 1, span.start + 1) if span else (1, 1)

    def text(self, key: str) -> str:
        span = self.spans.get(key)
        return "" if span is None or is_nothing(span.value) else span.value.strip()

    def group(self, title: str, config: Config, *, planning: bool = False) -> Group:
        chosen = self.pipeline(config)
        lock = self.text("locked-by")
        reviews = 0 if chosen is Pipeline.QUICK or config.pipeline.review is GatePolicy.SKIP else 1
        self.priority()
        return Group(
            id=self.folder.id,
            title=title or _from_slug(self.folder.slug),
            order=self.folder.number,
            depends_on=self.depends_on(),
            status=GroupStatus.PLANNING if planning else self.status(),
            pipeline=chosen,
            design=chosen is Pipeline.FULL,
            reviews=reviews,
            path=self.folder.name,
            slug=self.folder.slug,
            foreign_lock=lock,
            foreign_lock_at=self.lock_time(lock),
        )

    def status(self) -> GroupStatus:
        text = self.text("status")
        if not text:
            what = "there is no Status, so the milestone counts as still being planned"
            self.notes.warning("missing-field", what, "add the row `| Status | planning |`")
            return GroupStatus.PLANNING
        found = word(GroupStatus, text)
        if found is None:
            hint = did_you_mean(text, [w.value for w in GroupStatus])
            self.notes.error("bad-enum", f"Status cannot be `{text[:60]}`", hint, self.at(self.spans["status"]))
        return found or GroupStatus.PLANNING

    def pipeline(self, config: Config) -> Pipeline:
        default, text = config.pipeline.default_pipeline, self.text("complexity")
        if not text:
            return default
        at, found = self.at(self.spans["complexity"]), pipeline(text)
        if found is None:
            hint = did_you_mean(text, [w.value for w in Pipeline])
            self.notes.error("bad-enum", f"Complexity cannot be `{text[:60]}`", hint, at)
        elif word(Pipeline, text) is None:
            what = f"`{text}` is a phase's word; pipeline `{found}` is used for the milestone"
            self.notes.warning("ambiguous-complexity", what, f"write `{found}`", at)
        return found or default

    def priority(self) -> None:
        text = self.text("priority")
        if text and word(Priority, text.split()[0]) is None:
            hint = did_you_mean(text, [w.value for w in Priority])
            at = self.at(self.spans["priority"])
            self.notes.warning("bad-enum", f"Priority `{text[:60]}` is not known", hint, at)

    def depends_on(self) -> tuple[str, ...]:
        span, result = self.spans.get("depends-on"), list[str]()
        for part in listed(self.text("depends-on")):
            id_ = group_id(part)
            if id_ is None:
                hint = "write ids, as in `M1, M2`"
                self.notes.error("bad-id", f"`{part[:60]}` is not a milestone", hint, self.at(span))
            elif id_ not in result:
                result.append(id_)
        return tuple(result)

    def lock_time(self, lock: str) -> float:
        when, now, what = timestamp(lock), time.time(), ""
        if lock and when is None:
            what = "Locked-By holds no time, so its age is not known"
        elif when is not None and when > now + _SKEW_S:
            what = "Locked-By is in the future, so its age counts from when the file was last changed"
        if what:
            hint = "remove it when nobody works on the milestone"
            self.notes.warning("lock-timestamp", what, hint, self.at(self.spans["locked-by"]))
        return locked_since(when, self.folder.path / "milestone.md", now)

    def unknown_fields(self, spans: list[FieldSpan]) -> None:
        for span in spans:
            meant = nearest(span.key, FIELDS) if span.key not in FIELDS and span.row else ""
            if meant and meant not in self.spans:
                hint = f"did you mean `{meant}`?"
                self.notes.error("unknown-key", f"`{span.key}` is not a field", hint, self.at(span))


def _from_slug(slug: str) -> str:
    words = slug.partition("-")[2].replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else slug
