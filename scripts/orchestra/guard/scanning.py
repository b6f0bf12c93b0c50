"""A small scan of program text: its calls, with the arguments that are literals."""

from __future__ import annotations

from .constants import constants, names_of
from .imports import GLOBALS, OPENERS, POWERS, behind_from, bound, importing, renamed, unpacking
from .languages import Language
from .marks import short, words
from .options import parent
from .tokens import STRING, Token, string_of, tokenize

MOST_CODE = 100_000
MOST_LOOKED_AT = 100_000


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
    else:
        tokens = tokenize(code, language)
        if tokens is None:
            found.hidden = "that is not understood"
        else:
            Scanner(tokens, language, found).all()
    return found


def loosely(code: str, language: Language, found: Found) -> None:
    """For languages whose strings cannot be told from the rest."""
    spaced = "".join(char if char.isalnum() or char == "_" else " " for char in code)
    bad = next((one for one in spaced.split() if one in language.hidden), "")
    if bad or any(one in code for one in ("`", "->", "&{", "&$", "*{", "^I", "ARGV =", "ARGV=", "ARGV,")):
        found.hidden = f"that may write or run something ({bad or 'a reference'})"
        return
    if replaces_by_code(code, spaced):
        found.hidden = "that runs what it replaces"
    if "use " in code:
        names = [
            one.split("use ")[1].split()[0].rstrip(";")
            for one in code.split(";")
            if "use " in one and one.split("use ")[1].split()
        ]
        found.runs = next(
            (
                one
                for one in names
                if one not in ("strict", "warnings", "utf8", "feature", "integer") and not one.lstrip("v")[:1].isdigit()
            ),
            "",
        )


# The letters that may follow a substitution of Perl.
FLAGS = words("m s i x p o d u a l g c e r n")


