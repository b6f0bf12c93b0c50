"""Acceptance: a claim becomes a commit only through here. Both drivers use it.

scope, then verification on the exact tree, then the commit; each step is recorded, and each may be done again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import verification_commands
from ..core.codec import encode
from ..core.events import EventType
from ..core.findings import merge, owner, problems, verdict
from ..core.model import Attempt, Event, Finding, GroupState, UnitState
from ..core.owners import last_accepted
from ..core.words import Purpose
from ..verify import Receipt, Verification, verify
from .box import around
from .scope import scope_of
from .session import Session, about
from .watching import unwatch, watched
from .workspace import Compared, Workspace

EMPTY = "nothing in your scope has changed"


async def accept(session: Session, workspace: Workspace, attempt: Attempt) -> None:
    """Take a reported attempt to `verified`, or send it back with the reason. Raises LeaseLost."""
    found = check_scope(session, workspace, attempt)
    tree = workspace.snapshot(attempt, found.inside)
    unchanged = workspace.unchanged(attempt, tree)
    barrier = attempt.unit in session.run.units and session.run.units[attempt.unit].plan.barrier
    # A fix may rightly change nothing (the finding was mistaken): the next review decides about that.
    if unchanged and not attempt.tree and attempt.purpose is Purpose.BUILD and not barrier:
        send_back(session, attempt, tree, "empty", _with_outside(EMPTY, found))
    elif unchanged and not barrier:
        session.record(about(EventType.VERIFIED, attempt, {"tree": tree}))
    else:
        await _prove(session, workspace, attempt, tree, found)


async def _prove(session: Session, workspace: Workspace, attempt: Attempt, tree: str, found: Compared) -> None:
    with watched(session, workspace, attempt):
        result = await _verify(session, workspace, attempt, tree)
    receipts = [about(EventType.RECEIPT, attempt, receipt_data(receipt)) for receipt in result.receipts]
    if result.passed:
        verified = about(EventType.VERIFIED, attempt, {"tree": tree})
        if tree:
            session.record(*receipts, verified)
        else:
            # Where there is nothing to commit, nothing can come between proof and acceptance.
            session.record_soon(*receipts, verified, about(EventType.UNIT_ACCEPTED, attempt))
        return
    workspace.restore(attempt, tree)
    feedback = _with_outside(_failure(result), found)
    session.record(*receipts, _rejection(attempt, tree, result.signature, feedback))


def check_scope(session: Session, workspace: Workspace, attempt: Attempt) -> Compared:
    unwatch(session, workspace, attempt)
    scope = scope_of(session, attempt)
    found = workspace.compare(attempt, scope)
    outside: list[str] = []
    while found.outside and not set(found.outside) <= set(outside):
        _set_aside(session, workspace, attempt, found)
        outside += found.outside
        # A .gitignore or .gitattributes that was put right may have hidden others.
        found = workspace.compare(attempt, scope)
    return Compared(found.inside, tuple(dict.fromkeys(outside)))


def _set_aside(session: Session, workspace: Workspace, attempt: Attempt, found: Compared) -> None:
    patch = session.project.quarantine / f"{attempt.ticket}.patch"
    shown = str(patch.relative_to(session.project.root))
    # Recorded first: after a kill in between, the work tree tells once more what is to be set aside, and
    # a kill afterwards cannot hide that it was.
    data = {"changed": list(found.inside), "outside": list(found.outside), "patch": shown}
    session.record(about(EventType.SCOPE_CHECKED, attempt, data))
    workspace.set_aside(attempt, found.outside, patch)


async def _verify(session: Session, workspace: Workspace, attempt: Attempt, tree: str) -> Verification:
    name = f"verify-{attempt.turn}-{tree[:12] or 'folder'}"
    folder = session.project.runs.joinpath(attempt.run, attempt.ticket, name)
    return await verify(
        verification_commands(session.config),
        workspace.place(attempt),
        tree,
        folder,
        session.checking_environment,
        session.config.thresholds.verification_timeout_minutes * 60.0,
        known_receipts(session, attempt.unit),
        around(session, workspace.place(attempt)),
    )


def known_receipts(session: Session, unit: str) -> Callable[[str, str, str], Receipt | None]:
    """Finds the receipt of the same command on the same tree: it is as good as a new one."""

    def known(name: str, command: str, tree: str) -> Receipt | None:
        data = session.store.known_receipt(name, command, tree, unit) if tree else None
        return receipt_of(data) if data else None

    return known


def receipt_data(receipt: Receipt) -> dict[str, Any]:
    """A receipt as the data of its event."""
    return {**vars(receipt), "log": str(receipt.log)}


def receipt_of(data: Mapping[str, Any]) -> Receipt:
    """A receipt from its recorded data."""
    fields = {name: data[name] for name in Receipt.__dataclass_fields__ if name in data}
    return Receipt(**fields)


def _rejection(attempt: Attempt, tree: str, signature: str, feedback: str) -> Event:
    return about(EventType.SENT_BACK, attempt, {"tree": tree, "signature": signature, "feedback": feedback})


def send_back(session: Session, attempt: Attempt, tree: str, signature: str, feedback: str) -> None:
    session.record(_rejection(attempt, tree, signature, feedback))


def _failure(result: Verification) -> str:
    failed = result.failed
    head = f"{failed.name} failed: `{failed.command}` (exit {failed.exit_code}).\n" if failed else ""
    return f"{head}{result.tail}"


def _with_outside(text: str, found: Compared) -> str:
    return f"{text}\nSet aside, out of scope: {', '.join(found.outside)}" if found.outside else text


def integrate(session: Session, workspace: Workspace, attempt: Attempt) -> None:
    """Commit a verified attempt on the group's tip, exactly once; or move it there to be verified again."""
    group = session.group(attempt.group)
    commit = workspace.found(group, attempt)
    if commit or not attempt.tree or workspace.unchanged(attempt, attempt.tree):
        _accepted(session, workspace, attempt, commit)
    elif group.tip != attempt.base:
        _move(session, workspace, attempt, group)
    else:
        commit = workspace.commit(group, attempt, message_of(session, attempt))
        _accepted(session, workspace, attempt, commit)


