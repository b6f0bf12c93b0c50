"""opencode as an agent: `opencode run`, its tools that edit files held to the scope by its own permissions."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.words import ExitClass, Role
from ..proc import Ended
from ..proc.output import read_bounded
from .agent import (
    Json,
    Said,
    called,
    came_back,
    classed,
    fed,
    found_program,
    judge,
    mapping,
    money,
    number,
    record,
    records,
)
from .base import AgentEvent, Task, TurnResult, Usage
from .failures import failure
from .guarding import opencode_permission, scope_of
from .own_places import kept_in
from .program import Program, options

LOG = "log/opencode.log"
_LOG_BYTES = 4 << 20
_ENV = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_TERMINAL_TITLE": "1"}


@dataclass(frozen=True)
class OpencodeBackend(Program):
    """Runs `opencode` with these settings; `access` is `auto`, or empty to let it refuse what it would ask for."""

    name: str = "opencode"

    def argv(self, task: Task) -> tuple[str, ...]:
        # A title saves the request that would ask a model for one.
        session = ("-s", task.session) if task.session else ("--title", task.ticket)
        access = ("--auto",) if self.settings.access == "auto" else ()
        agent = self.settings.assigner if task.role == Role.ASSIGNER else ""
        chosen = {"-m": task.model, "--variant": self.settings.effort, "--agent": agent}
        program = found_program(self.settings.program)
        return fed(task, program, "run", "--format", "json", *access, *session, *options(chosen), *self.settings.args)

    def env(self, task: Task) -> dict[str, str]:
        env = {**_ENV, **super().env(task)}
        globs = scope_of(task)
        if globs is not None:
            env["OPENCODE_PERMISSION"] = json.dumps(_permission(env, os.environ) | opencode_permission(globs))
        return env

    def events(self, line: str) -> Iterable[AgentEvent]:
        found = record(line)
        return tuple(_events(found)) if found else ()

    def finish(self, task: Task, ended: Ended, events: tuple[AgentEvent, ...]) -> TurnResult:
        result = judge(task, ended, events, said(records(ended.stdout)))
        if result.exit_class not in (ExitClass.HANG, ExitClass.TIMEOUT) or result.claim:
            return result
        # It asks a service that refuses again and again, and prints nothing about it.
        log = log_file(self.env(task)) if task.box is None else kept_in(self.name, task.dir.parent) / LOG
        found = failure(last_error(task.worktree, log), time.time())
        return classed(result, found) if found else result


def _permission(*places: Mapping[str, str]) -> Json:
    """The user's own permissions: what they deny stays denied."""
    text = next((place["OPENCODE_PERMISSION"] for place in places if "OPENCODE_PERMISSION" in place), "")
    return record(text) or {}


def _events(found: Json) -> Iterator[AgentEvent]:
    session, part = str(found.get("sessionID") or ""), mapping(found.get("part"))
    kind = found.get("type")
    if kind == "text":
        yield AgentEvent("text", text=str(part.get("text") or ""), session=session)
    elif kind == "tool_use":
        # Printed when the call is over.
        state, id = mapping(part.get("state")), part.get("callID")
        yield called(part.get("tool"), state.get("input"), session, id=id)
        exit_code = mapping(state.get("metadata")).get("exit")
        failed = state.get("status") == "error" or bool(exit_code)
        yield came_back(id, state.get("error") or state.get("output") or "", failed, session)
    elif kind == "step_finish":
        yield AgentEvent("usage", usage=replace(_counted(part), answers=1), session=session)
    elif kind == "error":
        yield AgentEvent("error", name="session", text=_message(found), session=session)


def said(found: Iterable[Json]) -> Said:
    """What the records of a turn come to.

    There is no last record: the turn is over when the last step wants no tool.
    """
    final, turns, usage, session, error, closed = "", 0, Usage(), "", "", False
    for one in found:
        session = str(one.get("sessionID") or session)
        part, kind = mapping(one.get("part")), one.get("type")
        if kind == "text":
            final = str(part.get("text") or "")
        elif kind == "step_start":
            closed = False
        elif kind == "step_finish":
            turns, usage = turns + 1, usage + _counted(part)
            closed = part.get("reason") != "tool-calls"
        elif kind == "error":
            error = _message(one) or "error"
    return Said(final, turns, usage, session, error, closed)


def _counted(part: Json) -> Usage:
    tokens = mapping(part.get("tokens"))
    cache = mapping(tokens.get("cache"))
    came_in = number(tokens.get("input")) + number(cache.get("read")) + number(cache.get("write"))
    return Usage(came_in, number(tokens.get("output")) + number(tokens.get("reasoning")), money(part.get("cost")))


def _message(one: Json) -> str:
    error = mapping(one.get("error"))
    data = mapping(error.get("data"))
    status = data.get("statusCode")
    words = [str(error.get("name") or ""), str(data.get("message") or error.get("message") or "")]
    return " ".join([*(word for word in words if word), *([f"(status {status})"] if status else [])])


def log_file(env: Mapping[str, str]) -> Path:
    """Where opencode writes what it does, for all its sessions."""
    both = {**os.environ, **env}
    data = both.get("XDG_DATA_HOME") or f"{both.get('HOME', '')}/.local/share"
    return Path(data) / "opencode" / LOG


def last_error(worktree: Path, log: Path) -> str:
    """The last error of the newest session in `worktree`; empty when its last request went well."""
    run, error = "", ""
    for line in read_bounded(log, _LOG_BYTES).decode("utf-8", "replace").splitlines():
        if 'message="creating instance"' in line and line.endswith(f"directory={worktree}"):
            run, error = _run_of(line), ""
        elif run and f"run={run} " in line:
            found = re.search(r'level=ERROR .*error\.error="(.*)"$', line)
            error = found[1] if found else error
    return error


def _run_of(line: str) -> str:
    found = re.search(r"\brun=(\w+) ", line)
    return found[1] if found else ""
