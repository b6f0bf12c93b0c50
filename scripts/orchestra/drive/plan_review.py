"""The review of a plan before anybody builds it: what its reviewer is told, and what the findings come to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.events import EventType
from ..core.findings import merge, verdict
from ..core.model import Event, Finding, Group
from ..core.words import FindingStatus, GroupStatus, Role, Severity, Verdict
from ..errors import Exit, UserError, bad_input, usage
from ..plans.diagnostics import ERROR, Diagnostic
from ..plans.folders import Folder, find_group
from ..project import Project
from ..views.record import one_line

if TYPE_CHECKING:
    from ..plans.milestones import ReadResult
    from ..state.store import Store

# A milestone that did not end well may be planned again; one that is done, when somebody has added a phase to it.
_PLANNABLE = frozenset(
    {GroupStatus.PLANNING, GroupStatus.READY, GroupStatus.FAILED, GroupStatus.BLOCKED, GroupStatus.NEEDS_HUMAN}
)
_GOOD = frozenset({Verdict.APPROVED, Verdict.APPROVED_WITH_COMMENTS})
_TICKET = re.compile(rf"(M\d{{1,6}})\.{Role.PLAN_REVIEWER.value}\Z", re.IGNORECASE)
_PARTS = ("prd.md", "milestone.md", "grooming.md", "rfc.md")
_SHOWN = 3


@dataclass(frozen=True)
class Answer:
    """What the reporting agent is told. `ok` says that the review was recorded; `data` is the same for programs."""

    text: str
    ok: bool
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanReviews:
    """What is on record about one plan since it was last readied or decided by a person.

    `rounds` are the data of its reviewers' `plan-reviewed` events; `newest` is the data of the newest such event
    of anybody, however old; `briefed` the digest of the plan that the reviewer was last shown.
    """

    rounds: tuple[Mapping[str, Any], ...] = ()
    newest: Mapping[str, Any] = field(default_factory=dict)
    briefed: str = ""

    def approves(self, digest: str) -> bool:
        """Whether the newest review is about exactly this plan and found it good. A person's word is an approval."""
        word = self.newest.get("verdict", Verdict.APPROVED)
        return self.newest.get("digest") == digest and word in _GOOD

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the last round's findings have come to."""
        return tuple(_findings(self.rounds[-1])) if self.rounds else ()

    @property
    def open(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.status is FindingStatus.OPEN)


def is_plan_ticket(ticket: str) -> bool:
    """Whether `ticket` is that of a plan's reviewer, such as `M3.plan-reviewer`."""
    return bool(_TICKET.match(ticket))


