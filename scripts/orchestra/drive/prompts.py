"""Gathers what a brief tells, from state and from the plan's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..brief import BriefContext, Lesson, UnitBrief, render, turn_prompt
from ..config import verification_commands
from ..core.index import units_of
from ..core.model import Attempt, UnitState
from ..core.words import Purpose, Step, UnitStatus
from ..plans.phase import sections
from ..plans.skills import skill_paths
from .scope import NEVER, scope_of
from .session import Session
from .turn_files import left_over
from .workspace import Workspace

_DOCUMENTS = ("prd.md", "milestone.md", "grooming.md", "rfc.md")
INTERRUPTED = "Your last turn was interrupted from outside; the work tree is as you left it."


def prompt_for(session: Session, workspace: Workspace, attempt: Attempt, worktree: Path, folder: Path) -> str:
    """The prompt of the attempt's next turn: the brief, and from the second turn on why it goes on.

    A backend that resumes its session has the brief already and gets only the news. `folder` is the turn's directory,
    where the diffs that a reviewer reads are written.
    """
    news = news_for(session, attempt) if attempt.turn > 1 else ""
    if news and attempt.session:
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
    review = attempt.purpose is Purpose.REVIEW
    diff, files = _diff(workspace, group.base, group.tip, folder / "changes.diff") if review else ("", ())
    again = review and group.round > 0
    fix_diff, _ = _diff(workspace, group.reviewed, group.tip, folder / "fix.diff") if again else ("", ())
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
        round=(group.round if review else group.design_round) + 1,
        phase=sections(session.project.root / unit.plan.path) if unit and unit.plan.path else None,
        phase_path=str(session.project.root / unit.plan.path) if unit else "",
        scope=tuple(glob for glob in scope_of(session, attempt) if glob not in NEVER),
        documents=_documents(session.project.root / group.plan.path),
        skills=skill_paths(session.project.root, unit.plan.skills) if unit else (),
        verification=tuple(verification_commands(session.config)),
        decisions=_decisions(session, group.id),
        lessons=_lessons(session, unit) if unit else (),
        findings=tuple(run.findings[f] for f in attempt.findings if f in run.findings),
        base=group.base,
        tip=group.tip,
        diff=diff,
        fix_diff=fix_diff,
        files=files,
        units=tuple(_unit_brief(session, u) for u in units_of(run, group.id)) if unit is None else (),
        rfc=str(session.project.root / group.plan.path / "rfc.md"),
        feedback=group.feedback,
    )


def _diff(workspace: Workspace, base: str, tip: str, file: Path) -> tuple[str, tuple[str, ...]]:
    return str(file), workspace.diff(base, tip, file)


def _documents(folder: Path) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(folder / name)) for name in _DOCUMENTS if (folder / name).is_file())


def _decisions(session: Session, group: str) -> tuple[str, ...]:
    """What agents of earlier units noted: later ones build on it."""
    ended = [a for a in session.run.attempts.values() if a.notes and a.group == group and a.step is Step.ACCEPTED]
    return tuple(f"{a.unit}: {a.notes}" for a in sorted(ended, key=lambda a: a.ended_at))[-8:]


def _lessons(session: Session, unit: UnitState) -> tuple[Lesson, ...]:
    """What earlier attempts came to; the newest one's edits lie in a patch."""
    if not unit.learned:
        return ()
    parted = [text.partition("\n") for text in unit.learned]
    lessons = [Lesson(reason=reason, tail=tail) for reason, _, tail in parted]
    failed = [a for a in session.run.attempts.values() if a.unit == unit.id and a.step is Step.FAILED]
    newest = max(failed, key=lambda a: a.ended_at, default=None)
    if lessons and newest is not None and left_over(session, newest).exists():
        lessons[-1] = replace(lessons[-1], patch=str(left_over(session, newest)))
    return tuple(lessons)


def _unit_brief(session: Session, unit: UnitState) -> UnitBrief:
    path = session.project.root / unit.plan.path
    criteria = sections(path).criteria if unit.plan.path and unit.status is not UnitStatus.SKIPPED else ()
    return UnitBrief(unit.id, unit.plan.title, str(path), tuple(criteria))
