"""Opening a database that is missing, old, new, damaged, somebody else's, read-only, on a full disk or a share."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestra.core.model import Run
from orchestra.errors import Exit, UserError
from orchestra.state import filesystem, migrations
from orchestra.state.database import Database
from orchestra.state.schema import APPLICATION_ID
from orchestra.state.store import Store

from ..support import states


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def made(path: Path, notes: int = 0) -> None:
    with Store.open(path) as store:
        store.record(Run(id=""), [states.started(), *(states.note(str(n)) for n in range(notes))])


def refused(path: Path, **options: bool) -> UserError:
    with pytest.raises(UserError) as error, Store.open(path, **options):
        pass
    assert error.value.hint and str(path) in error.value.message
    return error.value


def test_a_new_database_is_durable_and_marked_as_ours(path: Path) -> None:
    made(path)
    with Store.open(path) as store:
        pragma = {name: store.db.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "application_id")}
        assert pragma == {"journal_mode": ("wal",), "synchronous": (2,), "application_id": (APPLICATION_ID,)}


MAKE = """
import sys
from pathlib import Path
from orchestra.core.model import Event
from orchestra.state.store import Store
sys.stdin.readline()
with Store.open(Path(sys.argv[1])) as store:
    store.append([Event("note")])
"""


def test_two_first_commands_at_once_make_one_database(path: Path) -> None:
    running = [states.python(MAKE, path, stdin=subprocess.PIPE) for _ in range(6)]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    states.finished(running)
    with Store.open(path, readonly=True) as store:
        assert [e["seq"] for e in store.log()] == [1, 2, 3, 4, 5, 6]


def test_looking_while_another_command_makes_the_database(path: Path) -> None:
    """Its marks are read one by one: they have to be those of one moment."""
    db = Database.connect(path)
    db.run("PRAGMA journal_mode = WAL")

    def meanwhile(sql: str) -> None:
        if "schema_version" in sql:
            db._connection.set_trace_callback(None)
            made(path)

    db._connection.set_trace_callback(meanwhile)
    assert migrations.version_of(db) == 0
    migrations.migrate(db)
    assert migrations.version_of(db) == 1
    db.close()
    assert not list(path.parent.glob("*.bak"))


def test_a_newer_orchestra_that_was_faster_is_not_undone(path: Path) -> None:
    db = Database.connect(path)
    db.run("PRAGMA journal_mode = WAL")

    def meanwhile(sql: str) -> None:
        if sql.startswith("BEGIN IMMEDIATE"):
            db._connection.set_trace_callback(None)
            made(path)
            Database.connect(path).run("PRAGMA user_version = 99")

    db._connection.set_trace_callback(meanwhile)
    with pytest.raises(UserError, match="newer"):
        migrations.migrate(db)
    assert db.one("PRAGMA user_version") == (99,)
    db.close()


# Reading only


def test_a_project_that_never_ran_reads_as_empty_and_stays_so(path: Path) -> None:
    with Store.open(path, readonly=True) as store:
        assert (store.latest_run_id(), store.summary().groups, list(store.log())) == (None, [], [])
        assert store.load("r1") is None
    assert not path.exists()


def test_a_database_whose_maker_was_killed_reads_as_empty(path: Path) -> None:
    path.touch()
    with Store.open(path, readonly=True) as store:
        assert store.latest_run_id() is None
    Database.connect(path).run("PRAGMA journal_mode = WAL")
    with Store.open(path, readonly=True) as store:
        assert store.latest_run_id() is None
    made(path)


def test_a_reader_cannot_write(path: Path) -> None:
    made(path)
    with Store.open(path, readonly=True) as store, pytest.raises(UserError, match="readonly"):
        store.append([states.note()])


def test_a_reader_sees_what_others_write_meanwhile(path: Path) -> None:
    made(path)
    with Store.open(path, readonly=True) as reader, Store.open(path) as writer:
        writer.append([states.note()])
        assert len(list(reader.log())) == 2


# Versions


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    made(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    for readonly in (False, True):
        error = refused(path, readonly=readonly)
        assert "made by a newer Orchestra" in error.message and error.code is Exit.BAD_INPUT
    assert path.read_bytes() == before


def grow(db: Database) -> None:
    db.run("ALTER TABLE events ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'")


def test_an_older_database_is_moved_up_after_a_copy_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(path, notes=3)
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, grow))
    with Store.open(path, readonly=True) as store:
        assert store.query("SELECT DISTINCT colour FROM events") == [("red",)]
        assert len(list(store.log())) == 4
        assert migrations.version_of(store.db) == 2
    monkeypatch.undo()
    with Store.open(path.with_name("state.db.v1.bak")) as copy:
        assert len(list(copy.log())) == 4
    assert "newer" in refused(path).message


def test_a_migration_that_fails_leaves_the_old_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(db: Database) -> None:
        grow(db)
        raise RuntimeError("power cut")

    made(path)
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, breaks))
    with pytest.raises(RuntimeError), Store.open(path):
        pass
    monkeypatch.undo()
    with Store.open(path) as store:
        assert len(list(store.log())) == 1
        store.append([states.note()])
    assert not list(path.parent.glob("*.bak.*"))


def test_a_copy_that_is_there_already_is_not_written_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(path)
    kept = path.with_name("state.db.v1.bak")
    kept.write_bytes(b"the first one")
    monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, grow))
    Store.open(path).close()
    assert kept.read_bytes() == b"the first one"


# Damage


def cut(path: Path) -> None:
    os.truncate(path, 5000)


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


@pytest.mark.parametrize(
    "damage",
    [cut, scribble, lambda path: path.write_bytes(b"not a database" * 100), lambda path: path.write_bytes(b"x")],
    ids=["cut", "scribble", "text", "byte"],
)
def test_a_damaged_file_is_said_to_be_and_is_not_touched(path: Path, damage: Callable[[Path], None]) -> None:
    made(path, notes=50)
    damage(path)
    before = path.read_bytes()
    for readonly in (True, False):
        with pytest.raises(UserError) as error, Store.open(path, readonly=readonly) as store:
            list(store.log())
            store.summary()
        assert error.value.code is Exit.BAD_INPUT and "not a usable Orchestra database" in error.value.message
    assert path.read_bytes() == before


def test_another_programs_database_is_not_written_into(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    for readonly in (True, False):
        error = refused(path, readonly=readonly)
        assert "another program" in error.message and error.code is Exit.BAD_INPUT


def test_a_row_that_is_not_ours_is_bad_input(path: Path) -> None:
    made(path)
    with Store.open(path) as store:
        store.db.run('UPDATE runs SET data = \'{"id": "r1", "state": "dancing"}\'')
        with pytest.raises(UserError, match="dancing") as error:
            store.load("r1")
        assert error.value.code is Exit.BAD_INPUT


def test_a_directory_in_its_place(path: Path) -> None:
    path.mkdir()
    assert "it is a directory" in refused(path).message
    assert "it is a directory" in refused(path, readonly=True).message


def test_no_directory_for_it(tmp_path: Path) -> None:
    refused(tmp_path / "missing" / "state.db")


def test_a_path_with_the_marks_of_a_uri(tmp_path: Path) -> None:
    odd = tmp_path / "a?b#c%20 d" / "state.db"
    odd.parent.mkdir()
    made(odd)
    assert odd.is_file()


# The disk


def test_a_writer_that_keeps_the_database_is_named_as_the_reason(path: Path) -> None:
    made(path)
    with Store.open(path) as first, Store.open(path, patience_s=0.05) as second, first.db.writing():
        with pytest.raises(UserError, match="another process") as error:
            second.append([states.note()])
        assert error.value.code is Exit.LOCKED
        assert len(list(second.log())) == 1


AS_NOBODY = """
import os, sys
from pathlib import Path
from orchestra.core.model import Event
from orchestra.errors import UserError
from orchestra.state.store import Store
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
path = Path(sys.argv[1])
with Store.open(path, readonly=True) as store:
    print(len(list(store.log())))
