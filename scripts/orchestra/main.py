"""The command line: finds the verb, runs its module, and turns errors into sentences and exit codes."""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from . import __version__
from .errors import Exit, UserError, usage

VERBS = {
    "init": "set up this repository for Orchestra",
    "doctor": "say what is missing, with the command that mends it",
    "new": "write the files of a new milestone",
    "validate": "check the plan and say where it is wrong",
    "ready": "mark a milestone as ready to be carried out",
    "plan": "print the plan as Orchestra reads it",
    "blueprint": "list blueprints, or add one to a milestone",
    "create-role": "write a role of this project's own",
    "run": "carry the plan out",
    "hotfix": "carry out one small task at once",
    "stop": "stop the run; it can be resumed",
    "decide": "answer a question that a run has asked",
    "assign": "say whose a unit of a spec is",
    "status": "say where the run stands",
    "log": "print the events of the run",
    "report-run": "print what a run did, with its receipts",
    "verifier": "say which requirements are met, from checks and receipts",
    "rewind": "say what past work took, cost and taught",
    "views": "write the generated files again",
    "next": "say what the lead inside a client has to do now",
    "brief": "print the brief of a ticket",
    "report": "hand in the result of a ticket",
    "how": "print the steps for a verb of the client",
    "hook": "answer an event of the client (its hooks call this)",
    "scope": "say what a ticket may write, and why",
    "lock": "claim, renew, release or show the ownership of a group",
    "demo": "show the whole thing on a repository made for it",
}

# The scripts of older tools: `scripts/<door>` becomes the launcher, which finds what carries it out in `doors/`.
DOORS = (
    "sequential_loop.py",
    "orchestration_loop.py",
    "init_orchestration.py",
    "dispatch_batch.py",
    "dispatch_reviews.py",
    "consolidate_reviews.py",
    "sync_pulse.py",
)

# What the machine refuses is not a bug of Orchestra, and no log would help.
_REFUSALS = {
    errno.ENOSPC: "Make room on the disk and run the command again; what was recorded is kept.",
    errno.EDQUOT: "Make room in your quota and run the command again; what was recorded is kept.",
    errno.EROFS: "The file system is read-only: run the command where it may write.",
    errno.EACCES: "Give yourself the permission, or run the command as the user who owns it.",
    errno.EPERM: "Give yourself the permission, or run the command as the user who owns it.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n) and run the command again.",
}


class Parser(argparse.ArgumentParser):
    """A parser that raises `UserError` (exit 64) where argparse would print and exit with 2."""

    def __init__(self, *args: object, **options: object) -> None:
        options.setdefault("allow_abbrev", False)
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        more = f"{self.prog} --help"
        short = self.format_usage().strip()
        # A dozen lines of options would bury the sentence that says what is wrong.
        raise usage(message, f"{short}   (more: {more})" if short.count("\n") < 3 else f"more: {more}")


class CommandLine(NamedTuple):
    """The words of a command line, sorted: what comes before the verb, the verb, what comes after it."""

    directories: list[str]
    flags: list[str]
    verb: str
    rest: list[str]

    @property
    def json(self) -> bool:
        """Whether errors are to be one JSON document; asked before anything is parsed, as that may fail."""
        return "--json" in self.rest[: self.rest.index("--") if "--" in self.rest else None]


def split(argv: Sequence[str]) -> CommandLine:
    """Sort `argv` without knowing any verb's own options, so that only one module need be imported."""
    words, directories, flags, verb = list(argv), [], [], ""
    while words and not verb:
        word = words.pop(0)
        if word == "-C" and words:
            directories.append(words.pop(0))
        elif word.startswith("-C") and len(word) > 2:
            directories.append(word[2:])
        elif word.startswith("-"):
            flags.append(word)
        else:
            verb = word
    if verb and "--json" in flags:
        # Every verb has it, so it may stand before one.
        flags, words = [flag for flag in flags if flag != "--json"], ["--json", *words]
    return CommandLine(directories, flags, verb, words)


def module_name(verb: str) -> str:
    """The module that carries `verb` out."""
    return f"{__package__}.commands.{verb.replace('-', '_')}"


def _top_parser() -> Parser:
    listing = "\n".join(f"  {verb:<11} {says}" for verb, says in VERBS.items())
    parser = Parser(
        prog="orchestra",
        usage="orchestra [-C DIR] VERB …",
        description="Carries out a written plan with coding agents, and proves each step.",
        epilog=f"verbs:\n{listing}\n\norchestra VERB --help says more about one.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-C", metavar="DIR", help="work as if started in DIR")
    parser.add_argument("--version", action="version", version=f"orchestra {__version__}")
    return parser


def _unknown(verb: str) -> UserError:
    from difflib import get_close_matches

    near = get_close_matches(verb, VERBS, n=1)
    meant = f"Did you mean “orchestra {near[0]}”? " if near else ""
    return usage(f"there is no verb “{verb}”", f"{meant}orchestra --help lists the verbs.")


