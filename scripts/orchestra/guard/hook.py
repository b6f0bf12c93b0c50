"""The PreToolUse hook: from the client's JSON on stdin to an answer."""

from __future__ import annotations

import posix

from . import answer, calls, disk, identity, judge, wording
from .document import Malformed, parse, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import badges
    from .effects import Effects

EVENT = "pre-tool-use"
# Seconds that a bundle may take: less than what clients wait for, since they take that for "allow".
_PATIENCE = 15


class Setting:
    """What the launcher found out: the plugin's directory, the data directory, the project with a run (or `""`)."""

    __slots__ = ("data", "env", "plugin", "project")

    def __init__(self, plugin: str, data: str, project: str, env: dict[str, str]) -> None:
        self.plugin, self.data, self.project = plugin, data, project
        # Where the shell does not find it by name, agents are told to call it by its path.
        self.env = {**env, "ORCHESTRA_PROGRAM": f"{plugin}/bin/orchestra"}


class Request:
    """One tool call."""

    __slots__ = ("call", "cwd", "given", "tool", "use")

    def __init__(self, payload: dict[str, object]) -> None:
        self.tool = text_of(payload, "tool_name")
        self.given = payload.get("tool_input")
        self.cwd = text_of(payload, "cwd")
        names = ("agent_id", "agent_type", "session_id")
        self.call = identity.Call(*(text_of(payload, name) for name in names))
        if payload.get("agent_id") is not None and not self.call.agent:
            raise Malformed("the agent's id is not text")
        if not self.tool:
            raise Malformed("it names no tool")


def main(argv: list[str], bundle: str = "") -> None:
    """Answer the call on stdin and end the process; `bundle` is the file to keep the modules in for the next call.

    Raises whatever goes wrong: the caller denies.
    """
    plugin, data, project, verb = argv
    if verb != EVENT:
        raise ValueError(f"there is no hook {verb!r}")
    env = {_text(name): _text(value) for name, value in posix.environ.items()}
    given = decide(disk.read_all(0), Setting(plugin, data, project, env))
    for descriptor, text in ((1, given.out), (2, given.err)):
        _say(descriptor, text)
    if bundle:
        _keep(bundle)
    posix._exit(given.code)


def _keep(file: str) -> None:
    """The answer is given: what fails now costs the next call time, and nothing else."""
    try:
        import _signal  # type: ignore[import-not-found]

        from .bundle import build

        _signal.alarm(_PATIENCE)
        build(file, __file__.rpartition("/")[0])
    except BaseException:
        return


