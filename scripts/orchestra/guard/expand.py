"""Expands words as bash does: braces, tilde, variables, substitutions, splitting. What is not known becomes a mark."""

from __future__ import annotations

from .grammar import NAME, Node, Part, Unreadable, Word
from .marks import DEVICE, SEGMENT, UNKNOWN, is_wild, known, matches, plain, wild, words
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ALTERNATIVES = 512
MOST_TRIED = 500_000
# The process that started the shell: the client's own. A mark of its own, since nobody may end that.
PARENT = UNKNOWN + SEGMENT
# The shell sets these itself, whatever a command assigns to them.
ALWAYS = words("RANDOM SRANDOM SECONDS UID EUID PPID LINENO BASHPID EPOCHSECONDS EPOCHREALTIME $ ! ? # - _")
NUMBERS = words("USER LOGNAME HOSTNAME")
DEFAULT_IFS = " \t\n"

Value = str | list[str]


class Expander:
    """Expansion against a state. `capture` runs commands and gives their output, `beside` runs them unseen."""

    __slots__ = ("beside", "capture", "posix", "variables")

    def __init__(
        self,
        variables: dict[str, str],
        capture: Callable[[Node, State], str],
        beside: Callable[[Node, State], None],
    ) -> None:
        self.variables = variables
        self.capture = capture
        self.beside = beside
        self.posix = False

    # -- words ---------------------------------------------------------------------------------------------------

    def all(self, words: list[Word], state: State) -> list[str]:
        """The fields of several words."""
        found: list[str] = []
        for word in words:
            found.extend(self.fields(word, state))
        return found

    def fields(self, word: Word, state: State) -> list[str]:
        """The fields that one word becomes: none, one or more."""
        if not word.braces:
            return self.split(word, state)
        found = alternatives(word)
        if self.posix and found[1:]:
            raise Unreadable("braces, which not every sh reads alike")
        return [field for one in found for field in self.split(one, state)]

    def one(self, word: Word, state: State) -> str:
        """The word as one text, without splitting or file names: a value, a subject, a body."""
        parts = self.tilde(word.parts, state)
        return "".join(self.together(self.part(part, state), part, state) for part in parts)

    def pattern(self, word: Word, state: State) -> str:
        """The word as a pattern: unquoted wildcards are marks."""
        found = []
        for part in word.parts:
            text = self.together(self.part(part, state), part, state)
            found.append(text if part.quoted else wild(text))
        return "".join(found)

    def together(self, value: Value, part: Part, state: State) -> str:
        """A value as one text: `$*` and `${array[*]}` are put together by the first of the separators."""
        if isinstance(value, str):
            return value
        separators = state.variables.get("IFS", DEFAULT_IFS) if starred(part) else " "
        if not isinstance(separators, str) or not known(separators):
            return UNKNOWN
        return separators[:1].join(value)

    def split(self, word: Word, state: State) -> list[str]:
        fields: list[str] = []
        current: str | None = None
        for part in self.tilde(word.parts, state):
            value = self.part(part, state)
            if part.kind == "text":
                current = (current or "") + (value if part.quoted else wild(joined(value)))  # type: ignore[operator]
            elif part.quoted and (isinstance(value, str) or starred(part)):
                current = (current or "") + self.together(value, part, state)
            elif part.quoted:
                current = spread(fields, current, list(value))
            else:
                current = self.unquoted(fields, current, value, state)
        if current is not None:
            fields.append(current)
        return fields

    def unquoted(self, fields: list[str], current: str | None, value: Value, state: State) -> str | None:
        """Adds an unquoted expansion: split at the separators, wildcards in it alive."""
        separators = state.variables.get("IFS", DEFAULT_IFS)
        if not isinstance(separators, str) or not known(separators):
            return UNKNOWN
        for number, text in enumerate([value] if isinstance(value, str) else value):
            if number and current is not None:
                fields.append(current)
                current = None
            current = spread_text(fields, current, wild(text), separators)
        return current

    def tilde(self, parts: list[Part], state: State) -> list[Part]:
        """The parts with a leading tilde replaced."""
        first = parts[0] if parts else None
        if first is None or first.quoted or "~" not in first.text:
            return parts
        name, equals, value = first.text.partition("=")
        if equals and name.isidentifier() and value.startswith("~"):
            # bash does so wherever a word looks like an assignment: `dd of=~/f`.
            return [Part("text", name + "="), *self.tilde([Part("text", value), *parts[1:]], state)]
        if not first.text.startswith("~"):
            return parts
        user, slash, rest = first.text.partition("/")
        if not slash and parts[1:]:
            return parts
        return [Part("text", self.home_of(user[1:], state), True), Part("text", slash + rest), *parts[1:]]

    def home_of(self, user: str, state: State) -> str:
        homes = {"": joined(self.value("HOME", state) or ""), "+": state.cwd, "-": state.old, "root": "/root"}
        return homes.get(user) or UNKNOWN

    # -- parts ---------------------------------------------------------------------------------------------------

    def part(self, part: Part, state: State) -> Value:
        """The value of one part; a list for `$@` and arrays."""
        if part.kind == "text":
            return part.text
        if part.kind == "var":
            return self.parameter(part, state)
        if part.kind == "run" and part.body is not None:
            return self.capture(part.body, state).rstrip("\n")
        if part.kind == "math" and part.word is not None:
            self.arithmetic(part.word, state)
            return SEGMENT
        if part.body is not None:
            self.beside(part.body, state)
            return DEVICE
        return "*"

    def arithmetic(self, word: Word, state: State) -> None:
        """Follows what the commands in arithmetic do, and it itself."""
        self.calculate(self.one(word, state), state)

    def calculate(self, text: str, state: State) -> None:
        """Arithmetic evaluates the values of its names in their turn, sets some, and runs what stands in an index."""
        todo, seen = [text], set[str]()
        while todo:
            text = todo.pop()
            if "$(" in text or "`" in text:
                raise Unreadable("arithmetic that runs commands")
            names = [name for name in names_in(text) if name not in seen]
            seen.update(names)
            todo += [joined(state.variables.get(name, "")) for name in names]
            if any(sign in text for sign in ("=", "++", "--")):
                state.variables.update(dict.fromkeys(names_in(text), SEGMENT))

    def item(self, text: str, state: State) -> None:
        """What is asked of a name that may have an index, as `test -v` does: the index is arithmetic."""
        self.calculate(plain(text).partition("[")[2], state)

    def value(self, name: str, state: State) -> Value | None:
        """What a variable holds; None when it is certainly not set, UNKNOWN when nobody knows."""
        if name in ("@", "*"):
            return UNKNOWN if state.args is None else list(state.args)
        if name in ALWAYS:
            return {"_": UNKNOWN, "PPID": PARENT}.get(name, SEGMENT)
        if name in state.variables:
            return state.variables[name]
        if name in NUMBERS:
            return SEGMENT
        if name.isdigit():
            return self.argument(int(name), state)
        return self.given(name, state)

    def argument(self, number: int, state: State) -> str | None:
        if state.args is None or not number:
            return UNKNOWN
        return state.args[number - 1] if number <= len(state.args) else None

    def given(self, name: str, state: State) -> str:
        """A variable that the command did not set itself."""
        if name == "PWD":
            return state.cwd or UNKNOWN
        if name == "OLDPWD":
            return state.old or UNKNOWN
        return self.variables.get(name) or (DEFAULT_IFS if name == "IFS" else UNKNOWN)

    def parameter(self, part: Part, state: State) -> Value:
        name, operator = part.text, part.operator
        if name[1:] and name.startswith(("#", "!")):
            if part.index is not None:
                self.calculate(self.one(part.index, state), state)
            return SEGMENT if name.startswith("#") else self.indirect(name[1:], operator, state)
        value = self.indexed(part, state)
        if not operator:
            return "" if value is None else value
        if operator in ("-", ":-", "=", ":=", "+", ":+", "?", ":?"):
            return self.fallback(part, value, state)
        if operator == "@":
            if "P" in ((part.word or Word([])).literal() or "P"):
                raise Unreadable("an expansion that runs its value")
            return UNKNOWN
        return self.edited(part, value if value is not None else "", state)

    def indirect(self, name: str, operator: str, state: State) -> Value:
        target = self.value(name, state)
        # It may name an item of an array, whose index is arithmetic.
        self.calculate(joined(target or ""), state)
        if operator or not isinstance(target, str) or not target.isidentifier():
            return UNKNOWN
        value = self.value(target, state)
        return (value[0] if isinstance(value, list) and value else value) or ""

    def indexed(self, part: Part, state: State) -> Value | None:
        """The value, or the items of an array that its index names."""
        value = self.value(part.text, state)
        if part.index is None:
            return value[0] if isinstance(value, list) and value and part.text not in "@*" else value
        index = self.one(part.index, state)
        self.calculate(index, state)
        if index in ("@", "*") or value is None:
            return value
        if not index.isdecimal():
            return UNKNOWN
        items = value if isinstance(value, list) else [value]
        # Of what is not known it is not known either whether it is a list.
        return items[int(index)] if int(index) < len(items) else "" if known("".join(items)) else UNKNOWN

    def fallback(self, part: Part, value: Value | None, state: State) -> Value:
        """`${name:-word}` and its kin. The word is expanded whether it is needed or not."""
        word = part.word or Word([])
        other = self.one(word, state)
        if not part.quoted and any(one.quoted for one in word.parts) and any(map(str.isspace, other)):
            other = UNKNOWN  # what is quoted in it is not split
        text = None if value is None else joined(value)
        if text and not text.strip(UNKNOWN + SEGMENT):
            return UNKNOWN if text.strip(SEGMENT) or "+" in part.operator else text
        unsure = text == "" and ":" not in part.operator  # a variable that is not set is kept as an empty one
        if unsure and other:
            other = UNKNOWN
        there = bool(text) if ":" in part.operator else text is not None
        if "+" in part.operator:
            return other if there else ""
        if there and not unsure and value is not None:
            return value
        if "=" in part.operator:
            state.variables[part.text] = other
        return other if "?" not in part.operator else ""

    def edited(self, part: Part, value: Value, state: State) -> Value:
        """`${name%word}` and its kin: the value with something cut off, replaced or changed in case."""
        pattern, new = (self.pattern(one, state) for one in slashed(part))
        if part.operator == ":":
            self.calculate(pattern, state)
            if isinstance(value, list):
                return some(value, pattern, 1 if part.text in "@*" else 0)
        if isinstance(value, list):
            return [edit(text, part.operator, pattern, new) for text in value]
        return edit(value, part.operator, pattern, new)


