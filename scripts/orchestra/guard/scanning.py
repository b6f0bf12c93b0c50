"""A small scan of program text: its calls, with the arguments that are literals."""

from __future__ import annotations

from .languages import Language
from .marks import words

MOST_CODE = 100_000
MOST_LOOKED_AT = 100_000
STRING = '"'


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


class Token:
    """A name, a string (kind `"`, its value; None when it is computed), or one other character."""

    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str | None) -> None:
        self.kind = kind
        self.text = text


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
    flags = [
        piece
        for piece in code.replace("}", "/").split("/")[1:]
        if piece[:4].strip("gimsxor; ") == "e" or piece[:2] in ("ge", "ee")
    ]
    if flags:
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
                if one not in ("strict", "warnings", "utf8", "feature", "integer") and one[:1] != "v"
            ),
            "",
        )


def tokenize(code: str, language: Language) -> list[Token] | None:
    """The tokens, without comments; None when a string does not end."""
    tokens: list[Token] = []
    at, size = 0, len(code)
    while at < size:
        char = code[at]
        if char in " \t\r":
            at += 1
        elif (end := comment_end(code, at, language)) > at:
            at = end
        elif char in "'\"`":
            start = at
            one, at = string(code, at, tokens, language)
            if one is None:
                return None
            tokens.append(one)
            tokens.extend(interpolated(code[start:at], language) if one.text is None else [])
        elif char.isalnum() or char in "_$":
            end = name_end(code, at)
            tokens.append(Token("name", code[at:end]))
            at = end
        elif char == "/" and language.comments == "//" and regex(tokens):
            end = regex_end(code, at + 1)
            if end < 0:
                return None
            tokens.append(Token("regex", None))
            at = end
        elif (char == "/" and language.comments == "//" and tokens[-1].kind == "}" and unsure(code, at)) or (
            char == "\\" and not code.startswith("\n", at + 1)
        ):
            return None
        else:
            tokens.append(Token(char, char))
            at += 1
    return tokens


def unsure(code: str, at: int) -> bool:
    """Whether it matters if the slash at `at`, behind a closing brace, divides or starts a regular expression."""
    line = code[at + 1 :].partition("\n")[0]
    return any(char in line.rpartition("/")[0] for char in "'\"`[*/")


def name_end(code: str, at: int) -> int:
    while at < len(code) and (code[at].isalnum() or code[at] in "_$"):
        at += 1
    return at


def comment_end(code: str, at: int, language: Language) -> int:
    """Where a comment that starts at `at` ends; `at` when none does."""
    if code.startswith(language.comments, at):
        end = code.find("\n", at)
        return len(code) if end < 0 else end
    if language.comments == "//" and code.startswith("/*", at):
        end = code.find("*/", at)
        return len(code) if end < 0 else end + 2
    return at


def regex(tokens: list[Token]) -> bool:
    """Whether a slash starts a regular expression: no value stands before it."""
    last = tokens[-1] if tokens else None
    if last is None:
        return True
    if last.kind == ")":
        return before_parenthesis(tokens) in ("if", "while", "for", "with")
    if last.kind in ("+", "-") and len(tokens) > 1 and tokens[-2].kind == last.kind:
        return False
    return last.kind not in ("name", STRING, "`", "regex", "]", "}") or last.text in BEFORE_VALUES


BEFORE_VALUES = words("return typeof case in of else do void delete throw new yield await instanceof default extends")


def before_parenthesis(tokens: list[Token]) -> str:
    """The word in front of the parenthesis that the last token closes."""
    depth = 0
    for at in range(len(tokens) - 1, 0, -1):
        depth += (tokens[at].kind == ")") - (tokens[at].kind == "(")
        if not depth:
            return tokens[at - 1].text or ""
    return ""


def regex_end(code: str, at: int) -> int:
    inside = False
    while at < len(code) and code[at] != "\n":
        char = code[at]
        if char == "\\":
            at += 1
        elif char == "[":
            inside = True
        elif char == "]":
            inside = False
        elif char == "/" and not inside:
            return at + 1
        at += 1
    return -1


