"""What the backends of agent programs share: settings, environment, standard input, and the judgement of a turn."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeGuard

from ..core.words import ExitClass
from ..errors import UserError
from ..proc import Ended
from ..proc.output import read_bounded
from .base import AgentEvent, Opened, Task, TurnResult, Usage, halted, result_of, turn_env
from .claim import Claim, finding_of
from .command import REVIEWS, trailing_findings
from .failures import Failure, failure, forgotten
from .own_places import own_places

Json = dict[str, Any]
_STDERR_BYTES = 16 << 10
_CALL_CHARS = 4000
# Beyond these no program counts; a sum of them stays exact, and can be written as JSON.
_MOST_TOKENS, _MOST_USD = 1 << 50, 1e9
# A text that was cut in the middle of a character; only as an escape can half of one stand in a line.
_HALVES = re.compile(r"\\u[dD][89a-fA-F]")
_KILLED = frozenset(
    128 + number
    for number in (signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM)
)
_SESSION = re.compile(r"[A-Za-z0-9][\w.:@/+=-]{0,199}", re.ASCII)
# A shell that only opens the brief: argument lists are short on every system, and are seen by everybody on the machine.
_FED = 'exec "$@" <"$0"'


@dataclass(frozen=True)
class Settings:
    """What the configuration says of one program.

    `env`: `NAME=VALUE` sets a variable, `NAME` alone passes on one that is otherwise withheld. `access` is the
    program's own word for what it may do without asking. `assigner` is what opencode calls the agent that is an
    assigner, empty for its usual one.
    """

    program: str
    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    effort: str = ""
    access: str = ""
    assigner: str = ""

    @property
    def passed(self) -> frozenset[str]:
        return frozenset(one for one in self.env if "=" not in one)

    @property
    def given(self) -> dict[str, str]:
        return dict(one.split("=", 1) for one in self.env if "=" in one)


@dataclass(frozen=True)
class Said:
    """What a program's records come to. `turns` counts answers of the model; `error` is its own word about a failure.

    `closed`: it said itself that the turn was over. `spent`: why it ended itself, having used what it was given.
    """

    final: str = ""
    turns: int = 0
    usage: Usage = field(default_factory=Usage)
    session: str = ""
    error: str = ""
    closed: bool = False
    reset_in: float = 0.0
    spent: str = ""


def agent_env(task: Task, settings: Settings) -> dict[str, str]:
    """The contract's variables, with the digest of the scope, and what the configuration sets."""
    return {**settings.given, **turn_env(task), **_digest(task.scope_file)}


def _digest(scope: Path) -> dict[str, str]:
    try:
        return {"ORCHESTRA_SCOPE_SHA256": sha256(scope.read_bytes()).hexdigest()}
    except OSError:
        return {}


def opened(name: str, task: Task, env: Mapping[str, str]) -> Opened:
    """What the program `name` needs in a box, with `env` on top of the user's environment."""
    return Opened(own=own_places(name, task.dir.parent, {**os.environ, **env}))


def fed(task: Task, *argv: str) -> tuple[str, ...]:
    """The command line that runs `argv` with the brief as its standard input."""
    return ("/bin/sh", "-c", _FED, str(task.prompt_file), *argv)


def record(line: str) -> Json | None:
    """A line of output as a JSON object; None for warnings and whatever else is printed between them."""
    if not line.startswith("{"):
        return None
    try:
        data = json.loads(line)
        if _HALVES.search(line):
            # Half a character can be written to no file and to no terminal.
            data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def records(path: Path) -> Iterator[Json]:
    """The JSON objects of a program's output file, in order."""
    try:
        with path.open("rb") as file:
            for line in file:
                if found := record(line.decode("utf-8", "replace")):
                    yield found
    except OSError:
        return


def mapping(value: object) -> Json:
    """`value` when it is a JSON object, else an empty one: programs change their forms."""
    return value if isinstance(value, dict) else {}


def number(value: object) -> int:
    """A count of tokens; 0 for anything else."""
    return int(value) if _is_number(value, _MOST_TOKENS) else 0


def money(value: object) -> float:
    """US dollars; 0.0 for anything else."""
    return float(value) if _is_number(value, _MOST_USD) else 0.0


