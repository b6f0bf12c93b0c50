"""orchestra status: the contract's shape, and a look that opens as little as it can."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from orchestra.core.events import EventType
from orchestra.core.model import Event
from orchestra.state.driver import lock_file
from orchestra.state.leases import get, release
from tests.support import shown, states
from tests.support.shown import orchestra


@pytest.fixture
def project(tmp_path):
    return shown.project(tmp_path)


def status(root):
    said = orchestra(root, "status", "--json")
    assert said.code == 0, said
    return said.json


def test_without_a_run_the_files_are_told(project):
    shown.milestone(project.root, "M10-later", phases=1)
    shown.milestone(project.root, "M2-next", phases=0)
    told = status(project.root)
    assert (told["run"], told["state"], told["decisions"]) == (None, "idle", [])
    assert [group["id"] for group in told["groups"]] == ["M1", "M2", "M10"]
    assert told["groups"][0] == {
        "id": "M1",
        "title": "M1-user-auth",
        "status": "ready",
        "lease": None,
        "units": [
            {"id": f"M1/phase-{n}", "status": "pending", "attempts": 0, "liveness": None, "commit": None}
            for n in (1, 2)
        ],
    }


def test_looking_makes_nothing(project):
    before = sorted(project.dir.rglob("*"))
    status(project.root)
    orchestra(project.root, "status")
    assert sorted(project.dir.rglob("*")) == before


def test_a_run_in_the_contracts_shape(project):
    with shown.store(project) as store:
        run = shown.begun(store, project)
        store.record(run, [states.dispatched("M1/phase-2")])
        lease = get(store, "M1")
    with FileLock(lock_file(project.locks, "r1")):
        told = status(project.root)
    assert told["run"] == "r1"
    assert told["state"] == "running"
    (group,) = told["groups"]
    assert group["status"] == "in-progress"
    assert lease is not None
    assert group["lease"]["holder"] == lease.holder.text
    assert group["lease"]["epoch"] == 1
    assert group["lease"]["alive"] is True
    assert group["lease"]["expires_at"].endswith("Z")
    done, live = group["units"]
    assert done == {"id": "M1/phase-1", "status": "done", "attempts": 2, "liveness": None, "commit": "c" * 40}
    assert (live["status"], live["liveness"]) == ("in-progress", "working")


def test_a_released_lease_is_none(project):
    with shown.store(project) as store:
        shown.begun(store, project)
        release(store, get(store, "M1"), store.clock())
    assert status(project.root)["groups"][0]["lease"] is None


def test_silence_and_parking_are_told_apart(project):
    with shown.store(project) as store:
        run = shown.begun(store, project)
        run = store.record(run, [states.dispatched("M1/phase-2")])
        stdout = project.runs / "r1" / "M1.phase-2.worker-1" / "turn-1" / "stdout"
        stdout.parent.mkdir(parents=True)
        stdout.write_text("x")
        for path in (stdout, stdout.parent, stdout.parent.parent):
            os.utime(path, (1, 1))
        assert status(project.root)["groups"][0]["units"][1]["liveness"] == "wedged"
        until = store.clock() + 999
        store.record(run, [Event(EventType.BACKEND_PARKED, data={"backend": "", "until": until})])
    assert status(project.root)["groups"][0]["units"][1]["liveness"] == "parked"
    assert "M1/phase-2: parked" in orchestra(project.root, "status").out


def test_questions_come_with_their_answers(project):
    with shown.store(project) as store:
        shown.reviewed(store, shown.begun(store, project))
    asked = {decision["id"]: decision for decision in status(project.root)["decisions"]}
    assert asked["M1-D1"]["question"] == "Go on?"
    assert asked["M1-D1"]["options"] == ["fix", "accept"]
    text = orchestra(project.root, "status").out
    assert "orchestra decide M1-D1 fix|accept" in text
    assert "1/2 done" in text


def test_a_reviewer_at_work_is_shown(project):
    with shown.store(project) as store:
        run = shown.states_carried_out(store, shown.begun(store, project), "M1/phase-2", 1)
        data = {"role": "reviewer", "purpose": "review", "number": 1, "tier": "standard"}
        started = Event(EventType.ATTEMPT_STARTED, group="M1", unit="M1", attempt="M1.reviewer-1", data=data)
        store.record(run, [started])
    assert "M1: working" in orchestra(project.root, "status").out


def test_a_failure_says_why(project):
    with shown.store(project) as store:
        run = shown.begun(store, project)
        store.record(run, [Event(EventType.GROUP_FAILED, group="M1", data={"reason": "no\nluck"})])
    assert "no luck" in orchestra(project.root, "status").out
    assert status(project.root)["groups"][0]["reason"] == "no\nluck"


def test_a_killed_run_is_not_called_running(project):
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom orchestra.project import Project\n"
        "from tests.support import shown\nproject = Project(Path(sys.argv[1]))\n"
        "with shown.store(project) as store:\n    shown.begun(store, project)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = states.python(code, project.root, cwd=Path(__file__).resolve().parents[2])
    process.communicate()
    assert status(project.root)["groups"][0]["lease"]["alive"] is False
    assert status(project.root)["state"] == "halted"
    assert "its driver is not alive; `orchestra run` goes on with it" in orchestra(project.root, "status").out


def test_known_groups_are_not_opened(project):
    with shown.store(project) as store:
        shown.begun(store, project)
    home = project.root / shown.HOME
    for path in (home / "milestone.md", *(home / "phases").iterdir()):
        path.write_bytes(b"\xff\x00 nothing that could be read")
    assert status(project.root)["groups"][0]["status"] == "in-progress"


@pytest.mark.parametrize("odd", ["binary", "huge", "fifo", "directory", "dangling", "unnamed"])
def test_odd_files_are_no_error(project, odd):
    path = project.root / shown.HOME / "milestone.md"
    path.unlink()
    if odd == "binary":
        path.write_bytes(os.urandom(9000))
    elif odd == "huge":
        path.write_bytes(b"| Status | ready |\n" + b"x" * 50_000_000)
    elif odd == "fifo":
        os.mkfifo(path)
    elif odd == "directory":
        path.mkdir()
    elif odd == "dangling":
        path.symlink_to("nowhere")
    else:
        if sys.platform == "darwin":
            pytest.skip("macOS refuses such names")
        Path(os.fsdecode(os.fsencode(project.milestones) + b"/M7-\xff\x1b")).mkdir()
    told = status(project.root)
    assert told["groups"][0]["id"] == "M1"
    assert orchestra(project.root, "status").code == 0


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("| Status | in-progress |", "in-progress"),
        ("|**Status**|done|", "done"),
        ("Status: review", "review"),
        ("- **Status:** Planning", "planning"),
        ("# nothing", "planning"),
        ("\ufeff| Field | Value |\r\n| Status | ready |\r\n", "ready"),
    ],
)
def test_each_way_to_write_a_status(project, text, word):
    (project.root / shown.HOME / "milestone.md").write_text(text)
    assert status(project.root)["groups"][0]["status"] == word


def test_text_has_no_control_characters(project):
    with shown.store(project) as store:
        plan = shown.replace(shown.plan(), title="\x1b[2Jred")
        store.record(states.Run(id=""), [states.started(), states.read(plan), states.opened("M1")])
    assert "\x1b" not in orchestra(project.root, "status").out
    assert status(project.root)["groups"][0]["title"] == "\x1b[2Jred"


def test_outside_a_project_is_a_sentence(tmp_path):
    said = orchestra(tmp_path, "status")
    assert said.code == 64
    assert "orchestra init" in said.err


def test_json_loads_nothing_heavy(project):
    with shown.store(project) as store:
        shown.begun(store, project)
    code = (
        "import sys\nfrom orchestra.main import main\nmain(['-C', sys.argv[1], 'status', '--json'])\n"
        "print(sorted(m for m in sys.modules if m in sys.argv[2].split()))"
    )
    heavy = "yaml ruamel jsonschema jinja2 markdown_it wcmatch rich psutil filelock asyncio"
    (said,) = states.finished([states.python(code, project.root, heavy)])
    first, last = said.splitlines()
    assert json.loads(first)["run"] == "r1"
    assert last == "[]"


def test_a_terminal_gets_colours_and_others_do_not(project):
    import pty

    with shown.store(project) as store:
        shown.begun(store, project)
    leader, follower = pty.openpty()
    env = {"PYTHONPATH": str(states.SCRIPTS), "TERM": "xterm-256color", "PATH": os.environ["PATH"], "COLUMNS": "200"}
    argv = [sys.executable, "-m", "orchestra", "-C", str(project.root), "status"]
    for extra, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        done = subprocess.run(argv, env=env | extra, stdout=follower, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0
        said = os.read(leader, 65536).decode()
        assert ("\x1b[" in said) is coloured
        assert "M1" in said
    os.close(leader)
    os.close(follower)
