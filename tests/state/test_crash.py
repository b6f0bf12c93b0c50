"""Processes that die at any instruction: what they were told is kept is there, and nothing else is broken."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from orchestra.core.index import index
from orchestra.core.model import Run
from orchestra.errors import UserError
from orchestra.state.store import Store

from ..support import states

# Appends numbers first…last of writer w, and notes each in a file once it has been acknowledged.
WRITER = """
import os, sys
from pathlib import Path
from orchestra.core.model import Event
from orchestra.state.store import Store

path, acks, writer, first, last = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
out = os.open(acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
with Store.open(path, patience_s=60.0) as store:
    run = store.load("r1")
    for number in range(first, last + 1):
        event = Event("note", data={"writer": writer, "number": number})
        run = store.record(run, [event])
        os.write(out, f"{number}\\n".encode())
"""
WRITERS, UPDATES, KILLS = 8, 1000, 24


class Writer:
    """One writer that is started again, where it stands, for as long as it has something to write."""

    def __init__(self, path: Path, number: int) -> None:
        self.path, self.number = path, number
        self.acks = path.with_name(f"acks-{number}")
        self.process: subprocess.Popen[str] | None = None

    def acknowledged(self) -> int:
        """The last number that was acknowledged; a line cut off by the kill does not count."""
        lines = self.acks.read_text().rpartition("\n")[0].split() if self.acks.exists() else []
        return int(lines[-1]) if lines else 0

    def start(self) -> None:
        """Go on behind the last update that is in the database, acknowledged or not, as a resumed run does."""
        first = recorded(self.path, self.number) + 1
        if first <= UPDATES:
            self.process = states.python(WRITER, self.path, self.acks, str(self.number), str(first), str(UPDATES))

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_for(self, number: int) -> None:
        states.until(lambda: self.acknowledged() >= number or not self.running())

    def kill(self) -> None:
        assert self.process is not None
        states.kill(self.process)


def recorded(path: Path, writer: int) -> int:
    with Store.open(path, readonly=True) as store:
        sql = "SELECT max(json_extract(data, '$.number')) FROM events WHERE data ->> 'writer' = ?"
        found = store.query(sql, str(writer))
        return int(found[0][0] or 0)


def test_eight_writers_under_random_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(7)
    path = tmp_path / "state.db"
    with Store.open(path) as store:
        states.begun(store)
        before = len(list(store.log()))
    writers = [Writer(path, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    killed = 0
    for _ in range(KILLS):
        busy = [writer for writer in writers if writer.running()]
        if not busy:
            break
        victim = chance.choice(busy)
        # At an instruction that nobody chose, but not always before its first write.
        victim.wait_for(victim.acknowledged() + chance.randrange(20))
        victim.kill()
        killed += 1
        assert recorded(path, victim.number) - victim.acknowledged() in (0, 1)
        victim.start()
    while any(writer.running() for writer in writers) or any(recorded(path, w.number) < UPDATES for w in writers):
        for writer in writers:
            if writer.process is not None:
                states.finished([writer.process])
                writer.process = None
            writer.start()
    assert killed > WRITERS
    the_log_is_whole(path, before)


def the_log_is_whole(path: Path, before: int) -> None:
    with Store.open(path) as store:
        events = list(store.log())
        assert [event["seq"] for event in events] == list(range(1, before + WRITERS * UPDATES + 1))
        told = [(e["data"]["writer"], e["data"]["number"]) for e in events if e["type"] == "note"]
        assert len(told) == len(set(told)) == WRITERS * UPDATES
        assert sorted(told) == sorted((str(w), n) for w in range(WRITERS) for n in range(1, UPDATES + 1))
        assert store.load("r1") == index(store.replay("r1"))
        assert store.db.one("PRAGMA integrity_check") == ("ok",)


def test_catching_up_is_not_lost_to_a_value_that_was_passed_by(tmp_path: Path) -> None:
    """A reader that looks between two of another's commits must see the second one too."""
    path = tmp_path / "state.db"
    with Store.open(path) as store, Store.open(path) as other:
        run = states.begun(store)
        theirs = run
        for number in range(50):
            theirs = other.record(theirs, [states.note(str(number))])
            if number % 3 == 0:
                run = store.catch_up(run)
        assert store.catch_up(run).seq == theirs.seq


# Dies at the n-th statement that the store sends, wherever that is.
DIES = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from tests.support import states
from orchestra.state.store import Store

left = int(sys.argv[2])
def count(sql):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
with Store.open(Path(sys.argv[1])) as store:
    store.db._connection.set_trace_callback(count)
    run = store.load("r1")
    states.carried_out(store, run, "M1/phase-1")
    print("done")
"""


def test_a_kill_at_every_statement_leaves_all_or_nothing(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    path = tmp_path / "state.db"
    with Store.open(path) as store:
        before = states.begun(store)
    seen = set()
    for at in range(1, 200):
        process = states.python(DIES, path, str(at), root)
        process.communicate(timeout=states.DEADLINE_S)
        with Store.open(path) as store:
            run = store.load("r1")
            assert run is not None and run == index(store.replay("r1"))
            done = run.seq > before.seq
            seen.add(done)
            assert run.units["M1/phase-1"].status == ("done" if done else "pending")
            assert len(store.receipts()) == int(done)
        if done:
            break
    assert seen == {False, True} and at > 5


def test_a_process_that_dies_in_a_transaction_locks_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Store.open(path).close()
    code = (
        "import sys\nfrom pathlib import Path\nfrom orchestra.state.store import Store\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "with store.db.writing():\n"
        "    store.write([__import__('orchestra').core.model.Event('note')])\n"
        "    print('in', flush=True)\n    sys.stdin.read()\n"
    )
    process = states.python(code, path, stdin=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == "in\n"
    with Store.open(path, patience_s=0.05) as store:
        try:
            store.record(Run(id=""), [states.started()])
            raise AssertionError("two writers at once")
        except UserError as error:
            assert error.code == 75
        states.kill(process)
        store.record(Run(id=""), [states.started()])
        assert [e["type"] for e in store.log()] == ["run-started"]
