"""Small real projects: a git repository with a remote, milestones in files, and scripted agents."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from orchestra.git.run import environment
from tests.support import forks

MILESTONE = """# Milestone: {id} — {title}

| Field | Value |
|---|---|
| Status | {status} |
| Priority | P1 |
| Complexity | {complexity} |
| PRD | prd.md |
| Created | 2026-11-21 |
{rows}"""

PHASE = """---
status: pending
order: {number}
complexity: {complexity}
skills: []
{depends}---

# Phase {number}: {title}

## Objective

{title}.

## Context

A test.

## Technical Decisions

- Plain text files.

## Scope

{scope}

## References

- README.md

## Acceptance Criteria

- [ ] the file `{first}` is there

## Constraints

- Nothing else changes
- No dependency is added
"""


@dataclass(frozen=True)
class Phase:
    """One phase: what it may write, and what it waits for (None: the one before)."""

    scope: tuple[str, ...]
    depends_on: tuple[str, ...] | None = None
    title: str = ""
    complexity: str = "quick"


@dataclass
class World:
    """A project in `root`, its remote beside it, and what its agents will do."""

    root: Path
    rules: list[dict[str, Any]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.root.parent / "log"

    @property
    def remote(self) -> Path:
        return self.root.parent / "origin.git"

    def git(self, *args: str, cwd: Path | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.root, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def config(self, **sections: Any) -> None:
        base: dict[str, Any] = {"verification": {"typecheck": "", "test": "true", "lint": ""}}
        path = self.root / ".orchestra/config.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(base | sections))

    def milestone(
        self,
        id_: str,
        phases: Sequence[Phase],
        *,
        complexity: str = "quick",
        status: str = "ready",
        title: str = "",
        rows: str = "",
    ) -> Path:
        """Write a milestone; phases get the numbers 1, 2, …"""
        folder = self.root / ".orchestra/milestones" / f"{id_}-{(title or 'work').replace(' ', '-').lower()}"
        (folder / "phases").mkdir(parents=True)
        text = MILESTONE.format(id=id_, title=title or "work", status=status, complexity=complexity, rows=rows)
        (folder / "milestone.md").write_text(text)
        (folder / "prd.md").write_text("# Why\n\nA test.\n")
        for number, phase in enumerate(phases, 1):
            (folder / "phases" / f"phase-{number}.md").write_text(_phase(number, phase))
        return folder

    def rule(self, when: Mapping[str, Any], *do: Mapping[str, Any], times: int = 0) -> None:
        """What agents do, the first rule that fits answering."""
        rule: dict[str, Any] = {"when": dict(when), "do": [dict(step) for step in do]}
        if times:
            rule["times"] = times
        self.rules.append(rule)

    def writes(self, unit: str, path: str, text: str = "made\n") -> None:
        self.rule({"unit": unit, "role": "worker"}, {"write": {"path": path, "text": text}}, {"say": "done"})

    def approves(self) -> None:
        self.rule({"role": "reviewer"}, {"findings": []}, {"say": "fine"})

    def save(self) -> None:
        """Commit and push what people wrote, and put the script where agents read it."""
        (self.root.parent / "script.yml").write_text(yaml.safe_dump(self.rules, sort_keys=False))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "chore: plan")
        if self.git("remote"):
            self.git("push", "--quiet", "--set-upstream", "origin", "HEAD", check=False)

    def words(self, *words: str) -> list[str]:
        script = str(self.root.parent / "script.yml")
        return ["run", "--backend", "scripted", "--script", script, *words]

    def run(self, *words: str) -> int:
        """`orchestra run` in a process of its own; what it says is in `log`."""
        return forks.orchestra(self.root, self.words(*words), log=self.log)

    def call(self, *words: str) -> int:
        """Any other verb in a process of its own."""
        return forks.orchestra(self.root, list(words), log=self.log)

    def json(self, *words: str) -> Any:
        """The JSON document of a verb."""
        out = self.root.parent / "out.json"
        out.unlink(missing_ok=True)
        forks.orchestra(self.root, [*words, "--json"], log=out)
        return json.loads(out.read_text().splitlines()[-1])

    def text(self, *words: str) -> str:
        """What a verb prints."""
        out = self.root.parent / "out.txt"
        out.unlink(missing_ok=True)
        forks.orchestra(self.root, list(words), log=out)
        return out.read_text()

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def subjects(self, rev: str = "main", cwd: Path | None = None) -> list[str]:
        return self.git("log", "--reverse", "--format=%s", rev, cwd=cwd).splitlines()

    def statuses(self) -> dict[str, str]:
        return {group["id"]: group["status"] for group in self.json("status")["groups"]}


def _phase(number: int, phase: Phase) -> str:
    depends = "" if phase.depends_on is None else f"depends_on: [{', '.join(phase.depends_on)}]\n"
    return PHASE.format(
        number=number,
        complexity=phase.complexity,
        depends=depends,
        title=phase.title or f"part {number}",
        scope="\n".join(f"- `{path}` (new)" for path in phase.scope),
        first=phase.scope[0],
    )


def world(place: Path, *, remote: bool = True) -> World:
    """An empty project with one commit on `main`; with `remote` also a bare `origin` that has it."""
    template = World(_template(remote) / "project")
    made = World(place / "project")
    shutil.copytree(template.root, made.root, symlinks=True)
    if remote:
        shutil.copytree(template.remote, made.remote)
        made.git("remote", "set-url", "origin", str(made.remote))
    made.git("update-index", "--refresh")  # the copies are other files than those that the index knows
    return made


@cache
def _template(remote: bool) -> Path:
    """What `world` copies: git is asked for it once a process."""
    place = Path(tempfile.mkdtemp(prefix="orchestra-world-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    made = World(place / "project")
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("config", "user.name", "Test")
    made.git("config", "user.email", "test@localhost")
    (made.root / "README.md").write_text("# A project\n")
    folder = made.root / ".orchestra"
    folder.mkdir()
    (folder / ".gitignore").write_text("state.db*\nlocks/\nruns/\nquarantine/\nworktrees/\n")
    made.config()
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "chore: start")
    if remote:
        made.git("init", "--quiet", "--bare", "--initial-branch=main", str(made.remote), cwd=place)
        made.git("remote", "add", "origin", str(made.remote))
        made.git("push", "--quiet", "--set-upstream", "origin", "main")
    for sample in place.rglob("hooks/*.sample"):
        sample.unlink()
    return place
