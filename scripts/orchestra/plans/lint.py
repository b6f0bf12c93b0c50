"""What makes a plan weak although it can be read. The peer's plan review, as far as code can judge it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path

from ..config import Config
from ..core import paths
from ..core.model import Group
from ..core.words import Complexity, GroupStatus, Pipeline, Switch
from . import phase, source
from .diagnostics import Diagnostic, did_you_mean
from .graph import ancestors
from .groupfile import GroupFile
from .markdown import Document, Section, parse
from .notes import Notes
from .scope import NO_PATH
from .skills import known_skills, skill_path
from .unitfile import UnitFile

# The twelve points of the peer's plan review and the codes that decide them; an empty row is a matter of judgement.
REVIEW_POINTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("every phase has a complexity", ("default-complexity", "bad-enum")),
    ("the skills fit the work", ()),
    ("the Scope names exact paths", ("missing-section", "vague-scope", "bad-scope")),
    ("the acceptance criteria can be tested", ("missing-section", "uncheckable-criterion")),
    ("the milestone has a Complexity", ("default-pipeline", "bad-enum", "ambiguous-complexity")),
    ("order and depends_on are right", ("dangling-dependency", "dependency-loop", "duplicate-order")),
    ("no two phases share a scope", ("scope-overlap",)),
    ("the PRD says why", ("missing-prd", "prd-without-why")),
    ("each phase has its Context", ("missing-section",)),
    ("the Technical Decisions are made", ("missing-section", "unresolved-choice")),
    ("each phase has its References", ("missing-section",)),
    ("two Constraints or more", ("few-constraints",)),
)

_HARD = frozenset({Complexity.STANDARD, Complexity.COMPLEX})
_UNDECIDED = re.compile(
    r"\b(?:TBD|TBC|to be (?:decided|determined)|decide later|not decided|undecided)\b|\?\s*\Z", re.IGNORECASE
)
_OR = re.compile(
    r"\S\s+or\s+(?!(?:more|less|fewer|later|newer|older|higher|lower|above|below|equal|not|so|else)\b)\S", re.IGNORECASE
)
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|whether|unless|without|no|not|never|neither|any|cannot|must|reject\w*)\b", re.IGNORECASE
)
_ASIDE = re.compile(r"\([^)]*\)")
_NAME = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”")
_VAGUE = re.compile(
    r"\b(?:works? (?:well|fine|correctly|properly|as expected)|as expected|properly|correctly|nice(?:ly)?|good|"
    r"clean(?:ly)?|user[- ]friendly|intuitive|robust|appropriate(?:ly)?|reasonabl[ey]|fast|quick(?:ly)?|"
    r"better|improved?|etc)\b",
    re.IGNORECASE,
)
_CHECKABLE = re.compile(
    r"`|\d|\b(?:returns?|rejects?|fails?|passes|raises?|shows?|prints?|contains?|equals?)\b", re.IGNORECASE
)
_WHY = re.compile(
    r"\b(?:why|problem|motivation|background|goal|purpose|because|so that|need|rationale)\b", re.IGNORECASE
)
_TODO = re.compile(r"\bTODO:")


def group(root: Path, group: Group, head: GroupFile, files: list[UnitFile], config: Config) -> list[Diagnostic]:
    """Everything that is weak in one milestone. What is done is not judged any more."""
    if group.status is GroupStatus.DONE:
        return []
    planning = group.status is GroupStatus.PLANNING
    found = _milestone(root, group, head, files, planning)
    open_ones = [f for f in files if not f.unit.done and f.readable]
    for file in open_ones:
        found += _phase(root, file, planning)
    return found + _overlaps(group, open_ones, config)


def _milestone(root: Path, group: Group, head: GroupFile, files: list[UnitFile], planning: bool) -> list[Diagnostic]:
    notes = Notes(head.name)
    if head.readable and not files:
        say = notes.warning if planning else notes.error
        say("no-phases", f"{group.id} has no phases", "write phases/phase-1.md")
    if head.readable and not _has_complexity(head):
        what = f"there is no Complexity; the default pipeline `{group.pipeline}` is used"
        notes.info("default-pipeline", what, f"add the row `| Complexity | {group.pipeline} |`")
    _criteria(notes, head.document)
    _placeholders(notes, head.document, planning)
    return notes.found + _prd(root, group, planning)


def _has_complexity(head: GroupFile) -> bool:
    return any("complexity" in line.casefold() for line in head.document.lines)


def _prd(root: Path, group: Group, planning: bool) -> list[Diagnostic]:
    name = f"{group.path}/prd.md"
    notes = Notes(name)
    text, found = source.read(root / name, root)
    if text is None:
        if any(d.code != "missing-file" for d in found):
            return found
        if group.pipeline is not Pipeline.QUICK:
            notes.warning("missing-prd", "there is no prd.md", "write why the milestone is wanted, and for whom")
        return notes.found
    document = parse(text.text)
    if not _WHY.search(text.text):
        notes.warning("prd-without-why", "the PRD does not say why", "name the problem it solves")
    _placeholders(notes, document, planning)
    return notes.found


def _phase(root: Path, file: UnitFile, planning: bool) -> list[Diagnostic]:
    notes, document = Notes(file.unit.path), file.document
    _skills(notes, root, file)
    _sections(notes, file)
    _scope(notes, file)
    _decisions(notes, document)
    _criteria(notes, document)
    _constraints(notes, file)
    _placeholders(notes, document, planning)
    if "complexity" not in file.keys:
        what = f"there is no complexity; the default `{file.unit.complexity}` is used"
        notes.info("default-complexity", what, f"add `complexity: {file.unit.complexity}`")
    return notes.found


def _skills(notes: Notes, root: Path, file: UnitFile) -> None:
    for name in file.unit.skills:
        if skill_path(root, name) is None:
            hint = f"{did_you_mean(name, known_skills(root))}; or write .orchestra/skills/<name>/SKILL.md"
            at = file.places.get("skills", (1, 1))
            notes.warning("unknown-skill", f"there is no skill `{name[:60]}`", hint, at)


def _sections(notes: Notes, file: UnitFile) -> None:
    """Without an objective, a scope and criteria nobody can carry a phase out; the rest is advice."""
    hard = file.unit.complexity in _HARD
    for name in phase.SECTIONS:
        section = file.document.section(name)
        if section and _bare(section):
            _once(notes, file.document, name)
            continue
        at = (section.start + 1, 1) if section else _misspelt(file.document, name)
        what = f"the section `## {name}` is {'empty' if section else 'missing'}"
        if name in ("Objective", "Scope", "Acceptance Criteria"):
            hint = f"add `## {name}`" if at == (1, 1) or section else f"call this one `## {name}`, or add it"
            notes.error("missing-section", what, hint, at)
        elif name == "References":
            notes.info("missing-section", what, "name files that show how such things are done here", at)
        elif name != "Constraints" and hard:
            notes.warning("missing-section", what, f"add `## {name}`; only small phases do without", at)


def _once(notes: Notes, document: Document, name: str) -> None:
    """Only the first section of a name is read: what the second one says would be lost without a word."""
    again = [h for h in document.headings if h.level == 2 and h.title.casefold() == name.casefold()][1:]
    for heading in again:
        notes.warning(
            "duplicate-key", f"`## {name}` is there twice; the first one counts", "join the two", (heading.line + 1, 1)
        )


def _misspelt(document: Document, name: str) -> tuple[int, int]:
    """Where a section stands whose heading was probably meant for this one."""
    known = {other.casefold() for other in phase.SECTIONS}
    others = {h.title.casefold(): h.line for h in document.headings if h.level == 2 and h.title.casefold() not in known}
    found = get_close_matches(name.casefold(), others, n=1, cutoff=0.75)
    return (others[found[0]] + 1, 1) if found else (1, 1)


def _bare(section: Section) -> str:
    return re.sub(r"<!--.*?-->", "", section.text, flags=re.DOTALL).strip()


def _scope(notes: Notes, file: UnitFile) -> None:
    section, usable = file.document.section("Scope"), False
    for entry in file.scope:
        if not entry.problem:
            usable = True
        elif entry.problem == NO_PATH:
            if _TODO.search(entry.glob):
                continue
            hint = "write a path, as in `- src/auth/ (new)`"
            notes.warning("vague-scope", f"`{entry.glob[:60]}` names no path", hint, (entry.line, entry.column))
        else:
            at = (entry.line, entry.column)
            notes.error("bad-scope", f"`{entry.glob[:60]}` {entry.problem}", "write a path of this repository", at)
    if section and _bare(section) and not usable and all(e.problem == NO_PATH for e in file.scope):
        what = "the Scope names no path, so the phase may write anywhere"
        notes.warning("vague-scope", what, "write one path a bullet, as in `- src/auth/ (new)`", (section.start + 1, 1))


def _decisions(notes: Notes, document: Document) -> None:
    section = document.section("Technical Decisions")
    for number, line in _prose(document, section):
        # What is quoted is a name, whatever words it holds; two of them with an "or" between are a choice.
        text = _ASIDE.sub("", _NAME.sub("name", line))
        either = _OR.search(text)
        if _UNDECIDED.search(text) or (either and not _CONDITION.search(text[: either.start() + 1])):
            hint = "decide it here; an agent would have to guess"
            notes.warning("unresolved-choice", f"`{line.strip()[:80]}` leaves a choice open", hint, (number, 1))


def _prose(document: Document, section: Section | None) -> list[tuple[int, str]]:
    if section is None:
        return []
    lines = enumerate(section.lines, section.start + 2)
    return [(n, line) for n, line in lines if line.strip() and n - 1 not in document.hidden]


def _criteria(notes: Notes, document: Document) -> None:
    seen: dict[str, int] = {}
    for criterion in phase.criteria(document):
        at = (criterion.line, 1)
        if criterion.id in seen:
            what = f"{criterion.id} is also the criterion in line {seen[criterion.id]}"
            notes.error("duplicate-id", what, "give each criterion its own id", at)
        seen.setdefault(criterion.id, criterion.line)
        vague = not criterion.text or (_VAGUE.search(criterion.text) and not _CHECKABLE.search(criterion.text))
        if vague and not criterion.check:
            hint = "say what can be observed, or add check: `command`"
            what = f"`{criterion.text[:60]}` cannot be checked" if criterion.text else "the criterion is empty"
            notes.warning("uncheckable-criterion", what, hint, at)


def _constraints(notes: Notes, file: UnitFile) -> None:
    section = file.document.section("Constraints")
    count = len([m for _, m in phase.items(section, file.document) if m["text"].strip()])
    if file.unit.complexity in _HARD and count < 2:
        at = (section.start + 1, 1) if section else (1, 1)
        what = f"a `{file.unit.complexity}` phase has {count} of at least 2 Constraints"
        notes.warning("few-constraints", what, "say what must not happen", at)


def _placeholders(notes: Notes, document: Document, planning: bool) -> None:
    say = notes.warning if planning else notes.error
    for number, line in enumerate(document.lines):
        match = _TODO.search(line) if number not in document.hidden else None
        if match:
            what = f"`{line.strip()[:80]}` is still to be written"
            say("placeholder", what, "replace it by your own words", (number + 1, match.start() + 1))


def _overlaps(group: Group, files: list[UnitFile], config: Config) -> list[Diagnostic]:
    """Two phases that nothing orders and that may write the same path: an error where they may run at once."""
    notes, waits = Notes(group.path), ancestors({u.id: u.depends_on for u in group.units})
    for a, b in _neighbours(files):
        one, two = a.unit, b.unit
        if one.id in waits[two.id] or two.id in waits[one.id]:
            continue
        shared = next((g for g in two.writes if paths.overlap([g], one.writes) and not g.startswith("!")), "")
        if shared and paths.overlap(one.writes, two.writes):
            _note_overlap(notes, a, b, shared, config.pipeline.parallel is Switch.ENABLED)
    return notes.found


def _neighbours(files: list[UnitFile]) -> list[tuple[UnitFile, UnitFile]]:
    """The pairs of phases with scopes that may meet, in plan order, without comparing each phase with each other.

    Two globs can only meet when the literal start of one begins the other's: sorted, those follow each other.
    """
    heads = sorted((paths.literal_head(g), n) for n, file in enumerate(files) for g in file.unit.writes if g[0] != "!")
    found, above = set[tuple[int, int]](), list[tuple[str, int]]()
    for head, n in heads:
        while above and not head.startswith(above[-1][0]):
            above.pop()
        found.update((min(n, other), max(n, other)) for _, other in above if other != n)
        above.append((head, n))
    return [(files[a], files[b]) for a, b in sorted(found)]


def _note_overlap(notes: Notes, one: UnitFile, two: UnitFile, shared: str, parallel: bool) -> None:
    notes.file = two.unit.path
    entry = next((e for e in two.scope if e.glob == shared), None)
    say = notes.error if parallel else notes.warning
    first = one.unit.id.partition("/")[2]
    what = f"`{shared}` is also in the scope of {first}, and nothing orders the two"
    at = (entry.line, entry.column) if entry else (1, 1)
    say("scope-overlap", what, f"add `depends_on: [{first}]`, or give each its own paths", at)