def _text(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")


def _say(descriptor: int, text: str) -> None:
    """An answer that nobody reads is given by the exit code alone."""
    try:
        if text:
            posix.write(descriptor, f"{text}\n".encode("utf-8", "replace"))
    except OSError:
        return


def decide(data: bytes, setting: Setting) -> answer.Answer:
    """The answer to the payload `data`."""
    try:
        request = Request(parse(data))
        return _judge(request, setting)
    except Malformed as error:
        return answer.denial(wording.malfunction(f"its JSON: {error}"))
    except identity.Refused as refused:
        kind, reason, record = refused.args
        _note(record, request, judge.Verdict(judge.DENY, kind, reason))
        return answer.denial(reason)


def _judge(request: Request, setting: Setting) -> answer.Answer:
    try:
        use = calls.use(request.tool, request.given)
    except calls.Unreadable as error:
        return _unreadable(caller_of(request.call, setting), request, str(error))
    if use.does == calls.READS:
        return answer.Answer()
    caller = caller_of(request.call, setting)
    if use.does == calls.LEAVES:
        return _leave(caller, request)
    if use.does == calls.SHELL:
        return _run(caller, request, use, setting)
    bounds = judge.bounds(caller, request.cwd, setting.env, setting.plugin, setting.data)
    return _answer(caller, request, judge.worst([judge.path(bounds, one) for one in use.paths]), "")


def _unreadable(caller: identity.Caller, request: Request, why: str) -> answer.Answer:
    if caller.kind == identity.USER:
        return answer.Answer()
    return _answer(caller, request, judge.Verdict(judge.DENY, "unclear", wording.unreadable(request.tool, why)), "")


def caller_of(call: identity.Call, setting: Setting) -> identity.Caller:
    """Who calls. Raises identity.Refused."""
    file = setting.env.get("ORCHESTRA_SCOPE")
    if file is not None:
        return identity.headless(file, setting.env.get("ORCHESTRA_SCOPE_SHA256", ""), call)
    return _run_of(setting).caller(call)


def _run_of(setting: Setting) -> badges.Run:
    # A headless agent has no use for it, and each module costs every call that imports it.
    from . import badges

    return badges.Run(setting.project)


def _leave(caller: identity.Caller, request: Request) -> answer.Answer:
    if caller.kind == identity.USER:
        return answer.Answer()
    verdict = judge.Verdict(judge.DENY, "leaves", wording.leaves(request.tool))
    return _answer(caller, request, verdict, "")


def _run(caller: identity.Caller, request: Request, use: calls.Use, setting: Setting) -> answer.Answer:
    cwd = use.cwd if use.cwd.startswith("/") else f"{request.cwd}/{use.cwd}" if use.cwd else request.cwd
    found = effects_of(use.command, cwd, setting.env)
    caller = _bind(caller, request, found, setting)
    bounds = judge.bounds(caller, cwd, setting.env, setting.plugin, setting.data)
    verdict, unknown = judge.shell(bounds, use.command, found)
    patched = [judge.path(bounds, one) for one in _patched(use.command, found)]
    verdict = judge.worst([verdict, *patched])
    if unknown:
        passed = judge.Verdict(judge.ALLOW, "runs", "; ".join(unknown)[:400])
        _note(caller.record, request, passed, use.command)
    return _answer(caller, request, verdict, use.command)


def _patched(command: str, found: Effects) -> list[str]:
    """The files of a patch for Codex's own program: Codex carries such a command out itself, without a shell."""
    if not any(argv and argv[0].rpartition("/")[2] in ("apply_patch", "applypatch") for argv in found.runs):
        return []
    try:
        return calls.patched(command)
    except calls.Unreadable:
        return []


def effects_of(command: str, cwd: str, env: dict[str, str]) -> Effects:
    """What `command`, run in `cwd`, would write."""
    from . import surroundings
    from .effects import effects

    return effects(command, cwd, surroundings.of(cwd, env))


def _bind(caller: identity.Caller, request: Request, found: Effects, setting: Setting) -> identity.Caller:
    """Who the caller is from this command on, which may be the one by which it takes a ticket or a part."""
    asked = [words for words in map(judge.orchestra_words, found.runs) if words]
    if not asked or setting.env.get("ORCHESTRA_SCOPE") is not None:
        return caller
    run = _run_of(setting)
    try:
        for words in asked:
            _take(run, request.call, words)
    except OSError as error:
        raise identity.Refused("badge", f"The badge cannot be written ({error.strerror}).", run.record) from None
    return run.caller(request.call)


def _take(run: badges.Run, call: identity.Call, words: list[str]) -> None:
    """Carry out what `orchestra next` and `orchestra brief` say about the caller."""
    verb, *others = words
    about = next((word for word in others if not word.startswith("-")), "")
    match verb:
        case "brief" if call.agent:
            run.take(call, about)
        case "brief" if about == identity.PLANNER:
            run.play(call, identity.PLANNER)
        case "next" if not call.agent:
            run.play(call, identity.LEAD)


def _answer(caller: identity.Caller, request: Request, verdict: judge.Verdict, command: str) -> answer.Answer:
    if verdict.decision == judge.ALLOW:
        return answer.Answer()
    _note(caller.record, request, verdict, command)
    return (answer.denial if verdict.decision == judge.DENY else answer.warning)(verdict.reason)


def _note(record: str, request: Request, verdict: judge.Verdict, command: str = "") -> None:
    answer.note(
        record,
        decision=verdict.decision,
        kind=verdict.kind,
        tool=request.tool,
        path=verdict.path,
        command=command,
        reason=verdict.reason,
        agent=request.call.agent,
    )
