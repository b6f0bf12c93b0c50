"""Programs that run commands, and programs whose arguments are a language of their own."""

from __future__ import annotations

from . import options
from .builtin import DESCRIPTORS
from .grammar import ansi_escape
from .marks import BELOW, DEVICE, SEGMENT, UNKNOWN, is_wild, known, plain, short, words
from .options import Given, Rule, base, parent, side_effects
from .state import State
from .tables import PROGRAMS, REMADE, RUNNERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Walker

MOST_CALLS = 100


# -- wrappers ------------------------------------------------------------------------------------------------------


def wrap(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """sudo, timeout, nice, …: options, a few operands, then a command."""
    given = options.read(argv[1:], rule, leading=True)
    side_effects(walker, argv[0], given, state, rule)
    if "*" in rule.get("hide"):
        walker.hide(f"{base(argv[0])} changes what paths mean")
    if base(argv[0]) == "sudo" and given.has(("s", "i", "shell", "login")):
        # A login begins in the home directory of whoever it is.
        there = state.moved(None) if given.has(("i", "login")) else state
        walker.program(["sh", *(["-c", " ".join(given.operands)] if given.operands else [])], there)
        return
    inner = state.copy()
    for one in given.values("chdir", "D") if base(argv[0]) == "sudo" else []:
        inner = moved(walker, one, inner)
    words = assigned(walker, given.operands, inner) if rule.get("assigns") else given.operands
    if given.has(rule.get("edit")):
        for one in words:
            walker.write(one, inner, base(argv[0]))
        return
    if rule.get("perhaps"):
        walker.program(words, inner)
    walker.program(words[rule.number("skip") :], inner)


def moved(walker: Walker, folder: str, state: State) -> State:
    path = walker.places.absolute(folder, state) if known(folder) else None
    return state.moved(path)


def assigned(walker: Walker, words: list[str], state: State) -> list[str]:
    """Words behind `NAME=value` ones, which are set in `state`."""
    for at, one in enumerate(words):
        name, equals, value = one.partition("=")
        if not equals or not name.isidentifier():
            return words[at:]
        walker.set(name, value, state)
        state.exported |= {name}
    return []


def env(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    inner = state.copy()
    given = options.read(argv[1:], rule, leading=True)
    if given.has(("i", "ignore-environment")) or "-" in given.operands[:1]:
        inner.exported = frozenset()
    for one in given.values("C", "chdir"):
        inner = moved(walker, one, inner)
    words = given.operands[1:] if given.operands[:1] == ["-"] else given.operands
    for one in given.values("S", "split-string"):
        words = [*one.split(), *words]
        if "\\" in one or "'" in one or '"' in one or "$" in one:
            walker.hide("env -S with quotes")
    walker.program(assigned(walker, words, inner), inner)


def watch(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], rule, leading=True)
    walker.child(" ".join(given.operands), state.child())


def flock(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], rule, leading=True)
    for one in given.operands[:1]:
        if not one.isdigit():
            walker.write(one, state, "flock")
    rest = given.operands[1:]
    if rest[:1] in (["-c"], ["--command"]):
        walker.child(" ".join(rest[1:]), state.child())
    else:
        walker.program(rest, state)


