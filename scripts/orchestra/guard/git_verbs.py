"""git, by verb. Index and refs belong to the harness; files in the work tree are writes like any other."""

from __future__ import annotations

from . import options
from .marks import BELOW, UNKNOWN, is_wild, known, plain, short, words
from .options import Rule, read
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Walker

READING = words(
    """
        diff log show status blame annotate grep ls-files ls-tree ls-remote rev-parse rev-list cat-file
        merge-base describe shortlog name-rev show-ref for-each-ref whatchanged cherry check-ignore
        check-attr check-ref-format check-mailmap var version help count-objects fsck diff-tree diff-index
        diff-files range-diff show-branch merge-tree patch-id verify-commit verify-tag verify-pack
        get-tar-commit-id column stripspace hash-object mktree write-tree add stage fmt-merge-msg
        request-pull merge-file-view for-each-repo-list show-index unpack-file-view
        """
)
# What the harness alone does, and why the agent need not.
HARNESS = words(
    """
        commit push pull rebase merge cherry-pick revert switch am filter-branch filter-repo gc prune
        prune-packed repack replace update-ref update-index read-tree fast-import sparse-checkout
        maintenance rerere subtree svn lfs pack-refs pack-objects commit-tree commit-graph multi-pack-index
        unpack-objects index-pack mktag credential credential-store send-email imap-send daemon http-backend
        p4 cvsimport archimport annex flow hook init-db quiltimport merge-index merge-one-file
        """
)
GLOBAL_VALUES = (
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--super-prefix",
    "--config-env",
    "--attr-source",
    "--list-cmds",
)
HARMLESS_KEYS = tuple(
    words(
        """
        user. author. committer. color. advice. core.quotepath core.autocrlf core.safecrlf core.abbrev
        core.longpaths core.ignorecase core.precomposeunicode core.commentchar log. status. grep. column. i18n.
        safe. init.defaultbranch merge.conflictstyle merge.renames merge.renamelimit pull. push. commit.gpgsign
        commit.verbose tag.gpgsign gc.auto http. protocol.version diff.noprefix diff.mnemonicprefix diff.renames
        diff.renamelimit diff.algorithm diff.context diff.color diff.submodule diff.wserrorhighlight diff.colormoved
        diff.ignoresubmodules diff.relative fetch. submodule.recurse blame. feature. index. pack. rerere. stash.
        versionsort. branch.autosetupmerge apply.
        """
    )
)
COMMAND_KEYS = (
    "core.pager",
    "core.editor",
    "core.sshcommand",
    "sequence.editor",
    "pager.",
    "diff.external",
    "core.askpass",
)

REFUSED = "only the harness changes branches, commits and the stash"


def git(walker: Walker, argv: list[str], state: State) -> None:
    """One git command line, with the options in front of its verb."""
    at, inner = leading(walker, argv, state)
    if at >= len(argv):
        return
    verb, args = argv[at], argv[at + 1 :]
    if not known(verb):
        walker.hide("git with a computed verb")
        return
    if any("ext::" in one for one in args):
        walker.hide("git with a transport that runs commands")
    if elsewhere(walker, inner):
        walker.runs("git in a temp directory, whose settings can be commands")
    outputs(walker, verb, args, inner)
    if verb in VERBS:
        VERBS[verb](walker, verb, args, inner)
    elif verb in HARNESS:
        refuse(walker, verb)
    elif verb not in READING:
        walker.hide(f"git {short(verb)} may be an alias")


def elsewhere(walker: Walker, state: State) -> bool:
    """Whether git looks for its repository where callers may have made one."""
    place = f"{state.cwd or ''}/"
    return not place.startswith(f"{walker.top}/") and any(place.startswith(f"{one}/") for one in walker.places.roots)


def refuse(walker: Walker, verb: str) -> None:
    walker.deny(f"git {verb}: {REFUSED}")