# -- pure helpers ------------------------------------------------------------------------------------------------


def joined(value: Value) -> str:
    return value if isinstance(value, str) else " ".join(value)


def starred(part: Part) -> bool:
    """Whether an expansion is `$*` or `${array[*]}`: one text, where `$@` is several."""
    return "*" in (part.text, part.index.literal() if part.index else None)


def some(values: list[str], bounds: str, first: int) -> Value:
    """`${@:2}` and `${array[@]:1:2}`: some of the values, of which the first has the number `first`."""
    start, _, length = (one.strip() for one in bounds.partition(":"))
    if not start.isdecimal() or int(start) < first or (length and not length.isdecimal()):
        return UNKNOWN
    at = int(start) - first
    return values[at : at + int(length)] if length else values[at:]


def spread(fields: list[str], current: str | None, values: list[str]) -> str | None:
    """`"$@"`: the first value belongs to the field that is open, the last one stays open."""
    for number, text in enumerate(values):
        if number:
            fields.append(current or "")
            current = None
        current = (current or "") + text
    return current


def spread_text(fields: list[str], current: str | None, text: str, separators: str) -> str | None:
    """Splits text at separators; the field that stays open is given back."""
    if not text:
        return current
    if not any(one in text for one in separators):
        return (current or "") + text
    start = 0
    for at, char in enumerate(text):
        if char not in separators:
            continue
        if text[start:at] or (char not in DEFAULT_IFS and current is None):
            current = (current or "") + text[start:at]
        if current is not None:
            fields.append(current)
            current = None
        start = at + 1
    return (current or "") + text[start:] if text[start:] else current


