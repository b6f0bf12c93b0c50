"""A disk that is full, read-only or holds rubbish: said in a sentence, nothing lost, and the next run goes on."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import forks, live
from tests.support.projects import Phase, World, world

SIZE = "12m"
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/proc/mounts").exists(), reason="only root may mount a small file system"
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def place(small: Path) -> World:
    """The project is on the small disk, its remote beside it."""
    return planned(world(small))


def planned(place: World) -> World:
    place.milestone("M1", [Phase(("a.txt",), title="a"), Phase(("b.txt",), title="b")], complexity="standard")
    place.writes("M1/phase-1", "a.txt")
    place.writes("M1/phase-2", "b.txt")
    place.approves()
    place.save()
    return place


def fill(place: World) -> str:
    """Shell that leaves no room at all, once."""
    file = place.root.parent / "fill"
    return f"test -f {file} || cat /dev/zero > {file} 2> /dev/null"


def make_room(place: World) -> None:
    (place.root.parent / "fill").write_bytes(b"")


def log_of(place: World) -> Path:
    """Where the command's output goes: to another disk."""
    return place.root.parent.parent / "log"


def run(place: World, *words: str) -> int:
    return forks.orchestra(place.root, place.words("--auto", *words), log=log_of(place))


def said(place: World) -> str:
    return log_of(place).read_text()


