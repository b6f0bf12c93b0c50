"""A throw-away home in which clients run: empty environment, a played model, nothing of this machine's user."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.clients.brain import Brain
from tests.support.clients.model import Model
from tests.support.clients.programs import CLAUDE, CLAUDE_ENV, CODEX, Program, Result, Task
from tests.support.clients.run import DEADLINE_S, Running
from tests.support.launching import LAUNCHER, give_python, system_path

# Where each client keeps the data of the plugin (CLAUDE_PLUGIN_DATA of its hooks), below the home.
PLUGIN_DATA = (
    ".claude/plugins/data/orchestra-inline",
    ".claude/plugins/data/orchestra-orchestra",
    ".codex/plugins/data/orchestra-orchestra",
)


class Called(NamedTuple):
    """How a call without a model ended."""

    code: int
    out: str
    err: str


class World:
    """`home` and `work` (a project) below `root`; `bins` is the directory of the installed clients.

    `env` is added to every call's environment.
    """

    def __init__(self, root: Path, bins: Path) -> None:
        self.root, self.bins = root, bins
        self.home, self.work, self.tmp = root / "home", root / "work", root / "tmp"
        for place in (self.home, self.work, self.tmp):
            place.mkdir(parents=True)
        (self.home / ".gitconfig").write_text(
            "[user]\n\tname = A Person\n\temail = person@example.org\n[init]\n\tdefaultBranch = main\n"
        )
        self.env: dict[str, str] = {}
        self.model: Model | None = None
        self.running: list[Running] = []

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.running:
            one.kill("tree")
            one.process.wait()
        if self.model:
            self.model.close()

    def play(self, brain: Brain) -> Model:
        """The model of all clients that are started from now on."""
        if self.model:
            self.model.close()
        logs = len(list(self.root.glob("model-*.jsonl")))
        self.model = Model(brain, self.root / f"model-{logs}.jsonl")
        return self.model

    def environment(self, which: Program | None = None, **more: str) -> dict[str, str]:
        """All that a call sees; nothing is taken from the tests' own environment but where programs are."""
        return {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.bins), system_path()]),
            "TMPDIR": str(self.tmp),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            **(which.env if which else {}),
            **self.env,
            **more,
        }

    def start(
        self, which: Program, prompt: str, *, env: Mapping[str, str] | None = None, cwd: Path | None = None, **task: Any
    ) -> Running:
        """Start a client on `prompt`; `env` is added to its environment, further arguments are those of Task."""
        place = cwd or self.work
        argv = which.argv(Task(prompt, **task))
        return self._start(argv, place, self.environment(which, **(env or {})), self.model)

    def run(self, which: Program, prompt: str, *, limit_s: float = DEADLINE_S, **task: Any) -> Result:
        """Start a client and wait for its end, at most `limit_s` seconds."""
        return self.result(which, self.start(which, prompt, **task), limit_s)

    def result(self, which: Program, running: Running, limit_s: float = DEADLINE_S) -> Result:
        """Wait for a started client, at most `limit_s` seconds, and read what it printed."""
        code = running.wait(limit_s)
        result = Result(code, _text(running.out), _text(running.err), timed_out=running.timed_out)
        which.read(result)
        if result.timed_out:
            result.ok, result.error = False, f"it did not end in {limit_s:g} s"
        return result

    def claude(self, prompt: str, **task: Any) -> Result:
        """Run Claude Code; see `run`."""
        return self.run(CLAUDE, prompt, **task)

    def codex(self, prompt: str, **task: Any) -> Result:
        """Run Codex; see `run`."""
        return self.run(CODEX, prompt, **task)

    def call(self, *argv: str | Path, cwd: Path | None = None, limit_s: float = DEADLINE_S, **env: str) -> Called:
        """Run any program as a person in this home would; there is no model."""
        settings = {name: value for name, value in CLAUDE_ENV.items() if "{BASE}" not in value}
        words = [str(word) for word in argv]
        running = self._start(words, cwd or self.work, self.environment(None, **settings, **env), None)
        code = running.wait(limit_s)
        return Called(code, _text(running.out), _text(running.err))

    def _start(self, argv: Sequence[str], cwd: Path, env: dict[str, str], model: Model | None) -> Running:
        out = self.root / f"run-{len(self.running)}"
        running = Running(argv, cwd, env, out, self.bins.parent, model)
        self.running.append(running)
        return running

    def give_python(self, launcher: Path = LAUNCHER) -> None:
        """Let `launcher` (bin/orchestra of some copy) find the tests' own Python: here is no index to install from."""
        give_python(self.home, PLUGIN_DATA, launcher)


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")
