"""Writes the views of groups after their state has changed. Nothing here decides anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orchestra.core.model import GroupState
from orchestra.core.words import Workflow
from orchestra.errors import UserError
from orchestra.files import Replacement, edit_lock, read_bytes, sweep, write_atomic, write_together
from orchestra.plans.kiro.folders import TASKS
from orchestra.plans.kiro.marks import details_in
from orchestra.plans.reader import is_spec

from . import context, milestone, phase, pulse, roundtable, spec
from .record import Record, touched
from .snapshot import Snapshot

if TYPE_CHECKING:
    from orchestra.state.store import Store

Wanted = tuple[str, str]

# What each file was seen to hold: its identity and time with what was wanted of it then. Only a short cut: a group
# of 500 phases whose next phase ends would otherwise be parsed whole, 500 times.
_SEEN: dict[Path, tuple[tuple[int, ...], Wanted]] = {}
_SEEN_LIMIT = 20_000
_EDIT_TRIES = 5


class Edit(NamedTuple):
    """A file, what its view should say, and the pure function that makes it say so."""

    path: Path
    wanted: Wanted
    patch: Callable[[str, Wanted], str]


def refresh(project_root: Path, snapshot: Snapshot, group_ids: Iterable[str]) -> list[Path]:
    """Bring the views of these groups up to `snapshot` and return the files that changed.

    Files are edited under the lock that people's commands take too. A group that no run has opened,
    a folder or file that is gone, and text that cannot be edited are left as they are. Raises UserError
    when the lock stays taken, and, after all other groups, when the disk refuses or a link leads out of the project.
    """
    with edit_lock(project_root):
        return _write(project_root, snapshot, group_ids)


def catch_up(project_root: Path, store: Store, group_ids: Iterable[str] | None = None) -> list[Path]:
    """Bring the views of these groups (default: all) up to what `store` says, and return the files that changed.

    The state is read while the lock is held, so that of several writers none puts back what it read too early.
    Raises as `refresh` does, and what reading the store raises.
    """
    with edit_lock(project_root):
        snapshot = Snapshot.from_store(store, group_ids)
        return _write(project_root, snapshot, snapshot.groups)


def _write(project_root: Path, snapshot: Snapshot, group_ids: Iterable[str]) -> list[Path]:
    records = [snapshot.groups[id] for id in dict.fromkeys(group_ids) if id in snapshot.groups]
    written: list[Path] = []
    refused: list[UserError] = []
    for record in records:
        # One group whose files cannot be written does not keep the others' from it.
        try:
            written += _group(project_root, record) if record.begun else []
        except UserError as error:
            refused.append(error)
    if refused:
        raise refused[0]
    return written


def folder(project_root: Path, group: GroupState) -> Path:
    """Where the files of a group lie; the plan names the folder, or milestone.md in it."""
    path = project_root / group.plan.path
    return path.parent if path.suffix == ".md" else path


def edits(project_root: Path, record: Record) -> Iterator[Edit]:
    """The files of a group that people edit too, each with what its view should say."""
    if is_spec(record.group.plan):
        marks = spec.marks(record)
        tasks = folder(project_root, record.group) / TASKS
        yield Edit(tasks, (repr(marks), ""), lambda text, _: spec.patch(text, marks))
        if record.group.plan.workflow is Workflow.ROUNDTABLE:
            page = folder(project_root, record.group) / pulse.PULSE
            yield Edit(page, (pulse.patch("", record), ""), lambda text, _: pulse.patch(text, record))
        return
    wanted = (str(record.group.status), milestone.lock_wanted(record) or "")
    yield Edit(
        folder(project_root, record.group) / "milestone.md", wanted, lambda text, _: milestone.patch(text, record)
    )
    for unit in record.units:
        if touched(unit) and unit.plan.path:
            wanted = (str(unit.status), phase.result(unit, record))
            yield Edit(project_root / unit.plan.path, wanted, lambda text, wanted: phase.patch(text, *wanted))


def _group(project_root: Path, record: Record) -> list[Path]:
    home, specs = folder(project_root, record.group), is_spec(record.group.plan)
    if not (home / (TASKS if specs else "milestone.md")).is_file():
        return []
    sweep(home)
    sweep(home / "phases")
    changed = _edited([edit for edit in edits(project_root, record) if _is_stale(edit)], project_root)
    if not specs:
        _keep(home / "context.md", project_root)
    whole = [Replacement(path, text.encode("utf-8")) for path, text in _whole(record, home) if path.parent.is_dir()]
    return [*changed, *write_together(whole, project_root)]


def _whole(record: Record, home: Path) -> Iterator[tuple[Path, str]]:
    """The files that are written anew, and those that people edit once they are there."""
    page = home / pulse.PULSE
    if record.group.plan.workflow is Workflow.ROUNDTABLE and not page.exists():
        yield page, pulse.patch("", record)
    for name, text in views_of(record, home):
        yield home / name, text


def views_of(record: Record, home: Path) -> Iterator[tuple[str, str]]:
    """The files of a group that only Orchestra writes, with their text. `home` is where the group's plan lies."""
    workflow = record.group.plan.workflow
    if workflow is Workflow.SEQUENTIAL:
        yield spec.STATE, spec.state(record)
        yield spec.PROGRESS, spec.progress(record)
    elif workflow is Workflow.ROUNDTABLE:
        details = details_in(read_bytes(home / TASKS) or b"")
        yield roundtable.PARSED, roundtable.parsed(record, details)
        yield roundtable.STATE, roundtable.state(record, details)
    elif workflow is Workflow.MILESTONES:
        yield "context.md", context.render(record)


