"""`orchestra doctor`: what is missing, each with the command that mends it."""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from orchestra import config, project, stack
from orchestra.config import Config, Sandbox
from orchestra.core.words import GitStrategy, PushPolicy, Switch
from orchestra.errors import Exit, UserError
from orchestra.plans import milestones
from orchestra.plans.diagnostics import ERROR, Diagnostic, printable
from orchestra.plans.kiro import spec
from orchestra.project import Project

from ._checks import Check

OLDEST_GIT = (2, 38)
CLIENTS = ("claude", "codex")
_CONFIG = ".orchestra/config.yml"


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("doctor", help="say what is missing, with the command that mends it")
    parser.add_argument(
        "--client", choices=CLIENTS, default="", help="the client to look at (default: the one at hand)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Look at everything a run needs. Exit 0 when all of it is there, else 1."""
    checks = list(_checks(args.directory, args.client))
    ok = all(check.ok for check in checks)
    if args.json:
        print(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}, ensure_ascii=False))
    else:
        for check in checks:
            _tell(check)
    return Exit.DONE if ok else Exit.INCOMPLETE


def _tell(check: Check) -> None:
    print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {printable(check.message)}")
    if not check.ok and check.fix:
        print(f"      {printable(check.fix)}")


def _checks(directory: Path, client: str) -> Iterator[Check]:
    yield _python()
    git = _git_version()
    yield git
    try:
        here = project.find(directory)
    except UserError as error:
        yield Check("project", False, error.message, "orchestra init")
        return
    yield Check("project", True, str(here.root))
    settings, found = config.read(here.config_path)
    yield from _diagnosed("config", found, "every key is understood")
    if git.ok and settings.git.strategy is not GitStrategy.NONE:
        yield from _repository(here, settings)
    yield from _verification(here, settings)
    if settings.sandbox is not Sandbox.NONE:
        yield _guarded("sandbox", lambda: _sandbox(settings))
    plan = milestones.read(here.root, settings)
    yield from _diagnosed("plan", plan.diagnostics, f"{len(plan.plan.groups)} milestones can be read")
    specs = spec.read_all(here.root, settings)
    if specs.plan.groups:
        yield from _diagnosed("specs", specs.diagnostics, f"{len(specs.plan.groups)} Kiro specs can be read")
    yield _guarded("state", lambda: _state(here))
    yield from _left_over(here, settings)
    yield from _backends(settings)
    yield from _clients(here, client)


def _backends(settings: Config) -> Iterator[Check]:
    from ._backends import checks

    yield from checks(settings)


def _clients(here: Project, client: str) -> Iterator[Check]:
    from orchestra.drive.caller import caller

    from ._clients import checks

    yield from checks(here.root, client or caller().client)


def _guarded(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name, True, check())
    except UserError as error:
        return Check(name, False, error.message, error.hint)


def _python() -> Check:
    version = platform.python_version()
    return Check("python", sys.version_info >= (3, 11), f"Python {version}", "install Python 3.11 or newer")


