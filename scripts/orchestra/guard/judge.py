"""May this caller do that: one path, or all the effects of a shell command, against scope and protected places."""

from __future__ import annotations

from . import globs, paths, protect, scopes, temp, wording
from .identity import LEAD, PLANNER, READER, SCOPED, USER, Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .effects import Effects, Write

ALLOW, DENY, WARN = "allow", "deny", "warn"

# What takes names away, or makes or replaces a name and never writes through a link.
_REMOVES = frozenset(("rm", "rmdir", "unlink", "shred", "git rm", "git clean", "find -delete"))
_NAMES = _REMOVES | {"mv", "ln", "git mv", "rename"}
_CHANGES_MODES = frozenset(("chmod", "chown", "chgrp", "setfacl"))
_MAKES_FOLDERS = frozenset(("mkdir", "install -d"))
# These change only files of their own kind, so a whole folder may be theirs although the scope leaves out .git in it.
_FORMATTERS_TEXT = (
    "prettier eslint biome dprint stylelint standard xo black ruff isort autopep8 yapf autoflake pyupgrade gofmt "
    "goimports rustfmt rubocop standardrb php-cs-fixer clang-format shfmt terraform buf ktlint swiftformat "
    "scalafmt mix dart deno markdownlint taplo djlint sqlfluff"
)
_FORMATTERS = frozenset(_FORMATTERS_TEXT.split())
# Removed and made again by builds; the second kind only where git ignores them.
_GENERATED_TEXT = (
    "node_modules __pycache__ .pytest_cache .mypy_cache .ruff_cache .hypothesis .tox .nox .coverage htmlcov "
    ".nyc_output .eslintcache .parcel-cache .turbo .next .nuxt .svelte-kit .gradle .cache"
)
_GENERATED = frozenset(_GENERATED_TEXT.split())
_PERHAPS_GENERATED_TEXT = "dist build out target coverage .venv venv tmp log logs"
_GENERATED_ENDS = (".pyc", ".pyo", ".class", ".o", ".DS_Store")
_PERHAPS_GENERATED = frozenset(_PERHAPS_GENERATED_TEXT.split())

_VERBS_OF_AGENTS_TEXT = "brief report status next scope log validate how"
_VERBS_OF_AGENTS = frozenset(_VERBS_OF_AGENTS_TEXT.split())
_VERBS = {SCOPED: _VERBS_OF_AGENTS, READER: _VERBS_OF_AGENTS}


class Verdict:
    """`decision`, the class and reason of a denial or warning, what it is about, and the rule that decided."""

    __slots__ = ("decision", "kind", "path", "reason", "rule")

    def __init__(self, decision: str, kind: str = "", reason: str = "", path: str = "", rule: str = "") -> None:
        self.decision, self.kind, self.reason, self.path, self.rule = decision, kind, reason, path, rule


class Bounds:
    """A caller and the places around it."""

    __slots__ = ("caller", "cwd", "home", "is_user", "lower", "off", "protection", "root", "scratch", "warns")

    def __init__(self, caller: Caller, cwd: str, home: str, protection: protect.Protection, scratch: temp.Temp) -> None:
        self.caller, self.cwd, self.home = caller, cwd, home
        self.protection, self.scratch = protection, scratch
        self.root = _real(caller.scope.root)
        self.lower = paths.ignores_case(self.root)
        self.is_user = caller.kind == USER
        self.off = caller.scope.enforcement == scopes.OFF
        self.warns = caller.scope.enforcement == scopes.WARN


def _real(root: str) -> str:
    try:
        return paths.real(root)
    except paths.Unclear:
        return "/\0"  # no path is below it


