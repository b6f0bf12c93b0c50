"""What the backends of the four agent programs have in common: settings, environment and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .agent import Settings, agent_env, opened
from .base import Opened, Task
from .variables import inherits


@dataclass(frozen=True)
class Program:
    """An agent program that runs with these settings. What its own settings mean is said by each."""

    settings: Settings
    name: str

    def env(self, task: Task) -> dict[str, str]:
        return agent_env(task, self.settings)

    def opens(self, task: Task) -> Opened:
        return opened(self.name, task, self.env(task))

    def inherits(self, name: str) -> bool:
        return inherits(self.name, self.settings, name)


def options(chosen: Mapping[str, str]) -> list[str]:
    """The words of a command line for those flags that have a value."""
    return [word for flag, value in chosen.items() if value for word in (flag, value)]
