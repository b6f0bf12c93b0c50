from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestra import proc
from orchestra.errors import UserError
from orchestra.verify import LOST, TIMED_OUT, Receipt, Verification, drop_stale_bytecode, signature, tail, verify

TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


class Place:
    """A work tree and a directory for the logs."""

    def __init__(self, root: Path) -> None:
        self.tree, self.dir = root / "tree", root / "logs" / "M1.p1"
        self.tree.mkdir()

    def verify(self, *commands: tuple[str, str], timeout_s: float = 60, known=None, tree: str = TREE) -> Verification:
        env = {"PATH": os.environ["PATH"], "COLOUR": "blue"}
        return asyncio.run(verify(commands, self.tree, tree, self.dir, env, timeout_s, known))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_receipts_in_order(place: Place) -> None:
    done = place.verify(("types", "echo out; echo err >&2; pwd"), ("tests", 'echo "$COLOUR"; ls'))
    assert done.passed and done.failed is None and done.tail == "" and done.signature == ""
    first, second = done.receipts
    assert (first.name, first.command, first.exit_code, first.tree) == ("types", "echo out; echo err >&2; pwd", 0, TREE)
    assert Path(first.log).read_text() == f"out\nerr\n{place.tree}\n"
    assert Path(second.log).read_text() == "blue\n"
    assert first.log_sha256 == hashlib.sha256(Path(first.log).read_bytes()).hexdigest()
    assert 0 < first.started_at <= second.started_at <= time.time()
    assert Path(first.log).parent == place.dir.with_name("M1.p1-1-types")


def test_the_first_failure_ends_it(place: Place) -> None:
    done = place.verify(("a", "true"), ("b", "echo wrong; exit 3"), ("c", "touch ran"))
    assert not done.passed and [one.exit_code for one in done.receipts] == [0, 3]
    assert done.failed == done.receipts[1] and done.tail == "wrong" and done.signature
    assert not (place.tree / "ran").exists()


def test_no_commands(place: Place) -> None:
    assert place.verify() == Verification((), True)


@pytest.mark.parametrize(("command", "code"), [("no-such-program --x", 127), ("./data", 126)])
def test_a_command_that_is_not_there_is_a_failure_that_says_so(place: Place, command: str, code: int) -> None:
    (place.tree / "data").write_text("no program")
    done = place.verify(("tests", command))
    assert done.failed and done.failed.exit_code == code and f"[exit {code}: `{command}`" in done.tail


def test_a_time_out_is_a_failure_in_its_own_words(place: Place) -> None:
    done = place.verify(("tests", "echo begun; sleep 60"), timeout_s=0.3)
    assert done.failed and done.failed.exit_code == TIMED_OUT
    assert done.tail == "begun\n[tests did not end within 0.3 s and was ended]"


def test_a_command_that_is_killed(place: Place) -> None:
    done = place.verify(("tests", "kill -9 $$"))
    assert done.failed and done.failed.exit_code == LOST and "was killed" in done.tail


def test_commands_are_shell_lines_as_they_were_written(place: Place) -> None:
    done = place.verify(("a", "cat <<'X' && echo \"$((1 + 1))\"\n'quoted' $HOME\nX"), ("b", "false || exit 0"))
    assert done.passed and Path(done.receipts[0].log).read_text() == "'quoted' $HOME\n2\n"


@pytest.mark.parametrize("name", ["../../evil", "", "a/b", "ünï", "x" * 300, "-rf"])
def test_any_name_is_a_directory_below_ours(place: Place, name: str) -> None:
    done = place.verify((name, "echo x"), (name, "echo y"))
    assert done.passed and [Path(one.log).read_text() for one in done.receipts] == ["x\n", "y\n"]
    assert all(Path(one.log).resolve().parent.parent == place.dir.parent for one in done.receipts)


def test_what_has_ended_is_read_and_not_run_again(place: Place) -> None:
    command = ("tests", "echo ran >> times; echo out")
    first, second = place.verify(command), place.verify(command)
    assert (place.tree / "times").read_text() == "ran\n"
    assert first == second