def names_in(text: str) -> list[str]:
    """The names of variables in arithmetic."""
    spaced = "".join(char if char in NAME else " " for char in text)
    return [one for one in spaced.split() if not one[0].isdigit()]


def slashed(part: Part) -> tuple[Word, Word]:
    """The operand of an expansion: a pattern, and a replacement for the ones with a slash."""
    before: list[Part] = []
    todo = list(reversed(part.word.parts)) if part.word is not None else []
    while todo:
        one = todo.pop()
        if "/" in part.operator and "/" in one.text and not one.quoted:
            pattern, _, new = one.text.partition("/")
            return Word([*before, Part("text", pattern)]), Word([Part("text", new), *reversed(todo)])
        before.append(one)
    return Word(before), Word([])


def edit(text: str, operator: str, pattern: str, new: str) -> str:
    """One value, edited; UNKNOWN when it cannot be told."""
    if operator in ("^", "^^", ",", ",,"):
        return changed_case(text, operator) if not pattern and known(text) else UNKNOWN
    if not known(text) or not known(pattern):
        return UNKNOWN
    if operator in ("#", "##", "%", "%%"):
        if len(text) ** 2 * len(pattern) > MOST_TRIED:
            return UNKNOWN
        return trimmed(text, operator, pattern)
    if operator == ":":
        return sliced(text, pattern)
    return replaced(text, operator, pattern, new)


