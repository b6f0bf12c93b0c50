"""The scripted agent: does what a YAML script says, as a real agent program would.

Runs alone, as `python -I scripted_agent.py SCRIPT COUNTS TURN PURPOSE`, in the unit's work tree, with the environment
of every backend; standard library and PyYAML only, so that it starts fast. It prints one JSON event a line and leaves
its claim in $ORCHESTRA_TURN_DIR/report.json.

A rule's `times` is counted by files in COUNTS that only one agent can create and that name their (ticket, turn):
agents that run at once share them rightly, and a turn that is run again finds its own. The harness is meant to
withstand what is written here, so nothing is checked when a path leads out of the work tree.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn

KEYS = ("unit", "role", "attempt", "turn", "purpose", "ticket")
ENDS = ("limit", "overloaded", "auth", "crash", "hang", "garbage", "halt", "context-overflow")
STATUSES = ("done", "failed", "blocked")
SEVERITIES = ("blocking", "important", "suggestion")
HALT = "<promise>HALT</promise>"
TRY_LATER = 75
_LARGEST = 4 << 20
_DEEPEST = 50


class BadScript(Exception):
    """A script that cannot be used, with the line (from 1) that says why."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Rule:
    """One rule: what it answers to, how often (None: always), and what it then does."""

    index: int
    when: Mapping[str, str]
    times: int | None
    steps: tuple[tuple[str, Any, Mapping[str, Any]], ...]


