"""Program text as tokens: names, strings and signs, without comments."""

from __future__ import annotations

from .marks import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .languages import Language


STRING = '"'
KINDS = {STRING: STRING, "'": STRING, "`": "`"}
BRACKETS = {"(": ")", "[": "]", "{": "}"}
# Only some languages take these for the end of a line, and of a comment with it.
LINES = frozenset("\r\u2028\u2029")


class Unclear(ValueError):
    """Where a string or a comment ends cannot be told."""


class Token:
    """A name, a string (kind `"`) or one other character, between the tokens before and behind it.

    `text` is what is written: nothing when a string is computed, both signs at the second one of `++` and `--`. `name`
    is the text of a name, `string` the value of a known string, `partner` the bracket that belongs to a bracket.
    """

    __slots__ = ("after", "before", "kind", "name", "partner", "string", "text")

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text
        self.name = text if kind == "name" else ""
        self.string: str | None = None
        self.before = self.after = self.partner = self


def tokenize(code: str, language: Language) -> list[Token] | None:
    """The tokens and the end of the last line, without comments; None when strings, comments or brackets are unclear.

    A `;` stands before the first, and nothing but the last behind the last.
    """
    code = code.replace("\r\n", "\n")
    if not LINES.isdisjoint(code):
        return None
    reader = Reader(code + "\n}", language)
    # What does not end is looked for behind the end.
    try:
        end = reader.read(0, "}")
    except (LookupError, ValueError, RecursionError):
        return None
    return reader.tokens if reader.code[end:] == "}" else None


class Reader:
    """Goes through code and keeps its tokens."""

    def __init__(self, code: str, language: Language) -> None:
        self.code = code
        self.language = language
        self.tokens: list[Token] = []
        self.last = Token(";", ";")
        self.open: list[Token] = []

    def add(self, kind: str, text: str) -> Token:
        one = Token(kind, text)
        self.last.after, one.before = one, self.last
        self.last = one
        self.tokens.append(one)
        return one

    def read(self, at: int, ends: str) -> int:
        """Read on from `at` up to one of `ends` outside of brackets, and where that is."""
        around, self.open = self.open, []
        while self.open or self.code[at] not in ends:
            at = self.one(at)
        self.open = around
        return at

    def one(self, at: int) -> int:
        """Read what begins at `at`, and where the code goes on."""
        code, language, char = self.code, self.language, self.code[at]
        if char != "\n" and (char.isspace() or char == "\ufeff"):
            return at + 1
        if code.startswith("\\\n", at):
            return at + 2
        if code.startswith(language.unclear, at):
            raise Unclear
        if code.startswith(language.comments, at):
            return self.comment(at)
        if language.blocks and code.startswith("/*", at):
            return code.index("*/", at + 2) + 2
        if char in "'\"`":
            return self.string(at)
        if is_letter(char):
            return self.word(at)
        return self.sign(at, char)

    def comment(self, at: int) -> int:
        """Where a comment at `at` ends, with its line."""
        end = self.code.index("\n", at)
        if "?>" in self.language.unclear and "?>" in self.code[at:end]:
            raise Unclear  # it ends there
        return end

    def word(self, at: int) -> int:
        end = at
        while is_letter(self.code[end]):
            end += 1
        text = self.code[at:end]
        self.add("name", text.lower() if self.language.caseless else text)
        return end

    def sign(self, at: int, char: str) -> int:
        if char == "/" and self.language.script:
            regex = starts_regex(self.last)
            if regex is None and self.unsure(at):
                raise Unclear
            if regex:
                self.add("regex", "")
                return regex_end(self.code, at + 1)
        if char == "\\":
            raise Unclear
        twice = char in "+-" and self.last.text == char and self.code.startswith(char * 2, at - 1)
        one = self.add(char, char * 2 if twice else char)
        if char in BRACKETS:
            self.open.append(one)
        elif char in CLOSING:
            self.close(one)
        return at + 1

    def close(self, one: Token) -> None:
        opening = self.open.pop()
        if BRACKETS[opening.kind] != one.kind:
            raise Unclear
        opening.partner, one.partner = one, opening

    def unsure(self, at: int) -> bool:
        """Whether it matters if the slash at `at` divides or starts a regular expression."""
        between = self.code[at : self.code.index("\n", at)].split("/")[1:-1]
        return any(char in "/".join(between) for char in "'\"`[*/")

    def string(self, at: int) -> int:
        """Read the string at `at`. One with an escape or a hole is computed."""
        code, language = self.code, self.language
        quote = code[at] * 3 if language.module and code.startswith(code[at] * 3, at) else code[at]
        prefix = self.prefix(at)
        hole = "{" if HOLED.intersection(prefix) else "${" if language.script and quote == "`" else ""
        one = self.add(KINDS[code[at]], "")
        start = at + len(quote)
        end = self.string_end(start, quote, hole)
        text = code[start:end]
        if language.lines and quote in ("'", STRING) and "\n" in text.replace("\\\n", ""):
            raise Unclear
        computed = (hole and hole in text) or "b" in prefix or ("\\" in text and "r" not in prefix)
        if not computed and not (language.filled and self.filled(text, quote)):
            one.text = text
            one.string = text if one.kind == STRING else None
        return end + len(quote)

    def prefix(self, at: int) -> str:
        """Python's letters in front of the string at `at`. They are no name then."""
        letters = self.last.name
        if not self.language.module or letters.lower() not in PREFIXES or not self.code.endswith(letters, 0, at):
            return ""
        self.tokens.pop()
        self.last = self.last.before
        return letters.lower()

    def string_end(self, at: int, quote: str, hole: str) -> int:
        """Where the text from `at` on ends with `quote`. The code in its holes is read."""
        code = self.code
        while not code.startswith(quote, at):
            if hole and code.startswith(hole, at) and not code.startswith("{{", at):
                at = self.hole(at + len(hole))
            else:
                escaped = code[at] == "\\" and code[at + 1] != hole
                at += 2 if escaped or code.startswith("{{", at) else 1
        return at

    def hole(self, at: int) -> int:
        """Read the code in a hole of a string, as a statement of its own; where the brace is that ends the hole."""
        self.add(";", ";")
        at = self.read(at, ":}" if self.language.module else "}")
        self.add(";", ";")
        # How Python shows what it computed is text, with holes of its own.
        while self.code[at] != "}":
            at = self.hole(at + 1) + 1 if self.code[at] == "{" else at + 1
        return at

    def filled(self, text: str, quote: str) -> bool:
        """Whether Ruby or PHP puts something into a text. Code in there may have quotes of its own."""
        sign = self.language.filled
        if quote == "'" or sign not in text:
            return False
        for piece in text.replace("{" + sign, sign + "{").split(sign + "{")[1:]:
            name, brace, _ = piece.partition("}")
            if not brace or not name.replace("_", "a").isalnum():
                raise Unclear
        return True


