"""The repository of `orchestra demo`: real code, a real remote, and two milestones in the files that people write."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from .errors import UserError
from .git.run import git

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
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


def _python_with_pytest() -> str:
    """The interpreter that tests the demo's code; the first demo on a machine makes its environment.

    Raises UserError when that cannot be fetched; what made it impossible has been said on stderr.
    """
    if find_spec("pytest"):
        return sys.executable
    place = Path(sys.prefix).parent
    call = ("sh", str(ROOT / "scripts/environment.sh"), str(ROOT / "pyproject.toml"), str(place), "demo", "demo")
    made = subprocess.run(call, stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        raise UserError(
            "the demo tests real code with pytest, which could not be fetched", hint="try again with a network"
        )
    return str(Path(made.stdout.strip()) / "bin/python")


def _write_orchestra_files(project: Path, test: str) -> None:
    from jinja2 import Environment, StrictUndefined

    folder = project / ".orchestra"
    source = TEMPLATES / "demo" / "project" / ".orchestra" / "config.yml.j2"
    template = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True).from_string(
        source.read_text(encoding="utf-8")
    )
    command = test or f"{shlex.quote(_python_with_pytest())} -m pytest -q -p no:cacheprovider"
    (folder / "config.yml").write_text(template.render(test=command), encoding="utf-8")
    shutil.copyfile(TEMPLATES / "project" / "gitignore.j2", folder / ".gitignore")
