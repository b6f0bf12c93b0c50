"""What a shell knows at one point of a command: where it is, its variables, functions and arguments."""

from __future__ import annotations

from .marks import UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .grammar import Node

# More different states than this at one point become one that knows only what all agree on.
MOST = 6


class State:
    """One shell's state. Copied before it is changed; `cwd` is None when it is not known."""

    __slots__ = ("aliases", "args", "cwd", "exported", "functions", "old", "stack", "variables")

    def __init__(self, cwd: str | None) -> None:
        self.cwd = cwd
        self.old: str | None = None
        self.stack: tuple[str | None, ...] = ()
        self.args: list[str] | None = []
        self.variables: dict[str, str | list[str]] = {}
        self.functions: dict[str, Node] = {}
        self.aliases: dict[str, str] = {}
        self.exported: frozenset[str] = frozenset()

    def copy(self) -> State:
        other = State(self.cwd)
        other.old, other.stack, other.args = self.old, self.stack, self.args
        other.variables = dict(self.variables)
        other.functions, other.aliases, other.exported = self.functions, self.aliases, self.exported
        return other

    def moved(self, cwd: str | None) -> State:
        """The state after a change of directory."""
        other = self.copy()
        other.old, other.cwd = self.cwd, cwd
        other.variables.pop("PWD", None)
        other.variables.pop("OLDPWD", None)
        return other

    def child(self) -> State:
        """What a shell started here begins with: only what was exported."""
        other = self.copy()
        other.aliases = {}
        other.functions = {name: body for name, body in self.functions.items() if name + "()" in self.exported}
        for name in self.variables:
            if name not in self.exported:
                other.variables[name] = UNKNOWN
        other.variables.pop("IFS", None)
        return other

    def facts(self) -> tuple[object, ...]:
        """What two states have to share to be one."""
        return (
            self.cwd, self.old, self.stack, self.args, self.variables, self.functions, self.aliases, self.exported,
        )  # fmt: skip


def merged(states: list[State]) -> list[State]:
    """Different states only, and not too many of them."""
    found: list[State] = []
    for state in states:
        if not any(state is one or state.facts() == one.facts() for one in found):
            found.append(state)
    return found if len(found) <= MOST else [blurred(found)]


def blurred(states: list[State]) -> State:
    """The one state that knows what all of these agree on."""
    one = states[0].copy()
    for other in states:
        one.cwd = one.cwd if one.cwd == other.cwd else None
        one.old = one.old if one.old == other.old else None
        one.stack = one.stack if one.stack == other.stack else ()
        one.args = one.args if one.args == other.args else None
        names = one.variables.keys() | other.variables.keys()
        for name in names:
            if one.variables.get(name) != other.variables.get(name):
                one.variables[name] = UNKNOWN
        one.functions = {**other.functions, **one.functions}
        one.exported |= other.exported
        one.aliases = {**other.aliases, **one.aliases}
    return one
