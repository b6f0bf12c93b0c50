"""Units that a file calls done and whose commits never landed, without a state that could still land them.

The file is a view: after state.db was deleted, a mark in it says no more than that somebody's commit was once made.
"""

from __future__ import annotations

from dataclasses import replace

from ..core.model import Group
from ..git.branches import branch_of, failed_branch_of
from ..git.history import history_units
from ..git.repo import Repo
from .session import Session


def reopened(session: Session, group: Group) -> Group:
    """A group that the state does not know, with what is only on the branch of its lost run open again."""
    # A look at each of hundreds of specs that are done would take longer than the start of a run.
    return _reopened(session, group, branch_of(group.id)) if branch_of(group.id) in session.branches_before else group


def still_open(session: Session, group: Group) -> Group:
    """The same once that branch was set aside as a failed one."""
    return _reopened(session, group, failed_branch_of(group.id))


def _reopened(session: Session, group: Group, branch: str) -> Group:
    repo, slug = Repo(session.project.root), group.slug or group.id
    if not any(unit.done for unit in group.units) or not repo.is_repository:
        return group
    target = f"refs/heads/{session.config.git.target}" if session.config.git.target else "HEAD"
    left = history_units(repo, branch, slug).keys() - history_units(repo, target, slug).keys()
    lost = {f"{group.id}/{name}" for name in left}
    return replace(group, units=tuple(replace(unit, done=unit.done and unit.id not in lost) for unit in group.units))
