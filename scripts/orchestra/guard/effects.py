"""What a shell command writes: `effects` walks its tree, following every state the shell may be in."""

from __future__ import annotations

from . import builtin, marks, programs, targets
from .expand import Expander, alternatives, joined
from .grammar import Assign, Node, Redirect, Unreadable, Word, as_assign, parse
from .marks import DEVICE, SEGMENT, UNKNOWN
from .state import State, blurred, merged
from .tables import CODE_VARIABLES, LOADING_VARIABLES, WRITING_VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

MOST_STEPS = 1_500
LONGEST_VALUE = 100_000
DEEPEST_CALL = 12
MOST_ROUNDS = 200
MOST_TURNS = 30

DECLARING = marks.words("declare typeset local export readonly")
EXECUTING = marks.words("exec command builtin")
# What is set in front of these lasts in every shell but bash.
SPECIAL = marks.words(": . eval exec export readonly return set shift times trap unset break continue")
# The shell takes what these are given for arithmetic.
NUMBERS = marks.words("RANDOM SRANDOM SECONDS LINENO OPTIND HISTCMD BASHPID")
# Their operands are arithmetic in `[[ … ]]`.
COMPARING = marks.words("-eq -ne -lt -le -gt -ge")

Ends = tuple[list[State], list[State]]
"""The states after success and after failure."""


class Env:
    """What is known of the caller's surroundings. `variables` are known exactly; all others can hold anything.

    `exists` answers 0 missing, 1 file, 2 directory, 3 other for an absolute path; `listing` names a directory's
    entries and may raise OSError.
    """

    __slots__ = ("exists", "home", "listing", "tmpdir", "variables")

    def __init__(
        self,
        home: str,
        tmpdir: str,
        variables: dict[str, str],
        exists: Callable[[str], int],
        listing: Callable[[str], list[str]],
    ) -> None:
        self.home = home
        self.tmpdir = tmpdir
        self.variables = variables
        self.exists = exists
        self.listing = listing


class Write:
    """One path that is or may be written, made, removed or renamed; with `tree` all below it.

    The path is absolute and may have `..` in it, which only a look at the disk can resolve. `mkdir -p` may make
    the directories above, too.
    """

    __slots__ = ("how", "path", "tree")

    def __init__(self, path: str, how: str, tree: bool) -> None:
        self.path = path
        self.how = how
        self.tree = tree

    def __repr__(self) -> str:
        return f"Write({self.path!r}, {self.how!r}, {self.tree})"


class Effects:
    """What a command does. Reasons in `unknown` start with `runs: ` (an ordinary program that may write) or
    `hidden: ` (its target or its code is computed)."""

    __slots__ = ("denied", "runs", "unknown", "writes")

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.unknown: list[str] = []
        self.denied: list[str] = []
        self.runs: list[list[str]] = []

    @property
    def reads_only(self) -> bool:
        """Nothing written, nothing unknown, nothing forbidden."""
        return not (self.writes or self.unknown or self.denied)


def effects(command: str, cwd: str, env: Env) -> Effects:
    """What `command` may do when a shell runs it in `cwd`. Never raises: what cannot be read is `hidden`."""
    walker = Walker(cwd, env)
    if marks.strange(command):
        walker.hide("characters that no command can have")
        return walker.result
    try:
        walker.whole(command, State(cwd))
    except Unreadable as error:
        walker.hide(str(error))
    except RecursionError:
        walker.hide("the command is nested too deeply")
    return walker.result


