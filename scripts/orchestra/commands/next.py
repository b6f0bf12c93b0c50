"""`orchestra next`: what a lead inside a client has to do now."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.words import GroupStatus, PushPolicy
from ..errors import usage
from ._client import workspace
from ._driving import check_verification, count, say_kept

# Less than clients give a shell command, so that waiting costs them no turn of a model.
PATIENCE_S = 90.0
# Others, Codex among them, come back from a command after ten seconds while it goes on.
SHORT_S = 7.0
LOOK_S = 1.0


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "next",
        help="say what the lead inside a client has to do now",
        description="Says what the lead has to do now. Without options it goes on as the run was begun.",
    )
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="milestones to run, such as M3 (default: all that are ready)"
    )
    parser.add_argument("--auto", action="store_true", help="do not ask at gates")
    parser.add_argument(
        "--flat", action="store_true", help="hand out phases, not milestones (for clients that cannot nest)"
    )
    parser.add_argument(
        "--group", default="", metavar="ID", help="go on with this milestone only: for its milestone agent"
    )
    parser.add_argument("--include-planning", action="store_true", help="also take milestones whose Status is planning")
    parser.add_argument("--max-parallel", type=count, default=0, metavar="N")
    parser.add_argument("--push", choices=[p.value for p in PushPolicy], default="", metavar="POLICY")
    parser.add_argument(
        "--wait", type=float, default=None, metavar="SECONDS", help="how long to wait for agents that are at work"
    )
    parser.add_argument("--stash", action="store_true", help="set uncommitted changes aside until the run ends")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Print the directives that hold; exit 0, or what the run has come to when it is over."""
    from ..config import load
    from ..drive.caller import caller
    from ..project import find

    if args.group and args.ids:
        raise usage("--group names the one milestone to go on with", "leave the other ids out")
    project, who = find(args.directory), caller()
    config = load(project.config_path)
    check_verification(config, project.root)
    answer = _answer(_as_begun(args, project, who), project, config, who)
    print(json.dumps(answer.to_json(), ensure_ascii=False) if args.json else answer.to_text())
    return int(answer.code)


def _as_begun(args: argparse.Namespace, project: Any, who: Any) -> argparse.Namespace:
    """A lead that asks without options goes on as it has begun: that is in state, and need not be in its memory."""
    from ..state import armed

    led = armed.read(project.runs)
    if len(_again(args).split()) > 1 or led is None or led.holder.token != who.holder.token:
        return args
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers())
    begun = parser.parse_args(shlex.split(led.call))
    begun.directory, begun.wait, begun.json = args.directory, args.wait, args.json
    return begun


def _answer(args: argparse.Namespace, project: Any, config: Any, who: Any) -> Any:
    """What holds now, or as soon as there is something to do; between looks other commands have their turn."""
    patience = PATIENCE_S if who.client == "claude" else SHORT_S
    end = time.monotonic() + (patience if args.wait is None else args.wait)
    while True:
        with _led(args, project, config, who) as client:
            answer = asyncio.run(client.next()) if client else _nothing(project)
            _bring_back(client, answer)
        if not answer.waits or time.monotonic() + LOOK_S > end:
            return answer
        time.sleep(LOOK_S)


@contextmanager
def _led(args: argparse.Namespace, project: Any, config: Any, who: Any) -> Iterator[Any]:
    """The client driver on its run; None when there is nothing to do."""
    from ..drive.client import Client
    from ..drive.launch import Options, limits_of
    from ..drive.leading import begin_or_resume, leading
    from ..plans import milestones

    place = workspace(project, config)
    only = tuple(milestones.find_group(project.root, name).id for name in args.ids)
    group = milestones.find_group(project.root, args.group).id if args.group else ""
    options = Options(auto=args.auto, interactive=not args.auto, max_parallel=args.max_parallel, push=args.push)
    limits = limits_of(config, options, who.client or "client")
    choice = _choice(only, args)
    with leading(project, config, who) as lead:
        if group and not args.auto:
            # A milestone agent goes on under the policy that its lead has chosen.
            limits = lead.session.run.limits if lead.session.run.seq else limits
        if lead.fresh:
            _prepare(lead.session, place, choice, stash=args.stash)
        if not begin_or_resume(lead, place, limits, choice, who, _again(args)):
            yield None
            return
        flat = args.flat or bool(group) or who.client == "codex"
        yield Client(lead.session, place, choice, who.client, flat, group)


def _choice(only: tuple[str, ...], args: argparse.Namespace) -> Any:
    from ..drive.intake import Choice

    return Choice(only, args.include_planning)


def _prepare(session: Any, place: Any, choice: Any, *, stash: bool) -> None:
    """A lead begins on a clean checkout; one that goes on finds the work of its agents there."""
    from ..drive.intake import check_named
    from ..drive.launch import prepare_checkout
    from ..drive.repository import GitWorkspace

    check_named(session, choice)
    if isinstance(place, GitWorkspace) and not any(session.run.live.values()):
        prepare_checkout(place, stash=stash)


def _bring_back(client: Any, answer: Any) -> None:
    """What was set aside comes back when the run is over."""
    from ..drive.launch import bring_back
    from ..drive.repository import GitWorkspace

    if client is not None and not client.group and not answer.then and isinstance(client.workspace, GitWorkspace):
        say_kept(bring_back(client.workspace))


def _nothing(project: Any) -> Any:
    """That there is nothing to do, and what would have to be done first."""
    from ..core.words import DirectiveKind
    from ..drive.orders import Answer, Order

    text = f"no milestone is ready to be carried out; {'; '.join(_before(project))}"
    return Answer("", (Order(DirectiveKind.COMPLETE, "", text=text),))


def _before(project: Any) -> Iterator[str]:
    from ..plans.kiro.folders import folders
    from ..state.store import Store
    from ..views.record import few
    from ..views.status import read

    with Store.open(project.state_path, readonly=True) as store:
        groups = read(project, store, time.time(), units=False).groups
    planned = [group.id for group in groups if group.status == GroupStatus.PLANNING]
    if planned:
        yield f"{few(planned, 4)} still being planned: `orchestra ready {planned[0]}` when it is written"
    else:
        yield "`/orchestra pm` plans one"
    if folders(project.root):
        yield "Kiro specs are carried out by `orchestra run --workflow sequential`"


def _again(args: argparse.Namespace) -> str:
    """The words by which a run is begun."""
    words = ["next", *args.ids]
    words += [f"--{name}" for name in ("auto", "flat", "include_planning") if getattr(args, name)]
    words += ["--group", args.group] if args.group else []
    words += ["--max-parallel", str(args.max_parallel)] if args.max_parallel else []
    words += ["--push", args.push] if args.push else []
    return " ".join(words).replace("include_planning", "include-planning")
