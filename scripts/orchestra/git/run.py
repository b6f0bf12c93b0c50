"""The one place where the git program is started.

Modules call it as `run.git(...)`, so that a test which replaces this attribute sees every step.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from ..errors import UserError

# What the environment may still say. The rest of GIT_* (GIT_DIR, GIT_INDEX_FILE, …) is set by a git that
# runs us from a hook or an alias, and would point our calls at the wrong repository.
_KEPT = (
    "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS", "GIT_SSL_", "GIT_PROXY_", "GIT_HTTP_",
    "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES",
)  # fmt: skip

_SET = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_NO_REPLACE_OBJECTS": "1",
}

# Settings of the user that would make plumbing ask, run something, answer in another form, or leave a
# process behind; and fsync, because the state database relies on a commit that it was told of.
_CONFIG = (
    "core.quotepath=off", "core.fsmonitor=false", "core.untrackedCache=false", "core.splitIndex=false",
    "core.sparseCheckout=false", "core.safecrlf=false", "core.trustctime=true", "core.checkStat=default",
    "core.fsync=objects,reference", "core.fsyncMethod=batch", "index.sparse=false", "color.ui=false",
    "core.filesRefLockTimeout=5000", "core.packedRefsTimeout=5000", "push.gpgSign=false", "push.followTags=false",
    "log.showSignature=false", "submodule.recurse=false", "gc.auto=0", "maintenance.auto=false",
    "diff.noprefix=false", "diff.mnemonicPrefix=false", "apply.whitespace=nowarn", "advice.addEmbeddedRepo=false",
    "i18n.commitEncoding=UTF-8", "i18n.logOutputEncoding=UTF-8", "merge.directoryRenames=false",
    "worktree.useRelativePaths=false", "http.lowSpeedLimit=1", "http.lowSpeedTime=120",
)  # fmt: skip
_FLAGS = [word for setting in _CONFIG for word in ("-c", setting)]
# The first with `merge-tree --write-tree`.
OLDEST = (2, 38)
_NO_HOOKS = ["-c", "core.hooksPath=/dev/null"]


_File = IO[bytes] | int


@dataclass(frozen=True)
class Result:
    """How one call of git ended: exit code (negative: killed by that signal), output bytes, error text."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """The output as text without the final newline; bytes that are not UTF-8 survive `os.fsencode`."""
        return os.fsdecode(self.out).rstrip("\n")

    @property
    def fields(self) -> list[str]:
        """The NUL-separated fields of an answer to `-z`."""
        return [os.fsdecode(part) for part in self.out.split(b"\0")[:-1]]


class GitError(UserError):
    """Git refused; `result` has its words, `args_` what it was asked."""

    def __init__(self, asked: tuple[str, ...], result: Result) -> None:
        verb = next((word for word in asked if not word.startswith("-")), "git")
        super().__init__(f"git {verb} failed: {_last_words(result)}", hint=_hint(result.err))
        self.asked = asked
        self.result = result


def git(
    cwd: Path,
    *args: str,
    input: bytes | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = True,
    hooks: bool = False,
    stdout: IO[bytes] | None = None,
    hold: Path | None = None,
) -> Result:
    """Run `git *args` in `cwd` and wait for it.

    `input` is given on standard input; `env` is added to the cleaned environment; with `stdout` the output
    goes to that file and `Result.out` is empty. The user's hooks run only with `hooks`. With `hold`, a directory,
    `wait_idle` knows of this call even when we are killed and git goes on alone. Raises GitError when git answers
    with another code than 0 and `check` is set, UserError when git or `cwd` is missing.
    """
    command = ["git", *_FLAGS, *([] if hooks else _NO_HOOKS), *args]
    # Files and not pipes: a hook's or ssh's background process that keeps a pipe open would hold us for ever.
    with TemporaryFile() as out, TemporaryFile() as err, _given(input) as given, _held(hold) as held:
        code = _run(command, cwd, environment(env, hooks), (given, stdout or out, err), held)
        result = Result(code, _content(out), _content(err).decode("utf-8", "replace"))
    if check and code != 0:
        raise GitError(args, result)
    return result


def environment(extra: Mapping[str, str] | None = None, hooks: bool = False) -> dict[str, str]:
    """The environment of a git process: ours without what another git left in it, plus `extra`."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(_KEPT)}
    env.update(_SET)
    if hooks:
        _keep_locale(env)
    return env | dict(extra or {})


