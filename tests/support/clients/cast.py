"""Played models that do what Orchestra's prompts say: a lead, a milestone agent, workers, reviewers.

They know nothing but what they read: the text of a command or a brief. What the prompts leave out, they do not do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from tests.support.clients.brain import Talk, Turn, When
from tests.support.clients.reply import Answer, Block, Call, agent, bash
from tests.support.clients.request import Request

RUN = re.compile(r'Run "([^"]+)" and do what it says')
OVER = re.compile(r"^(?:complete|halt)\b", re.MULTILINE)
THEN = re.compile(r"^then: (.+)$", re.MULTILINE)
BLOCK = re.compile(
    r"^(?:dispatch|review) (.+)\n  agent: (\S+)(?: +model: (\S+))?\n(?:  continue: (\S+).*\n)?  prompt: (.+)$",
    re.MULTILINE,
)
REPORT = re.compile(r"^ *(\S*orchestra report (\S+)) ", re.MULTILINE)


def leads(request: Request) -> Talk:
    """The lead in Claude Code: runs the command that /orchestra names, then `next` until it is over."""
    how = re.search(r"Run `(orchestra how)` with these arguments.*?: (.+)", request.last_user)
    text = request.last_user
    if how:
        text = (yield bash(f"{how[1]} {how[2].strip()}")).tool_result
    begin = re.search(r"Run `(orchestra next[^`]*)`", text)
    assert begin, text
    return (yield from follows(begin[1].strip()))


def follows(command: str) -> Talk:
    """Do what `next` says until complete or halt; returns its last words."""
    said = (yield bash(command)).tool_result
    while not OVER.search(said):
        calls = [_started(found) for found in BLOCK.finditer(said)]
        if calls:
            yield calls
        then = THEN.search(said)
        assert then, said
        said = (yield bash(then[1])).tool_result
    return said


def _started(found: re.Match[str]) -> Block:
    if found[4]:
        return Call("SendMessage", {"to": found[4], "summary": "go on", "message": found[5]})
    return agent(found[2], found[5], **({"model": found[3]} if found[3] else {}))


def milestone_agent(request: Request) -> Talk:
    """Takes one milestone through its tickets."""
    return (yield from follows(_command(request)))


def worker(works: Mapping[str, Sequence[Answer]]) -> Callable[[Request], Talk]:
    """A worker that reads its brief, makes the calls listed for its ticket, and reports; `*` is for any ticket.

    Sent another ticket afterwards, it does that too.
    """

    def talk(request: Request) -> Talk:
        while True:
            brief = (yield bash(_command(request))).tool_result
            report = REPORT.search(brief)
            assert report, brief
            for call in works.get(report[2], works.get("*", ())):  # noqa: UP028 (a list cannot be sent what came back)
                yield call
            done = yield bash(f'{report[1]} --status done --notes "made"')
            request = yield done.tool_result.splitlines()[0]

    return talk


def reviewer(*rounds: str) -> Callable[[Request], Talk]:
    """A reviewer that reports the given findings (JSON), one text a round; afterwards none."""
    left = list(rounds)

    def talk(request: Request) -> Talk:
        brief = (yield bash(_command(request))).tool_result
        report = REPORT.search(brief)
        assert report, brief
        found = left.pop(0) if left else "[]"
        done = yield bash(f"{report[1]} --findings - <<'FINDINGS'\n{found}\nFINDINGS")
        return done.tool_result.splitlines()[0]

    return talk


def _command(request: Request) -> str:
    found = RUN.search(request.last_user)
    assert found, request.last_user
    return found[1]


def cast(
    works: Mapping[str, Sequence[Answer]], *rounds: str, lead: Callable[[Request], Talk] = leads
) -> tuple[Turn, Turn, Turn, Turn]:
    """Everybody of a run in Claude Code: known by their prompts."""
    return (
        Turn(worker(works), When(first_user=r"orchestra brief \S+\.worker-\d+"), 0, "worker"),
        Turn(reviewer(*rounds), When(first_user=r"orchestra brief \S+\.reviewer-\d+"), 0, "reviewer"),
        Turn(milestone_agent, When(first_user=r'Run "\S*orchestra next --group'), 0, "milestone agent"),
        Turn(lead, When(last_user="orchestra (how|next|hotfix)"), 1, "lead"),
    )
