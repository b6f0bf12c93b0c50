"""A small scan of program text: its calls, with the arguments that are literals."""

from __future__ import annotations

from .constants import constants, names_of
from .imports import GLOBALS, OPENERS, POWERS, behind_from, bound, importing, renamed, unpacking
from .languages import Language
from .marks import short, words
from .options import parent
from .tokens import BRACKETS, CLOSING, STRING, Token, between, tokenize

MOST_CODE = 100_000
MOST_LOOKED_AT = 100_000
# How far behind `import` the name of its module may stand.
LONGEST_IMPORT = 200


class Found:
    """What code does: paths it writes (and whether all below), shell texts and programs it runs, and why the rest
    is not known."""

    __slots__ = ("hidden", "programs", "runs", "shells", "writes")

    def __init__(self) -> None:
        self.writes: list[tuple[str, bool]] = []
        self.shells: list[str] = []
        self.programs: list[list[str]] = []
        self.hidden = ""
        self.runs = ""


def scan(code: str, language: Language) -> Found:
    """Reads code of a language. What is not a literal is hidden."""
    found = Found()
    if len(code) > MOST_CODE:
        found.hidden = "that is too long to read"
    elif language.loose:
        loosely(code, language, found)
    elif (tokens := tokenize(code, language)) is not None:
        Scanner(tokens, language, found).all()
    elif language.by_words:
        by_words(code, language, found)
    else:
        found.hidden = "that is not understood"
    return found


def calling(language: Language) -> frozenset[str]:
    """The names of calls that matter."""
    return language.both.union(language.writers, language.shells, language.opens)


def spaced(code: str) -> str:
    """Code without its signs."""
    return "".join(char if is_word(char) else " " for char in code)


def is_word(char: str) -> bool:
    return char.isalnum() or char in "_"


def by_words(code: str, language: Language, found: Found) -> None:
    """For code whose strings cannot be told from the rest: any word that matters may be a call."""
    names = spaced(code).split()
    if "`" in code or not language.hidden.union(calling(language), OPENERS).isdisjoint(names):
        found.hidden = "that is not understood"
    if not language.imports.isdisjoint(names):
        found.runs = "a module"


# What Perl needs to run a text as code, or a function that has no name.
INDIRECT = ("`", "->", "&{", "&$", "*{", "^I", "ARGV =", "ARGV=", "ARGV,")
# What Perl may use without running code of others.
PRAGMAS = words("strict warnings utf8 feature integer")


def loosely(code: str, language: Language, found: Found) -> None:
    """For languages whose strings cannot be told from the rest."""
    names = spaced(code)
    bad = next((one for one in names.split() if one in language.hidden), "")
    if bad or any(one in code for one in INDIRECT):
        found.hidden = f"that may write or run something ({bad or 'a reference'})"
        return
    if replaces_by_code(code, names):
        found.hidden = "that runs what it replaces"
    used = [statement.partition("use ")[2].split()[:1] for statement in code.split(";")]
    modules = [name for one in used for name in one]
    found.runs = next((one for one in modules if one not in PRAGMAS and not one.lstrip("v")[:1].isdigit()), "")


# The letters that may follow a substitution of Perl.
FLAGS = words("m s i x p o d u a l g c e r n")


def replaces_by_code(code: str, names: str) -> bool:
    """Whether what a substitution of Perl makes may be run as code again: two `e` behind its last delimiter.

    A letter may be the delimiter, too: one that stands so is taken for the worst. `names` is the code without signs.
    """
    signs = [gap for gap in "".join("\0" if is_word(char) else char for char in f" {code};").split("\0") if gap]
    for before, word, behind in zip(signs, names.split(), signs[1:], strict=False):
        if not before[-1].isspace() and word.count("e") > 1 and FLAGS.issuperset(word):
            return True
        if word == "s" and before[-1] not in "$@%" and behind.isspace():
            return True
    return False