def _edited(stale: list[Edit], root: Path) -> list[Path]:
    """Which files were changed. One that somebody saves just then is read anew, and after some tries left alone."""
    written: list[Path] = []
    for _ in range(_EDIT_TRIES):
        found = [(edit, one) for edit in stale if (one := _replacement(edit)) is not None]
        changed = write_together([one for _, one in found if one.data != one.over], root)
        written += changed
        done = set(changed) | {one.path for _, one in found if one.data == one.over}
        for edit, one in found:
            if one.path in done:
                _remember(edit, one.data)
        stale = [edit for edit, one in found if one.path not in done]
        if not stale:
            break
    return written


def _is_stale(edit: Edit) -> bool:
    return _SEEN.get(edit.path) != (_identity(edit.path), edit.wanted)


def _replacement(edit: Edit) -> Replacement | None:
    """What the file shall hold, and what it holds; None for one that cannot be edited."""
    data = read_bytes(edit.path)
    try:
        return None if data is None else Replacement(edit.path, _patched(edit, data), data)
    except ValueError:  # not UTF-8, or a front matter in flow style: validate names both
        return None


def _patched(edit: Edit, data: bytes) -> bytes:
    return edit.patch(data.decode("utf-8"), edit.wanted).encode("utf-8")


def _remember(edit: Edit, data: bytes) -> None:
    """That the file holds what is wanted. Somebody may have saved it since it was read or written."""
    if len(_SEEN) >= _SEEN_LIMIT:
        _SEEN.clear()
    identity = _identity(edit.path)
    if read_bytes(edit.path) == data:
        _SEEN[edit.path] = (identity, edit.wanted)


def _identity(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _keep(path: Path, root: Path) -> None:
    """Another tool's context.md holds what nobody else knows (decisions, a map): it is kept next to the view."""
    data = read_bytes(path)
    if data is None or context.is_view(data.decode("utf-8", "replace")):
        return
    number, kept = 1, path.with_name("context.before.md")
    while (there := read_bytes(kept)) is not None and there != data:
        number += 1
        kept = path.with_name(f"context.before-{number}.md")
    write_atomic(kept, data, inside=root)
