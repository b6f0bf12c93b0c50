"""A repository and its checkouts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

from ..errors import UserError
from . import paths, run

FOLDER = ".orchestra"
LINKS = "orchestra-links"


@dataclass(frozen=True)
class Worktree:
    """A directory with files of one commit: the main checkout, or a linked work tree.

    Git is always told both directories, so that an agent which deletes or rewrites `.git` in its work tree
    cannot turn our calls to the repository around it. `spare` lists folders that Orchestra and people write
    themselves: where there are some, they and the views of specs are never reported and never touched. `links` are
    ignored paths borrowed from the main checkout.
    """

    path: Path
    git_dir: Path
    linked: bool = True
    spare: tuple[str, ...] = ()
    links: tuple[str, ...] = ()

    def git(
        self,
        *args: str,
        input: bytes | None = None,
        check: bool = True,
        index: Path | None = None,
        stdout: IO[bytes] | None = None,
    ) -> run.Result:
        """`run.git` on this checkout, with `index` in the place of its own index."""
        where = (f"--git-dir={self.git_dir}", f"--work-tree={self.path}")
        env = {"GIT_INDEX_FILE": str(index)} if index else None
        hold = self.common_dir
        return run.git(self.path, *where, *args, input=input, env=env, check=check, stdout=stdout, hold=hold)

    def spares(self, path: str) -> bool:
        """Whether `path` belongs to Orchestra and people alone."""
        return bool(self.spare) and (paths.below(path, self.spare) or paths.is_view(path))

    @property
    def common_dir(self) -> Path:
        """The git directory that all checkouts share: a linked one's own is `worktrees/<id>` in it."""
        return self.git_dir.parent.parent if self.linked else self.git_dir

    @property
    def head_branch(self) -> str | None:
        """The branch checked out here, None when HEAD is detached."""
        return _branch(self.git("symbolic-ref", "-q", "HEAD", check=False).text)