def script(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """script(1): a typescript file, and a command that is an option (Linux) or the other operands (BSD)."""
    given = options.read(argv[1:], rule)
    side_effects(walker, argv[0], given, state, rule)
    logs = given.has(("O", "B", "I", "log-out", "log-in", "log-io"))
    for one in given.operands[:1] or ([] if logs else ["typescript"]):
        walker.write(one, state, "script")
    walker.program(given.operands[1:], state)


def package(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """npx and its like: run a package's program."""
    given = options.read(argv[1:], rule, leading=True)
    for one in given.values("c", "call"):
        walker.child(one, state.child())
    run_package(walker, given.operands, state)


def run_package(walker: Walker, words: list[str], state: State) -> None:
    if words:
        name = words[0][:1] + words[0][1:].partition("@")[0]
        walker.program([name, *words[1:]], state)


def runner(walker: Walker, name: str, argv: list[str], state: State) -> bool:
    """`poetry run black .`: the words behind the subcommand are a command. Whether this was one."""
    at = subcommand(argv, RUNNERS[name].split())
    if not at:
        return False
    rest = argv[at + 1 :]
    if argv[at] not in RUNNERS[name].split():
        if name not in ("yarn", "pnpm") or PROGRAMS.get(argv[at], "runs").startswith("runs"):
            return False
        rest = argv[at:]
    own = argv[:at]
    while rest and rest[0].startswith("-"):
        option, equals, value = rest[0].partition("=")
        value = value if equals else " ".join(rest[1:2])
        if option in ("-c", "--call"):
            walker.child(value, state.child())
            return True
        takes = option in TAKING and not equals
        own += rest[: 2 if takes else 1]
        rest = rest[2 if takes else 1 :]
        if option not in (*TAKING, *FLAGS) and not equals and rest and not rest[0].startswith("-"):
            # It may be the value of an option that is not known here.
            run_package(walker, behind_options(rest[1:]), placed(walker, own, state))
    run_package(walker, rest, placed(walker, own, state))
    return True


TAKING = words(
    "--with --with-editable --with-requirements --python -p --package -n --name --group --extra --directory -C --dir "
    "--cwd --filter -F --prefix --env-file --index --index-url --project --only-group --only -e"
)
FLAGS = words(
    "-- --yes -y --no -q --quiet -v --verbose --frozen --locked --no-sync --isolated --offline --no-install "
    "--no-project --dev --no-dev --all-extras --silent -s --ignore-existing --no-cache --active --exact -r --recursive"
)
FOLDERS = words("--directory -C --dir --cwd")


def subcommand(argv: list[str], verbs: list[str]) -> int:
    """Where the subcommand stands, 0 without one. A word behind an option may be its value."""
    for at, one in enumerate(argv):
        before = argv[at - 1]
        value = before.startswith("-") and "=" not in before and before not in FLAGS
        if at and not one.startswith("-") and (one in verbs or not value):
            return at
    return 0


def behind_options(words: list[str]) -> list[str]:
    first = next((at for at, one in enumerate(words) if not one.startswith("-")), len(words))
    return words[first:]


def placed(walker: Walker, args: list[str], state: State) -> State:
    """The state in the directory that a package manager's options name."""
    for at, one in enumerate(args):
        option, equals, value = one.partition("=")
        if option in FOLDERS:
            state = moved(walker, value if equals else "".join(args[at + 1 : at + 2]), state)
    return state


def shell(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """sh, bash, zsh: a command text, a script, or what comes in."""
    text, operands = shell_words(argv[1:])
    kept = walker.expander.posix
    walker.expander.posix = base(argv[0]) not in ("bash", "zsh", "ksh", "mksh")
    shell_runs(walker, text, operands, state)
    walker.expander.posix = kept


def shell_runs(walker: Walker, text: str, operands: list[str], state: State) -> None:
    if walker.expander.posix and any("$'" in one for one in [*operands[:1], walker.stdin or ""]):
        walker.hide("a quote that not every sh reads alike")
    if text == "-c":
        args = operands[2:]
        walker.child(operands[0] if operands else "", state.child(), args)
    elif operands and not text:
        script_file(walker, operands[0], operands[1:], state)
    elif walker.stdin is None:
        walker.hide("a shell reads its commands from a program")
    else:
        walker.child(walker.stdin, state.child(), operands)


def shell_words(args: list[str]) -> tuple[str, list[str]]:
    """Whether a shell is given -c or -s, and its operands."""
    kind = ""
    at = 0
    while at < len(args) and args[at].startswith(("-", "+")) and args[at] not in ("-", "--"):
        one = args[at]
        if not one.startswith("--"):
            kind = "-c" if "c" in one and one.startswith("-") else "-s" if "s" in one and not kind else kind
            at += "o" in one or "O" in one
        elif one in ("--rcfile", "--init-file"):
            at += 1
        at += 1
    return kind, args[at + (args[at : at + 1] in (["-"], ["--"])) :]


def script_file(walker: Walker, path: str, args: list[str], state: State) -> None:
    """A script: what it holds is known only when this command wrote it."""
    if path in ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        text = walker.stdin
    elif path.startswith(DEVICE):
        text = walker.beside
    elif path.startswith(DESCRIPTORS):
        text = None
    else:
        walker.runs(f"the script {short(path)}" if known(path) else "a computed script")
        for one in walker.files.get(walker.places.absolute(path, state) or "", []):
            walker.child(one, state.child(), args)
        return
    if text is None or not known(text):
        walker.hide("a shell reads its commands from a program")
    else:
        walker.child(text, state.child(), args)


def written_script(walker: Walker, argv: list[str], state: State) -> None:
    """`./script` that this very command wrote."""
    for one in list(walker.files.get(walker.places.absolute(argv[0], state) or "", [])):
        first = one.partition("\n")[0]
        if first.startswith("#!") and "sh" not in first:
            # The system hands all that stands behind the interpreter on as one word.
            words = first[2:].strip().split(maxsplit=1)
            walker.program([*(words or ["sh"]), *argv], state)
        else:
            walker.child(one, state.child(), argv[1:])


def other_shell(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """Shells of another grammar: a script is a program, a text is not read."""
    if any(gives_code(one) for one in argv) or walker.stdin != "":
        walker.hide(f"{base(argv[0])} code is not read")
    else:
        walker.runs(f"a {base(argv[0])} script")


def gives_code(option: str) -> bool:
    """`-c`, `-Command`, `--execute`, and what is short for them; not `-ExecutionPolicy` and `-NoProfile`."""
    name = option.lstrip("-").lower()
    if not option.startswith("-") or name.startswith("executionp"):
        return False
    return name.startswith(("c", "e")) or (
        not option.startswith("--") and len(name) < 4 and ("c" in name or "e" in name)
    )


def evaluating(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """deno and bun: code that they are given is JavaScript, all else may do anything."""
    operands = [one for one in argv[1:] if not one.startswith("-")]
    if operands[:1] == ["eval"]:
        for one in operands[1:]:
            walker.program(["node", "-e", one], state)
    elif any(one.partition("=")[0] in ("-e", "--eval", "-p", "--print") for one in argv):
        if not argv[1].startswith("-"):
            walker.hide(f"{base(argv[0])} {short(argv[1])} with code")
        walker.program(["node", *argv[1:]], state)
    elif not argv[1:] or "-" in argv:
        walker.program(["node", "-"], state)
    else:
        walker.runs(f"the program {base(argv[0])}")


def multiplexer(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """tmux and screen: what they start is nobody's child, and they type into the windows of others."""
    walker.hide(f"{base(argv[0])} runs commands elsewhere")


def unread(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """Interpreters of languages that are not read here."""
    if any(one.startswith("-") for one in argv) or walker.stdin != "":
        walker.hide(f"{base(argv[0])} code is not read")
    else:
        walker.runs(f"a {base(argv[0])} script")


# `python -m name` is what `name` is.
MODULES = frozenset(("black", "isort", "ruff", "autopep8", "yapf", "autoflake", "mypy", "pytest", "flake8", "pylint"))


def script_of(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    match argv:
        case [name, "-m", module, *rest] if module in MODULES and base(name).startswith("python"):
            walker.program([module, *rest], state)
            return
    # Not needed for the most frequent of all calls, and dear.
    from . import inline

    inline.interpreter(walker, argv, state)


def git(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    from . import git_verbs

    git_verbs.git(walker, argv, state)


# -- lists of arguments --------------------------------------------------------------------------------------------

XARGS = Rule("wrap values=I,n,P,L,s,d,E,a,max-args,max-procs,max-chars,delimiter,arg-file,process-slot-var,J,R,S")


def xargs(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    # The only option whose value may be left out, and then stands in the same word.
    args = [f"-I{one[2:]}" if one.startswith("-i") and one[2:] else one for one in argv[1:]]
    given = options.read(args, XARGS, leading=True)
    words = argv[len(argv) - len(given.operands) :] or ["echo"]
    inputs, by_line = arguments(walker, given), lines(walker, given)
    kept, walker.stdin = walker.stdin, ""
    marks_ = given.values("I", "replace", "J") + (["{}"] if given.has(("i",)) else [])
    if BELOW in "".join(inputs) and not given.has(("0", "null")):
        walker.runs("file names from a list")
    if marks_:
        mark = marks_[-1] or "{}"
        calls = [[word.replace(mark, one) for word in words] for one in inputs]
    else:
        calls = [[*words, *some] for some in by_line or chunks(inputs, given)]
    for call in calls[:MOST_CALLS]:
        walker.program(call, state)
    if len(calls) > MOST_CALLS:
        walker.hide("xargs with very many names")
    walker.stdin = kept


def arguments(walker: Walker, given: Given) -> list[str]:
    """What xargs reads, as separate words; one unknown one when it cannot be told."""
    text = walker.stdin
    if text is None or given.has(("a", "arg-file")) or UNKNOWN in text:
        return [UNKNOWN]
    if given.has(("d", "delimiter", "0", "null")) and BELOW not in text:
        return [UNKNOWN]
    if "'" in text or '"' in text or "\\" in text:
        return [UNKNOWN]
    return text.split("\n")[:-1] if given.has(("I", "replace")) and text.endswith("\n") else text.split()


def lines(walker: Walker, given: Given) -> list[list[str]]:
    """The words of each call with -L 1; nothing without it."""
    sizes = given.values("L", "max-lines", "l")
    if not sizes:
        return []
    text = UNKNOWN if walker.stdin is None else walker.stdin
    if sizes != ["1"] or UNKNOWN in text or " \n" in text or given.has(("n", "max-args")):
        walker.hide("xargs by lines")
    return [one.split() for one in text.split("\n") if one.split()]


def chunks(inputs: list[str], given: Given) -> list[list[str]]:
    size = next((one for one in given.values("n", "max-args") if one), "")
    if not size.isdigit() or not int(size):
        return [inputs]
    return [inputs[at : at + int(size)] for at in range(0, len(inputs), int(size))] or [[]]


WRITING_TESTS = ("-fprint", "-fprint0", "-fls", "-fprintf")


ACTIONS = words("-delete -exec -execdir -ok -okdir")


def remade(argv: list[str]) -> str:
    """A name that stands for all that `find -name NAME` finds, when those are things that builds make again."""
    acts = [at for at, one in enumerate(argv) if one in ACTIONS]
    # Tests behind an action come too late for it.
    tests = argv[: acts[0]] if acts else argv
    names = [plain(name) for at, name in enumerate(tests) if tests[at - 1] in ("-name", "-iname")]
    plain_tests = not any(one in ("-o", "-or", "!", "-not", ",") or one.lstrip("\\") == "(" for one in argv)
    return next((one.replace("*", "0") for one in names if one in REMADE), "") if plain_tests else ""


def find(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    starts, at = starting_points(argv)
    name = remade(argv[at:])
    follows = "-L" in argv[:at] or "-follow" in argv
    if "-files0-from" in argv or (follows and not ACTIONS.isdisjoint(argv)):
        walker.hide("find in places that other files name")
    while at < len(argv):
        one = argv[at]
        at += 1
        if one == "-delete":
            for start in starts:
                walker.write(f"{start.rstrip('/')}/{name}" if name else start, state, "find -delete", True)
        elif one in WRITING_TESTS:
            walker.write("".join(argv[at : at + 1]), state, "find " + one)
        elif one in ("-exec", "-execdir", "-ok", "-okdir"):
            at = executed(walker, argv, at, starts, state, one.endswith("dir"), name)
        elif not known(one):
            walker.hide("find with computed tests")
    walker.emit("".join(f"{start.rstrip('/')}/{BELOW}\n" for start in starts))


def starting_points(argv: list[str]) -> tuple[list[str], int]:
    at = 1
    while at < len(argv) and (argv[at] in ("-H", "-L", "-P", "-E", "-X", "-s") or argv[at][:2] in ("-O", "-D")):
        at += 2 if argv[at] == "-D" else 1
    first = at
    while at < len(argv) and not argv[at].startswith(("-", "(", "!", ",")):
        at += 1
    return argv[first:at] or ["."], at


def executed(walker: Walker, argv: list[str], at: int, starts: list[str], state: State, inside: bool, name: str) -> int:
    """One -exec of find: runs its command once for each starting point, on everything below it that can have `name`."""
    end = next((n for n in range(at, len(argv)) if argv[n] == ";" or argv[n - 1 : n + 1] == ["{}", "+"]), len(argv))
    kept, walker.stdin = walker.stdin, ""
    for start in starts:
        below = f"{start.rstrip('/')}/{BELOW}"
        inner = state.moved(walker.places.absolute(below, state)) if inside else state
        below = BELOW if inside else below
        found = below if inside or not name else f"{start.rstrip('/')}/{name}"
        walker.program([found if word == "{}" else word.replace("{}", below) for word in argv[at:end]], inner)
    walker.stdin = kept
    return end


def fd(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """fd: like find; everything behind -x or -X is a command."""
    for at, one in enumerate(argv[1:], 1):
        first = fd_runs(one)
        if first is not None:
            words_ = [*([first] if first else []), *argv[at + 1 :]]
            words_ = words_ if any("{" in word for word in words_) else [*words_, "{}"]
            # Which words are places to look at depends on the options: any of them may be.
            for start in (".", *fd_places(argv[1:at])):
                walker.program([fd_name(word, f"{start.rstrip('/')}/{BELOW}") for word in words_], state)
            return
    walker.emit(f"./{BELOW}\n" if len(argv) < 3 and "-" not in argv[-1][:1] else UNKNOWN)


def fd_places(args: list[str]) -> list[str]:
    """The words in front of a command, but for the pattern."""
    found = [one.partition("=")[2] for one in args if one.startswith("-") and "=" in one]
    words_ = [at for at, one in enumerate(args) if not one.startswith("-")]
    named = [at for at in words_ if at and args[at - 1] in ("--search-path", "--base-directory", "-C")]
    others = [at for at in words_ if at not in named]
    return [*found, *(args[at] for at in [*named, *others[1:]])]


def fd_runs(option: str) -> str | None:
    """What stands behind -x, -X or --exec in the same word; None for another option."""
    name, _, value = option.partition("=")
    if option.startswith("--"):
        return value if len(name) > 4 and "--exec-batch".startswith(name) else None
    for at, letter in enumerate(option if option.startswith("-") else ""):
        if letter in "xX":
            return option[at + 1 :]
        if letter in "etEdScjCo":
            break
    return None


def fd_name(word: str, found: str) -> str:
    return UNKNOWN if word in ("{/}", "{//}", "{.}", "{/.}") else word.replace("{}", found)


def search(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """grep and rg with -l: the names of files below the operands."""
    given = options.read(argv[1:], rule)
    side_effects(walker, argv[0], given, state, rule)
    walker.emit(listed(given))


GREP = Rule(
    "reads values=e,f,m,A,B,C,d,D,regexp,file,max-count,include,exclude,exclude-dir,exclude-from,context,"
    "binary-files,color"
)


def listed(given: Given) -> str:
    if not given.has(("l", "L", "files-with-matches", "files-without-match", "files")):
        return UNKNOWN
    operands = given.operands if given.has(("e", "f", "files", "regexp", "file")) else given.operands[1:]
    if not all(known(one) and not is_wild(one) for one in operands):
        return UNKNOWN
    return "".join(f"{one.rstrip('/')}/{BELOW}\n" for one in operands or ["."])


# -- output --------------------------------------------------------------------------------------------------------

NOTHING = frozenset(("true", "false", "test", "[", "sleep"))
NAMES = frozenset(("nproc", "whoami", "arch", "hostid", "uname", "uname -m", "uname -s", "uname -r", "uname -n"))
NAMES |= frozenset(("id -u", "id -g", "id -un", "id -gn"))
FILTERS = frozenset(("head", "tail", "grep", "egrep", "fgrep"))


def output(walker: Walker, name: str, argv: list[str], state: State) -> str | None:
    """What a reading program prints, when that is known."""
    if name in NOTHING:
        return ""
    if walker.sink is None:
        return None  # nobody asks
    args = [found for one in argv[1:] for found in walker.places.names(one, state)]
    if " ".join([name, *args]) in NAMES:
        return SEGMENT + "\n"
    if name in PRINTERS:
        unsure = name == "echo" and walker.expander.posix and args and args[0].startswith("-") and args[0] != "-n"
        return None if unsure else PRINTERS[name](args)
    if name == "pwd":
        return (state.cwd or UNKNOWN) + "\n"
    if name == "cat":
        return catenated(walker, args, state)
    return filtered(walker, name, args) if name in FILTERS else None


def filtered(walker: Walker, name: str, args: list[str]) -> str | None:
    """The names of files that a filter lets pass, or that grep finds."""
    text = listed(options.read(args, GREP)) if name not in ("head", "tail") else UNKNOWN
    if text != UNKNOWN:
        return text
    return walker.stdin if walker.stdin and BELOW in walker.stdin and whole_lines(name, args) else None


def whole_lines(name: str, args: list[str]) -> bool:
    """Whether a filter of lines lets some pass as they are, and reads no file."""
    letters = "".join(one.lstrip("-") for one in args if one.startswith("-"))
    others = [one for one in args if not one.startswith("-")]
    if any(one.startswith("--") for one in args):
        return False
    if name in ("head", "tail"):
        return not letters.strip("nq0123456789") and all(one.isdecimal() for one in others)
    return not letters.strip("viEFwxPasqe") and len(others) < 2


def catenated(walker: Walker, args: list[str], state: State) -> str | None:
    found = []
    for one in args or ["-"]:
        text = walker.stdin if one == "-" else walker.content(one, state)
        if text is None:
            return None
        found.append(text)
    return "".join(found)


def echoed(args: list[str]) -> str:
    newline = "\n"
    while args and len(args[0]) > 1 and args[0][0] == "-" and not args[0][1:].strip("neE"):
        newline = "" if "n" in args[0] else newline
        args = args[1:]
    text = " ".join(args)
    return (UNKNOWN if "\\" in text else text) + newline


# Shells do not agree on these in the format of printf.
UNSURE = ("\\0", "\\c", "\\x", "\\u", "\\U", "\\e", "\\E", "\x01")


def printed(args: list[str]) -> str:
    """printf with %s, %d and escapes; the format is used again until the arguments are."""
    args = args[1:] if args[:1] == ["--"] else args
    if not args:
        return ""
    form, values = args[0], args[1:]
    pieces = form.replace("%%", "\x01").replace("%d", "%s").replace("%i", "%s").split("%s")
    counts = "%d" in form or "%i" in form
    if any("%" in one for one in pieces) or not known(form) or any(one in form for one in UNSURE):
        return UNKNOWN
    if counts and not all(one.isdecimal() and one.isascii() and (one.lstrip("0") or "0") == one for one in values):
        return UNKNOWN
    pieces = [unescaped(one).replace("\x01", "%") for one in pieces]
    found, todo = "", values[::-1]
    while True:
        for piece in pieces[:-1]:
            found += piece + (todo.pop() if todo else "")
        found += pieces[-1]
        if not todo or not pieces[1:]:
            return found


def unescaped(text: str) -> str:
    found = []
    while "\\" in text:
        before, _, text = text.partition("\\")
        char, at = ansi_escape(text, 0)
        found.append(before + char)
        text = text[at:]
    return "".join(found) + text


def base_name(args: list[str]) -> str:
    if not args or args[0].startswith("-") or not all(known(one) for one in args) or args[2:]:
        return UNKNOWN
    name = args[0].rstrip("/").rpartition("/")[2] or args[0][:1]
    return (name.removesuffix(args[1]) if args[1:] and name != args[1] else name) + "\n"


def directory(args: list[str]) -> str:
    match args:
        case [path] if known(path) and not path.startswith("-"):
            return parent(path) + "\n"
    return UNKNOWN


def dated(args: list[str]) -> str:
    form = next((one for one in args if one.startswith("+")), "")
    # A number in it keeps the text from being a dot name.
    numbers = any(f"%{one}" in form for one in "YmdHMSsNjFT")
    plain_ = numbers and not any(one in form for one in (" ", "/", *(f"%{letter}" for letter in "cxDntrpeklEO_+v")))
    return SEGMENT + "\n" if plain_ and known(form) else UNKNOWN


def counted(args: list[str]) -> str:
    if not all(one.isdecimal() and len(one) < 4 for one in args) or len(args) not in (1, 2):
        return UNKNOWN
    *_, first, last = 1, *map(int, args)
    # Some count down, others print nothing then.
    return "".join(f"{one}\n" for one in range(first, last + 1)) if 0 <= last - first < 200 else UNKNOWN


PRINTERS: dict[str, Callable[[list[str]], str]] = {
    "echo": echoed,
    "printf": printed,
    "basename": base_name,
    "dirname": directory,
    "date": dated,
    "seq": counted,
}


HANDLERS: dict[str, Callable[[Walker, list[str], State, Rule], None]] = {
    "@env": env,
    "@watch": watch,
    "@flock": flock,
    "@script": script,
    "@package": package,
    "@shell": shell,
    "@other_shell": other_shell,
    "@unread": unread,
    "@evaluating": evaluating,
    "@multiplexer": multiplexer,
    "@script_of": script_of,
    "@git": git,
    "@xargs": xargs,
    "@find": find,
    "@fd": fd,
    "@search": search,
}
