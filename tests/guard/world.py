"""A project, a home and the hook, called as a client calls it: one process, JSON on stdin, a bare environment."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from orchestra.guard import hook, identity, scopes
from tests.support.launching import ROOT

GUARD = ROOT / "bin" / "orchestra-guard"
WRITES = ["src/lib/**", "tests/**"]


def sh(command: str, cwd: Path) -> None:
    """Run `command`; it must succeed."""
    done = subprocess.run(["sh", "-ec", command], cwd=cwd, capture_output=True, text=True, env=bare_git(cwd))
    assert done.returncode == 0, done.stderr


def bare_git(home: Path) -> dict[str, str]:
    """An environment in which git asks nobody for anything."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in PERSON.items()}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", **who}


PERSON = {"NAME": "t", "EMAIL": "t@example.org"}


def scope(root: Path, write: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """A compiled scope."""
    globs = WRITES if write is None else write
    base = {"version": 1, "root": str(root), "ticket": "t-1", "role": "worker", "enforcement": "strict"}
    return {**base, "write": globs, "blocked_commands": [], **more}


@cache
def _made() -> Path:
    """The project as each test finds it, made once: git takes longer than most of what is tested."""
    root = Path(tempfile.mkdtemp(prefix="guard-world-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    files = {"src/lib/a.py": "a = 1\n", "src/other/o.py": "o = 1\n", "secret.py": "s = 1\n", "docs/d.md": "d\n"}
    for name, text in {**files, ".gitignore": "dist/\n"}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    # Few files and directories: each is copied a thousand times.
    sh("git init -q -b main --template= . && git add -A && git commit -qm init && git gc -q", root)
    for folder in ("tests", ".claude", ".git/hooks", ".git/info"):
        (root / folder).mkdir(exist_ok=True)
    return root


@dataclass
class World:
    """`project` is a git repository, `home` the caller's, `outside` a directory that is nobody's project."""

    base: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.project, self.home, self.outside = (self.base / name for name in ("project", "home", "outside"))
        shutil.copytree(_made(), self.project)
        for folder in (self.home, self.outside):
            folder.mkdir()
        # Where an interpreter is kept once it was found: looking for it is the business of other tests.
        data = self.home / ".local/share/orchestra"
        data.mkdir(parents=True)
        (data / "guard-python").write_text(f"{real_python()}\n")
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), **self.env}
        self.env.setdefault("CLAUDE_PROJECT_DIR", str(self.project))

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    # -- a headless agent

    def headless(self, compiled: dict[str, Any] | str | None = None) -> World:
        """Give the caller a scope, as `orchestra run` does; text is written as it is."""
        file = self.base / "turn" / "scope.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(compiled if isinstance(compiled, str) else json.dumps(compiled or scope(self.project)))
        self.env["ORCHESTRA_SCOPE"] = str(file)
        return self

    # -- a run in a client

    @property
    def run(self) -> Path:
        return self.project / ".orchestra" / "runs" / "r1"

    def armed(self) -> World:
        self.run.mkdir(parents=True)
        (self.run.parent / "armed").write_text(json.dumps({"run": "r1", "root": str(self.project)}))
        return self

    def turn(self, ticket: str, number: int | str = 1, compiled: dict[str, Any] | None = None) -> Path:
        """The files of a turn, as the driver makes them."""
        folder = self.run / ticket / f"turn-{number}"
        folder.mkdir(parents=True)
        data = json.dumps(compiled or scope(self.project, ticket=ticket)).encode()
        (folder / "scope.json").write_bytes(data)
        (folder / "scope.sha256").write_text(scopes.sha256(data) + "\n")
        return folder

    # -- calls

    def payload(self, tool: str, given: Any, **more: Any) -> bytes:
        base = {"session_id": "s-1", "transcript_path": "/dev/null", "cwd": str(self.project)}
        base |= {"permission_mode": "default", "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": given}
        return json.dumps({**base, **more}).encode()

    def call(self, tool: str, given: Any, **more: Any) -> Result:
        return self.raw(self.payload(tool, given, **more))

    def edit(self, path: str | Path, **more: Any) -> Result:
        return self.call("Edit", {"file_path": str(path), "old_string": "1", "new_string": "2"}, **more)

    def bash(self, command: str, **more: Any) -> Result:
        return self.call("Bash", {"command": command}, **more)

    def raw(self, data: bytes, *argv: str) -> Result:
        """Call the launcher; in this process when coverage or mutants are to be seen ($GUARD_TESTS_INSIDE)."""
        if os.environ.get("GUARD_TESTS_INSIDE") and not argv:
            return self._caught(data)
        words = [str(GUARD), *(argv or ("pre-tool-use",))]
        return Result.of(
            subprocess.run(words, input=data, env=self.env, cwd=self.project, capture_output=True, timeout=60)
        )

    def _caught(self, data: bytes) -> Result:
        if "ORCHESTRA_SCOPE" not in self.env and not (self.run.parent / "armed").exists():
            return Result(0, "", "")
        try:
            return self.inside(data)
        except Exception as error:
            return Result(2, "", repr(error))

    def inside(self, data: bytes) -> Result:
        """The same decision in this process."""
        armed = self.project if (self.run.parent / "armed").exists() else ""
        data_dir = str(self.home / ".local/share/orchestra")
        given = hook.decide(data, hook.Setting(str(ROOT), data_dir, str(armed), dict(self.env)))
        return Result(given.code, given.out, given.err)

    def records(self, folder: Path | None = None) -> list[dict[str, Any]]:
        """The lines of the record, newest last."""
        file = (folder or self.base / "turn") / "guard.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@dataclass
class Result:
    """What the hook answered."""

    code: int
    out: str
    err: str

    @classmethod
    def of(cls, done: subprocess.CompletedProcess[bytes]) -> Result:
        return cls(done.returncode, done.stdout.decode().strip(), done.stderr.decode().strip())

    @property
    def decision(self) -> str:
        return {0: "allow", 2: "deny"}.get(self.code, f"exit {self.code}")

    @property
    def allowed(self) -> bool:
        """Silently: any output would say more than that."""
        return self.code == 0 and not self.out and not self.err

    @property
    def denied(self) -> bool:
        return self.code == 2 and not self.out and bool(self.err)


def real_python() -> str:
    """The interpreter under the virtual environment of the tests."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


__all__ = ["GUARD", "ROOT", "WRITES", "Result", "World", "identity", "scope", "sh"]
