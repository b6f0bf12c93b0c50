"""What two commits have different, path by path."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .repo import Repo

ABSENT = ("000000", "0" * 40)
Entry = tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """Mode and object of one path on both sides; `ABSENT` where it does not exist."""

    old: Entry
    new: Entry


def between(repo: Repo, old: str, new: str) -> dict[str, Pair]:
    """Every path whose mode or content differs between two commits or trees; a rename is two paths."""
    result = repo.git("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-ext-diff", "--full-index", old, new)
    return dict(records(result.fields))


def records(fields: list[str]) -> list[tuple[str, Pair]]:
    """The records of `--raw -z` (git-diff(1), raw output format)."""
    found = []
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_sha, new_sha, _ = head.removeprefix(":").split(" ")
        found.append((path, Pair(_entry(old_mode, old_sha), _entry(new_mode, new_sha))))
    return found


def _entry(mode: str, sha: str) -> Entry:
    return ABSENT if mode == ABSENT[0] else (mode, sha)


def index_info(entries: dict[str, Entry]) -> bytes:
    """The input of `git update-index -z --index-info` that makes an index hold `entries`."""
    # A file must leave the index before another that needs its name as a directory comes in.
    ordered = sorted(entries.items(), key=lambda item: item[1] != ABSENT)
    return b"".join(os.fsencode(f"{mode} {sha}\t{path}") + b"\0" for path, (mode, sha) in ordered)
