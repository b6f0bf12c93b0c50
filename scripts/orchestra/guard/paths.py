"""Where a path really leads: links of every parent and of the last name followed, as far as anything exists.

A tool may take `..` back by text (as Node's `path.resolve` and `cd` do) or let the kernel do it after following links.
The two differ behind a link, so both places count.
"""

from __future__ import annotations

import posix

_ENOENT, _ENOTDIR, _EINVAL = 2, 20, 22
_MAX_LINKS = 40
_MAX_BYTES = 4096
_MAX_NAME = 255

# What they lead to depends on the process that opens them: the hook is another one than the tool.
_PROCESS = ("/proc", "/dev/fd", "/.vol", "/system/volumes/.vol")

# Writing to these changes no file.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/stdin", "/dev/stdout", "/dev/stderr")
_OPEN_FILES = ("/dev/fd/", "/proc/self/fd/")


class Unclear(Exception):
    """The place that a path leads to cannot be established; the message says why."""


class Place:
    """Where a path leads: `lexical` by its text, `reals` by the file system (two where readers differ)."""

    __slots__ = ("given", "lexical", "reals")

    def __init__(self, given: str, lexical: str, reals: list[str]) -> None:
        self.given, self.lexical, self.reals = given, lexical, reals


def place(given: str, cwd: str, home: str) -> Place:
    """The place that `given` names for a process in `cwd`. Raises Unclear."""
    _check(given)
    path = _expanded(given, home)
    if not path.startswith("/"):
        if not cwd.startswith("/"):
            raise Unclear("the directory it is relative to is not known")
        path = f"{cwd}/{path}"
    lexical = tidy(path)
    if _under(lexical.lower(), _PROCESS):
        raise Unclear("what it leads to differs from process to process")
    reals = [real(lexical)]
    if "/../" in f"{path}/":
        reals.append(real(path))
    return Place(given, lexical, reals)


def _check(path: str) -> None:
    if not path or path != path.strip():
        raise Unclear("it is empty or has blanks at an end")
    if not path.isprintable() and any(char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in path):
        raise Unclear("it holds control characters")
    if len(path.encode("utf-8", "replace")) >= _MAX_BYTES:
        raise Unclear("it is too long")
    if any(len(part) > _MAX_NAME for part in path.split("/")):
        raise Unclear("a name in it is too long")


def _expanded(path: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        if not home.startswith("/"):
            raise Unclear("the home directory is not known")
        return home + path[1:]
    if path.startswith("~"):
        raise Unclear("it names another user's home")
    return path


def tidy(path: str) -> str:
    """An absolute path without `.`, `..` and doubled slashes, by its text alone."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def real(path: str) -> str:
    """The absolute path with every link followed; names that do not exist stay as they are. Raises Unclear."""
    todo, done, links = path.split("/")[::-1], "", 0
    while todo:
        part = todo.pop()
        if part == "..":
            done = done.rpartition("/")[0]
        elif part and part != ".":
            here = f"{done}/{part}"
            target = _link(here)
            if target is None:
                done = here
                continue
            links += 1
            if links > _MAX_LINKS:
                raise Unclear("its links go round in circles")
            done = "" if target.startswith("/") else done
            todo += target.split("/")[::-1]
    if _under(done.lower(), _PROCESS):
        raise Unclear("what it leads to differs from process to process")
    return done or "/"


def entry(lexical: str) -> str:
    """The directory entry that a path names: links of its parents followed, its last name as it is. Raises Unclear."""
    head, _, name = lexical.rpartition("/")
    return f"{real(head).rstrip('/')}/{name}" if head else lexical


def _link(path: str) -> str | None:
    """What the link at `path` says, or None when there is no link."""
    try:
        target = posix.readlink(path)
    except OSError as error:
        if error.errno in (_ENOENT, _ENOTDIR, _EINVAL):
            return None
        raise Unclear("it cannot be looked at") from None
    except ValueError:
        raise Unclear("it cannot be looked at") from None
    if _under(path.lower(), _PROCESS):
        raise Unclear("what it leads to differs from process to process")
    return target


def is_device(path: str, *, shell: bool) -> bool:
    """Whether writing there changes no file. A shell's open files were judged where they were opened."""
    return path in DEVICES or (shell and path.startswith(_OPEN_FILES) and path.rpartition("/")[2].isdigit())


def _under(path: str, folders: tuple[str, ...]) -> bool:
    return any(under(path, folder) for folder in folders)


def under(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return path == folder or folder == "/" or path.startswith(folder + "/")


def below(path: str, folder: str) -> str:
    """What is left of `path` below `folder`; `""` for the folder itself."""
    return path[len(folder.rstrip("/")) + 1 :]


def ignores_case(folder: str) -> bool:
    """Whether names below `folder` mean the same in either case, asked of the folder's own name."""
    head, _, name = folder.rpartition("/")
    other = name.swapcase()
    if other == name:
        return ignores_case(head) if head else False
    try:
        mine, theirs = posix.lstat(folder), posix.lstat(f"{head}/{other}")
    except OSError:
        return False
    return (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)


def stranger(path: str, root: str) -> str:
    """The repository or work tree below `root` that `path` lies in, or `""` when it belongs to the one at `root`."""
    here = root
    for part in below(path, root).split("/")[:-1]:
        here = f"{here}/{part}"
        try:
            posix.lstat(f"{here}/.git")
        except OSError:
            continue
        return here
    return ""


def is_directory(path: str) -> bool:
    """Whether a directory is there (a link to one is not)."""
    try:
        return posix.lstat(path).st_mode & 0o170000 == 0o040000
    except OSError:
        return False


def has_other_names(path: str) -> bool:
    """Whether a file is there that can be reached by another hard link too."""
    try:
        found = posix.lstat(path)
    except OSError:
        return False
    return found.st_nlink > 1 and found.st_mode & 0o170000 != 0o040000
