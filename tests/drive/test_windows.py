"""`--executor tmux`: windows that show the agents at work, and do nothing else, whatever becomes of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from orchestra.core.model import Attempt
from orchestra.core.words import Complexity, Purpose, Role
from orchestra.drive import tmux as module
from orchestra.drive.tmux import Tmux, session_name
from orchestra.drive.windows import name_of
from tests.support.live import background, kill, until
from tests.support.projects import Phase, World, world
from tests.support.terminal import terminal_of

PROGRAM = shutil.which("tmux") or ""
pytestmark = pytest.mark.skipif(not PROGRAM, reason="tmux is not installed")
WORDS = ("--auto", "--executor", "tmux")
# An agent's own question whether it can be seen; it gives up in the end, and the test says what is missing.
SEEN = "i=0; until tmux list-windows -a -F '#{window_name}' | grep -qxF $ORCHESTRA_UNIT; do "
SEEN += "i=$((i+1)); test $i -lt 400 || exit 1; sleep 0.05; done; echo $ORCHESTRA_UNIT >> {seen}; "
WAIT = "touch {place}/began; while ! test -e {place}/go; do sleep 0.02; done"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server of the test's own. A socket's path has to be short, and that of a test's directory is not."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as folder:
        monkeypatch.setenv("TMUX_TMPDIR", folder)
        monkeypatch.delenv("TMUX", raising=False)
        monkeypatch.delenv("CODEAGENT_NO_TMUX", raising=False)
        # What the person who runs the tests has configured is not what is tested.
        monkeypatch.setenv("HOME", folder)
        yield Path(folder)
        tmux("kill-server")


@pytest.fixture
def place(tmp_path: Path) -> World:
    return world(tmp_path)


def tmux(*words: str) -> str:
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False).stdout


def names(session: str = "orchestra-project") -> list[str]:
    return tmux("list-windows", "-t", f"={session}", "-F", "#{window_name}").splitlines()


def sessions() -> list[str]:
    return tmux("list-sessions", "-F", "#{session_name}").splitlines()


def _listed(what: str) -> list[tuple[str, str]]:
    """Every pane with a format's value for it."""
    lines = (line.partition(" ") for line in tmux("list-panes", "-a", "-F", f"#{{pane_id}} {what}").splitlines())
    return [(pane, value) for pane, _, value in lines]


def units(place: World, number: int) -> None:
    place.milestone("M1", [Phase((f"{one}.txt",)) for one in range(1, number + 1)])


def worker(place: World, number: int, command: str) -> None:
    """The agent of a unit; its command may name the test's folder and the list of those that were seen."""
    line = command.replace("{place}", str(place.root.parent)).replace("{seen}", str(place.root.parent / "seen"))
    when = {"unit": f"M1/phase-{number}", "role": "worker"}
    place.rule(when, {"say": "HERE I AM"}, {"run": line}, {"write": {"path": f"{number}.txt", "text": "x"}})


def go(place: World) -> None:
    (place.root.parent / "go").touch()


def began(place: World) -> bool:
    return (place.root.parent / "began").exists()


def shown(place: World) -> list[Path]:
    """The files that windows of the first unit show."""
    return list((place.root / ".orchestra/runs").glob("*/windows/M1.phase-1.*.txt"))


def landed(place: World, number: int) -> bool:
    return place.subjects() == [*place.subjects()[:2], *(f"feat(work): part {one}" for one in range(1, number + 1))]


def test_25_units_have_a_window_each_whatever_is_killed_and_nothing_is_left(place: World) -> None:
    units(place, 25)
    trouble = {
        7: "tmux kill-server",
        9: "tmux list-windows -a | grep -o ': run' >> {seen}",
        12: "tmux kill-window -t =orchestra-project:1",
        16: "tmux kill-session",
    }
    for number in range(1, 26):
        worker(place, number, SEEN + trouble.get(number, ":"))
    place.save()
    assert place.run(*WORDS) == 0, place.said()
    seen = (place.root.parent / "seen").read_text().splitlines()
    assert seen == [
        *(f"M1/phase-{one}" for one in range(1, 10)),
        ": run",
        *(f"M1/phase-{one}" for one in range(10, 26)),
    ]
    assert landed(place, 25), place.subjects()
    assert place.said().count("tmux attach -t '=orchestra-project'") == 1
    assert "without them" not in place.said()
    assert sessions() == []


