"""What a program does with its arguments: the table's rules, and the programs that no rule describes."""

from __future__ import annotations

from . import commands, options, tables
from .expand import joined
from .marks import BELOW, DEVICE, SEGMENT, UNKNOWN, is_wild, known, plain, short, words
from .options import Given, Rule, base, parent, side_effects
from .state import State
from .targets import UNCERTAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Walker


def run(walker: Walker, argv: list[str], state: State) -> None:
    """The effects of one program with its arguments, name first."""
    # The whole of `-of*` is matched with file names, not what the option is given.
    argv = [name for one in argv for name in (walker.places.names(one, state) if one.startswith("-") else [one])]
    name = base(argv[0])
    line = tables.PROGRAMS.get(name) or tables.PROGRAMS.get(versionless(name))
    before = walker.mark()
    if not trusted(argv[0]) and argv[0] != walker.env.variables.get("ORCHESTRA_PROGRAM"):
        walker.runs(f"the program {short(argv[0])}")
        commands.written_script(walker, argv, state)
    if forbidden(walker, name, argv) or (name in tables.RUNNERS and commands.runner(walker, name, argv, state)):
        return
    if line is None:
        unlisted(walker, name, argv, state)
    else:
        apply(walker, argv, state, Rule(line))
    if walker.mark() == before and name not in tables.SILENT:
        text = commands.output(walker, name, argv, state)
        walker.emit(UNKNOWN if text is None else text)


def versionless(name: str) -> str:
    """`python3.12` is python, `mkfs.ext4` is mkfs."""
    return "mkfs" if name.startswith("mkfs.") else name.rstrip("0123456789.-")


def trusted(name: str) -> bool:
    """Whether a name is looked up where programs are installed; `./rm` is whatever somebody put there."""
    folder, slash, _ = name.rpartition("/")
    return not slash or folder in tables.SYSTEM_FOLDERS or folder.endswith(tables.PROJECT_FOLDERS)


def unlisted(walker: Walker, name: str, argv: list[str], state: State) -> None:
    if name in tables.READERS:
        reader(walker, name, argv, state)
        return
    if trusted(argv[0]):
        walker.runs(f"the program {short(name)}")
        commands.written_script(walker, argv, state)


def reader(walker: Walker, name: str, argv: list[str], state: State) -> None:
    """A program that only reads; the output of some is known."""
    if name in ("test", "[") and "-v" in argv:
        for one in argv:
            walker.expander.item(one, state)
    text = commands.output(walker, name, argv, state)
    walker.emit(UNKNOWN if text is None else text)


def forbidden(walker: Walker, name: str, argv: list[str]) -> bool:
    """Programs, or subcommands of programs, that act beyond the project."""
    words = tables.FORBIDDEN.get(name)
    if words is None:
        return False
    first = next((one for one in argv[1:] if not one.startswith("-")), "")
    flags = [one for one in argv if one in words.split() and one.startswith("--")]
    if not words or first in words.split() or flags:
        walker.deny(f"{name} {first or ''}".strip() + " acts beyond this project")
        return True
    return False


