"""Findings of a review: their lasting ids, what they come to, and what a later review does to them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .model import Finding, Unit, UnitState
from .words import FindingStatus, Severity, Verdict

SEVERITIES = {Severity.SUGGESTION: 0, Severity.IMPORTANT: 1, Severity.BLOCKING: 2}
# What asks for changes: suggestions stay as they are.
SERIOUS = frozenset({Severity.BLOCKING, Severity.IMPORTANT})
_LINES = re.compile(r"\b(?:at |on |in )?(?:lines?|ln\.?)[ #:]{0,3}\d+(?:[ ]?(?:-|–|to|and|,)[ ]?\d+)?")
_SUFFIX = re.compile(r"(?<=[a-z0-9_)]):\d+(?::\d+)?\b")
_LETTER_L = re.compile(r"\bl\d+(?:-l?\d+)?\b")
_TITLE_LIMIT = 300
_DETAIL_LIMIT = 4000


class BadFindings(ValueError):
    """The findings cannot be used; the text says what is wrong, for the agent that reported them."""


def finding_id(group: str, file: str, title: str) -> str:
    """A short id that stays the same when the same thing is found again.

    Case, white space and line numbers do not count, so neither a rewording of the layout nor code
    that moved makes another finding of it. `file` is relative to the repository.
    """
    key = "\0".join((group, _same_file(file), _same_title(title)))
    return "F-" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def verdict(findings: Iterable[Finding]) -> Verdict:
    """What the open findings come to.

    Blocking and important ones both ask for changes. (The older tool left "important only" without
    a verdict: its three verdicts named blocking and suggestion alone.) Fixed, parked and waived
    findings do not count.
    """
    severities = {finding.severity for finding in findings if finding.status is FindingStatus.OPEN}
    if severities & {Severity.BLOCKING, Severity.IMPORTANT}:
        return Verdict.CHANGES_REQUESTED
    return Verdict.APPROVED_WITH_COMMENTS if severities else Verdict.APPROVED


def problems(reported: object, known_ids: Collection[str] = ()) -> list[str]:
    """What is wrong with reported findings, one sentence each, for the agent; empty when they can be used.

    An entry that names one of `known_ids` may leave out the rest: it says that finding is still there.
    """
    if not isinstance(reported, list | tuple):
        return ["findings must be a JSON array of objects"]
    found = [text for index, entry in enumerate(reported) for text in _entry_problems(index, entry, known_ids)]
    return found[:20]


def merge(
    previous: Iterable[Finding],
    reported: Iterable[Mapping[str, Any]],
    *,
    group: str,
    round: int,
    scope_ids: Collection[str],
    fix_files: Collection[str],
) -> list[Finding]:
    """The group's findings after a review: the earlier ones first, then the new ones.

    Round 1 takes everything; what is reported twice keeps the highest severity. A later round looks
    only at `scope_ids` and at `fix_files` (the files of the fix's own diff): a scope id reported again
    stays open, one that is not is fixed, a new finding in the fix's diff is open and anything else
    is parked. What a person waived stays waived. Raises BadFindings for entries that cannot be used.
    """
    before = {finding.id: finding for finding in previous}
    entries = list(reported)
    wrong = problems(entries, before)
    if wrong:
        raise BadFindings("\n".join(wrong))
    again = _collect(group, entries, before, round).values()
    return settle_findings(before.values(), again, round=round, scope_ids=scope_ids, fix_files=fix_files)


def settle_findings(
    previous: Iterable[Finding],
    reported: Iterable[Finding],
    *,
    round: int,
    scope_ids: Collection[str],
    fix_files: Collection[str],
) -> list[Finding]:
    """The rules of `merge`, for what was reported as findings with their ids."""
    before = {finding.id: finding for finding in previous}
    again = {finding.id: finding for finding in reported}
    files = {_same_file(file) for file in fix_files}
    result = {id: _settled(old, again.get(id), round, scope_ids, files) for id, old in before.items()}
    for id, new in again.items():
        if id not in before:
            result[id] = new if round <= 1 or _same_file(new.file) in files else _with(new, FindingStatus.PARKED)
    return list(result.values())


def owner(finding: Finding, units: Iterable[Unit | UnitState]) -> str:
    """The id of the unit that should mend `finding`: the latest whose `writes` match its file, or "".

    A unit without a scope of its own may write anything, so it is taken only when no scope names the file.
    """
    from .paths import matches

    plans = [unit.plan if isinstance(unit, UnitState) else unit for unit in units]
    plans.sort(key=lambda unit: unit.order)
    file = _same_file(finding.file)
    named = [unit.id for unit in plans if file and unit.writes and matches(file, unit.writes)]
    free = [unit.id for unit in plans if file and not unit.writes]
    return (named or free or [""])[-1]


def _same_file(file: str) -> str:
    path = re.sub(r":\d+(?::\d+)?$", "", file.strip().replace("\\", "/"))
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return unicodedata.normalize("NFC", "/".join(parts))


def _same_title(title: str) -> str:
    text = " ".join(unicodedata.normalize("NFKC", title[:_TITLE_LIMIT]).casefold().split())
    for pattern in (_LINES, _SUFFIX, _LETTER_L):
        text = pattern.sub(" ", text)
    return " ".join(text.replace("()", " ").split()).strip(" .,;:!?-–")


def _entry_problems(index: int, entry: object, known: Collection[str]) -> list[str]:
    at = f"findings[{index}]"
    if not isinstance(entry, Mapping):
        return [f"{at} must be an object with severity, file, line, title and detail"]
    short = entry.get("id") in known if isinstance(entry.get("id"), str) else False
    found = [f"{at}.{key} must be text" for key in ("id", "file", "title", "detail") if not _texty(entry, key)]
    if not short and not str(entry.get("title") or "").strip():
        found.append(f"{at}.title is missing: say in one sentence what is wrong")
    return found + _severity_problem(at, entry, short) + _line_problem(at, entry)


def _severity_problem(at: str, entry: Mapping[str, Any], short: bool) -> list[str]:
    value = entry.get("severity")
    if value in list(Severity) or (short and value is None):
        return []
    words = ", ".join(Severity)
    return [f"{at}.severity is {_shown(value)}; use one of {words}"]


def _line_problem(at: str, entry: Mapping[str, Any]) -> list[str]:
    line = entry.get("line", 0)
    if line is None or (isinstance(line, int) and not isinstance(line, bool) and 0 <= line < 2**31):
        return []
    return [f"{at}.line must be a whole number, 0 when the finding has no line"]


def _texty(entry: Mapping[str, Any], key: str) -> bool:
    return entry.get(key) is None or isinstance(entry[key], str)


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]


def _collect(
    group: str, entries: Iterable[Mapping[str, Any]], before: Mapping[str, Finding], round: int
) -> dict[str, Finding]:
    collected: dict[str, Finding] = {}
    for entry in entries:
        new = read_entry(group, entry, before, round)
        kept = collected.get(new.id)
        if kept is None or SEVERITIES[new.severity] > SEVERITIES[kept.severity]:
            collected[new.id] = new
    return collected


def read_entry(group: str, entry: Mapping[str, Any], before: Mapping[str, Finding], round: int) -> Finding:
    """One entry of a report, which `problems` has found to be usable, as a finding."""
    named = before.get(entry.get("id") or "")
    title = _clean(entry.get("title") or "", _TITLE_LIMIT) or (named.title if named else "")
    file = _same_file(_clean(entry.get("file") or "", _TITLE_LIMIT)) or (named.file if named else "")
    severity = Severity(entry.get("severity") or (named.severity if named else Severity.SUGGESTION))
    detail = _clean(entry.get("detail") or "", _DETAIL_LIMIT, lines=True) or (named.detail if named else "")
    id = named.id if named else finding_id(group, file, title)
    line = entry.get("line") or (named.line if named else 0)
    return Finding(id, group, severity, title, file=file, line=line, detail=detail, round=round)


def _clean(text: str, limit: int, *, lines: bool = False) -> str:
    """Without control characters and lone surrogates: the text goes into a database, prompts and terminals."""
    kept = "".join(c if c.isprintable() or (lines and c == "\n") else " " for c in text[: limit * 2])
    return (kept.strip() if lines else " ".join(kept.split()))[:limit]


def _settled(
    old: Finding, again: Finding | None, round: int, scope_ids: Collection[str], files: Collection[str]
) -> Finding:
    if old.status is FindingStatus.WAIVED:
        return old
    if again is None:
        mended = round > 1 and old.id in scope_ids and old.status is FindingStatus.OPEN
        return _with(old, FindingStatus.FIXED) if mended else old
    if old.status is FindingStatus.OPEN or old.id in scope_ids:
        return replace(again, status=FindingStatus.OPEN, unit=old.unit, round=old.round)
    if round <= 1 or _same_file(again.file) in files:
        return replace(again, status=FindingStatus.OPEN, unit=old.unit)
    return replace(old, status=FindingStatus.PARKED)


def _with(finding: Finding, status: FindingStatus) -> Finding:
    return replace(finding, status=status)
