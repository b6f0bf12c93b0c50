"""Programs whose arguments follow no common rule: archives, downloads, databases, compilers and so on."""

from __future__ import annotations

from . import options
from .expand import PARENT
from .marks import UNKNOWN, known, plain, words
from .options import Given, Rule, base, parent, side_effects
from .state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .effects import Walker


def operands(argv: list[str]) -> list[str]:
    """What of a call is neither its program nor an option, by its looks alone."""
    return [one for one in argv[1:] if not one.startswith("-")]


# -- archives ------------------------------------------------------------------------------------------------------

TAR = Rule(
    "here values=f,C,X,T,b,K,N,H,L,V,directory,exclude,exclude-from,files-from,strip-components,transform,xform,format,"
    "mode,owner,group,mtime,suffix,newer,file out=g,listed-incremental,index-file "
    "hide=I,F,P,to-command,use-compress-program,checkpoint-action,info-script,new-volume-script,absolute-names,rsh-command,rmt-command,use-compress,remove-files"
)


def tar(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    args = argv[1:]
    if args and not args[0].startswith("-"):
        args = [*unbundled(args), *args]  # letters and values stand among the operands, too: those are not asked for
    given = options.read(args, TAR)
    side_effects(walker, "tar", given, state, TAR)
    letters = {name for name, _ in given.options}
    file = next(iter(given.values("f", "file")), "-")
    if letters & {"c", "r", "u", "A", "create", "append", "update", "delete", "catenate", "concatenate"}:
        if file != "-":
            walker.write(file, state, "tar")
    elif letters & {"x", "extract", "get"} and not letters & {"O", "to-stdout"}:
        unpacked(walker, given, state)


def needing(letters: str) -> list[str]:
    return [one for one in letters if one in "fCXTbKNHLVgI"]


def unbundled(args: list[str]) -> list[str]:
    """`tar xfC a dir`: the letters of the old form take their values in order."""
    found = ["-" + one for one in args[0] if one not in needing(args[0])]
    for letter, value in zip(needing(args[0]), args[1:], strict=False):
        found += ["-" + letter, value]
    return found


def unpacked(walker: Walker, given: Given, state: State) -> None:
    """What is taken out lands below the current directory, or below each -C from there."""
    here = state
    folders = given.values("C", "directory")
    for one in folders:
        here = here.moved(walker.places.absolute(one, here) if known(one) else None)
    for name, one in given.options:
        if name.startswith("one-") and one:
            walker.write(one, here, "tar -x", True)
    walker.write(".", here, "tar -x", True)


def rename(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """rename of either kind: the files get new names where they are, by an expression that may be a program."""
    given = options.read(argv[1:], rule)
    if given.has(rule.get("dry")):
        return
    said = given.values("e") or given.operands[:1]
    if not all(stays(part) for one in said for part in one.split(";")):
        walker.hide("rename by a program")
    for one in given.operands if given.has(("e",)) else given.operands[1:]:
        walker.write(parent(one), state, "rename", True)
    walker.write(".", state, "rename", True)


def stays(expression: str) -> bool:
    """Whether `s/a/b/`, `y/a/b/` or a plain text makes another name of a name, in the same directory."""
    match expression.split("/"):
        case [text] if text not in ("eval", "require"):
            flags = ""
        case ["s" | "y" | "tr", _, text, flags]:
            pass
        case _:
            return False
    # `$1` is from the name; `\x2f`, `${X}`, `@{[f]}` and flags as `e` are what Perl makes of them.
    computed = "\\" in text or any(not one[:1].isdigit() for one in text.split("$")[1:])
    harmless = ".." not in text and set(" (@{`").isdisjoint(expression)
    return harmless and not computed and set("gidsc").issuperset(flags)


def compress(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """gzip and its like: the file goes, another with a suffix comes. Both stand side by side."""
    given = options.read(argv[1:], rule)
    side_effects(walker, argv[0], given, state, rule)
    if given.has(("c", "stdout", "to-stdout", "l", "list", "t", "test")):
        return
    for one in given.operands:
        walker.write(one, state, base(argv[0]), given.has(("r", "recursive")))
        for suffix in (".gz", ".bz2", ".xz", ".zst", ".lzma", ".lz4", ".Z", ".br", ".tar"):
            walker.write(one.removesuffix(suffix) if one.endswith(suffix) else one + suffix, state, base(argv[0]))


def seven(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    verb, file, *files = [*operands(argv), "", ""]
    folders = [one.removeprefix("-o") for one in argv if one.startswith("-o")]
    if any(one.startswith("-spf") for one in argv):
        walker.hide("7z with whole paths")
    if "-sdel" in argv:
        for one in files:
            walker.write(one, state, "7z", True)
    if verb in ("x", "e"):
        walker.write(next(iter(folders), "."), state, "7z", True)
    elif verb not in ("l", "t", "h", "i", "b"):
        walker.write(file, state, "7z")


def cpio(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """-i takes out into the current directory, -p copies into its operand, -o writes an archive."""
    given = options.read(
        argv[1:], Rule("here values=D,directory,E,H,format,C,R,M out=F,O,file hide=absolute-filenames,rsh-command")
    )
    side_effects(walker, "cpio", given, state, Rule("here out=F,O,file hide=absolute-filenames,rsh-command"))
    folder = next(iter(given.values("D", "directory")), ".")
    if given.has(("i", "extract")) and not given.has(("t", "list")):
        if not given.has(("no-absolute-filenames",)):
            walker.hide("cpio -i writes where the archive says")
        walker.write(folder, state, "cpio -i", True)
    if given.has(("p", "pass-through")):
        for one in given.operands[-1:] or ["."]:
            walker.write(one, state, "cpio -p", True)


def archive(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """ar and jar: letters, then the archive."""
    words = argv[1:]
    letters = "".join(words[:1]).lstrip("-")
    given = options.read(words, Rule("reads into=output,dir,C out=file"))
    if "M" in letters:
        walker.hide("ar with commands of its own")
    if letters.startswith("t") or (letters.startswith("p") and base(argv[0]) == "ar"):
        return
    side_effects(walker, base(argv[0]), given, state, Rule("reads into=output,dir,C out=file"))
    if "x" in letters:
        walker.write(".", state, base(argv[0]), True)
    else:
        for one in words[1:4]:
            walker.write(one, state, base(argv[0]))


# -- pieces of files -----------------------------------------------------------------------------------------------


def blocks(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    for one in argv[1:]:
        if one.startswith(UNKNOWN):
            walker.hide("dd with computed words")
        if not one.startswith("of="):
            continue
        path = one.removeprefix("of=")
        device = path.startswith("/dev/") and not path.startswith(
            ("/dev/null", "/dev/stdout", "/dev/stderr", "/dev/zero")
        )
        if device:
            walker.deny("dd to a device")
        else:
            walker.write(path, state, "dd")


def split(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """Pieces are called by a prefix and letters: anything in the prefix's directory is meant."""
    given = options.read(argv[1:], rule)
    side_effects(walker, "split", given, state, rule)
    pieces(walker, next(iter(given.operands[1:]), "x"), state, "split")


def pieces(walker: Walker, prefix: str, state: State, how: str) -> None:
    folder, slash, _ = prefix.rpartition("/")
    walker.write(folder or slash or ".", state, how, True)


def csplit(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], rule)
    pieces(walker, next(iter(given.values("f", "prefix")), "xx"), state, "csplit")


def patch(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """One file when it is named; else whatever the patch names, which patch keeps below its directory."""
    given = options.read(argv[1:], rule)
    if given.has(("dry-run", "C", "check", "version", "help")):
        return
    inner = state
    for one in given.values("d", "directory"):
        inner = inner.moved(walker.places.absolute(one, inner) if known(one) else None)
    for one in given.values("r", "reject-file"):
        walker.write(one, inner, "patch")
    for one in given.values("B", "prefix", "Y", "z"):
        pieces(walker, one, inner, "patch")
    out = given.values("o", "output")
    if out or given.operands:
        for one in out or given.operands[:1]:
            for suffix in ("",) if out else ("", ".orig", ".rej"):
                walker.write(one + suffix, inner, "patch")
    else:
        walker.write(".", inner, "patch", True)


def fetch(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """curl and wget. A name that the server or the address gives is one in a directory."""
    name = base(argv[0])
    if name == "curl":
        given = options.read(argv[1:], rule)
        side_effects(walker, name, given, state, rule)
        curl(walker, given, state)
    else:
        given = options.read(argv[1:], WGET)
        side_effects(walker, name, given, state, WGET)
        wget(walker, given, state)


WGET = Rule(
    "reads values=t,T,U,tries,timeout,user-agent,header,post-data,post-file,method,body-data,user,password,l,level,A,"
    "R,accept,reject,D,domains,i,input-file,B,base,w,wait,Q,quota,O,output-document,P,directory-prefix,load-cookies,"
    "warc-file out=o,output-file,a,append-output,save-cookies,rejected-log,hsts-file hide=e,execute,use-askpass,config"
)


def curl(walker: Walker, given: Given, state: State) -> None:
    folder = next(iter(given.values("output-dir")), "")
    if any("%output" in one or one.startswith("@") for one in given.values("w", "write-out")):
        walker.hide("curl with an output of its own")
    if given.has(("T", "upload-file")):
        for one in [*given.operands, *given.values("url")]:
            if one.lower().startswith("file:"):
                walker.write("/" + one[5:].lstrip("/"), state, "curl", True)
    for option, value in given.options:
        if option in ("o", "output") and value != "-":
            if "#" in value:
                pieces(walker, value, state, "curl")
            walker.write(f"{folder}/{value}" if folder else value, state, "curl")
        elif option in ("O", "remote-name", "remote-name-all", "J", "remote-header-name"):
            downloaded(walker, given, folder or ".", state, "curl", "J" in [name for name, _ in given.options])


def downloaded(walker: Walker, given: Given, folder: str, state: State, how: str, any_name: bool) -> None:
    addresses = [*given.operands, *given.values("url")]
    for one in addresses:
        path = one.partition("://")[2] or one
        name = path.partition("?")[0].rpartition("/")[2]
        if any_name or not name or not known(name) or any(char in name for char in "{[%") or name in (".", ".."):
            walker.write(folder, state, how, True)
        else:
            walker.write(f"{folder}/{name}", state, how)
    if not addresses:
        walker.write(folder, state, how, True)


def wget(walker: Walker, given: Given, state: State) -> None:
    out = given.values("O", "output-document")
    folder = next(iter(given.values("P", "directory-prefix")), ".")
    if given.has(("spider",)):
        return
    for one in out:
        if one != "-":
            walker.write(one, state, "wget")
    if out:
        return
    for one in given.values("warc-file"):
        pieces(walker, one, state, "wget")
    walker.write(folder, state, "wget", True)


# -- databases -----------------------------------------------------------------------------------------------------

DESTRUCTIVE = (
    "drop database",
    "drop schema",
    "drop table",
    "truncate table",
    "dropdatabase",
    "flushall",
    "flushdb",
    "drop user",
)


# JavaScript by which the shells of MongoDB reach files and programs.
MONGO = ("require", "fs.", "process", "run(", "import", "eval", "Function", "load(")
SQL_FILES = Rule(
    "reads values=c,d,h,U,p,f,F,v,e,u,P,D,n,a,o,output,L,log-file,tee,rdb,eval,command,execute,file,host,port"
)


def sql(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """A database server. What it holds is no file here, but dropping it is final."""
    text = " ".join([*argv[1:], walker.stdin or ""])
    folded = " ".join(plain(text).lower().split())
    if any(one in folded for one in DESTRUCTIVE) or " truncate " in f" {folded.replace(';', ' ')} ":
        walker.deny("destroys data of a database")
    if (
        "\\!" in text
        or "\\o" in text
        or "\\copy" in text
        or " program " in folded
        or "into outfile" in folded
        or "system " in folded
        or (base(argv[0]).startswith("mongo") and any(one in text.replace("--eval", "") for one in MONGO))
    ):
        walker.hide("a database client that runs commands")
    for one in options.read(argv[1:], SQL_FILES).values("o", "output", "L", "log-file", "tee", "rdb"):
        walker.write(one, state, base(argv[0]))
    walker.runs(f"the database client {base(argv[0])}")


READING_SQL = ("select", "pragma", "explain", "with")
CHANGING_SQL = words("insert update delete replace create drop alter reindex analyze vacuum")
# Commands of sqlite that touch no file and run nothing. All may be shortened, which only these may not be.
HARMLESS_DOTS = words(
    """
        .tables .schema .headers .header .mode .dump .indexes .indices .databases .width .timer .quit .exit .help .stats
        .show .separator .nullvalue .bail .echo .print .changes .timeout .fullschema .dbinfo .eqp .explain .version
        """
)


def sqlite(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], rule)
    file, *said = given.operands or [""]
    read = "" if said else walker.stdin
    texts = [*said, *given.values("cmd", "c", "s"), *(read or "").splitlines()]
    folded = [" ".join(one.lower().split()) for one in texts]
    if given.has(("init", "A", "Ax")) or read is None or any(escapes(one) for one in folded):
        walker.hide("a database client with commands of its own")
    if any(one in text for text in folded for one in DESTRUCTIVE):
        walker.deny("destroys data of a database")
    if all(reads_sql(part) for one in folded for part in one.split(";")) and texts:
        return
    if file not in ("", ":memory:"):
        for suffix in ("", "-journal", "-wal", "-shm"):
            walker.write(file + suffix, state, base(argv[0]))


def reads_sql(text: str) -> bool:
    """Whether one statement, in small letters, changes nothing."""
    text = text.strip()
    changes = not CHANGING_SQL.isdisjoint(text.replace("(", " ").replace(")", " ").split())
    pragma = text.startswith("pragma") and ("=" in text or "(" in text or "wal" in text)
    dots = text.startswith(".") and text.split()[0] in HARMLESS_DOTS
    return not text or dots or (text.startswith(READING_SQL) and not changes and not pragma)


def escapes(text: str) -> bool:
    """Whether SQL reaches other files or runs programs."""
    functions = (
        "attach",
        "writefile",
        "vacuum into",
        "load_extension",
        ".load",
        "copy ",
        "export ",
        "edit(",
        ".recover",
        ".cd",
    )
    strange = text.startswith(".") and text.split()[0] not in HARMLESS_DOTS
    return UNKNOWN in text or strange or any(one in text for one in functions)


# -- compilers and formatters --------------------------------------------------------------------------------------


# Options of compilers by which other code runs, or files come to be in other places.
PLUGGING = (
    "-fplugin", "-wrapper", "-B", "-specs", "-dump", "-aux-info", "-Wl,", "-Wa,", "-Wp,", "-X", "-fdump", "-save-temps",
    "-fprofile", "-Map", "--Map", "-MD", "-MMD", "-C", "--emit", "-cc1", "-ftime-trace", "@", "--MD", "-a=",
)  # fmt: skip


COMPILING = Rule("reads values=I,L,l,D,U,x,include,isystem,std,arch,edition,emit out=o into=out-dir")


def one_word(option: str) -> bool:
    """Whether an option of a compiler is no bundle of letters: `-fno-common`."""
    return option.startswith("-") and len(option) > 2 and option[1] not in "-oILlDUx"


def compile_(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """Compilers: the file of -o, or one beside each source."""
    given = options.read([one for one in argv[1:] if not one_word(one)], COMPILING)
    side_effects(walker, argv[0], given, state, COMPILING)
    for one, following in zip(argv, [*argv[1:], ""], strict=True):
        if one.startswith(PLUGGING):
            walker.runs("a compiler with plugins or other files")
        if one.startswith("-MF"):
            walker.write(one.removeprefix("-MF") or following, state, base(argv[0]))
    idle = given.has(("o", "E", "version", "help")) or "-fsyntax-only" in argv
    if given.operands and not idle:
        walker.write(".", state, base(argv[0]), True)


def verbs(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """Programs with subcommands, of which some write their operands and one may run a command."""
    given = options.read(argv[1:], rule)
    verb = next(iter(given.operands), "")
    if verb in rule.get("runs"):
        walker.runs(f"what {base(argv[0])} loads first")
        walker.program(argv[argv.index(verb) + 2 :], state)
        return
    idle = bool(rule.get("need")) and not given.has(rule.get("need"))
    if verb in rule.get("write") and not idle and not given.has(rule.get("dry")):
        for one in given.operands[1:] or rule.get("default"):
            walker.write(one, state, f"{base(argv[0])} {verb}", True)


RUFF = Rule(
    "all values=config,select,ignore,extend-select,line-length,target-version,exclude,extend-exclude,stdin-filename,"
    "output-format,per-file-ignores,fixable,unfixable,range,cache-dir out=o,output-file flags=fix,fix-only,config"
)


def ruff(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    given = options.read(argv[1:], RUFF)
    side_effects(walker, "ruff", given, state, RUFF)
    verb = next(iter(given.operands), "")
    formats = verb == "format" and not given.has(("check", "diff"))
    fixes = verb == "check" and given.has(("fix", "fix-only", "add-noqa", "unsafe-fixes"))
    if formats or fixes:
        for one in given.operands[1:] or ["."]:
            if one != "-":
                walker.write(one, state, f"ruff {verb}", True)


# -- the machine and the forge -------------------------------------------------------------------------------------


def crontab(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    if "-l" not in argv:
        walker.deny("crontab starts commands later")


KEPT = words("orchestra claude codex opencode gemini node python python3 sh bash zsh init systemd sshd tmux screen")


def kill(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """Ending one's own server is honest; ending the harness, the client or everything is not."""
    name = base(argv[0])
    meant = operands(argv)
    if name != "kill":
        wide = not meant or any(too_wide(one) for one in meant)
    else:
        # The first of `-1 -1` is a signal, the other one is every process.
        wide = "-1" in argv[2:] or any(one in ("0", "1") or PARENT in one for one in meant)
    if wide:
        walker.deny(f"{name} of processes that are not yours")


def too_wide(pattern: str) -> bool:
    names = plain(pattern).strip("^$").split()
    if not names or not known(pattern) or names[0] in (".", ".*"):
        return True
    return not names[1:] and names[0].rpartition("/")[2] in KEPT


# Of topics that only read, and verbs that only read whatever the topic.
FORGE_HARMLESS = ("", "api", "status", "search", "browse", "help", "version")
FORGE_READS = words("list view status diff checks browse search api")


def forge(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    """gh and its like: what others see is the harness's to change."""
    topic, verb, *_ = [*operands(argv), "", ""]
    changing = any(one.startswith(("-X", "-f", "-F", "--m", "--f", "--r", "--inp")) for one in argv)
    reads = topic in FORGE_HARMLESS or verb in FORGE_READS
    if not reads or (changing and "api" in (topic, verb)):
        walker.deny(f"{base(argv[0])} {topic} {verb} acts beyond this project")


def foreign(walker: Walker, argv: list[str], state: State, rule: Rule) -> None:
    verb = next(iter(operands(argv)), "")
    given = [one for one in argv if one.startswith("-")]
    loads = any(one.startswith("-o") or "cmd" in one or "config" in one or "output" in one for one in given)
    if loads or verb not in (
        "status",
        "log",
        "diff",
        "info",
        "cat",
        "annotate",
        "blame",
        "ls",
        "list",
        "heads",
        "id",
        "summary",
    ):
        walker.hide(f"what {base(argv[0])} {verb} does cannot be followed")


HANDLERS: dict[str, Callable[[Walker, list[str], State, Rule], None]] = {
    "@tar": tar,
    "@compress": compress,
    "@rename": rename,
    "@seven": seven,
    "@cpio": cpio,
    "@archive": archive,
    "@blocks": blocks,
    "@split": split,
    "@csplit": csplit,
    "@patch": patch,
    "@fetch": fetch,
    "@sql": sql,
    "@sqlite": sqlite,
    "@compile": compile_,
    "@verbs": verbs,
    "@ruff": ruff,
    "@crontab": crontab,
    "@kill": kill,
    "@forge": forge,
    "@foreign": foreign,
}