def leading(walker: Walker, argv: list[str], state: State) -> tuple[int, State]:
    """Where the verb stands, and the state it runs in: -C and --work-tree change the directory."""
    at, inner = 1, state
    tree = walker.expander.value("GIT_WORK_TREE", state) if "GIT_WORK_TREE" in state.variables else None
    if "GIT_DIR" in state.variables or "GIT_INDEX_FILE" in state.variables:
        walker.runs("git with another repository")
    while at < len(argv) and argv[at].startswith("-"):
        name, equals, value = argv[at].partition("=")
        takes = name in ("-C", "-c") or (name in GLOBAL_VALUES and not equals)
        value = [*argv, ""][at + 1] if takes else value
        at += 2 if takes else 1
        if name == "-C":
            inner = moved(walker, value, inner)
        elif name in ("-c", "--config-env"):
            setting(walker, value, inner)
        elif name == "--work-tree":
            tree = value
        elif name == "--git-dir":
            walker.runs("git with another repository")
        elif name == "--exec-path" and equals:
            walker.hide("git with other programs")
    if isinstance(tree, str):
        inner = moved(walker, tree, inner)
    return at, inner


def moved(walker: Walker, folder: str, state: State) -> State:
    return state.moved(walker.places.absolute(folder, state) if known(folder) and not is_wild(folder) else None)


def setting(walker: Walker, text: str, state: State) -> None:
    """`-c key=value`: some keys are commands."""
    key, _, value = plain(text).partition("=")
    key = key.lower()
    if key.startswith("alias.") and not value.startswith("!"):
        walker.hide("git with an alias")
    elif key.startswith("alias.") or key.startswith(COMMAND_KEYS):
        walker.child(value.lstrip("!"), state)
    elif not key.startswith(HARMLESS_KEYS) or "cookie" in key:
        walker.hide(f"git -c {short(key)}")


# Verbs that talk to another git, whose program an option can name.
REMOTE = words("fetch ls-remote archive fetch-pack clone")
OTHER_PROGRAMS = ("--upload-pack", "--receive-pack", "--exec")
GREP_FLAGS = "ivwxahHEGPFnlLzoqcprIW0123456789"