def _accepted(session: Session, workspace: Workspace, attempt: Attempt, commit: str) -> None:
    files = list(workspace.diff(attempt.base, commit, None)) if commit else []
    session.record(about(EventType.UNIT_ACCEPTED, attempt, {"commit": commit, "files": files}))


def _move(session: Session, workspace: Workspace, attempt: Attempt, group: GroupState) -> None:
    moved = workspace.move(attempt, group.tip)
    if moved.conflicts:
        reason = f"it collides with units committed meanwhile, in {', '.join(moved.conflicts)}"
        session.record(about(EventType.ATTEMPT_FAILED, attempt, {"reason": reason}))
        return
    session.record(about(EventType.ATTEMPT_REBASED, attempt, {"base": group.tip, "tree": moved.tree}))


def message_of(session: Session, attempt: Attempt) -> str:
    """The conventional commit message of a unit or of a fix, with the trailers by which it is found again."""
    from ..git.message import message

    group, unit = session.group(attempt.group), session.run.units[attempt.unit]
    slug = group.plan.slug or group.id
    trailers = {"Orchestra-Ticket": attempt.ticket, "Orchestra-Unit": f"{slug}/{unit.id.rpartition('/')[2]}"}
    scope = slug.partition("-")[2] or slug
    if attempt.purpose is Purpose.FIX:
        titles = [session.run.findings[f].title for f in attempt.findings if f in session.run.findings]
        return message("fix", scope, titles[0] if titles else unit.plan.title, [f"- {t}" for t in titles], trailers)
    return message(unit.plan.commit_type, scope, unit.plan.title, [], trailers)


