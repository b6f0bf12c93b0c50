"""Landing: a verified, reviewed group becomes part of the target branch, here and on the remote.

The remote is asked first: what it refuses never becomes local history that would have to be rewritten. Every step
may be repeated after a kill, because the group's branch tells what it came to.
"""

from __future__ import annotations

from ..config import verification_commands
from ..core.events import EventType
from ..core.model import GroupState
from ..core.settle import ask_person
from ..core.words import Gate, PushPolicy
from ..git.branches import branch_of
from ..git.commits import move_ref, read_ref
from ..git.history import log
from ..git.merge import Conflict, replay
from ..git.remote import Reason, Rejected, fetch, gist, push
from ..git.snapshot import put
from ..git.worktrees import add_worktree
from ..verify import verify
from .accept import known_receipts, receipt_data
from .box import around
from .repository import GitWorkspace
from .session import Session, of_group
from .turn_files import landing_dir
from .watching import keep_dir, tips

PUSH_TRIES = 3
UNIT_TRAILER = "Orchestra-Unit"


async def land(session: Session, workspace: GitWorkspace, group_id: str) -> None:
    """Carry a `land` directive out. What goes wrong for good becomes a decision for a person. Raises LeaseLost."""
    if session.group(group_id).pushed:
        # Others may have built on it: it stays as it is, whatever has come here since.
        _advance(session, workspace, session.group(group_id))
        return
    if not await _on_target(session, workspace, session.group(group_id)):
        return
    refused: Rejected | None = None
    for _ in range(PUSH_TRIES):
        refused = _push(session, workspace, session.group(group_id))
        if refused is None:
            _advance(session, workspace, session.group(group_id))
            return
        if refused.reason is not Reason.NON_FAST_FORWARD:
            break
        if not await _on_remote(session, workspace, session.group(group_id)):
            return
    why = f"{refused.reason}: {gist(refused.text)[:400]}" if refused else "it was tried too often"
    _ask(session, group_id, f"the push of {group_id} was refused ({why})")


async def _on_target(session: Session, workspace: GitWorkspace, group: GroupState) -> bool:
    """Put the group on top of the target branch when that has moved since the group began."""
    head = workspace.people(group) or group.base
    if not workspace.repo.contains(group.tip, head) and not workspace.repo.contains(head, group.tip):
        return await _rebase(session, workspace, group, head)
    if workspace.proved(group.id) or await _verified(session, workspace, group, group.tip):
        return True
    _ask(session, group.id, f"{group.id} fails its verification without what else lies in your checkout")
    return False


async def _on_remote(session: Session, workspace: GitWorkspace, group: GroupState) -> bool:
    """Put the group on top of what others have pushed; people's own commits are never rewritten for that."""
    remote, branch = destination(session, workspace, group)
    theirs = fetch(workspace.repo, remote, branch)
    if theirs is None or workspace.repo.contains(group.tip, theirs):
        return True
    head = workspace.people(group)
    if head and not workspace.repo.contains(theirs, head):
        _ask(session, group.id, f"{group.target} and {remote}/{branch} have commits that the other lacks. Merge them")
        return False
    return await _rebase(session, workspace, group, theirs)


async def _rebase(session: Session, workspace: GitWorkspace, group: GroupState, onto: str) -> bool:
    """Repeat the group's commits on `onto` and verify the result; the group's branch moves only when that is green."""
    branch, settled = branch_of(group.id), _settled(workspace, group, onto)
    replayed = None if settled else replay(workspace.repo, group.base, group.tip, onto)
    if isinstance(replayed, Conflict):
        what = f"{group.id} collides with {onto[:12]} in {', '.join(replayed.paths)}"
        rest = f"rebase the branch {branch.removeprefix('refs/heads/')} onto that commit"
        _ask(session, group.id, f"{what}: {rest}")
        return False
    tip = replayed.tip if replayed else settled
    if not await _verified(session, workspace, group, tip, stands=settled):
        _ask(session, group.id, f"{group.id} fails its verification on top of {onto[:12]}")
        return False
    if not move_ref(workspace.repo, branch, tip, settled or group.tip):
        _ask(session, group.id, f"the branch of {group.id} was moved by somebody else")
        return False
    data = {"base": onto, "tip": tip, "commits": _commits_by_unit(workspace, group, onto, tip)}
    session.record(of_group(EventType.GROUP_REBASED, group.id, data))
    return True


def _settled(workspace: GitWorkspace, group: GroupState, onto: str) -> str:
    """Where a person has put the group's branch on top of `onto`, or nothing."""
    tip = read_ref(workspace.repo, branch_of(group.id))
    return tip if tip and tip != group.tip and workspace.repo.contains(tip, onto) else ""


