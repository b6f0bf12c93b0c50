"""Commands that the shell itself carries out, and that change its state."""

from __future__ import annotations

from . import marks
from .grammar import Part, Unreadable, Word
from .marks import BELOW, DEVICE, SEGMENT, UNKNOWN, is_wild, known, plain
from .state import State, merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Ends, Walker


def nothing(walker: Walker, argv: list[str], state: State) -> Ends:
    return [state], [state]


# -- directories ---------------------------------------------------------------------------------------------------


def cd(walker: Walker, argv: list[str], state: State) -> Ends:
    flags = [one for one in argv[1:] if one[:1] == "-" and len(one) > 1 and one != "--"]
    operands = [one for one in argv[1:] if one not in flags and one != "--"]
    target = operands[0] if operands else joined_home(walker, state)
    physical = any("P" in one for one in flags)
    if len(operands) == 1 and operands[0] == "-":
        return [state.moved(state.old)], [state]
    if len(operands) > 1 or (target and "CDPATH" in state.variables and target[:1] not in ("/", ".")):
        return [state.moved(None)], [state]
    walker.emit(UNKNOWN if target == "-" else "")
    return went(walker, target, state, physical)


def joined_home(walker: Walker, state: State) -> str:
    home = walker.expander.value("HOME", state)
    return home if isinstance(home, str) else UNKNOWN


def went(walker: Walker, target: str, state: State, physical: bool) -> Ends:
    """The states after going to a directory, and after failing to."""
    names = walker.places.names(target, state)
    path = (
        walker.places.absolute(names[0], state) if len(names) == 1 and names[0] else state.cwd if not target else None
    )
    if path is None or UNKNOWN in path or DEVICE in path or BELOW in path[:-1]:
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


def pushd(walker: Walker, argv: list[str], state: State) -> Ends:
    operands = [one for one in argv[1:] if one not in ("-n", "--")]
    if len(operands) != 1 or operands[0][:1] in ("+", "-") or "-n" in argv:
        return [state.moved(None)], [state]
    ok, bad = went(walker, operands[0], state, False)
    for one in ok:
        one.stack = (*state.stack, state.cwd)
    return ok, bad


def popd(walker: Walker, argv: list[str], state: State) -> Ends:
    if len(argv) > 1 or not state.stack:
        return [state.moved(None)], [state]
    other = state.moved(state.stack[-1])
    other.stack = state.stack[:-1]
    return [other], []


# -- variables -----------------------------------------------------------------------------------------------------


def declare(walker: Walker, argv: list[str], state: State) -> Ends:
    """declare, export, local, readonly and typeset; their values are expanded already."""
    other = state.copy()
    flags = "".join(one[1:] for one in argv[1:] if one[:1] == "-")
    for one in argv[1:]:
        if one[:1] not in ("-", "+"):
            declared(walker, argv[0], flags, one, other)
    # Outside a function `local` fails and sets nothing.
    bad = [state] if argv[0] == "local" and not walker.locals else [other]
    return [other], bad


def declared(walker: Walker, command: str, flags: str, text: str, state: State) -> None:
    name, equals, value = text.partition("=")
    added = name.endswith("+")
    name = name.rstrip("+").partition("[")[0]
    if not known(name) or "$(" in text or "`" in text:
        walker.hide("declares a computed name")
        return
    if command in ("local", "declare", "typeset") and walker.locals and "g" not in flags:
        walker.locals[-1].append(name)
    if "n" in flags and command != "export":
        walker.hide("a variable that names another")
    if "f" in flags:
        state.exported |= {name + "()"}
    if command == "export" or "x" in flags:
        state.exported |= {name}
    if equals:
        old = walker.expander.value(name, state) if added else ""
        number = "i" in flags
        walker.set(name, UNKNOWN if number or not isinstance(old, str) else old + value, state)
    elif command == "local":
        state.variables[name] = ""
    if command == "readonly" or "r" in flags:
        state.exported |= {name + "!"}


def unset(walker: Walker, argv: list[str], state: State) -> Ends:
    other = state.copy()
    for one in argv[1:]:
        if "$(" in one or "`" in one:
            raise Unreadable("an index that runs commands")
        if "-f" not in argv:
            other.variables[one] = ""
        other.functions = {name: body for name, body in other.functions.items() if name != one}
    return [other], [other]


def read(walker: Walker, argv: list[str], state: State) -> Ends:
    """read, mapfile, readarray, getopts: what comes in is not known."""
    other = state.copy()
    if argv[0] in ("mapfile", "readarray") and "-C" in argv:
        raise Unreadable("a callback that runs commands")
    for one in argv[1:]:
        if one.isidentifier():
            other.variables[one] = UNKNOWN
        elif "$(" in one or "`" in one:
            raise Unreadable("an index that runs commands")
    for name in ("REPLY", "MAPFILE", "OPTARG"):
        other.variables[name] = UNKNOWN
    return [other], [other]


def printf(walker: Walker, argv: list[str], state: State) -> Ends:
    if argv[1:2] and argv[1].startswith("-v"):
        other = state.copy()
        rest = argv[2:] if argv[1] == "-v" else [argv[1][2:], *argv[2:]]
        text = walker.captured(lambda: walker.program(["printf", *rest[1:]], state))
        if rest and ("$(" in rest[0] or "`" in rest[0]):
            raise Unreadable("an index that runs commands")
        if rest:
            walker.set(rest[0], text, other)
        return [other], [other]
    walker.program(argv, state)
    return [state], [state]


