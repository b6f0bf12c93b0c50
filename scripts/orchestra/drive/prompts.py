"""Gathers what a brief tells, from state and from the plan's files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..brief import BriefContext, Lesson, UnitBrief, render, turn_prompt
from ..config import verification_commands
from ..core.decide import offered
from ..core.index import units_of
from ..core.model import Attempt, GroupState, UnitState
from ..core.owners import last_accepted, owner_names, subjects
from ..core.words import Purpose, UnitStatus
from ..plans.kiro.spec import Details
from ..plans.reader import UnitText, is_spec, of_group
from ..plans.skills import skill_paths
from .scope import NEVER, scope_of
from .session import Session
from .turn_files import left_over
from .workspace import Workspace

INTERRUPTED = "Your last turn was interrupted from outside; the work tree is as you left it."


def prompt_for(session: Session, workspace: Workspace, attempt: Attempt, worktree: Path, folder: Path) -> str:
    """The prompt of the attempt's next turn: the brief, and from the second turn on why it goes on.

    A backend that resumes its session has the brief already and gets only the news. `folder` is the turn's directory,
    where the diffs that a reviewer reads are written.
    """
    news = news_for(session, attempt) if attempt.turn > 1 else ""
    # The session of a fix is that of its builder: only an agent that was sent back is known to have heard the brief.
    if news and attempt.session and (attempt.retries or attempt.purpose is not Purpose.FIX):
        return news
    brief = render(attempt.role, _context(session, workspace, attempt, worktree, folder))
    return f"{brief}\n{news}" if news else brief


def news_for(session: Session, attempt: Attempt) -> str:
    """Why an attempt goes on after its last turn, for an agent that has the brief already."""
    if not attempt.feedback:
        return INTERRUPTED + "\n"
    head, _, tail = attempt.feedback.partition("\n")
    return turn_prompt(
        attempt.ticket,
        turn=attempt.retries + 1,
        turns=session.run.limits.stuck_retry_limit,
        failed=head,
        tail=tail,
        set_aside=attempt.quarantine,
        findings=attempt.purpose is Purpose.REVIEW,
    )


def _context(session: Session, workspace: Workspace, attempt: Attempt, worktree: Path, folder: Path) -> BriefContext:
    run, group = session.run, session.group(attempt.group)
    unit = run.units.get(attempt.unit)
    plan = _text(session, unit) if unit else UnitText()
    review = attempt.purpose is Purpose.REVIEW
    work = _reviewed(session, attempt) if review else _Work()
    diff, files = _diff(workspace, work.base, work.tip, folder / "changes.diff") if review else ("", ())
    fix_diff, _ = _diff(workspace, work.fixed_from, work.tip, folder / "fix.diff") if work.rounds else ("", ())
    return BriefContext(
        ticket=attempt.ticket,
        group=group.id,
        group_title=group.plan.title,
        worktree=str(worktree),
        unit=unit.id if unit else "",
        unit_title=unit.plan.title if unit else "",
        role=attempt.role,
        purpose=attempt.purpose,
        number=attempt.number,
        round=work.rounds + 1 if review else _rounds_before(group, unit, attempt),
        phase=plan.phase,
        details=_as_taken(plan.details, unit),
        phase_path=str(session.project.root / unit.plan.path) if unit else "",
        scope=tuple(glob for glob in scope_of(session, attempt) if glob not in NEVER),
        documents=of_group(group.plan).documents(session.project.root, group.plan),
        skills=skill_paths(session.project.root, unit.plan.skills) if unit else (),
        verification=tuple(verification_commands(session.config)),
        decisions=_decisions(session, group.id),
        lessons=_lessons(session, unit) if unit else (),
        findings=tuple(run.findings[f] for f in attempt.findings if f in run.findings),
        base=work.base or group.base,
        tip=work.tip or group.tip,
        diff=diff,
        fix_diff=fix_diff,
        files=files,
        units=_units(session, attempt),
        owners=owner_names(run.limits),
        offered=_offered(session, group) if attempt.purpose is Purpose.ADVISE else (),
        rfc=str(session.project.root / group.plan.path / "rfc.md"),
        feedback=group.feedback,
    )


def _rounds_before(group: GroupState, unit: UnitState | None, attempt: Attempt) -> int:
    """After which review a fix is made, of the unit or else of its group; the number of a design."""
    if attempt.purpose is Purpose.FIX and unit is not None:
        return unit.review_round or group.round
    return group.design_round + 1


@dataclass(frozen=True)
class _Work:
    """What a reviewer looks at: from where to where, after how many rounds, and where the last fix began."""

    base: str = ""
    tip: str = ""
    rounds: int = 0
    fixed_from: str = ""


def _reviewed(session: Session, attempt: Attempt) -> _Work:
    group, unit = session.group(attempt.group), session.run.units.get(attempt.unit)
    if unit is None:
        return _Work(group.base, group.tip, group.round, group.reviewed)
    last = last_accepted(session.run, unit.id)
    if last is None:
        return _Work(group.tip, group.tip, unit.review_round, group.tip)
    return _Work(last.base, last.tree or group.tip, unit.review_round, last.base)


def _units(session: Session, attempt: Attempt) -> tuple[UnitBrief, ...]:
    """The units that whoever looks at more than one, or says whose one is, has to know of."""
    if attempt.purpose is Purpose.ASSIGN:
        return tuple(_unit_brief(session, unit) for unit in subjects(session.run, attempt))
    if attempt.unit in session.run.units or attempt.purpose is Purpose.ADVISE:
        return ()
    return tuple(_unit_brief(session, unit) for unit in units_of(session.run, attempt.group))


def _offered(session: Session, group: GroupState) -> tuple[tuple[str, str], ...]:
    """What may be begun now, with the work that hangs on it in minutes."""
    run, found = session.run, []
    tickets = {f"{unit.id.replace('/', '.')}.": unit for unit in units_of(run, group.id)}
    for ticket in offered(run, group, session.clock.now()):
        unit = tickets[ticket[: ticket.rindex(".") + 1]]
        found.append((ticket, f"{unit.plan.title}; {run.rank.get(unit.id, 0.0) / 60:.0f} minutes of work hang on it"))
    return tuple(found)


def _diff(workspace: Workspace, base: str, tip: str, file: Path) -> tuple[str, tuple[str, ...]]:
    return str(file), workspace.diff(base, tip, file)


def _text(session: Session, unit: UnitState) -> UnitText:
    group = session.group(unit.plan.group).plan
    return of_group(group).text(session.project.root, group, unit.plan)


def _as_taken(details: Details | None, unit: UnitState | None) -> Details | None:
    """What a spec says of the unit, with those of its sub-tasks optional that the run takes for it."""
    if details is None or unit is None:
        return details
    left_out = {task.id for task in unit.plan.subtasks if task.optional}
    return replace(details, optional=tuple(id_ for id_ in details.optional if id_ in left_out))


def _decisions(session: Session, group: str) -> tuple[str, ...]:
    """What agents of earlier units noted: later ones build on it."""
    ended = [session.run.attempts[ticket] for ticket in session.run.noted.get(group, ())]
    return tuple(f"{a.unit}: {a.notes}" for a in sorted(ended, key=lambda a: a.ended_at))[-8:]


def _lessons(session: Session, unit: UnitState) -> tuple[Lesson, ...]:
    """What earlier attempts came to; the newest one's edits lie in a patch."""
    if not unit.learned:
        return ()
    parted = [text.partition("\n") for text in unit.learned]
    lessons = [Lesson(reason=reason, tail=tail) for reason, _, tail in parted]
    failed = [session.run.attempts[ticket] for ticket in session.run.failed.get(unit.plan.group, ())]
    newest = max((a for a in failed if a.unit == unit.id), key=lambda a: a.ended_at, default=None)
    if lessons and newest is not None and left_over(session, newest).exists():
        lessons[-1] = replace(lessons[-1], patch=str(left_over(session, newest)))
    return tuple(lessons)


def _unit_brief(session: Session, unit: UnitState) -> UnitBrief:
    path = session.project.root / unit.plan.path
    # A spec has none, and a unit that somebody has removed from its file must not keep the others from their review.
    silent = unit.status is UnitStatus.SKIPPED or is_spec(session.group(unit.plan.group).plan)
    criteria = () if silent else _text(session, unit).criteria
    return UnitBrief(unit.id, unit.plan.title, str(path), criteria, unit.plan.line, unit.plan.writes, _absent(unit))


def _absent(unit: UnitState) -> str:
    """Why a reviewer need not look for the unit's work."""
    if unit.status is UnitStatus.SKIPPED:
        return "Skipped: it is not part of this work, and nothing of it is missing."
    return "Done before this work began." if unit.status is UnitStatus.DONE and not unit.attempts else ""