def changed_case(text: str, operator: str) -> str:
    changed = str.upper if "^" in operator else str.lower
    return changed(text) if operator[1:] else changed(text[:1]) + text[1:]


def trimmed(text: str, operator: str, pattern: str) -> str:
    """Text without what matches at its start (#) or end (%), the longest when the operator is doubled."""
    places = [*range(len(text)), len(text)]
    if "#" in operator:
        for at in reversed(places) if operator[1:] else places:
            if matches(pattern, text[:at]):
                return text[at:]
    else:
        for at in places if operator[1:] else reversed(places):
            if matches(pattern, text[at:]):
                return text[:at]
    return text


def sliced(text: str, bounds: str) -> str:
    start, _, length = bounds.partition(":")
    start, length = start.strip(), length.strip()
    if not start.isdecimal() or (length and not length.isdecimal()):
        return UNKNOWN
    return text[int(start) : int(start) + int(length)] if length else text[int(start) :]


def replaced(text: str, operator: str, pattern: str, new: str) -> str:
    new = plain(new)
    # Newer shells put what was found where the new text has an ampersand.
    if is_wild(pattern) or not known(new) or "&" in new:
        return UNKNOWN
    if not pattern and operator in ("/", "//"):
        return text
    if operator == "/#":
        return new + text[len(pattern) :] if text.startswith(pattern) else text
    if operator == "/%":
        return text[: len(text) - len(pattern)] + new if text.endswith(pattern) else text
    return text.replace(pattern, new) if operator == "//" else text.replace(pattern, new, 1)


# -- braces ------------------------------------------------------------------------------------------------------

Atom = str | Part
# With a dollar in front of it this is an expansion.
BEHIND_DOLLAR = NAME + "{([@*#?-$!"


