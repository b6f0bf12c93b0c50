"""Watches git's own files and refs while agents and verification commands are at work, and puts them right afterwards.

Programs that are at work together share one account of what the files held before the first of them began: what one
has planted must not become what another's end is compared with. An agent's account is also on the disk, for a driver
that finds it still running.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..files import put
from ..git import internals, refs
from ..git.branches import branch_of
from ..git.internals import Files, Held
from ..git.repo import Repo, Worktree


@dataclass(frozen=True)
class Account:
    """What there was when a program began to work in `tree`: git's own files, those of its work tree, refs, and the
    user's stashes."""

    tree: Worktree
    files: Files = field(default_factory=dict)
    of_tree: Files = field(default_factory=dict)
    refs: Mapping[str, str] = field(default_factory=dict)
    stashed: tuple[str, ...] = ()
    stamp: int = 0


class Internals:
    """The git directory of a repository, and who is at work with it now (by ticket or another name)."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self._files: Files = {}
        self._open: dict[str, Account] = {}

    def begin(self, name: str, tree: Worktree, file: Path | None = None, others: Iterable[Path] = ()) -> None:
        """Note what there is before a program starts in `tree`; in `file`, too, if one is given.

        `others` are the files of agents that another process has begun and that are at work.
        """
        if not self._open:
            self._files = next((a.files for a in map(_load, others) if a), internals.read(self.repo.common_dir))
        account = Account(
            tree,
            self._files,
            internals.of_tree(tree),
            refs.read(self.repo),
            tuple(refs.stashed(self.repo.common_dir)),
            internals.stamp(tree),
        )
        self._open[name] = account
        if file is not None:
            # After a crash of the machine no agent runs any more.
            put(file, _dump(account))

    def end(self, name: str, keep: Path, tips: Mapping[str, str], file: Path | None = None) -> list[str]:
        """Put right what the program has changed, and say so. Nothing when no such program was begun.

        What it had written is moved to the directory `keep`. `tips` are the groups and the commits they stand at.
        """
        account = self._open.pop(name, None) or (_load(file) if file else None)
        if account is None:
            return []
        # Files first: git reads them when it is asked for the refs.
        said = [*self._files_right(account.files, account.refs, keep), *_tree_right(account, keep)]
        said += [*self._groups_right(tips, name), *self._refs_right(account, tips.values())]
        if file is not None:
            file.unlink(missing_ok=True)
        return said

    def hold(self, keep: Path) -> list[str]:
        """Put git's own files right while programs are still at work: before a push, which runs hooks."""
        if not self._open:
            return []
        account = next(iter(self._open.values()))
        return self._files_right(self._files, account.refs, keep)

    def _files_right(self, before: Files, known: Mapping[str, str], keep: Path) -> list[str]:
        common = self.repo.common_dir
        after = internals.read(common)
        names = internals.differing(before, after)
        found = {name: _why(name, before, after, known) for name in names}
        wrong = [name for name, why in found.items() if why]
        internals.put_back(common, before, wrong, keep)
        return [_said(f".git/{name}{found[name]}", before.get(name), after.get(name), keep) for name in wrong]

    def _groups_right(self, tips: Mapping[str, str], ticket: str) -> list[str]:
        """Nobody but the holder of a group moves its branch."""
        said = []
        for group, tip in tips.items():
            ref = branch_of(group)
            now = refs.misplaced(self.repo, ref, tip, ticket)
            if now:
                one = refs.Moved(ref, tip, "" if now == refs.NOWHERE else now)
                said.append(_ref_said(one, refs.put_back(self.repo, one)))
        return said

    def _refs_right(self, account: Account, landed: Collection[str]) -> list[str]:
        moved = refs.strange(self.repo, account.refs, refs.read(self.repo), account.tree, landed)
        said = [_ref_said(one, refs.put_back(self.repo, one)) for one in moved]
        now = set(refs.stashed(self.repo.common_dir))
        lost = [sha for sha in account.stashed if sha not in now]
        return said + [f"git stash lost {sha[:12]}; it is back" for sha in refs.store_again(self.repo, lost)]


def _why(name: str, before: Files, after: Files, known: Mapping[str, str]) -> str:
    """What matters about a file that differs: nothing, or words to add to its name."""
    old, new = before.get(name), after.get(name)
    if name.rpartition("/")[2] != "config" or old is None or new is None or old.mode != new.mode:
        return " "
    branches = [ref.removeprefix("refs/heads/") for ref in known if ref.startswith("refs/heads/")]
    keys = internals.changed_settings(old.data, new.data, branches)
    return f" ({', '.join(keys[:5])}{', …' if len(keys) > 5 else ''})" if keys else ""


def _tree_right(account: Account, keep: Path) -> list[str]:
    tree = account.tree
    now = internals.of_tree(tree)
    # HEAD moves with every commit, and is put right with the files; without one git would not take the directory.
    wrong = [name for name in internals.differing(account.of_tree, now) if name != "HEAD" or name not in now]
    internals.put_back(tree.git_dir, account.of_tree, wrong, keep / tree.git_dir.name)
    if internals.stamp(tree) != account.stamp:
        internals.forget_index(tree)
    where = f".git/worktrees/{tree.git_dir.name}"
    return [_said(f"{where}/{n}", account.of_tree.get(n), now.get(n), keep / tree.git_dir.name) for n in wrong]


def _said(name: str, old: Held | None, new: Held | None, keep: Path) -> str:
    what = "added and is gone" if old is None else "deleted and is back" if new is None else "changed and is back"
    kept = "" if new is None else f"; what it held is in {keep.parent.name}/{keep.name}"
    return f"{name.strip()} was {what}{kept}"


def _ref_said(one: refs.Moved, done: bool) -> str:
    what = f"moved to {one.new[:12]}" if one.old and one.new else "deleted" if one.old else "made"
    if not done:
        return f"{one.name} was {what} and could not be put back to {one.old or 'nothing'}"
    return f"{one.name} was {what} and is {f'back at {one.old[:12]}' if one.old else 'gone'}"


def _dump(account: Account) -> bytes:
    def files(held: Files) -> dict[str, tuple[int, str]]:
        return {name: (one.mode, base64.b64encode(one.data).decode()) for name, one in held.items()}

    tree = account.tree
    data = {
        "tree": (str(tree.path), str(tree.git_dir), tree.linked),
        "files": files(account.files),
        "of_tree": files(account.of_tree),
        "refs": dict(account.refs),
        "stashed": account.stashed,
        "stamp": account.stamp,
    }
    return json.dumps(data).encode()


def _load(file: Path) -> Account | None:
    def files(held: Mapping[str, tuple[int, str]]) -> dict[str, Held]:
        return {name: Held(mode, base64.b64decode(text)) for name, (mode, text) in held.items()}

    try:
        data = json.loads(file.read_bytes())
        path, git_dir, linked = data["tree"]
        tree, stashed = Worktree(Path(path), Path(git_dir), linked), tuple(data["stashed"])
        return Account(tree, files(data["files"]), files(data["of_tree"]), data["refs"], stashed, data["stamp"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
