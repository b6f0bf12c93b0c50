"""Code given to an interpreter on its command line: whether it can write, and where when that is a literal."""

from __future__ import annotations

from . import languages, options
from .builtin import DESCRIPTORS
from .commands import MODULES
from .marks import DEVICE, known, plain, words
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
    name = trusted_name(base(argv[0]))
    language = languages.language(name)
    codes, operands, module, edits = arguments(argv[1:], language)
    prepared(walker, name, argv)
    if edits:
        edited(walker, name, operands if codes else operands[1:], edits, state)
    for code in codes:
        judge(walker, name, language, code, state)
    if module:
        run_module(walker, module, operands, state)
    elif not codes:
        program(walker, name, language, operands, state)


def prepared(walker: Walker, name: str, argv: list[str]) -> None:
    """What happens before the code that is read."""
    loaders = LOADERS.get(name.rstrip("0123456789.js"))
    if loaders and any(one.startswith(loaders) for one in argv[1:]):
        walker.runs(f"{name} loads other code first")
    if any(one.startswith(("data:", "--import=data:", "--loader=data:")) for one in argv[1:]):
        walker.hide(f"{name} with code in an address")
    if name in ("ruby", "irb") and any(one[:2] in ("-C", "-X") for one in argv[1:]):
        walker.hide(f"{name} in another directory")
    if name == "perl" and any(one[:1] in (">", "+") or "|" in one[:1] + one[-1:] for one in argv[1:]):
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
    at = 0
    unsure = False
    while at < len(args):
        one = args[at]
        at += 1
        if one[:1] != "-" or one in ("-", "--"):
            # Behind an option that is not known here it may be a value, and the code comes later.
            later = arguments(args[at:], language)[0] if unsure else []
            return codes + later, args[at - (one != "--") :], "", edits
        if one in language.printing and "".join(args[at : at + 1])[:1] == "-":
            continue
        if one[:2] == "--" or (one in language.codes and len(one) > 2):
            at, unsure = long_option(one, args, at, language, codes)
            continue
        unsure = False
        kind, rest = letters(one[1:], language)
        if kind == "edit":
            edits = (rest,) if rest else "-"
        elif kind:
            value = rest or "".join(args[at : at + 1])
            at += not rest
            if kind == "code":
                codes.append(value)
            elif kind == "file":
                return codes, [value, *args[at:]], "", edits
            elif kind == "module":
                return codes, args[at:], value, edits
    return codes, [], "", edits


def long_option(one: str, args: list[str], at: int, language: Language, codes: list[str]) -> tuple[int, bool]:
    """Where the arguments go on behind a long option, and whether what stands there may be its value."""
    name, equals, value = one.partition("=")
    if name in language.codes:
        codes += [value] if equals else args[at : at + 1]
        return at + (not equals), False
    known_ = name in language.values
    return at + (known_ and not equals), not known_ and not equals


def letters(cluster: str, language: Language) -> tuple[str, str]:
    """What the first meaningful letter of a cluster of options is, and what follows it."""
    at = 0
    while at < len(cluster):
        letter, rest = cluster[at], cluster[at + 1 :]
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
        if letter in language.attached and letter not in "0l":
            return "", ""
        # -0777 and -l012 have digits of their own, and more letters may follow.
        at = len(cluster) - len(rest.lstrip("01234567")) if letter in "0l" else at + 1
    return "", ""


def program(walker: Walker, name: str, language: Language, operands: list[str], state: State) -> None:
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
        walker.runs(f"the script {plain(path)[:60]}" if known(path) else "a computed script")
        for text in walker.files.get(walker.places.absolute(path, state) or "", []):
            judge(walker, name, language, text, state)


def run_module(walker: Walker, module: str, operands: list[str], state: State) -> None:
    """`python -m name`."""
    if module in ("timeit", "code", "pdb", "runpy"):
        walker.hide(f"code given to {module}")
    elif module in MODULES:
        walker.program([module, *operands], state)
    elif module not in READING_MODULES:
        walker.runs(f"the module {module[:60]}")
    for one, tree in written_by(module, operands):
        walker.write(one, state, module, tree)


READING_MODULES = words(
    "json.tool tabnanny this platform sysconfig site calendar http.server ast venv virtualenv zipfile tarfile"
)


def written_by(module: str, operands: list[str]) -> list[tuple[str, bool]]:
    """The operands of a module that it writes, and whether all below them."""
    given = options.read(operands, Rule("reads values=indent,prompt"))
    if module == "json.tool":
        return [(one, False) for one in given.operands[1:2]]
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
        walker.runs(f"{name} code that loads {found.runs[:40]}")
