"""What a client's hooks do for a run that is led from it. Each is one short process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..backends.claim import Claim
from ..config import Config
from ..core.events import EventType
from ..core.index import units_of
from ..core.model import Attempt, Event, Run
from ..core.words import GroupStatus, Step, UnitStatus
from ..project import Project
from ..state import armed
from ..state.armed import Armed
from ..state.store import Store
from .caller import Caller
from .client import Client
from .groups import Place
from .leading import joined
from .orders import program
from .session import Session
from .turn_files import turn_dir

NAGGED = "nagged"
# What our agents are called in every client that has types of agents; their briefs tell them all they need.
_OURS = "orchestra:"


def session_start(project: Project, who: Caller, source: object = "") -> str:
    """One line about the run: for its lead what to do, for others that it is there. Nothing without a run.

    After a compaction (`source`) any agent of the lead's session may be its reader: the client does not say which.
    """
    led = armed.read(project.runs)
    if led is not None and led.holder.token == who.holder.token and source == "compact":
        return (
            f"Orchestra {_stand(project, led)} is led from this session. Its lead runs `{led.program} next` and does"
            " what it says; an agent with a prompt of its own runs the command of that prompt again."
        )
    if led is not None and led.holder.token == who.holder.token:
        return f"You lead Orchestra {_stand(project, led)}. Run `{led.program} next` and do what it says."
    if led is not None and not led.dead:
        return f"Orchestra {_stand(project, led)} is led from another session."
    if led is not None:
        armed.part(project.runs)
    left = armed.read(project.runs, armed.PARTED)
    return (
        f"Orchestra {_stand(project, left)} was left in the middle; `/orchestra start` goes on with it." if left else ""
    )


def before_compaction(project: Project, who: Caller) -> str:
    """What a summary must keep: the lead's, or that of any of its agents."""
    led = armed.read(project.runs)
    if led is None or led.holder.token != who.holder.token:
        return ""
    return (
        f"Keep in the summary, word for word, the `{led.program}` command that your task began with: `brief TICKET`,"
        f" `next --group ID`, or, for the lead of Orchestra run {led.run}, `next`."
    )


def _stand(project: Project, led: Armed) -> str:
    """The run and how far its open milestones are, on one line."""
    with Store.open(project.state_path, readonly=True) as store:
        run = store.load(led.run)
    opened = [_progress(run, group.id) for group in run.groups.values() if group.open] if run else []
    return f"run {led.run} ({', '.join(opened)})" if opened else f"run {led.run}"


def _progress(run: Run, group: str) -> str:
    units = units_of(run, group)
    done = sum(1 for unit in units if unit.status is UnitStatus.DONE)
    return f"{group} {done}/{len(units)}"


def agent_started(project: Project, payload: Mapping[str, Any]) -> str:
    """What an agent that is none of ours has to know while a run is led; nothing for ours, or without a run."""
    kind = payload.get("agent_type")
    if not isinstance(kind, str) or not kind or kind.startswith(_OURS):
        return ""
    led = armed.read(project.runs)
    if led is None or led.dead:
        return ""
    return "An Orchestra run is under way in this project. Without one of its tickets, you only read."


def agent_stopped(project: Project, config: Config, place: Place, who: Caller, payload: Mapping[str, Any]) -> str:
    """Send an agent that has not reported back once, with what is missing; the second time its attempt has failed.

    Returns the reason that keeps the agent going, or nothing.
    """
    ticket = _ticket_of(project, payload.get("agent_id"))
    if not ticket:
        return ""
    with joined(project, config, who) as session:
        attempt = session.attempt(ticket)
        if attempt is None or attempt.step is not Step.WORKING:
            return ""
        folder = turn_dir(session, attempt)
        if not (folder / NAGGED).exists():
            (folder / NAGGED).touch()
            return _missing(attempt)
        asyncio.run(_failed(session, place, attempt))
    return ""


def _ticket_of(project: Project, agent: object) -> str:
    led = armed.read(project.runs)
    if led is None or not isinstance(agent, str) or not agent or Path(agent).name != agent:
        return ""
    try:
        known = json.loads((project.runs / led.run / "agents" / agent).read_bytes())
        return str(known["ticket"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _missing(attempt: Attempt) -> str:
    return (
        f"You hold {attempt.ticket} and have not reported. Run `{program()} report {attempt.ticket}` as its brief "
        f'says, or with `--status failed --notes "why"`.'
    )


async def _failed(session: Session, place: Place, attempt: Attempt) -> None:
    claim = Claim("failed", notes="its agent stopped without a report")
    await Client(session, place).report(attempt.ticket, claim)


def session_end(project: Project, config: Config, who: Caller) -> str:
    """The lead's session is over: its leases are released, and the run waits for the next lead."""
    led = armed.read(project.runs)
    if led is None or led.holder.token != who.holder.token:
        return ""
    with joined(project, config, who) as session:
        for group in list(session.leases):
            session.release(group)
        session.record(Event(EventType.NOTE, data={"text": "the lead's session has ended; its leases are released"}))
        unfinished = [g for g in session.run.groups.values() if g.status is not GroupStatus.DONE]
    armed.part(project.runs)
    return f"{led.run} is left with {len(unfinished)} milestones unfinished"
