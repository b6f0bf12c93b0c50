"""Files that survive a kill: replaced whole or not at all, and edited by one process at a time."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError, bad_input, locked

TEMPORARY = ".orchestra-tmp"
# Files that are open at once.
_AT_ONCE = 64

_HINTS = {
    errno.ENOSPC: "Free some disk space and run the command again; the old file is intact.",
    errno.EDQUOT: "Your disk quota is used up; free some space and run the command again. The old file is intact.",
    errno.EFBIG: "The file size limit is reached (ulimit -f); raise it and run the command again.",
    errno.EROFS: "The file system is mounted read-only; mount it writable and run the command again.",
    errno.EACCES: "Make the directory writable for you and run the command again.",
    errno.EPERM: "Make the directory writable for you and run the command again.",
    errno.ENOENT: "The directory is gone; run the command again once it is back.",
}


def write_atomic(path: Path, data: bytes, *, inside: Path | None = None) -> bool:
    """Replace `path` by `data` so that a reader, or a kill, sees the old bytes or the new ones.

    A file that exists keeps its mode; content that is the same is not written again. A symbolic
    link is followed, and stays a link, when it leads to a place below `inside` (default: the
    directory of `path`). Returns whether anything was written. Raises UserError when the path leads
    outside or the disk refuses; then the old file is as it was.
    """
    with _explained(path):
        target = _target(path, inside)
        if _holds(target, data):
            return False
        with _staged(target, data) as staged:
            os.fsync(staged.descriptor)
            staged.path.replace(target)
        _sync_directory(target.parent)
    return True


def put(path: Path, data: bytes) -> None:
    """Write a file of Orchestra's own, whole or not at all; whatever had its name is replaced.

    Nothing waits for the disk: a kill leaves the old bytes or the new ones, but the machine's own crash may lose both.
    Raises UserError when the disk refuses; then the old file is as it was.
    """
    with _explained(path):
        temporary = _temporary(path)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.replace(temporary, path)  # noqa: PTH105
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class Staged:
    """A new file that is to take the place of `target`, open for writing."""

    path: Path
    target: Path
    descriptor: int


@dataclass(frozen=True)
class Replacement:
    """What a file shall hold; `over` is what it held when that was made of it, None for whatever it holds."""

    path: Path
    data: bytes
    over: bytes | None = None


def write_together(replacements: Iterable[Replacement], inside: Path) -> list[Path]:
    """Replace files as `write_atomic` does, each whole or not at all, and wait for the disk for all of them at once.

    All contents are written before the first is waited for, which a disk answers in half the time that it takes for
    one after the other. One that holds other bytes than its `over` by now is left alone: somebody has saved it since
    it was read. Returns the paths that were written. Raises UserError as `write_atomic` does; each file is then as it
    was or as it shall be.
    """
    todo, written = list(replacements), dict[Path, Path]()
    with _explained(inside):
        fence = _resolved(inside)
    try:
        while todo:
            some, todo = todo[:_AT_ONCE], todo[_AT_ONCE:]
            with ExitStack() as stack:
                staged = [(one, stack.enter_context(_prepared(one, fence))) for one in some]
                written.update((one.path, found.target) for one, found in staged if found and _placed(one, found))
    finally:
        # Those that were replaced before the disk refused another one are to last too.
        for directory in {target.parent for target in written.values()}:
            with _explained(directory):
                _sync_directory(directory)
    return list(written)


@contextmanager
def _prepared(one: Replacement, fence: Path) -> Iterator[Staged | None]:
    """The new file beside the old one; None where the old one holds that already."""
    with _explained(one.path):
        target = _within(one.path, fence)
        if _holds(target, one.data):
            yield None
            return
        with _staged(target, one.data) as staged:
            yield staged


def _placed(one: Replacement, staged: Staged) -> bool:
    with _explained(one.path):
        os.fsync(staged.descriptor)
        if one.over is not None and not _holds(staged.target, one.over):
            return False
        staged.path.replace(staged.target)
        return True


def read_bytes(path: Path) -> bytes | None:
    """The bytes of `path`, or None when there is no such regular file (a person may have deleted it)."""
    try:
        return path.read_bytes() if path.is_file() else None
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _refused(path, error, verb="read") from error


def sweep(directory: Path) -> None:
    """Remove temporary files in `directory` whose writer was killed before it could rename them."""
    with suppress(OSError):
        for left in directory.glob(f".*{TEMPORARY}"):
            if not _running(left.name):
                left.unlink(missing_ok=True)


@contextmanager
def edit_lock(project_dir: Path, *, timeout_s: float = 30.0) -> Iterator[None]:
    """Hold the lock under which files that people edit too are changed.

    `project_dir` is the project's root, the parent of `.orchestra`. Raises UserError (exit 75) when
    another process keeps the lock for longer than `timeout_s`.
    """
    import filelock

    path = project_dir / ".orchestra" / "locks" / "plan.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = filelock.FileLock(path, timeout=timeout_s).acquire()
    except filelock.Timeout as error:
        raise locked(
            "Another process is editing the planning files.",
            f"It holds {path}. Try again when it has ended.",
        ) from error
    except OSError as error:
        raise _refused(path, error) from error
    with held:
        yield


def _target(path: Path, inside: Path | None) -> Path:
    if inside is None and not path.is_symlink():
        return path
    return _within(path, _resolved(path.parent if inside is None else inside))


def _within(path: Path, fence: Path) -> Path:
    """Where `path` leads; `fence` is resolved already."""
    target = _resolved(path)
    if not target.is_relative_to(fence):
        raise bad_input(
            f"{path} leads to {target}, which is outside {fence}.",
            "Replace the symbolic link by a real file or directory.",
        )
    return target


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:  # Python before 3.13 says so of a loop of links
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


@contextmanager
def _staged(target: Path, data: bytes) -> Iterator[Staged]:
    """A file beside `target` with its mode and the new content; at the end it has taken its place, or is gone."""
    path = Path(_temporary(target))
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(data)
            file.flush()
            _keep_owner_and_mode(file.fileno(), target)
            yield Staged(path, target, file.fileno())
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _temporary(target: Path) -> str:
    return f"{target.parent}/.{target.name[:40]}.{os.getpid()}-{secrets.token_hex(4)}{TEMPORARY}"


def _keep_owner_and_mode(descriptor: int, like: Path) -> None:
    try:
        old = like.stat()
    except FileNotFoundError:
        return
    # Only root may give a file back to its owner; for everybody else the owner is right already.
    with suppress(PermissionError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        # Some network and FUSE file systems cannot sync a directory; the rename itself is still atomic there.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _running(name: str) -> bool:
    pid = name.removesuffix(TEMPORARY).rsplit(".", 1)[-1].partition("-")[0]
    try:
        os.kill(int(pid), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError, verb: str = "write") -> UserError:
    hint = _HINTS.get(error.errno or 0, "Check the path and the disk, then run the command again.")
    return UserError(f"Cannot {verb} {path}: {error.strerror or error}.", hint=hint)
