"""What an attempt may write, as globs; later ones that begin with `!` take away."""

from __future__ import annotations

import json
from pathlib import Path

from ..core.model import Attempt
from ..core.words import Enforcement, Purpose, Stage
from ..files import put
from ..git.paths import VIEWS
from .session import Session

# Orchestra's state and the clients' settings steer the run itself, and views are written by the harness alone.
NEVER = ("!.orchestra/**", "!.claude/**", "!.codex/**", "!.git/**", *(f"!{glob}" for glob in VIEWS))


def scope_of(session: Session, attempt: Attempt) -> tuple[str, ...]:
    """The globs that the attempt may write, relative to the work tree; none for those who only look and answer."""
    if attempt.purpose in (Purpose.REVIEW, Purpose.ASSIGN, Purpose.ADVISE):
        return ()
    group = session.group(attempt.group)
    if attempt.purpose is Purpose.DESIGN:
        return (f"{group.plan.path}/rfc.md",)
    # What its own reviewers found is mended while others build: within its scope, as it was built.
    if attempt.purpose is Purpose.BUILD or group.stage is Stage.UNITS:
        return (*(session.run.units[attempt.unit].plan.writes or ("**",)), *NEVER)
    return (*_whole_group(session, group.id), *NEVER)


def _whole_group(session: Session, group: str) -> tuple[str, ...]:
    """A fix may touch whatever the group was allowed to."""
    writes = [session.run.units[uid].plan.writes for uid in session.run.members.get(group, ())]
    if not all(writes):
        return ("**",)
    return tuple(dict.fromkeys(glob for globs in writes for glob in globs))


def write_scope(session: Session, attempt: Attempt, worktree: Path, file: Path) -> None:
    """Write the compiled scope that guards and agents read (CONTRACTS)."""
    compiled = {
        "version": 1,
        "root": str(worktree),
        "ticket": attempt.ticket,
        "role": str(attempt.role),
        "enforcement": str(Enforcement.STRICT),
        "write": list(scope_of(session, attempt)),
        "blocked_commands": [],
    }
    # A turn that a crash of the machine cut short is prepared again: nothing here has to outlive the machine.
    put(file, json.dumps(compiled, indent=1).encode() + b"\n")