def interpolated(text: str, language: Language) -> list[Token]:
    """The code in the braces of a computed string, as statements of their own."""
    found: list[Token] = []
    for piece in text.split("{")[1:]:
        inner = tokenize(piece.rpartition("}")[0] or piece.partition("}")[0], language)
        found += [Token(";", ";"), *(inner if inner is not None else [Token("name", "eval")]), Token(";", ";")]
    return found


def string(code: str, at: int, tokens: list[Token], language: Language) -> tuple[Token | None, int]:
    """The string at `at`. One with an escape or an interpolation is computed."""
    quote = code[at] * 3 if code.startswith(code[at] * 3, at) and code[at] != "`" else code[at]
    start = at + len(quote)
    end = start
    while True:
        end = code.find(quote, end)
        if end < 0:
            return None, at
        slashes = len(code[start:end]) - len(code[start:end].rstrip("\\"))
        if slashes % 2 == 0:
            break
        end += 1
    text = code[start:end]
    if len(quote) == 1 and quote != "`" and language.lines and "\n" in text.replace("\\\n", ""):
        return None, at
    prefix = ""
    if tokens and tokens[-1].kind == "name" and at and (code[at - 1].isalnum()) and len(tokens[-1].text or "") < 3:
        prefix = (tokens.pop().text or "").lower()
    raw = "r" in prefix
    holes = ("f" in prefix and "{" in text) or "#{" in text or "${" in text
    computed = holes or (not raw and "\\" in text and text != "\\n") or "b" in prefix
    run = quote == "`"
    return Token("`" if run else STRING, None if computed else text), end + len(quote)