class Scanner:
    """Goes through tokens and notes every call that matters."""

    def __init__(self, tokens: list[Token], language: Language, found: Found) -> None:
        self.tokens = tokens
        self.language = language
        self.found = found
        self.script = language.script
        self.constants = {} if language.mutable else constants(tokens, self.script)
        self.spent = 0
        self.owners = OPENERS | renamed(tokens)
        statements = importing(tokens)
        self.importing = statements | (unpacking(tokens) if self.script else set())
        self.given = names_of(self.importing)
        self.loaded = (self.given & OPENERS) | bound(tokens, statements) | language.given
        self.texts = {one.text for one in tokens}
        self.calls = calling(language)

    def hide(self, why: str) -> None:
        self.found.hidden = self.found.hidden or why

    def all(self) -> None:
        for one in self.tokens:
            if self.spent > MOST_LOOKED_AT:
                self.hide("that is too long to read")
                break
            if one.name:
                self.passed_on(one)
                self.named_so(one)
                if self.language.module and not one.name.isascii():
                    self.hide("with letters that are read as others")
            elif self.is_key(one) and self.matters(one.text):
                self.hide("that names what it calls")
            elif one.kind == "`" and not self.script:
                self.hide("that runs a command")
            elif one.kind == "[" and one.before.kind in FOUND_IN and one.partner.after.kind in ("(", "?"):
                self.hide("that looks a name up")
            elif one.kind == "(" and self.language.caseless and computes(one.before):
                self.hide("that calls what it computes")

    def is_key(self, one: Token) -> bool:
        """Whether a string is what something is looked up by: `fs["unlink"]`, `{"unlink": f} = fs`."""
        return self.script and (one.before.kind + one.after.kind == "[]" or one.after.kind == ":")

    def passed_on(self, one: Token) -> None:
        """A module that is given another name, or put where its functions can be reached unseen."""
        part = one.before.kind == "." and one.before.before.name not in GLOBALS
        module = one.name in INNER if part else one.name in self.loaded
        if not module or one in self.importing:
            return
        after = one.after
        if KEPT.isdisjoint((after.name or after.kind, after.kind + after.after.kind, one.name + after.kind)):
            self.hide(f"that passes {short(one.name)} on")

    def named_so(self, one: Token) -> None:
        """What a name does where it stands."""
        language, name = self.language, one.name
        if name in language.imports:
            self.imported(one)
        if name in language.hidden and not (name in METHODS and one.before.kind == ".") and not self.labels(one):
            self.hide(f"with {name}")
        if one.after.kind == "(":
            self.called(one, self.arguments(one.after))
        elif name in self.calls and self.bare(one):
            self.hide(f"that uses {name} without a call")

    def matters(self, name: str) -> bool:
        """Whether a call of that name matters."""
        return name in self.calls or name in self.language.hidden

    def called(self, one: Token, args: list[list[Token]]) -> None:
        """What a call does, by the language's tables."""
        language, name = self.language, one.name
        self.placed(name, args)
        if name in language.opens:
            self.opened(one, args)
        elif name in language.shells and not self.regex_exec(one):
            self.command(args)
        elif name in language.both:
            self.pair(one, args)
        elif name in language.writers:
            self.written(one, args)

    def labels(self, one: Token) -> bool:
        """Whether a name is that of an argument: `load(text, Loader=x)`."""
        kinds = one.before.kind + one.after.kind
        return self.language.module and kinds in ("(=", ",=") and one.after.after.kind != "="

    def placed(self, name: str, args: list[list[Token]]) -> None:
        """Arguments that cannot be told apart, and calls that write where a named argument says."""
        firsts = [one[0] for one in args]
        if self.matters(name) and any(one.kind in ("*", ".") for one in firsts):
            self.hide("that spreads its arguments")
        if name in PLACED and not PLACES.isdisjoint(one.name for one in firsts):
            self.hide(f"with {name} in another place")
        if name == "extract" and {"zipfile", "tarfile"} & self.texts:
            self.hide("that takes files out of an archive")
        if name == "write" and "etree" in self.texts and args:
            self.hide("that writes XML")

    def regex_exec(self, one: Token) -> bool:
        """`/x/.exec(text)` and `pattern.exec(text)` are no commands, unless the code loads what runs them."""
        loads = any(text.endswith("child_process") for text in self.texts)
        return self.script and one.name == "exec" and one.before.kind == "." and not loads

    def bare(self, one: Token) -> bool:
        """Whether a writing function is passed on, renamed, or called without parentheses."""
        before, after = one.before.kind, one.after
        if after.name == "as" or self.renames(one):
            return True
        if one in self.importing or (after.kind in ("=", ":") and before != "."):
            return False
        if after.kind == "." and (one.name in self.loaded or self.language.module):
            return False
        return one.name in self.given or one.name not in AMBIGUOUS or (before == "." and self.owned(one))

    def renames(self, one: Token) -> bool:
        """Whether a writing function may get another name: `{unlink: u} = fs`."""
        return one.after.kind == ":" and bool(one.after.after.name) and not POWERS.isdisjoint(self.texts)

    def owned(self, one: Token) -> bool:
        """Whether what `one` is looked up in has functions that write."""
        owner = one.before.before.name
        return owner in self.loaded or owner in OWNERS or owner in self.constants or self.is_path(one)

    def imported(self, one: Token) -> None:
        """Modules: those that are known are harmless by themselves, others run their code."""
        if one.name == "require" and self.script and one.after.kind not in ("(", "."):
            self.hide("that passes require on")
        for text in self.modules(one):
            name = text.removeprefix("node:")
            if self.script and name in POWERS and one.after.kind == "(" and self.unseen(one):
                self.hide(f"that passes {name} on")
            if not text:
                self.hide("that loads a computed module")
            elif name not in self.language.safe:
                self.found.runs = self.found.runs or text

    def unseen(self, one: Token) -> bool:
        """Whether what `require("fs")` or `import("fs")` gives ends where its functions can be reached unseen."""
        first = one.before if one.before.name == "await" else one
        before, after = first.before, one.after.partner.after
        if after.kind == ".":
            return one.name == "import"
        if before.kind + after.kind == "()" and first is not one:
            return after.after.kind != "."
        return before.kind != "=" or after.kind not in ("\n", ";", ",") or not self.takes_module(before.before)

    def takes_module(self, one: Token) -> bool:
        """Whether `one` ends a name, or names in braces: what is given a module is followed no further."""
        if one.name:
            return one.before.kind != "."
        return one.kind == "}" and all(inner.kind in LISTED for inner in between(one.partner.after, one))

    def modules(self, one: Token) -> list[str]:
        """The names of the modules that are loaded at `one`; nothing for one that is computed."""
        following = one.after
        if following.kind == "(":
            return [following.after.text if is_string(following.after, following.partner) else ""]
        if following.kind == STRING:
            return [following.text]
        if following.kind == "." or (not self.script and behind_from(one, self.importing)):
            return []
        if not self.script:
            return self.listed(following)
        for _ in range(LONGEST_IMPORT):
            if following.kind == STRING:
                return [following.text]
            following = following.after
        return [""]

    def listed(self, one: Token) -> list[str]:
        """`import a.b as c, d`, from `a` on."""
        found: list[str] = []
        expect = True
        while one.kind not in ("\n", ";") and one.name != "import":
            if expect and one.name:
                found.append(one.name)
            expect = one.kind == ","
            one = one.after
        return found

    def arguments(self, opening: Token) -> list[list[Token]]:
        """The arguments of a call, each as its tokens."""
        args: list[list[Token]] = [[]]
        depth = 0
        for one in between(opening.after, opening.partner):
            self.spent += 1
            depth += (one.kind in BRACKETS) - (one.kind in CLOSING)
            if one.kind == "," and not depth:
                args.append([])
            elif one.kind not in LINE:
                args[-1].append(one)
        return [one for one in args if one]

    def literal(self, tokens: list[Token]) -> str | None:
        """A string, a name that is one string all along, or Path("…") / "…"."""
        tokens = [one for one in tokens if one.kind not in LINE]
        if not tokens:
            return None
        first, *rest = tokens
        if not rest:
            return self.constants.get(first.name) if first.name else first.string
        *left, sign, last = tokens
        if sign.kind == "/" and not self.script:
            folder, right = self.literal(left), last.string
            return None if folder is None or right is None else right if right.startswith("/") else f"{folder}/{right}"
        if first.name == "pathlib":
            return self.literal([one for one in rest if one is not first.after])
        inner = [one for one in tokens if one.kind not in ("(", ")") and one.name not in ("Path", "PurePath")]
        return None if inner == tokens else self.literal(inner)

    def receiver(self, one: Token) -> str | None:
        """What the method `one` is called on, when that is a literal path."""
        first = one.before
        while first.before.kind not in STARTS:
            self.spent += 1
            first = first.before.partner
        return self.literal(list(between(first, one.before)))

    def write(self, path: str | None, tree: bool = False) -> None:
        if path is None:
            self.hide("that writes to a computed path")
        else:
            self.found.writes.append((path, tree))

    def named(self, args: list[list[Token]]) -> list[list[Token]]:
        """Arguments without `name=value` and `name: value`; `name == value` and `name := value` are none of those."""
        return [one for one in args if not (one[0].name and has_value(one[0].after))]

    def first(self, args: list[list[Token]]) -> str | None:
        """The first argument without a name, when it is a literal."""
        given = self.named(args)
        return self.literal(given[0]) if given else None

    def opened(self, one: Token, args: list[list[Token]]) -> None:
        """open(path, mode), Path(path).open(mode)."""
        owner = one.before.before.name
        if one.name == "new" and owner not in ("File", "IO"):
            return
        if owner == "webbrowser":
            self.hide("that runs a command")
            return
        on_itself = one.name == "open" and not self.script and self.is_method(one)
        mode = self.mode(args, 0 if on_itself else self.language.opens[one.name])
        text = self.literal(mode) if mode else "r"
        if not mode and (self.first(args) or "").startswith("|"):
            self.hide("that runs a command")  # Ruby's open("|command")
        if text is None:
            self.write(None)
        elif text.strip(READING):
            self.write(self.receiver(one) if on_itself else self.first(args))

    def mode(self, args: list[list[Token]], which: int) -> list[Token]:
        """The argument that is the mode: that of the name, or the one in its place."""
        for one in args:
            if one[0].name == "mode" and has_value(one[0].after):
                return one[2:]
        return [token for one in self.named(args)[which : which + 1] for token in one]

    def command(self, args: list[list[Token]]) -> None:
        """system("…"), subprocess.run(["…", …])."""
        given = self.named(args)
        if not given:
            self.hide("that runs a command")
            return
        if not ELSEWHERE.isdisjoint(token.name for one in args for token in one):
            self.hide("that runs a command elsewhere")
        program, *more = given
        text = self.literal(program)
        if more and not self.script and not self.language.module:
            self.list_command([token for one in given for token in one])
        elif text is not None:
            self.found.shells.append(text)
        elif program[0].kind == "[":
            self.list_command(program)
        else:
            self.hide("that runs a computed command")

    def list_command(self, tokens: list[Token]) -> None:
        given = [one for one in tokens if one.kind not in ("[", "]", ",", "\n")]
        if not given or any(one.string is None for one in given):
            self.hide("that runs a computed command")
        else:
            self.found.programs.append([one.text for one in given])

    def is_method(self, one: Token) -> bool:
        """Whether `one` is called on something that is no module."""
        return one.before.kind == "." and one.before.before.name.lstrip("_") not in self.owners

    def is_path(self, one: Token) -> bool:
        """Whether `one` is called on what is made with Path(…)."""
        closing = one.before.before
        if closing.kind != ")":
            return False
        inside = [inner for arg in self.arguments(closing.partner) for inner in arg]
        return any(inner.name == "Path" for inner in (closing.partner.before, *inside))

    def pair(self, one: Token, args: list[list[Token]]) -> None:
        """rename(a, b); `"text".replace(a, b)` is no file's business."""
        method = self.is_method(one)
        given = self.named(args)
        if method and one.name in TEXTS and not self.is_path(one):
            if one.name != "replace" or (len(given) == 1 and given[0][0].kind != "{"):
                self.hide(f"that calls {one.name}")
            return
        paths = [self.literal(each) for each in given[:2]]
        if method:
            paths = [self.receiver(one), *paths[:1]]
        if len(paths) < 2:
            self.hide(f"that calls {one.name}")
        for path in paths:
            self.write(path, True)

    def written(self, one: Token, args: list[list[Token]]) -> None:
        where = self.language.writers[one.name]
        name, method, given = one.name, self.is_method(one), self.named(args)
        if name.startswith("to_") and not args:
            return
        if name in COMMON and method and not self.is_path(one):
            return
        if given and name.startswith(("to_", "save")):
            path = self.first(args)
        elif method and self.language.module:
            path = self.receiver(one)
        else:
            path = self.literal(given[where]) if len(given) > where else None
        if name.startswith("mkdtemp") and path:
            path = parent(path)  # the name it gets begins with that
        self.write(path, name in TREES)