def _directory(parts: Sequence[str]) -> Path:
    """Where the command works: each -C is relative to the one before, as in git and make."""
    try:
        directory = Path.cwd().joinpath(*parts)
    except FileNotFoundError as error:
        raise usage("the current directory does not exist any more", "Change to another one.") from error
    if not directory.is_dir():
        raise usage(f"there is no directory {directory}", "-C takes a directory that exists.")
    return directory


def _verb_parser(verb: str) -> Parser:
    parser = Parser(prog="orchestra", usage="orchestra [-C DIR] VERB …")
    importlib.import_module(module_name(verb)).add(parser.add_subparsers(dest="verb", prog="orchestra"))
    return parser


def dispatch(line: CommandLine) -> int:
    """Run the verb of `line` and return its exit code. Raises UserError, and whatever the verb raises."""
    if line.flags:
        _top_parser().parse_args(line.flags)
    if not line.verb:
        _top_parser().print_help(sys.stderr)
        return Exit.USAGE
    if line.verb not in VERBS and line.verb not in DOORS:
        raise _unknown(line.verb)
    directory = _directory(line.directories)
    if line.verb in DOORS:
        return _enter(line, directory)
    args = _verb_parser(line.verb).parse_args([line.verb, *line.rest])
    args.directory = directory
    return int(importlib.import_module(module_name(line.verb)).run(args))


def _door_parser(door: str) -> Parser:
    module = _behind(door)
    parser = Parser(prog=f"scripts/{door}", description=(module.__doc__ or "").strip())
    module.add(parser)
    return parser


def _behind(door: str) -> Any:
    return importlib.import_module(f"{__package__}.doors.{door.removesuffix('.py')}")


def _enter(line: CommandLine, directory: Path) -> int:
    args = _door_parser(line.verb).parse_args(line.rest)
    args.directory = directory
    return int(_behind(line.verb).run(args))


def _missing_package(error: ModuleNotFoundError) -> UserError | None:
    package = (error.name or "").partition(".")[0]
    if package in ("", __package__, *sys.stdlib_module_names):
        return None
    return UserError(
        f"the Python package “{package}” is missing from {sys.prefix}",
        hint="Remove that directory and call bin/orchestra again: it makes the environment anew.",
    )


def _refusal(error: OSError) -> UserError | None:
    hint = _REFUSALS.get(error.errno or 0)
    if hint is None:
        return None
    where = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    return UserError(f"{error.strerror or error}{where}", hint=hint)


def _bug(error: BaseException, argv: Sequence[str], line: CommandLine) -> UserError:
    from . import crashlog

    place = crashlog.write(error, argv, Path.cwd().joinpath(*line.directories))
    where = f"The log to send is {place}" if place else "No log could be written; what it would say is above"
    return UserError(f"this is a bug in Orchestra ({type(error).__name__})", hint=where, code=Exit.BUG)


def explain(error: Exception, argv: Sequence[str], line: CommandLine) -> UserError:
    """The sentence for a person that stands for `error`; a log is written when it is a bug."""
    known: UserError | None = None
    if isinstance(error, UserError):
        known = error
    elif isinstance(error, ModuleNotFoundError):
        known = _missing_package(error)
    elif isinstance(error, OSError):
        known = _refusal(error)
    return known or _bug(error, argv, line)


def show(error: UserError, as_json: bool) -> int:
    """Print `error` (one JSON document on stdout, or a sentence on stderr) and return its exit code."""
    if as_json:
        import json

        said = {"message": error.message, "hint": error.hint, "code": int(error.code)}
        print(json.dumps({"ok": False, "error": said}, ensure_ascii=False))
    else:
        print(f"orchestra: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"  {error.hint}", file=sys.stderr)
    return int(error.code)


def _attempt(argv: Sequence[str], line: CommandLine) -> int:
    try:
        code = dispatch(line)
        # A full disk or a reader that has gone shows only now, while there is still somebody to say so.
        sys.stdout.flush()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else Exit.DONE if end.code is None else Exit.INCOMPLETE
    except BrokenPipeError:
        raise
    except Exception as error:
        code = show(explain(error, argv, line), line.json)
    return code


def _give_up_output() -> None:
    """Let nothing be written any more: the interpreter's own last flush would complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (by default that of the process) and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _attempt(words, split(words))
    except KeyboardInterrupt:
        print("orchestra: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.INCOMPLETE


def entry() -> NoReturn:
    """What the launcher and `python -m orchestra` call."""
    # Plans and runs are many values that stay: looking for circles at every 700th costs three in a hundred.
    gc.set_threshold(20_000, 20, 20)
    code = main()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        _give_up_output()
        code = code or Exit.INCOMPLETE
    sys.exit(int(code))
