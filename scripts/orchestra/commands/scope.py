"""`orchestra scope`: what a ticket may write, and why the guard allows or denies a path or a command."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestra.errors import Exit, bad_input, usage

from ._json import json_flag

if TYPE_CHECKING:
    from orchestra.guard.judge import Bounds, Verdict
    from orchestra.guard.scopes import Scope

_SHELL = frozenset(" \t\n;|&<>$()`\"'")
_HINT = "Name one: --ticket TICKET, or --scope FILE."


@dataclass(frozen=True)
class _Decision:
    """What the guard decides about one path or command, and by which rule."""

    subject: str
    decision: str
    rule: str
    kind: str
    reason: str
    path: str
    unknown: tuple[str, ...] = ()


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("scope", help="say what a ticket may write, and why")
    verbs = parser.add_subparsers(dest="action", required=True, metavar="show|why")
    show = verbs.add_parser("show", help="print the scope of a ticket")
    show.add_argument("ticket", nargs="?", metavar="TICKET", help="default: the scope that this process was given")
    why = verbs.add_parser("why", help="say whether a path or a command is allowed, and by which rule")
    why.add_argument("words", nargs="+", metavar="PATH|COMMAND", help="one word without blanks is a path")
    why.add_argument("--command", action="store_true", help="take a single word for a command, too")
    where = why.add_mutually_exclusive_group()
    where.add_argument("--ticket", metavar="TICKET", help="judge as an agent with this ticket")
    where.add_argument("--scope", metavar="FILE", help="judge by this compiled scope")
    json_flag(parser, show, why)


def run(args: argparse.Namespace) -> int:
    """Print the scope, or the decision: exit 0 when it is to allow, 1 when it is to deny."""
    if args.action == "show":
        scope = _load(_file(args.directory, args.ticket, None))
        print(json.dumps(_facts(scope), ensure_ascii=False) if args.json else "\n".join(_lines(scope)))
        return Exit.DONE
    decision = _decide(args, _load(_file(args.directory, args.ticket, args.scope)))
    print(json.dumps(_document(decision), ensure_ascii=False) if args.json else "\n".join(_explained(decision)))
    return Exit.INCOMPLETE if decision.decision == "deny" else Exit.DONE


def _file(directory: Path, ticket: str | None, file: str | None) -> Path:
    """The compiled scope that is meant. Raises UserError (usage) when none is."""
    if file:
        return directory / file
    if ticket:
        from orchestra.brief import turn_directory
        from orchestra.project import find

        return turn_directory(find(directory).runs, ticket, holding="scope.json") / "scope.json"
    given = os.environ.get("ORCHESTRA_SCOPE")
    if not given:
        raise usage("no scope was given to this process", _HINT)
    return Path(given)


def _load(file: Path) -> Scope:
    from orchestra.guard import scopes

    try:
        return scopes.load(str(file.absolute()))
    except scopes.Unusable as error:
        raise bad_input(
            f"{file}: {error}", "The driver writes it; `orchestra doctor` looks at the whole setup."
        ) from error


def _decide(args: argparse.Namespace, scope: Scope) -> _Decision:
    text = " ".join(args.words)
    bounds = _bounds(args.directory, scope)
    if args.command or len(args.words) > 1 or not _SHELL.isdisjoint(text):
        return _of_command(bounds, text)
    from orchestra.guard import judge

    return _said(text, judge.path(bounds, text))


def _bounds(directory: Path, scope: Scope) -> Bounds:
    from orchestra.guard import identity, judge

    caller = identity.Caller(identity.SCOPED, scope, "", "")
    return judge.bounds(caller, str(directory), dict(os.environ), _plugin(), "")


def _plugin() -> str:
    return str(Path(__file__).parents[3])


def _of_command(bounds: Bounds, command: str) -> _Decision:
    from orchestra.guard import hook, judge

    setting = hook.Setting(_plugin(), "", "", dict(os.environ))
    found = hook.effects_of(command, bounds.cwd, setting.env)
    verdict, unknown = judge.shell(bounds, command, found)
    return _said(command, verdict, tuple(unknown))


def _said(subject: str, verdict: Verdict, unknown: tuple[str, ...] = ()) -> _Decision:
    return _Decision(subject, verdict.decision, verdict.rule, verdict.kind, verdict.reason, verdict.path, unknown)


def _facts(scope: Scope) -> dict[str, object]:
    facts = {"ticket": scope.ticket, "role": scope.role, "root": scope.root, "enforcement": scope.enforcement}
    return {**facts, "write": scope.write, "blocked_commands": scope.blocked, "file": scope.file}


def _lines(scope: Scope) -> list[str]:
    lines = [f"{scope.ticket or 'no ticket'} ({scope.role or 'no role'}), {scope.enforcement}, below {scope.root}"]
    lines += [f"  {'not ' if glob.startswith('!') else ''}{glob.lstrip('!')}" for glob in scope.write]
    lines += [] if scope.write else ["  nothing may be written"]
    return [*lines, *(f"  blocked command: {text}" for text in scope.blocked)]


def _explained(decision: _Decision) -> list[str]:
    lines = [f"{decision.decision}: {decision.subject}", f"  rule: {decision.rule}"]
    lines += [f"  path: {decision.path}"] if decision.path else []
    lines += [f"  {decision.reason}"] if decision.reason else []
    return [*lines, *(f"  not known before it runs: {reason}; acceptance looks" for reason in decision.unknown)]


def _document(decision: _Decision) -> dict[str, object]:
    facts = asdict(decision)
    return {"class" if name == "kind" else name: value for name, value in facts.items()}