def computes(one: Token) -> bool:
    """Whether what PHP calls, which ends with `one`, is computed."""
    return one.name.startswith("$") or one.kind in (STRING, ")", "]", "}")


def is_string(one: Token, last: Token) -> bool:
    """Whether a string is all that stands before `last`."""
    return one.kind == STRING and one.after is last


def has_value(one: Token) -> bool:
    """Whether `one` gives a value to the name of an argument before it: `=` or `:`, not `==`, `=>`, `:=` or `::`."""
    return one.kind in ("=", ":") and one.after.kind not in ("=", ">", ":")


# Harmless as methods: `re.compile`, `frame.eval` works on columns only.
METHODS = words("compile")
LINE = frozenset("\n")
# Modules wherever they are looked up.
INNER = words("os _os shutil _shutil subprocess _subprocess")
# What a module may be followed by without being passed on.
KEPT = frozenset((".", "=", "?", "::", "as", "from", "Dir["))
# What something may be looked up in, as it ends.
FOUND_IN = frozenset(("name", ")", "]", "."))
# What may stand between the braces that take names out of a module.
LISTED = frozenset(("name", ",", ":", "\n"))
# What stands before the beginning of what a method is called on.
STARTS = frozenset("\n;=,:([{")
# Names that much else has, too.
AMBIGUOUS = words("replace copy link run call move new write delete remove output install")
OWNERS = words("os shutil fs File FileUtils IO Dir Path subprocess io")
TEXTS = words("replace link move rename")
# Names that lists, sets and streams have, too.
COMMON = words("remove copy write delete unlink_ truncate output install")
TREES = words(
    "rmtree copytree rm rmSync rm_r rm_rf cp cpSync cp_r unpack_archive emptyDir emptyDirSync removeSync copySync "
    "mkdtemp mkdtempSync"
)


# The letters of modes that only read, and of the encodings that may stand behind them.
READING = "rbtUsn:-8lfugiBOMTF"
# What makes a command read, write or run somewhere else.
ELSEWHERE = words("cwd input executable preexec_fn stdin chdir out err in")


# What makes a file somewhere when it is told where.
PLACES = words("dir filename flags")
PLACED = words(
    "NamedTemporaryFile TemporaryFile SpooledTemporaryFile TemporaryDirectory mkstemp mkdtemp basicConfig open"
)
