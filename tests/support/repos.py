"""Builders of real git repositories, and git as a user or an agent would call it."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path

from orchestra.git.repo import Repo, Worktree
from orchestra.git.worktrees import add_worktree

IDENTITY = {"user.name": "Ada", "user.email": "ada@example.org", "commit.gpgsign": "false"}


def user_env(home: Path) -> dict[str, str]:
    """An environment in which no configuration of this machine's user counts."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "GIT_CONFIG_NOSYSTEM": "1"}


def user_git(cwd: Path, *args: str, check: bool = True) -> str:
    """Run git as a person would and return its output without the last newline."""
    done = subprocess.run(["git", *args], cwd=cwd, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert not check or done.returncode == 0, (args, done.stdout, done.stderr)
    return os.fsdecode(done.stdout).rstrip("\n")


def write(top: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below `top`; parents are made."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit_all(top: Path, message: str = "work") -> str:
    """Commit everything in the checkout as its user and return the commit."""
    user_git(top, "add", "--all")
    user_git(top, "commit", "--quiet", "--allow-empty", "-m", message)
    return user_git(top, "rev-parse", "HEAD")


def init(path: Path, files: Mapping[str, str | bytes] | None = None) -> Repo:
    """A repository on branch main with one commit, and a project folder as `orchestra init` leaves it."""
    shutil.copytree(_empty(), path, dirs_exist_ok=True)
    ours = {".orchestra/.gitignore": "state.db*\nlocks/\nruns/\nquarantine/\nworktrees/\n"}
    write(path, ours | dict(files or {"a.txt": "one\n", "src/b.py": "b = 1\n"}))
    user_git(path, "add", "--all")
    user_git(path, "commit", "--quiet", "-m", "first")
    return Repo(path)


@cache
def _empty() -> Path:
    """A repository without a commit, which `init` copies: git is asked for it once a process."""
    place = Path(tempfile.mkdtemp(prefix="orchestra-repo-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    user_git(place, "init", "--quiet", "--template=", "--initial-branch=main", "empty")
    configure(place / "empty", IDENTITY)
    return place / "empty"


def copies(template: Path, into: Path) -> Iterator[Repo]:
    """One copy after another of the repository at `template`, for a test that breaks each in another way."""
    for number in count(1):
        shutil.copytree(template, into / str(number), symlinks=True)
        yield Repo(into / str(number))


def configure(top: Path, settings: Mapping[str, str]) -> None:
    """Set keys of the repository's own configuration."""
    for key, value in settings.items():
        user_git(top, "config", key, value)


def bare(path: Path, source: Repo | None = None) -> Path:
    """A bare repository; with `source`, its remote `origin`, already pushed to and followed by main."""
    path.mkdir(parents=True)
    user_git(path, "init", "--quiet", "--template=", "--bare", "--initial-branch=main")
    if source:
        user_git(source.root, "remote", "add", "origin", str(path))
        user_git(source.root, "push", "--quiet", "-u", "origin", "main")
    return path


def clone(origin: Path, path: Path) -> Repo:
    """A clone with an identity of its own."""
    user_git(origin.parent, "clone", "--quiet", str(origin), str(path))
    configure(path, IDENTITY)
    return Repo(path)


def unit_tree(repo: Repo, name: str = "M1-1", commit: str = "HEAD") -> Worktree:
    """A work tree where the project keeps those of its units."""
    sha = repo.resolve(commit)
    assert sha
    return add_worktree(repo, repo.root / ".orchestra" / "worktrees" / name, sha)


def hook(git_dir: Path, name: str, script: str) -> None:
    """Install an executable hook."""
    path = git_dir / "hooks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def content(top: Path) -> dict[str, tuple[str, bytes]]:
    """Every file and link below `top` but `.git`, as kind and bytes: what must be the same afterwards."""
    found = {}
    for at, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files + [one for one in folders if (Path(at) / one).is_symlink()]:
            path = Path(at) / name
            if name != ".git":
                found[path.relative_to(top).as_posix()] = _content(path)
    return found


def _content(path: Path) -> tuple[str, bytes]:
    if path.is_symlink():
        return "link", os.fsencode(path.readlink())
    return ("exec" if path.stat().st_mode & stat.S_IXUSR else "file"), path.read_bytes()


def listing(repo: Repo, rev: str) -> dict[str, str]:
    """Path to `mode content` of a commit or tree, contents as text."""
    found = {}
    for line in user_git(repo.root, "ls-tree", "-r", "-z", rev).split("\0")[:-1]:
        head, _, path = line.partition("\t")
        mode, kind, sha = head.split(" ")
        text = "" if kind == "commit" else repo.git("cat-file", "blob", sha).out.decode("utf-8", "replace")
        found[path] = f"{mode} {text}"
    return found
