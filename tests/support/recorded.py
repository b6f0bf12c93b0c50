"""Turns of agent programs whose output was recorded: the real backend, a program that prints it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestra.backends.base import AgentEvent, TurnResult
from orchestra.backends.make import make
from orchestra.config import BackendConfig
from tests.support.launching import program
from tests.support.turns import take, task


class Recorded:
    """A program called `name` in `base` that prints `lines` and `errors`, and ends with `code`."""

    def __init__(self, base: Path, name: str) -> None:
        self.base, self.name = base, name
        self.heard: list[AgentEvent] = []
        (base / "prompt.md").write_text("THE BRIEF\n")

    def backend(self, **agent: Any) -> Any:
        configured = BackendConfig().agent(self.name)
        default = {"program": str(self.base / "program"), "access": configured.access if configured else ""}
        return make(self.name, {"agent": {**default, **agent}})

    def turn(self, lines: Iterable[object], code: int = 0, errors: str = "", do: str = "", **more: Any) -> TurnResult:
        """A turn in which the program prints `lines` (JSON, or text as it is); `do` is shell that it runs before."""
        printed = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in lines)
        (self.base / "printed").write_text(printed)
        (self.base / "errors").write_text(errors)
        text = f"{do}\ncat {self.base}/printed\ncat {self.base}/errors >&2\nexit {code}"
        program(self.base / "program", text)
        self.heard = []
        return take(self.backend(), task(self.base, **more), self.heard)

    def argv(self, agent: dict[str, Any] | None = None, **more: Any) -> list[str]:
        """The program's arguments for a turn, without the program."""
        program(self.base / "program", "")
        words = list(self.backend(**(agent or {})).argv(task(self.base, **more)))
        assert words[:4] == ["/bin/sh", "-c", 'exec "$@" <"$0"', str(self.base / "prompt.md")]
        assert words[4] == str(self.base / "program")
        return words[5:]

    def kinds(self) -> list[str]:
        return [f"{one.kind} {one.name}".strip() for one in self.heard]
