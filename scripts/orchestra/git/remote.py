"""The remote: fetch and push. Nothing here forces anything."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum

from ..errors import UserError
from . import paths
from .commits import read_ref
from .repo import Repo
from .run import Result

_TEXT_LIMIT = 4000


class Reason(StrEnum):
    """Why a push was refused."""

    NON_FAST_FORWARD = "non-fast-forward"
    HOOK = "hook"
    REMOTE_HOOK = "remote-hook"
    AUTH = "auth"
    NETWORK = "network"
    NO_REMOTE = "no-remote"
    OTHER = "other"


@dataclass(frozen=True)
class Pushed:
    """The remote branch stands at `sha`."""

    sha: str


@dataclass(frozen=True)
class Rejected:
    """The remote branch was not moved; `text` is git's and the hooks' words, without passwords."""

    reason: Reason
    text: str


def push(repo: Repo, remote: str, sha: str, branch: str) -> Pushed | Rejected:
    """Push the commit `sha` to `branch` on `remote`, never by force. The user's pre-push hook runs.

    Pushing what is there already is a success, so this can be repeated after a kill.
    """
    if not repo.remote_exists(remote):
        return Rejected(Reason.NO_REMOTE, f"There is no remote called {remote!r}.")
    call = ("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--no-force-if-includes")
    spec = f"{sha}:refs/heads/{branch}"
    result = repo.git(*call, "--", remote, spec, check=False, hooks=True, env=network_env(repo))
    # The remote may have taken it before something here failed: a hook that minds where its branch was seen to stand.
    taken = any(_TAKEN.match(line) for line in result.text.splitlines())
    return Pushed(sha) if result.code == 0 or taken else Rejected(reason_of(result), words_of(result))


def fetch(repo: Repo, remote: str, branch: str) -> str | None:
    """The commit at which `branch` stands on `remote`, its objects fetched; None when the branch does not exist there.

    No branch of the user moves. Raises UserError when the remote cannot be reached.
    """
    ref = f"refs/orchestra/remotes/{paths.ref_part(remote)}/{paths.ref_part(branch)}"
    call = ("fetch", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-maintenance")
    result = repo.git(*call, "--", remote, f"+refs/heads/{branch}:{ref}", check=False, env=network_env(repo))
    if result.code == 0:
        return read_ref(repo, ref)
    if absent(result):
        return None
    raise unreachable(remote, result)


def absent(result: Result) -> bool:
    """Whether a fetch failed because the remote has no such ref."""
    return "couldn't find remote ref" in result.err


def unreachable(remote: str, result: Result) -> UserError:
    """The error for a remote that did not answer."""
    return UserError(
        f"The remote {remote} could not be reached: {gist(words_of(result))}",
        hint="Check the network and your credentials (`git fetch` shows the same), then run the command again.",
    )


def network_env(repo: Repo) -> dict[str, str]:
    """Make ssh give up instead of asking or waiting for ever, unless the user has chosen an ssh command."""
    chosen = "GIT_SSH_COMMAND" in os.environ or "GIT_SSH" in os.environ
    if chosen or repo.git("config", "--get", "core.sshCommand", check=False).code == 0:
        return {}
    return {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15"}


_WORDS = (
    (Reason.NON_FAST_FORWARD, ("fetch first", "non-fast-forward", "stale info", "needs force")),
    (Reason.NON_FAST_FORWARD, ("cannot lock ref", "failed to update ref", "incorrect old value", "already exists")),
    (Reason.REMOTE_HOOK, ("hook declined", "protected branch", "declined")),
    (Reason.AUTH, ("permission denied", "authentication failed", "could not read username", "could not read password")),
    (Reason.AUTH, ("returned error: 401", "returned error: 403", "invalid username", "access denied", "publickey")),
    (Reason.NETWORK, ("could not resolve", "timed out", "connection refused", "connection reset", "unreachable")),
    (Reason.NO_REMOTE, ("does not appear to be a git repository", "repository not found", "does not exist")),
    (Reason.NETWORK, ("unable to access", "could not read from remote", "hung up", "early eof", "returned error: 5")),
)


def reason_of(result: Result) -> Reason:
    """Why a push failed, read from `git push --porcelain`."""
    refused = [line for line in result.text.splitlines() if line.startswith("!")]
    words = ("\n".join(refused) or result.err).lower()
    for reason, signs in _WORDS:
        if any(sign in words for sign in signs):
            return reason
    # A pre-push hook that fails ends the push before any ref was tried (githooks(5)): no status line, no "fatal:".
    return Reason.HOOK if not refused and "fatal:" not in result.err else Reason.OTHER


def gist(text: str) -> str:
    """On one line, what the remote and git say is wrong: their prefixes and git's account of the transfer left out."""
    found = [match[1] or match[2] for match in map(_SAID.match, text.splitlines()) if match]
    said = [words for words in found if not words.startswith("failed to push some refs")]
    return "; ".join(dict.fromkeys(said)) or " ".join(text.split())


# Moved, new or up to date, as `git push --porcelain` has it: flag, refs, summary.
_TAKEN = re.compile(r"[ *=]\t[^\t]*\t")
# A line of git or of the remote, and the status line of `git push --porcelain`: flag, refs, summary.
_SAID = re.compile(r"(?:remote|fatal|error):[ ]*(\S.*?)\s*\Z|!\t[^\t]*\t(.*?)\s*\Z")


def words_of(result: Result) -> str:
    """What git and the hooks said: the last part of it, without the passwords that URLs may hold."""
    said = "\n".join(part.strip() for part in (result.err, result.text) if part.strip())
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1", said)[-_TEXT_LIMIT:]