def alternatives(word: Word) -> list[Word]:
    """The words that `{a,b}` and `{1..3}` make of one."""
    atoms: list[Atom] = []
    for part in word.parts:
        if part.bare():
            atoms.extend(part.text)
        else:
            atoms.append(part)
    if len(atoms) > 4_000 or atoms.count("{") > 60:
        raise Unreadable("too many alternatives")
    return [Word(rebuilt(one)) for one in unfolded(atoms)]


def rebuilt(atoms: list[Atom]) -> list[Part]:
    parts: list[Part] = []
    text: Part | None = None
    for atom in atoms:
        if parts and isinstance(atom, str) and completes(parts[-1], atom):
            raise Unreadable("an expansion that braces complete")
        if isinstance(atom, Part):
            parts.append(atom)
            text = None
        elif text:
            text.text += atom
        else:
            text = Part("text", atom)
            parts.append(text)
    return parts


def completes(part: Part, char: str) -> bool:
    """Whether an expansion goes on with what braces put behind it: `$a{b,c}` is `$ab` and `$ac` to the shell."""
    if part.quoted:
        return False
    if part.kind == "text":
        return part.text.endswith("$") and char in BEHIND_DOLLAR
    return part.word is None and part.text.isidentifier() and char in NAME


def unfolded(atoms: list[Atom]) -> list[list[Atom]]:
    found = first_group(atoms)
    if found is None:
        return [atoms]
    start, end, choices = found
    inner = [one for choice in choices for one in unfolded(choice)]
    rest = unfolded(atoms[end + 1 :])
    if len(inner) * len(rest) > MOST_ALTERNATIVES:
        raise Unreadable("too many alternatives")
    return [[*atoms[:start], *middle, *last] for middle in inner for last in rest]


def first_group(atoms: list[Atom]) -> tuple[int, int, list[list[Atom]]] | None:
    """The first `{…}` that has alternatives: where it starts and ends, and they."""
    for start, atom in enumerate(atoms):
        if atom != "{":
            continue
        depth, last = 0, start + 1
        choices: list[list[Atom]] = []
        for at in range(start, len(atoms)):
            one = atoms[at]
            depth += (one == "{") - (one == "}")
            if not depth or (depth == 1 and one == ","):
                choices.append(atoms[last:at])
                last = at + 1
            if not depth:
                choices = choices if choices[1:] else sequence(*choices)
                if choices:
                    return start, at, choices
                break
    return None


def sequence(inside: list[Atom]) -> list[list[Atom]]:
    """`1..3`, `a..e`, `1..9..2`; nothing when it is none of these."""
    if not all(isinstance(one, str) for one in inside):
        return []
    first, _, rest = "".join(one for one in inside if isinstance(one, str)).partition("..")
    last, dots, step = rest.partition("..")
    if dots and not is_number(step):
        return []
    if is_letter(first) and is_letter(last):
        return [[chr(one)] for one in stepped(ord(first), ord(last), step)]
    if not (is_number(first) and is_number(last)):
        return []
    numbers = [str(one) for one in stepped(int(first), int(last), step)]
    if is_padded(first) or is_padded(last):
        width = max(len(first), len(last))
        numbers = [one.zfill(width) for one in numbers]
    return [list(one) for one in numbers]


def is_letter(text: str) -> bool:
    return text.isalpha() and not text[1:]


def is_padded(number: str) -> bool:
    """Whether a number begins with a zero that makes it longer."""
    digits = number.lstrip("-")
    return digits.startswith("0") and digits[1:].isdecimal()


def is_number(text: str) -> bool:
    return text.isascii() and (text[1:] if text.startswith(("+", "-")) else text).isdecimal()


def stepped(first: int, last: int, step: str) -> range:
    width = abs(int(step or "1")) or 1
    numbers = range(first, last + 1, width) if first <= last else range(first, last - 1, -width)
    if numbers[MOST_ALTERNATIVES:]:
        raise Unreadable("too many alternatives")
    return numbers
