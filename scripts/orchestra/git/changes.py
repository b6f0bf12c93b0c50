"""What differs between a commit and the files of a work tree, whoever committed or staged it meanwhile."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from . import paths, scratch
from .diff import ABSENT, Pair, records
from .ignored import hidden
from .repo import Worktree
from .run import GitError
from .tracked import GITLINK, Tracked, distrust, empty, hidden_repositories, submodule, tracked

__all__ = ["GITLINK", "Change", "Kind", "changes", "executable", "names"]


class Kind(StrEnum):
    """How a path differs. `nested` is a repository inside the work tree: one path, never committed. `hidden` is a new
    file that git ignores only by new rules: not committed either, even where it may be written."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    MODE = "mode"
    TYPE = "type"
    NESTED = "nested"
    HIDDEN = "hidden"


@dataclass(frozen=True, order=True)
class Change:
    """One path, relative to the top of the work tree, and how it differs from the base."""

    path: str
    kind: Kind


def changes(
    tree: Worktree, base: str, links: Sequence[str] = (), ephemeral: Sequence[str] = paths.EPHEMERAL
) -> list[Change]:
    """Every path whose content, mode or type in the work tree is not that of the commit or tree `base`.

    Ignored files are left out unless somebody staged or committed them, or, in a linked work tree, they would steer
    a client or Orchestra (`paths.STEERING`) or are hidden by rules that `base` does not have (`ignored`); `links` (and
    the work tree's own) and names in `ephemeral` are left out while `base` does not track them. A rename is a deletion
    and an addition. Sorted by path. Raises GitError.
    """
    since_ns = scratch.kept_at(tree)
    with scratch.index(tree, base) as index:
        known = tracked(tree, index)
        distrust(tree, index, known, since_ns)
        differing = _tracked(tree, index, base) + _repositories(tree, known)
        fresh = _untracked(tree, index) | _staged(tree, base) | _steering(tree, index)
        rules = {change.path for change in differing} | fresh
        unseen = hidden(tree, index, base, rules) - fresh if tree.linked else set()
        if not any(path.endswith(".gitattributes") for path in rules | unseen):
            # By other attributes a file may pass for unchanged that is not so when they are put right.
            scratch.keep(tree, index)
    skipped = {link.strip("/") for link in (*links, *tree.links)}
    new = [_new(path) for path in fresh] + [Change(path, Kind.HIDDEN) for path in unseen]
    wanted = (one for one in new if one.path not in skipped and not paths.matches(one.path, ephemeral))
    found = {*differing, *wanted}
    return sorted(change for change in found if not tree.spares(change.path))


def _new(path: str) -> Change:
    """`git ls-files --others` ends the name of a nested repository with a slash."""
    return Change(path.rstrip("/"), Kind.NESTED if path.endswith("/") else Kind.ADDED)


def _untracked(tree: Worktree, index: Path) -> set[str]:
    return set(tree.git("ls-files", "--others", "--exclude-standard", "-z", index=index).fields)


def _steering(tree: Worktree, index: Path) -> set[str]:
    """Ignored files that the next agent in this work tree would obey. In a user's checkout they are the user's own."""
    there = [name for name in paths.STEERING if tree.linked and os.path.lexists(tree.path / name)]
    if not there:
        return set()
    call = ("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--")
    return set(tree.git(*call, *there, index=index).fields)


def _repositories(tree: Worktree, known: list[Tracked]) -> list[Change]:
    """Submodules that differ, and repositories that lie where git looks at none."""
    links = [one.path for one in known if one.mode == GITLINK and not _same_submodule(tree, one)]
    return [Change(path, Kind.NESTED) for path in (*links, *hidden_repositories(tree, known))]


def _same_submodule(tree: Worktree, one: Tracked) -> bool:
    if empty(tree, one.path):
        return True
    with submodule(tree, one) as inner:
        try:
            return inner is not None and not changes(inner, one.sha)
        except GitError:
            # Its commit is not there, or its files cannot be read.
            return False


def _staged(tree: Worktree, base: str) -> set[str]:
    """Ignored paths that the work tree's own index took in (`git add -f`): somebody meant them to be seen."""
    call = ("diff-index", "--cached", "--name-only", "--no-renames", "--diff-filter=A", "-z", base)
    # The agent's index may be damaged; then there is nothing to learn from it.
    result = tree.git(*call, check=False)
    return {path for path in result.fields if paths.is_file(tree.path, path)} if result.code == 0 else set()