def bounds(caller: Caller, cwd: str, env: dict[str, str], plugin: str, data: str) -> Bounds:
    """The bounds of `caller` for a call made in `cwd`; `env` are the variables the client gave the hook."""
    home = env.get("HOME", "")
    named = (caller.scope.root, caller.project, env.get("ORCHESTRA_PROJECT", ""), env.get("CLAUDE_PROJECT_DIR", ""))
    roots = list(dict.fromkeys(_real(one) for one in named if one.startswith("/")))
    tmpdir = env.get("TMPDIR", "")
    around = [one for one in (caller.scope.root, caller.project, tmpdir) if one.startswith("/")]
    around = list(dict.fromkeys([*around, *(_real(one) for one in around)]))
    protection = protect.Protection(home, plugin, data, around, [caller.scope.file] if caller.scope.file else [])
    return Bounds(caller, cwd, home, protection, temp.of(tmpdir, home, roots))


def path(bounds: Bounds, given: str, *, how: str = "", tree: bool = False, shell: bool = False) -> Verdict:
    """May `given` be written? `how` names the shell's way, `tree` says that all below it is written."""
    if paths.is_device(paths.tidy(given) if given.startswith("/") else given, shell=shell):
        return Verdict(ALLOW, rule="a device, not a file")
    try:
        place = paths.place(given, bounds.cwd, bounds.home)
        targets = _targets(place, how, shell)
    except paths.Unclear as error:
        return _unclear(bounds, given, str(error))
    return _protected(bounds, place, targets, how, tree) or _scoped(bounds, place, targets, how, tree)


def _targets(place: paths.Place, how: str, shell: bool) -> list[str]:
    """The entries that may be changed: a shell's program may write through a link or replace it."""
    if how in _NAMES:
        return [paths.entry(place.lexical)]
    return [*place.reals, paths.entry(place.lexical)] if shell else place.reals


def _unclear(bounds: Bounds, given: str, why: str) -> Verdict:
    if bounds.is_user or bounds.off:
        return Verdict(ALLOW, rule="the user's own session")
    return Verdict(DENY, "unclear", wording.unclear(given, why), given, "a target that cannot be established")


def _protected(bounds: Bounds, place: paths.Place, targets: list[str], how: str, tree: bool) -> Verdict | None:
    whole = tree and not _formats(how) and (not bounds.is_user or how in _NAMES)
    for one in dict.fromkeys((place.lexical, *targets)):
        owner, said = bounds.protection.owner(one), "is"
        if whole and not owner:
            owner, said = bounds.protection.held(one), "holds"
        if owner:
            reason = wording.protected(place.given, said, owner)
            return Verdict(DENY, "protected", reason, one, f"nobody writes {owner}")
    return None


def _formats(how: str) -> bool:
    return how.partition(" ")[0] in _FORMATTERS


def _scoped(bounds: Bounds, place: paths.Place, targets: list[str], how: str, tree: bool) -> Verdict:
    if bounds.is_user:
        return Verdict(ALLOW, rule="the user's own session")
    if bounds.scratch.holds(place, into=tree and how not in _NAMES and how not in _CHANGES_MODES):
        return Verdict(ALLOW, rule="a temp file")
    if bounds.off:
        return Verdict(ALLOW, rule="enforcement: off")
    for one in targets:
        why = _outside(bounds, one, how, tree)
        if why:
            return _refused(bounds, place.given, one, why, destroys=tree and how in _REMOVES)
    return Verdict(ALLOW, rule=_allowing(bounds, targets[0]))


def _refused(bounds: Bounds, given: str, target: str, why: str, *, destroys: bool) -> Verdict:
    caller = bounds.caller
    reason = caller.why or wording.outside(_shown(bounds, given, target), why, caller.kind, caller.scope.write)
    decision = WARN if bounds.warns and not destroys else DENY
    return Verdict(decision, "scope", reason, target, _deciding(bounds, target, why))


def _shown(bounds: Bounds, given: str, target: str) -> str:
    if target == bounds.root:
        return "the whole work tree"
    return paths.below(target, bounds.root) if paths.under(target, bounds.root) else given


def _rule(bounds: Bounds, target: str) -> str:
    """The glob that decides about `target`; `""` when none does, or when it takes too long to tell which."""
    try:
        return globs.rule(*_comparable(bounds, target))
    except globs.TooComplex:
        return ""


