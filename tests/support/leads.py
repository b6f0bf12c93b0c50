"""Leads inside a client, without the client: a process that is called like one and runs commands for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
# Each command line is answered by its output and a line with its exit code.
_PROGRAM = """#!/bin/sh
while IFS= read -r line; do
    sh -c "$line" 2>&1
    printf '\\n=%s\\n' "$?"
done
"""


@dataclass
class Lead:
    """One client process; commands that it runs have it as their ancestor."""

    root: Path
    process: subprocess.Popen[str]

    def sh(self, line: str) -> tuple[str, int]:
        """Output and exit code of a shell command line, as the client's shell tool gives them."""
        assert self.process.stdin is not None and self.process.stdout is not None
        assert "\n" not in line
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        said: list[str] = []
        for answer in self.process.stdout:
            if answer.startswith("="):
                return "".join(said).strip(), int(answer[1:])
            said.append(answer)
        raise AssertionError("".join(said))

    def orchestra(self, words: str) -> str:
        return self.sh(f"orchestra {words}")[0]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def lead(root: Path, name: str = "claude", number: int = 1) -> Iterator[Lead]:
    """A client called `name` that works in `root`."""
    place = root.parent / f"client-{number}"
    (place / "bin").mkdir(parents=True)
    program = place / name
    program.write_text(_PROGRAM)
    launcher = place / "bin/orchestra"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m orchestra "$@"\n')
    for file in (program, launcher):
        file.chmod(0o755)
    env = {
        "HOME": str(place),
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(SCRIPTS),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.Popen(
        [str(program)],
        cwd=root,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Lead(root, process)
    finally:
        process.kill()
        process.communicate()