def replaces_by_code(code: str, spaced: str) -> bool:
    """Whether what a substitution of Perl makes may be run as code again: two `e` behind its last delimiter.

    A letter may be the delimiter, too: one that stands so is taken for the worst. `spaced` is the code without signs.
    """
    end = 0
    for word in spaced.split():
        at = spaced.index(word, end)
        end = at + len(word)
        behind_sign = at > 0 and not code[at - 1].isspace()
        if behind_sign and word.count("e") > 1 and FLAGS.issuperset(word):
            return True
        following = code[end:].lstrip()[:1]
        if word == "s" and code[at - 1 : at] not in ("$", "@", "%") and (following.isalnum() or following == "_"):
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
        self.importing = importing(tokens) | (unpacking(tokens) if self.script else set())
        self.given = names_of([tokens[at] for at in self.importing])
        self.loaded = (self.given & OPENERS) | bound(tokens, importing(tokens)) | (GLOBALS if self.script else set())
        self.texts = {one.text for one in tokens}

    def hide(self, why: str) -> None:
        self.found.hidden = self.found.hidden or why

    def token(self, at: int) -> Token:
        return self.tokens[at] if 0 <= at < len(self.tokens) else Token("end", "")

    def all(self) -> None:
        for at, one in enumerate(self.tokens):
            if self.spent > MOST_LOOKED_AT:
                self.hide("that is too long to read")
                break
            if one.kind == "name":
                self.passed_on(at, one.text or "")
                self.name(at, one.text or "")
                if self.language.module and not (one.text or "").isascii():
                    self.hide("with letters that are read as others")
            elif one.kind == STRING and self.is_key(at) and self.writes(one.text or ""):
                self.hide("that names what it calls")
            elif one.kind == "`" and not self.script:
                self.hide("that runs a command")
            elif one.kind == "[" and self.token(at - 1).kind in ("name", ")", "]", ".") and self.looked_up(at):
                self.hide("that looks a name up")

    def writes(self, name: str) -> bool:
        """Whether a call of that name matters."""
        one = self.language
        return name in one.writers or name in one.both or name in one.shells or name in one.opens or name in one.hidden

    def is_key(self, at: int) -> bool:
        """Whether a string is what something is looked up by: `fs["unlink"]`, `{"unlink": f} = fs`."""
        before, after = self.token(at - 1).kind, self.token(at + 1).kind
        return self.script and ((before, after) == ("[", "]") or after == ":")

    def passed_on(self, at: int, name: str) -> None:
        """A module that is given another name, or put where its functions can be reached unseen."""
        part = self.token(at - 1).kind == "." and self.token(at - 2).text not in GLOBALS
        if name not in self.loaded or at in self.importing or part:
            return
        after = self.token(at + 1)
        if after.kind not in (".", "=", "?") and after.text not in ("as", "from"):
            self.hide(f"that passes {short(name)} on")

    def looked_up(self, at: int) -> bool:
        """Whether `thing[...]` is called, or names something that may be called."""
        depth = 0
        for end in range(at, len(self.tokens)):
            self.spent += 1
            depth += (self.tokens[end].kind == "[") - (self.tokens[end].kind == "]")
            if not depth:
                return self.token(end + 1).kind in ("(", "?")
        return False

    def name(self, at: int, name: str) -> None:
        language = self.language
        if name in language.imports:
            self.imported(at)
        if name in language.hidden and not (name in METHODS and self.token(at - 1).kind == ".") and not self.labels(at):
            self.hide(f"with {name}")
        call = self.token(at + 1).kind == "("
        if not call and self.bare(at, name):
            self.hide(f"that uses {name} without a call")
        if not call:
            return
        args = self.arguments(at + 2)
        self.placed(name, args)
        if name in language.opens:
            self.opened(name, at, args)
        elif name in language.shells and not self.regex_exec(at, name):
            self.command(args)
        elif name in language.both:
            self.pair(at, name, args)
        elif name in language.writers:
            self.written(at, name, args)

    def labels(self, at: int) -> bool:
        """Whether a name is that of an argument: `load(text, Loader=x)`."""
        kinds = [self.token(at + step).kind for step in (-1, 1, 2)]
        return self.language.module and kinds[0] in ("(", ",") and kinds[1] == "=" and kinds[2] != "="

    def placed(self, name: str, args: list[list[Token]]) -> None:
        """Arguments that cannot be told apart, and calls that write where a named argument says."""
        if self.writes(name) and any(one and one[0].kind in ("*", ".") for one in args):
            self.hide("that spreads its arguments")
        if name in PLACED and {"dir", "filename", "flags"} & {one[0].text for one in args if one}:
            self.hide(f"with {name} in another place")
        if name == "extract" and {"zipfile", "tarfile"} & self.texts:
            self.hide("that takes files out of an archive")
        if name == "write" and "etree" in self.texts and args:
            self.hide("that writes XML")

    def regex_exec(self, at: int, name: str) -> bool:
        """`/x/.exec(text)` and `pattern.exec(text)` are no commands, unless the code loads what runs them."""
        loads = any(one.text is not None and one.text.endswith("child_process") for one in self.tokens)
        return self.script and name == "exec" and self.token(at - 1).kind == "." and not loads

    def bare(self, at: int, name: str) -> bool:
        """A writing function that is passed on, renamed, or called without parentheses."""
        language = self.language
        if (
            name not in language.writers
            and name not in language.both
            and name not in language.shells
            and name not in language.opens
        ):
            return False
        before, after = self.token(at - 1).kind, self.token(at + 1)
        if after.text == "as" or self.renames(at):
            return True
        if at in self.importing or (after.kind in ("=", ":") and before != "."):
            return False
        if after.kind == "." and name in self.loaded:
            return False
        if name in self.given:
            return True
        if name in (
            "replace",
            "copy",
            "link",
            "run",
            "call",
            "move",
            "new",
            "write",
            "delete",
            "remove",
            "output",
            "touch",
            "install",
        ):
            return before == "." and self.ambiguous(at)
        return True

    def renames(self, at: int) -> bool:
        """Whether a writing function may get another name: `{unlink: u} = fs`."""
        return (
            self.token(at + 1).kind == ":" and self.token(at + 2).kind == "name" and not POWERS.isdisjoint(self.texts)
        )

    def ambiguous(self, at: int) -> bool:
        return (self.token(at - 2).text or "") in self.loaded or (self.token(at - 2).text or "") in (
            "os",
            "shutil",
            "fs",
            "File",
            "FileUtils",
            "IO",
            "Dir",
            "subprocess",
            "io",
        )

    def imported(self, at: int) -> None:
        """Modules: those that are known are harmless by themselves, others run their code."""
        if self.token(at).text == "require" and self.script and self.token(at + 1).kind not in ("(", "."):
            self.hide("that passes require on")
        for text in self.modules(at):
            name = text.removeprefix("node:")
            if self.script and name in POWERS and self.token(at + 1).kind == "(" and self.unseen(at):
                self.hide(f"that passes {name} on")
            top = name.partition(".")[0] if not self.script else name
            if text == "":
                self.hide("that loads a computed module")
            elif top not in self.language.safe:
                self.found.runs = self.found.runs or text

    def unseen(self, at: int) -> bool:
        """Whether what `require("fs")` or `import("fs")` gives ends where its functions can be reached unseen."""
        first = at - 1 if self.token(at - 1).text == "await" else at
        before, after = self.token(first - 1).kind, self.token(at + 4).kind
        if after == ".":
            return self.token(at).text == "import"
        if (before, after) == ("(", ")") and first != at:
            return self.token(at + 5).kind != "."
        return before != "=" or after not in ("\n", ";", ",", "end") or not self.takes_module(first - 2)

    def takes_module(self, at: int) -> bool:
        """Whether what ends at `at` is a name, or names in braces: what is given a module is followed no further."""
        if self.token(at).kind == "name":
            return self.token(at - 1).kind != "."
        while self.token(at).kind in ("name", "}", ",", ":", "\n"):
            at -= 1
        return self.token(at).kind == "{"

    def modules(self, at: int) -> list[str]:
        following = self.token(at + 1)
        if following.kind == "(":
            inner = self.token(at + 2)
            return [(inner.text or "") if inner.kind == STRING and self.token(at + 3).kind == ")" else ""]
        if following.kind == STRING:
            return [following.text or ""]
        if following.kind == ".":
            return []
        if self.script:
            return [one.text or "" for one in self.tokens[at + 1 : at + 200] if one.kind == STRING][:1]
        if behind_from(self.tokens, self.importing, at):
            return []
        return self.listed(at)

    def listed(self, at: int) -> list[str]:
        """`import a.b as c, d`."""
        found: list[str] = []
        expect = True
        for one in self.tokens[at + 1 :]:
            if one.kind in ("\n", ";", "end") or one.text == "import":
                break
            if one.kind == "name" and expect:
                found.append(one.text or "")
            expect = one.kind == ","
        return found

    def arguments(self, at: int) -> list[list[Token]]:
        """The arguments of a call, each as its tokens."""
        args: list[list[Token]] = [[]]
        depth = 0
        self.spent += 1
        for one in self.tokens[at : at + 4_000]:
            self.spent += 1
            if self.spent > MOST_LOOKED_AT:
                return []
            if one.kind in (")", "]", "}"):
                if not depth:
                    break
                depth -= 1
            depth += one.kind in ("(", "[", "{")
            if one.kind == "," and not depth:
                args.append([])
            elif one.kind != "\n":
                args[-1].append(one)
        return [one for one in args if one]

    def literal(self, tokens: list[Token]) -> str | None:
        """A string, a name that is one string all along, or Path("…") / "…"."""
        tokens = [one for one in tokens if one.kind != "\n"]
        if len(tokens) == 1:
            return self.constants.get(tokens[0].text or "") if tokens[0].kind == "name" else string_of(tokens[0])
        if len(tokens) > 2 and tokens[-2].kind == "/" and not self.script:
            left, right = self.literal(tokens[:-2]), string_of(tokens[-1])
            return None if left is None or right is None else f"{left}/{right}" if right[:1] != "/" else right
        if [one.text for one in tokens[:2]] == ["pathlib", "."]:
            return self.literal(tokens[2:])
        inner = [one for one in tokens if one.kind not in ("(", ")") and one.text not in ("Path", "PurePath")]
        return self.literal(inner) if len(inner) < len(tokens) else None

    def receiver(self, at: int) -> str | None:
        """What the method called at `at` is called on, when that is a literal path."""
        if self.token(at - 1).kind != ".":
            return None
        end = at - 1
        start = end
        depth = 0
        while start > 0:
            kind = self.tokens[start - 1].kind
            depth += (kind == ")") - (kind == "(")
            if depth < 0 or (not depth and kind in ("\n", ";", "=", ",", ":", "{", "[")):
                break
            start -= 1
        return self.literal(self.tokens[start:end])

    def write(self, path: str | None, tree: bool = False) -> None:
        if path is None:
            self.hide("that writes to a computed path")
        else:
            self.found.writes.append((path, tree))

    def named(self, args: list[list[Token]]) -> list[list[Token]]:
        """Arguments without `name=value` and `name: value`; `name == value` and `name := value` are none of those."""
        shapes = [[token.kind for token in one[:3]] for one in args]
        keyed = [one[:2] in (["name", "="], ["name", ":"]) and one[2:] != ["="] for one in shapes]
        return [one for one, has_name in zip(args, keyed, strict=True) if not has_name]

    def opened(self, name: str, at: int, args: list[list[Token]]) -> None:
        """open(path, mode), Path(path).open(mode)."""
        where, which = self.language.opens[name]
        dotted = self.token(at - 1).kind == "." and (self.token(at - 2).text or "") not in self.owners
        modes = [one[2:] for one in args if len(one) > 2 and one[0].text == "mode" and one[1].kind == "="]
        plain_args = self.named(args)
        if name == "new" and (self.token(at - 2).text or "") not in ("File", "IO"):
            return
        if name == "popen" or (self.token(at - 2).text or "") == "webbrowser":
            self.hide("that runs a command")
            return
        if dotted and name == "open" and not self.script:
            where, which = -1, 0
        mode = modes[0] if modes else plain_args[which] if len(plain_args) > which else None
        if mode is None:
            if "php" not in name and self.pipe(plain_args):
                self.hide("that runs a command")
            return
        text = self.literal(mode)
        if text is None:
            self.write(None)
        elif text.strip(READING):
            self.write(self.receiver(at) if where < 0 else self.literal(plain_args[where]) if plain_args else None)

    def pipe(self, args: list[list[Token]]) -> bool:
        """Ruby's open("|command")."""
        text = self.literal(args[0]) if args else None
        return text is not None and text.startswith("|")

    def command(self, args: list[list[Token]]) -> None:
        """system("…"), subprocess.run(["…", …])."""
        plain_args, all_tokens = self.named(args), [token for one in args for token in one]
        if not plain_args:
            self.hide("that runs a command")
            return
        if not ELSEWHERE.isdisjoint(names_of(all_tokens)):
            self.hide("that runs a command elsewhere")
        text = self.literal(plain_args[0])
        if len(args) > 1 and not self.script and not self.language.module:
            self.list_command(all_tokens)
        elif text is not None:
            self.found.shells.append(text)
        elif plain_args[0][0].kind == "[":
            self.list_command(plain_args[0])
        else:
            self.hide("that runs a computed command")

    def list_command(self, tokens: list[Token]) -> None:
        words_ = [string_of(one) for one in tokens if one.kind not in ("[", "]", ",", "\n")]
        if not words_ or any(one is None for one in words_):
            self.hide("that runs a computed command")
        else:
            self.found.programs.append([one for one in words_ if one is not None])

    def pair(self, at: int, name: str, args: list[list[Token]]) -> None:
        """rename(a, b); `"text".replace(a, b)` is no file's business."""
        owner = self.token(at - 2).text or ""
        dotted = self.token(at - 1).kind == "."
        if (
            name in ("replace", "link", "move", "rename")
            and dotted
            and owner not in self.owners
            and not self.is_path(at)
        ):
            if name == "replace":
                return
            self.hide(f"that calls {name}")
            return
        paths = [self.literal(one) for one in self.named(args)[:2]]
        if dotted and owner not in self.owners:
            paths = [self.receiver(at), *paths[:1]]
        if len(paths) < 2:
            self.hide(f"that calls {name}")
        for path in paths:
            self.write(path, True)

    def is_path(self, at: int) -> bool:
        return self.token(at - 2).kind == ")" and any(one.text == "Path" for one in self.tokens[max(0, at - 8) : at])

    def written(self, at: int, name: str, args: list[list[Token]]) -> None:
        where = self.language.writers[name]
        owner = self.token(at - 2).text or ""
        dotted = self.token(at - 1).kind == "."
        plain_args = self.named(args)
        if name.startswith("to_") and not args:
            return
        if name in COMMON and dotted and owner not in self.owners and not self.is_path(at):
            return
        if where == -1 and plain_args and name.startswith(("to_", "save", "symlink", "hardlink")):
            path = self.literal(plain_args[0]) if name.startswith(("to_", "save")) else self.receiver(at)
        elif where == -1 or (dotted and owner not in self.owners and self.language.module):
            path = self.receiver(at)
        else:
            path = self.literal(plain_args[where]) if len(plain_args) > where else None
        if name.startswith("mkdtemp") and path:
            path = parent(path)  # the name it gets begins with that
        self.write(path, name in TREES)


# Harmless as methods: `re.compile`, `frame.eval` works on columns only.
METHODS = words("compile")
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
PLACED = words(
    "NamedTemporaryFile TemporaryFile SpooledTemporaryFile TemporaryDirectory mkstemp mkdtemp basicConfig open"
)
