"""A project of the older tool's users runs as it is."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.planning import PEER
from tests.support.projects import World, world

HOME = ".orchestra/milestones"


@pytest.fixture
def place(tmp_path: Path) -> World:
    """The fixture in a repository of its own; only the verification commands are this machine's."""
    made = world(tmp_path)
    shutil.rmtree(made.root / ".orchestra")
    shutil.copytree(PEER / ".orchestra", made.root / ".orchestra")
    switched_to(made, "true")
    made.rule({"role": "architect"}, {"run": RFC})
    made.rule({"role": "worker"}, {"run": BUILD})
    made.approves()
    made.save()
    return made


# The agent looks into its brief for what it may write, as a real one would.
RFC = """
folder=$(ls -d ../../milestones/${ORCHESTRA_UNIT}-*); folder=.orchestra/${folder#../../}
mkdir -p "$folder"; echo rfc > "$folder/rfc.md"
"""
BUILD = r"""
echo "$ORCHESTRA_UNIT" >> ../../runs/built
path=$(python3 -c 'import json, os; print(json.load(open(os.environ["ORCHESTRA_SCOPE"]))["write"][0])')
case $path in *'**') path=${path%'**'}file.ts ;; */) path=${path}file.ts ;; esac
mkdir -p "$(dirname "$path")"; echo "// $ORCHESTRA_TICKET" >> "$path"
"""


def switched_to(place: World, test: str) -> None:
    """Replace the commands of the default configuration, as a person would."""
    path = place.root / ".orchestra/config.yml"
    text = path.read_text().replace('"npx tsc --noEmit"', '""').replace('"npm run lint"', '""')
    path.write_text(text.replace('"npm test"', f'"{test}"'))


def built(place: World) -> list[str]:
    return (place.root / ".orchestra/runs/built").read_text().split()


def test_it_runs_to_the_end(place: World) -> None:
    assert place.run("--auto", "--include-planning") == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done", "M3": "done", "M10": "done"}
    assert built(place) == ["M2/phase-2", "M2/phase-3", "M3/phase-1", "M10/phase-1", "M10/phase-2"]
    assert place.subjects(cwd=place.remote) == place.subjects()


def test_what_its_context_calls_done_is_not_done_again(place: World) -> None:
    assert place.run("--auto", "M2") == 0, place.said()
    assert built(place) == ["M2/phase-2", "M2/phase-3"]
    assert place.run("--auto", "M1") == 0, place.said()
    assert len(built(place)) == 2, "M1 is done"


def test_its_context_is_kept_beside_the_new_one(place: World) -> None:
    context = place.root / HOME / "M2-password-reset/context.md"
    before = context.read_bytes()
    assert place.run("--auto", "M2") == 0, place.said()
    assert context.with_name("context.before.md").read_bytes() == before
    text = context.read_text()
    for line in (
        "## Status",
        "## Phases",
        "## Codebase Map",
        "## Decisions",
        "## Metrics",
        "- phase-2: done | commit: ",
    ):
        assert line in text
    assert (place.root / HOME / "M1-user-auth/context.md").read_bytes() == (
        PEER / HOME / "M1-user-auth/context.md"
    ).read_bytes(), "nobody ran M1"


def test_people_keep_their_bytes(place: World) -> None:
    """Byte order mark, CRLF and comments stay; only the fields that are views differ."""
    assert place.run("--auto", "M3", "--include-planning") == 0, place.said()
    now = (place.root / HOME / "M3-audit-log/milestone.md").read_bytes()
    old = (PEER / HOME / "M3-audit-log/milestone.md").read_bytes()
    assert now.startswith(b"\xef\xbb\xbf")
    assert now.count(b"\n") == now.count(b"\r\n")
    kept = [line for line in old.split(b"\r\n") if not line.startswith((b"| Status", b"Locked-By"))]
    assert [line for line in now.split(b"\r\n") if line in kept] == kept
    phase = (place.root / HOME / "M3-audit-log/phases/phase-1.md").read_bytes()
    assert b"complexity: trivial  # trivial | quick | standard | complex\r\n" in phase
    assert b"status: done\r\n" in phase


@pytest.mark.parametrize("zone", ["", "Z", "+00:00"])
def test_its_young_lock_is_respected_and_its_old_one_is_not(place: World, zone: str) -> None:
    path = place.root / HOME / "M2-password-reset/milestone.md"
    young = (datetime.now(UTC) - timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S") + zone
    path.write_text(path.read_text().replace("2026-04-06T09:30:00", young))
    place.save()
    assert place.run("--auto", "M2") == 75, place.said()
    assert not (place.root / ".orchestra/runs/built").exists()
    assert young in path.read_text(), "somebody else's lock stays as it is"
    old = (datetime.now(UTC) - timedelta(minutes=61)).strftime("%Y-%m-%dT%H:%M:%S") + zone
    path.write_text(path.read_text().replace(young, old))
    place.save()
    assert place.run("--auto", "M2") == 0, place.said()
    assert old not in path.read_text()


def test_a_young_lock_of_one_milestone_keeps_no_other_from_running(place: World) -> None:
    path = place.root / HOME / "M2-password-reset/milestone.md"
    path.write_text(path.read_text().replace("2026-04-06T09:30:00", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")))
    place.save()
    assert place.run("--auto", "--include-planning") == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "in-progress", "M3": "done", "M10": "done"}
    assert "M2 was passed over: locked" in place.said()


def test_without_the_flag_only_what_was_begun_runs(place: World) -> None:
    assert place.run("--auto") == 0, place.said()
    assert built(place) == ["M2/phase-2", "M2/phase-3"]
    assert place.statuses() == {"M1": "done", "M2": "done", "M3": "planning", "M10": "planning"}


def test_its_default_commands_in_another_kind_of_repository_are_an_error(place: World) -> None:
    shutil.copyfile(PEER / ".orchestra/config.yml", place.root / ".orchestra/config.yml")
    place.save()
    assert place.run("--auto", "--include-planning") == 65, place.said()
    for command in ("npx tsc --noEmit", "npm test", "npm run lint"):
        assert command in place.said()
    assert place.call("doctor") == 65 or "npm test" in place.said()
    assert not (place.root / ".orchestra/runs/built").exists()


def test_validate_has_no_error_against_it(place: World) -> None:
    document = place.json("validate")
    assert [d for d in document["diagnostics"] if d["severity"] == "error"] == []
    assert (document["groups"], document["units"]) == (4, 7)
