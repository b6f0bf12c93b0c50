"""Program text as tokens: names, strings and signs, without comments."""

from __future__ import annotations

from .marks import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .languages import Language


STRING = '"'


class Token:
    """A name, a string (kind `"`, its value; None when it is computed), or one other character."""

    __slots__ = ("kind", "text")

    def __init__(self, kind: str, text: str | None) -> None:
        self.kind = kind
        self.text = text


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
        elif char == "/" and language.script and regex(tokens):
            end = regex_end(code, at + 1)
            if end < 0:
                return None
            tokens.append(Token("regex", None))
            at = end
        elif char == "\\" or (char == "/" and unsure(code, at, tokens, language)):
            return None
        else:
            tokens.append(Token(char, char))
            at += 1
    return tokens


def unsure(code: str, at: int, tokens: list[Token], language: Language) -> bool:
    """Whether it matters if the slash at `at`, behind a closing brace, divides or starts a regular expression."""
    if not language.script or tokens[-1].kind != "}":
        return False
    line = code[at + 1 :].partition("\n")[0]
    return any(char in line.rpartition("/")[0] for char in "'\"`[*/")


def name_end(code: str, at: int) -> int:
    while at < len(code) and (code[at].isalnum() or code[at] in "_$"):
        at += 1
    return at


def comment_end(code: str, at: int, language: Language) -> int:
    """Where a comment, or a backslash at the end of a line, that starts at `at` ends; `at` when none does."""
    if code.startswith("\\\n", at):
        return at + 2
    if code.startswith(language.comments, at):
        end = code.find("\n", at)
        return len(code) if end < 0 else end
    if language.script and code.startswith("/*", at):
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
    quote = code[at] * 3 if language.module and code.startswith(code[at] * 3, at) else code[at]
    start = end = at + len(quote)
    while not code.startswith(quote, end):
        if end >= len(code):
            return None, at
        end += 2 if code[end] == "\\" else 1
    text = code[start:end]
    if len(quote) == 1 and quote != "`" and language.lines and "\n" in text.replace("\\\n", ""):
        return None, at
    prefix = ""
    if tokens and tokens[-1].kind == "name" and code[at - 1].isalnum() and len(tokens[-1].text or "") < 3:
        prefix = (tokens.pop().text or "").lower()
    raw = "r" in prefix
    holes = ("f" in prefix and "{" in text) or "#{" in text or "${" in text
    computed = holes or (not raw and "\\" in text) or "b" in prefix
    run = quote == "`"
    return Token("`" if run else STRING, None if computed else text), end + len(quote)


def string_of(token: Token) -> str | None:
    return token.text if token.kind == STRING else None
