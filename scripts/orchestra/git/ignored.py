"""New files that are ignored only because an agent said so.

What the project's own rules ignore is none of our business: builds leave it. Nor is a whole new directory that a new
rule names: that is what such rules are written for.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from . import paths, run
from .repo import Worktree

RULES = (".gitignore", ".gitattributes")


def hidden(tree: Worktree, index: Path, base: str, changed: Collection[str]) -> set[str]:
    """Ignored files in directories with files that are not: rules that ignore themselves, and what new rules hide.

    `changed` are the paths that differ from the commit or tree `base`, which `index` was filled with.
    """
    call = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
    unseen = [path for path in tree.git(*call, index=index).fields if not path.endswith("/")]
    own = {path for path in unseen if _name(path) in RULES}
    changed_rules = {path for path in (*changed, *own) if _name(path) == ".gitignore"}
    return own | (_by_new_rule(tree, base, unseen, changed_rules) if changed_rules and unseen else set())


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _by_new_rule(tree: Worktree, base: str, unseen: list[str], rules: set[str]) -> set[str]:
    known = {path: _lines(tree, base, path) for path in rules}
    fields = _asked(tree, unseen)
    answers = zip(fields[0::4], fields[2::4], fields[3::4], strict=True)
    return {path for source, pattern, path in answers if source in known and pattern not in known[source]}


def _asked(tree: Worktree, unseen: list[str]) -> list[str]:
    """Source, line, pattern and path of each (git-check-ignore(1), which takes no literal paths)."""
    where = (f"--git-dir={tree.git_dir}", f"--work-tree={tree.path}")
    given = paths.joined(unseen)
    env = {"GIT_LITERAL_PATHSPECS": "0"}
    call = ("check-ignore", "--verbose", "--no-index", "--stdin", "-z")
    return run.git(tree.path, *where, *call, input=given, env=env, check=False).fields


def _lines(tree: Worktree, base: str, path: str) -> set[str]:
    """The rules of a file as the base has it."""
    text = tree.git("cat-file", "blob", f"{base}:{path}", check=False).text
    return {line.rstrip("\r") for line in text.split("\n")}
