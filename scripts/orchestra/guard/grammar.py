"""Reads shell text into a tree. Knows the grammar of bash and nothing of what a command does."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Deeper nesting than this is nobody's honest command, and each level costs about ten frames of the interpreter.
DEEPEST = 40
# What reading one command may cost: a word counts for five, an escape or expansion inside quotes and a
# character of what may be arithmetic for one.
MOST_SPENT = 20_000

BLANK = " \t"
META = " \t\n;&|<>()"
# Characters that end a run of plain text in a word.
SPECIAL = META + "'\"\\$`"
NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
DIGITS = "0123456789"
RESERVED = (
    *("if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "select", "case", "esac"),
    *("function", "coproc", "time", "{", "}", "!", "[["),
)
CLOSING = frozenset(("then", "elif", "else", "fi", "do", "done", "esac", "}"))
DECLARING = frozenset(("declare", "typeset", "local", "export", "readonly", "eval", "alias", "let"))
BEFORE_REDIRECTS = tuple("<>&{0123456789")
REDIRECTS = ("&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<>", "<&", "<<", ">", "<")
# What may follow the sign in `${#name}` and `${!name}`.
BEHIND_SIGN = frozenset(NAME + "@*?$-")
PATTERNED = ("#", "##", "%", "%%", "/", "//", "/#", "/%", "^", "^^", ",", ",,")
OPERATORS = ("##", "%%", "//", "/#", "/%", "^^", ",,", ":-", ":=", ":?", ":+", *"#%/^,-=?+:@")


class Unreadable(Exception):
    """The text is not shell, or more than this reader wants to understand; says why in a few words."""


class Part:
    """One piece of a word. Kinds: `text`, `var`, `run` (command substitution), `beside` (process
    substitution), `math`, `glob` (an extended pattern)."""

    __slots__ = ("body", "index", "kind", "operator", "quoted", "text", "word")

    def __init__(self, kind: str, text: str = "", quoted: bool = False) -> None:
        self.kind = kind
        self.text = text
        self.quoted = quoted
        self.operator = ""
        self.index: Word | None = None
        self.word: Word | None = None
        self.body: Node | None = None

    def bare(self) -> str:
        """The text, when it is text without quotes; else nothing."""
        return "" if self.quoted or self.kind != "text" else self.text


class Word:
    """A word before expansion. `braces` tells that an unquoted { occurs in it."""

    __slots__ = ("braces", "parts")

    def __init__(self, parts: list[Part], braces: bool = False) -> None:
        self.parts = parts
        self.braces = braces

    def literal(self) -> str | None:
        """The text, when every part of it is text; quoted or not."""
        if any(part.kind != "text" for part in self.parts):
            return None
        return "".join(part.text for part in self.parts)

    def bare(self) -> str:
        """The text, when it is one unquoted piece; else nothing."""
        return "" if self.parts[1:] else "".join(part.bare() for part in self.parts)


class Redirect:
    """One redirection: descriptor as written (may be empty), operator, target; `body` is a heredoc's text."""

    __slots__ = ("body", "fd", "operator", "target")

    def __init__(self, fd: str, operator: str, target: Word) -> None:
        self.fd = fd
        self.operator = operator
        self.target = target
        self.body = Word([])

    def reads(self) -> bool:
        """Whether it is standard input that is redirected."""
        return self.operator.startswith("<") and self.fd in ("", "0")


class Assign:
    """`name=word`, `name+=word`, `name[index]=word` or `name=(items)`."""

    __slots__ = ("append", "index", "items", "name", "word")

    def __init__(self, name: str, word: Word, append: bool) -> None:
        self.name = name
        self.word = word
        self.append = append
        self.index: Word | None = None
        self.items: list[Word] | None = None


class Node:
    """One command. What the fields hold depends on `kind`; `Parser` says so where it makes one."""

    __slots__ = ("assigns", "cases", "items", "kind", "ops", "redirects", "text", "words")

    def __init__(self, kind: str, items: list[Node] | None = None, text: str = "") -> None:
        self.kind = kind
        self.items = items or []
        self.text = text
        self.words: list[Word] = []
        self.ops: list[str] = []
        self.redirects: list[Redirect] = []
        self.assigns: list[Assign] = []
        self.cases: list[list[Word]] = []


class Parser:
    """Recursive descent over one text. `text[at]` comes next; each method leaves `at` behind what it read."""

    __slots__ = ("at", "depth", "heredocs", "marked", "size", "spent", "text")

    def __init__(self, text: str, depth: int, spent: list[int]) -> None:
        self.text = text
        self.size = len(text)
        self.at = 0
        self.depth = depth
        self.spent = spent
        self.heredocs: list[tuple[Redirect, str, bool]] = []
        # The text with one sign in the place of several: the next of them is found in one step.
        self.marked: dict[str, str] = {}

    # -- small steps ---------------------------------------------------------------------------------------------

    def peek(self, offset: int = 0) -> str:
        at = self.at + offset
        return self.text[at : at + 1]

    def starts(self, text: str | tuple[str, ...]) -> bool:
        return self.text.startswith(text, self.at)

    def take(self, text: str) -> bool:
        if self.text.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise Unreadable(f"no {text} where one must be")

    def next_is(self, word: str) -> bool:
        return self.starts(word) and self.peek(len(word)) in META

    def take_word(self, word: str) -> bool:
        return self.next_is(word) and self.take(word)

    def expect_word(self, word: str) -> None:
        self.lines()
        if not self.take_word(word):
            raise Unreadable(f"no {word} where one must be")

    def until(self, stops: str) -> str:
        """What stands before the next of these characters, or all that is left."""
        mark = stops[0]
        if stops not in self.marked:
            text = self.text + mark
            for stop in stops:
                text = text.replace(stop, mark)
            self.marked[stops] = text
        start, self.at = self.at, self.marked[stops].index(mark, self.at)
        return self.text[start : self.at]

    def count(self, cost: int = 5) -> None:
        self.spent[0] += cost
        if self.spent[0] > MOST_SPENT:
            raise Unreadable("the command is too long to read")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable("the command is nested too deeply")

    def blanks(self) -> None:
        """Skips blanks, continued lines and a comment, not a newline."""
        text, size, at = self.text, self.size, self.at
        while at < size:
            char = text[at]
            if char in BLANK:
                at += 1
            elif char == "\\" and text.startswith("\n", at + 1):
                at += 2
            elif char == "#":
                self.at = at
                self.until("\n")
                at = self.at
            else:
                break
        self.at = at

    def lines(self) -> None:
        """Skips blanks, comments and newlines; bodies of heredocs stand behind the newline."""
        self.blanks()
        while self.starts("\n"):
            self.newline()
            self.blanks()

    def newline(self) -> None:
        self.at += 1
        waiting, self.heredocs = self.heredocs, []
        for redirect, end, quoted in waiting:
            self.heredoc(redirect, end, quoted)

    def heredoc(self, redirect: Redirect, end: str, quoted: bool) -> None:
        body = self.stripped(end) if redirect.operator.endswith("-") else self.until_line(end)
        if quoted:
            redirect.body = Word([Part("text", body, True)])
        else:
            ends_alone(body, end)
            redirect.body = Word(self.inner(body).pieces("", True))

    def until_line(self, end: str) -> str:
        """The lines up to one that is `end`, or all that is left. `at` is behind a newline."""
        left = self.text[self.at :]
        before, found, behind = f"\n{left}\n".partition(f"\n{end}\n")
        self.at = self.size - len(behind.removesuffix("\n"))
        return f"{before}\n".removeprefix("\n") if found else left

    def stripped(self, end: str) -> str:
        """The same for `<<-`: leading tabs do not count."""
        lines: list[str] = []
        while self.peek():
            line = self.until("\n").lstrip("\t")
            self.take("\n")
            if line == end:
                break
            self.count(1)
            lines.append(line + "\n")
        return "".join(lines)

    def inner(self, text: str) -> Parser:
        """A reader for text inside this text: one level deeper, on the same budget."""
        other = Parser(text, self.depth, self.spent)
        other.deeper()
        return other

    # -- lists ---------------------------------------------------------------------------------------------------

    def program(self) -> Node:
        """The whole text. Kind `list`: items, and for each what ended it (`;` or `&`) in ops."""
        node = self.sequence()
        if self.peek():
            raise Unreadable(f"unexpected {self.peek()!r}")
        return node

    def sequence(self) -> Node:
        """Commands up to a closing word, `)`, `;;` or the end."""
        node = Node("list")
        self.lines()
        while self.peek() and not self.closed():
            node.items.append(self.chain())
            self.blanks()
            node.ops.append("&" if self.starts("&") else ";")
            if self.starts((";;", ";&")) or not (self.take("&") or self.take(";") or self.starts("\n")):
                break
            self.lines()
        return node

    def closed(self) -> bool:
        return self.starts((")", ";;", ";&")) or self.keyword() in CLOSING

    def keyword(self) -> str:
        """The reserved word that comes next, or nothing."""
        if not self.starts(RESERVED):
            return ""
        return next((word for word in RESERVED if self.next_is(word)), "")

    def body(self) -> Node:
        """A sequence with at least one command."""
        node = self.sequence()
        if not node.items:
            raise Unreadable("no command where one must be")
        return node

    def chain(self) -> Node:
        """Pipelines joined by && and ||. Kind `chain`: items, and the operators between them in ops."""
        first = self.pipeline()
        self.blanks()
        if not self.starts(("&&", "||")):
            return first
        node = Node("chain", [first])
        while self.starts(("&&", "||")):
            node.ops.append(self.text[self.at : self.at + 2])
            self.at += 2
            self.lines()
            node.items.append(self.pipeline())
            self.blanks()
        return node

    def pipeline(self) -> Node:
        """Kind `pipe`: items run side by side. A pipeline of one is the command itself, unless it is negated."""
        self.count()
        self.blanks()
        negated = False
        while True:
            if self.take_word("!"):
                negated = True
            elif not self.timed():
                break
            self.blanks()
        first = self.command()
        node = Node("pipe", [first])
        self.blanks()
        while not self.starts("||") and (self.take("|&") or self.take("|")):
            self.lines()
            node.items.append(self.command())
            self.blanks()
        return node if negated or node.items[1:] else first

    def timed(self) -> bool:
        """Takes the keyword `time`, unless it is given options that only the program of that name has."""
        at = self.at
        if not self.take_word("time"):
            return False
        self.blanks()
        if self.starts("-") and not self.starts("-p"):
            self.at = at
            return False
        self.take_word("-p")
        return True

    # -- commands ------------------------------------------------------------------------------------------------

    def command(self) -> Node:
        self.deeper()
        node = self.compound()
        if node is None:
            node = self.simple()
        else:
            self.more_redirects(node)
        self.depth -= 1
        return node

    def more_redirects(self, node: Node) -> None:
        self.blanks()
        while one := self.redirect():
            node.redirects.append(one)
            self.blanks()

    def compound(self) -> Node | None:
        if self.starts("("):
            return self.parenthesis()
        word = self.keyword()
        if word in CLOSING:
            raise Unreadable(f"unexpected {word}")
        if word not in COMPOUNDS:
            return None
        self.at += len(word)
        return COMPOUNDS[word](self)

    def parenthesis(self) -> Node:
        """`(( … ))`, kind `math` with one word; or `( … )`, kind `subshell` with one item."""
        if word := self.sum("(("):
            return math(word)
        self.at += 1
        node = Node("subshell", [self.body()])
        self.expect(")")
        return node

    def group(self) -> Node:
        node = Node("group", [self.body()])
        self.expect_word("}")
        return node

    def conditional(self) -> Node:
        """Kind `if`: condition, branch, condition, branch, …, and the else branch if there is one."""
        node = Node("if", self.branches())
        while self.take_word("elif"):
            node.items += self.branches()
        if self.take_word("else"):
            node.items.append(self.body())
        self.expect_word("fi")
        return node

    def branches(self) -> list[Node]:
        """A condition, and what is done when it holds."""
        condition = self.body()
        self.expect_word("then")
        return [condition, self.body()]

    def loop(self) -> Node:
        """Kind `loop`: condition and body."""
        condition = self.body()
        return Node("loop", [condition, self.do_done()])

    def do_done(self) -> Node:
        self.expect_word("do")
        node = self.body()
        self.expect_word("done")
        return node

    def select(self) -> Node:
        return self.each("select")

    def each(self, kind: str = "for") -> Node:
        """Kind `for` or `select`: text is the name, words the values (none: ops has `args`), one item. `for ((…))` is
        a loop."""
        self.blanks()
        if self.starts("(("):
            return self.counting()
        word = self.word()
        node = Node(kind, text=word.bare() if word else "")
        if not node.text:
            raise Unreadable("a loop without a name")
        self.lines()
        if self.take_word("in"):
            node.words = self.words()
        else:
            node.ops.append("args")
        self.separator()
        node.items = [self.loop_body()]
        return node

    def loop_body(self) -> Node:
        return self.group() if self.take_word("{") else self.do_done()

    def separator(self) -> None:
        self.blanks()
        self.take(";")
        self.lines()

    def words(self) -> list[Word]:
        found = []
        self.blanks()
        while (word := self.word()) is not None:
            found.append(word)
            self.blanks()
        return found

    def counting(self) -> Node:
        """`for ((a; b; c))`. Kind `loop` whose condition is arithmetic."""
        word = self.sum("((")
        if word is None:
            raise Unreadable("a loop that does not end")
        self.separator()
        return Node("loop", [math(word), self.loop_body()])

    def choice(self) -> Node:
        """Kind `case`: the subject in words; for each branch its patterns in cases and its commands in items."""
        self.blanks()
        subject = self.word()
        if subject is None:
            raise Unreadable("a case without a subject")
        node = Node("case")
        node.words = [subject]
        self.expect_word("in")
        self.lines()
        while not self.take_word("esac"):
            self.branch(node)
        return node

    def branch(self, node: Node) -> None:
        self.take("(")
        patterns = []
        while True:
            self.blanks()
            word = self.word()
            if word is None:
                raise Unreadable("a case without a pattern")
            patterns.append(word)
            self.blanks()
            if not self.take("|"):
                break
        self.expect(")")
        node.cases.append(patterns)
        node.items.append(self.sequence())
        if not (self.take(";;&") or self.take(";;") or self.take(";&") or self.next_is("esac")):
            raise Unreadable("a case that does not end")
        self.lines()

    def named_function(self) -> Node:
        self.blanks()
        word = self.word()
        name = word.literal() if word else None
        if not name:
            raise Unreadable("a function without a name")
        self.blanks()
        if self.take("("):
            self.blanks()
            self.expect(")")
        return self.function(name)

    def function(self, name: str) -> Node:
        """Kind `function`: text is the name, the one item its body."""
        self.lines()
        self.deeper()
        body = self.compound()
        if body is None:
            raise Unreadable("a function without a body")
        self.more_redirects(body)
        self.depth -= 1
        return Node("function", [body], name)

    def condition(self) -> Node:
        """`[[ … ]]`. Kind `test`: its operands and operators that are words."""
        node = Node("test")
        regex = False
        while True:
            self.lines()
            if self.take_word("]]"):
                return node
            if not regex and self.starts(tuple("()<>|&;")):
                self.at += 1
                continue
            word = self.word(regex)
            if word is None:
                raise Unreadable("a [[ without ]]")
            regex = word.bare() == "=~"
            node.words.append(word)

    def coprocess(self) -> Node:
        """Kind `subshell`, like all that runs beside; text is the name of the variable that it sets."""
        self.blanks()
        at = self.at
        word = self.word()
        name = word.bare() if word else ""
        self.blanks()
        if not (name.isidentifier() and (self.starts("(") or self.keyword())):
            self.at, name = at, "COPROC"
        return Node("subshell", [self.command()], name)

    # -- simple commands -----------------------------------------------------------------------------------------

    def simple(self) -> Node:
        """Kind `simple`: assignments before the name, words, redirections."""
        node = Node("simple")
        while True:
            self.blanks()
            if one := self.redirect():
                node.redirects.append(one)
                continue
            word = self.word()
            if word is None:
                break
            self.count()
            if not (node.words or node.assigns or node.redirects):
                first_word(word)
            if self.starts(("<", ">")) and word.parts[0].text.startswith("{") and "[" in word.parts[0].text:
                raise Unreadable("a descriptor kept in an array")
            if self.defines(node, word):
                return self.function(word.literal() or "")
            self.place(node, word)
        if not (node.words or node.assigns or node.redirects):
            raise Unreadable("no command where one must be")
        return node

    def defines(self, node: Node, word: Word) -> bool:
        """Whether `name()` starts a function; leaves `at` behind the parentheses if so."""
        at = self.at
        if not node.words and not node.assigns and word.literal() and not word.bare().endswith("="):
            self.blanks()
            if self.take("("):
                self.blanks()
                if self.take(")"):
                    return True
            self.at = at
        return False

    def place(self, node: Node, word: Word) -> None:
        """Puts a word where it belongs: an assignment, or an argument."""
        declares = bool(node.words) and node.words[0].bare() in DECLARING
        if node.words and not declares:
            if self.starts("("):
                raise Unreadable("unexpected (")
            node.words.append(word)
            return
        assign = as_assign(word)
        if assign is not None and self.starts("("):
            assign.items = self.array()
        if assign is not None and not (declares and assign.items is None):
            node.assigns.append(assign)
            return
        if self.starts("("):
            raise Unreadable("unexpected (")
        node.words.append(word)

    def array(self) -> list[Word]:
        self.at += 1
        found: list[Word] = []
        while True:
            self.lines()
            if self.take(")"):
                return found
            word = self.word()
            if word is None:
                raise Unreadable("a list that does not end")
            self.count()
            found.append(word)

    def redirect(self) -> Redirect | None:
        """A redirection, when one is next: descriptor, operator and target."""
        at = self.at
        if not self.starts(BEFORE_REDIRECTS):
            return None
        fd = self.descriptor()
        if not fd and self.starts(("<(", ">(")):
            return None
        operator = next((one for one in REDIRECTS if self.starts(one)), "")
        if not operator or (fd and operator.startswith("&")):
            self.at = at
            return None
        self.at += len(operator)
        return self.target(Redirect(fd, operator, Word([])))

    def descriptor(self) -> str:
        """The digits or {name} that may stand in front of a redirection."""
        at = self.at
        if self.starts("{"):
            name = taken(self.text, at + 1, NAME, self.size)
            if name.isidentifier() and self.text.startswith(("}<", "}>"), at + 1 + len(name)):
                self.at += len(name) + 2
                return self.text[at : self.at]
            return ""
        self.at += len(taken(self.text, at, DIGITS, self.size))
        return self.text[at : self.at]

    def target(self, redirect: Redirect) -> Redirect:
        self.blanks()
        word = self.word()
        if word is None:
            raise Unreadable("a redirection to nothing")
        self.count()
        redirect.target = word
        if redirect.operator in ("<<", "<<-"):
            quoted = any(part.quoted for part in word.parts)
            end = word.literal()
            if end is None:
                raise Unreadable("a heredoc with a computed end")
            self.heredocs.append((redirect, end, quoted))
        return redirect

    # -- words ---------------------------------------------------------------------------------------------------

    def word(self, regex: bool = False) -> Word | None:
        """The word that is next, or None at an operator. In a regex, operators are part of the word."""
        parts: list[Part] = []
        braces = False
        while char := self.peek():
            if char in SPECIAL:
                if char in META and not self.within(char, parts, regex):
                    break
                self.special(char, parts, regex)
                continue
            run = self.until(SPECIAL)
            braces = braces or "{" in run
            append(parts, run)
        return Word(parts, braces) if parts else None

    def within(self, char: str, parts: list[Part], regex: bool) -> bool:
        """Whether an operator's character is part of the word: a process substitution, an extended pattern."""
        if regex:
            return char not in " \t\n"
        if char in "<>":
            return self.starts(char + "(")
        return char == "(" and bool(parts) and parts[-1].bare().endswith(tuple("@?*+!"))

    def special(self, char: str, parts: list[Part], regex: bool) -> None:
        """Reads one piece that starts with a special character."""
        if char == "'":
            parts.append(Part("text", self.single(), True))
        elif char == '"':
            self.double(parts)
        elif char == "\\":
            self.escape(parts)
        elif char == "$":
            self.dollar(parts, False)
        elif char == "`":
            parts.append(self.backtick(False))
        elif regex:
            append(parts, char)
            self.at += 1
        elif char in "<>":
            self.process(parts)
        else:
            self.pattern(parts)

    def ended(self, end: str) -> str:
        """What stands before the next `end`, which is taken too."""
        try:
            found = self.text.index(end, self.at)
        except ValueError:
            raise Unreadable(f"no {end} where one must be") from None
        start, self.at = self.at, found + len(end)
        return self.text[start:found]

    def single(self) -> str:
        self.at += 1
        return self.ended("'")

    def double(self, parts: list[Part]) -> None:
        self.at += 1
        parts.append(Part("text", "", True))
        parts.extend(self.pieces('"', True))

    def escape(self, parts: list[Part]) -> None:
        self.count(1)
        self.at += 1
        if not self.take("\n"):
            parts.append(Part("text", self.one() or "\\", True))

    def one(self) -> str:
        """The next character, taken; nothing at the end."""
        char = self.peek()
        self.at += len(char)
        return char

    def process(self, parts: list[Part]) -> None:
        self.at += 2
        part = Part("beside")
        part.body = self.substituted()
        parts.append(part)

    def pattern(self, parts: list[Part]) -> None:
        """`@(a|b)` and its like. Taken for `*`, which matches at least as much."""
        self.at += 1
        depth = 1
        while depth:
            char = self.one()
            if char in "\n'\"\\$`":
                raise Unreadable("an extended pattern that is quoted or does not end")
            depth += (char == "(") - (char == ")")
        last = parts.pop()
        append(parts, last.text[:-1])
        parts.append(Part("glob"))

    def pieces(self, end: str, quoted: bool) -> list[Part]:
        """Parts up to an unquoted `end` (the end of the text when empty), by the rules of double quotes if `quoted`."""
        parts: list[Part] = []
        stops = "\\$`" + end + ("" if quoted and end != "}" else "'\"")
        while char := self.peek():
            if char == end:
                self.at += 1
                return parts
            if char in stops:
                self.piece(char, end, quoted, parts)
            else:
                parts.append(Part("text", self.until(stops), quoted))
        if end:
            raise Unreadable(f"no {end} where one must be")
        return parts

    def piece(self, char: str, end: str, quoted: bool, parts: list[Part]) -> None:
        self.count(1)
        if char == "\\" and quoted:
            self.quoted_escape(end, parts)
        elif char == "\\":
            self.escape(parts)
        elif char == "$":
            self.dollar(parts, quoted)
        elif char == "`":
            parts.append(self.backtick(quoted, end == '"' or not quoted))
        elif char == "'":
            parts.append(Part("text", self.paired() if quoted else self.single(), True))
        else:
            self.double(parts)

    def paired(self) -> str:
        """`"${name:-'text'}"`: bash pairs these quotes, dash does not. Their text where that makes no difference."""
        start = self.at
        inside = self.single()
        if not set('}"`$\\').isdisjoint(inside):
            raise Unreadable("a quote that shells read differently")
        return self.text[start : self.at]

    def quoted_escape(self, end: str, parts: list[Part]) -> None:
        self.at += 1
        if self.take("\n"):
            return
        char = self.one()
        kept = "" if char in [*"\\$`", *end] else "\\"
        parts.append(Part("text", kept + char, True))

    # -- what a dollar starts ------------------------------------------------------------------------------------

    def dollar(self, parts: list[Part], quoted: bool) -> None:
        following = self.peek(1)
        if self.starts("$\\\n"):
            raise Unreadable("a line continued inside an expansion")
        if following == "(":
            parts.append(self.command_or_math(quoted))
        elif following == "{":
            parts.append(self.parameter(quoted))
        elif following == "[":
            parts.append(self.old_math(quoted))
        elif following == "'" and not quoted:
            parts.append(Part("text", self.ansi(), True))
        elif following == '"' and not quoted:
            self.at += 1
        elif following and (following in NAME or following in "@*#?-$!"):
            parts.append(self.variable(quoted))
        else:
            self.at += 1
            parts.append(Part("text", "$", quoted))

    def variable(self, quoted: bool) -> Part:
        self.at += 1
        name = self.one()
        if name in NAME and name not in DIGITS:
            name += taken(self.text, self.at, NAME, self.size)
            self.at += len(name[1:])
            if self.starts("\\\n"):
                raise Unreadable("a line continued inside an expansion")
        return Part("var", name, quoted)

    def command_or_math(self, quoted: bool) -> Part:
        if word := self.sum("$(("):
            part = Part("math", quoted=quoted)
            part.word = word
            return part
        self.at += 2
        part = Part("run", quoted=quoted)
        part.body = self.substituted()
        return part

    def substituted(self) -> Node:
        """Commands up to the closing parenthesis. Heredocs that wait belong to the text around."""
        self.deeper()
        outside, self.heredocs = self.heredocs, []
        node = self.sequence()
        self.expect(")")
        if self.heredocs:
            raise Unreadable("a heredoc without a body")
        self.heredocs = outside
        self.depth -= 1
        return node

    def old_math(self, quoted: bool) -> Part:
        self.at += 2
        part = Part("math", quoted=quoted)
        part.word = self.arithmetic(self.ended("]"))
        return part

    def arithmetic(self, text: str) -> Word:
        return Word(self.inner(text).pieces("", True))

    def sum(self, opening: str) -> Word | None:
        """The arithmetic from `opening` to `))`; nothing is read when a subshell in another stands here instead."""
        start = self.at
        word = self.summed() if self.take(opening) else None
        if word is None:
            self.at = start
        return word

    def summed(self) -> Word | None:
        text = self.enclosed()
        if text is None or not self.take(")"):
            return None
        word = self.arithmetic(text)
        if is_sum(word):
            return word
        if "'" in text:
            raise Unreadable("arithmetic with quotes")
        return None

    def enclosed(self) -> str | None:
        """What stands before the parenthesis that closes the last one, which is taken too; None if none does."""
        start, depth, quoted = self.at, 1, False
        while depth:
            self.count(1)
            char = self.one()
            if not char:
                return None
            if char == "'":
                quoted = not quoted
            elif not quoted:
                depth += (char == "(") - (char == ")")
            if depth > DEEPEST:
                raise Unreadable("the command is nested too deeply")
        return self.text[start : self.at - 1]

    def backtick(self, quoted: bool, sure: bool = True) -> Part:
        """A command in backticks; whether `\\"` is a quote in it is not sure in what is like double quotes."""
        self.at += 1
        found: list[str] = []
        while not self.take("`"):
            if not self.peek():
                raise Unreadable("a backtick that does not end")
            found.append(self.backslash(quoted, sure) if self.take("\\") else self.until("`\\"))
        part = Part("run", quoted=quoted)
        part.body = self.inner("".join(found)).program()
        return part

    def backslash(self, quoted: bool, sure: bool) -> str:
        """What a backslash inside backticks and the character behind it stand for."""
        if self.starts('"') and not sure:
            raise Unreadable("a quote that shells read differently")
        escaped = self.starts(("\\", "$", "`")) or (quoted and self.starts('"'))
        return ("" if escaped else "\\") + self.one()

    def ansi(self) -> str:
        """`$'…'` with its escapes undone."""
        self.at += 2
        found: list[str] = []
        while not self.take("'"):
            if not self.peek():
                raise Unreadable("a quote that does not end")
            if self.take("\\"):
                text, self.at = ansi_escape(self.text, self.at)
                found.append(text)
            else:
                found.append(self.until("'\\"))
        return "".join(found).partition("\0")[0]

    def parameter(self, quoted: bool) -> Part:
        """`${…}`: text is the name with a leading `#` or `!` if any, operator and word what follows it."""
        self.deeper()
        self.at += 2
        start = self.at
        if self.starts(("#", "!")) and self.peek(1) in BEHIND_SIGN:
            self.at += 1
        if self.starts(tuple("@*#?-$!")):
            self.at += 1
        else:
            self.at += len(taken(self.text, self.at, NAME, self.size))
        part = Part("var", self.text[start : self.at], quoted)
        if not part.text:
            raise Unreadable("an expansion without a name")
        if self.take("["):
            part.index = Word(self.pieces("]", False))
        part.operator = next((one for one in OPERATORS if self.starts(one)), "")
        self.at += len(part.operator)
        if not part.operator and not self.starts("}"):
            raise Unreadable("an expansion of an unknown kind")
        # Quotes around the expansion do not quote the pattern in it.
        part.word = Word(self.pieces("}", quoted and part.operator not in PATTERNED))
        self.depth -= 1
        return part


COMPOUNDS: dict[str, Callable[[Parser], Node]] = {
    "{": Parser.group,
    "if": Parser.conditional,
    "while": Parser.loop,
    "until": Parser.loop,
    "for": Parser.each,
    "select": Parser.select,
    "case": Parser.choice,
    "function": Parser.named_function,
    "[[": Parser.condition,
    "coproc": Parser.coprocess,
}


def math(word: Word) -> Node:
    node = Node("math")
    node.words = [word]
    return node


def is_sum(word: Word) -> bool:
    """Whether text can be arithmetic: no two operands stand side by side. Other text in `((` is a subshell's."""
    after_operand = gap = False
    for char in "".join(part.text if part.kind == "text" else "0" for part in word.parts):
        if char in " \t\n":
            gap = after_operand
            continue
        operand = char in NAME or char in "'\"@"
        if operand and gap:
            return False
        after_operand = operand or char in ")}]"
        gap = False
    return True


def first_word(word: Word) -> None:
    """Raises Unreadable for what only looks like a command's name: a keyword with a continued line in it, or an array
    whose index goes on behind a blank."""
    if word.bare() in RESERVED and word.bare() != "time":
        raise Unreadable("a keyword that is continued in another line")
    plain = "".join(part.bare() for part in word.parts)
    if plain.count("[") > plain.count("]") and plain.partition("[")[0].isidentifier():
        raise Unreadable("an index with a blank in it")


def ends_alone(body: str, end: str) -> None:
    """Raises Unreadable when the line that ends a heredoc is joined to one before it, or made by joining two."""
    lines = joined_lines(body + end) if "\\\n" in body else [end]
    if lines[-1] != end or end in lines[:-1]:
        raise Unreadable("a heredoc whose end is joined to another line")


def joined_lines(text: str) -> list[str]:
    """Lines, each with those that a backslash at its end joins to it."""
    found: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        before = found.pop() if goes_on else ""
        goes_on = line.replace("\\\\", "").endswith("\\")
        found.append(before + (line.removesuffix("\\") if goes_on else line))
    return found


def append(parts: list[Part], text: str) -> None:
    """Adds unquoted text, to the last part when that is of the same kind."""
    if parts and parts[-1].bare():
        parts[-1].text += text
    elif text:
        parts.append(Part("text", text))


def as_assign(word: Word) -> Assign | None:
    """The assignment that a word is, if it is one."""
    first = word.parts[0]
    if first.quoted:
        return None
    name, equals, rest = first.text.partition("=")
    if "[" in name:
        return at_index(first.text, word.parts[1:])
    added = name.endswith("+")
    name = name.removesuffix("+")
    if not equals or not is_name(name):
        return None
    return Assign(name, Word([Part("text", rest), *word.parts[1:]]), added)


def at_index(text: str, parts: list[Part]) -> Assign | None:
    """`name[index]=word` or `name[index]+=word`, which begins with `text`."""
    name, _, rest = text.partition("[")
    index, behind, more = indexed([Part("text", rest), *parts])
    if not is_name(name) or not behind.startswith(("=", "+=")):
        return None
    sign, _, value = behind.partition("=")
    assign = Assign(name, Word([Part("text", value), *more]), sign == "+")
    assign.index = Word(index)
    return assign


def indexed(parts: list[Part]) -> tuple[list[Part], str, list[Part]]:
    """What stands before the bracket that closes one opened before these, the text behind it, and what comes then."""
    depth = 1
    index: list[Part] = []
    todo = list(reversed(parts))
    while todo:
        part = todo.pop()
        for place, char in enumerate(part.bare()):
            depth += (char == "[") - (char == "]")
            if not depth:
                return [*index, Part("text", part.text[:place])], part.text[place + 1 :], list(reversed(todo))
        index.append(part)
    return index, "", todo


def is_name(text: str) -> bool:
    return text.isidentifier() and text.isascii()


ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
HEX = "0123456789abcdefABCDEF"


def ansi_escape(text: str, at: int) -> tuple[str, int]:
    """What the escape at `at` (behind the backslash) stands for, and where the text goes on."""
    char = text[at : at + 1]
    if char in ESCAPES and char:
        return ESCAPES[char], at + 1
    if text.startswith("x{", at):
        raise Unreadable("an escape in braces")
    if char in ("x", "u", "U"):
        digits = taken(text, at + 1, HEX, {"x": 2, "u": 4, "U": 8}[char])
        return (character(int(digits, 16)), at + 1 + len(digits)) if digits else ("\\" + char, at + 1)
    if char and char in "01234567":
        digits = taken(text, at, "01234567", 3)
        return character(int(digits, 8) & 255), at + len(digits)
    if char == "c":
        return character(ord(text[at + 1 : at + 2] or "@") & 31), at + 2
    return (char if char in ("\\", "'", '"', "?") else "\\" + char), at + 1


def taken(text: str, at: int, allowed: str, most: int) -> str:
    end = at
    while end < len(text) and end - at < most and text[end] in allowed:
        end += 1
    return text[at:end]


def character(code: int) -> str:
    """A character by its number; what is no character, or half of one, makes the command unreadable."""
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Unreadable("an escape that is no character")
    return chr(code)


def parse(text: str, depth: int, spent: list[int]) -> Node:
    """The tree of a command `depth` deep in others. `spent`, what reading has cost, grows. Raises `Unreadable`."""
    return Parser(text, depth, spent).program()
