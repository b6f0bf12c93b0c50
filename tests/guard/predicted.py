"""What a command is said to write, in the words of tables: a row is a command, two blanks and a bar, what is expected.

Expected: paths written, relative to the work tree, with `/**` when all below is meant; `runs` and `hidden` for the two
kinds of unknown, `denied`, or `nothing`. ¶ is a new line.
"""

from __future__ import annotations

from pathlib import Path

from orchestra.guard.effects import effects
from tests.support.guard_oracle import surroundings

FILES = ("src/lib/a.js", "src/lib/b.js", "src/other/o.js", "secret.js", "docs/d.md")


def made(folder: Path) -> Path:
    """A work tree with a few files."""
    for name in FILES:
        path = folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1\n")
    return folder / "work"


def seen(command: str, work: Path) -> set[str]:
    """The effects of a command, in the words of the tables."""
    found = effects(command, str(work), surroundings("/home/someone", "/scratch"))
    said = {one.split(":")[0] for one in found.unknown} | ({"denied"} if found.denied else set())
    for one in found.writes:
        path = one.path.removeprefix(f"{work}/") if one.path != str(work) else "."
        said.add(f"{path}/**" if one.tree else path)
    assert found.reads_only == (not said)
    assert all(len(one.split()) <= 13 for one in found.unknown)
    return said or {"nothing"}


def rows(text: str) -> list[tuple[str, set[str]]]:
    """The rows of a table."""
    found = []
    for line in text.split("\n"):
        command, bar, expected = line.rpartition("  |")
        if bar:
            found.append((command.rstrip().replace("¶", "\n"), set(expected.split())))
    return found
