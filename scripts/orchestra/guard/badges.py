"""Who is who in a run that sessions of a client carry out: badges of sub-agents, parts of sessions.

Below `.orchestra/runs/`: `armed` names the run, `<run>/<ticket>/turn-<k>/` holds the scope of a turn, `<run>/agents/`
the badges, `<run>/sessions/` the sessions that have taken a part. Names that come from outside are hostile.
"""

from __future__ import annotations

from . import disk, scopes
from .document import Malformed, dump, parse, text_of
from .identity import LEAD, PLANNER, READER, SCOPED, USER, Call, Caller, Refused

_PLANNER_WRITES = [
    ".orchestra/milestones/**",
    ".orchestra/blueprints/**",
    ".orchestra/roles/**",
    ".orchestra/config.yml",
]
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_MAX_NAME = 200


def is_name(text: str) -> bool:
    """Whether `text` can be a name of the run's folders."""
    return text not in ("", ".") and ".." not in text and len(text) <= _MAX_NAME and _NAME.issuperset(text)


class Run:
    """A run that sessions of a client carry out."""

    __slots__ = ("folder", "project")

    def __init__(self, project: str) -> None:
        self.project = project
        try:
            found = parse(disk.read(f"{project}/.orchestra/runs/armed"))
        except (OSError, Malformed):
            found = {}
        name = text_of(found, "run")
        if not is_name(name):
            raise Refused(
                "run", "The run cannot be read (.orchestra/runs/armed). Run `orchestra status` and stop here.", ""
            )
        self.folder = f"{project}/.orchestra/runs/{name}"

    @property
    def record(self) -> str:
        """Where the denials of callers without a turn go."""
        return f"{self.folder}/guard.jsonl"

    def caller(self, call: Call) -> Caller:
        """Who sends `call`. Raises Refused."""
        return self._agent(call) if call.agent else self._session(call)

    def _session(self, call: Call) -> Caller:
        role = self._role(call.session)
        if role == PLANNER:
            return Caller(PLANNER, scopes.Scope(self.project, _PLANNER_WRITES), self.project, self.record)
        kind = USER if not role else LEAD
        return Caller(kind, scopes.Scope(self.project, []), self.project, self.record)

    def _role(self, session: str) -> str:
        """The part that a session has taken; an unreadable note counts as the part that may write least."""
        if not is_name(session):
            return ""
        file = f"{self.folder}/sessions/{session}"
        if not disk.exists(file):
            return ""
        try:
            return PLANNER if text_of(parse(disk.read(file)), "role") == PLANNER else LEAD
        except (OSError, Malformed):
            return LEAD

    def _agent(self, call: Call) -> Caller:
        file = f"{self.folder}/agents/{call.agent}"
        if not is_name(call.agent) or not disk.exists(file):
            return self._reader(call, "")
        badge = self._badge(file)
        return self._badged(call, text_of(badge, "ticket"), text_of(badge, "turn"), text_of(badge, "sha256"))

    def _reader(self, call: Call, why: str, record: str = "") -> Caller:
        nothing = scopes.Scope(self.project, [])
        return Caller(READER, nothing, self.project, record or self.record, call.agent, why)

    def _badge(self, file: str) -> dict[str, object]:
        try:
            found = parse(disk.read(file))
        except (OSError, Malformed):
            found = {}
        return {**found, "turn": f"turn-{found.get('turn')}"}

    def _badged(self, call: Call, ticket: str, turn: str, digest: str) -> Caller:
        if not (is_name(ticket) and is_name(turn) and digest):
            return self._reader(call, "Your badge cannot be read. Run `orchestra brief TICKET` again.")
        folder = f"{self.folder}/{ticket}/{turn}"
        record = f"{folder}/guard.jsonl"
        if disk.exists(f"{self.folder}/{ticket}/closed"):
            return self._reader(call, f"Ticket {ticket} has ended: nothing more is written for it. Stop here.", record)
        if turn != self.newest(ticket):
            return self._reader(call, f"Your turn has ended. Run `orchestra brief {ticket}` first.", record)
        try:
            scope = scopes.load(f"{folder}/scope.json", digest)
        except scopes.Unusable as error:
            return self._reader(call, f"Nothing may be written: {error}. Stop, and say so in your report.", record)
        return Caller(SCOPED, scope, self.project, record, call.agent)

    def newest(self, ticket: str) -> str:
        """The name of a ticket's newest turn, `""` when it has none."""
        found = [(number(name), name) for name in disk.names(f"{self.folder}/{ticket}") if number(name)]
        return max(found)[1] if found else ""

    def take(self, call: Call, ticket: str) -> None:
        """Tie the sub-agent of `call` to the newest turn of `ticket`, if there is one. Raises Refused, OSError."""
        turn = self.newest(ticket) if is_name(ticket) and is_name(call.agent) else ""
        if not turn or disk.exists(f"{self.folder}/{ticket}/closed"):
            return
        self._leave(call, ticket)
        folder = f"{self.folder}/{ticket}/{turn}"
        who = {"agent_id": call.agent, "session_id": call.session, "agent_type": call.agent_type}
        if not disk.create(f"{folder}/agent", _line(who)) and self._holder(folder) != call.agent:
            raise Refused(
                "badge", f"Ticket {ticket} belongs to another agent. Stop, and tell the lead so.", self.record
            )
        self._give(call, ticket, turn)

    def _leave(self, call: Call, ticket: str) -> None:
        """One agent has one ticket: the one before must have ended."""
        file = f"{self.folder}/agents/{call.agent}"
        old = text_of(self._badge(file), "ticket") if disk.exists(file) else ""
        if is_name(old) and old != ticket and not disk.exists(f"{self.folder}/{old}/closed"):
            raise Refused("badge", f"You still hold ticket {old}. Finish it: `orchestra report {old}`.", self.record)

    def _holder(self, folder: str) -> str:
        try:
            return text_of(parse(disk.read(f"{folder}/agent")), "agent_id")
        except (OSError, Malformed):
            return ""

    def _give(self, call: Call, ticket: str, turn: str) -> None:
        folder = f"{self.folder}/{ticket}/{turn}"
        digest = _text(f"{folder}/scope.sha256")
        text = turn.removeprefix("turn-")
        k = int(text) if text.isdigit() else text
        badge: dict[str, object] = {"ticket": ticket, "turn": k, "scope": f"{folder}/scope.json", "sha256": digest}
        disk.make_directory(f"{self.folder}/agents")
        disk.replace(f"{self.folder}/agents/{call.agent}", _line(badge))

    def play(self, call: Call, role: str) -> None:
        """Note that the session of `call` has taken the part `role`. Raises Refused, OSError."""
        now = self._role(call.session)
        if now == LEAD and role == PLANNER:
            raise Refused("role", "This session leads the run. Plan in another session.", self.record)
        if now == role:
            return
        if not is_name(call.session):
            raise Refused("role", "The session has no name that can be noted. Start a new one.", self.record)
        disk.make_directory(f"{self.folder}/sessions")
        disk.replace(f"{self.folder}/sessions/{call.session}", _line({"role": role}))


def number(turn: str) -> tuple[int, ...]:
    """`turn-2` as (2,), `turn-2.1` as (2, 1), anything else as ()."""
    parts = turn.removeprefix("turn-").split(".") if turn.startswith("turn-") else []
    return tuple(int(part) for part in parts) if all(part.isascii() and part.isdigit() for part in parts) else ()


def _text(path: str) -> str:
    try:
        return disk.read(path).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _line(value: dict[str, object] | dict[str, str]) -> bytes:
    return (dump(dict(value)) + "\n").encode()
