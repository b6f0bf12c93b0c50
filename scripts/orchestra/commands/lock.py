"""`orchestra lock`: who owns a group, and claiming, renewing and releasing it by hand.

Cost does not depend on the size of the plan: one row, and the one milestone.md in question.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestra.errors import Exit, UserError, locked, usage

from ._json import json_flag

if TYPE_CHECKING:
    from orchestra.drive.elsewhere import Elsewhere
    from orchestra.project import Project
    from orchestra.state.identity import Holder
    from orchestra.state.lease import Lease
    from orchestra.state.store import Store

_SAYS = {
    "claim": "own a group from now on",
    "renew": "send a heartbeat for a group that is owned",
    "release": "give a group back",
    "show": "say who owns a group",
}


@dataclass(frozen=True)
class _Place:
    """A group by its id, and its milestone.md when it is a milestone of this project."""

    id: str
    file: Path | None


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("lock", help="claim, renew, release or show the ownership of a group")
    verbs = parser.add_subparsers(dest="action", required=True, metavar="claim|renew|release|show")
    actions = {action: verbs.add_parser(action, help=says) for action, says in _SAYS.items()}
    json_flag(parser, *actions.values())
    for action, made in actions.items():
        _options(made, action)


def _options(parser: argparse.ArgumentParser, action: str) -> None:
    parser.add_argument("id", metavar="ID", help="a milestone (M1) or another group's id")
    if action != "show":
        parser.add_argument("--holder", default="", metavar="NAME", help="who claims: the same name again renews")
    if action in ("claim", "renew"):
        says = "minutes without a heartbeat after which others may have it (default: thresholds.lock_timeout_minutes)"
        parser.add_argument("--ttl", type=float, metavar="MINUTES", help=says)
    if action in ("renew", "release"):
        parser.add_argument("--epoch", type=int, metavar="N", help="the epoch that the claim was answered with")
    if action in ("claim", "release"):
        parser.add_argument("--take-over", action="store_true", help="even when somebody else holds it")


def run(args: argparse.Namespace) -> int:
    """Do it and say who owns the group then.

    Raises UserError: 75 when somebody else holds it or the lease was lost, 64 for an id that does not exist.
    """
    from orchestra.project import find
    from orchestra.state.lease import Held
    from orchestra.state.store import Store

    project = find(args.directory)
    with Store.open(project.state_path, readonly=args.action == "show") as store:
        place = _place(project, store, args.id)
        try:
            lease = _ACTIONS[args.action](args, project, store, place)
        except Held as held:
            return _refused(args, place, held)
        document = _document(place.id, lease)
        if args.action != "show":
            _show_in_file(project, store, place)
        elif document["holder"] is None:
            document = _elsewhere_held(project, store, document)
    return _say(args, document)


# The actions


def _claim(args: argparse.Namespace, project: Project, store: Store, place: _Place) -> Lease:
    from orchestra.state import leases

    text, at = _locked_by(project, place)
    lease = leases.claim(
        store,
        place.id,
        _claimant(args.holder, leases.get(store, place.id)),
        _ttl_s(args, project),
        time.time(),
        take_over=args.take_over,
        foreign_at=at,
        foreign_text=text,
    )
    if elsewhere := _elsewhere(project, store):
        try:
            elsewhere.claim(lease, time.time(), take_over=args.take_over)
        except UserError:
            leases.release(store, lease, time.time())
            raise
    return lease


def _claimant(name: str, before: Lease | None) -> Holder:
    from orchestra.state.identity import by_hand

    named = bool(name) and before is not None and before.held and not before.holder.pid
    return before.holder if named and before is not None and before.holder.name == name else by_hand(name)


def _renew(args: argparse.Namespace, project: Project, store: Store, place: _Place) -> Lease:
    from orchestra.state import leases

    lease = _allowed(args, store, place.id)
    if lease is None or not lease.held:
        raise locked(f"Nobody holds {place.id}.", f"Own it again with `orchestra lock claim {place.id}`.")
    renewed = leases.renew(store, lease, time.time(), _ttl_s(args, project) if args.ttl is not None else None)
    if elsewhere := _elsewhere(project, store):
        elsewhere.recall(lease)
        elsewhere.renew(renewed, time.time())
    return renewed


def _release(args: argparse.Namespace, project: Project, store: Store, place: _Place) -> Lease | None:
    from orchestra.state import leases

    lease = leases.get(store, place.id) if args.take_over else _allowed(args, store, place.id)
    if lease is None:
        return None
    if lease.held and (elsewhere := _elsewhere(project, store)):
        elsewhere.recall(lease)
        elsewhere.release(lease.group)
    return leases.release(store, lease, time.time())


def _show(args: argparse.Namespace, project: Project, store: Store, place: _Place) -> Lease | None:
    from orchestra.state import leases

    return leases.get(store, place.id)


_ACTIONS: dict[str, Any] = {"claim": _claim, "renew": _renew, "release": _release, "show": _show}


def _elsewhere(project: Project, store: Store) -> Elsewhere | None:
    """The same leases on a remote, where the configuration asks for them."""
    from orchestra.config import load

    config = load(project.config_path)
    if not config.leases.remote:
        return None
    from orchestra.drive.launch import elsewhere_of

    return elsewhere_of(project, config, store)


def _allowed(args: argparse.Namespace, store: Store, id_: str) -> Lease | None:
    """The group's lease, if this caller may act for its holder: by the epoch, or as who claimed it here by hand."""
    from orchestra.state import leases
    from orchestra.state.identity import by_hand
    from orchestra.state.lease import Held, LeaseLost

    lease = leases.get(store, id_)
    if args.epoch is not None and (lease is None or lease.epoch != args.epoch):
        raise LeaseLost(id_, args.epoch, lease)
    if lease is None or not lease.held or args.epoch is not None:
        return lease
    mine = by_hand(args.holder or lease.holder.name)
    theirs = lease.holder
    if theirs.pid or (theirs.host, theirs.user, theirs.name) != (mine.host, mine.user, mine.name):
        raise Held(id_, theirs.text, lease.expires_at, lease)
    return lease