def outputs(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """Options of reading verbs that write a file or run a program."""
    for at, one in enumerate(args):
        name, equals, value = one.partition("=")
        if one == "--":
            break
        if len(name) > 3 and "--output".startswith(name) and verb not in ("checkout", "restore", "add"):
            walker.write(value if equals else [*args, ""][at + 1], state, f"git {verb} --output")
        elif verb in REMOTE and name.startswith("--") and any(option.startswith(name) for option in OTHER_PROGRAMS):
            walker.hide(f"git {verb} with another program")
        elif verb == "grep":
            walker.child(pager(one), state)
        elif name == "--ext-diff":
            walker.runs("git with an external diff")


def pager(option: str) -> str:
    """The program that an option of `git grep` starts, if one does."""
    name, _, value = option.partition("=")
    if len(name) > 3 and "--open-files-in-pager".startswith(name):
        return value
    flags, _, value = option.partition("O")
    return value if option.startswith("-") and not flags[1:].strip(GREP_FLAGS) else ""


def split(args: list[str]) -> tuple[list[str], list[str], list[str] | None]:
    """Options, operands, and what stands behind `--` (None without one)."""
    behind = args[args.index("--") + 1 :] if "--" in args else None
    args = args[: args.index("--")] if "--" in args else args
    flags = [one for one in args if one.startswith("-") and one[1:]]
    return flags, [one for one in args if one not in flags], behind


def only(flags: list[str], *names: str) -> bool:
    """The same, for options that keep a verb from writing: another one may take them back."""
    return has(flags, *names) and not any(flag.startswith("--no-") for flag in flags)


def has(flags: list[str], *names: str) -> bool:
    """Whether an option is given: long ones may be abbreviated, short ones stand in clusters."""
    return any(
        name.startswith(flag.partition("=")[0]) if flag.startswith("--") else name[1:] in flag
        for flag in flags
        for name in names
    )


def pathspecs(walker: Walker, specs: list[str], state: State, how: str) -> None:
    """Paths as git reads them: its own wildcards go through directories, a colon starts its magic."""
    for one in specs:
        text = plain(one)
        if text.startswith(":"):
            top = root(walker, state)
            walker.write(top or UNKNOWN, state, how, True)
        elif not is_wild(one) and any(char in text for char in "*?["):
            first = min(text.index(char) for char in "*?[" if char in text)
            walker.write(text[:first].rpartition("/")[0] or ("/" if text[0] == "/" else "."), state, how, True)
        else:
            path = walker.places.absolute(one, state)
            walker.write(one, state, how, path is None or walker.places.kind(path) != 1)


def root(walker: Walker, state: State) -> str | None:
    """The top of the work tree that the directory lies in."""
    folder = state.cwd
    while folder and known(folder):
        if walker.env.exists(folder + "/.git"):
            return folder
        folder = folder.rpartition("/")[0]
    return None


# -- verbs ---------------------------------------------------------------------------------------------------------


def restore(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, operands, behind = split(valued(args, ("-s", "--source", "--conflict", "--unified", "-U")))
    if has(flags, "--pathspec-from-file"):
        walker.hide("git restore of paths from a file")
    if (only(flags, "--staged") or "-S" in flags) and not has(flags, "--worktree", "-W"):
        return
    pathspecs(walker, [*operands, *(behind or [])], state, "git restore")


def valued(args: list[str], names: tuple[str, ...]) -> list[str]:
    """The arguments without options that take the next word, and without that word."""
    kept: list[str] = []
    skip = False
    for at, one in enumerate(args):
        if one == "--":
            return kept + args[at:]
        if skip or one in names:
            skip = not skip
        else:
            kept.append(one)
    return kept


def checkout(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """Paths behind `--`, or that are there, are writes; anything else changes the branch."""
    flags, operands, behind = split(args)
    if has(flags, "--pathspec-from-file"):
        walker.hide("git checkout of paths from a file")
    if behind:
        pathspecs(walker, behind, state, "git checkout")
        return
    paths = [one for one in operands if is_path(walker, one, state)]
    branch = (
        has(flags, "-b", "-B", "--orphan", "--detach", "-d", "-t", "--track", "-l") or len(operands) - len(paths) > 1
    )
    if paths and not branch:
        pathspecs(walker, paths, state, "git checkout")
    else:
        refuse(walker, verb)


def is_path(walker: Walker, field: str, state: State) -> bool:
    path = walker.places.absolute(field, state)
    return path is None or not known(path) or field.startswith((".", ":")) or walker.places.kind(path) != 0


def remove(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, operands, behind = split(args)
    if has(flags, "--pathspec-from-file"):
        walker.hide("git rm of paths from a file")
    if not only(flags, "--cached", "--dry-run", "-n"):
        pathspecs(walker, [*operands, *(behind or [])], state, "git rm")


def move(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, operands, behind = split(args)
    if not only(flags, "--dry-run", "-n"):
        for one in [*operands, *(behind or [])]:
            walker.write(one, state, "git mv", True)


def reset(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """Taking paths out of the index changes no file; everything else does, or moves the branch."""
    flags, operands, _ = split(args)
    hard = has(flags, "--hard", "--merge", "--keep", "--soft", "--recurse-submodules", "-p", "--patch")
    others = [one for one in operands if one not in ("HEAD", "@") and not is_path(walker, one, state)]
    if hard or others or not all(known(one) for one in operands):
        refuse(walker, verb)


def clean(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, _, _ = split(args)
    # What stands behind -e is a pattern.
    letters = [one.partition("e")[0] if not one.startswith("--") else one for one in flags]
    if not only(letters, "--dry-run", "-n"):
        walker.deny("git clean removes files nobody can bring back")


def apply(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """The patch names the files: everything below the current directory is meant."""
    flags, operands, _ = split(args)
    if has(flags, "--unsafe-paths"):
        walker.hide("git apply outside the directory")
    looks = only(flags, "--check", "--stat", "--numstat", "--summary")
    for one in args:
        if one.startswith("--build-fake-ancestor"):
            walker.hide("git apply with an index of its own")
    if "--apply" not in flags and (looks or only(flags, "--cached")):
        return
    folder = next((one.partition("=")[2] for one in flags if one.startswith("--dir")), "")
    folder = folder or (operands[0] if "--directory" in flags and operands else ".")
    walker.write(folder, state, "git apply", True)


FORMAT_PATCH = Rule(
    "reads values=v,subject-prefix,to,cc,from,signature,start-number,suffix,base,in-reply-to into=o,output-directory"
)


def format_patch(walker: Walker, verb: str, args: list[str], state: State) -> None:
    given = read(args, FORMAT_PATCH)
    options.side_effects(walker, "git format-patch", given, state, FORMAT_PATCH)
    if not given.has(("o", "output-directory", "stdout")):
        walker.write(".", state, "git format-patch", True)


ARCHIVE = Rule("reads values=format,prefix,remote,add-file out=o,output hide=remote,exec")


def archive(walker: Walker, verb: str, args: list[str], state: State) -> None:
    options.side_effects(walker, "git archive", read(args, ARCHIVE), state, ARCHIVE)


def bundle(walker: Walker, verb: str, args: list[str], state: State) -> None:
    _, operands, _ = split(args)
    asked, *files = operands or [""]
    if asked == "create":
        for one in files[:1]:
            walker.write(one, state, "git bundle")
    elif asked not in ("", "verify", "list-heads"):
        refuse(walker, verb)


def clone(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """A new repository beside what is here; its hooks and filters are its own."""
    given = read(
        args,
        Rule(
            "reads values=b,branch,depth,c,config,o,origin,reference,j,jobs,filter,u,upload-pack,template,"
            "separate-git-dir"
        ),
    )
    if given.has(("c", "config", "template", "separate-git-dir", "u", "upload-pack")):
        walker.hide("git clone with settings")
    walker.runs("git clone")
    url, *folders = given.operands or ["."]
    name = plain(url).rstrip("/").removesuffix(".git").rpartition("/")[2].rpartition(":")[2]
    bare = ".git" if given.has(("bare", "mirror")) else ""
    walker.write([*folders, name + bare if known(name) else "."][0], state, "git clone", True)


def init(walker: Walker, verb: str, args: list[str], state: State) -> None:
    given = read(args, Rule("reads values=b,initial-branch,template,separate-git-dir,object-format"))
    if given.has(("template", "separate-git-dir")):
        walker.hide("git init with settings")
    folder = [*given.operands, "."][0]
    walker.write(folder, state, "git init", "--bare" in args)
    walker.write(f"{folder}/.git", state, "git init", True)


def fetch(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """News from a remote is harmless, unless it is put into a branch."""
    flags, operands, _ = split(args)
    if any(":" in one or one.startswith("+") for one in operands[1:]) or has(
        flags, "--prune", "-p", "--prune-tags", "-P", "--force", "-f", "--all", "--stdin", "--set-upstream"
    ):
        refuse(walker, verb)
    else:
        walker.runs("git fetch")


def listing(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """Verbs that list without operands and change something with them."""
    flags, operands, behind = split(valued(args, ("--sort", "--format")))
    allowed, writes = LISTS[verb]
    asks = has(flags, *allowed)
    if has(flags, *writes) or ((operands or behind) and not asks):
        refuse(walker, verb)


# For each verb: options that ask, and options that change.
LISTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "branch": (
        tuple(words("--list -l --contains --no-contains --merged --no-merged --points-at --show-current")),
        tuple(
            words(
                """
                -d -D --delete -m -M --move -c -C --copy -f --force -u --set-upstream-to --unset-upstream
                --edit-description --track --create-reflog
                """
            )
        ),
    ),
    "tag": (
        tuple(words("--list -l -n --contains --no-contains --merged --no-merged --points-at -v --verify")),
        tuple(words("-d --delete -a --annotate -s --sign -f --force -m --message -F --file -u")),
    ),
    "config": (
        tuple(words("--get --get-all --get-regexp --get-urlmatch --list -l --get-color --get-colorbool")),
        tuple(words("--add --unset --unset-all --replace-all --rename-section --remove-section --edit -e")),
    ),
}


def config(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """`git config key` asks, `git config key value` and the newer `git config set key value` set."""
    flags, operands, _ = split(valued(args, ("-f", "--file", "--type", "--default")))
    asks = len(operands) < 2 or operands[0] == "get" or has(flags, *LISTS["config"][0])
    if operands == ["edit"] or not asks or has(flags, *LISTS["config"][1]):
        refuse(walker, verb)


def symbolic(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, operands, _ = split(args)
    if len(operands) > 1 or has(flags, "--delete", "-d"):
        refuse(walker, verb)


SUBVERBS: dict[str, tuple[str, ...]] = {
    "stash": ("list", "show"),
    "worktree": ("list",),
    "remote": ("", "show", "get-url"),
    "reflog": ("", "show", "exists"),
    "notes": ("", "list", "show"),
    "submodule": ("", "status", "summary"),
    "bisect": ("log", "view", "visualize"),
    "sparse-checkout": ("list",),
    "lfs": ("ls-files", "status", "env", "version"),
}


def subverb(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """Verbs with verbs of their own, of which only some look."""
    first = next((one for one in args if not one.startswith("-")), "")
    if verb == "reflog" and first not in ("expire", "delete", "write", "drop"):
        return
    if first not in SUBVERBS[verb]:
        refuse(walker, f"{verb} {first}".strip())


def parse(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """rev-parse, whose answer is often a directory to go to."""
    if args == ["--show-toplevel"]:
        walker.emit((root(walker, state) or UNKNOWN) + "\n")


def files(walker: Walker, verb: str, args: list[str], state: State) -> None:
    _, operands, behind = split(args)
    names = [*operands, *(behind or [])]
    simple = all(known(one) and not is_wild(one) and not any(char in one for char in ":*?[") for one in names)
    walker.emit("".join(f"{one.rstrip('/')}/{BELOW}\n" for one in names or ["."]) if simple else UNKNOWN)


def trailers(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, operands, _ = split(args)
    for one in operands if has(flags, "--in-place") else []:
        walker.write(one, state, "git " + verb)


def merge_file(walker: Walker, verb: str, args: list[str], state: State) -> None:
    """The first of its files gets what the others differ in."""
    flags, operands, _ = split(valued(args, ("-L", "--marker-size", "--diff-algorithm")))
    for one in operands[:1] if not only(flags, "--stdout", "-p") else []:
        walker.write(one, state, "git " + verb)


def checkout_index(walker: Walker, verb: str, args: list[str], state: State) -> None:
    flags, operands, behind = split(args)
    prefixes = [one.partition("=")[2] for one in flags if one.startswith("--p")]
    for one in [".", *operands, *(behind or []), *(prefix.rpartition("/")[0] or "/" for prefix in prefixes)]:
        walker.write(one, state, "git " + verb, True)


def launching(walker: Walker, verb: str, args: list[str], state: State) -> None:
    walker.hide(f"git {verb} runs other programs")


VERBS: dict[str, Callable[[Walker, str, list[str], State], None]] = {
    "restore": restore,
    "checkout": checkout,
    "rm": remove,
    "mv": move,
    "reset": reset,
    "clean": clean,
    "apply": apply,
    "format-patch": format_patch,
    "archive": archive,
    "bundle": bundle,
    "clone": clone,
    "init": init,
    "fetch": fetch,
    "branch": listing,
    "tag": listing,
    "config": config,
    "symbolic-ref": symbolic,
    "rev-parse": parse,
    "ls-files": files,
    **dict.fromkeys(SUBVERBS, subverb),
    "interpret-trailers": trailers,
    "merge-file": merge_file,
    "checkout-index": checkout_index,
    **dict.fromkeys(("difftool", "mergetool", "citool", "gui", "instaweb", "bugreport", "diagnose"), launching),
}