def _allowing(bounds: Bounds, target: str) -> str:
    return _rule(bounds, target) or "the scope"


def _deciding(bounds: Bounds, target: str, why: str) -> str:
    rule = _rule(bounds, target) if paths.under(target, bounds.root) else ""
    return rule or why


def _comparable(bounds: Bounds, target: str) -> tuple[str, list[str]]:
    """What globs are asked about: the name below the root, in one case where the file system ignores it."""
    name, write = paths.below(target, bounds.root), bounds.caller.scope.write
    return (name.casefold(), [one.casefold() for one in write]) if bounds.lower else (name, write)


def _outside(bounds: Bounds, target: str, how: str, tree: bool) -> str:
    """Why `target` may not be written, `""` when it may."""
    if not paths.under(target, bounds.root):
        return "outside the work tree"
    other = paths.stranger(target, bounds.root)
    if other:
        return "in another repository"
    if how in _REMOVES and _is_generated(bounds, target):
        return ""
    try:
        inside = _inside(bounds, target, how, tree)
    except globs.TooComplex:
        return "too complex to compare"
    if inside and how not in _NAMES and paths.has_other_names(target):
        return "a hard link to another file"
    return "" if inside else "outside the scope"


def _inside(bounds: Bounds, target: str, how: str, tree: bool) -> bool:
    name, write = _comparable(bounds, target)
    directory = paths.is_directory(target)
    if how in _MAKES_FOLDERS:
        return not name or globs.reaches(name, write)
    if not tree:
        return globs.matches(name, write) or bool(how and directory and globs.covers(name, write))
    if directory:
        return globs.covers(name, write, spared=_formats(how))
    return globs.matches(name, write)


def _is_generated(bounds: Bounds, target: str) -> bool:
    parts = paths.below(target, bounds.root).split("/")
    if not _GENERATED.isdisjoint(parts) or parts[-1].endswith(_GENERATED_ENDS):
        return True
    return not _PERHAPS_GENERATED.isdisjoint(parts) and _is_ignored(bounds.root, parts)


def _is_ignored(root: str, parts: list[str]) -> bool:
    from . import disk

    try:
        lines = disk.read(f"{root}/.gitignore").decode("utf-8", "replace").split("\n")
    except OSError:
        return False
    ignored = {line.strip().strip("/") for line in lines}
    return any(part in _PERHAPS_GENERATED and part in ignored for part in parts)


def worst(verdicts: list[Verdict]) -> Verdict:
    """The first denial, else the first warning, else an allowance."""
    for decision in (DENY, WARN):
        for one in verdicts:
            if one.decision == decision:
                return one
    return verdicts[0] if verdicts else Verdict(ALLOW, rule="nothing is written")


def shell(bounds: Bounds, command: str, found: Effects) -> tuple[Verdict, list[str]]:
    """May the command be run? Also what was let through without being known, for the record."""
    verdicts = [_write(bounds, one) for one in found.writes]
    if bounds.is_user:
        return worst(verdicts), []
    if not bounds.off:
        verdicts = [*_forbidden(bounds, command, found, worst(verdicts)), *verdicts, *_hidden(bounds, found)]
    verdict = worst(verdicts)
    return verdict, [] if verdict.decision == DENY else [one for one in found.unknown if one.startswith("runs:")]


def _write(bounds: Bounds, write: Write) -> Verdict:
    return path(bounds, write.path, how=write.how, tree=write.tree, shell=True)


def _forbidden(bounds: Bounds, command: str, found: Effects, writes: Verdict) -> list[Verdict]:
    """What is refused whatever the scope."""
    verdicts = [Verdict(DENY, "destructive", wording.destructive(one), rule=one) for one in found.denied]
    for text in bounds.caller.scope.blocked:
        if _is_blocked(text, command, found, known=writes.decision == ALLOW and not _hidden_reasons(found)):
            verdicts.append(Verdict(DENY, "blocked", wording.blocked(text), rule=f"blocked_commands: {text}"))
    for argv in found.runs:
        verb = verb_of(argv)
        if verb and verb not in _VERBS.get(bounds.caller.kind, (verb,)):
            verdicts.append(Verdict(DENY, "verb", wording.verb(verb), rule="the verbs that agents may run"))
    return verdicts


