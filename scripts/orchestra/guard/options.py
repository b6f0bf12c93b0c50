"""Options and operands of a command line, as getopt reads them."""

from __future__ import annotations

from .marks import plain
from .tables import PROGRAMS, READERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .effects import Walker
    from .state import State


class Rule:
    """One line of the table, taken apart: a kind, and for each key its names."""

    __slots__ = ("keys", "kind")

    def __init__(self, line: str) -> None:
        kind, *rest = line.split()
        self.kind = kind
        self.keys: dict[str, tuple[str, ...]] = {}
        for one in rest:
            key, _, names = one.partition("=")
            self.keys[key] = tuple(name for name in names.split(",") if name)

    def get(self, key: str) -> tuple[str, ...]:
        return self.keys.get(key, ())

    def takes_value(self, name: str) -> bool:
        return any(name in self.get(key) for key in ("values", "out", "into", "code", "file"))

    def full(self, name: str) -> str:
        """The long option that an abbreviation means, when the rule knows one."""
        tables = [names for key, names in self.keys.items() if key != "style"]
        known = [one for names in tables for one in names if one[1:] and one.startswith(name)]
        return name if name in known else [*known, name][0]

    def number(self, key: str) -> int:
        return int("".join(self.get(key)) or "0")


class Given:
    """What a command line gives: options with their values (empty for flags) and operands, in order."""

    __slots__ = ("operands", "options")

    def __init__(self) -> None:
        self.options: list[tuple[str, str]] = []
        self.operands: list[str] = []

    def has(self, names: tuple[str, ...]) -> bool:
        return any(name in names for name, _ in self.options)

    def values(self, *names: str) -> list[str]:
        return [value for name, value in self.options if name in names]


def read(args: list[str], rule: Rule, leading: bool = False) -> Given:
    """Takes arguments apart. With `leading`, the first operand ends the options (a command follows)."""
    given = Given()
    todo = list(reversed(args))
    dash = "dash" in rule.get("style")
    while todo:
        one = todo.pop()
        if one == "--":
            given.operands.extend(reversed(todo))
            break
        if one.startswith("-") and one[1:]:
            if dash or one.startswith("--"):
                long_option(one.lstrip("-"), rule, given, todo)
            else:
                cluster(one[1:], rule, given, todo)
            continue
        given.operands.append(one)
        if leading:
            given.operands.extend(reversed(todo))
            break
    return given


def long_option(text: str, rule: Rule, given: Given, todo: list[str]) -> None:
    name, equals, value = text.partition("=")
    given_name, name = name, rule.full(name)
    if not equals and rule.takes_value(name) and todo:
        value = todo[-1]
        # What looks like an abbreviation may be an option of its own that takes no value.
        if given_name == name or not value.startswith("-"):
            todo.pop()
    given.options.append((name, value))


def cluster(letters: str, rule: Rule, given: Given, todo: list[str]) -> None:
    """`-abc value`: the first letter that takes a value takes the rest, or the next word."""
    for at, letter in enumerate(letters):
        if rule.takes_value(letter):
            value = letters[at + 1 :] or (todo.pop() if todo else "")
            given.options.append((letter, value))
            return
        given.options.append((letter, ""))


def base(name: str) -> str:
    """The program's name without its directory. Some file systems know no upper case."""
    last = plain(name).rpartition("/")[2]
    return last if last in PROGRAMS or last in READERS else last.lower()


def parent(path: str) -> str:
    folder, _, _ = path.rstrip("/").rpartition("/")
    return folder or ("/" if path.startswith("/") else ".")


def side_effects(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    """What options do whatever the program does: files they name, commands they run."""
    name = base(name)
    for option, value in given.options:
        if option in rule.get("out") and value not in ("-", ""):
            walker.write(value, state, name)
        elif option in rule.get("into"):
            walker.write(value, state, name, True)
        elif option in rule.get("code"):
            walker.child(value, state)
        elif option in rule.get("hide"):
            walker.hide(f"{name} with -{option}")
        elif option in rule.get("home"):
            walker.write(".", state, name, True)


def trusted_name(name: str) -> str:
    """The name without a version: `python3.12` is python3 as far as the tables go."""
    return name if name in PROGRAMS else name.rstrip("0123456789.-")
