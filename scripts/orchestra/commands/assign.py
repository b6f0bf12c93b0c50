"""`orchestra assign`: a person says whose a unit of a Kiro spec is, and how much care it needs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from ..core.words import Criticality, UnitKind
from ..errors import Exit, UserError, bad_input, locked, usage

if TYPE_CHECKING:
    from ..core.model import Unit, UnitState
    from ..project import Project
    from ..state.store import Store

# The fields of an entry as an assigner writes it, by what `Assignment` calls them.
_FIELDS = {"owner_agent": "owner", "type": "kind", "criticality": "criticality", "target_window": "target"}


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "assign",
        help="say whose a unit of a spec is",
        description="Says whose a unit of a Kiro spec is. What is left out stays as it was.",
    )
    parser.add_argument("unit", metavar="UNIT", help="a unit of a spec, such as login/2")
    parser.add_argument(
        "--owner", dest="owner_agent", metavar="NAME", help="a name of roundtable.owners, such as codex"
    )
    parser.add_argument("--criticality", choices=[word.value for word in Criticality], help="how many reviewers it has")
    parser.add_argument("--type", choices=[word.value for word in UnitKind], help="what it is about")
    parser.add_argument("--window", dest="target_window", metavar="NAME", help="the window that it is shown in")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Record it, for the run that has the unit or for the next one that takes it in.

    Raises UserError: 64 for a unit that there is not or that is done, 65 for an owner that nobody knows, 75 while an
    agent is at work on it.
    """
    from ..config import load
    from ..project import find
    from ..state.store import Store

    said = {name: value for name in _FIELDS if (value := getattr(args, name)) is not None}
    if not said:
        raise usage("nothing was said about the unit", "say it with --owner, --criticality, --type or --window")
    project = find(args.directory)
    group, unit_id = _meant(args, project)
    with Store.open(project.state_path) as store:
        known = _known(store, group, unit_id)
        if known is None:
            _refuse_done(_planned(project, group, unit_id))
        before = _before(store, group, unit_id, known)
        data = _checked(before | said | {"task_id": unit_id}, load(project.config_path), said)
        run_id = _record(project, store, group, unit_id, known, data)
    return _say(args, unit_id, data, run_id)


def _meant(args: argparse.Namespace, project: Project) -> tuple[str, str]:
    """The group and the id of the unit that is meant."""
    from ..core.words import Workflow
    from ..plans.reader import Specs

    name, _, number = args.unit.rpartition("/")
    if not name or not number:
        raise usage(f"{args.unit} is no unit of a spec", "write the spec and the number of the task: login/2")
    group = Specs(Workflow.ROUNDTABLE).find(project.root, args.directory, name)
    return group, f"{group}/{number}"


def _known(store: Store, group: str, unit_id: str) -> tuple[str, UnitState] | None:
    """The run that has the unit now, with its state; None when its group was never begun, or is done."""
    from ..core.codec import decode
    from ..core.model import UnitState
    from ..core.words import GroupStatus

    sql = "SELECT u.run, u.data FROM units u JOIN groups g ON g.id = u.group_id WHERE u.id = ? AND g.status <> ?"
    rows = store.query(sql, unit_id, GroupStatus.DONE.value)
    return (str(rows[0][0]), decode(UnitState, json.loads(rows[0][1]))) if rows else None


def _planned(project: Project, group: str, unit_id: str) -> Unit:
    from ..config import load
    from ..core.words import Workflow
    from ..plans.reader import Specs

    result = Specs(Workflow.ROUNDTABLE).read_group(project.root, load(project.config_path), group)
    wrong = [d.to_text() for d in result.about(group) if d.severity == "error"]
    if wrong:
        raise bad_input("\n".join(wrong), "`orchestra validate` shows everything")
    units = {unit.id: unit for unit in result.plan.groups[0].units}
    if unit_id not in units:
        raise usage(f"there is no unit {unit_id}", f"`orchestra plan {group}` shows the units")
    return units[unit_id]


def _refuse_done(unit: Unit) -> None:
    if unit.done:
        raise usage(f"{unit.id} is done", "whose it was is in its history: `orchestra log`")


def _before(store: Store, group: str, unit_id: str, known: tuple[str, UnitState] | None) -> dict[str, Any]:
    """What was said of the unit before, as an entry."""
    from ..core.codec import encode
    from ..drive.named import named

    if known is not None and known[1].assignment is not None:
        data = encode(known[1].assignment)
    else:
        data = named(store, group).get(unit_id, {}) if known is None else {}
    return {name: data[field] for name, field in _FIELDS.items() if data.get(field)}


def _checked(entry: dict[str, Any], config: Any, said: dict[str, Any]) -> dict[str, Any]:
    """The data of `unit-assigned`, held to the same rules as an assigner's answer."""
    from ..core.assignments import of_person
    from ..state.identity import by_hand

    owners = [owner for owner, _ in config.roundtable.owners] or [str(config.backend.name)]
    if "owner_agent" not in said and entry.get("owner_agent") not in owners:
        entry |= {"owner_agent": owners[0]}
    data, wrong = of_person(entry, owners, by_hand().user)
    if wrong:
        raise bad_input("; ".join(wrong), "roundtable.owners in .orchestra/config.yml says who there is")
    return data


def _record(
    project: Project, store: Store, group: str, unit_id: str, known: tuple[str, UnitState] | None, data: dict[str, Any]
) -> str:
    """The run that it was recorded in; empty when the next one that takes the spec in will have it."""
    from ..drive.named import name

    if known is None:
        name(store, group, {unit_id: data})
        return ""
    _tell_run(project, store, group, known[0], unit_id, data)
    return known[0]


def _tell_run(project: Project, store: Store, group: str, run_id: str, unit_id: str, data: dict[str, Any]) -> None:
    from ..core.apply import IllegalTransition
    from ..core.events import EventType
    from ..core.model import Event
    from ..state.driver import is_driven
    from ..views.write import catch_up

    run = store.load(run_id)
    assert run is not None
    owner = data["owner"]
    if is_driven(project.locks, run_id) and owner not in dict(run.limits.owners):
        raise usage(
            f"{run_id} was started without an owner {owner}", "`orchestra stop` it first; the next run has them"
        )
    try:
        store.record(run, [Event(EventType.UNIT_ASSIGNED, group=group, unit=unit_id, data=data, at=time.time())])
    except IllegalTransition as error:
        now = store.load(run_id) or run
        raise _not_now(unit_id, str(now.units[unit_id].status)) from error
    catch_up(project.root, store, [group])


def _not_now(unit_id: str, status: str) -> UserError:
    from ..core.words import UnitStatus

    if status in (UnitStatus.DONE, UnitStatus.SKIPPED):
        return usage(f"{unit_id} is {status}", "whose it was is in its history: `orchestra log`")
    return locked(f"{unit_id} is {status}", "wait until its agent has ended, or stop the run with `orchestra stop`")


def _say(args: argparse.Namespace, unit_id: str, data: dict[str, Any], run_id: str) -> int:
    if args.json:
        told = {name: data[field] for name, field in _FIELDS.items()}
        print(json.dumps({"unit": unit_id, "run": run_id or None, **told, "by": data["by"]}, ensure_ascii=False))
    else:
        print(f"{unit_id} is {data['owner']}'s ({data['kind']}, {data['criticality']})", file=sys.stderr)
    return Exit.DONE