def is_letter(char: str) -> bool:
    return char.isalnum() or char in "_$"


def between(first: Token, last: Token) -> Iterator[Token]:
    """The tokens from `first` on, without `last`, which must be one of them or come later."""
    while first is not last:
        yield first
        first = first.after


CLOSING = frozenset(BRACKETS.values())
PREFIXES = words("b br f fr r rb rf rt t tr u")
HOLED = frozenset("ft")
# What stands in front of a parenthesis that is no value, and what is followed by a value: always, or as a keyword only.
CONDITIONS = words("if while for with")
BEFORE_VALUES = words("return typeof case in else do void delete throw new instanceof default extends")
SOMETIMES = words("of yield await")
VALUES = frozenset((STRING, "`", "regex", "]", "++", "--"))


def starts_regex(last: Token) -> bool | None:
    """Whether a slash behind `last` starts a regular expression: no value stands there. None when it may be both."""
    named = last.partner.before if last.kind == ")" else last
    if named.name and named.before.kind == ".":
        return False
    if named.name in SOMETIMES or last.kind == "}":
        return None
    if last.kind == ")":
        return named.name in CONDITIONS
    return last.name in BEFORE_VALUES if last.name else VALUES.isdisjoint((last.kind, last.text))


def regex_end(code: str, at: int) -> int:
    """Behind the slash that ends the regular expression with its first letter at `at`."""
    inside = False
    while inside or code[at] != "/":
        if code[at] == "\n":
            raise Unclear
        inside = code[at] == "[" or (inside and code[at] != "]")
        at += 2 if code[at] == "\\" else 1
    return at + 1