def _commits_by_unit(workspace: GitWorkspace, group: GroupState, base: str, tip: str) -> dict[str, str]:
    found = ((one.trailer(UNIT_TRAILER).rpartition("/")[2], one.sha) for one in log(workspace.repo, base, tip))
    return {f"{group.id}/{name}": sha for name, sha in found if name}


async def _verified(
    session: Session, workspace: GitWorkspace, group: GroupState, tip: str, *, stands: str = ""
) -> bool:
    """Whether `tip` is green; `stands` is where the group's branch is when that is not the group's tip."""
    tree = workspace.repo.tree(tip)
    place = add_worktree(
        workspace.repo, session.project.worktrees / f"{group.id}-land", tip, workspace.config.worktree_links
    )
    put(place, tip, tip)
    workspace.internals.begin(f"{group.id}.land", place)
    try:
        result = await verify(
            verification_commands(session.config),
            place.path,
            tree,
            landing_dir(session, group.id) / tree[:12],
            session.checking_environment,
            session.config.thresholds.verification_timeout_minutes * 60.0,
            known_receipts(session, group.id),
            around(session, place.path),
        )
    finally:
        name = f"{group.id}.land"
        known = tips(session) | {group.id: stands or group.tip}
        _note_internals(session, group, workspace.internals.end(name, keep_dir(session, name), known))
    receipts = [of_group(EventType.RECEIPT, group.id, receipt_data(receipt)) for receipt in result.receipts]
    if receipts:
        session.record(*receipts)
    return result.passed


def destination(session: Session, workspace: GitWorkspace, group: GroupState) -> tuple[str, str]:
    """The remote and the branch on it that the group is pushed to."""
    if session.run.limits.push is PushPolicy.PR_BRANCH:
        return session.config.git.remote, f"orchestra/{group.plan.slug or group.id}"
    upstream = workspace.repo.upstream(group.target)
    return upstream or (session.config.git.remote, group.target)


def _push(session: Session, workspace: GitWorkspace, group: GroupState) -> Rejected | None:
    policy = group.push or session.run.limits.push
    remote, branch = destination(session, workspace, group)
    if policy is PushPolicy.NEVER or group.pushed:
        return None
    if not workspace.repo.remote_exists(remote):
        reason = f"there is no remote {remote}, so nothing was pushed"
        session.record(of_group(EventType.PUSH_SKIPPED, group.id, {"reason": reason}))
        return None
    session.guard_remote(group.id)
    # Agents of other units may be at work: the push must not run, or reach, what one of them has planted.
    _note_internals(session, group, workspace.internals.hold(keep_dir(session, f"{group.id}.land")))
    result = push(workspace.repo, remote, group.tip, branch)
    if isinstance(result, Rejected):
        return result
    data = {"remote": remote, "ref": f"{remote}/{branch}", "sha": group.tip}
    session.record(of_group(EventType.GROUP_PUSHED, group.id, data))
    return None


def _advance(session: Session, workspace: GitWorkspace, group: GroupState) -> None:
    """Bring the target branch here up to the group; one that has moved meanwhile waits for a round, or for people."""
    head = workspace.people(group)
    if workspace.repo.contains(group.tip, head):
        moved = workspace.advance(group, head)
        if not moved.moved:
            # Somebody was faster: the next directive looks at the branch as it is by then.
            return
        if moved.behind:
            _note_behind(session, group, moved.behind)
    elif not workspace.repo.contains(head, group.tip):
        if not group.pushed:
            return
        text = (
            f"{group.target} here has commits that {group.pushed} lacks; bring them together with `git pull --rebase`"
        )
        session.record(of_group(EventType.NOTE, group.id, {"text": text}))
    session.record(of_group(EventType.GROUP_LANDED, group.id, {"tip": group.tip, "target": group.target}))


def _note_internals(session: Session, group: GroupState, said: list[str]) -> None:
    if said:
        text = f"git's own files were touched: {'; '.join(said)}"
        session.record(of_group(EventType.NOTE, group.id, {"text": text, "internals": said}))


def _note_behind(session: Session, group: GroupState, paths: tuple[str, ...]) -> None:
    text = f"{group.target} has moved, but your checkout was left alone because you changed {', '.join(paths)}"
    session.record(of_group(EventType.NOTE, group.id, {"text": text}))


def _ask(session: Session, group_id: str, question: str) -> None:
    text = f"{question}. Settle it, then answer retry."
    session.record(ask_person(session.run, Gate.LAND, group_id, text, ("retry", "stop")))