try:
    with Store.open(path) as store:
        store.append([Event("note")])
except UserError as error:
    print(int(error.code), error.message, error.hint)
"""


def test_a_directory_that_may_not_be_written_can_still_be_read(path: Path) -> None:
    made(path, notes=2)
    path.chmod(0o444)
    # Whoever else may read has to get there: pytest keeps its directories to itself, one more for each worker.
    for directory in path.parents:
        if not directory.name.startswith(("pytest-", "popen-", "test_")):
            break
        directory.chmod(0o555 if directory == path.parent else 0o755)
    try:
        (said,) = states.finished([states.python(AS_NOBODY, path)])
    finally:
        path.parent.chmod(0o755)
    count, error = said.splitlines()
    assert count == "3"
    assert error.startswith("1 ") and "Check that you may write" in error


FULL = """
import resource, signal, sys
from pathlib import Path
from orchestra.core.model import Event, Run
from orchestra.errors import UserError
from orchestra.state.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Store.open(Path(sys.argv[1])) as store:
    run = store.load("r1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    done = 0
    try:
        while True:
            run = store.record(run, [Event("note", data={"text": "x" * 3000}), Event("note")])
            done += 1
    except UserError as error:
        print(done, int(error.code), error.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    run = store.record(run, [Event("note")])
    print(run.seq)
"""


def test_a_full_disk_keeps_what_was_acknowledged_and_nothing_half(path: Path) -> None:
    """By a limit on the size of files, which fails in the middle of a write like a disk does."""
    made(path)
    (said,) = states.finished([states.python(FULL, path)])
    first, last = said.splitlines()
    done, code, message = first.split(" ", 2)
    assert int(done) > 5 and code == "1" and "cannot be written" in message and "Nothing was changed" in message
    assert int(last) == 1 + 2 * int(done) + 1
    with Store.open(path) as store:
        assert [e["seq"] for e in store.log()] == list(range(1, int(last) + 1))
        assert store.db.one("PRAGMA integrity_check") == ("ok",)


def test_a_disk_too_full_to_begin(tmp_path: Path) -> None:
    code = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
        "import sys; from pathlib import Path; from orchestra.errors import UserError\n"
        "from orchestra.state.store import Store\n"
        "try: Store.open(Path(sys.argv[1]))\n"
        "except UserError as error: print(int(error.code), error.message)\n"
    )
    (said,) = states.finished([states.python(code, tmp_path / "state.db")])
    assert said.startswith("1 ")
    made(tmp_path / "state.db")


# Shares

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
nas:/home /home nfs4 rw 0 0
/dev/sdb /home/local\\040disk xfs rw 0 0
me@box: /mnt/box fuse.sshfs rw 0 0
/dev/sdc /mnt/fast fuse.ntfs-3g rw 0 0
tmpfs /over tmpfs rw 0 0
//server/share /over cifs rw 0 0
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//me@nas/home on /Volumes/my home (smbfs, nodev, nosuid, mounted by me)
"""


@pytest.mark.parametrize(
    ("where", "mounts", "kind", "share"),
    [
        ("/srv/project", MOUNTS, "ext4", False),
        ("/home/me/project", MOUNTS, "nfs4", True),
        ("/home/local disk/project", MOUNTS, "xfs", False),
        ("/homework", MOUNTS, "ext4", False),
        ("/mnt/box/p", MOUNTS, "fuse.sshfs", True),
        ("/mnt/fast/p", MOUNTS, "fuse.ntfs-3g", False),
        ("/over/p", MOUNTS, "cifs", True),
        ("/Users/me", MAC, "apfs", False),
        ("/Volumes/my home/p", MAC, "smbfs", True),
        ("/anywhere", "", "", False),
        ("/anywhere", "nonsense\n\n", "", False),
    ],
)
def test_the_mount_table_tells_a_share(where: str, mounts: str, kind: str, share: bool) -> None:
    found = filesystem.kind_of(Path(where), mounts)
    assert (found, filesystem.is_network(found)) == (kind, share)


def test_a_share_is_refused_unless_a_person_takes_the_risk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(filesystem.OVERRIDE, raising=False)
    monkeypatch.setattr(filesystem, "_mounts", lambda: "nas:/ / nfs rw 0 0\n")
    error = refused(path)
    assert "network file system (nfs)" in error.message and filesystem.OVERRIDE in error.hint
    assert error.code is Exit.BAD_INPUT and not path.exists()
    monkeypatch.setenv(filesystem.OVERRIDE, "1")
    made(path)
    monkeypatch.delenv(filesystem.OVERRIDE)
    refused(path, readonly=True)


def test_a_link_to_a_local_disk_is_the_way_round_a_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local, share = tmp_path / "local", tmp_path / "share"
    local.mkdir()
    share.mkdir()
    monkeypatch.delenv(filesystem.OVERRIDE, raising=False)
    monkeypatch.setattr(filesystem, "_mounts", lambda: f"/dev/a / ext4 rw 0 0\nnas:/ {share.resolve()} nfs rw 0 0\n")
    (share / "state.db").symlink_to(local / "state.db")
    made(share / "state.db")
    assert (local / "state.db").is_file()


def test_text_that_no_file_can_hold_is_bad_input(path: Path) -> None:
    with Store.open(path) as store:
        for event in (states.read(states.group("M\udc80")), states.note(float("nan"))):  # type: ignore[arg-type]
            with pytest.raises(UserError) as error:
                store.append([event])
            assert error.value.code is Exit.BAD_INPUT
        assert list(store.log()) == []
