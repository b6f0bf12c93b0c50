"""The real programs in the box of `sandbox: bwrap`: they work there, go on with their sessions, and change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestra.proc import sandbox
from tests.support.clients.brain import Brain, Talk, Turn, When
from tests.support.clients.headless import FOUR
from tests.support.clients.place import REPORT, Place
from tests.support.clients.request import Request
from tests.support.clients.world import World

WHY_NOT = sandbox.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
# What an agent would do that wants to be there in the next session too.
EVIL = "for f in $HOME/.profile $HOME/.*/evil $ORCHESTRA_PROJECT/evil; do echo evil > $f; done 2>/dev/null; "


def written(home: Path) -> dict[str, bytes]:
    """The files of the home directory, but for what two programs write when they are asked for their version."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files if not re.search(r"/\.codex/tmp/|projects\.json", str(path))}


@pytest.fixture
def place(tmp_path: Path, all_clients: Path, name: str) -> Iterator[Place]:
    with World(tmp_path / "world", all_clients) as world:
        made = Place(world, name)
        made.configure(
            verification={"typecheck": "", "test": "! grep -qs bad src/a.txt", "lint": ""},
            pipeline={"review": "skip"},
            sandbox="bwrap",
            sandbox_write=[str(made.headless.doors)],
        )
        made.milestone()
        yield made


@FOUR
def test_a_unit_in_the_box_is_built_and_mended(place: Place, name: str) -> None:
    heard: list[str] = []

    def worker(request: Request) -> Talk:
        report = REPORT.search(request.first_user)
        assert report, request.first_user
        heard.append(request.text)
        word = "bad" if len(heard) == 1 else "a"
        # Two of them are stopped by the guard before the box is.
        yield place.headless.shell(name, EVIL)
        yield place.headless.shell(name, f"mkdir -p src && echo {word} > src/a.txt")
        said = yield place.headless.shell(name, f"{report[1]} --status done --notes {word}")
        return f"IT IS {word}: {said.tool_result}"

    turn = Turn(worker, When(first_user=r"orchestra report \S+\.worker-1"), 0, "worker")
    place.world.play(Brain(turn, default="HELLO"))
    # As everybody who has used it before.
    assert place.headless.turn(name, "BRIEF")["exit_class"] == "ok"
    before = written(place.world.home)
    assert place.run() == 0, place.world.running[-1].err.read_text()
    place.landed()
    assert [one["data"]["exit_class"] for one in place.events("turn-ended")] == ["ok", "ok"]
    [_, resumed] = heard
    assert "IT IS bad" in resumed
    assert written(place.world.home) == before
    assert not (place.project.root / "evil").exists()
