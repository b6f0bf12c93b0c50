"""What commits say: which units are in a history, and in which commit."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .message import trailers_of
from .repo import Repo

TICKET = "Orchestra-Ticket"
UNIT = "Orchestra-Unit"
# Message last, because it may hold any line; NUL cannot be in one.
_FORMAT = "%H%n%P%n%T%n%an%n%ae%n%ad%n%cn%n%ce%n%cd%n%B"


@dataclass(frozen=True)
class Commit:
    """One commit. `parent` is its first parent ("" for a first commit); dates are git's raw `<seconds> <zone>`."""

    sha: str
    parent: str
    tree: str
    subject: str
    body: str
    trailers: tuple[tuple[str, str], ...]
    author: tuple[str, str, str]
    committer: tuple[str, str, str]
    message: str

    def trailer(self, key: str) -> str:
        """The last value of a trailer, "" without one. Keys are compared without case, as git does."""
        return next((value for name, value in reversed(self.trailers) if name.lower() == key.lower()), "")


def log(repo: Repo, base: str, tip: str, *flags: str) -> list[Commit]:
    """The commits after `base` ("": from the beginning) up to `tip` along first parents, oldest first."""
    span = [tip, f"^{base}"] if base else [tip]
    call = ("log", "-z", "--reverse", "--topo-order", "--first-parent", "--no-show-signature", "--date=raw")
    result = repo.git(*call, f"--format={_FORMAT}", *flags, "--end-of-options", *span, "--")
    return [_commit(os.fsdecode(part)) for part in result.out.split(b"\0") if part]


def _commit(text: str) -> Commit:
    sha, parents, tree, *rest = text.split("\n", 9)
    author, committer, message = rest[0:3], rest[3:6], rest[6]
    subject, _, body = message.partition("\n")
    return Commit(
        sha=sha,
        parent=parents.split(" ")[0],
        tree=tree,
        subject=subject,
        body=body.strip("\n"),
        trailers=trailers_of(message),
        author=(author[0], author[1], author[2]),
        committer=(committer[0], committer[1], committer[2]),
        message=message,
    )


def trailer_commits(repo: Repo, base: str, tip: str, key: str = TICKET) -> dict[str, str]:
    """Which commit after `base` carries which value of the trailer `key`; the latest wins."""
    return {value: commit.sha for commit in log(repo, base, tip) if (value := commit.trailer(key))}


def history_units(repo: Repo, tip: str, slug: str) -> dict[str, str]:
    """The units of the group `slug` that the history of `tip` holds, as unit name (`phase-1`) to commit.

    Read from the trailer `Orchestra-Unit: <slug>/<unit>`. Empty for a branch without commits.
    """
    if repo.resolve(tip) is None:
        return {}
    prefix = f"{slug}/"
    found = log(repo, "", tip, "--fixed-strings", f"--grep={UNIT}: {prefix}")
    values = ((commit.trailer(UNIT), commit.sha) for commit in found)
    return {value.removeprefix(prefix): sha for value, sha in values if value.startswith(prefix)}