def obstacles(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What keeps a plan from being reviewed and readied: errors, and places that are still to be written."""
    return [d for d in found if d.severity is ERROR or d.code == "placeholder"]


def refuse_status(group: Group) -> None:
    """Raises UserError when a run has the milestone, or is through with it."""
    extended = group.status is GroupStatus.DONE and not all(unit.done for unit in group.units)
    if group.status not in _PLANNABLE and not extended:
        raise UserError(f"{group.id} is {group.status}, which only a run changes", hint="`orchestra status` says more")


def reviews_of(store: Store, group: str) -> PlanReviews:
    """What the state knows about reviews of a group's plan."""
    sql = "SELECT type, data FROM events WHERE group_id = ? AND type IN (?, ?, ?) ORDER BY seq"
    types = (EventType.PLAN_REVIEWED.value, EventType.GROUP_READIED.value, EventType.NOTE.value)
    rounds: list[Mapping[str, Any]] = []
    newest: Mapping[str, Any] = {}
    briefed = ""
    for type_, text in store.query(sql, group, *types):
        data = json.loads(text)
        if type_ == EventType.NOTE:
            briefed = str(data.get("plan") or "") or briefed
        elif type_ == EventType.PLAN_REVIEWED:
            newest = data
            rounds = [*rounds, data] if "verdict" in data else []
        else:
            rounds = []
    return PlanReviews(tuple(rounds), newest, briefed)


def brief_text(project: Project, ticket: str) -> str:
    """The reviewer's brief; the state remembers which words of the plan it was about.

    Raises UserError when the plan has errors (65), was found good as it stands, has not changed since changes were
    asked for, or has had its rounds (2).
    """
    from ..config import load
    from ..plans import digest, milestones
    from ..state.store import Store

    settings = load(project.config_path)
    folder = find_group(project.root, _group_of(ticket))
    found = milestones.read(project.root, settings)
    group = next(g for g in found.plan.groups if g.id == folder.id)
    refuse_status(group)
    _refuse_obstacles(group, obstacles(found.about(group.id)))
    most = settings.thresholds.review_rounds
    now = digest.of(project.root, folder)
    with Store.open(project.state_path) as store:
        known = reviews_of(store, group.id)
        _refuse_round(group.id, known, now, most)
        data = {"text": f"round {len(known.rounds) + 1} of the review of the plan begins", "plan": now}
        store.append([Event(EventType.NOTE, group=group.id, data=data)])
    return _render(project, folder, group, found, known, most)


def report(project: Project, ticket: str, findings: Sequence[Mapping[str, Any]] | None, notes: str) -> Answer:
    """Record a review of the plan that the brief was about, with the verdict that code draws from its findings.

    Nothing is recorded, and the answer is not ok, when the plan has changed since the brief.
    Raises UserError when there was no brief, when this plan was reviewed already, or without findings.
    """
    from ..config import load
    from ..plans import digest
    from ..state.store import Store

    if findings is None:
        raise usage("A review is reported by its findings.", "Use --findings - and pass [] when there are none.")
    folder = find_group(project.root, _group_of(ticket))
    most = load(project.config_path).thresholds.review_rounds
    now = digest.of(project.root, folder)
    with Store.open(project.state_path) as store, store.db.writing():
        known = reviews_of(store, folder.id)
        if stale := _stale(folder.id, known, now):
            return stale
        _refuse_round(folder.id, known, now, most)
        data = _reviewed(folder.id, known, findings, now, notes)
        store.write([Event(EventType.PLAN_REVIEWED, group=folder.id, data=data)])
    return _answer(folder.id, data, most)


def _group_of(ticket: str) -> str:
    match = _TICKET.match(ticket)
    if match is None:
        raise usage(f"{ticket[:80]!r} is not the ticket of a plan's reviewer", "as in M3.plan-reviewer")
    return match[1]


def _refuse_obstacles(group: Group, wrong: Sequence[Diagnostic]) -> None:
    if wrong:
        raise bad_input("\n".join(d.to_text() for d in wrong), f"mend these first; `orchestra validate {group.id}`")


def _refuse_round(group: str, known: PlanReviews, now: str, most: int) -> None:
    """One review for each state of the plan, and so many rounds: nobody shops for a reviewer who likes it."""
    if known.approves(now):
        raise UserError(
            f"the plan of {group} was found good as it stands", hint=f"go on with `orchestra ready {group}`"
        )
    if len(known.rounds) >= most:
        raise UserError(_used_up(group, most), hint=_PERSON.format(group=group), code=Exit.NEEDS_PERSON)
    if known.rounds and known.newest.get("digest") == now:
        hint = f"mend its findings first; `orchestra ready {group}` lists them"
        raise UserError(f"the plan of {group} is as it was when round {len(known.rounds)} asked for changes", hint=hint)


_PERSON = "a person reads it and runs `orchestra ready {group} --reviewed-by NAME`"


def _used_up(group: str, most: int) -> str:
    return f"{most} rounds of review did not settle the plan of {group}"


def _stale(group: str, known: PlanReviews, now: str) -> Answer | None:
    ticket = f"{group}.{Role.PLAN_REVIEWER.value}"
    if not known.briefed:
        raise usage(f"nobody was briefed to review the plan of {group}", f"run `orchestra brief {ticket}` first")
    if known.briefed == now:
        return None
    text = (
        f"rejected: the plan of {group} has changed since your brief, so this review does not count.\n"
        f'Run "orchestra brief {ticket}" again, look at what is there now, and report again.'
    )
    return Answer(text, False, {"verdict": None, "round": len(known.rounds)})


def _reviewed(
    group: str, known: PlanReviews, findings: Sequence[Mapping[str, Any]], now: str, notes: str
) -> dict[str, Any]:
    from ..core.codec import encode

    round_ = len(known.rounds) + 1
    # A plan is small: each round looks at all of it, and so every file may have new findings.
    files = {str(entry.get("file") or "") for entry in findings}
    ids = [finding.id for finding in known.open]
    merged = merge(known.findings, findings, group=group, round=round_, scope_ids=ids, fix_files=files)
    return {
        "digest": now,
        "reviewer": Role.PLAN_REVIEWER.value,
        "round": round_,
        "verdict": verdict(merged).value,
        "findings": [encode(finding) for finding in merged],
        "notes": notes[:2000],
    }


def _findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    from ..core.codec import decode

    return (decode(Finding, entry) for entry in data.get("findings") or ())


def _answer(group: str, data: Mapping[str, Any], most: int) -> Answer:
    open_ = [f for f in _findings(data) if f.status is FindingStatus.OPEN]
    word, round_ = data["verdict"], data["round"]
    shown = {"verdict": word, "round": round_, "open": [f.id for f in open_]}
    head = f"accepted: {word}, round {round_} of {most}, {len(open_)} open."
    return Answer("\n".join([head, _then(group, word, round_ >= most)]), True, shown)


def _then(group: str, word: str, last: bool) -> str:
    if word in _GOOD:
        return f"Say so to whoever started you; then: orchestra ready {group}"
    if last:
        return f"Say that {_PERSON.format(group=group)}."
    return (
        f"Say so to whoever started you; `orchestra ready {group}` lists what has to be mended before the next round."
    )


def to_mend(known: PlanReviews, most: int, group: str) -> str:
    """What `ready` says of a plan that its reviewers did not approve; empty when no reviewer asked for changes."""
    from ..review import lines

    if not known.rounds or known.rounds[-1].get("verdict") in _GOOD:
        return ""
    head = f"round {len(known.rounds)} of {most} asked for changes to the plan of {group}:"
    return "\n".join([head, *(f"  {line}" for line in lines(known.open))])


# The brief


def _render(project: Project, folder: Folder, group: Group, found: ReadResult, known: PlanReviews, most: int) -> str:
    from ..plans import templates

    text = templates.render(
        "briefs/plan-reviewer.md.j2",
        ticket=f"{group.id}.{Role.PLAN_REVIEWER.value}",
        group=group.id,
        title=one_line(group.title, 120),
        round=len(known.rounds) + 1,
        rounds=most,
        root=str(project.root),
        folder=str(folder.path),
        files=_files(folder, group),
        points=list(points(found.about(group.id))),
        findings=[_shown(finding) for finding in known.open],
        severities=[str(word) for word in Severity],
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _files(folder: Folder, group: Group) -> list[str]:
    """The plan's files, relative to its folder."""
    phases = [unit.path.removeprefix(f"{folder.name}/") for unit in group.units]
    return [name for name in _PARTS if (folder.path / name).is_file()] + phases


def points(found: Sequence[Diagnostic]) -> Iterator[tuple[str, str]]:
    """The points of a plan review, each with what code found: `yes`, remarks, or empty where a reader has to judge."""
    from ..plans.lint import REVIEW_POINTS

    for point, codes in REVIEW_POINTS:
        about = [d for d in found if d.code in codes and _is_about(d, point)]
        yield point, _remarks(about) if about else "yes" if codes else ""


def _is_about(diagnostic: Diagnostic, point: str) -> bool:
    """Several points share a code: the section, or the place, tells them apart."""
    if diagnostic.code == "missing-section":
        named = re.search(r"## ([\w ]+)`", diagnostic.message)
        return named is not None and named[1].casefold() in point.casefold()
    if diagnostic.code == "bad-enum":
        phase = "/phases/" in diagnostic.file
        return "complexity" in diagnostic.message.casefold() and phase == point.startswith("every phase")
    return True


def _remarks(about: Sequence[Diagnostic]) -> str:
    shown = [f"{d.file.partition('/phases/')[2] or d.file.rpartition('/')[2]}:{d.line}: {d.message}" for d in about]
    more = f" (and {len(about) - _SHOWN} more: `orchestra validate`)" if len(about) > _SHOWN else ""
    return one_line("; ".join(shown[:_SHOWN]), 400) + more


def _shown(finding: Finding) -> str:
    place = f" {finding.file}" + (f":{finding.line}" if finding.line else "") if finding.file else ""
    return one_line(f"{finding.id} {finding.severity}{place}: {finding.title}", 240)