def _tracked(tree: Worktree, index: Path, base: str) -> list[Change]:
    tree.git("update-index", "-q", "--really-refresh", index=index, check=False)
    call = ("diff-files", "--raw", "-z", "--no-renames", "--ignore-submodules=all")
    found = records(tree.git(*call, index=index).fields)
    plain = [path for path, pair in found if _is_file(pair)]
    content = _content(tree, index, base, plain)
    return [change for path, pair in found if (change := _classify(path, pair, content.get(path)))]


def _is_file(pair: Pair) -> bool:
    """A regular file on both sides: what git calls changed may be a touched file or another line ending."""
    return pair.old[0].startswith("100") and pair.new[0].startswith("100")


def _classify(path: str, pair: Pair, content: Kind | None) -> Change | None:
    if GITLINK in (pair.old[0], pair.new[0]):
        return Change(path, Kind.NESTED)
    if pair.new == ABSENT:
        return Change(path, Kind.DELETED)
    if not _is_file(pair):
        return Change(path, Kind.MODIFIED if pair.old[0] == pair.new[0] else Kind.TYPE)
    return Change(path, content) if content else None


def _content(tree: Worktree, index: Path, base: str, plain: list[str]) -> dict[str, Kind]:
    """How regular files differ once git has read them; those that do not are left out."""
    # `--raw` calls a pipe or a socket a regular file, too.
    odd = dict.fromkeys((path for path in plain if not paths.is_file(tree.path, path)), Kind.TYPE)
    plain = [path for path in plain if path not in odd]
    if not plain:
        return odd
    tree.git("update-index", "-z", "--stdin", index=index, input=paths.joined(plain))
    call = ("diff-index", "--cached", "--raw", "-z", "--no-renames", base)
    pairs = dict(records(tree.git(*call, index=index).fields))
    read = {path: pairs[path] for path in plain if path in pairs}
    same = _unchanged(tree, index, [(path, pair.old[1]) for path, pair in read.items() if _other_bytes(pair)])
    kinds = {path: _kind(pair, path in same) for path, pair in read.items()}
    return odd | {path: kind for path, kind in kinds.items() if kind}


def _other_bytes(pair: Pair) -> bool:
    return pair.old[1] != pair.new[1]


def _kind(pair: Pair, same: bool) -> Kind | None:
    if _other_bytes(pair) and not same:
        return Kind.MODIFIED
    return Kind.MODE if pair.old[0] != pair.new[0] else None


def _unchanged(tree: Worktree, index: Path, blobs: list[tuple[str, str]]) -> set[str]:
    """Paths whose bytes are just what a checkout would write of their blob.

    With `text` attributes on a file that was committed with CRLF, or a clean filter that is not reversible,
    git calls a file changed that nobody touched.
    """
    asked = [(path, sha) for path, sha in blobs if "\n" not in path]
    found: set[str] = set()
    for start in range(0, len(asked), 64):
        found |= _written_alike(tree, index, asked[start : start + 64])
    return found


def _written_alike(tree: Worktree, index: Path, blobs: list[tuple[str, str]]) -> set[str]:
    mark = secrets.token_hex(16)
    asked = b"".join(os.fsencode(f"{sha} {path}\n") for path, sha in blobs)
    # The size in a --batch header is that before the filter, so the answers are told apart by a random mark.
    answer = tree.git("cat-file", "--filters", f"--batch={mark}", input=asked, index=index, check=False)
    parts = answer.out.split(f"{mark}\n".encode())[1:]
    if answer.code != 0 or len(parts) != len(blobs):
        return set()
    return {path for (path, _), part in zip(blobs, parts, strict=True) if _holds(tree.path / path, part)}


def _holds(path: Path, answer: bytes) -> bool:
    content = answer[:-1]
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def executable(path: Path) -> bool:
    """Whether git would record the file at `path` as executable."""
    return bool(path.lstat().st_mode & stat.S_IXUSR)


def names(found: Iterable[Change]) -> list[str]:
    """The paths of some changes."""
    return [change.path for change in found]