class Scanner:
    """Goes through tokens and notes every call that matters."""

    def __init__(self, tokens: list[Token], language: Language, found: Found) -> None:
        self.tokens = tokens
        self.language = language
        self.found = found
        self.constants = constants(tokens)
        self.script = language.comments == "//"
        self.spent = 0
        self.owners = OPENERS | renamed(tokens)
        self.importing = importing(tokens)
        self.given = {tokens[at].text or "" for at in self.importing if tokens[at].kind == "name"}
        self.loaded = (self.given & OPENERS) | bound(tokens, self.importing)

    def hide(self, why: str) -> None:
        self.found.hidden = self.found.hidden or why

    def token(self, at: int) -> Token:
        return self.tokens[at] if 0 <= at < len(self.tokens) else Token("end", "")

    def all(self) -> None:
        for at, one in enumerate(self.tokens):
            if self.spent > MOST_LOOKED_AT:
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
            elif one.kind == "[" and self.token(at - 1).kind in ("name", ")") and self.looked_up(at):
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
        if name not in self.loaded or at in self.importing or self.token(at - 1).kind == ".":
            return
        after = self.token(at + 1)
        if after.kind not in (".", "=", "?") and after.text not in ("as", "from"):
            self.hide(f"that passes {name[:20]} on")

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
        if name in language.hidden and not (name in METHODS and self.token(at - 1).kind == "."):
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

    def placed(self, name: str, args: list[list[Token]]) -> None:
        """Arguments that cannot be told apart, and calls that write where a named argument says."""
        if self.writes(name) and any(one and one[0].kind in ("*", ".") for one in args):
            self.hide("that spreads its arguments")
        if name in PLACED and {"dir", "filename", "flags"} & {one[0].text for one in args if one}:
            self.hide(f"with {name} in another place")
        if name == "extract" and any(one.text in ("zipfile", "tarfile") for one in self.tokens):
            self.hide("that takes files out of an archive")

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
        if after.text == "as":
            return True
        if at in self.importing or (after.kind in ("=", ":") and before != "."):
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
        for text in self.modules(at):
            name = text.removeprefix("node:")
            top = name.partition(".")[0] if not self.script else name
            if text == "":
                self.hide("that loads a computed module")
            elif top not in self.language.safe:
                self.found.runs = self.found.runs or text

    def modules(self, at: int) -> list[str]:
        following = self.token(at + 1)
        if following.kind == "(":
            inner = self.token(at + 2)
            return [(inner.text or "") if inner.kind == STRING and self.token(at + 3).kind == ")" else ""]
        if following.kind == STRING:
            return [following.text or ""]
        if self.script:
            return [one.text or "" for one in self.tokens[at + 1 : at + 200] if one.kind == STRING][:1]
        if self.token(at).text == "import" and (self.token(at - 3).text == "from" or self.token(at - 2).text == "from"):
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
                self.hide("that is too long to read")
                return []
            if one.kind in ")]}" and one.kind:
                if not depth:
                    return args if args[0] or len(args) > 1 else []
                depth -= 1
            depth += one.kind in ("(", "[", "{")
            if one.kind == "," and not depth:
                args.append([])
            elif one.kind != "\n":
                args[-1].append(one)
        return args

    def literal(self, tokens: list[Token]) -> str | None:
        """A string, a name that is one string all along, or Path("…") / "…"."""
        tokens = [one for one in tokens if one.kind != "\n"]
        if len(tokens) == 1:
            return self.constants.get(tokens[0].text or "") if tokens[0].kind == "name" else string_of(tokens[0])
        if len(tokens) > 2 and tokens[-2].kind == "/" and not self.script:
            left, right = self.literal(tokens[:-2]), string_of(tokens[-1])
            return None if left is None or right is None else f"{left}/{right}" if right[:1] != "/" else right
        inner = [
            one for one in tokens if one.kind not in ("(", ")") and one.text not in ("Path", "pathlib", ".", "PurePath")
        ]
        if len(inner) == 1 and any(one.text in ("Path", "PurePath") for one in tokens) and len(tokens) <= 6:
            return self.literal(inner)
        return None

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
        tokens = self.tokens[start:end]
        while len(tokens) > 2 and tokens[0].kind == "(" and tokens[-1].kind == ")":
            tokens = tokens[1:-1]
        return self.literal(tokens)

    def write(self, path: str | None, tree: bool = False) -> None:
        if path is None:
            self.hide("that writes to a computed path")
        else:
            self.found.writes.append((path, tree))

    def named(self, args: list[list[Token]]) -> list[list[Token]]:
        """Arguments without `name=` ones."""
        return [
            one
            for one in args
            if not (len(one) > 1 and one[0].kind == "name" and one[1].kind in ("=", ":") and one[1:3])
        ]

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
        if text is None or not text or text.strip("rbtU") != "":
            reads = text is not None and text.strip("rbtUsn:-8lfugiBOMTF") == "" and "+" not in text
            if not reads:
                path = self.receiver(at) if where < 0 else self.literal(plain_args[where]) if plain_args else None
                self.write(path if text is not None else None)

    def pipe(self, args: list[list[Token]]) -> bool:
        """Ruby's open("|command")."""
        text = self.literal(args[0]) if args else None
        return text is not None and text.startswith("|")

    def command(self, args: list[list[Token]]) -> None:
        """system("…"), subprocess.run(["…", …])."""
        first = self.named(args)[:1]
        if not first:
            self.hide("that runs a command")
            return
        if ELSEWHERE & {token.text for one in args for token in one if token.kind == "name"}:
            self.hide("that runs a command elsewhere")
        text = self.literal(first[0])
        words_ = self.named(args) if not (self.script or self.language.module) else first
        if len(words_) > 1 or len(words_) < len(args) * (words_ is not first):
            self.list_command([token for one in args for token in one])
        elif text is not None:
            self.found.shells.append(text)
        elif first[0][0].kind == "[" or (len(self.named(args)) > 1 and not self.script):
            self.list_command(first[0])
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
        if name in COMMON and dotted and owner not in self.owners and not self.is_path(at):
            return
        if where == -1 and plain_args and name.startswith(("to_", "save", "symlink", "hardlink")):
            path = self.literal(plain_args[0]) if name.startswith(("to_", "save")) else self.receiver(at)
        elif where == -1 or (dotted and owner not in self.owners and self.language.module):
            path = self.receiver(at)
        else:
            path = self.literal(plain_args[where]) if len(plain_args) > where else None
        self.write(path, name in TREES)


