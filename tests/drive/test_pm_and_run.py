"""Planning in one terminal and a run in another: neither disturbs the other."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from orchestra.files import TEMPORARY, write_atomic
from tests.support import live
from tests.support.live import background, until
from tests.support.projects import Phase, World, world

ROUNDS = 4


@pytest.fixture
def place(tmp_path: Path) -> World:
    """M1 keeps the run busy until there is a file `go`."""
    made = world(tmp_path)
    made.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")])
    wait = "touch ../../runs/begun; while ! test -f ../../runs/go; do sleep 0.05; done; echo x > a.txt"
    made.rule({"unit": "M1/phase-1"}, {"run": wait})
    made.writes("M1/phase-2", "b.txt")
    made.rule({"unit": "M*/phase-*", "role": "worker"}, {"run": "n=$(echo $ORCHESTRA_UNIT | tr / -); echo x > $n.txt"})
    made.approves()
    made.save()
    return made


def runs(place: World) -> Path:
    return place.root / ".orchestra/runs"


def pm(place: World, *words: str) -> str:
    """A command of the product manager, in a process of its own."""
    command = live.command("-C", str(place.root), *words)
    done = subprocess.run(command, env=live.environment(), capture_output=True, text=True, check=False, timeout=60)
    wrong = (
        [d for d in json.loads(done.stdout).get("diagnostics", ()) if d["severity"] == "error"]
        if "--json" in words
        else []
    )
    assert done.returncode == 0, f"{words}: {wrong or done.stdout}{done.stderr}"
    return done.stdout


def write_plan(place: World, number: int) -> None:
    """What a person fills in after `orchestra new`, editor and all."""
    folder = next((place.root / ".orchestra/milestones").glob(f"M{number}-*"))
    for path in [*folder.glob("*.md"), *folder.glob("phases/*.md")]:
        lines = path.read_text().splitlines()
        scope = f"- `M{number}-{path.stem}.txt` (new)"
        kept = [scope if line.startswith("- TODO: name each path") else line.replace("TODO:", "Say:") for line in lines]
        write_atomic(path, ("\n".join(kept) + "\n").encode())


def test_milestones_planned_during_a_run_are_run_by_it(place: World) -> None:
    with background(place, "--auto") as running:
        until((runs(place) / "begun").exists, "the run's start")
        for number in range(2, 2 + ROUNDS):
            pm(place, "new", f"M{number}-part", "--title", f"Part {number}", "--complexity", "quick")
            pm(place, "validate")
            write_plan(place, number)
            pm(place, "ready", f"M{number}", "--no-review")
            pm(place, "plan", "--json")
        pm(place, "new", "M9-later", "--title", "Later")
        (runs(place) / "go").touch()
        assert running.wait(60) == 0, place.said()
    expected = {f"M{number}": "done" for number in range(1, 2 + ROUNDS)}
    assert place.statuses() == {**expected, "M9": "planning"}
    assert "Traceback" not in place.said()


def test_a_loop_of_planning_beside_a_run_that_writes_its_views(place: World) -> None:
    """Everything that a product manager does, while milestones start and end."""
    for number in (2, 3, 4):
        place.milestone(f"M{number}", [Phase((f"M{number}-phase-{n}.txt",), title=f"p{n}") for n in (1, 2)])
    place.save()
    (runs(place)).mkdir(exist_ok=True)
    (runs(place) / "go").touch()
    with background(place, "--auto") as running:
        number = 10
        while running.poll() is None:
            pm(place, "new", f"M{number}-more", "--phases", "2")
            pm(place, "validate", "--json")
            if number == 10:
                pm(place, "blueprint", "add", "M2", "--name", "part")
            write_plan(place, number)
            number += 1
            if number > 14:
                running.wait(60)
        assert running.returncode == 0, place.said()
    statuses = place.statuses()
    assert all(statuses[f"M{n}"] == "done" for n in (1, 2, 3, 4))
    assert all(status == "planning" for id_, status in statuses.items() if int(id_[1:]) >= 10)
    assert not list((place.root / ".orchestra/milestones").rglob(f"*{TEMPORARY}"))


def test_a_milestone_is_not_picked_up_before_it_is_ready(place: World) -> None:
    """Half written files, written by hand in the order in which editors do it, with the run asking all the time."""
    with background(place, "--auto") as running:
        until((runs(place) / "begun").exists, "the run's start")
        folder = place.root / ".orchestra/milestones/M2-half"
        (folder / "phases").mkdir(parents=True)
        (folder / "prd.md").write_text("# Why\n")
        (folder / "phases/phase-1.md").write_text("---\nstatus: pen")
        (runs(place) / "go").touch()
        assert running.wait(60) == 0, place.said()
    assert "M2" not in place.said()
    assert place.statuses()["M1"] == "done"


def test_text_that_a_person_saves_while_views_are_written_stays(place: World) -> None:
    """An editor that reads, thinks and saves by rename, again and again, under the lock that commands take too."""
    folder = next((place.root / ".orchestra/milestones").glob("M1-*"))
    files = [folder / "milestone.md", folder / "phases/phase-1.md", folder / "phases/phase-2.md", folder / "prd.md"]
    runs(place).mkdir(exist_ok=True)
    (runs(place) / "go").touch()
    count = 0
    from orchestra.files import edit_lock

    with background(place, "--auto") as running:
        while running.poll() is None:
            count += 1
            with edit_lock(place.root):
                for path in files:
                    write_atomic(path, with_note(path.read_text(), f"<!-- mine {count} -->").encode())
        assert running.returncode == 0, place.said()
    assert count > 1
    for path in files:
        text = path.read_text()
        assert [f"<!-- mine {n} -->" in text for n in range(1, count + 1)] == [True] * count, path.name
    front = yaml.safe_load(files[1].read_text().split("---")[1])
    assert front["status"] == "done"
    assert "| Status | done |" in files[0].read_text()


def with_note(text: str, note: str) -> str:
    """The Result at the end of a phase file is the run's; everything above it is a person's."""
    head, heading, tail = text.partition("## Constraints")
    return f"{head}{note}\n{heading}{tail}" if heading else f"{text}{note}\n"


def test_text_saved_by_an_editor_that_knows_no_lock_is_not_torn(place: World) -> None:
    """Such an editor may lose to the run or win over it, but every file is one or the other, whole."""
    folder = next((place.root / ".orchestra/milestones").glob("M1-*"))
    path = folder / "milestone.md"
    runs(place).mkdir(exist_ok=True)
    (runs(place) / "go").touch()
    mine = path.read_text() + "\n" + "## Notes\n\n" + "a line of mine\n" * 2000
    with background(place, "--auto") as running:
        while running.poll() is None:
            write_atomic(path, mine.encode())
            text = path.read_text()
            assert text.count("a line of mine\n") == 2000
        assert running.returncode == 0, place.said()
    assert place.call("views") == 0
    text = path.read_text()
    assert text.count("a line of mine\n") == 2000
    assert "| Status | done |" in text


def test_two_product_managers_at_once_get_different_numbers(place: World) -> None:
    words = live.command("-C", str(place.root), "new", "part", "--json")
    started = [subprocess.Popen(words, env=live.environment(), stdout=subprocess.PIPE, text=True) for _ in range(4)]
    documents = [one.communicate(timeout=60)[0] for one in started]
    assert [one.returncode for one in started] == [0] * 4
    numbers = {yaml.safe_load(text)["milestones"][0] for text in documents}
    assert len(numbers) == 4


def test_readying_during_the_run_needs_no_commit(place: World) -> None:
    """Planning files need not be committed: the checkout counts as clean with them."""
    with background(place, "--auto") as running:
        until((runs(place) / "begun").exists, "the run's start")
        place.milestone("M2", [Phase(("M2-phase-1.txt",), title="new")], status="planning")
        pm(place, "ready", "M2", "--no-review")
        (runs(place) / "go").touch()
        assert running.wait(60) == 0, place.said()
    assert place.statuses() == {"M1": "done", "M2": "done"}
    assert place.subjects(cwd=place.remote)[-1] == "feat(work): new"