def _ttl_s(args: argparse.Namespace, project: Project) -> float:
    minutes = args.ttl
    if minutes is None:
        from orchestra.config import load

        minutes = load(project.config_path).thresholds.lock_timeout_minutes
    if not (math.isfinite(minutes) and 0 < minutes <= 1e6):
        raise usage("--ttl takes a number of minutes above zero.", "For example --ttl 60.")
    return float(minutes) * 60.0


# The group


def _place(project: Project, store: Store, text: str) -> _Place:
    from orchestra.plans.values import group_id

    id_ = group_id(text) or text
    file = _file(project, id_)
    if file is None and not _is_known(store, id_):
        from orchestra.plans.milestones import find_group

        find_group(project.root, text)
    return _Place(id_, file)


def _file(project: Project, id_: str) -> Path | None:
    """The milestone.md of a milestone, from the names in its directory alone: others are not even looked at."""
    from orchestra.plans.values import group_id

    try:
        names = [entry.name for entry in project.milestones.iterdir()]
    except OSError:
        return None
    # Cheap before exact: there may be ten thousand.
    near = sorted(name for name in names if name[1:].lstrip("0").startswith(id_[1:]))
    found = next((name for name in near if group_id(name) == id_), None)
    return project.milestones / found / "milestone.md" if found else None


def _is_known(store: Store, id_: str) -> bool:
    found = store.query("SELECT 1 FROM groups WHERE id = ?1 UNION SELECT 1 FROM leases WHERE group_id = ?1", id_)
    return bool(found)


