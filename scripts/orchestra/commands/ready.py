"""`orchestra ready ID`: says that a milestone is written, so that a run may take it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from orchestra import config, files, project
from orchestra.core.model import Event, Group
from orchestra.core.words import GroupStatus
from orchestra.errors import Exit, UserError
from orchestra.plans import digest, milestones, source
from orchestra.plans.diagnostics import ERROR, Diagnostic
from orchestra.plans.edit import set_table_field
from orchestra.plans.folders import Folder, find_group
from orchestra.project import Project

# A milestone that did not end well may be readied again, which asks for another try; one that is done, when
# somebody has added a phase to it.
_FROM = frozenset(
    {GroupStatus.PLANNING, GroupStatus.READY, GroupStatus.FAILED, GroupStatus.BLOCKED, GroupStatus.NEEDS_HUMAN}
)


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("ready", help="mark a milestone as ready to be carried out")
    parser.add_argument("id", metavar="ID")
    review = parser.add_mutually_exclusive_group()
    review.add_argument("--no-review", action="store_true", help="do without a review of the plan")
    review.add_argument("--reviewed-by", default="", metavar="NAME", help="record that NAME has reviewed the plan")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Check the milestone and set its Status. Exit 65 when it has errors, 1 when nobody has reviewed it."""
    here = project.find(args.directory)
    folder = find_group(here.root, args.id)
    settings = config.load(here.config_path)
    with files.edit_lock(here.root):
        result = milestones.read(here.root, settings)
        group = next(g for g in result.plan.groups if g.id == folder.id)
        wrong = _wrong(result.about(folder.id))
        if not wrong:
            _refuse_status(group)
            _review(here, folder, args)
            _set_ready(here.root, folder)
            _record_ready(here, folder)
    _tell(args, group, wrong)
    return Exit.BAD_INPUT if wrong else Exit.DONE


def _wrong(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What stands in the way: errors, and places that are still to be written."""
    return [d for d in found if d.severity is ERROR or d.code == "placeholder"]


def _refuse_status(group: Group) -> None:
    extended = group.status is GroupStatus.DONE and not all(unit.done for unit in group.units)
    if group.status not in _FROM and not extended:
        raise UserError(f"{group.id} is {group.status}, which only a run changes", hint="`orchestra status` says more")


def _review(here: Project, folder: Folder, args: argparse.Namespace) -> None:
    if args.reviewed_by:
        record_plan_review(here, folder, args.reviewed_by)
    if args.no_review or plan_review_recorded(here, folder.id):
        return
    name = folder.id
    hint = (
        f"have the plan-reviewer look at {folder.name}; or, when you have read it yourself, run "
        f"`orchestra ready {name} --reviewed-by YOUR-NAME`, or `orchestra ready {name} --no-review`"
    )
    raise UserError(f"no review of {name} is recorded for the plan as it stands now", hint=hint)


def plan_review_recorded(here: Project, group_id: str) -> bool:
    """Whether the newest recorded review of the group's plan is about its files as they are now."""
    if not here.state_path.exists():
        return False
    from orchestra.state.store import Store

    with Store.open(here.state_path) as store:
        event = store.last_event("plan-reviewed", group_id)
    data = event.get("data") if event else None
    return isinstance(data, dict) and data.get("digest") == digest.of(here.root, find_group(here.root, group_id))


def record_plan_review(here: Project, folder: Folder, reviewer: str) -> None:
    """Append a `plan-reviewed` event with the digest of the plan as it stands."""
    from orchestra.state.store import Store

    data = {"digest": digest.of(here.root, folder), "reviewer": reviewer}
    with Store.open(here.state_path) as store:
        store.append([Event("plan-reviewed", group=folder.id, data=data)])


def _set_ready(root: Path, folder: Folder) -> None:
    path = folder.path / "milestone.md"
    text, found = source.read(path, root)
    if text is None:
        raise UserError("\n".join(d.to_text() for d in found))
    changed = set_table_field(text.text, "Status", GroupStatus.READY.value)
    files.write_atomic(path, changed.encode(), inside=root)


def _record_ready(here: Project, folder: Folder) -> None:
    """Tell the state, where there is one: a group that failed may be tried again."""
    if not here.state_path.exists():
        return
    from orchestra.state.store import Store

    with Store.open(here.state_path) as store:
        store.append([Event("group-readied", group=folder.id)])


def _tell(args: argparse.Namespace, group: Group, wrong: list[Diagnostic]) -> None:
    status = group.status if wrong else GroupStatus.READY
    if args.json:
        shown = [d.to_json() for d in wrong]
        print(json.dumps({"ok": not wrong, "id": group.id, "status": status, "diagnostics": shown}, ensure_ascii=False))
        return
    for diagnostic in wrong:
        print(diagnostic.to_text())
    said = f"{group.id} is not ready: {len(wrong)} places to mend" if wrong else f"{group.id} is ready"
    print(said, file=sys.stderr)
