"""Who is calling: the headless agent of a scope file, a sub-agent with or without a badge, or a session."""

from __future__ import annotations

from . import scopes

# Kinds of caller. Only a scoped one works in a tree that is compared before anything of it is accepted.
SCOPED, READER, LEAD, PLANNER, USER = "scoped", "reader", "lead", "product-manager", "user"


class Refused(Exception):
    """The caller may do nothing, or not what it asks to be: `(class, reason, file for the record)`."""


class Caller:
    """Who calls. `record` is the file its denials go to; `why`, when there is one, is why it may write nothing."""

    __slots__ = ("agent", "kind", "project", "record", "scope", "why")

    def __init__(
        self, kind: str, scope: scopes.Scope, project: str, record: str, agent: str = "", why: str = ""
    ) -> None:
        self.kind, self.scope, self.project, self.record = kind, scope, project, record
        self.agent, self.why = agent, why


class Call:
    """What the payload says about its sender."""

    __slots__ = ("agent", "agent_type", "session")

    def __init__(self, agent: str, agent_type: str, session: str) -> None:
        self.agent, self.agent_type, self.session = agent, agent_type, session


def headless(file: str, digest: str, call: Call) -> Caller:
    """The caller of a process tree that was given the scope `file`. Raises Refused."""
    folder = file.rpartition("/")[0]
    record = f"{folder}/guard.jsonl" if file.startswith("/") else ""
    try:
        if not record:
            raise scopes.Unusable("the scope file is not named by an absolute path")
        scope = scopes.load(file, digest)
    except scopes.Unusable as error:
        raise Refused("scope", f"Nothing may be written: {error}. Stop, and say so in your report.", record) from None
    return Caller(SCOPED, scope, "", record, call.agent)
