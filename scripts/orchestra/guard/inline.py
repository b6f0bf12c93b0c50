"""Code given to an interpreter on its command line: whether it can write, and where when that is a literal."""

from __future__ import annotations

from . import languages, options
from .builtin import DESCRIPTORS
from .commands import MODULES
from .marks import DEVICE, known, plain, short, words
from .options import Rule, base, trusted_name
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .effects import Walker
    from .languages import Language
    from .scanning import Found


# Options that run something before the code that is read.
LOADERS: dict[str, tuple[str, ...] | str] = {
    "node": ("-r", "--require", "--import", "--loader", "--experimental-loader"),
    "ruby": ("-r", "-I"),
    "perl": ("-M", "-m", "-I"),
    "php": ("-d", "-c", "-z"),
    "lua": ("-l",),
}


def interpreter(walker: Walker, argv: list[str], state: State) -> None:
    """python, node, ruby, perl, php or lua with its arguments."""
    program, *given = argv
    name = trusted_name(base(program))
    language = languages.language(name)
    codes, operands, module, edits = arguments(given, language)
    prepared(walker, name, given)
    if edits:
        edited(walker, name, operands if codes else operands[1:], edits, state)
    for code in codes:
        judge(walker, name, language, code, state)
    if module:
        run_module(walker, module, operands, state)
    elif not codes:
        run_script(walker, name, language, operands, state)


def prepared(walker: Walker, name: str, given: list[str]) -> None:
    """What happens before the code that is read."""
    loaders = LOADERS.get(name.rstrip("0123456789.js"))
    if loaders and any(one.startswith(loaders) for one in given):
        walker.runs(f"{name} loads other code first")
    if any(one.startswith(("data:", "--import=data:", "--loader=data:")) for one in given):
        walker.hide(f"{name} with code in an address")
    if name in ("ruby", "irb") and any(one.startswith(("-C", "-X")) for one in given):
        walker.hide(f"{name} in another directory")
    if name == "perl" and any(one.startswith((">", "+", "|")) or one.endswith("|") for one in given):
        walker.hide("perl with files that are commands")


def edited(walker: Walker, name: str, files: list[str], edits: tuple[str, ...] | str, state: State) -> None:
    """Files that are edited in place, with their copies."""
    for one in files:
        walker.write(one, state, f"{name} -i", False)
        for suffix in edits if edits != "-" else ():
            if "*" in plain(suffix):
                walker.hide(f"{name} -i with a pattern")
            walker.write(one + suffix, state, f"{name} -i")


def arguments(args: list[str], language: Language) -> tuple[list[str], list[str], str, tuple[str, ...] | str]:
    """Code texts, operands, a module's name, and how files are edited in place."""
    codes: list[str] = []
    edits: tuple[str, ...] | str = ""
    left = args[::-1]
    unsure = False
    while left:
        one = left.pop()
        if not one.startswith("-") or one in ("-", "--"):
            operands = left[::-1]
            # Behind an option that is not known here it may be a value, and the code comes later.
            later = arguments(operands, language)[0] if unsure else []
            return codes + later, operands if one == "--" else [one, *operands], "", edits
        if one in language.printing and left and left[-1].startswith("-"):
            continue
        if one.startswith("--") or one in language.codes:
            unsure = long_option(one, left, language, codes)
            continue
        unsure = False
        kind, rest = letters(one.removeprefix("-"), language)
        if kind not in ("", "edit"):
            rest = rest or (left.pop() if left else "")
        match kind:
            case "edit":
                edits = (rest,) if rest else "-"
            case "code":
                codes.append(rest)
            case "file":
                return codes, [rest, *left[::-1]], "", edits
            case "module":
                return codes, left[::-1], rest, edits
    return codes, [], "", edits


def long_option(one: str, left: list[str], language: Language, codes: list[str]) -> bool:
    """Take what belongs to a long option from what is `left`, its end first; whether more of it may."""
    name, equals, value = one.partition("=")
    known_ = name in language.values or name in language.codes
    if known_ and not equals:
        value = left.pop() if left else ""
    if name in language.codes:
        codes.append(value)
    return not known_ and not equals


def letters(cluster: str, language: Language) -> tuple[str, str]:
    """What the first meaningful letter of a cluster of options is, and what follows it."""
    rest = cluster
    while rest:
        letter, rest = rest[0], rest[1:]
        if "-" + letter in language.codes:
            return "code", rest
        if letter == "m" and language.module:
            return "module", rest
        if letter == "i" and language.edits:
            return "edit", rest
        if letter in language.files:
            return "file", rest
        if letter in language.letters:
            return "value", rest
        # -0777 and -l012 have digits of their own, and more letters may follow.
        if letter in "0l":
            rest = rest.lstrip("01234567")
        elif letter in language.attached:
            return "", ""
    return "", ""


def run_script(walker: Walker, name: str, language: Language, operands: list[str], state: State) -> None:
    """A script in a file, or one that comes in."""
    path = operands[0] if operands else "-"
    if path == DEVICE:
        judge(walker, name, language, walker.beside, state)
    elif path in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
        if walker.stdin is None:
            walker.hide(f"{name} reads its code from a program")
        elif walker.stdin:
            judge(walker, name, language, walker.stdin, state)
    elif path.startswith(DESCRIPTORS):
        walker.hide(f"{name} reads its code from a program")
    elif path in language.subcommands:
        walker.runs(f"{name} {path}")
    else:
        walker.runs(f"the script {short(path)}" if known(path) else "a computed script")
        for text in walker.files.get(walker.places.absolute(path, state) or "", []):
            judge(walker, name, language, text, state)


def run_module(walker: Walker, module: str, operands: list[str], state: State) -> None:
    """`python -m name`."""
    if module in ("timeit", "code", "pdb", "runpy"):
        walker.hide(f"code given to {module}")
    elif module in MODULES:
        walker.program([module, *operands], state)
    elif module not in READING_MODULES:
        walker.runs(f"the module {short(module)}")
    for one, tree in written_by(module, operands):
        walker.write(one, state, module, tree)


READING_MODULES = words(
    "json.tool tabnanny this platform sysconfig site calendar http.server ast venv virtualenv zipfile tarfile"
)


def written_by(module: str, operands: list[str]) -> list[tuple[str, bool]]:
    """The operands of a module that it writes, and whether all below them."""
    given = options.read(operands, Rule("reads values=indent,prompt"))
    if module == "json.tool":
        return [(one, False) for one in given.operands[1:]]
    if module in ("venv", "virtualenv"):
        return [(one, True) for one in given.operands]
    if module in ("zipfile", "tarfile") and not given.has(("l", "list", "t", "test")):
        return [(one, True) for one in given.operands]
    return []


def judge(walker: Walker, name: str, language: Language, code: str, state: State) -> None:
    if not known(code):
        walker.hide(f"{name} code that is computed")
        return
    # Most calls of an interpreter name a script or a module, which needs no scan.
    from .scanning import scan

    found = scan(plain(code), language)
    act(walker, name, found, state)


def act(walker: Walker, name: str, found: Found, state: State) -> None:
    for path, tree in found.writes:
        walker.write(path, state, name, tree)
    for text in found.shells:
        walker.child(text, state.child())
    for argv in found.programs:
        walker.program(argv, state)
    if found.hidden:
        walker.hide(f"{name} code {found.hidden}")
    if found.runs:
        walker.runs(f"{name} code that loads {short(found.runs)}")