def test_a_person_who_attaches_sees_the_output_as_it_grows(place: World) -> None:
    units(place, 1)
    wait = WAIT.replace("{place}", str(place.root.parent))
    work = [{"say": "HERE I AM"}, {"run": wait}, {"say": "IT GROWS"}, {"run": wait.replace("/go;", "/on;")}]
    place.rule({"unit": "M1/phase-1"}, *work, {"write": {"path": "1.txt", "text": "x"}})
    place.save()
    with background(place, *WORDS, "--tmux-session", "mine: all.of it") as running:
        until(lambda: len(names("mine-all_of-it")) == 2, "the window of the agent")
        argv = ["tmux", "attach", "-t", "=mine-all_of-it", ";", "select-window", "-t", "{end}"]
        with terminal_of(argv, {**os.environ, "TERM": "xterm", "LANG": "C.UTF-8"}) as screen:
            screen.expect("HERE I AM")
            go(place)
            screen.expect("IT GROWS")
            (place.root.parent / "on").touch()
            # The window that shows the agent is closed first, then the one of the run, and with it the session.
            screen.expect("[exited]")
        assert running.wait() == 0
    assert landed(place, 1)
    assert sessions() == []


def test_what_the_run_does_is_seen_and_windows_may_be_kept(place: World) -> None:
    units(place, 2)
    place.config(tmux={"session": "kept", "keep_windows": "enabled"}, executor="tmux")
    worker(place, 1, SEEN)
    worker(place, 2, f"{SEEN}tmux capture-pane -p -t =kept:run > {{place}}/run.txt")
    place.save()
    assert place.run("--auto") == 0, place.said()
    assert "M1/phase-1 done, commit" in (place.root.parent / "run.txt").read_text()
    assert names("kept") == ["M1/phase-1", "M1/phase-2"]
    [screen] = [
        tmux("capture-pane", "-p", "-t", pane)
        for pane in tmux("list-panes", "-t=kept:{start}", "-F", "#{pane_id}").split()
    ]
    assert screen.split("\n")[2:4] == ["── M1/phase-1: worker, attempt 1, turn 1, sonnet ──", " HERE I AM"]
    assert "test passed" in screen


def test_two_projects_and_a_person_share_a_server_and_none_disturbs_the_other(place: World, tmp_path: Path) -> None:
    other = world(tmp_path / "other")
    for one in (place, other):
        units(one, 2)
        worker(one, 1, f"{SEEN}{WAIT}")
        worker(one, 2, SEEN)
        one.save()
    # Our name is the beginning of that of the person's session.
    tmux("new-session", "-d", "-s", "orchestra-project-2", "-n", "theirs", "cat")
    with background(place, *WORDS) as first, background(other, *WORDS) as second:
        until(lambda: began(place) and began(other), "both agents")
        until(lambda: names().count("M1/phase-1") == 2, "two windows of one name")
        assert sorted(names()) == ["M1/phase-1", "M1/phase-1", "run", "run"]
        # A person splits a window of ours: the half that is theirs stays.
        [half] = [
            pane
            for pane, shows in _listed("#{pane_start_command}")
            if f"{place.root}/.orchestra" in shows and "run.txt" not in shows
        ]
        tmux("split-window", "-d", "-t", half, "cat")
        go(place)
        assert first.wait() == 0
        until(
            lambda: names().count("M1/phase-1") == 2 and names().count("run") == 1, "the end of the first one's windows"
        )
        go(other)
        assert second.wait() == 0
    assert names("orchestra-project-2") == ["theirs"]
    assert names() == ["M1/phase-1"]
    assert landed(place, 2) and landed(other, 2)


