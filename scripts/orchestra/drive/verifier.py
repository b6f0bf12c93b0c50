"""Runs the commands of acceptance criteria in the checkout, and gathers what is on record about the others."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.words import GroupStatus, Outcome, Purpose
from ..errors import UserError
from ..plans import requirements
from ..plans.requirements import Requirement
from ..project import Project
from ..views.outcome import Accepted, Judged, counts, deviations, judge, standings

if TYPE_CHECKING:
    from ..config import Config
    from ..core.model import Group
    from ..git.repo import Repo
    from ..state.store import Store
    from ..verify import Receipt
    from ..views.record import Record

_KEPT = 10


@dataclass(frozen=True)
class Checkout:
    """The files that the commands run on: `head` and `tree` are empty outside of a repository."""

    head: str = ""
    tree: str = ""
    changed: int = 0
    repo: Repo | None = None


@dataclass(frozen=True)
class Verified:
    """One milestone with what became of its requirements; `notes` say what to know before believing them."""

    group: Group
    found: tuple[Judged, ...]
    notes: tuple[str, ...] = ()

    @property
    def missed(self) -> bool:
        return any(one.outcome is Outcome.MISSED for one in self.found)

    def to_json(self) -> dict[str, Any]:
        head = {"id": self.group.id, "title": self.group.title, "status": self.group.status}
        asked = [one.to_json() for one in self.found]
        return {**head, "counts": counts(self.found), "notes": list(self.notes), "requirements": asked}


def chosen(project: Project, config: Config, store: Store, wanted: Sequence[str]) -> list[Group]:
    """The milestones that are meant: those named (as `M1`), else all that are done, by state or by file.

    Raises UserError (usage) for one that there is not.
    """
    from ..plans import milestones
    from ..plans.folders import find_group

    named = {find_group(project.root, text).id for text in wanted}
    done = GroupStatus.DONE
    by_state = {id for (id,) in store.query("SELECT id FROM groups WHERE status = ?", done.value)}
    groups = milestones.read(project.root, config).plan.groups
    if named:
        return [group for group in groups if group.id in named]
    return [group for group in groups if group.id in by_state or group.status is done]


async def verify(
    project: Project, config: Config, store: Store, groups: Sequence[Group], tell: Callable[[str], None]
) -> tuple[Checkout, list[Verified]]:
    """What became of each requirement of these milestones. `tell` is told each command before it runs."""
    checkout = look(project.root)
    asked = {group.id: requirements.of(project.root, group) for group in groups}
    checks = dict.fromkeys(one.check for each in asked.values() for one in each if one.check)
    receipts = await _run(project, config, checkout.tree, checks, tell) if checks else {}
    commits = _commits(checkout)
    return checkout, [_verified(store, checkout, group, asked[group.id], receipts, commits) for group in groups]


def look(root: Path) -> Checkout:
    """The checkout of `root` as it is now. Its tree includes what is not committed."""
    from ..git.repo import Repo
    from ..git.snapshot import snapshot

    repo = Repo(root)
    head = repo.resolve("HEAD") if repo.is_repository else None
    if not head:
        return Checkout()
    changed = repo.dirty()
    try:
        tree = snapshot(repo.checkout, head, changed) if changed else repo.tree(head)
    except UserError:
        # A nested repository has no tree of its own: the receipts then say only which commit they stand on.
        tree = ""
    return Checkout(head, tree, len(changed), repo)


def _commits(checkout: Checkout) -> dict[str, str]:
    """Units by their trailer `<folder>/<phase>`, for what this database never saw: another clone, or one deleted."""
    from ..git.history import UNIT, trailer_commits

    if checkout.repo is None:
        return {}
    found = trailer_commits(checkout.repo, "", checkout.head, UNIT)
    named = (name.partition("/") for name in found)
    return {f"{folder.partition('-')[0]}/{unit}": found[f"{folder}/{unit}"] for folder, _, unit in named}


async def _run(
    project: Project, config: Config, tree: str, checks: Iterable[str], tell: Callable[[str], None]
) -> dict[str, Receipt]:
    from .. import verify as harness
    from ..proc import clean_env

    env = clean_env(os.environ, {"CI": "1", "ORCHESTRA_PROJECT": str(project.root)})
    seconds = config.thresholds.verification_timeout_minutes * 60.0
    receipts: dict[str, Receipt] = {}
    with _folder(project.runs / "verifier") as folder:
        for number, command in enumerate(checks, 1):
            tell(command)
            place = folder / str(number)
            done = await harness.verify([("check", command)], project.root, tree, place, env, seconds)
            receipts[command] = done.receipts[0]
    return receipts


@contextmanager
def _folder(home: Path) -> Iterator[Path]:
    """A folder of its own for this verification, beside those of the newest before it; nothing runs on in it."""
    from .. import proc

    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    folder = home / f"{stamp}-{secrets.token_hex(3)}"
    folder.mkdir(parents=True)
    for old in sorted(home.iterdir())[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    try:
        yield folder
    finally:
        for place in folder.iterdir():
            proc.stop(place)


def _verified(
    store: Store,
    checkout: Checkout,
    group: Group,
    asked: Sequence[Requirement],
    receipts: Mapping[str, Receipt],
    commits: Mapping[str, str],
) -> Verified:
    from ..views.snapshot import Snapshot

    record = Snapshot.from_store(store, [group.id]).groups.get(group.id)
    known = standings(group, record, commits)
    found = [judge(one, known, receipts) for one in asked]
    strayed = deviations(group, list(_accepted(store, record)) if record else [])
    return Verified(group, (*found, *strayed), tuple(_notes(checkout, group, record, asked)))


def _accepted(store: Store, record: Record) -> Iterator[Accepted]:
    import json

    purposes = {attempt.ticket: attempt.purpose for attempt in record.attempts}
    sql = "SELECT unit, attempt, data FROM events WHERE group_id = ? AND type = 'unit-accepted' ORDER BY seq"
    for unit, ticket, data in store.query(sql, record.group.id):
        files = json.loads(data).get("files") or ()
        yield Accepted(unit, purposes.get(ticket, Purpose.BUILD), tuple(str(file) for file in files))


def _notes(checkout: Checkout, group: Group, record: Record | None, asked: Sequence[Requirement]) -> Iterator[str]:
    if not asked:
        yield "nothing is asked for in its files"
    if group.status is not GroupStatus.DONE:
        yield f"it is {group.status}, not done"
    if record is None:
        yield "this state has no record of it: statuses come from its files and from commits"
    elif checkout.repo and record.group.tip and not checkout.repo.contains(checkout.head, record.group.tip):
        yield f"its newest commit {record.group.tip[:9]} is not in this checkout"
