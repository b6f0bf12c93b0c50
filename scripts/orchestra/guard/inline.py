"""Code given to an interpreter on its command line: whether it can write, and where when that is a literal."""

from __future__ import annotations

from . import languages
from .commands import MODULES
from .marks import DEVICE, known, plain
from .options import base, trusted_name
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
    loaders = LOADERS.get(name.rstrip("0123456789.js"))
    if codes and loaders and any(one.startswith(loaders) for one in argv[1:]):
        walker.runs(f"{name} loads other code first")
    if edits:
        for one in operands if codes else operands[1:]:
            walker.write(one, state, f"{name} -i", False)
            for suffix in edits if edits != "-" else ():
                walker.write(one + suffix, state, f"{name} -i")
    for code in codes:
        judge(walker, name, language, code, state)
    if module:
        run_module(walker, module, operands, state)
    elif not codes:
        program(walker, name, language, operands, state)


def arguments(args: list[str], language: Language) -> tuple[list[str], list[str], str, tuple[str, ...] | str]:
    """Code texts, operands, a module's name, and how files are edited in place."""
    codes: list[str] = []
    edits: tuple[str, ...] | str = ""
    at = 0
    while at < len(args):
        one = args[at]
        at += 1
        if one[:1] != "-" or one in ("-", "--"):
            return codes, args[at - (one != "--") :], "", edits
        name, equals, value = one.partition("=")
        if one[:2] == "--":
            if name in language.codes:
                codes.append(value if equals else "".join(args[at : at + 1]))
                at += not equals
            elif name in language.values and not equals:
                at += 1
            continue
        kind, rest = letters(one[1:], language)
        if kind == "edit":
            edits = (rest,) if rest else "-"
        elif kind:
            value = rest or "".join(args[at : at + 1])
            at += not rest
            if kind == "code":
                codes.append(value)
            elif kind == "module":
                return codes, args[at:], value, edits
    return codes, [], "", edits


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
    elif path in ("-", "/dev/stdin", "/dev/fd/0"):
        if walker.stdin is None:
            walker.hide(f"{name} reads its code from a program")
        elif walker.stdin:
            judge(walker, name, language, walker.stdin, state)
    elif path in language.subcommands:
        walker.runs(f"{name} {path}")
    else:
        walker.runs(f"the script {plain(path)[:60]}" if known(path) else "a computed script")
        for text in walker.files.get(walker.places.absolute(path, state) or "", []):
            judge(walker, name, language, text, state)


def run_module(walker: Walker, module: str, operands: list[str], state: State) -> None:
    """`python -m name`."""
    if module in (
        "json.tool",
        "tabnanny",
        "this",
        "platform",
        "sysconfig",
        "site",
        "calendar",
        "http.server",
        "timeit",
        "ast",
    ):
        for one in operands[1:2] if module == "json.tool" else []:
            walker.write(one, state, "json.tool")
        if module == "timeit":
            walker.hide("code given to timeit")
    elif module in ("venv", "virtualenv"):
        for one in operands:
            if one[:1] != "-":
                walker.write(one, state, module, True)
    elif module in MODULES:
        walker.program([module, *operands], state)
    else:
        walker.runs(f"the module {module[:60]}")


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
