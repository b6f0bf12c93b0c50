"""Git's own files: what steers git and runs programs, noted before agents work and put right after them.

Work trees share one git directory, so an agent can plant a hook, a filter or another remote there for whoever uses the
repository next. Refs are in `refs`.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from . import paths, run, scratch
from .repo import LINKS, Worktree
from .worktrees import READY

_NAMED = ("config", "config.worktree", "shallow", "objects/info/alternates", "objects/info/http-alternates")
_FOLDERS = ("hooks", "info")
# Rewritten by git itself for servers that know no protocol (git-update-server-info(1)).
_PASSED_OVER = ("info/refs",)
_OF_TREE = ("commondir", "gitdir", "config.worktree", "HEAD", LINKS, READY)
_UNVISITED = {"objects", "refs", "logs", "lfs"}


@dataclass(frozen=True)
class Held:
    """What lies at a path: its mode as of lstat(2), and its bytes or where the link leads."""

    mode: int
    data: bytes = b""


Files = Mapping[str, Held]


def read(common: Path) -> dict[str, Held]:
    """Git's own files in the directory that all checkouts share, by their path in it; samples of hooks are no hooks."""
    found: dict[str, Held] = {}
    for folder in (common, *_modules(common / "modules")):
        prefix = "" if folder == common else f"{folder.relative_to(common).as_posix()}/"
        # A link on the way leads to files that are not git's; a folder that became one is a name of its own.
        names = (name for name in _names(folder) if paths.plain_parent(folder, name))
        found |= {prefix + name: held for name in names if (held := _held(folder / name)) is not None}
    return found


def _modules(top: Path) -> Iterator[Path]:
    """The git directories of submodules, which may lie in folders, and hold further ones."""
    for at, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if name not in _UNVISITED)
        if "HEAD" in files or "config" in files:
            yield Path(at)


def _names(folder: Path) -> Iterator[str]:
    yield from _NAMED
    for name in _FOLDERS:
        place = folder / name
        if place.is_symlink() or not place.is_dir():
            yield name
            continue
        for file in sorted(place.rglob("*")):
            relative = file.relative_to(folder).as_posix()
            if not relative.endswith(".sample") and relative not in _PASSED_OVER:
                yield relative


def of_tree(tree: Worktree) -> dict[str, Held]:
    """What says in a linked work tree's own git directory where everything lies, and what Orchestra notes there."""
    names = _OF_TREE if tree.linked else ()
    return {name: held for name in names if (held := _held(tree.git_dir / name)) is not None}


def stamp(tree: Worktree) -> int:
    """What changes when anybody writes the index that our last look kept (a time that no program can set)."""
    try:
        return (tree.git_dir / scratch.SEED).lstat().st_ctime_ns
    except OSError:
        return 0


def forget_index(tree: Worktree) -> None:
    """Have the next look read every file: nothing says any more that the kept stat data is true."""
    (tree.git_dir / scratch.SEED).unlink(missing_ok=True)


def _held(path: Path) -> Held | None:
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return Held(mode, os.fsencode(path.readlink()))
        if stat.S_ISDIR(mode):
            return None
        return Held(mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
    except OSError:
        return None


def differing(before: Files, after: Files) -> list[str]:
    """The paths that hold something else than before."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def put_back(folder: Path, before: Files, names: Iterable[str], keep: Path) -> None:
    """Make the paths `names` below `folder` what they were; what lies there now is moved to the directory `keep`.

    In order of the names: a link in the place of a folder goes before what belongs into that.
    """
    names = sorted(names)
    for name in names:
        _keep(folder / name, keep / name)
    for name in names:
        if name in before:
            _write(folder / name, before[name])


def _keep(source: Path, target: Path) -> None:
    """Copied without its right to run; a link is kept as what it says."""
    held = _held(source)
    if held is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        _unused(target).write_bytes(held.data)
    paths.remove_tree(source)


def _unused(path: Path) -> Path:
    number, place = 1, path
    while os.path.lexists(place):
        number += 1
        place = path.with_name(f"{path.name}.{number}")
    return place


def _write(target: Path, held: Held) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{secrets.token_hex(6)}.orchestra-tmp")
    if stat.S_ISLNK(held.mode):
        temporary.symlink_to(os.fsdecode(held.data))
    else:
        temporary.write_bytes(held.data)
        temporary.chmod(stat.S_IMODE(held.mode))
    temporary.replace(target)


def settings(config: bytes) -> dict[str, list[str]] | None:
    """Every key of a configuration file with its values; None when git cannot read it. Includes are not followed."""
    # From the root, and told of no repository: the one that these lines come from must not be read for that.
    call = ("config", "--file", "-", "--no-includes", "--list", "-z")
    result = run.git(Path("/"), *call, input=config or b"\n", env={"GIT_DIR": os.devnull}, check=False)
    if result.code != 0:
        return None
    found: dict[str, list[str]] = {}
    for field in result.fields:
        key, _, value = field.partition("\n")
        found.setdefault(key, []).append(value)
    return found


def changed_settings(before: bytes, after: bytes, branches: Iterable[str]) -> list[str]:
    """The keys that differ and matter: all but what git and editors note about branches.

    Where a branch of `branches` (those that there were) is pushed to matters too. An unreadable file is `(unreadable)`.
    """
    old, new = settings(before), settings(after)
    if old is None or new is None:
        return ["(unreadable)"] if before != after else []
    known = set(branches)
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key) and _matters(key, known))


def _matters(key: str, branches: set[str]) -> bool:
    section, _, rest = key.partition(".")
    name, _, word = rest.rpartition(".")
    return section != "branch" or (name in branches and word in ("remote", "merge", "pushremote"))
