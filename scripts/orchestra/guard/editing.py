"""Editors and stream editors: sed, awk, ed and vi, as far as their scripts write files or run commands."""

from __future__ import annotations

from . import options
from .builtin import DESCRIPTORS
from .marks import BELOW, DEVICE, UNKNOWN, known, plain, words
from .options import Rule, base
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Walker

MOST_SCRIPT = 100_000


# -- sed -----------------------------------------------------------------------------------------------------------

SED = Rule("all values=e,f,l,expression,file,line-length")


def sed(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    args, in_place, suffix = sed_arguments(argv[1:])
    given = options.read(args, SED)
    scripts = given.values("e", "expression")
    operands = given.operands
    if not scripts and not given.values("f", "file"):
        scripts, operands = operands[:1], operands[1:]
    for path in given.values("f", "file"):
        scripts += script_in(walker, path, state, "sed")
    for script in scripts:
        sed_script(walker, plain(script), state, given.has(("sandbox",)))
    if in_place:
        for one in operands:
            walker.write(one, state, "sed -i")
            if suffix and known(one):
                name = suffix if "*" in suffix else "*" + suffix
                folder, slash, last = one.rpartition("/")
                made = name.replace("*", last)
                walker.write(made if "/" in made else folder + slash + made, state, "sed -i")


def script_in(walker: Walker, path: str, state: State, name: str) -> list[str]:
    """The scripts that a file may hold, as far as this command shows them."""
    if path in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", DEVICE):
        text = walker.beside if path == DEVICE else walker.stdin
        return [UNKNOWN if text is None else text]
    if path.startswith(DESCRIPTORS):
        return [UNKNOWN]
    walker.runs(f"a {name} script in a file")
    return walker.files.get(walker.places.absolute(path, state) or "", [])


def sed_arguments(args: list[str]) -> tuple[list[str], bool, str]:
    """The arguments without -i, whether it was there, and its suffix. BSD's sed takes the suffix as the next word."""
    kept: list[str] = []
    found, suffix, skip = False, "", False
    for at, one in enumerate(args):
        if skip:
            skip = False
        elif one == "--":
            return kept + args[at:], found, suffix
        elif one.startswith("--i") and "--in-place".startswith(one.partition("=")[0]):
            found, suffix = True, one.partition("=")[2]
        elif one.startswith("-") and not one.startswith("--") and "i" in one and clustered(one):
            # What stands before the `i` changes nothing about what is written.
            found, suffix = True, one.partition("i")[2]
            following = [*args, "x"][at + 1]
            dotted = following.startswith(".") and following.isascii() and following[1:].isalnum()
            skip = not suffix and (dotted or not following)
            suffix = following if skip else suffix
        else:
            kept.append(one)
    return kept, found, suffix


def clustered(one: str) -> bool:
    """Whether the `i` of a cluster is an option of its own, and not part of what -e, -f or -l were given."""
    return set("efl").isdisjoint(one.partition("i")[0])


class Unclear(Exception):
    """A script that is not understood."""


def sed_script(walker: Walker, script: str, state: State, sandbox: bool) -> None:
    """Follows the commands of a script that write (`w`, `W`, `s///w`) or run something (`e`, `s///e`)."""
    if not known(script):
        letters = script.replace(UNKNOWN, "").replace(BELOW, "")
        if "\n" in letters or not tame(script):
            walker.hide("a computed sed script")
        return
    if sandbox:
        return
    if len(script) > MOST_SCRIPT:
        walker.hide("a sed script that is too long to read")
        return
    try:
        for path in sed_files(script):
            walker.write(path, state, "sed w")
    except Unclear:
        walker.hide("a sed script that is not understood")


def tame(script: str) -> bool:
    """`s/…/$new/`: an unknown text between the marks of one substitution, whose flags are known to be harmless."""
    for mark in "/|#,:@!+":
        match script.split(mark):
            case ["s", _, _, flags]:
                return not flags.strip("gIi0123456789p")
    return False


def sed_files(script: str) -> list[str]:
    """The files that a sed script writes. Raises Unclear."""
    files: list[str] = []
    at = 0
    while at < len(script):
        if script[at] in " \t\n;{}":
            at += 1
        elif script[at] == "#":
            at = line_end(script, at)
        else:
            at = sed_command(script, sed_address(script, at), files)
    return files


def line_end(script: str, at: int) -> int:
    end = script.find("\n", at)
    return len(script) if end < 0 else end


def sed_address(script: str, at: int) -> int:
    """Where the command behind an address starts."""
    while at < len(script):
        char = script[at]
        if char in "0123456789$,~+! \t":
            at += 1
        elif char == "/":
            at = delimited(script, at + 1, "/")
            at = flags_end(script, at, "IM")
        elif char == "\\":
            at = delimited(script, at, behind(script, at))
            at = flags_end(script, at, "IM")
        else:
            return at
    raise Unclear


def flags_end(script: str, at: int, flags: str) -> int:
    while script.startswith(tuple(flags), at):
        at += 1
    return at


def behind(script: str, at: int) -> str:
    """The character behind a place; nothing at the end."""
    return script[at + 1 : at + 2]


def delimited(script: str, at: int, mark: str) -> int:
    """The place behind the next `mark` that no backslash or bracket covers."""
    first = 0  # where the first character in a bracket is
    while at < len(script):
        char = script[at]
        if char == "\\":
            at += 1
        elif first:
            first = 0 if char == "]" and at > first else first
        elif char == "[" and mark != "[":
            first = at + 1 + (behind(script, at) == "^")
        elif char == mark:
            return at + 1
        at += 1
    raise Unclear


def sed_command(script: str, at: int, files: list[str]) -> int:
    char = script[at]
    if char in "wW":
        files.append(script[at + 1 : line_end(script, at)].strip())
        return line_end(script, at)
    if char in "rR":
        return line_end(script, at)
    if char in ":btT":
        return label_end(script, at)
    if char in "aic":
        return text_end(script, at)
    if char == "s":
        return substitution(script, at, files)
    if char == "y":
        sign = behind(script, at) or "/"
        return plain_delimited(script, plain_delimited(script, at + 2, sign), sign)
    if char in "dDFgGhHlnNpPqQxz={}":
        return flags_end(script, at + 1, "0123456789 ")
    raise Unclear


def label_end(script: str, at: int) -> int:
    """The end of a label: some read on to the end of the line, some only to a blank, and then the next command."""
    sign_and_label = script[at : line_end(script, at)].partition(";")[0]
    if sign_and_label[1:].split()[1:]:
        raise Unclear
    return at + len(sign_and_label)


def plain_delimited(script: str, at: int, mark: str) -> int:
    """The place behind the next `mark` that no backslash covers; brackets mean nothing here."""
    while at < len(script):
        if script[at] == "\\":
            at += 1
        elif script[at] == mark:
            return at + 1
        at += 1
    raise Unclear


def text_end(script: str, at: int) -> int:
    """The end of the text of a, i or c: a line, and those that a backslash continues."""
    end = line_end(script, at)
    while end < len(script) and continued(script[at:end]):
        end = line_end(script, end + 1)
    return end


def continued(text: str) -> bool:
    """Whether a backslash at its end stands for itself, and not for the one behind it."""
    return text.replace("\\\\", "").endswith("\\")


def substitution(script: str, at: int, files: list[str]) -> int:
    mark = behind(script, at)
    if mark in ("", "\n", "\\"):
        raise Unclear
    at = plain_delimited(script, delimited(script, at + 2, mark), mark)
    at = flags_end(script, at, "gpiImM0123456789")
    match script[at : at + 1]:
        case "w":
            files.append(script[at + 1 : line_end(script, at)].strip())
            return line_end(script, at)
        case "" | " " | "\t" | "\n" | ";" | "}" | "#":
            return at
    raise Unclear


# -- awk -----------------------------------------------------------------------------------------------------------

AWK = Rule("reads values=F,v,f,i,e,E,file,source,include,assign,field-separator,l,load,exec")
# Options that write a file, which has a name of its own when none stands in the same word.
PROFILES = {
    "-d": "awkvars.out", "-o": "awkprof.out", "-p": "awkprof.out",
    "--dump-variables": "awkvars.out", "--pretty-print": "awkprof.out", "--profile": "awkprof.out",
}  # fmt: skip


def profiled(walker: Walker, args: list[str], state: State) -> list[str]:
    """The arguments without the options of awk that write files, which are written."""
    kept: list[str] = []
    for one in args:
        name, _, value = one.partition("=") if one.startswith("--") else (one[:2], "", one[2:])
        if name in PROFILES:
            walker.write(value or PROFILES[name], state, "awk")
        else:
            kept.append(one)
    return kept


def awk(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(profiled(walker, argv[1:], state), AWK)
    programs = given.values("e", "source")
    operands = given.operands
    files = given.values("f", "file", "E", "exec")
    if not programs and not files:
        programs, operands = operands[:1], operands[1:]
    for path in files:
        programs += script_in(walker, path, state, "awk")
    if given.values("l", "load"):
        walker.hide("awk with an extension")
    included = [one.rpartition("/")[2].removesuffix(".awk") for one in given.values("i", "include")]
    if any(one != "inplace" for one in included):
        walker.runs("awk with other code")
    if "inplace" in included:
        if any("inplace::suffix" in one or "INPLACE_SUFFIX" in one for one in argv):
            walker.hide("awk keeps copies under other names")
        for one in operands:
            if "=" not in one:
                walker.write(one, state, "awk -i inplace")
    for one in programs:
        awk_program(walker, plain(one), state)


def awk_program(walker: Walker, text: str, state: State) -> None:
    """Files that print writes, commands that awk runs. Literals only; all else is hidden."""
    if not known(text) or len(text) > MOST_SCRIPT:
        walker.hide("a computed awk program")
        return
    try:
        tokens = awk_tokens(text)
    except Unclear:
        walker.hide("an awk program that is not understood")
        return
    depth: int | None = None  # how many brackets are open in a print; None elsewhere
    for at, one in enumerate(tokens):
        before, after = tokens[max(at - 2, 0) : at], tokens[at + 1 : at + 4]
        if one in ("print", "printf"):
            depth = 0
        elif one in (";", "{", "}") or (one == "\n" and before[-1:] not in CONTINUED):
            depth = None
        elif one in BRACKETS and depth is not None:
            depth += BRACKETS[one]
        elif one in ("system", "@", "|", "|&"):
            awk_runs(walker, before, one, after, state)
        elif one in (">", ">>") and depth == 0:
            awk_writes(walker, after, state)


BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
# A line goes on behind these.
CONTINUED = ([","], ["&&"], ["||"], ["?"], [":"])


def awk_runs(walker: Walker, before: list[str], one: str, after: list[str], state: State) -> None:
    """`system("…")`, `print | "…"`, `"…" | getline`: the two tokens before the one that runs, and three behind it."""
    text = ""
    match before, one, after:
        case [_, "system", ["(", code, ")"]]:
            text = code
        case [[code] | ["{" | ";" | "(" | "\n" | "while", code], "|", ["getline", *_]]:
            text = code
        case [_, "|", [code] | [code, ";" | "}" | "\n", *_]]:
            text = code
    if not text.startswith('"') or "\\" in text:
        walker.hide("awk runs a computed command")
    else:
        walker.child(text[1:-1], state.child())


def awk_writes(walker: Walker, after: list[str], state: State) -> None:
    match after:
        case [path] | [path, ";" | "}" | "\n", *_] if path.startswith('"') and "\\" not in path:
            walker.write(path[1:-1], state, "awk")
        case _:
            walker.hide("awk writes to a computed path")


def awk_tokens(text: str) -> list[str]:
    """Words, strings (with their quotes), and punctuation; a regular expression becomes `//`."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\r":
            at += 1
        elif text.startswith("\\\n", at):
            at += 2
        elif char == "#":
            at = line_end(text, at)
        elif char == '"':
            tokens.append(text[at : plain_delimited(text, at + 1, '"')])
            at += len(tokens[-1])
        elif char == "/" and not divides(tokens):
            at = delimited(text, at + 1, "/")
            tokens.append("//")
        elif char == "/" and tokens[-1] == ")" and '"' in text[at : line_end(text, at)].rpartition("/")[0]:
            raise Unclear  # behind `if (…)` it is an expression after all, and then the quote is part of it
        elif char.isalnum() or char == "_":
            end = (n for n in range(at, len(text)) if not (text[n].isalnum() or text[n] in "_."))
            tokens.append(text[at : next(end, len(text))])
            at += len(tokens[-1])
        else:
            size = 2 if text[at : at + 2] in (">>", "||", "|&", "&&", ">=", "<=", "==", "!=") else 1
            tokens.append(text[at : at + size])
            at += size
    return tokens


def divides(tokens: list[str]) -> bool:
    """Whether a slash here is a division: something with a value stands before it."""
    last = tokens[-1] if tokens else ""
    return (
        last in (")", "]", "$")
        or (last[:1].isalnum() and last not in ("print", "return", "in", "case", "do", "else"))
        or last.startswith(('"', "_"))
    )


# -- ed and vi -----------------------------------------------------------------------------------------------------


def ed(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    files = [one for one in argv[1:] if not one.startswith("-")]
    script = walker.stdin
    if script is None or not known(script) or any(one.startswith("!") for one in files):
        walker.hide("ed with computed commands")
    for one in files:
        walker.write(one, state, "ed")
    for line in (script or "").splitlines():
        try:
            command = line[ed_address(line) :]
        except Unclear:
            continue  # a line of text, or one that ed does not understand either
        if "!" in line and command.startswith(("!", "r", "w", "e", "f", "E")):
            walker.hide("ed runs commands")
        elif command.startswith(("w", "W")):
            walker.write(command[1:].lstrip("q").strip(), state, "ed")
        elif command.startswith(("e", "E", "f")):
            walker.hide("ed with another file")
        elif command.startswith(("g", "G", "v", "V")) and ("!" in command or "w" in command):
            walker.hide("ed with commands on lines")


def ed_address(line: str) -> int:
    """Where the command behind its addresses starts."""
    at = 0
    while at < len(line) and line[at] in "0123456789,$.;%+- /?'":
        at = delimited(line, at + 1, line[at]) if line[at] in "/?" else at + 1 + (line[at] == "'")
    return at


VI = Rule("all values=c,S,s,u,i,w,W,cmd,T,t")


def vi(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """The files are written; commands may only be of a few harmless kinds."""
    plus = [one[1:] for one in argv if one.startswith("+")]
    args = [one for one in argv[1:] if not one.startswith("+")]
    script = silent(args, base(argv[0]))
    rule = Rule("all values=c,S,u,i,w,W,cmd,T,t") if script else VI
    given = options.read(args, rule)
    commands = [*plus, *given.values("c", "cmd")]
    keys = rule is VI and given.has(("s",))
    if script or base(argv[0]) == "ex":
        commands += ["!"] if walker.stdin is None else walker.stdin.splitlines()
    elif walker.stdin != "" and "-" not in given.operands:
        keys = True  # what comes in is taken as if somebody typed it
    settings = [one for one in given.values("u") if one not in ("NONE", "NORC", "DEFAULTS")]
    if keys or settings or given.has(("S", "w", "W", "l")) or not all(vi_harmless(one) for one in commands):
        walker.hide("an editor with commands of its own")
    logs = [one[2:].lstrip("0123456789") for one in args if one.startswith("-V")]
    for one in [*logs, *(one for one in given.values("i") if one != "NONE")]:
        if one:
            walker.write(one, state, base(argv[0]))
    for one in given.operands:
        if one != "-":
            walker.write(one, state, base(argv[0]))


def silent(args: list[str], name: str) -> bool:
    """Whether commands come in: -s behind -e. Without that -s names a file with keys to type."""
    before = name
    for one in args:
        letters = one[1:] if one.startswith("-") and one[1:2] in ("e", "E", "s", "n") else ""
        before += letters.partition("s")[0]
        if "s" in letters and ("e" in before or "E" in before):
            return True
    return False


VI_SETTINGS = words(
    """
        ff fileformat fenc fileencoding et noet expandtab noexpandtab ts tabstop sw shiftwidth sts softtabstop tw
        textwidth nobackup nowritebackup noswapfile swf noswf nu nonu number ft filetype ic noic hls nohls nomodeline
        bin nobin eol noeol fixeol nofixeol ai noai cin nocin nocp nocompatible magic nomagic
        """
)


def vi_harmless(command: str) -> bool:
    """Whether an ex command can only change, write or leave the file being edited."""
    text = command.strip().lstrip(":").lstrip("0123456789,$.%' ")
    name = ""
    for char in text:
        if not char.isalpha():
            break
        name += char
    rest = text[len(name) :]
    if not known(command) or "\n" in text or "|" in rest or "!" in (rest[1:] if name else rest) or "\\=" in rest:
        return False
    if name == "set":
        return all(one.partition("=")[0] in VI_SETTINGS for one in rest.split())
    if name in ("normal", "norm"):
        return not any(one in rest for one in (":", "@", "gf", "gF"))
    if name in ("", "syntax"):
        return rest.strip() in ("", "on", "off", "<", ">", "&")
    if name in ("w", "wq", "x", "q", "qa", "wqa", "wa", "xa", "quit", "write", "exit", "update", "up"):
        return rest.strip() in ("", "!")
    return name in (
        "s",
        "d",
        "delete",
        "retab",
        "sort",
        "j",
        "m",
        "t",
        "a",
        "i",
        "nohl",
    )


HANDLERS: dict[str, Callable[[Walker, list[str], State, Rule], None]] = {
    "@sed": sed,
    "@awk": awk,
    "@ed": ed,
    "@vi": vi,
}
