"""What several reviewers of one unit say, made into one list of findings by rules that read no meaning. Pure.

Two entries are one finding when they name the same file and the same title, and lie within five lines of each other.
The highest severity counts; who said what stays with the finding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .findings import SERIOUS, SEVERITIES, finding_id, read_entry, settle_findings
from .model import Finding, Report, UnitState
from .words import FindingStatus

NEAR_LINES = 5
_DETAIL_LIMIT = 4000
NOTHING = "nothing"

# What one reviewer says of one place.
Said = tuple[str, Finding]


def consolidate(before: Sequence[Finding], unit: UnitState, reports: Sequence[Report]) -> list[Finding]:
    """The unit's findings after a round: the earlier ones first, then the new ones.

    The first round takes everything. A later one looks only at what the fix had to mend and at the files of the
    fix's own diff (`findings.merge` has the rules).
    """
    known = {finding.id: finding for finding in before}
    said = [(_name(report), finding) for report in reports for finding in _read(unit, report.findings, known)]
    names = [_name(report) for report in reports]
    found = [_one(places, names) for places in _places(said, known, unit.id)]
    files = {file for report in reports for file in report.files}
    return settle_findings(before, found, round=unit.review_round + 1, scope_ids=_asked(before), fix_files=files)


def _asked(before: Iterable[Finding]) -> Collection[str]:
    return {finding.id for finding in before if finding.status is FindingStatus.OPEN and finding.severity in SERIOUS}


def _name(report: Report) -> str:
    number = report.ticket.rpartition(".")[2]
    return f"{number} ({report.backend})" if report.backend else number


def _read(unit: UnitState, entries: Iterable[Mapping[str, Any]], known: Mapping[str, Finding]) -> list[Finding]:
    found = (read_entry(unit.plan.group, entry, known, unit.review_round + 1) for entry in entries)
    return [replace(finding, unit=unit.id) for finding in found]


def _places(said: Sequence[Said], known: Mapping[str, Finding], unit: str) -> list[list[Said]]:
    """What is said of one place, together and under one id; in the order in which it was first said."""
    places: dict[str, list[Said]] = {}
    named = [one for one in said if one[1].id in known]
    for name, finding in named:
        places.setdefault(finding.id, []).append((name, finding))
    alike: dict[str, list[Said]] = {}
    for name, finding in said:
        if finding.id not in known:
            alike.setdefault(finding_id(unit, finding.file, finding.title), []).append((name, finding))
    for id_, all_ in alike.items():
        for number, near in enumerate(_near(all_)):
            place = id_ if number == 0 else finding_id(unit, near[0][1].file, f"{near[0][1].title} #{number + 1}")
            places.setdefault(place, []).extend((name, replace(finding, id=place)) for name, finding in near)
    return list(places.values())


def _near(said: Sequence[Said]) -> list[list[Said]]:
    """The same thing at one place, apart from the same thing far away in that file. No line is the first place."""
    groups: list[list[Said]] = []
    for one in sorted(said, key=lambda one: one[1].line):
        start = next((finding.line for _, finding in groups[-1] if finding.line), 0) if groups else 0
        if groups and (not start or one[1].line - start <= NEAR_LINES):
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _one(said: Sequence[Said], names: Sequence[str]) -> Finding:
    """One finding of all that was said of it: the highest severity, everybody's details, who said nothing."""
    worst = max((finding for _, finding in said), key=lambda finding: SEVERITIES[finding.severity])
    if len(names) < 2:
        return worst
    mildest_first = sorted(said, key=lambda one: SEVERITIES[one[1].severity])
    words = dict.fromkeys(names, NOTHING) | {name: str(finding.severity) for name, finding in mildest_first}
    details = dict.fromkeys(finding.detail for _, finding in said if finding.detail)
    told = tuple(f"{name}: {words[name]}" for name in names)
    return replace(worst, detail="\n\n".join(details)[:_DETAIL_LIMIT], said=told)