def apply(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """One rule on one command line."""
    if rule.kind in BY_POSITION:
        argv = [name for one in argv for name in walker.places.names(one, state)]
    if rule.kind.startswith("@"):
        handler(rule.kind)(walker, argv, state, rule)
        return
    if rule.kind == "wrap":
        commands.wrap(walker, argv, state, rule)
        return
    given = options.read(argv[1:], rule)
    side_effects(walker, argv[0], given, state, rule)
    KINDS[rule.kind](walker, base(argv[0]), given, state, rule)


# Which operand is the target depends on how many there are: file names are matched first.
BY_POSITION = words("@copy @link @sync @first @patch @fetch @sed @compress @script_of last second")


def idle(given: Given, rule: Rule) -> bool:
    """Whether the options keep the program from writing its operands."""
    if rule.get("need") and not given.has(rule.get("need")):
        return True
    return given.has(rule.get("dry"))


def whole(given: Given, rule: Rule) -> bool:
    return "*" in rule.get("tree") or given.has(rule.get("tree"))


def write_all(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    if idle(given, rule):
        return
    operands = given.operands[rule.number("skip") :]
    for one in operands or rule.get("default"):
        if one != "-" or not whole(given, rule):
            walker.write(one, state, name, whole(given, rule))
            passed_through(walker, name, one, state)
    if name == "tee":
        walker.emit(UNKNOWN if walker.stdin is None else walker.stdin)


def passed_through(walker: Walker, name: str, path: str, state: State) -> None:
    """`mkdir -p a/../b` makes a, too."""
    if name in ("mkdir", "install"):
        before = path.split("/../")
        for count in range(1, len(before)):
            walker.write("/../".join(before[:count]) or "/", state, name)


def write_last(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    if len(given.operands) > 1 and given.operands[-1] != "-":
        walker.write(given.operands[-1], state, name, True)
    many(walker, name, given, state)


def many(walker: Walker, name: str, given: Given, state: State) -> None:
    """The only operand may stand for several, of which the last one is written."""
    for one in given.operands if len(given.operands) == 1 else []:
        if UNKNOWN in one or BELOW in one:
            walker.write(one, state, name)


def write_second(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    for one in given.operands[1:2]:
        if one != "-":
            walker.write(one, state, name)
    many(walker, name, given, state)


def write_first(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], rule)
    side_effects(walker, argv[0], given, state, rule)
    for one in given.operands[:1]:
        if one != "-":
            walker.write(one, state, base(argv[0]))
    if given.has(rule.get("moves")):
        for one in given.operands[1:]:
            walker.write(one, state, base(argv[0]), True)


def write_here(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    if not idle(given, rule) and not given.has(rule.get("into")):
        walker.write(".", state, name, True)


def write_none(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    """Only the options write."""


def run_anything(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    words = [plain(one) for one in given.operands]
    if "--fix" in [f"--{option}" for option, _ in given.options] or words[:1] in (["fmt"], ["format"], ["fix"]):
        walker.write(".", state, f"{name} {' '.join(words[:1])}".strip(), True)
        return
    walker.runs(short(f"{name} {' '.join(words[:1])}".strip()))


def never(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    walker.deny(f"{name} changes the machine")


def hidden(walker: Walker, name: str, given: Given, state: State, rule: Rule) -> None:
    walker.hide(f"what {name} does cannot be followed")


KINDS: dict[str, Callable[[Walker, str, Given, State, Rule], None]] = {
    "all": write_all,
    "last": write_last,
    "second": write_second,
    "here": write_here,
    "reads": write_none,
    "runs": run_anything,
    "never": never,
    "hidden": hidden,
}


# -- copies and links ----------------------------------------------------------------------------------------------


def into(walker: Walker, target: str, sources: list[str], state: State, how: str, tree: bool) -> None:
    """Writes `target`, or what the sources are called in it when it is a directory."""
    path = walker.places.absolute(target, state) or UNKNOWN
    kind = walker.places.kind(path) if not is_wild(target) else UNCERTAIN
    if kind == 2:
        for source in sources:
            below(walker, target, source, state, how, tree)
    else:
        walker.write(target, state, how, tree or kind == UNCERTAIN or target.endswith("/"))


def below(walker: Walker, folder: str, source: str, state: State, how: str, tree: bool) -> None:
    """Writes the entry of a directory that a source is copied to."""
    for one in walker.places.names(source, state):
        name = one.rstrip("/").rpartition("/")[2]
        if UNKNOWN in name or DEVICE in name or name in ("", ".", ".."):
            walker.write(folder, state, how, True)
        else:
            walker.write(f"{folder.rstrip('/')}/{name}", state, how, tree)


def copy(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """cp, mv and install."""
    name = base(argv[0])
    given = options.read(argv[1:], rule)
    recursive = given.has(("r", "R", "a", "recursive", "archive", "parents"))
    if name == "install" and given.has(("d", "directory")):
        write_all(walker, name, given, state, rule)
        return
    into_ = given.values("t", "target-directory")
    sources = given.operands if into_ else given.operands[:-1]
    targets = into_ or given.operands[-1:]
    if not sources or not targets:
        many(walker, name, given, state)
        return
    recursive = recursive or (name == "mv" and any(folder(walker, one, state) for one in sources))
    moves(walker, name, given, sources, state)
    for target in targets:
        if given.has(("b", "backup", "S", "suffix", "parents")) or (into_ and not known(target)):
            walker.write(parent(target), state, name, True)
        into(walker, target + ("/" if into_ else ""), sources, state, name, recursive)


def moves(walker: Walker, name: str, given: Given, sources: list[str], state: State) -> None:
    """mv takes its sources away; cp -l makes second names for them, through which they can be written."""
    if name == "mv":
        for one in sources:
            walker.write(one, state, name, folder(walker, one, state))
    elif given.has(("l", "link")):
        for one in sources:
            walker.write(one, state, "cp --link", True)
    elif given.has(("s", "symbolic-link")):
        walker.hide("cp makes links")


def folder(walker: Walker, field: str, state: State) -> bool:
    """Whether a field is or may be a directory. One that is missing now is nothing to copy."""
    path = walker.places.absolute(field, state)
    return path is None or walker.places.kind(path) not in (0, 1)


def link(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """ln. A hard link is a second name: what it names may be written through it from now on."""
    given = options.read(argv[1:], rule)
    folder = given.values("t", "target-directory")
    many(walker, "ln", given, state)
    operands = given.operands
    if folder:
        sources, target = operands, folder[0] + "/"
    else:
        *sources, target = operands if operands[1:] else [*operands, "."]
    soft = given.has(("s", "symbolic"))
    if not soft:
        for one in sources:
            walker.write(one, state, "ln (hard link)")
    if given.has(("b", "backup", "S", "suffix")):
        walker.write(parent(target), state, "ln", True)
    aside = given.has(("T", "no-target-directory", "n", "no-dereference", "h"))
    for one in sources:
        place(walker, one, target, state, soft, aside)


def place(walker: Walker, source: str, target: str, state: State, soft: bool, aside: bool) -> None:
    """One link: its own path is written, and from now on it leads to its source."""
    path = walker.places.absolute(target, state)
    kind = walker.places.kind(path) if path is not None else UNCERTAIN
    name = source.rstrip("/").rpartition("/")[2]
    inside = kind == 2 or target.endswith("/")
    if kind == UNCERTAIN or (inside and name in ("", ".", "..")) or (inside and not known(name)):
        walker.write(target, state, "ln", True)
        inside = False
    spots = [f"{target.rstrip('/') or '/'}/{name}"] if inside and not aside else [target]
    if inside and aside:
        spots.append(f"{target.rstrip('/')}/{name}")
    for spot in spots:
        for where in walker.write(spot, state, "ln"):
            walker.places.links[where] = (
                leads(where, source, state, walker) if soft else walker.places.absolute(source, state)
            )


def leads(where: str, source: str, state: State, walker: Walker) -> str | None:
    """The path that a symbolic link at `where` means: relative ones are read from its own directory."""
    if not known(source) or is_wild(source):
        return None
    return source if source.startswith("/") else f"{where.rpartition('/')[0]}/{source}"


RSYNC_FILES = words("log-file partial-dir backup-dir write-batch only-write-batch T temp-dir")


def sync(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """rsync and scp: the last operand, unless it is on another machine."""
    name = base(argv[0])
    given = options.read(argv[1:], rule)
    shell = given.values(*(("e", "rsh", "rsync-path") if name == "rsync" else ("S", "o", "D")))
    if any(not one.startswith("ssh") or "Command" in one for one in shell) or given.has(("M", "remote-option")):
        walker.hide(f"{name} through another program")
    for one in given.values(*RSYNC_FILES):
        walker.write(one, state, name, True)
    for one in given.values("write-batch", "only-write-batch"):
        walker.write(one + ".sh", state, name)
    if given.has(("n", "dry-run", "list-only")):
        return
    if given.has(("remove-source-files", "remove-sent-files")):
        for one in given.operands[:-1]:
            walker.write(one, state, name, True)
    many(walker, name, given, state)
    if len(given.operands) > 1 or (given.operands and given.has(("read-batch",))):
        target = given.operands[-1]
        if ":" in target.partition("/")[0]:
            walker.runs(f"{name} to another machine")
        else:
            walker.write(target, state, name, True)


def temporary(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """mktemp: a new file; its name is random, its directory is not."""
    given = options.read(argv[1:], rule)
    named = [one for one in given.values("p", "tmpdir") if one][-1:]
    # Whether a variable that was set here is exported, too, is not asked.
    here = [joined(state.variables["TMPDIR"])] if "TMPDIR" in state.variables else []
    folders = named or [walker.env.tmpdir or "/tmp", *here]
    template = given.operands[0] if given.operands else "tmp.XXXXXXXXXX"
    inside = given.has(("p", "tmpdir", "t")) or not given.operands
    stem = template.rstrip("X") if "X" in template else template
    inside = inside and not template.startswith("/")
    made = [f"{folder}/{stem}{SEGMENT}" for folder in folders] if inside else [stem + SEGMENT]
    for path in made if not given.has(("u", "dry-run")) else []:
        walker.write(path, state, "mktemp")
    walker.emit(UNKNOWN if made[1:] else made[0] + "\n")


def mode(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """chmod, chown, chgrp: a mode like `-w` is no option."""
    flags = [one for one in argv if one.startswith("--") or (one.startswith("-") and not one.strip("-RvcfhHLP"))]
    operands = [one for one in argv[1:] if one not in flags]
    tree = any(one.startswith("--rec") or (not one.startswith("--") and "R" in one) for one in flags)
    for one in operands if any(one.startswith("--ref") for one in flags) else operands[1:]:
        walker.write(one, state, base(argv[0]), tree)


def remove_directories(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], rule)
    for one in given.operands:
        walker.write(one, state, "rmdir")
        while given.has(("p", "parents")) and "/" in one.strip("/"):
            one = one.rstrip("/").rpartition("/")[0]
            walker.write(one, state, "rmdir")


def handler(kind: str) -> Callable[[Walker, list[str], State, Rule], None]:
    """The function for one kind. What few commands need is imported when one needs it."""
    if kind in HANDLERS:
        return HANDLERS[kind]
    if kind in ("@sed", "@awk", "@ed", "@vi"):
        from . import editing

        return editing.HANDLERS[kind]
    from . import tools

    return tools.HANDLERS[kind]


HANDLERS: dict[str, Callable[[Walker, list[str], State, Rule], None]] = {
    **commands.HANDLERS,
    "@copy": copy,
    "@link": link,
    "@sync": sync,
    "@temporary": temporary,
    "@mode": mode,
    "@remove_directories": remove_directories,
    "@first": write_first,
}