def _git(directory: Path, *words: str) -> str | None:
    """The output of a git command, or None when it fails."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=directory, capture_output=True, text=True, errors="replace", timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _git_version() -> Check:
    text = _git(Path("/"), "version") or ""
    match = re.search(r"(\d+)\.(\d+)", text)
    fix = f"install git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer"
    if not match:
        return Check("git", False, "git is not installed", fix)
    return Check("git", (int(match[1]), int(match[2])) >= OLDEST_GIT, text, fix)


def _repository(here: Project, settings: Config) -> Iterator[Check]:
    if _git(here.root, "rev-parse", "--is-inside-work-tree") != "true":
        yield Check("repository", False, f"{here.root} is not in a git repository", "git init")
        return
    commit = _git(here.root, "rev-parse", "--verify", "-q", "HEAD")
    message = "has a commit" if commit else "has no commit yet"
    yield Check("repository", commit is not None, message, "git add -A && git commit -m 'chore: start'")
    name, mail = _git(here.root, "config", "user.name"), _git(here.root, "config", "user.email")
    known = f"{name} <{mail}>" if name and mail else ""
    fix = "git config user.name 'Your Name' && git config user.email you@example.com"
    yield Check("identity", bool(known), known or "git does not know who you are", fix)
    yield _ignored(here)
    if stack.has_submodules(here.root) and not settings.git.worktree_setup:
        said = f"git leaves them empty in the work trees of agents; `git.worktree_setup: {stack.FILL_SUBMODULES}` helps"
        yield Check("submodules", True, said)
    if settings.push is not PushPolicy.NEVER:
        yield _remote(here, settings.git.remote)


def _ignored(here: Project) -> Check:
    """State must not be committed: a run would find its own files in every diff."""
    paths = (".orchestra/state.db", ".orchestra/runs/x")
    ignored = all(_git(here.root, "check-ignore", "-q", path) is not None for path in paths)
    message = "git ignores the state" if ignored else "git does not ignore .orchestra/state.db and .orchestra/runs/"
    return Check("ignored", ignored, message, "orchestra init")


def _remote(here: Project, remote: str) -> Check:
    url = _git(here.root, "remote", "get-url", remote)
    fix = f"git remote add {remote} URL, or write `push: never` into .orchestra/config.yml"
    return Check("remote", url is not None, f"{remote} is {url}" if url else f"there is no remote {remote}", fix)


def _verification(here: Project, settings: Config) -> Iterator[Check]:
    missing = {d.message.split(" ")[0]: d for d in config.missing_commands(settings, here.root)}
    commands = config.verification_commands(settings)
    for name, command in commands:
        problem = missing.get(f"verification.{name}")
        message = problem.message if problem else f"`{command}` can run"
        yield Check(f"verification.{name}", problem is None, message, problem.hint if problem else "")
    switched_off = [name for name in stack.CHECKS if name not in dict(commands)]
    left_out = stack.left_out(stack.detect(here.root)) if switched_off else {}
    if not commands:
        yield _nothing_proved(left_out)
        return
    for name in switched_off:
        if name in left_out:
            yield Check(f"verification.{name}", True, f"no command is configured; {left_out[name]}")


def _nothing_proved(left_out: dict[str, stack.LeftOut]) -> Check:
    said, fix = "no verification command is configured, so nothing would be proved", ""
    for check, one in left_out.items():
        said += f"; {one}"
        fix = fix or f"{one.problem.hint}, then write `{check}: {one.command}` below `verification:` in {_CONFIG}"
    return Check("verification", False, said, fix or f"write a command for `verification.test` into {_CONFIG}")


def _diagnosed(name: str, found: list[Diagnostic], good: str) -> Iterator[Check]:
    errors = [d for d in found if d.severity is ERROR]
    for error in errors[:20]:
        message = f"{error.file}:{error.line}:{error.column}: [{error.code}] {error.message}"
        yield Check(name, False, message, error.hint or "orchestra validate")
    if not errors:
        yield Check(name, True, good)


def _sandbox(settings: Config) -> str:
    from orchestra.drive.box import check_sandbox

    check_sandbox(settings.sandbox)
    return f"{settings.sandbox} works here"


def _left_over(here: Project, settings: Config) -> Iterator[Check]:
    """What killed runs have left; nothing is said when that is nothing."""
    from orchestra.drive.leftovers import left
    from orchestra.state.store import Store

    if not here.state_path.exists():
        return
    try:
        with Store.open(here.state_path, readonly=True) as store:
            found = left(here, store, keep_windows=settings.tmux.keep_windows is Switch.ENABLED)
    except UserError as error:
        yield Check("state", False, error.message, error.hint)
        return
    if found:
        said = f"{found} of runs that were killed; `orchestra run` goes on with their work"
        yield Check("left over", False, said, "orchestra stop")


def _state(here: Project) -> str:
    from orchestra.state.filesystem import refuse_network

    from ._writing import refuse_unwritable

    refuse_network(here.dir)
    refuse_unwritable(here)
    return f"{here.dir} is on a local disk and can be written"
