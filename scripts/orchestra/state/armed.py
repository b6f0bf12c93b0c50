"""`.orchestra/runs/armed`: which run is led from inside a client, and by which process.

The file exists for as long as such a run is under way: hooks cost a test for it when there is none. `parted` has the
same content after the lead's session has ended in the middle of its run.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestra.core.codec import decode, encode
from orchestra.files import write_atomic

from .identity import Holder, proved_dead

FILE = "armed"
PARTED = "parted"


@dataclass(frozen=True)
class Armed:
    """The run, the project's root, and who leads it, from which client (`claude`, `codex` or nothing).

    `call` are the words by which it was begun, and `program` how the lead's shell finds us.
    """

    run: str
    root: str
    holder: Holder
    client: str = ""
    call: str = "next"
    program: str = "orchestra"

    @property
    def dead(self) -> bool:
        """Whether the lead's process is proved to be gone."""
        return proved_dead(self.holder)


def read(runs: Path, name: str = FILE) -> Armed | None:
    """Who leads; None when nobody does, or the file says nothing that can be used."""
    try:
        return decode(Armed, json.loads((runs / name).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def arm(runs: Path, armed: Armed) -> None:
    """Say who leads from now on. Raises UserError when the disk refuses."""
    text = json.dumps(encode(armed), ensure_ascii=False).encode() + b"\n"
    write_atomic(runs / FILE, text)
    (runs / PARTED).unlink(missing_ok=True)


def disarm(runs: Path) -> None:
    """Nobody leads any more: the run is over, or goes on without a client."""
    for name in (FILE, PARTED):
        (runs / name).unlink(missing_ok=True)


def part(runs: Path) -> None:
    """The lead has gone in the middle of its run."""
    with suppress(FileNotFoundError):
        (runs / FILE).replace(runs / PARTED)


def leads(runs: Path, run: str) -> bool:
    """Whether a client that is not proved dead leads this run."""
    armed = read(runs)
    return armed is not None and armed.run == run and not armed.dead
