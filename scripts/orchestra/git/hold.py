"""Whose the user's checkout is while a group is built in it, and what it shows: a small file in its git directory.

It is written before or after each step so that the next command, whatever was killed, knows what to finish.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..files import write_atomic

FILE = "orchestra-in-place"


@dataclass(frozen=True)
class Hold:
    """`group` is built on the branch `target`, from the commit `base`, and left that branch at `left`.

    `shown` is the commit that index and files of the checkout belong to. `ticket` is the attempt that has the checkout;
    `held` is the tree that lay there when it began: `shown` and whatever people had changed, with the nested
    repositories `nested`. `unproved` says that a verification saw files that are in no commit.
    """

    group: str
    target: str
    base: str
    left: str
    shown: str
    ticket: str = ""
    held: str = ""
    nested: tuple[str, ...] = ()
    unproved: bool = False


def read(git_dir: Path) -> Hold | None:
    """The hold on the checkout with this git directory; None when no group is built there."""
    try:
        data = json.loads((git_dir / FILE).read_bytes())
        return Hold(**{**data, "nested": tuple(data["nested"])})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write(git_dir: Path, hold: Hold) -> Hold:
    """Write the hold, and return it. Raises UserError when the disk refuses."""
    write_atomic(git_dir / FILE, json.dumps(asdict(hold), indent=1).encode() + b"\n")
    return hold


def drop(git_dir: Path) -> None:
    """Remove the hold: the checkout is the user's alone again."""
    (git_dir / FILE).unlink(missing_ok=True)