# --- reading ---------------------------------------------------------------------------------------------------


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of a script. Raises BadScript, or OSError when it cannot be read."""
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise BadScript(f"the script is larger than {_LARGEST} bytes", 1)
    try:
        node = _compose(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadScript("the script is not UTF-8 text", data[: error.start].count(b"\n") + 1) from error
    return tuple(_rule(index, one) for index, one in enumerate(_sequence(node, "a script is a list of rules")))


def _compose(text: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _shallow(yaml.parse(text, Loader=loader))
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadScript(f"it is not YAML: {error.problem or error}", mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise BadScript(f"it is not YAML: {error}", 1) from error


def _shallow(events: Any) -> None:
    # libyaml's composer recurses in C: 200,000 brackets would end the interpreter, not raise.
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > _DEEPEST:
            raise BadScript("the script is nested too deeply", event.start_mark.line + 1)


def _rule(index: int, node: Any) -> Rule:
    fields = _mapping(node, "a rule")
    _known(fields, ("when", "times", "do"), "a rule")
    when = _when(fields["when"]) if "when" in fields else {}
    times = None
    if "times" in fields:
        times = _value(fields["times"])
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            raise BadScript("times is not a whole number above 0", _line(fields["times"]))
    steps = _sequence(fields["do"], "do is a list of steps") if "do" in fields else []
    return Rule(index, when, times, tuple(map(_step, steps)))


def _when(node: Any) -> dict[str, str]:
    fields = _mapping(node, "when")
    _known(fields, KEYS, "when")
    for one in fields.values():
        if one.id != "scalar":
            raise BadScript("a condition is one glob", _line(one))
    return {key: str(one.value) for key, one in fields.items()}


def _step(node: Any) -> tuple[str, Any, Mapping[str, Any]]:
    fields = _mapping(node, "a step")
    name, extra = _verb(fields, node)
    values = {key: _value(one) for key, one in fields.items()}
    try:
        _STEPS[name][1](values[name])
        for key in extra:
            _check_number(values[key])
    except (TypeError, ValueError) as error:
        raise BadScript(f"{name}: {error}", _line(fields[name])) from error
    return name, values[name], {key: values[key] for key in extra}


def _verb(fields: Mapping[str, Any], node: Any) -> tuple[str, list[str]]:
    verbs = [key for key in fields if key in _STEPS]
    extra = [key for key in fields if key not in _STEPS]
    if len(verbs) != 1 or extra not in ([], ["reset_in"]) or (extra and verbs != ["fail"]):
        known = ", ".join(_STEPS)
        raise BadScript(f"a step is one of {known} (not {', '.join(fields) or 'nothing'})", _line(node))
    return verbs[0], extra


def _mapping(node: Any, what: str) -> dict[str, Any]:
    if node is None or node.id != "mapping":
        raise BadScript(f"{what} is not a mapping", _line(node))
    found: dict[str, Any] = {}
    for key, value in node.value:
        if key.id != "scalar":
            raise BadScript(f"a key of {what} is not text", _line(key))
        if key.value in found:
            raise BadScript(f"{what} has {key.value!r} twice", _line(key))
        found[key.value] = value
    return found


def _sequence(node: Any, what: str) -> list[Any]:
    if node is None or node.id != "sequence":
        raise BadScript(what, _line(node))
    return list(node.value)


def _known(fields: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    for key, node in fields.items():
        if key not in known:
            raise BadScript(f"{what} has no {key!r}; it has {', '.join(known)}", _line(node))


def _line(node: Any) -> int:
    return node.start_mark.line + 1 if node is not None else 1


def _value(node: Any) -> Any:
    import yaml

    maker = yaml.constructor.SafeConstructor()
    # The C loader composes without the resolver's object; tags are resolved already, so construction is all there is.
    try:
        return maker.construct_document(node)
    except yaml.YAMLError as error:
        raise BadScript(str(error).splitlines()[0], _line(node)) from error


# --- choosing --------------------------------------------------------------------------------------------------


def choose(rules: tuple[Rule, ...], facts: Mapping[str, str], counts: Path) -> Rule | None:
    """The first rule that answers to `facts` and is not used up; its use is counted for (ticket, turn)."""
    who = f"{facts.get('ticket', '')}\n{facts.get('turn', '')}\n"
    for rule in rules:
        if all(fnmatchcase(facts.get(key, ""), glob) for key, glob in rule.when.items()) and _take(rule, counts, who):
            return rule
    return None


def _take(rule: Rule, counts: Path, who: str) -> bool:
    if rule.times is None:
        return True
    counts.mkdir(parents=True, exist_ok=True)
    mine = counts / f".{os.getpid()}.tmp"
    mine.write_text(who, encoding="utf-8")
    try:
        return any(_slot(mine, counts / f"rule-{rule.index}-{number}", who) for number in range(rule.times))
    finally:
        mine.unlink(missing_ok=True)


def _slot(mine: Path, slot: Path, who: str) -> bool:
    # A link appears with its content, where an O_EXCL file would be empty for a moment.
    try:
        os.link(mine, slot)
    except FileExistsError:
        return slot.read_text(encoding="utf-8") == who
    return True


# --- doing -----------------------------------------------------------------------------------------------------


class Agent:
    """One turn: what it has said so far, and where its claim goes."""

    def __init__(self, script: Path, turn_dir: Path) -> None:
        self.script = script
        self.turn_dir = turn_dir
        self.report: dict[str, Any] = {"status": "done"}
        self.findings: list[Any] = []

    def follow(self, rule: Rule) -> None:
        for name, value, extra in rule.steps:
            _STEPS[name][0](self, value, **extra)
        self.claim()

    def claim(self) -> None:
        data = {**self.report, "findings": [*(self.report.get("findings") or []), *self.findings]}
        temporary = self.turn_dir / f".report.{os.getpid()}.tmp"
        temporary.write_text(json.dumps(data), encoding="utf-8")
        temporary.replace(self.turn_dir / "report.json")

    def write(self, value: Mapping[str, Any]) -> None:
        path = _parent(value["path"])
        path.write_text(value.get("text", ""), encoding="utf-8", newline="")
        if "mode" in value:
            path.chmod(_mode(value["mode"]))
        emit("tool_call", name="write", text=value["path"])

    def append(self, value: Mapping[str, Any]) -> None:
        with _parent(value["path"]).open("a", encoding="utf-8", newline="") as file:
            file.write(value.get("text", ""))
        emit("tool_call", name="append", text=value["path"])

    def delete(self, value: Any) -> None:
        path = Path(value["path"] if isinstance(value, dict) else value)
        if path.is_dir() and not path.is_symlink():
            import shutil

            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        emit("tool_call", name="delete", text=str(path))

    def mode(self, value: Mapping[str, Any]) -> None:
        Path(value["path"]).chmod(_mode(value["mode"]))
        emit("tool_call", name="mode", text=value["path"])

    def run(self, value: str) -> None:
        import subprocess
        import tempfile

        # A file and not a pipe: what the command leaves behind may hold it open for ever.
        with tempfile.TemporaryFile() as out:
            code = subprocess.run(
                value, shell=True, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
            ).returncode
            out.seek(max(0, out.tell() - 4000))
            said = out.read().decode("utf-8", "replace")
        emit("tool_call", name="run", text=value, data={"exit": code, "output": said})

    def sleep(self, value: float) -> None:
        time.sleep(value)

    def say(self, value: str) -> None:
        emit("text", text=value)

    def say_file(self, value: str) -> None:
        beside = self.script.parent / value
        emit("text", text=(beside if beside.is_file() else Path(value)).read_text(encoding="utf-8", errors="replace"))

    def put_report(self, value: Mapping[str, Any]) -> None:
        self.report = {"status": "done", **value}
        self.claim()

    def add_findings(self, value: list[Any]) -> None:
        self.findings += value

    def usage(self, value: Mapping[str, Any]) -> None:
        emit("usage", usage=dict(value))

    def fail(self, value: str, reset_in: float = 0.0) -> NoReturn:
        sys.exit(_ends()[value](reset_in))


def _ends() -> dict[str, Callable[[float], int]]:
    return {
        "limit": _limit,
        "overloaded": lambda _: _error("overloaded", "the service is overloaded"),
        "auth": lambda _: _error("auth", "the credentials were refused"),
        "context-overflow": lambda _: _error("context-overflow", "the conversation is too long for the model"),
        "crash": lambda _: _killed(),
        "hang": lambda _: _hang(),
        "garbage": lambda _: _garbage(),
        "halt": lambda _: _halt(),
    }


def _limit(reset_in: float) -> int:
    emit("limit", text="usage limit reached", reset_in=reset_in)
    return TRY_LATER


def _error(name: str, text: str) -> int:
    emit("error", name=name, text=text)
    return 1


def _killed() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def _hang() -> int:
    while True:
        signal.pause()


def _garbage() -> int:
    os.write(1, b"\x00\xff\xfe{]\x1b[31m not an event\n" * 3)
    return 0


def _halt() -> int:
    emit("text", text=HALT)
    return 0


def emit(kind: str, **fields: Any) -> None:
    os.write(1, json.dumps({"kind": kind, **fields}).encode() + b"\n")


def _parent(path: str) -> Path:
    found = Path(path)
    found.parent.mkdir(parents=True, exist_ok=True)
    return found


# --- what a step may be given ----------------------------------------------------------------------------------


def _need(value: bool, message: str) -> None:
    if not value:
        raise ValueError(message)


def _check_file(value: Any) -> None:
    _need(isinstance(value, dict) and isinstance(value.get("path"), str), "needs {path, text}")
    _need(set(value) <= {"path", "text", "mode"}, "has only path, text and mode")
    _need(isinstance(value.get("text", ""), str), "text is not text")
    if "mode" in value:
        _mode(value["mode"])


def _check_delete(value: Any) -> None:
    good = isinstance(value, str) or (isinstance(value, dict) and isinstance(value.get("path"), str))
    _need(good, "needs a path")


def _check_mode(value: Any) -> None:
    _need(isinstance(value, dict) and set(value) == {"path", "mode"}, "needs {path, mode}")
    _mode(value["mode"])


def _mode(value: Any) -> int:
    """0o755 from "755", "0755" or YAML's 0755 (which is 493 already)."""
    return int(value, 8) if isinstance(value, str) else int(value)


