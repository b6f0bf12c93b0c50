"""Leases on a remote (DESIGN 4.4): a ref that is moved only by who knows where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UserError
from . import paths
from .remote import Reason, absent, network_env, reason_of, unreachable
from .repo import Repo

PREFIX = "refs/orchestra/leases/"
_FETCH = ("fetch", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-maintenance")


@dataclass(frozen=True)
class Lease:
    """What the remote holds for a group: the commit, and the lease text in it."""

    sha: str
    text: str


@dataclass(frozen=True)
class Held:
    """Somebody else has the lease; `text` is theirs ("" when it was given back meanwhile)."""

    text: str


def read(repo: Repo, remote: str, group: str) -> Lease | None:
    """The lease of `group` on `remote`, None when nobody holds one. Raises UserError when it cannot be reached."""
    for _ in range(10):
        sha = _standing(repo, remote, group)
        if sha is None:
            return None
        if repo.git("cat-file", "-e", sha, check=False).code == 0 or _fetched(repo, remote, group):
            text = _text(repo, sha)
            if text is not None:
                return Lease(sha, text)
    raise UserError(f"The lease of {group} on {remote} changes faster than it can be read.", hint="Try again.")


def claim(repo: Repo, remote: str, group: str, text: str, expected: str | None) -> str | Held:
    """Put `text` in the place of the lease `expected` (None: nobody may hold one) and return the new id.

    Of several at once, one wins and the others get `Held`. Claiming what already stands there is a success, so a
    claim can be repeated after a kill. Raises UserError when the remote cannot be reached or refuses such refs.
    """
    sha = _object(repo, text)
    ref = PREFIX + paths.ref_part(group)
    call = ("push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
    fence = f"--force-with-lease={ref}:{expected or ''}"
    result = repo.git(*call, fence, "--", remote, f"{sha}:{ref}", check=False, env=network_env(repo))
    if result.code == 0:
        return sha
    if reason_of(result) is not Reason.NON_FAST_FORWARD:
        raise unreachable(remote, result)
    now = read(repo, remote, group)
    return now.sha if now and now.text == text.rstrip("\n") else Held(now.text if now else "")


def renew(repo: Repo, remote: str, group: str, text: str, expected: str) -> str | Held:
    """Replace our own lease `expected` by `text`; `Held` says that somebody took it over."""
    return claim(repo, remote, group, text, expected)


def release(repo: Repo, remote: str, group: str, expected: str) -> bool:
    """Give the lease `expected` back; False when somebody else has it. Gone already is a success."""
    ref = PREFIX + paths.ref_part(group)
    call = ("push", "--porcelain", "--no-verify", "--recurse-submodules=no", f"--force-with-lease={ref}:{expected}")
    result = repo.git(*call, "--", remote, f":{ref}", check=False, env=network_env(repo))
    return result.code == 0 or _standing(repo, remote, group) is None


def _object(repo: Repo, text: str) -> str:
    """A commit, because some hosts take nothing else; the lease is its message. No parent: old leases can go."""
    tree = repo.git("mktree").text
    message = text if text.endswith("\n") else text + "\n"
    env = repo.identity()
    return repo.git("commit-tree", "-F", "-", tree, input=message.encode(), env=env).text


def _standing(repo: Repo, remote: str, group: str) -> str | None:
    ref = PREFIX + paths.ref_part(group)
    result = repo.git("ls-remote", "--", remote, ref, check=False, env=network_env(repo))
    if result.code != 0:
        raise unreachable(remote, result)
    return next((line.split("\t")[0] for line in result.text.splitlines() if line.endswith(f"\t{ref}")), None)


def _fetched(repo: Repo, remote: str, group: str) -> bool:
    ref = PREFIX + paths.ref_part(group)
    result = repo.git(*_FETCH, "--", remote, ref, check=False, env=network_env(repo))
    if result.code != 0 and not absent(result):
        raise unreachable(remote, result)
    return result.code == 0


def _text(repo: Repo, sha: str) -> str | None:
    result = repo.git("cat-file", "commit", sha, check=False)
    return result.out.decode("utf-8", "replace").partition("\n\n")[2].rstrip("\n") if result.code == 0 else None