def _is_number(value: object, most: float) -> TypeGuard[float]:
    """Whether it is one between 0 and `most`: JSON as programs write it may hold NaN, Infinity and 1e999."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= most


def called(name: object, given: object, session: str = "", **more: object) -> AgentEvent:
    """A tool call as an event; `more` is what its data holds besides `input`."""
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False, sort_keys=True, default=str)
    data = {"input": given, **more}
    return AgentEvent("tool_call", name=str(name), text=text[:_CALL_CHARS], session=session, data=data)


def came_back(id: object, output: object, failed: bool, session: str = "") -> AgentEvent:
    """The result of a tool call as an event."""
    text = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False, sort_keys=True, default=str)
    digest = sha256(text.encode("utf-8", "replace")).hexdigest()
    data = {"id": id, "digest": digest, "failed": failed}
    return AgentEvent("tool_result", text=text[:_CALL_CHARS], session=session, data=data)


def judge(task: Task, ended: Ended, events: Iterable[AgentEvent], said: Said) -> TurnResult:
    """What a turn came to, from the end of its process, its report and what the program said."""
    result = result_of(task, ended, tuple(events))
    usage = _larger(replace(said.usage, answers=said.turns), result.usage)
    result = replace(result, final=said.final, usage=usage, session=_token(said.session) or task.session)
    if result.exit_class is not ExitClass.OK:
        return result
    if said.closed and not said.error and halted(said.final):
        return replace(result, exit_class=ExitClass.HALT, reason="the agent asked to halt")
    if result.claim:
        return result
    if result.reason:
        return replace(result, exit_class=ExitClass.GARBAGE)
    if said.spent:
        return replace(result, exit_class=ExitClass.SPENT, reason=said.spent)
    if said.error or ended.code or not said.closed:
        return _failed(result, task, ended, said)
    if said.turns == 0:
        why = f"the program ended without an answer of the model: {said.final[:300] or 'it said nothing'}"
        return replace(result, exit_class=ExitClass.FAILED, reason=why)
    return _unreported(result, task)


def _larger(read: Usage, heard: Usage) -> Usage:
    """What was used, by the output file and by the events: of a long turn, the file has lost its middle."""
    return Usage(
        max(read.input, heard.input),
        max(read.output, heard.output),
        max(read.cost_usd, heard.cost_usd),
        max(read.answers, heard.answers),
    )


def _token(session: str) -> str:
    """A session as it can be named on a command line; empty for what would be an option there, or is no name."""
    return session if _SESSION.fullmatch(session) else ""


def _failed(result: TurnResult, task: Task, ended: Ended, said: Said) -> TurnResult:
    log = read_bounded(ended.stderr, _STDERR_BYTES).decode("utf-8", "replace")
    # What a program dies of in the end may look like anything; only its own words about it are searched first.
    words = said.error or log.strip()[-2000:]
    if task.session and forgotten(f"{said.error}\n{log}"):
        return replace(result, lost=True, forgotten=True, session="", reason="its session is not there any more")
    # What was logged before it was killed is not what it died of. Gemini CLI ends with other codes above 128 itself.
    killed = not said.error and ended.code in _KILLED
    found = None if killed else failure(words, time.time(), log)
    if found:
        return classed(result, found, said.reset_in)
    code = (
        f"exit code {ended.code}" if ended.code or said.closed else "it ended in the middle of its turn (exit code 0)"
    )
    why = f"{code}: {' '.join(words.split())[-400:]}" if words else code
    crashed = not said.error and (ended.code is None or ended.code > 128 or not said.closed)
    return replace(result, exit_class=ExitClass.CRASH if crashed else ExitClass.FAILED, reason=why)


def classed(result: TurnResult, found: Failure, reset_in: float = 0.0) -> TurnResult:
    """`result` with a failure; what only a person can mend becomes the question that is put to one."""
    result = replace(result, exit_class=found.exit_class, reason=found.reason, reset_in=found.reset_in or reset_in)
    if found.exit_class is not ExitClass.HALT:
        return result
    return replace(result, final=f"{found.reason}. Mend it (orchestra doctor), then answer retry.")


def _unreported(result: TurnResult, task: Task) -> TurnResult:
    """A turn that ended well without `orchestra report`: the harness looks at work itself, a review has to be said."""
    if task.role not in REVIEWS:
        return replace(result, claim=Claim("done"))
    listed = trailing_findings(result.final)
    if listed is None:
        return replace(result, exit_class=ExitClass.GARBAGE, reason="the reviewer reported no findings, not even none")
    try:
        return replace(result, claim=Claim("done", findings=tuple(map(finding_of, listed[:500]))))
    except ValueError as error:
        return replace(result, exit_class=ExitClass.GARBAGE, reason=f"the findings cannot be used: {error}")


def found_program(program: str) -> str:
    """The whole path of an installed program: an agent is started in another directory than this one.

    Raises UserError when there is none of that name.
    """
    import shutil

    found = shutil.which(os.path.expanduser(program))  # noqa: PTH111
    if not found:
        raise UserError(f"The program {program} is not installed.", hint=INSTALL.get(Path(program).name, _ON_PATH))
    return str(Path(found).absolute())


INSTALL = {
    "claude": "Install it with: npm install -g @anthropic-ai/claude-code",
    "codex": "Install it with: npm install -g @openai/codex",
    "opencode": "Install it with: npm install -g opencode-ai",
    "gemini": "Install it with: npm install -g @google/gemini-cli",
    "codeagent-wrapper": "Put it on your PATH, or its path into CODEAGENT_WRAPPER.",
}
_ON_PATH = "Put it on your PATH, or name its path in .orchestra/config.yml."
