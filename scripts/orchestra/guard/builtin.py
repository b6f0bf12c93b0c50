"""Commands that the shell itself carries out, and that change its state."""

from __future__ import annotations

from . import marks
from .grammar import Unreadable
from .marks import BELOW, DEVICE, SEGMENT, UNKNOWN, is_wild, known, plain, short
from .state import State, merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Ends, Walker


# What another program or the shell itself has open: nobody knows what is in it.
DESCRIPTORS = ("/dev/fd/", "/proc/")


def nothing(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    return [state], [state]


# -- directories ---------------------------------------------------------------------------------------------------


def cd(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    flags = [one for one in args if one.startswith("-") and one != "-"]
    operands = [one for one in args if one not in flags]
    target = operands[0] if operands else joined_home(walker, state)
    physical = any("P" in one for one in flags)
    if operands == ["-"]:
        walker.emit((state.old or UNKNOWN) + "\n")
        return [state.moved(state.old)], [state]
    searched = target and "CDPATH" in state.variables and not target.startswith(("/", "."))
    if len(operands) > 1 or searched or any(one.strip("-LPe@") for one in flags):
        walker.emit(UNKNOWN)
        return [state.moved(None)], [state]
    return went(walker, target, state, physical)


def joined_home(walker: Walker, state: State) -> str:
    home = walker.expander.value("HOME", state)
    return home if isinstance(home, str) else UNKNOWN


def went(walker: Walker, target: str, state: State, physical: bool) -> Ends:
    """The states after going to a directory, and after failing to."""
    match walker.places.names(target, state):
        case [name] if name:
            path = walker.places.absolute(name, state)
        case _:
            path = None if target else state.cwd
    if path is None or UNKNOWN in path or DEVICE in path or BELOW in path.removesuffix(BELOW):
        return [state.moved(None)], [state]
    if not physical:
        path = lexical(path)
    certain = walker.places.kind(path) == 2
    return [state.moved(path)], [] if certain else [state]


def lexical(path: str) -> str:
    """`..` taken away as the shell does it, by the name and not by the disk."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def pushd(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    walker.emit(UNKNOWN)
    match [one for one in args if one != "--"]:
        case [target] if not target.startswith(("+", "-")):
            ok, bad = went(walker, target, state, False)
            for one in ok:
                one.stack = (*state.stack, state.cwd)
            return ok, bad
    return stacked(state)


def stacked(state: State) -> Ends:
    """The states after the stack of directories was changed in a way that is not followed."""
    moved, stayed = state.moved(None), state.copy()
    moved.stack = stayed.stack = ()
    return [moved], [stayed]


def dirs(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    walker.emit(UNKNOWN)
    other = state.copy()
    other.stack = () if "-c" in args else state.stack
    return [other], [other]


def popd(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    walker.emit(UNKNOWN)
    if args or not state.stack:
        return stacked(state)
    other = state.moved(state.stack[-1])
    other.stack = state.stack[:-1]
    return [other], []


# -- variables -----------------------------------------------------------------------------------------------------


def declare(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """declare, export, local, readonly and typeset; their values are expanded already."""
    other = state.copy()
    flags = "".join(one for one in args if one.startswith("-"))
    if "p" in flags or not args:
        walker.emit(UNKNOWN)
    for one in args:
        if not one.startswith(("-", "+")):
            declared(walker, name, flags, one, other)
    # Outside a function `local` fails and sets nothing.
    bad = [state] if name == "local" and not walker.locals else [other]
    return [other], bad


def declared(walker: Walker, command: str, flags: str, text: str, state: State) -> None:
    name, equals, value = text.partition("=")
    added = name.endswith("+")
    name = name.rstrip("+").partition("[")[0]
    if not known(name) or computed_index(text.partition("=")[0]):
        walker.hide("declares a computed name")
        return
    if command in ("local", "declare", "typeset") and walker.locals and "g" not in flags:
        walker.locals[-1].append(name)
    if value.startswith("(") and value.endswith(")") and command != "export":
        value = quoted_list(walker, value)
    if "n" in flags and command != "export":
        walker.hide("a variable that names another")
    marked(command, flags, name, state)
    if equals:
        old = walker.expander.value(name, state) if added else ""
        walker.set(name, old + value if isinstance(old, str) else UNKNOWN, state)
    elif command == "local" and not walker.expander.posix:
        state.variables[name] = ""  # elsewhere it keeps what it was
    if command == "readonly" or "r" in flags:
        state.exported |= {name + "!"}


def quoted_list(walker: Walker, value: str) -> str:
    """What `declare 'name=(…)'` makes of its value, which it reads as a list when the variable is or becomes one."""
    if not set("$`[<>").isdisjoint(plain(value)):
        walker.hide("a list in quotes, which the shell reads once more")
    return UNKNOWN


def marked(command: str, flags: str, name: str, state: State) -> None:
    """What a variable or function is from now on: exported, or one that changes what it is given."""
    if "f" in flags:
        state.exported |= {name + "()"}
    if command == "export" or "x" in flags:
        state.exported |= {name}
    if not {"i", "l", "u", "c"}.isdisjoint(flags):
        state.exported |= {name + "#"}  # into a number, or into letters of one case


def computed_index(text: str) -> bool:
    """Whether a name has an index that is no number: the shell evaluates it, and runs what is in it."""
    name, bracket, index = plain(text).partition("[")
    index = index.rstrip("]+")
    return bool(bracket) and name.isidentifier() and not index.isdecimal() and index not in ("@", "*")


def indexed(args: list[str]) -> None:
    """Raises Unreadable when a word is an array's name with an index that may run commands."""
    if any(computed_index(one) for one in args):
        raise Unreadable("an index that is computed")


def unset(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    indexed(args)
    other = state.copy()
    for one in args:
        name, bracket, _ = one.partition("[")
        # Behind the variable of a function there may be another one of those that called it.
        if any(name in frame for frame in walker.locals[:-1]):
            raise Unreadable("a variable of a function that called this one is unset")
        if "-f" not in args and name + "!" not in state.exported:
            other.variables[name] = UNKNOWN if bracket else ""
    without = other.copy()
    without.functions = {name: body for name, body in other.functions.items() if name not in args}
    # A function goes only when there is no variable of that name.
    return merged([without, other]), merged([without, other])


def read(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """read, mapfile, readarray, getopts: what comes in is not known."""
    other = state.copy()
    if name in ("mapfile", "readarray") and any(one.startswith("-") and "C" in one for one in args):
        raise Unreadable("a callback that runs commands")
    indexed(args)
    for one, before in zip(args, ["", *args], strict=False):
        if one.partition("[")[0].isidentifier():
            walker.set(one.partition("[")[0], UNKNOWN, other)
        elif not known(one) and not before.startswith("-"):
            walker.hide("reads into a computed name")
    for name in ("REPLY", "MAPFILE", "OPTARG"):
        other.variables[name] = UNKNOWN
    return [other], [other]


def printf(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    if args and args[0].startswith("-v"):
        other = state.copy()
        first = args[0].removeprefix("-v")
        rest = [first, *args[1:]] if first else args[1:]
        text = walker.captured(lambda: walker.program(["printf", *rest[1:]], state))
        indexed(rest[:1])
        for one in rest[:1]:
            walker.set(one.partition("[")[0], UNKNOWN if "[" in one else text, other)
        return [other], [other]
    walker.program([name, *args], state)
    return [state], [state]


def set_(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    other = state.copy()
    if not args or args[-1] in ("-o", "+o"):
        walker.emit(UNKNOWN)
    while args and args[0].startswith(("-", "+")) and args[0] not in ("-", "--"):
        if args[0].startswith("-") and "a" in args[0]:
            other.exported |= frozenset(other.variables)
        if "P" in args[0] or args[1:2] in (["physical"], ["posix"]):
            walker.hide("set changes what paths mean")
        args = args[2:] if "o" in args[0] else args[1:]
    if args and args != ["-"]:
        other.args = args[1:] if args[0] in ("--", "-") else args
        if any(is_wild(one) or UNKNOWN in one for one in other.args):
            other.args = None
    return [other], [other]


def shopt(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    walker.emit("" if {"-s", "-u", "-q"}.intersection(args) else UNKNOWN)
    if "posix" in args or "physical" in args:
        walker.hide("shopt changes what paths mean")
    walker.places.loose = walker.places.loose or any(one.endswith("glob") or one == "globstar" for one in args)
    return [state], [state]


def shift(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    other = state.copy()
    count = args[0] if args else "1"
    if not count.isdecimal():
        other.args = None
    elif other.args is not None and int(count) <= len(other.args):
        other.args = other.args[int(count) :]
    return [other], [other]


def let(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    other = state.copy()
    for one in args:
        walker.expander.calculate(one, other)
    return [other], [other]


# -- code ----------------------------------------------------------------------------------------------------------


def eval_(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    return walker.text(" ".join(args[1:] if args[:1] == ["--"] else args), state)


def source(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """A file's commands, in this very shell."""
    path = args[0] if args else ""
    if path in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0") or path == DEVICE:
        text = walker.beside if path == DEVICE else walker.stdin
        if text is not None and known(text):
            states = sourced(walker, text, state, args[1:] or None)
            return states, states
        walker.hide("runs computed shell code")
        return [state], [state]
    if path.startswith(DESCRIPTORS):
        walker.hide("runs computed shell code")
    walker.runs(f"the script {short(path)}" if known(path) else "a computed script")
    states = [state]
    for one in walker.files.get(walker.places.absolute(path, state) or "", []):
        states = merged([*states, *sourced(walker, one, state, args[1:] or None)])
    return states, states


def sourced(walker: Walker, text: str, state: State, args: list[str] | None) -> list[State]:
    """The states after the commands of a file; `return` leaves the file and not the function that reads it."""
    walker.returning.append([])
    ok, bad = walker.text(text, state, args)
    states = [one.copy() for one in (*ok, *bad, *walker.returning.pop())]
    for one in states:
        one.args = state.args if args is not None else one.args
    return merged(states)


def exec_(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    while args and args[0].startswith("-"):
        args = args[2:] if args[0].endswith("a") else args[1:]
    walker.program(args, state)
    return [state], [state]


def command(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """command and builtin: as if no function or alias had that name."""
    while args and args[0].startswith("-"):
        if args[0].strip("-") in ("v", "V", "pv", "pV"):
            walker.emit(UNKNOWN)
            return [state], [state]
        args = args[1:]
    if not args:
        return [state], [state]
    if not known(args[0]) or is_wild(args[0]):
        walker.hide("runs a computed command")
        return [state], [state]
    return walker.dispatch(args, state)


def trap(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """The text runs now or later, wherever the shell is by then."""
    args = args[1:] if args[:1] == ["--"] else args
    walker.emit("" if args and args[0] not in ("-p", "-P", "-l") else UNKNOWN)
    if len(args) < 2 or args[0] in ("-", "", "-p", "-l"):
        return [state], [state]
    if not all(known(one) for one in args):
        walker.hide("a trap with computed code or signals")
    elif any(one in ("DEBUG", "ERR", "RETURN") for one in args[1:]):
        walker.hide("a trap that runs at any time")
    else:
        walker.child(args[0], state)
        walker.traps.append(args[0])
    return [state], [state]


def alias(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    other = state.copy()
    walker.emit("" if args and all("=" in one for one in args) else UNKNOWN)
    for one in args:
        name, equals, text = one.partition("=")
        if equals and known(one):
            other.aliases = {**other.aliases, name: text}
        elif equals:
            walker.hide("an alias with computed code")
    return [other], [other]


# -- the end of things ---------------------------------------------------------------------------------------------


def exit_(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    walker.leaving.append(state)
    sure = len(args) < 2 and all(one.isdigit() or one == SEGMENT for one in args)
    return ([], []) if sure else ([state], [state])


def return_(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    if not walker.returning or len(args) > 1:
        return [state], [state]
    walker.returning[-1].append(state)
    return [], []


def break_(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """The commands behind it are still followed: whether it is reached is not."""
    walker.broken.append(state)
    return [state], [state]


def quiet(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """Prints something that matters to nobody."""
    walker.emit(marks.UNKNOWN)
    return [state], [state]


def wait(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """`-p` is followed by the name of a variable that it sets."""
    indexed(args)
    other = state.copy()
    for one, following in zip(args, [*args, ""][1:], strict=True):
        before, option, name = one.partition("p")
        if before.startswith("-") and option:
            name = name or following
            other.variables[name] = UNKNOWN
            if not known(name):
                walker.hide("waits into a computed name")
    return [other], [other]


def jobs(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """`-x` runs what stands behind it."""
    if any(one.startswith("-") and "x" in one for one in args):
        walker.hide("jobs runs a command")
    return quiet(walker, name, args, state)


def loading(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """Options by which code or another program gets into the shell, or a builtin out of it."""
    walker.emit(UNKNOWN)
    if name == "enable" and any(one.startswith("-") and "n" in one for one in args):
        walker.hide("enable changes what names mean")
    if any(one.startswith("-") and not {"p", "f", "C", "F", "x"}.isdisjoint(one) for one in args):
        walker.runs(f"{name} brings other code into the shell")
    return [state], [state]


def history(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """`-w` and `-a` write a file."""
    if any(one.startswith("-") and not {"w", "a"}.isdisjoint(one) for one in args):
        kept = state.variables.get("HISTFILE", joined_home(walker, state) + "/.bash_history")
        for one in args[1:] or [kept if isinstance(kept, str) else UNKNOWN]:
            walker.write(one, state, "history")
    return quiet(walker, name, args, state)


def generated(walker: Walker, name: str, args: list[str], state: State) -> Ends:
    """compgen runs what some of its options are given, fc runs commands again."""
    runs = "CFW" if name == "compgen" else "es"
    if any(one.startswith("-") and not set(runs).isdisjoint(one) for one in args) or (name == "fc" and not args):
        walker.hide(f"{name} runs commands")
    return quiet(walker, name, args, state)


COMMANDS: dict[str, Callable[[Walker, str, list[str], State], Ends]] = {
    ":": nothing,
    "true": nothing,
    "false": nothing,
    "cd": cd,
    "chdir": cd,
    "pushd": pushd,
    "popd": popd,
    **dict.fromkeys(("declare", "typeset", "export", "local", "readonly", "integer"), declare),
    "unset": unset,
    **dict.fromkeys(("read", "mapfile", "readarray", "getopts"), read),
    "printf": printf,
    "set": set_,
    "shopt": shopt,
    "setopt": shopt,
    "shift": shift,
    "let": let,
    "eval": eval_,
    "source": source,
    ".": source,
    "exec": exec_,
    **dict.fromkeys(("command", "builtin", "noglob", "nocorrect"), command),
    "trap": trap,
    "alias": alias,
    **dict.fromkeys(("exit", "logout"), exit_),
    "return": return_,
    **dict.fromkeys(("break", "continue"), break_),
    "wait": wait,
    "jobs": jobs,
    **dict.fromkeys(("unalias", "disown", "suspend"), nothing),
    **dict.fromkeys(("hash", "enable", "complete", "bind"), loading),
    "history": history,
    "dirs": dirs,
    **dict.fromkeys(("compgen", "fc"), generated),
    **dict.fromkeys(("type", "times", "fg", "bg", "umask", "ulimit", "caller"), quiet),
}