@dataclass(frozen=True)
class Repo:
    """The git repository that the project directory `root` lies in."""

    root: Path
    _idents: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def git(
        self,
        *args: str,
        input: bytes | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        hooks: bool = False,
        hold: Path | None = None,
    ) -> run.Result:
        """`run.git` in the project directory."""
        return run.git(self.root, *args, input=input, env=env, check=check, hooks=hooks, hold=hold)

    @property
    def is_repository(self) -> bool:
        """Whether `root` lies in a repository with a checkout."""
        return self.git("rev-parse", "--is-inside-work-tree", check=False).text == "true"

    @cached_property
    def top(self) -> Path:
        """The top directory of the checkout that `root` lies in. Raises GitError outside a repository."""
        return Path(self.git("rev-parse", "--show-toplevel").text)

    @cached_property
    def git_dir(self) -> Path:
        """The git directory of that checkout."""
        return Path(self.git("rev-parse", "--absolute-git-dir").text)

    @cached_property
    def common_dir(self) -> Path:
        """The git directory that all checkouts share."""
        return Path(os.path.realpath(self.root / self.git("rev-parse", "--git-common-dir").text))

    @cached_property
    def checkout(self) -> Worktree:
        """The user's own checkout; the project's `.orchestra` in it is spared."""
        folder = os.path.relpath(os.path.realpath(self.root / FOLDER), os.path.realpath(self.top))
        return Worktree(self.top, self.git_dir, linked=False, spare=(Path(folder).as_posix(),))

    def head_branch(self) -> str | None:
        """The branch checked out (it may have no commit yet), None when HEAD is detached."""
        return _branch(self.git("symbolic-ref", "-q", "HEAD", check=False).text)

    def resolve(self, rev: str) -> str | None:
        """The commit that `rev` names, None when it names none."""
        result = self.git("rev-parse", "--verify", "-q", "--end-of-options", f"{rev}^{{commit}}", check=False)
        return result.text or None if result.code == 0 else None

    def tree(self, rev: str) -> str:
        """The tree that the commit or tree `rev` holds. Raises GitError when there is none."""
        return self.git("rev-parse", "--verify", "--end-of-options", f"{rev}^{{tree}}").text

    def contains(self, tip: str, commit: str) -> bool:
        """Whether `commit` is `tip` or one of its ancestors; False when either is no commit."""
        return self.git("merge-base", "--is-ancestor", commit, tip, check=False).code == 0

    def remote_exists(self, name: str) -> bool:
        """Whether a remote of that name is configured."""
        return bool(name) and self.git("config", "--get-all", f"remote.{name}.url", check=False).code == 0

    def upstream(self, branch: str) -> tuple[str, str] | None:
        """The remote and the branch on it that `branch` follows, None without one."""
        remote = self._config(f"branch.{branch}.remote")
        merge = _branch(self._config(f"branch.{branch}.merge"))
        return (remote, merge) if remote and remote != "." and merge else None

    def dirty(self) -> list[str]:
        """Paths with tracked changes and untracked, non-ignored files of the checkout, without plans.

        Those are what is spared, and specs, which are read where they lie, committed or not.
        """
        status = ("status", "--porcelain", "-z", "--untracked-files=all", "--ignore-submodules=none", "--no-renames")
        lines = self.checkout.git(*status).fields
        return sorted({line[3:] for line in lines if not self._passed_over(line)})

    def _passed_over(self, line: str) -> bool:
        path = line[3:]
        known = paths.matches(path, paths.EPHEMERAL) or path.rpartition("/")[2] in paths.ANYWHERE
        return (known and line.startswith("??")) or self.is_plan(path.rstrip("/"))

    def is_plan(self, path: str) -> bool:
        """Whether `path` of the checkout is a plan, or spared: those may differ from what is committed."""
        return self.checkout.spares(path) or paths.below(path, [paths.SPECS])

    def _config(self, key: str) -> str:
        return self.git("config", "--get", key, check=False).text

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait for gits that a killed process left at work in this repository; False when they take longer."""
        return run.wait_idle(self.common_dir, timeout_s)

    def identity(self) -> dict[str, str]:
        """Environment that completes the user's identity: nothing, or the fallback where none is configured."""
        if not self._idents:
            self._idents.update({"": ""} | self._missing_identity())
        return {key: value for key, value in self._idents.items() if key}

    def _missing_identity(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for part, fallback in (("NAME", "Orchestra"), ("EMAIL", "orchestra@localhost")):
            for who in ("AUTHOR", "COMMITTER"):
                key, setting = f"GIT_{who}_{part}", part.lower()
                if not (os.environ.get(key) or self._config(f"user.{setting}") or self._config(f"{who}.{setting}")):
                    found[key] = fallback
        return found

    def worktree(self, path: Path) -> Worktree | None:
        """The linked work tree that is registered for `path`, None when there is none."""
        wanted = os.path.realpath(path)
        return next((tree for tree in self.worktrees() if str(tree.path) == wanted), None)

    def worktrees(self) -> list[Worktree]:
        """Every registered linked work tree; its directory may be gone."""
        folder = self.common_dir / "worktrees"
        admins = sorted(folder.iterdir()) if folder.is_dir() else []
        found = (_linked(admin) for admin in admins)
        return [tree for tree in found if tree]


def _linked(admin: Path) -> Worktree | None:
    """gitrepository-layout(5): worktrees/<id>/gitdir names the `.git` file of the work tree."""
    try:
        dot_git = os.fsdecode((admin / "gitdir").read_bytes()).strip()
    except OSError:
        return None
    if not dot_git:
        return None
    place = Path(os.path.realpath(admin / os.path.dirname(dot_git)))  # noqa: PTH120
    return Worktree(place, admin, linked=True, links=_links(admin))


def _links(admin: Path) -> tuple[str, ...]:
    try:
        return tuple(os.fsdecode(part) for part in (admin / LINKS).read_bytes().split(b"\0") if part)
    except OSError:
        return ()


def _branch(ref: str) -> str | None:
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else None


def open_repo(root: Path) -> Repo:
    """The repository that `root` lies in. Raises UserError when there is none."""
    repo = Repo(root)
    if not repo.is_repository:
        raise UserError(f"{root} is not in a git repository.", hint="Run `git init` there and make a first commit.")
    return repo
