"""A program that prints what Claude Code prints, for runs in which what matters is what an agent calls."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.support.launching import program

Json = dict[str, Any]
SESSION = "491daf61-42ad-4ce0-aaa1-038c194f86c5"
INIT: Json = {"type": "system", "subtype": "init", "session_id": SESSION}

_TALKER = """
import json, os, subprocess, sys, time
if "--version" in sys.argv:
    print("2.1.197 (Claude Code)")
    sys.exit()
sys.stdin.read()
place, role, attempt = sys.argv[1], os.environ["ORCHESTRA_ROLE"], os.environ["ORCHESTRA_ATTEMPT"]
for name in (f"{role}-{attempt}", role):
    if os.path.exists(f"{place}/{name}"):
        break
with open(f"{place}/{name}") as file:
    for line in file:
        step = json.loads(line)
        if "do" in step:
            subprocess.run(["sh", "-c", step["do"]], check=False)
        else:
            print(line.strip(), flush=True)
"""


def talker(place: Path) -> Path:
    """The program; what it prints is in `place`, one file a role or `role-attempt` (see `says`)."""
    place.mkdir()
    script = place / "talker.py"
    script.write_text(_TALKER)
    words = (sys.executable, "-I", str(script), str(place))
    return program(place / "claude", f'exec {shlex.join(words)} "$@"')


def says(place: Path, who: str, steps: Iterable[Json | str]) -> None:
    """What the program prints for a role (`worker`) or an attempt of it (`worker-1`); a text is run by a shell."""
    lines = [{"do": step} if isinstance(step, str) else step for step in steps]
    (place / who).write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def call(id: str, tool: str, given: Json, *, came_in: int = 10) -> Json:
    """One answer of the model: a tool call."""
    content = [{"type": "tool_use", "id": id, "name": tool, "input": given}]
    usage = {"input_tokens": came_in, "output_tokens": 1}
    message = {"id": f"msg_{id}", "role": "assistant", "content": content, "usage": usage}
    return {"type": "assistant", "message": message, "parent_tool_use_id": None, "session_id": SESSION}


def came_back(id: str, said: str, *, failed: bool = False) -> Json:
    """What a tool call came to."""
    content = [{"type": "tool_result", "tool_use_id": id, "content": said, "is_error": failed}]
    message = {"role": "user", "content": content}
    return {"type": "user", "message": message, "parent_tool_use_id": None, "session_id": SESSION}


def result(words: str = "done", cost: float = 0.01, tokens: int = 100, turns: int = 3, **more: Any) -> Json:
    """The last line of a turn."""
    return {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "num_turns": turns,
        "result": words,
        "session_id": SESSION,
        "total_cost_usd": cost,
        "usage": {"input_tokens": tokens, "output_tokens": 0},
        **more,
    }