def test_what_still_runs_after_a_kill_is_waited_for(place: Place, tmp_path: Path) -> None:
    command = f"echo ran >> times; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; echo end"
    script = (
        "import asyncio, os, sys; from pathlib import Path; from orchestra.verify import verify\n"
        "asyncio.run(verify([('tests', sys.argv[1])], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]),"
        " dict(PATH=os.environ['PATH']), 60.0, None))"
    )
    call = [sys.executable, "-c", script, command, str(place.tree), TREE, str(place.dir)]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    supervisor = subprocess.Popen(call, env=env, start_new_session=True)
    wait_for(lambda: (place.tree / "times").exists())
    os.killpg(supervisor.pid, signal.SIGKILL)
    supervisor.wait()
    (tmp_path / "go").touch()
    done = place.verify(("tests", command))
    assert done.passed and (place.tree / "times").read_text() == "ran\n"
    assert Path(done.receipts[0].log).read_text() == "end\n"


def wait_for(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_command_that_was_stopped_is_run_anew_next_time(place: Place, tmp_path: Path) -> None:
    command = f"echo ran >> times; [ -e {tmp_path}/go ] || sleep 60"

    async def stopped() -> None:
        task = asyncio.create_task(verify([("t", command)], place.tree, TREE, place.dir, dict(os.environ), 60.0))
        while not (place.tree / "times").exists():
            await asyncio.sleep(0.01)
        await asyncio.to_thread(proc.stop, place.dir.with_name("M1.p1-1-t"), 0.1)
        with pytest.raises(UserError, match="was stopped"):
            await task

    asyncio.run(stopped())
    (tmp_path / "go").touch()
    assert place.verify(("t", command)).passed
    assert (place.tree / "times").read_text() == "ran\nran\n"


def test_a_known_green_receipt_stands_for_a_run(place: Place) -> None:
    old = Receipt("a", "touch ran-a", 0, TREE, 5, "/old/log", "00", 1.0)
    asked = []

    def known(name: str, command: str, tree: str) -> Receipt | None:
        asked.append((name, command, tree))
        return old if name == "a" else None

    done = place.verify(("a", "touch ran-a"), ("b", "touch ran-b"), known=known)
    assert done.receipts[0] == old and asked == [("a", "touch ran-a", TREE), ("b", "touch ran-b", TREE)]
    assert not (place.tree / "ran-a").exists() and (place.tree / "ran-b").exists()


def test_a_known_red_receipt_does_not(place: Place) -> None:
    old = Receipt("a", "true", 1, TREE, 5, "/old/log", "00", 1.0)
    assert place.verify(("a", "true"), known=lambda *_: old).receipts[0].exit_code == 0


def test_a_log_directory_that_cannot_be_made(place: Place) -> None:
    place.dir.parent.write_text("a file")
    with pytest.raises(UserError):
        place.verify(("a", "true"))


def test_a_process_that_a_command_leaves_behind_does_not_hold_us(place: Place) -> None:
    assert place.verify(("a", "sleep 300 & echo done")).passed


# The tail


def tail_of(tmp_path: Path, data: bytes) -> str:
    (tmp_path / "log").write_bytes(data)
    return tail(tmp_path / "log")


def test_the_tail_is_plain_and_bounded(tmp_path: Path) -> None:
    assert tail_of(tmp_path, b"\x1b[31mred\x1b[0m\r\n\n\n  in \x1b]0;title\x07dent\tx\x00\n") == "red\n  in dent\tx"
    assert tail_of(tmp_path, b" 10%\r 50%\r100% done\nok\n") == "100% done\nok"
    many = tail_of(tmp_path, b"".join(b"line %d\n" % n for n in range(1000)))
    assert many.splitlines()[0] == "line 940" and many.splitlines()[-1] == "line 999"
    assert len(tail_of(tmp_path, b"y" * 900_000)) <= 400
    assert len(tail_of(tmp_path, (b"z" * 390 + b"\n") * 100)) <= 6000
    assert tail_of(tmp_path, b"\xff\xfe broken") == "�� broken"
    assert tail_of(tmp_path, b"") == "" == tail(tmp_path / "absent")


# The signature


def sign(text: str, tree: str = "/srv/one", code: int = 1) -> str:
    failed = Receipt("tests", "pytest", code, TREE, 1, "", "", 0.0)
    return signature(failed, text, Path(tree))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("/srv/one/src/a.py:3: error", "/srv/two/src/a.py:3: error"),
        ("<object at 0x7f12ab>", "<object at 0x7fffcd00>"),
        ("1 failed in 0.12s", "1 failed in 3.40s"),
        ("took 12 ms", "took 9 ms"),
        ("2026-11-21T06:30:00.123Z boom", "2026-11-22 07:31:02 boom"),
        ("[06:30:00] boom", "[23:59:59.1] boom"),
        ("pid 123 died", "pid 4567 died"),
        ("in /tmp/pytest-of-me/pytest-1/x0", "in /tmp/pytest-of-me/pytest-22/x0"),
        ("at commit 4b825dc", "at commit 06fa312"),
    ],
)
def test_what_differs_from_run_to_run_is_left_out(one: str, two: str) -> None:
    assert sign(one) == sign(two, tree="/srv/two")


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("assert 3 == 4", "assert 3 == 5"),
        ("src/a.py:3: error", "src/b.py:3: error"),
        ("src/a.py:10:12: error", "src/a.py:10:14: error"),
        ("test_login FAILED", "test_logout FAILED"),
    ],
)
def test_other_failures_have_other_signatures(one: str, two: str) -> None:
    assert sign(one) != sign(two)