def is_whole(place: World) -> None:
    made = [subject for subject in place.subjects() if not subject.startswith("chore")]
    assert made == ["feat(work): a", "feat(work): b"]
    assert place.subjects(cwd=place.remote) == place.subjects()
    assert place.git("fsck", "--no-dangling") == ""
    events = place.json("log")["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert place.statuses() == {"M1": "done"}
    assert [p.name for p in (place.root / ".orchestra/worktrees").glob("*")] == []


def before_it_starts(place: World) -> None:
    subprocess.run(["sh", "-c", fill(place)], check=False)


def while_an_agent_works(place: World) -> None:
    place.rules[0]["do"].insert(0, {"run": fill(place)})
    place.save()


def while_the_tests_run(place: World) -> None:
    place.config(verification={"typecheck": "", "test": f"{fill(place)}; true", "lint": ""})
    place.save()


def while_it_is_reviewed(place: World) -> None:
    place.rules[-1]["do"].insert(0, {"run": fill(place)})
    place.save()


def while_it_is_pushed(place: World) -> None:
    hook = place.remote / "hooks/pre-receive"
    hook.write_text(f"#!/bin/sh\n{fill(place)}\nexit 0\n")
    hook.chmod(0o755)


def after_it_was_pushed(place: World) -> None:
    hook = place.remote / "hooks/post-receive"
    hook.write_text(f"#!/bin/sh\n{fill(place)}\nexit 0\n")
    hook.chmod(0o755)


MOMENTS: list[Callable[[World], None]] = [
    before_it_starts,
    while_an_agent_works,
    while_the_tests_run,
    while_it_is_reviewed,
    while_it_is_pushed,
    after_it_was_pushed,
]


@needs_root
@pytest.mark.parametrize("full", MOMENTS, ids=lambda moment: moment.__name__)
def test_a_full_disk_is_said_so_and_the_next_run_finishes(place: World, full: Callable[[World], None]) -> None:
    full(place)
    code = run(place)
    text = said(place)
    assert "Traceback" not in text
    assert "bug in Orchestra" not in text
    assert code in (1, 2), text
    assert any(word in text.lower() for word in ("space", "disk", "full")), text
    make_room(place)
    if code == 2:
        for decision in place.json("decide")["decisions"]:
            assert place.call("decide", decision["id"], "retry") == 0
    assert run(place) == 0, said(place)
    is_whole(place)


@needs_root
@pytest.mark.parametrize("free_kb", [4, 16, 40, 64, 96, 128, 192, 256, 384])
def test_a_disk_that_fills_up_somewhere_on_the_way(place: World, free_kb: int) -> None:
    """What is left is enough for so much and no more; wherever that ends, nothing is torn."""
    stat = os.statvfs(place.root)
    filler = place.root.parent / "fill"
    filler.write_bytes(b"\0" * (stat.f_bavail * stat.f_bsize - free_kb * 1024))
    code = run(place)
    text = said(place)
    assert "Traceback" not in text
    assert "bug in Orchestra" not in text
    assert code in (0, 1, 2), text
    make_room(place)
    for decision in place.json("decide")["decisions"]:
        assert place.call("decide", decision["id"], "retry") == 0
    again = run(place, "M1")
    assert again == 0, said(place)
    is_whole(place)


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    """The state database may not grow: another way for a write to be refused."""
    place = planned(world(tmp_path / "p"))

    def limited() -> int:
        resource.setrlimit(resource.RLIMIT_FSIZE, (48 << 10, resource.RLIM_INFINITY))
        from orchestra import main

        return int(main.main(["-C", str(place.root), *place.words("--auto")]))

    log = tmp_path / "log"
    code = forks.in_child(limited, log)
    assert code in (1, 2), log.read_text()
    assert "Traceback" not in log.read_text()
    assert "bug in Orchestra" not in log.read_text()
    for decision in place.json("decide")["decisions"]:
        assert place.call("decide", decision["id"], "retry") == 0
    assert place.run("--auto", "M1") == 0, place.said()
    is_whole(place)


# Read-only


def refused(place: World, child: Callable[[], int] | None = None) -> str:
    log = log_of(place)
    code = forks.in_child(child, log) if child else run(place)
    text = log.read_text()
    assert code == 1, text
    assert "Traceback" not in text
    assert "bug in Orchestra" not in text
    return text


def state_check(document: Any) -> str:
    """What `doctor` finds wrong with the state."""
    wrong = [check for check in document["checks"] if check["name"] == "state" and not check["ok"]]
    return " | ".join(f"{check['message']} {check['fix']}" for check in wrong)


@needs_root
@pytest.mark.parametrize("begun", [False, True])
def test_a_read_only_file_system(tmp_path: Path, begun: bool) -> None:
    place = planned(world(tmp_path / "p"))
    if begun:
        assert place.run("--auto", "--max-tokens", "1") == 0, place.said()
    folder = place.root / ".orchestra"
    subprocess.run(["mount", "--bind", str(folder), str(folder)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        text = refused(place)
        assert "read-only" in text.lower()
        assert "its file system is read-only: mount it writable" in state_check(place.json("doctor"))
        assert place.statuses() == {"M1": "done" if begun else "ready"}, "looking still works"
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
    assert place.run("--auto") == 0, place.said()
    is_whole(place)


def as_plain_user(place: World, *words: str) -> subprocess.CompletedProcess[str]:
    """A command that may write no more than the modes of files say."""
    plain = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"] * (os.geteuid() == 0)
    argv = [*plain, *live.command("-C", str(place.root), *words)]
    return subprocess.run(argv, env=live.environment(), capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", [".orchestra", ".orchestra/state.db", ".git"])
def test_a_folder_that_the_user_may_not_write(tmp_path: Path, what: str) -> None:
    place = planned(world(tmp_path / "p"))
    assert place.run("--auto", "--dry-run") == 0
    assert place.call("lock", "claim", "M2") != 70, "the database is there now"
    subprocess.run(["chmod", "-R", "a-w", str(place.root / what)], check=True)
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may write anywhere, and there is no setpriv to change that")
    try:
        done = as_plain_user(place, *place.words("--auto"))
        doctor = as_plain_user(place, "doctor", "--json") if what == ".orchestra/state.db" else None
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(place.root / what)], check=True)
    assert "Traceback" not in done.stderr
    assert "bug in Orchestra" not in done.stderr
    assert done.returncode == 1, done.stderr
    if doctor:
        found = state_check(json.loads(doctor.stdout))
        assert f"{place.root / what} cannot be written" in found and f"chmod -R u+rwX {place.root / what}" in found
    assert place.run("--auto") == 0, place.said()
    is_whole(place)


# Rubbish


@pytest.mark.parametrize("rubbish", [b"not a database at all" * 100, b"", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_state_database_that_is_none_is_bad_input(tmp_path: Path, rubbish: bytes) -> None:
    place = planned(world(tmp_path / "p"))
    state = place.root / ".orchestra/state.db"
    state.write_bytes(rubbish)
    code = run(place)
    assert "Traceback" not in said(place)
    if not rubbish:
        assert code == 0, "an empty file is what a kill before the first transaction leaves"
        return
    assert code == 65, said(place)
    assert "state.db" in said(place)
    assert state.read_bytes() == rubbish, "it is left for whoever can repair it"
    assert place.call("status") == 65


def test_without_the_state_what_has_landed_is_not_made_again(tmp_path: Path) -> None:
    place = planned(world(tmp_path / "p"))
    assert run(place) == 0, said(place)
    before = place.git("rev-parse", "main")
    for path in (place.root / ".orchestra").glob("state.db*"):
        path.unlink()
    assert run(place) == 0, said(place)
    assert place.git("rev-parse", "main") == before


def test_a_state_database_cut_off_in_the_middle(tmp_path: Path) -> None:
    place = planned(world(tmp_path / "p"))
    assert run(place) == 0, said(place)
    state = place.root / ".orchestra/state.db"
    state.write_bytes(state.read_bytes()[:6000])
    code = run(place)
    assert code == 65, said(place)
    assert "Traceback" not in said(place)
