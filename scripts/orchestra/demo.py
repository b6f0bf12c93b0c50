"""The repository of `orchestra demo`: real code, a real remote, and two milestones in the files that people write."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .git.run import git

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
SCRIPT = TEMPLATES / "demo" / "script.yml"
_WHO = ("-c", "user.name=Orchestra demo", "-c", "user.email=demo@localhost")


def build(directory: Path, test: str = "") -> Path:
    """Make the repository `teatime` and its remote `origin.git` in `directory`; return the repository.

    `test` is its verification command, by default pytest on its own tests.
    """
    project = directory / "teatime"
    shutil.copytree(TEMPLATES / "demo" / "project", project, ignore=shutil.ignore_patterns("*.j2", "__pycache__"))
    (project / "gitignore").rename(project / ".gitignore")
    _write_orchestra_files(project, test)
    git(directory, "init", "--quiet", "--bare", "--initial-branch=main", "origin.git")
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, *_WHO, "commit", "--quiet", "--message", "chore: start teatime")
    git(project, "remote", "add", "origin", "../origin.git")
    git(project, "push", "--quiet", "--set-upstream", "origin", "main")
    return project


def _write_orchestra_files(project: Path, test: str) -> None:
    from jinja2 import Environment, StrictUndefined

    folder = project / ".orchestra"
    source = TEMPLATES / "demo" / "project" / ".orchestra" / "config.yml.j2"
    template = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True).from_string(
        source.read_text(encoding="utf-8")
    )
    command = test or f"{sys.executable} -m pytest -q -p no:cacheprovider"
    (folder / "config.yml").write_text(template.render(test=command), encoding="utf-8")
    shutil.copyfile(TEMPLATES / "project" / "gitignore.j2", folder / ".gitignore")