def set_(walker: Walker, argv: list[str], state: State) -> Ends:
    other = state.copy()
    args = argv[1:]
    while args and args[0][:1] in ("-", "+") and args[0] not in ("-", "--"):
        if args[0][:1] == "-" and "a" in args[0]:
            other.exported |= frozenset(other.variables)
        if "P" in args[0] or args[1:2] in (["physical"], ["posix"]):
            walker.hide("set changes what paths mean")
        args = args[2:] if args[0] in ("-o", "+o") else args[1:]
    if args:
        other.args = args[1:] if args[0] == "--" else args
        if any(is_wild(one) or UNKNOWN in one for one in other.args):
            other.args = None
    return [other], [other]


def shopt(walker: Walker, argv: list[str], state: State) -> Ends:
    walker.places.loose = walker.places.loose or any(one.endswith("glob") or one == "globstar" for one in argv[1:])
    return [state], [state]


def shift(walker: Walker, argv: list[str], state: State) -> Ends:
    other = state.copy()
    count = int(argv[1]) if len(argv) > 1 and argv[1].isdigit() else 1
    if len(argv) > 1 and not argv[1].isdigit():
        other.args = None
    elif other.args is not None:
        other.args = other.args[count:] if count <= len(other.args) else other.args
    return [other], [other]


def let(walker: Walker, argv: list[str], state: State) -> Ends:
    other = state.copy()
    for one in argv[1:]:
        walker.expander.arithmetic(Word([Part("text", one, True)]), other)
    return [other], [other]


# -- code ----------------------------------------------------------------------------------------------------------


def eval_(walker: Walker, argv: list[str], state: State) -> Ends:
    args = argv[2:] if argv[1:2] == ["--"] else argv[1:]
    return walker.text(" ".join(args), state)


def source(walker: Walker, argv: list[str], state: State) -> Ends:
    """A file's commands, in this very shell."""
    path = argv[1] if len(argv) > 1 else ""
    if path in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0") or path == DEVICE:
        text = walker.beside if path == DEVICE else walker.stdin
        if text is not None and known(text):
            return walker.text(text, state, argv[2:] or None)
        walker.hide("runs computed shell code")
        return [state], [state]
    walker.runs(f"the script {plain(path)[:60]}" if known(path) else "a computed script")
    for one in walker.files.get(walker.places.absolute(path, state) or "", []):
        ok, bad = walker.text(one, state)
        return merged([state, *ok]), merged([state, *bad])
    return [state], [state]


def exec_(walker: Walker, argv: list[str], state: State) -> Ends:
    args = argv[1:]
    while args and args[0][:1] == "-" and args[0] != "-":
        args = args[2:] if args[0] == "-a" else args[1:]
    walker.program(args, state)
    return [state], [state]


def command(walker: Walker, argv: list[str], state: State) -> Ends:
    """command and builtin: as if no function or alias had that name."""
    args = argv[1:]
    while args and args[0][:1] == "-" and len(args[0]) > 1:
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


def trap(walker: Walker, argv: list[str], state: State) -> Ends:
    """The text runs now or later, wherever the shell is by then."""
    args = argv[2:] if argv[1:2] == ["--"] else argv[1:]
    if len(args) < 2 or args[0] in ("-", "", "-p", "-l"):
        return [state], [state]
    if not known(args[0]):
        walker.hide("a trap with computed code")
    elif any(one in ("DEBUG", "ERR", "RETURN") for one in args[1:]):
        walker.hide("a trap that runs at any time")
    else:
        walker.child(args[0], state)
        walker.traps.append(args[0])
    return [state], [state]


def alias(walker: Walker, argv: list[str], state: State) -> Ends:
    other = state.copy()
    for one in argv[1:]:
        name, equals, text = one.partition("=")
        if equals and known(one):
            other.aliases = {**other.aliases, name: text}
        elif equals:
            walker.hide("an alias with computed code")
    return [other], [other]


# -- the end of things ---------------------------------------------------------------------------------------------


def exit_(walker: Walker, argv: list[str], state: State) -> Ends:
    walker.leaving.append(state)
    sure = len(argv) < 2 or (len(argv) == 2 and (argv[1].isdigit() or argv[1] == SEGMENT))
    return ([], []) if sure else ([state], [state])


def return_(walker: Walker, argv: list[str], state: State) -> Ends:
    if not walker.returning or len(argv) > 2:
        return [state], [state]
    walker.returning[-1].append(state)
    return [], []


def break_(walker: Walker, argv: list[str], state: State) -> Ends:
    """The commands behind it are still followed: whether it is reached is not."""
    walker.broken.append(state)
    return [state], [state]


def quiet(walker: Walker, argv: list[str], state: State) -> Ends:
    """Prints something that matters to nobody."""
    walker.emit(marks.UNKNOWN)
    return [state], [state]


def loading(walker: Walker, argv: list[str], state: State) -> Ends:
    """Options by which code or another program gets into the shell."""
    if any(one[:1] == "-" and not {"p", "f", "C", "F", "x"}.isdisjoint(one[1:]) for one in argv[1:]):
        walker.runs(f"{argv[0]} brings other code into the shell")
    return [state], [state]


def history(walker: Walker, argv: list[str], state: State) -> Ends:
    """`-w`, `-a` and `-n` name a file."""
    if any(one[:1] == "-" and not {"w", "a"}.isdisjoint(one[1:]) for one in argv[1:]):
        for one in argv[2:] or ["~/.bash_history"]:
            walker.write(one, state, "history")
    return quiet(walker, argv, state)


COMMANDS: dict[str, Callable[[Walker, list[str], State], Ends]] = {
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
    **dict.fromkeys(("unalias", "wait", "umask", "ulimit", "disown", "bg", "suspend"), nothing),
    **dict.fromkeys(("hash", "enable", "complete", "bind"), loading),
    "history": history,
    **dict.fromkeys(("jobs", "type", "times", "dirs", "fg", "fc", "compgen", "caller"), quiet),
}
