"""What a lead inside a client is told: directives as a few lines that it can act on."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..core.words import DirectiveKind

# What the names of the bundle's agents begin with, in the plugin and in the standalone form.
AGENTS = "orchestra:"
BIN = Path(__file__).resolve().parents[3] / "bin" / "orchestra"


@dataclass(frozen=True)
class Order:
    """One directive for the asker. `resume` is an agent of the client that knows the unit already."""

    kind: DirectiveKind
    subject: str
    agent: str = ""
    model: str = ""
    prompt: str = ""
    resume: str = ""
    text: str = ""

    def lines(self) -> list[str]:
        if not self.prompt:
            return [f"{self.kind}{' ' if self.subject else ''}{self.subject}: {self.text}"]
        name = f"  agent: {self.agent}{f'   model: {self.model}' if self.model else ''}"
        known = [f"  continue: {self.resume} (if it cannot be reached, start a new agent)"] if self.resume else []
        return [f"{self.kind} {self.subject}", name, *known, f"  prompt: {self.prompt}"]


@dataclass(frozen=True)
class Answer:
    """All that holds now, what to run afterwards (nothing: it is over), and the exit code."""

    run: str
    orders: tuple[Order, ...]
    then: str = ""
    code: int = 0

    @property
    def waits(self) -> bool:
        """Whether there is nothing to do but let others work."""
        return bool(self.orders) and all(order.kind is DirectiveKind.WAIT for order in self.orders)

    def to_text(self) -> str:
        lines = [line for order in self.orders for line in order.lines()]
        return "\n".join([*lines, *([f"then: {self.then}"] if self.then else [])])

    def to_json(self) -> dict[str, Any]:
        return {"run": self.run or None, "orders": [asdict(order) for order in self.orders], "then": self.then}


def program() -> str:
    """How this bundle's `orchestra` is called from the asker's shell: by name where that finds it."""
    found = shutil.which("orchestra")
    return "orchestra" if found and Path(found).resolve() == BIN else shlex.quote(str(BIN))