def _locked_by(project: Project, place: _Place) -> tuple[str, float]:
    """The `Locked-By` that the milestone's file shows, and from when it counts; 0 when there is none."""
    from orchestra.plans.edit import fields
    from orchestra.plans.source import read
    from orchestra.plans.values import locked_since, timestamp

    source, _ = read(place.file, project.root) if place.file else (None, [])
    if source is None or place.file is None:
        return "", 0.0
    text = next((span.value for span in fields(source.text) if span.key == "locked-by"), "")
    return text, locked_since(timestamp(text), place.file, time.time())


def _show_in_file(project: Project, store: Store, place: _Place) -> None:
    """Bring `Locked-By` up to the lease. It is a view: when the file cannot be written, the lease still stands."""
    from orchestra.files import edit_lock

    if place.file is None:
        return
    try:
        with edit_lock(project.root):
            _patch(project, store, place.id, place.file)
    except (UserError, ValueError) as error:
        print(f"orchestra: Locked-By was not written: {error}", file=sys.stderr)


def _patch(project: Project, store: Store, id_: str, file: Path) -> None:
    from orchestra.files import read_bytes, write_atomic
    from orchestra.plans.edit import fields, set_table_field
    from orchestra.state import leases
    from orchestra.state.lease import lock_text

    data = read_bytes(file)
    # Read under the lock: what another command claimed or released meanwhile is what the file has to show.
    lease = leases.get(store, id_)
    if data is None or lease is None:
        return
    text = data.decode("utf-8")
    shown = next((span.value for span in fields(text) if span.key == "locked-by"), "")
    if lease.held or leases.is_ours(store, id_, shown):
        changed = set_table_field(text, "Locked-By", lock_text(lease) if lease.held else None)
        write_atomic(file, changed.encode("utf-8"), inside=project.root)


# The answer


def _document(id_: str, lease: Lease | None) -> dict[str, Any]:
    from orchestra.state.lease import is_alive
    from orchestra.state.stamp import iso

    held = lease is not None and lease.held
    return {
        "id": id_,
        "holder": lease.holder.text if held and lease else None,
        "epoch": lease.epoch if lease else 0,
        "expires_at": iso(lease.expires_at, timespec="seconds") if held and lease else None,
        "alive": is_alive(lease, time.time()),
    }


def _elsewhere_held(project: Project, store: Store, document: dict[str, Any]) -> dict[str, Any]:
    """The answer with who holds the group in another clone, when nobody does in this one."""
    from orchestra.state.stamp import iso

    elsewhere = _elsewhere(project, store)
    found = elsewhere.holder(document["id"], time.time()) if elsewhere else None
    if elsewhere is None or found is None:
        return document
    who, _, epoch = found[0].partition(" epoch=")
    until = iso(found[1], timespec="seconds")
    known = {"holder": f"{who} on {elsewhere.remote}", "expires_at": until, "alive": True}
    return {**document, **known, "epoch": int(epoch) if epoch.isdecimal() else 0}


def _say(args: argparse.Namespace, document: dict[str, Any]) -> int:
    id_ = document["id"]
    if args.json:
        print(json.dumps(document, ensure_ascii=False))
    elif document["holder"] is None:
        print(f"{id_} is free.")
    else:
        state = "held" if document["alive"] else "held, but stale,"
        print(f"{id_} is {state} by {document['holder']} until {document['expires_at']}, epoch {document['epoch']}.")
    return Exit.DONE


def _refused(args: argparse.Namespace, place: _Place, held: Any) -> int:
    """With --json, who holds it comes with the error, for scripts that wait for it."""
    if not args.json:
        raise held
    from orchestra.state.stamp import iso

    document = _document(place.id, held.lease)
    if held.lease is None:
        document |= {"holder": held.who, "expires_at": iso(held.until, timespec="seconds"), "alive": True}
    error = {"message": held.message, "hint": held.hint, "code": int(held.code)}
    print(json.dumps({"ok": False, "error": error, **document}, ensure_ascii=False))
    return int(held.code)