# What a call belongs to when it takes its path as an argument.
OPENERS = words(
    """
        os io shutil codecs gzip bz2 lzma zipfile tarfile tokenize fs fsp fsPromises promises File FileUtils
        IO Dir Deno Bun Kernel path np plt pd cv2 numpy webbrowser
        """
)
# Harmless as methods: `re.compile`, `frame.eval` works on columns only.
METHODS = words("compile")
# Names that lists, sets and streams have, too.
COMMON = words("remove copy write delete unlink_ truncate output install")
TREES = words(
    "rmtree copytree rm rmSync rm_r rm_rf cp cpSync cp_r unpack_archive emptyDir emptyDirSync removeSync copySync "
    "mkdtemp"
)


def renamed(tokens: list[Token]) -> set[str]:
    """Other names that the code gives to modules: `import os as o`, `f = require("fs")`, `x = os`."""
    found: set[str] = set()
    for at, one in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        following = tokens[at + 1 : at + 3]
        if one.kind == "name" and before == "as":
            found.add(one.text or "")
            continue
        if len(following) == 2 and following[0].kind == "=" and following[1].text in (*OPENERS, "require"):
            found.add(one.text or "")
    return found


def bound(tokens: list[Token], importing_: set[int]) -> set[str]:
    """Names that stand for a whole module: `x = os`, `fs = require("fs")`, `import os as o`."""
    found: set[str] = set()
    for at, one in enumerate(tokens):
        behind = tokens[at + 1 : at + 7]
        ends = {1: behind[2:3], 2: behind[5:6]}
        kinds = [later.kind for later in behind]
        if at in importing_ and tokens[at - 1].text == "as":
            found.add(one.text or "")
        for wanted, last in ((["=", "name"], ends[1]), (["=", "name", "(", STRING, ")"], ends[2])):
            whole = kinds[: len(wanted)] == wanted and (not last or last[0].kind in ("\n", ";", ","))
            if whole and behind[1].text in (*OPENERS, "require"):
                found.add(one.text or "")
    return found


# What makes a command read, write or run somewhere else.
ELSEWHERE = words("cwd input executable preexec_fn stdin chdir out err in")


# What makes a file somewhere when it is told where.
PLACED = words(
    "NamedTemporaryFile TemporaryFile SpooledTemporaryFile TemporaryDirectory mkstemp mkdtemp basicConfig open"
)


def importing(tokens: list[Token]) -> set[int]:
    """Where the tokens of import statements stand."""
    found: set[int] = set()
    inside = False
    for at, one in enumerate(tokens):
        first = not at or tokens[at - 1].kind in ("\n", ";", ":")
        inside = one.kind not in ("\n", ";") and (inside or (first and one.text in ("import", "from")))
        found.update([at] if inside else [])
    return found


def string_of(token: Token) -> str | None:
    return token.text if token.kind == STRING else None


def constants(tokens: list[Token]) -> dict[str, str]:
    """Names that are given one string and nothing else."""
    found: dict[str, str] = {}
    spoiled: set[str] = set()
    for at, one in enumerate(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        if one.kind != "name" or after is None:
            continue
        name = one.text or ""
        if after.kind == "=" and (at + 2 >= len(tokens) or tokens[at + 2].kind != "="):
            value = assigned(tokens[at + 2 : at + 10])
            if value is None or name in found:
                spoiled.add(name)
            else:
                found[name] = value
        elif (
            after.text in ("in", "of")
            or after.kind in ("+", "-")
            or (at and tokens[at - 1].text in ("as", "for", "def", "function"))
        ):
            spoiled.add(name)
    return {name: value for name, value in found.items() if name not in spoiled}


def assigned(tokens: list[Token]) -> str | None:
    """The string behind `name =`, bare or in Path(…), when the statement ends there."""
    ends = ("\n", ";")
    if tokens and tokens[0].kind == STRING and (len(tokens) == 1 or tokens[1].kind in ends):
        return tokens[0].text
    if [one.text for one in tokens[:2]] == ["pathlib", "."]:
        tokens = tokens[2:]
    words_ = [one.text for one in tokens[:2]]
    if words_ == ["Path", "("] and len(tokens) > 3 and tokens[2].kind == STRING and tokens[3].kind == ")":
        return tokens[2].text if len(tokens) == 4 or tokens[4].kind in ends else None
    return None