class Walker:
    """Follows commands. Collects effects in `result`; `sink` holds the output of the commands being captured."""

    def __init__(self, cwd: str, env: Env) -> None:
        self.env = env
        self.top = cwd
        self.result = Effects()
        self.expander = Expander(env.variables, self.capture, self.aside)
        self.places = targets.Places(env, cwd)
        self.sink: list[str] | None = None
        self.stdin: str | None = ""
        self.taken = False
        self.beside = ""
        self.files: dict[str, list[str]] = {}
        self.traps: list[str] = []
        self.leaving: list[State] = []
        self.returning: list[list[State]] = []
        self.locals: list[list[str]] = []
        self.broken: list[State] = []
        self.steps = 0
        self.spent = [0]
        self.level = 0
        self.seen: set[tuple[str, bool]] = set()

    # -- what is found -------------------------------------------------------------------------------------------

    def hide(self, why: str) -> None:
        """Something about the command is computed or not understood."""
        self.remark("hidden: " + why)

    def runs(self, why: str) -> None:
        """An ordinary program runs that may write files."""
        self.remark("runs: " + why)

    def remark(self, text: str) -> None:
        if text not in self.result.unknown:
            self.result.unknown.append(text)

    def deny(self, why: str) -> None:
        """Forbidden wherever it would happen."""
        if why not in self.result.denied:
            self.result.denied.append(why)

    def write(self, field: str, state: State, how: str, tree: bool = False) -> list[str]:
        """Records that the file(s) a field names are written; gives back their paths."""
        found = self.places.of(field, state)
        if found is None:
            self.hide(f"{how} to a computed path")
            return []
        for path, whole in found:
            self.put(path, how, tree or whole, whole)
        return [path for path, _ in found]

    def put(self, path: str, how: str, tree: bool, inside: bool = False) -> None:
        """Records a write of an absolute path, and of what a link made by this command leads it to; with `inside` what
        is in it is meant and not the link itself."""
        self.places.touched.add(path)
        if (path, tree) not in self.seen:
            self.seen.add((path, tree))
            self.result.writes.append(Write(path, how, tree))
        for other in self.places.behind_links(path, "" if inside else how, tree):
            if other is None:
                self.hide(f"{how} through a link to a computed path")
            elif (other, tree) not in self.seen:
                self.put(other, how, tree)

    def emit(self, text: str) -> None:
        """Output of a command."""
        if self.sink is not None:
            self.sink.append(text)

    # -- running things ------------------------------------------------------------------------------------------

    def whole(self, command: str, state: State) -> None:
        """A command from beginning to end, with what its traps do."""
        ok, bad = self.node(parse(command, 0, self.spent), state)
        ends = merged([*ok, *bad, *self.leaving])
        for text in self.traps:
            for end in ends:
                self.child(text, end)

    def child(self, text: str, state: State, args: list[str] | None = None) -> Ends:
        """Shell text run by another shell, or one that does not last: its state is lost."""
        # It is not in the function that starts it, and so cannot return from it.
        kept, self.returning = self.returning, []
        self.text(text, state, args)
        self.returning = kept
        return [state], [state]

    def text(self, text: str, state: State, args: list[str] | None = None) -> Ends:
        """Shell text run in this very state."""
        if not marks.known(text):
            self.hide("runs computed shell code")
            return [state], [state]
        self.deeper()
        inner = state
        if args is not None:
            inner = state.copy()
            inner.args = args
        ends = self.node(parse(marks.plain(text), self.level, self.spent), inner)
        self.level -= 1
        return ends

    def deeper(self) -> None:
        self.level += 1
        if self.level > DEEPEST_CALL:
            raise Unreadable("calls itself too deeply")

    def node(self, node: Node, state: State) -> Ends:
        """One command of any kind."""
        walk = WALKS[node.kind]
        if node.kind == "simple" or not node.redirects:
            return walk(self, node, state)
        kept = self.stdin
        inner = state.copy()
        files = self.redirects(node.redirects, inner)
        ends: list[Ends] = []
        text = self.captured(lambda: ends.append(walk(self, node, inner)), files is not None)
        if files is not None:
            self.keep(files, text)
        self.back(kept)
        return ends.pop()

    def back(self, stdin: str | None) -> None:
        """What a command reads ends with it, unless `exec` gave it to the shell itself."""
        self.stdin = None if self.taken else stdin

    def captured(self, run: Callable[[], None], wanted: bool = True) -> str:
        """The output of what `run` runs; only when wanted, else it goes where all output goes."""
        if not wanted:
            run()
            return ""
        outer, self.sink = self.sink, []
        run()
        text = "".join(self.sink)
        self.sink = outer
        return text

    def capture(self, node: Node, state: State) -> str:
        """The output of a command substitution."""
        inner = state.copy()
        return self.captured(lambda: self.subshell_(node, inner))

    def aside(self, node: Node, state: State) -> None:
        """A process substitution: its output is what reads it later finds."""
        kept, self.stdin = self.stdin, None
        self.beside = self.capture(node, state)
        self.back(kept)

    def keep(self, paths: list[str], text: str) -> None:
        """Remembers what was written, in case the same command runs it."""
        if marks.known(text) and len(text) < 100_000:
            for path in paths:
                self.files.setdefault(path, []).append(text)

    def doubt(self, before: int) -> None:
        """What was printed since `before` may or may not have been."""
        if self.sink is not None and "".join(self.sink[before:]):
            del self.sink[before:]
            self.sink.append(UNKNOWN)

    def mark(self) -> int:
        return len(self.sink or ())

    # -- kinds of commands ---------------------------------------------------------------------------------------

    def list_(self, node: Node, state: State) -> Ends:
        ok, bad = [state], [state]
        for item, ended in zip(node.items, node.ops, strict=True):
            states, ok, bad = merged([*ok, *bad]), [], []
            for one in states:
                ends = self.node(item, one)
                good, wrong = ([one], []) if ended == "&" else ends
                ok += good
                bad += wrong
        return merged(ok), merged(bad)

    def chain(self, node: Node, state: State) -> Ends:
        ok, bad = self.node(node.items[0], state)
        for operator, item in zip(node.ops, node.items[1:], strict=True):
            if operator == "&&":
                ok, wrong = self.link(item, ok, bad)
                bad = merged([*bad, *wrong])
            else:
                good, bad = self.link(item, bad, ok)
                ok = merged([*ok, *good])
        return ok, bad

    def link(self, item: Node, start: list[State], other: list[State]) -> Ends:
        """`… && item` or `… || item`. What cannot happen is still looked at: a command may fail unforeseen."""
        before = self.mark()
        good: list[State] = []
        wrong: list[State] = []
        for one in merged(start or other):
            more, less = self.node(item, one)
            good += more
            wrong += less
        if other:
            self.doubt(before)
        return (merged(good), merged(wrong)) if start else ([], [])

    def pipe(self, node: Node, state: State) -> Ends:
        kept = self.stdin
        for item in node.items[:-1]:
            text = self.capture(item, state)
            self.stdin = None if UNKNOWN in text else text
        states = self.both(node.items[-1], state.copy())
        self.back(kept)
        # zsh, and bash when asked to, run the last command of a pipeline in the shell itself.
        states = merged([state, *states]) if node.items[1:] else states
        return states, states

    def both(self, node: Node, state: State) -> list[State]:
        ok, bad = self.node(node, state)
        return merged([*ok, *bad])

    def group(self, node: Node, state: State) -> Ends:
        (body,) = node.items
        return self.node(body, state)

    def subshell(self, node: Node, state: State) -> Ends:
        (body,) = node.items
        self.subshell_(body, state.copy())
        if node.text:
            state = state.copy()
            state.variables.update(dict.fromkeys((node.text, node.text + "_PID"), UNKNOWN))
        return [state], [state]

    def subshell_(self, node: Node, inner: State) -> None:
        kept = self.broken, self.leaving
        self.leaving = []
        ends = self.both(node, inner)
        if self.traps:
            kept[1].extend([*ends, *self.leaving])
        self.broken, self.leaving = kept

    def conditional(self, node: Node, state: State) -> Ends:
        states, ends = [state], list[State]()
        items = list(node.items)
        before = self.mark()
        while len(items) > 1:
            ok, bad = self.several(items.pop(0), states)
            ends += self.after(items.pop(0), ok or bad)
            states = bad or ok
        ends += self.after(items.pop(), states) if items else states
        self.doubt(before)
        return merged(ends), merged(ends)

    def several(self, node: Node, states: list[State]) -> Ends:
        ok: list[State] = []
        bad: list[State] = []
        for one in merged(states):
            good, wrong = self.node(node, one)
            ok += good
            bad += wrong
        return merged(ok), merged(bad)

    def after(self, node: Node, states: list[State]) -> list[State]:
        ok, bad = self.several(node, states)
        return merged([*ok, *bad])

    def loop(self, node: Node, state: State) -> Ends:
        """Goes round until nothing new is learned; what still changes then is not known."""
        before = self.mark()
        outer, self.broken = self.broken, []
        states = [state]
        for number in range(MOST_TURNS):
            ok, bad = self.several(node.items[0], states)
            more = merged([*states, *bad, *self.after(node.items[1], ok or bad), *self.broken])
            more = more if number < 2 else [blurred(more)]
            settled = [one.facts() for one in more] == [one.facts() for one in states]
            states = more
            if settled:
                break
        else:
            raise Unreadable("a loop that does not settle")
        self.broken = outer
        self.doubt(before)
        return states, states

    def each(self, node: Node, state: State) -> Ends:
        inner = state.copy()
        values = list(inner.args or [UNKNOWN]) if node.ops else self.expander.all(node.words, inner)
        values = [name for field in values for name in self.places.names(field, inner)]
        if len(values) > MOST_ROUNDS or not all(marks.known(one) for one in values):
            inner.variables[node.text] = UNKNOWN if values[1:] else values[0]
            return self.loop(Node("loop", [Node("list"), *node.items]), inner)
        before = self.mark()
        outer, self.broken = self.broken, []
        states = [inner]
        (body,) = node.items
        for value in values:
            starts = [one.copy() for one in states]
            for one in starts:
                one.variables[node.text] = value
            states = self.after(body, starts)
        if self.broken:
            self.doubt(before)
        states = merged([*states, *self.broken])
        self.broken = outer
        return states, states

    def select(self, node: Node, state: State) -> Ends:
        """A loop over what somebody types, of which nothing is known."""
        inner = state.copy()
        self.expander.all(node.words, inner)
        inner.variables.update(dict.fromkeys((node.text, "REPLY"), UNKNOWN))
        return self.loop(Node("loop", [Node("list"), *node.items]), inner)

    def choice(self, node: Node, state: State) -> Ends:
        inner = state.copy()
        (word,) = node.words
        self.expander.one(word, inner)
        before = self.mark()
        ends = [inner]
        for patterns, item in zip(node.cases, node.items, strict=True):
            for pattern in patterns:
                self.expander.pattern(pattern, inner)
            # `;&` goes on with the next branch from where this one ends.
            ends = merged([*ends, *self.after(item, ends)])
        self.doubt(before)
        return ends, ends

    def function(self, node: Node, state: State) -> Ends:
        other = state.copy()
        (body,) = node.items
        other.functions = {**state.functions, node.text: body}
        return [other], [other]

    def math(self, node: Node, state: State) -> Ends:
        inner = state.copy()
        (word,) = node.words
        self.expander.arithmetic(word, inner)
        return [inner], [inner]

    def test(self, node: Node, state: State) -> Ends:
        inner = state.copy()
        texts = [self.expander.one(word, inner) for word in node.words]
        for before, one, behind in zip(["", *texts], texts, [*texts[1:], ""], strict=False):
            if one in ("-v", "-R", "-t"):
                self.expander.item(behind, inner)
            if one in COMPARING:
                self.expander.calculate(f"{before} {behind}", inner)
        return [inner], [inner]

    # -- simple commands -----------------------------------------------------------------------------------------

    def simple(self, node: Node, state: State) -> Ends:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Unreadable("the command is too long to follow")
        inner = state.copy()
        kept = self.stdin
        argv = self.words(node.words, inner)
        files = self.redirects(node.redirects, inner)
        # `declare a=(…)` lasts; only what stands in front of a command ends with it.
        declares = argv and argv[0] in DECLARING
        passing = [one for one in node.assigns if one.items is None or not declares]
        before = {one.name: inner.variables.get(one.name) for one in passing}
        self.assign(node.assigns, inner)
        if not argv:
            self.back(kept)
            return [inner], [inner]
        inner.exported |= frozenset(before)
        if declares and self.locals:
            self.locals[-1] += [one.name for one in node.assigns if one.items is not None]
        self.taken = self.taken or (argv[0] in EXECUTING and any(one.reads() for one in node.redirects))
        ends: list[Ends] = []
        text = self.captured(lambda: ends.append(self.command(argv, inner)), files is not None)
        if files is not None:
            self.keep(files, text)
        self.back(kept)
        ok, bad = ends.pop()
        if any(one.target.parts for one in node.redirects):
            bad = merged([*bad, inner])  # a redirection that fails keeps the command from running
        for_it = frozenset(before) - state.exported
        good, wrong = [restored(one, before, for_it) for one in ok], [restored(one, before, for_it) for one in bad]
        if self.expander.posix and argv[0] in SPECIAL:
            return merged([*good, *ok]), merged([*wrong, *bad])
        return good, wrong

    def words(self, words: list[Word], state: State) -> list[str]:
        """The fields of a command. What looks like an assignment behind `export` and its like is not split."""
        if not words or words[0].bare() not in DECLARING:
            return self.expander.all(words, state)
        assigns = [as_assign(word) if word.parts else None for word in words]
        if self.expander.posix:
            if any(one and one.word.parts[0].text.startswith("~") for one in assigns):
                raise Unreadable("a home directory, which not every sh reads alike")
            return self.expander.all(words, state)
        found: list[str] = []
        for word, assign in zip(words, assigns, strict=True):
            if assign is None:
                found += self.expander.fields(word, state)
            else:
                # Braces come before everything else, here too: the last of the alternatives is the value.
                others = alternatives(word)
                if others[1:] and "~" in word.parts[0].text:
                    raise Unreadable("a home directory, which bash does not see behind braces")
                found += [self.declared(one, as_assign(one) or assign, state) for one in others]
        return found

    def declared(self, word: Word, assign: Assign, state: State) -> str:
        """The field of an assignment behind `export` and its like: a home directory may begin its value."""
        if "~" not in assign.word.parts[0].text:
            return self.expander.one(word, state)
        before = word.parts[0].text.partition("=")[0]
        return f"{before}={self.valued(assign.word, state)}"

    def valued(self, word: Word, state: State) -> str:
        """The value that an assignment gives. Behind a colon another home directory may begin."""
        text = self.expander.one(word, state)
        return UNKNOWN if "~" in word.parts[0].text and ":" in text else text

    def command(self, argv: list[str], state: State) -> Ends:
        """A simple command whose words are expanded. Its name is looked up as the shell does it."""
        name = argv[0]
        if marks.is_wild(name):
            name = " ".join(self.places.names(name, state))
            argv = [name, *argv[1:]]
        if not marks.known(name):
            self.hide("runs a computed command")
            self.emit(UNKNOWN)
            return [state], [state]
        if name in state.functions:
            return self.call(state.functions[name], argv[1:], state)
        ok, bad = self.dispatch(argv, state)
        if name in state.aliases:
            # Whether aliases are followed depends on the shell, and on the line that this stands in.
            more, less = self.alias(state.aliases[name], argv[1:], state)
            return merged([*ok, *more]), merged([*bad, *less])
        return ok, bad

    def dispatch(self, argv: list[str], state: State) -> Ends:
        """A builtin or a program; functions and aliases are not looked at."""
        name = argv[0]
        self.ran(argv)
        known = builtin.COMMANDS.get(name)
        if known is not None:
            return known(self, name, argv[1:], state)
        programs.run(self, argv, state)
        return [state], [state]

    def ran(self, argv: list[str]) -> None:
        """Notes a command line of which all is known."""
        if all(marks.known(one) for one in argv):
            self.result.runs.append([marks.plain(one) for one in argv])

    def program(self, argv: list[str], state: State) -> None:
        """A program that another program starts: no builtins, functions or aliases there."""
        if not argv or not marks.known(argv[0]):
            if argv:
                self.hide("runs a computed command")
            return
        self.deeper()
        self.ran(argv)
        programs.run(self, argv, state.copy())
        self.level -= 1

    def call(self, body: Node, args: list[str], state: State) -> Ends:
        """A function. Its local variables end with it."""
        self.deeper()
        inner = state.copy()
        inner.args = list(args)
        self.returning.append([])
        self.locals.append([])
        ok, bad = self.node(body, inner)
        states = merged([*ok, *bad, *self.returning.pop()])
        before = {name: state.variables.get(name) for name in self.locals.pop()}
        states = [restored(one, before) for one in states]
        for one in states:
            one.args = state.args
        self.level -= 1
        return merged(states), merged(states)

    def alias(self, text: str, args: list[str], state: State) -> Ends:
        if not all(marks.known(one) for one in args) or text[-1:].isspace():
            # Behind a blank at its end the next word is looked up, too.
            self.hide("an alias with computed words")
            return [state], [state]
        inner = state.copy()
        inner.aliases = {}
        return self.text(" ".join([text, *(quote(marks.plain(one)) for one in args)]), inner)

    # -- redirections and assignments ----------------------------------------------------------------------------

    def redirects(self, redirects: list[Redirect], state: State) -> list[str] | None:
        """Follows redirections. Gives the files that standard output goes to; None when it stays where it was."""
        files: list[str] | None = None
        for one in redirects:
            paths = self.redirect(one, state)
            if paths is not None and one.fd in ("", "1") and one.operator not in ("<>", "<", "<&"):
                files = paths
        return files

    def redirect(self, one: Redirect, state: State) -> list[str] | None:
        """One redirection: the paths that it writes; None when it writes none and leaves the output alone."""
        if one.fd.startswith("{"):
            state.variables[one.fd[1:-1]] = SEGMENT
        match one.operator:
            case "<<" | "<<-":
                self.given(one, self.expander.one(one.body, state))
                return None
            case "<<<":
                self.given(one, self.expander.one(one.target, state) + "\n")
                return None
        fields = self.expander.fields(one.target, state)
        whole = fields[0] if len(fields) == 1 else self.expander.one(one.target, state)
        match one.operator:
            case "<":
                self.input(one, whole, state)
                return None
            case "<&":
                self.given(one, self.stdin if whole == "0" else None)
                return None
            case ">&" if duplicates(whole):
                return None if whole == "1" else []
            case "<>":
                self.given(one, self.content(whole, state))
        if whole == "!":
            self.hide("a redirection that shells read differently")
        return [path for field in dict.fromkeys([*fields, whole]) for path in self.write(field, state, "redirect")]

    def input(self, one: Redirect, field: str, state: State) -> None:
        """`< file`. A file opened for reading on an output's number could be written through it."""
        if one.fd in ("1", "2"):
            self.hide("a file opened for reading as an output")
        self.given(one, self.beside if field == DEVICE else self.content(field, state))

    def given(self, one: Redirect, text: str | None) -> None:
        """What comes in from now on, if that is what is redirected."""
        if one.reads():
            self.stdin = None if text is None or not marks.known(text) else text

    def content(self, field: str, state: State) -> str | None:
        """What a file holds, when this command has written it."""
        if field == "/dev/null":
            return ""
        match self.files.get(self.places.absolute(field, state) or ""):
            case [text]:
                return text
        return None

    def assign(self, assigns: list[Assign], state: State) -> None:
        for one in assigns:
            if one.index is not None:
                self.expander.arithmetic(one.index, state)
                self.expander.one(one.word, state)
                self.set(one.name, UNKNOWN, state)
            elif one.items is not None:
                values = self.expander.all(one.items, state)
                placed = [item for item in one.items if item.parts[0].text.startswith("[")]
                for item in placed:
                    self.expander.item(self.expander.one(item, state).partition("]=")[0], state)
                self.set(one.name, UNKNOWN if placed else self.listed(one, values, state), state)
            else:
                self.set(one.name, self.single(one, state), state)

    def listed(self, one: Assign, values: list[str], state: State) -> str | list[str]:
        names = [name for value in values for name in self.places.names(value, state)]
        if one.append:
            old = self.expander.value(one.name, state)
            return [*old, *names] if isinstance(old, list) else UNKNOWN
        return names

    def single(self, one: Assign, state: State) -> str:
        text = self.valued(one.word, state)
        if one.append:
            old = self.expander.value(one.name, state)
            return UNKNOWN if isinstance(old, list) else joined(old or "") + text
        return text

    def set(self, name: str, value: str | list[str], state: State) -> None:
        """Gives a variable its value, and follows what some variables do."""
        if name + "!" in state.exported:
            return  # it was declared readonly
        text = joined(value)
        if name in NUMBERS or name + "#" in state.exported:
            self.expander.calculate(text, state)
            text = value = UNKNOWN
        if name == "POSIXLY_CORRECT":
            self.hide("a variable that changes what commands mean")
        if name == "DIRSTACK":
            state.stack = ()
        if len(text) > LONGEST_VALUE:
            value = text = UNKNOWN
        state.variables[name] = value
        if name in CODE_VARIABLES or name.startswith("GIT_CONFIG"):
            if text != "/dev/null":
                self.child(text, state)
        elif name in LOADING_VARIABLES:
            self.runs(f"changes {name}")
        elif name in WRITING_VARIABLES or (
            name.startswith("GIT_TRACE") and (text.startswith("/") or not marks.known(text))
        ):
            self.write(text, state, name, True)


def restored(state: State, before: dict[str, str | list[str] | None], exported: frozenset[str] = frozenset()) -> State:
    """The state with the variables that were set for one command put back, and its exports undone."""
    if not before:
        return state
    state = state.copy()
    state.exported -= exported
    for name, value in before.items():
        if value is None:
            state.variables.pop(name, None)
        else:
            state.variables[name] = value
    return state


def duplicates(text: str) -> bool:
    """Whether the target of `>&` is a descriptor and no file."""
    return text.rstrip("-").isdigit() or text == "-" or text == SEGMENT


def quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


WALKS: dict[str, Callable[[Walker, Node, State], Ends]] = {
    "list": Walker.list_,
    "chain": Walker.chain,
    "pipe": Walker.pipe,
    "group": Walker.group,
    "subshell": Walker.subshell,
    "if": Walker.conditional,
    "loop": Walker.loop,
    "for": Walker.each,
    "select": Walker.select,
    "case": Walker.choice,
    "function": Walker.function,
    "math": Walker.math,
    "test": Walker.test,
    "simple": Walker.simple,
}