def finish_review(session: Session, workspace: Workspace, attempt: Attempt, reported: list[dict[str, Any]]) -> None:
    """Turn what a reviewer reported into findings and a verdict, or send it back with what is wrong with it."""
    check_scope(session, workspace, attempt)
    group = session.group(attempt.group)
    before = [f for f in session.run.findings.values() if f.group == group.id]
    round_ = group.round + 1
    reported = _located(session, workspace, attempt, reported)
    wrong = problems(reported, {finding.id for finding in before})
    if wrong:
        send_back(session, attempt, "", "findings", "your findings cannot be used: " + "\n".join(wrong))
        return
    merged = merge(
        before,
        reported,
        group=group.id,
        round=round_,
        scope_ids=attempt.findings,
        fix_files=_fix_files(workspace, group),
    )
    units = [session.run.units[uid] for uid in session.run.members.get(group.id, ())]
    findings = [_owned(finding, units) for finding in merged]
    data = {"findings": [encode(f) for f in findings], "verdict": str(verdict(findings)), "round": round_}
    session.record(about(EventType.REVIEW_ENDED, attempt, data))


def finish_unit_review(
    session: Session, workspace: Workspace, attempt: Attempt, reported: list[dict[str, Any]]
) -> None:
    """Record what one reviewer of a unit reported, or send it back with what is wrong with it."""
    check_scope(session, workspace, attempt)
    known = {finding.id for finding in session.run.findings.values() if finding.unit == attempt.unit}
    reported = _located(session, workspace, attempt, reported)
    wrong = problems(reported, known)
    if wrong:
        send_back(session, attempt, "", "findings", "your findings cannot be used: " + "\n".join(wrong))
        return
    last = last_accepted(session.run, attempt.unit)
    fixed = last is not None and last.purpose is Purpose.FIX
    files = workspace.diff(last.base, last.tree, None) if last and fixed and last.tree else ()
    data = {"backend": attempt.backend, "findings": reported, "files": list(files)}
    session.record(about(EventType.UNIT_REVIEWED, attempt, data))


def _located(
    session: Session, workspace: Workspace, attempt: Attempt, reported: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Findings with their files as the repository names them; agents also say where in their work tree they looked.

    By another name a file would be in no fix's diff, and what was found there would be kept for later.
    """
    place = workspace.place(attempt)
    folders = [f"{folder}/" for one in (place, session.project.root) for folder in (one, one.resolve())]
    return [{**entry, "file": _below(folders, entry["file"])} if entry.get("file") else entry for entry in reported]


def _below(folders: list[str], file: object) -> object:
    if not isinstance(file, str):
        return file
    return next((file.removeprefix(folder) for folder in folders if file.startswith(folder)), file)


def _owned(finding: Finding, units: list[UnitState]) -> Finding:
    return finding if finding.unit else replace(finding, unit=owner(finding, [unit.plan for unit in units]))


def _fix_files(workspace: Workspace, group: GroupState) -> set[str]:
    """The files that the fixes since the last review have changed: all that a second review may look at anew."""
    if not group.reviewed or group.reviewed == group.tip:
        return set()
    return set(workspace.diff(group.reviewed, group.tip, None))


def finish_design(session: Session, workspace: Workspace, attempt: Attempt) -> None:
    """Bring the RFC that an architect wrote into the plan, or send it back when there is none."""
    from ..files import write_atomic

    group = session.group(attempt.group)
    name = Path(group.plan.path) / "rfc.md"
    written = workspace.place(attempt) / name
    text = written.read_bytes() if written.is_file() and not written.is_symlink() else b""
    if not text.strip():
        send_back(session, attempt, "", "no rfc", f"{name} is missing or empty; write it there")
        return
    check_scope(session, workspace, attempt)
    write_atomic(session.project.root / name, text)
    session.record(about(EventType.DESIGN_ENDED, attempt, {"path": str(name)}))