@pytest.mark.parametrize("word", ["1", "On"])
def test_no_windows_where_the_variable_says_so(place: World, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("CODEAGENT_NO_TMUX", word)
    units(place, 1)
    worker(place, 1, "tmux list-sessions >> {seen}")
    place.save()
    assert place.run(*WORDS) == 0
    assert place.said().count("no windows: CODEAGENT_NO_TMUX is set") == 1
    assert (place.root.parent / "seen").read_text() == ""
    assert landed(place, 1)


def test_without_tmux_the_run_goes_on_and_says_it_once(place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    without = place.root.parent / "bin"
    without.mkdir()
    for name in ("git", "sh", "true"):
        (without / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(without))
    units(place, 2)
    worker(place, 1, "true")
    worker(place, 2, "true")
    place.save()
    assert place.run(*WORDS) == 0, place.said()
    assert place.said().count("no windows: tmux is not installed") == 1
    assert landed(place, 2)


def test_a_server_that_does_not_answer_holds_nothing_up(place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CALL_S", 0.3)
    units(place, 3)
    for one in range(1, 4):
        worker(place, one, "true")
    place.save()
    tmux("new-session", "-d", "-s", "theirs", "cat")
    pid = int(tmux("display-message", "-p", "#{pid}"))
    os.kill(pid, signal.SIGSTOP)
    try:
        assert place.run(*WORDS) == 0, place.said()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert place.said().count("the run goes on without them") == 1
    assert landed(place, 3)


def test_a_supervisor_that_comes_after_a_killed_one_goes_on_in_the_same_window(place: World) -> None:
    units(place, 2)
    worker(place, 1, f"{SEEN}{WAIT}")
    worker(place, 2, SEEN)
    place.save()
    with background(place, *WORDS) as first:
        until(lambda: any("HERE I AM" in file.read_text() for file in shown(place)), "the agent's words")
        kill(first)
    [before] = [pane for pane, name in _listed("#{window_name}") if name == "M1/phase-1"]
    with background(place, *WORDS) as second:
        until(lambda: "goes on" in place.said(), "the second supervisor")
        assert (before, "M1/phase-1") in _listed("#{window_name}")
        assert names().count("M1/phase-1") == 1
        go(place)
        assert second.wait() == 0
    [file] = shown(place)
    told = file.read_text()
    assert [told.count(text) for text in ("HERE I AM", "> run", "> write", "done, commit")] == [1, 1, 1, 1]
    assert landed(place, 2)
    assert sessions() == []


def test_windows_that_a_killed_run_has_left_are_closed_by_the_next(place: World) -> None:
    units(place, 1)
    worker(place, 1, SEEN)
    place.save()
    project = sha256(str(place.root).encode()).hexdigest()[:12]
    old = Tmux(PROGRAM, "orchestra-project")
    old.open("of this project", place.root / "README.md", f"orchestra:{project}:r0:aaaa")
    old.open("of another one", place.root / "README.md", "orchestra:0123456789ab:r0:aaaa")
    assert place.run(*WORDS) == 0, place.said()
    assert names() == ["of another one"]


def test_stop_and_a_run_without_windows_close_those_of_a_killed_run_and_no_others(place: World) -> None:
    units(place, 1)
    worker(place, 1, f"{SEEN}{WAIT}")
    place.save()
    with background(place, *WORDS) as first:
        until(lambda: began(place) and sorted(names()) == ["M1/phase-1", "run"], "the windows of the run")
        # A run that lives keeps its windows, whoever says what beside it.
        assert place.run("M1") == 75
        assert sorted(names()) == ["M1/phase-1", "run"]
        kill(first)
    Tmux(PROGRAM, "orchestra-project").open("another's", place.root / "README.md", "orchestra:0123456789ab:r1:run")
    assert place.call("stop") == 0
    assert "ended what killed runs had left: 1 agent and 2 windows" in place.said()
    assert names() == ["another's"]
    project = sha256(str(place.root).encode()).hexdigest()[:12]
    Tmux(PROGRAM, "orchestra-project").open("left", place.root / "README.md", f"orchestra:{project}:r0:run")
    go(place)
    assert place.run("--auto") == 0, place.said()
    assert names() == ["another's"]
    assert landed(place, 1)


def test_units_that_an_assigner_put_together_have_its_name_in_front() -> None:
    attempt = Attempt("login.1.worker-2", "login", "login/1", Role.WORKER, Purpose.BUILD, 2, Complexity.QUICK)
    assert (name_of(attempt), name_of(attempt, "left")) == ("login/1 (2)", "left login/1 (2)")


NAMES = [
    "1.1",
    "task-1.1",
    "login/2",
    "a:b",
    "a;",
    "#{session_name}",
    "-n",
    "=x:",
    "%1",
    "日本",
    "",
    "two words",
    "{end}",
]


def test_any_name_works(tmp_path: Path) -> None:
    here = Tmux(PROGRAM, "s-1")
    (tmp_path / "it's; a file").write_text("text\n")
    for number, name in enumerate(NAMES):
        here.open(name, tmp_path / "it's; a file", f"orchestra:x:r1:{number}")
    panes = here.panes()
    assert [f"orchestra:x:r1:{number}" in panes for number in range(len(NAMES))] == [True] * len(NAMES)
    assert names("s-1")[:8] == ["1.1", "task-1.1", "login/2", "a:b", "a", "{session_name}", "-n", "=x:"]
    until(lambda: "text" in tmux("capture-pane", "-p", "-t", panes["orchestra:x:r1:3"]), "the file")
    for number in range(len(NAMES)):
        here.close(panes[f"orchestra:x:r1:{number}"])
    assert sessions() == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a.b:c d", "a_b-c-d"),
        ("--x--", "x"),
        ("..", "_"[:0] or "__"),
        ("日本", ""),
        ("$1", "1"),
        ("=a", "a"),
        ("A-z_0", "A-z_0"),
    ],
)
def test_names_of_sessions(text: str, name: str) -> None:
    assert session_name(text) == name