def _hidden_reasons(found: Effects) -> list[str]:
    return [one for one in found.unknown if not one.startswith("runs:")]


def _hidden(bounds: Bounds, found: Effects) -> list[Verdict]:
    """What cannot be known: refused when it was hidden, or when nothing compares the tree afterwards."""
    caller = bounds.caller
    decision = WARN if bounds.warns else DENY
    verdicts = [
        Verdict(decision, "hidden", wording.hidden(_plain(one)), rule="what is written must be known")
        for one in _hidden_reasons(found)
    ]
    if caller.kind in (READER, LEAD, PLANNER):
        verdicts += [
            Verdict(DENY, "runs", caller.why or wording.runs(_plain(one), caller.kind), rule="only reading commands")
            for one in found.unknown
            if one.startswith("runs:")
        ]
    return verdicts


def _plain(reason: str) -> str:
    return reason.partition(": ")[2]


# Their effect says all there is to say about them, so a blocked text that names one stands for its harm.
_BY_EFFECT_TEXT = "rm rmdir unlink mv cp ln chmod chown truncate touch mkdir tee dd find sed"
_BY_EFFECT = frozenset(_BY_EFFECT_TEXT.split())
# What a shell takes away from the words.
_UNQUOTED = str.maketrans("", "", "\"'\\")


def _is_blocked(text: str, command: str, found: Effects, *, known: bool) -> bool:
    """Whether `text` is in the command: as a program with these words, or anywhere in what a program is given.

    `known` says that all writes are inside the scope: then text that no unknown program sees does no harm.
    """
    wanted, spared = text.lower().split(), 0
    if not wanted:
        return False
    for argv in found.runs:
        if _is_call(wanted, [argv[0].rpartition("/")[2], *argv[1:]]):
            if not (known and wanted[0] in _BY_EFFECT):
                return True
            spared += 1
    if known and not found.unknown and not found.denied:
        return False
    return _occurs(" ".join(wanted), command, found.runs) > spared


def _is_call(wanted: list[str], argv: list[str]) -> bool:
    """Whether `argv` is a call of the wanted program: its words in order, its options anywhere and in any bundle."""
    words = [word.lower() for word in argv]
    if not words or words[0] != wanted[0]:
        return False
    options = [word for word in words[1:] if word.startswith("-")]
    rest = iter(word for word in words[1:] if not word.startswith("-"))
    return all(
        _has_option(one, options) if one.startswith("-") and one.strip("-") else one == "--" or one in rest
        for one in wanted[1:]
    )


def _has_option(wanted: str, options: list[str]) -> bool:
    if wanted.startswith("--"):
        return any(one.partition("=")[0] == wanted for one in options)
    letters = {letter for one in options if not one.startswith("--") for letter in one[1:]}
    return wanted in options or letters.issuperset(wanted[1:])


def _occurs(wanted: str, command: str, runs: list[list[str]]) -> int:
    """How often the text occurs, as it is written or as the words that result, blanks and quotes made plain."""
    bare = command.lower().translate(_UNQUOTED)
    written = " ".join(bare.split()).count(wanted)
    meant = sum(" ".join(" ".join(argv).lower().split()).count(wanted) for argv in runs)
    return max(written, meant)


def verb_of(argv: list[str]) -> str:
    """The verb of a call of `orchestra`, `""` for other programs and calls without one."""
    return (orchestra_words(argv) or [""])[0]


def orchestra_words(argv: list[str]) -> list[str]:
    """The words of a call of `orchestra` from its verb on; none for another program."""
    if not argv or argv[0].rpartition("/")[2] != "orchestra":
        return []
    words = argv[1:]
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] == "-C" else words[1:]
    return words
