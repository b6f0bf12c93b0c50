"""The supervisor of a long spec is killed again and again: each unit is built and committed once, nothing is left."""

from __future__ import annotations

import os
import random
import sqlite3
from pathlib import Path

from tests.support import forks, kiro_specs
from tests.support.live import background, kill, until, working_in
from tests.support.projects import World, world

KILLS = int(os.environ.get("ORCHESTRA_SPEC_KILLS", "8"))
UNITS = 40 if KILLS > 8 else 16
SEED = int(os.environ.get("ORCHESTRA_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
WORDS = ("--workflow", "sequential", "--plan", "long", "--auto", "--push", "never")


def long(place: Path) -> World:
    """A spec of units each of which notes outside the repository that an agent has begun it."""
    made = world(place, remote=False)
    made.config(pipeline={"review": "skip"})
    kiro_specs.write(made.root, "".join(f"- [ ] {n}. Part {n}\n" for n in range(1, UNITS + 1)), "long")
    made.rule({"role": "worker"}, {"run": f"echo $ORCHESTRA_TICKET >> {place}/ran; echo $ORCHESTRA_TICKET >> parts"})
    made.save()
    return made


def recorded(place: World) -> int:
    """How many events there are."""
    path = place.root / ".orchestra/state.db"
    if not path.exists():
        return 0
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(database.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])
    except sqlite3.Error:
        return 0
    finally:
        database.close()


def cut_off(place: World, chance: random.Random, share: int) -> None:
    """Start a supervisor and kill it: between two of its steps, or from outside after some of its events."""
    if chance.random() < 0.5:
        forks.orchestra(place.root, place.words(*WORDS), forks.Counter(at=chance.randint(1, share * 25)), place.log)
        return
    wanted = recorded(place) + chance.randint(1, share * 8)
    with background(place, *WORDS) as running:
        until(lambda: recorded(place) >= wanted or running.poll() is not None, "so many events")
        kill(running)


def test_killed_again_and_again_every_unit_is_built_and_committed_once(tmp_path: Path) -> None:
    place, chance = long(tmp_path), random.Random(SEED)
    for _ in range(KILLS):
        cut_off(place, chance, max(1, UNITS // KILLS))
    assert place.run(*WORDS) == 0, f"ORCHESTRA_SEED={SEED}\n{place.said()[-4000:]}"
    tickets = [f"long.{n}.worker-1" for n in range(1, UNITS + 1)]
    told = f"ORCHESTRA_SEED={SEED}"
    assert place.subjects()[2:] == [f"feat(long): Part {n}" for n in range(1, UNITS + 1)], told
    assert (place.root / "parts").read_text().split() == tickets, told
    assert (tmp_path / "ran").read_text().split() == tickets, told
    assert "[ ]" not in (place.root / ".kiro/specs/long/tasks.md").read_text(), told
    assert working_in(tmp_path) == [], told
    assert place.git("fsck", "--no-dangling") == "", told
