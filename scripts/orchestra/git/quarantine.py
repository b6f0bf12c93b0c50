"""Changes that nobody allowed: kept as a patch that can be applied again, then taken out of the work tree."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from . import scratch
from .changes import Kind, changes
from .repo import Worktree
from .snapshot import restore, snapshot

_DIFF = (
    "diff", "--binary", "--full-index", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
    "--ignore-submodules=none", "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip


@dataclass(frozen=True)
class SetAside:
    """What was taken out: the paths, the patch that holds them (None: there was nothing to keep), and where
    nested repositories, which no patch can hold, were moved to."""

    paths: tuple[str, ...] = ()
    patch: Path | None = None
    nested: tuple[Path, ...] = ()


def set_aside(tree: Worktree, base: str, wanted: Iterable[str], patch_file: Path) -> SetAside:
    """Save the changes of the paths `wanted` relative to `base` as a patch, then put those paths right.

    The patch is on disk, and proved to apply again, before any file is touched. A patch that exists already is
    never replaced: other changes go to `<name>.2.patch` and so on. A path that cannot stay without another
    (a directory in the place of a file) takes that with it. Raises UserError, with the work tree untouched, when
    the patch cannot be written.
    """
    found = {change.path: change.kind for change in changes(tree, base, ephemeral=())}
    chosen = _closure(set(wanted) & found.keys(), found.keys())
    nested = sorted(path for path in chosen if found[path] is Kind.NESTED)
    plain = sorted(chosen - set(nested))
    patch = _save(tree, base, plain, patch_file) if plain else None
    moved = tuple(_move(tree, path, patch_file) for path in nested)
    restore(tree, base, chosen)
    return SetAside(tuple(sorted(chosen)), patch, tuple(place for place in moved if place))


def _closure(chosen: set[str], everything: Iterable[str]) -> set[str]:
    above = {parent for path in chosen for parent in _parents(path)}
    return chosen | {path for path in everything if path in above or not chosen.isdisjoint(_parents(path))}


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _save(tree: Worktree, base: str, plain: list[str], patch_file: Path) -> Path:
    content = snapshot(tree, base, plain)
    temporary = patch_file.with_name(f".{patch_file.name}.{os.getpid()}.orchestra-tmp")
    try:
        patch_file.parent.mkdir(parents=True, exist_ok=True)
        _write(tree, base, content, temporary)
        _prove(tree, base, content, temporary)
        return _place(temporary, patch_file)
    except OSError as error:
        raise _refused(patch_file, str(error.strerror or error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write(tree: Worktree, base: str, content: str, temporary: Path) -> None:
    with temporary.open("wb") as file:
        # Through standard output: git checks that for a full disk, but not the file of `--output`.
        result = tree.git(*_DIFF, base, content, stdout=file, check=False)
        file.flush()
        os.fsync(file.fileno())
    if result.code != 0:
        raise _refused(temporary, result.err.strip() or f"git diff ended with code {result.code}")


def _prove(tree: Worktree, base: str, content: str, patch: Path) -> None:
    with scratch.index(tree, base) as index:
        applied = tree.git("apply", "--cached", "--whitespace=nowarn", str(patch.absolute()), index=index, check=False)
        if applied.code != 0 or tree.git("write-tree", index=index).text != content:
            raise _refused(patch, applied.err.strip() or "the patch does not give the same files back")


def _refused(patch: Path, why: str) -> UserError:
    return UserError(
        f"The changes outside the scope could not be saved in {patch.parent}: {why}.",
        hint="Nothing was removed. Free some disk space, make the directory writable, and run the command again.",
    )


def _place(temporary: Path, patch_file: Path) -> Path:
    """A kill between the patch and the work tree makes us come here twice: what is held already stays as it is."""
    sections = _sections(temporary.read_bytes())
    number = 1
    target = patch_file
    while target.exists():
        if sections <= _sections(target.read_bytes()):
            return target
        number += 1
        target = patch_file.with_name(f"{patch_file.stem}.{number}{patch_file.suffix}")
    temporary.replace(target)
    _sync(target.parent)
    return target


def _sections(patch: bytes) -> set[bytes]:
    """A patch cut at the head of each file; no content line can start with `diff --git`."""
    return set(re.split(rb"^(?=diff --git )", patch, flags=re.MULTILINE)) - {b""}


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(tree: Worktree, path: str, patch_file: Path) -> Path | None:
    """A nested repository goes as a whole next to the patch; one that holds no file is not worth it."""
    source = tree.path / path
    if not source.is_dir() or source.is_symlink() or not any(source.iterdir()):
        return None
    folder = patch_file.with_name(f"{patch_file.stem}.nested")
    number = 1
    while (folder / path).exists():
        number += 1
        folder = patch_file.with_name(f"{patch_file.stem}.{number}.nested")
    try:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, folder / path)
    except OSError as error:
        raise _refused(folder, str(error.strerror or error)) from error
    return folder / path
