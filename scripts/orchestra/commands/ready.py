"""`orchestra ready ID`: says that a milestone is written, so that a run may take it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from orchestra import config, files, project
from orchestra.commands._numbers import spent
from orchestra.core.model import Event, Group
from orchestra.core.words import GroupStatus, Role
from orchestra.drive import plan_review
from orchestra.drive.plan_review import PlanReviews
from orchestra.errors import Exit, UserError
from orchestra.plans import digest, milestones, source
from orchestra.plans.diagnostics import Diagnostic
from orchestra.plans.edit import set_table_field
from orchestra.plans.folders import Folder, find_group
from orchestra.plans.writing import next_number
from orchestra.project import Project


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("ready", help="mark a milestone as ready to be carried out")
    parser.add_argument("id", metavar="ID", help="the milestone, such as M3")
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
        wrong = plan_review.obstacles(result.about(folder.id))
        if not wrong:
            _refuse_spent(here, folder)
            plan_review.refuse_status(group)
            _review(here, folder, args, settings.thresholds.review_rounds)
            _set_ready(here.root, folder)
            _record_ready(here, folder)
    _tell(args, group, wrong)
    return Exit.BAD_INPUT if wrong else Exit.DONE


def _refuse_spent(here: Project, folder: Folder) -> None:
    """A milestone under the number of one that is done would count as that one, and never be run."""
    if not here.state_path.exists():
        return
    from orchestra.state.store import Store

    with Store.open(here.state_path, readonly=True) as store:
        rows = store.query("SELECT path FROM groups WHERE id = ? AND status = ?", folder.id, GroupStatus.DONE.value)
    before = next((str(path).rpartition("/")[2] for (path,) in rows), folder.path.name)
    if before != folder.path.name:
        free = f"M{next_number(here.root, spent(here))}"
        hint = f"call it {free}, in its folder's name and its title; or {before}, when it is that milestone"
        raise UserError(f"{folder.id} was {before}, which a run has carried out", hint=hint)


def _review(here: Project, folder: Folder, args: argparse.Namespace, most: int) -> None:
    if args.reviewed_by:
        record_plan_review(here, folder, args.reviewed_by)
    if args.no_review:
        return
    known = _reviews(here, folder.id)
    if not known.approves(digest.of(here.root, folder)):
        raise _unreviewed(folder, known, most)


def _unreviewed(folder: Folder, known: PlanReviews, most: int) -> UserError:
    name, ticket = folder.id, f"{folder.id}.{Role.PLAN_REVIEWER.value}"
    if asked := plan_review.to_mend(known, most, name):
        left = len(known.rounds) < most
        again = f"mend these, then have it reviewed again: `orchestra brief {ticket}`"
        person = f"a person reads it and runs `orchestra ready {name} --reviewed-by NAME`"
        code = Exit.INCOMPLETE if left else Exit.NEEDS_PERSON
        return UserError(asked, hint=again if left else person, code=code)
    hint = (
        f"have the plan-reviewer look at it: `orchestra brief {ticket}`; or, when you have read it yourself, run "
        f"`orchestra ready {name} --reviewed-by YOUR-NAME`, or `orchestra ready {name} --no-review`"
    )
    return UserError(f"no review of {name} is recorded for the plan as it stands now", hint=hint)


def _reviews(here: Project, group_id: str) -> PlanReviews:
    if not here.state_path.exists():
        return PlanReviews()
    from orchestra.state.store import Store

    with Store.open(here.state_path, readonly=True) as store:
        return plan_review.reviews_of(store, group_id)


def record_plan_review(here: Project, folder: Folder, reviewer: str) -> None:
    """Append a `plan-reviewed` event with the digest of the plan as it stands: a person has read it."""
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