def _check_text(value: Any) -> None:
    _need(isinstance(value, str), "needs a text")


def _check_number(value: Any) -> None:
    _need(isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12, "needs a number")


def _check_report(value: Any) -> None:
    _need(isinstance(value, dict), "needs {status, notes, learnings}")
    _need(set(value) <= {"status", "notes", "learnings", "findings"}, "has only status, notes, learnings and findings")
    _need(value.get("status", "done") in STATUSES, f"status is one of {', '.join(STATUSES)}")


def _check_findings(value: Any) -> None:
    _need(isinstance(value, list) and all(isinstance(one, dict) for one in value), "needs a list of findings")
    for one in value:
        _need(one.get("severity") in SEVERITIES, f"severity is one of {', '.join(SEVERITIES)}")
        _need(isinstance(one.get("title"), str), "a finding needs a title")


def _check_usage(value: Any) -> None:
    _need(isinstance(value, dict) and set(value) <= {"input", "output", "cost_usd"}, "has input, output and cost_usd")
    for one in value.values():
        _check_number(one)


def _check_end(value: Any) -> None:
    _need(value in ENDS, f"is one of {', '.join(ENDS)}")


_STEPS: dict[str, tuple[Callable[..., None], Callable[[Any], None]]] = {
    "write": (Agent.write, _check_file),
    "append": (Agent.append, _check_file),
    "delete": (Agent.delete, _check_delete),
    "mode": (Agent.mode, _check_mode),
    "run": (Agent.run, _check_text),
    "sleep": (Agent.sleep, _check_number),
    "say": (Agent.say, _check_text),
    "say_file": (Agent.say_file, _check_text),
    "report": (Agent.put_report, _check_report),
    "findings": (Agent.add_findings, _check_findings),
    "usage": (Agent.usage, _check_usage),
    "fail": (Agent.fail, _check_end),
}


def facts_of(environ: Mapping[str, str], turn: str, purpose: str) -> dict[str, str]:
    """What conditions are held against."""
    facts = {key: environ.get(f"ORCHESTRA_{key.upper()}", "") for key in ("unit", "role", "attempt", "ticket")}
    return {**facts, "turn": turn, "purpose": purpose}


def main(argv: list[str]) -> int:
    script, counts, turn, purpose = Path(argv[1]), Path(argv[2]), argv[3], argv[4]
    facts = facts_of(os.environ, turn, purpose)
    try:
        rule = choose(load(script), facts, counts)
        if rule is None:
            said = ", ".join(f"{key} {value}" for key, value in facts.items() if value)
            return _error("no-rule", f"no rule of {script.name} answers {said}")
        Agent(script, Path(os.environ["ORCHESTRA_TURN_DIR"])).follow(rule)
    except BadScript as error:
        return _error("script", f"{script}:{error.line}: {error.message}")
    except (OSError, TypeError, ValueError) as error:
        return _error("step", f"the script could not be followed: {error}")
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv))
