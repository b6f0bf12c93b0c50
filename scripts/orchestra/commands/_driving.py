"""What `run`, `hotfix` and `demo` share: the options of a run, and the run itself."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from ..core.words import AssignMode, GroupStatus, PushPolicy, Workflow
from ..errors import Exit, UserError, bad_input, usage

if TYPE_CHECKING:
    from ..core.model import Directive

Choose = Callable[[], tuple[str, ...]]
# Who says in which order ready units of `roundtable` are begun: code alone, or an agent among what code offers.
MODES = ("deterministic", "llm")


def policy(parser: argparse.ArgumentParser) -> None:
    """The options that `run` and `hotfix` share."""
    parser.add_argument("--auto", action="store_true", help="do not ask at gates")
    parser.add_argument("--backend", metavar="NAME", help="the agent program (default: backend.name of the config)")
    parser.add_argument("--assign-backend", default="", metavar="NAME", help="the one that says whose a unit is")
    parser.add_argument("--script", metavar="FILE", help="what the scripted backend does")
    parser.add_argument("--command", metavar="CMD", help="what the command backend runs")
    parser.add_argument("--max-parallel", type=count, default=0, metavar="N", help="most agents at the same time")
    parser.add_argument("--max-attempts", type=count, default=0, metavar="N", help="attempts before a unit is given up")
    parser.add_argument("--max-cost", type=_amount, default=0.0, metavar="USD", help="stop beyond that")
    parser.add_argument("--max-tokens", type=count, default=0, metavar="N", help="stop beyond them")
    parser.add_argument("--until", type=_time_of_day, default=0.0, metavar="HH:MM", help="start nothing new after that")
    parser.add_argument("--executor", choices=["local", "tmux", "temporal"], help="tmux: a window for each agent")
    parser.add_argument("--tmux-session", default="", metavar="NAME", help="the session of tmux that has the windows")
    policies = [p.value for p in PushPolicy]
    says = f"when to push: {', '.join(policies)} (default: push of the config)"
    parser.add_argument("--push", choices=policies, default="", metavar="POLICY", help=says)
    parser.add_argument("--stash", action="store_true", help="set uncommitted changes aside until the run ends")
    parser.add_argument("--json", action="store_true", help="print one JSON document about how the run ended")
    parser.set_defaults(otherwise="")


def count(text: str) -> int:
    """A number from 1 up, as argparse takes it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 up")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds from 0 up, as argparse takes it."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _amount(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount in USD")
    return value


def _time_of_day(text: str) -> float:
    """The next time that the local clock shows HH:MM, as Unix time."""
    from datetime import datetime, timedelta

    # Without a zone, because a night in which the clocks are changed has two of them.
    now = datetime.now()
    try:
        clock = datetime.strptime(text, "%H:%M")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 06:30") from error
    then = now.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return (then if then > now else then + timedelta(days=1)).timestamp()


def execute(
    args: argparse.Namespace,
    choose: Choose,
    *,
    include_planning: bool = False,
    workflow: Workflow = Workflow.MILESTONES,
    only: tuple[str, ...] = (),
    more: Mapping[str, Any] | None = None,
    begins: Callable[[Directive], bool] | None = None,
) -> int:
    """Drive a run over the groups that `choose` names (none: all that are ready) and return the exit code.

    `choose` is called when everything else is known to work: it may write the plan. `only` are the groups that are
    known before, and `more` are further fields of `Options`; `begins` says what may be begun (None: everything).
    """
    from ..backends.make import check, make
    from ..config import load
    from ..core.index import pending_decisions
    from ..drive.ask import Asker
    from ..drive.box import check_sandbox
    from ..drive.ending import given_up
    from ..drive.headless import Headless
    from ..drive.intake import Choice, check_named
    from ..drive.launch import Options, limits_of, refuse_beside_client, session, workspace_of
    from ..drive.meanwhile import Meanwhile
    from ..drive.progress import for_terminal
    from ..project import find

    project = find(args.directory)
    config = load(project.config_path)
    # `session` looks again; here nothing has been set aside yet.
    refuse_beside_client(project)
    check_verification(config, project.root)
    backend_name = args.backend or args.otherwise or str(config.backend.name)
    options_of_backend = _backend_options(args, config, project, backend_name)
    make(backend_name, options_of_backend)
    check(backend_name, options_of_backend)
    check_sandbox(config.sandbox)
    in_windows = _in_windows(args, config, project)
    workspace = workspace_of(project, config)
    interactive = not args.auto and _somebody_is_there()
    options = Options(
        workflow=workflow,
        auto=args.auto,
        interactive=interactive,
        max_parallel=args.max_parallel,
        max_attempts=args.max_attempts,
        max_cost_usd=args.max_cost,
        max_tokens=args.max_tokens,
        until=args.until,
        push=args.push,
        **(more or {}),
    )
    limits = _with_team(args, config, project, workflow, limits_of(config, options, backend_name))
    _check_ids(project, config, workflow, Choice(only, include_planning))
    with _checkout(workspace, stash=args.stash), session(project, config, limits, workflow, only) as held:
        counts = {"counts": project.runs / held.run.id / "script"}
        backend = make(backend_name, options_of_backend | counts)
        another = cache(lambda name: make(name, _backend_options(args, config, project, name) | counts))
        progress = for_terminal(asked=interactive)
        held.listeners.append(progress)
        if not interactive:
            progress.asked_before(pending_decisions(held.run))
        with given_up(held):
            choice = Choice(choose(), include_planning)
            check_named(held, choice)
            driver = Headless(held, workspace, backend, choice, Asker() if interactive else None, another, begins)
            with in_windows(held):
                code = asyncio.run(_drive(driver, None if args.json else Meanwhile(held, progress.say)))
        _tell(args, held, code, choice)
        _tell_stale(held)
    return code


def _check_ids(project: Any, config: Any, workflow: Workflow, choice: Any) -> None:
    """Refuse what cannot be run before a run is begun, or one that waits is taken up, for it."""
    from ..drive.intake import check_ids
    from ..state.store import Store

    if choice.only:
        with Store.open(project.state_path) as store:
            check_ids(project, config, store, workflow, choice)


def _with_team(args: argparse.Namespace, config: Any, project: Any, workflow: Workflow, limits: Any) -> Any:
    """The policy with everybody who works in the run; what is not installed is said, once."""
    from dataclasses import replace

    from ..backends.make import check, make
    from ..drive.team import missing, with_team

    def tried(name: str) -> None:
        options = _backend_options(args, config, project, name)
        make(name, options)
        check(name, options)

    def usable(name: str) -> bool:
        try:
            tried(name)
        except UserError:
            return False
        return True

    named = workflow is Workflow.SEQUENTIAL and _somebody_is_named(project)
    alone, assigner = bool(args.backend), args.assign_backend
    limits = with_team(limits, config, workflow, usable, alone=alone, assigner=assigner, named=named)
    if args.assign_backend and not limits.assigner and limits.assign is not AssignMode.OFF:
        # What somebody has asked for by name is not replaced by something else.
        tried(args.assign_backend)
    if workflow is Workflow.ROUNDTABLE and getattr(args, "mode", "") == MODES[1]:
        limits = replace(limits, advise=True, max_actions=getattr(args, "max_actions", 0))
    if limits.owners and not args.backend:
        for name in missing(limits, config):
            _say(f"{name} cannot be used here; {limits.backend} does its work (`orchestra doctor` says why)")
    return limits


def _somebody_is_named(project: Any) -> bool:
    from ..drive.named import by_people
    from ..state.store import Store

    if not project.state_path.exists():
        return False
    with Store.open(project.state_path, readonly=True) as store:
        return by_people(store)


def _in_windows(args: argparse.Namespace, config: Any, project: Any) -> Callable[[Any], AbstractContextManager[None]]:
    """What shows a session in windows of tmux while it is open, or shows nothing, as the user wants it."""
    executor = args.executor or config.executor
    if executor == "temporal":
        raise usage("--executor temporal is not there yet", "this version has the executors `local` and `tmux`")
    from ..core.words import Switch

    keep = config.tmux.keep_windows is Switch.ENABLED
    if executor != "tmux":
        from ..drive.leftovers import close, windows_left

        # With windows of its own a run does the same for as long as it has them.
        close(tuple(windows_left(project, keep)))
        return lambda _: nullcontext()
    from ..drive.windows import windows

    return lambda held: windows(held, args.tmux_session or config.tmux.session, _say, keep=keep)


def _somebody_is_there() -> bool:
    """Whether a person can be asked: reading from the terminal stops a job that runs in its background."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


@contextmanager
def _checkout(workspace: Any, *, stash: bool) -> Iterator[None]:
    """A clean checkout for the run; what was set aside comes back, however it ends."""
    from ..drive.launch import bring_back, prepare_checkout
    from ..drive.repository import GitWorkspace

    if not isinstance(workspace, GitWorkspace):
        yield
        return
    try:
        prepare_checkout(workspace, stash=stash)
        yield
    finally:
        say_kept(bring_back(workspace))


def _backend_options(args: argparse.Namespace, config: Any, project: Any, name: str) -> dict[str, Any]:
    script, agent = args.script or config.backend.script, config.backend.agent(name)
    return {
        "agent": vars(agent) | {"assigner": getattr(args, "assign_opencode_agent", "")} if agent else {},
        "command": args.command or config.backend.command,
        "script": str((args.directory if args.script else project.root) / script) if script else "",
    }


def check_verification(config: Any, root: Any) -> None:
    """Raise UserError (exit 65) for a verification command that is missing, or when there is none at all."""
    from ..config import missing_commands, verification_commands

    missing = missing_commands(config, root)
    if missing:
        raise bad_input("\n".join(f"{d.file}:{d.line}: {d.message}" for d in missing), missing[0].hint)
    if not verification_commands(config):
        hint = "set verification.test in .orchestra/config.yml; without a receipt nothing is ever done"
        raise bad_input("no verification command is configured", hint)


def say_kept(paths: tuple[str, ...]) -> None:
    """Say where changes are kept that could not be brought back."""
    if paths:
        text = f"your changes are kept in refs/orchestra/stash/run, because landed work changed {', '.join(paths)} too"
        _say(f"{text}\n  bring them back with: git checkout refs/orchestra/stash/run -- PATH")


async def _drive(driver: Any, meanwhile: Any) -> Exit:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, driver.interrupt)
    looks = loop.create_task(meanwhile.keep()) if meanwhile else None
    try:
        return Exit(await driver.drive())
    finally:
        if looks:
            looks.cancel()


def _tell(args: argparse.Namespace, held: Any, code: int, choice: Any) -> None:
    from ..drive.intake import nothing_to_do

    run = held.run
    ordered = sorted(run.groups.values(), key=lambda g: (g.plan.order, g.id))
    if args.json:
        groups = [{"id": g.id, "status": str(g.status), "reason": g.reason} for g in ordered]
        skipped = [{"id": id_, "reason": why} for id_, why in sorted(held.skipped.items())]
        document = {"run": run.id, "state": str(run.state), "exit": int(code), "groups": groups, "skipped": skipped}
        print(json.dumps(document, ensure_ascii=False))
        return
    for group in ordered:
        if group.status in (GroupStatus.FAILED, GroupStatus.BLOCKED):
            _say(f"{group.id} {group.status}: {group.reason}")
        elif group.plan.workflow is not Workflow.MILESTONES:
            counts = (f"{count} {status}" for status, count in sorted(run.tally[group.id].items()) if count)
            _say(f"{group.id} {group.status}: {', '.join(counts)}")
    for id_ in sorted(held.lost):
        _say(f"{id_} was taken over by another process; nothing was written after that")
    for id_, why in sorted(held.skipped.items()):
        _say(f"{id_} was passed over: {why}")
    if not ordered and not held.skipped:
        _say(nothing_to_do(held, choice))
    _say(f"{run.id}: {run.state}{f' ({run.reason})' if run.reason else ''}. More: orchestra report-run")


def _tell_stale(held: Any) -> None:
    """Say which files for people are behind the state, and why: the run itself went on without them."""
    from ..views.write import catch_up

    if not held.stale_views:
        return
    try:
        catch_up(held.project.root, held.store, sorted(held.stale_views))
    except UserError as error:
        names = ", ".join(sorted(held.stale_views))
        _say(f"the files of {names} do not show everything yet: {error.message}")
        _say("  when that is mended, `orchestra views` writes them")


def _say(text: str) -> None:
    # How a run ended is its exit code and its state; a terminal that was closed changes neither.
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