def _keep_locale(env: dict[str, str]) -> None:
    """A user's hook runs programs that need the user's character set; only git's messages must be English."""
    del env["LC_ALL"]
    if "LC_ALL" in os.environ:
        env["LC_CTYPE"] = os.environ["LC_ALL"]
    env |= {"LC_MESSAGES": "C", "LANGUAGE": "C"}
    # A hook may use globs with git, and may refresh an index.
    del env["GIT_LITERAL_PATHSPECS"], env["GIT_OPTIONAL_LOCKS"], env["GIT_NO_REPLACE_OBJECTS"]


def _run(command: list[str], cwd: Path, env: dict[str, str], files: tuple[_File, _File, _File], held: list[int]) -> int:
    given, out, err = files
    try:
        # A session of its own: ^C must not cut git short with its locks in place, and nothing can ask on the terminal.
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=given,
            stdout=out,
            stderr=err,
            start_new_session=True,
            pass_fds=held,
            check=False,
        ).returncode
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise UserError(f"The directory {cwd} is gone.", hint="Was it deleted while a run was using it?") from error
        raise UserError("git was not found.", hint="Install git 2.38 or newer and see that it is in PATH.") from error
    except NotADirectoryError as error:
        raise UserError(f"{cwd} is not a directory.", hint="Was it replaced while a run was using it?") from error


@contextmanager
def _given(data: bytes | None) -> Iterator[IO[bytes] | int]:
    if not data:
        yield subprocess.DEVNULL
        return
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file


@contextmanager
def _held(directory: Path | None) -> Iterator[list[int]]:
    """A shared lock on `directory` that git inherits, so that it lasts as long as the longer-lived of the two."""
    if directory is None or not directory.is_dir():
        yield []
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield [descriptor]
    finally:
        os.close(descriptor)


def wait_idle(directory: Path, timeout_s: float = 10.0) -> bool:
    """Wait until no git that was started with `hold=directory` runs, by whomever; False when `timeout_s` is over.

    A killed process leaves its git running to its end: whoever takes over must not work in its files meanwhile.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    deadline = time.monotonic() + timeout_s
    try:
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def version() -> tuple[int, int]:
    """Major and minor version of the git in PATH. Raises UserError when it is missing or older than we need."""
    words = git(Path.cwd(), "version").text.split()
    numbers = [int(part) for part in words[2].split(".")[:2] if part.isdigit()] if len(words) > 2 else []
    found = (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
    if found < OLDEST:
        raise UserError(f"git {'.'.join(map(str, found))} is too old.", hint="Install git 2.38 or newer.")
    return found


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _last_words(result: Result) -> str:
    lines = [line for line in result.err.splitlines() if line.strip() and not line.startswith("hint:")]
    told = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "")
    if result.code < 0:
        return f"it was killed by signal {-result.code}"
    return told or f"it ended with code {result.code}"


_HINTS = {
    "index.lock": "Another git process is at work there, or one was killed: if none runs, delete the lock file.",
    ".lock": "Another git process is at work there, or one was killed: if none runs, delete the lock file.",
    "No space left": "Free some disk space and run the command again.",
    "dubious ownership": "Run the `git config --global --add safe.directory` command that git names.",
    "not a git repository": "Run `git init` there, or go to a directory inside a repository.",
    "Permission denied": "Make the files readable and writable for you.",
    "external filter": "A filter that .gitattributes names does not work here: install its program (Git LFS has one).",
    "current working directory": "The directory was deleted while a run was using it: run the command again.",
}


def _hint(err: str) -> str:
    return next((hint for words, hint in _HINTS.items() if words in err), "")