def test_the_exit_code_counts() -> None:
    assert sign("x", code=1) != sign("x", code=2)


def test_one_failure_in_two_work_trees_has_one_signature(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(Place(tmp_path / name).verify(("t", 'echo "at $PWD"; exit 1')).signature)
    assert made[0] == made[1]


# Compiled Python


def test_a_correction_within_the_same_second_is_tested_as_it_is(place: Place) -> None:
    source = place.tree / "calc.py"
    source.write_text("def f(): return 1\n")
    os.utime(source, (1000, 1000))
    check = f"{sys.executable} -c 'import calc; raise SystemExit(calc.f() != 2)'"
    assert not place.verify(("a", check)).passed
    source.write_text("def f(): return 2\n")
    later = (place.tree / "__pycache__").iterdir().__next__().stat().st_mtime_ns + 1000
    os.utime(source, ns=(later, later))
    stale = next((place.tree / "__pycache__").iterdir())
    stale.write_bytes(stale.read_bytes()[:8] + int(later // 10**9).to_bytes(4, "little") + stale.read_bytes()[12:])
    os.utime(stale, ns=(later - 1000, later - 1000))
    again = subprocess.run(["sh", "-c", check], cwd=place.tree, check=False).returncode
    assert again == 1, "the stale file must be what Python would use"
    place.dir = place.dir.with_name("second")
    assert place.verify(("a", check)).passed


def test_only_stale_bytecode_is_dropped(tmp_path: Path) -> None:
    cache = tmp_path / "pkg" / "__pycache__"
    cache.mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    for name in ("fresh", "stale", "orphan"):
        (cache / f"{name}.cpython-311.pyc").write_bytes(b"x")
        os.utime(cache / f"{name}.cpython-311.pyc", (1000, 1000))
    for name, at in (("fresh", 999), ("stale", 1000)):
        (tmp_path / "pkg" / f"{name}.py").write_text("")
        os.utime(tmp_path / "pkg" / f"{name}.py", (at, at))
    (cache / "stale.txt").write_text("kept")
    drop_stale_bytecode(tmp_path)
    assert sorted(path.name for path in cache.iterdir()) == [
        "fresh.cpython-311.pyc",
        "orphan.cpython-311.pyc",
        "stale.txt",
    ]
