"""files: old bytes or new ones, nothing between, nothing left behind."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestra import files
from orchestra.errors import Exit, UserError

SCRIPTS = Path(files.__file__).parents[1]


def temporaries(directory: Path) -> list[Path]:
    return list(directory.glob(f".*{files.TEMPORARY}"))


def test_writes_then_leaves_equal_content_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    assert files.write_atomic(path, b"one") is True
    before = path.stat()
    assert files.write_atomic(path, b"one") is False
    assert path.stat().st_ino == before.st_ino
    assert files.write_atomic(path, b"two") is True
    assert path.read_bytes() == b"two"
    assert temporaries(tmp_path) == []


def test_what_is_put_replaces_whatever_had_its_name(tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"theirs")
    (tmp_path / "a").symlink_to("other")
    files.put(tmp_path / "a", b"one" * 100_000)
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"one" * 100_000
    assert (tmp_path / "other").read_bytes() == b"theirs"
    assert temporaries(tmp_path) == []


def test_what_cannot_be_put_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    for name in ("d", "gone/a"):
        with pytest.raises(UserError) as caught:
            files.put(tmp_path / name, b"new")
        assert caught.value.message.startswith(f"Cannot write {tmp_path / name}")
    assert temporaries(tmp_path) == []


def test_keeps_the_mode_and_follows_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "a.sh"
    old = os.umask(0o027)
    try:
        files.write_atomic(path, b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o755)
    files.write_atomic(path, b"y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_a_link_inside_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.md"
    real.write_bytes(b"old")
    link = tmp_path / "link.md"
    link.symlink_to("real.md")
    files.write_atomic(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@pytest.mark.parametrize("how", ["file", "directory", "dangling"])
def test_a_link_that_leads_outside_is_refused(tmp_path: Path, how: str) -> None:
    outside, project = tmp_path / "outside", tmp_path / "project"
    outside.mkdir()
    project.mkdir()
    (outside / "a.md").write_bytes(b"theirs")
    if how == "directory":
        (project / "M1").symlink_to(outside)
        path = project / "M1" / "a.md"
    else:
        path = project / "a.md"
        path.symlink_to(outside / ("a.md" if how == "file" else "b.md"))
    with pytest.raises(UserError) as caught:
        files.write_atomic(path, b"mine", inside=project)
    assert caught.value.code == Exit.BAD_INPUT
    assert (outside / "a.md").read_bytes() == b"theirs"
    assert not (outside / "b.md").exists()


def test_a_loop_of_links_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UserError):
        files.write_atomic(tmp_path / "a", b"x")


def test_a_missing_directory_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Cannot write"):
        files.write_atomic(tmp_path / "gone" / "a.md", b"x")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from orchestra import files
from orchestra.errors import UserError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    getattr(files, sys.argv[2])(Path(sys.argv[1]), b"n" * 5000)
except UserError as error:
    print(error.message); print(error.hint); sys.exit(3)
"""


def child(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    return subprocess.run([sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("write", ["write_atomic", "put"])
def test_a_write_that_hits_the_limit_keeps_the_old_file(write: str, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"old")
    done = child(FULL_DISK, str(path), write)
    assert done.returncode == 3, done.stderr
    assert "Cannot write" in done.stdout
    assert path.read_bytes() == b"old"
    assert temporaries(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_a_full_file_system_keeps_the_old_file(tmp_path: Path) -> None:
    mounted = tmp_path / "tiny"
    mounted.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        files.write_atomic(mounted / "a.md", b"old")
        with pytest.raises(UserError) as caught:
            files.write_atomic(mounted / "a.md", b"n" * 200_000)
        assert "space" in caught.value.hint
        assert (mounted / "a.md").read_bytes() == b"old"
        assert temporaries(mounted) == []
        subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
        with pytest.raises(UserError, match="Cannot write"):
            files.write_atomic(mounted / "a.md", b"new")
    finally:
        subprocess.run(["umount", "-l", str(mounted)], check=False)


def test_every_errno_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "a.md"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(UserError) as caught:
        files.write_atomic(path, b"new")
    assert caught.value.hint.startswith("Free some disk space")
    assert path.read_bytes() == b"old"
    assert temporaries(tmp_path) == []


def test_contents_and_then_their_directory_reach_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(os, "fsync", fsync)
    files.write_atomic(tmp_path / "a.md", b"one")
    assert synced == [False, True]
    files.put(tmp_path / "b.md", b"two")
    assert synced == [False, True]
    paths = [tmp_path / f"{n}.md" for n in range(150)]
    assert files.write_together((files.Replacement(path, b"three") for path in paths), tmp_path) == paths
    assert synced == [False, True, *[False] * 150, True]
    assert files.write_together((files.Replacement(path, b"three") for path in paths), tmp_path) == []
    assert temporaries(tmp_path) == []


def test_of_many_files_only_those_that_are_as_they_were_read_are_replaced(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"old")
    (tmp_path / "b").write_bytes(b"saved since")
    found = files.write_together([files.Replacement(tmp_path / name, b"new", b"old") for name in "abc"], tmp_path)
    assert found == [tmp_path / "a", tmp_path / "c"]
    assert [(tmp_path / name).read_bytes() for name in "abc"] == [b"new", b"saved since", b"new"]
    assert temporaries(tmp_path) == []


def test_when_the_disk_refuses_one_of_many_every_file_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    wanted = [files.Replacement(tmp_path / "a", b"new"), files.Replacement(tmp_path / "gone" / "b", b"new")]
    with pytest.raises(UserError, match="gone/b"):
        files.write_together(wanted, tmp_path)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert temporaries(tmp_path) == []


def test_what_was_replaced_before_the_disk_refused_reaches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two/in-the-way"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "one/a").write_bytes(b"old")
    synced: list[tuple[int, int]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        found = os.fstat(descriptor)
        synced.append((found.st_dev, found.st_ino))

    monkeypatch.setattr(os, "fsync", fsync)
    wanted = [files.Replacement(tmp_path / name, b"new") for name in ("one/a", "two/in-the-way")]
    with pytest.raises(UserError, match="in-the-way"):
        files.write_together(wanted, tmp_path)
    assert (tmp_path / "one/a").read_bytes() == b"new"
    found = (tmp_path / "one").stat()
    assert synced[-1] == (found.st_dev, found.st_ino), "the directory of the one that was replaced"


WRITER = """
import sys
from pathlib import Path
from orchestra import files
path = Path(sys.argv[1])
print("go", flush=True)
n = 0
while True:
    n += 1
    files.write_atomic(path, (b"%d" % (n % 7)) * 100_000)
"""


def test_a_killed_writer_leaves_whole_content_and_sweep_cleans_up(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    for round in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], env=env, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            deadline = time.monotonic() + 20
            first = path.stat().st_ino if path.exists() else 0
            while time.monotonic() < deadline and (not path.exists() or path.stat().st_ino == first):
                os.sched_yield() if hasattr(os, "sched_yield") else None
            for _ in range(round * 3000):
                pass
            writer.send_signal(signal.SIGKILL)
        assert len(path.read_bytes()) == 100_000
        assert len(set(path.read_bytes())) == 1
    files.sweep(tmp_path)
    assert temporaries(tmp_path) == []


def test_sweep_spares_a_writer_that_is_alive(tmp_path: Path) -> None:
    mine = tmp_path / f".a.md.{os.getpid()}-0a{files.TEMPORARY}"
    dead = tmp_path / f".a.md.{2**22 + 5}-0a{files.TEMPORARY}"
    odd = tmp_path / f".a.md.x{files.TEMPORARY}"
    for path in (mine, dead, odd):
        path.write_bytes(b"")
    files.sweep(tmp_path)
    assert temporaries(tmp_path) == [mine]


def test_read_bytes_takes_what_is_gone_for_none(tmp_path: Path) -> None:
    assert files.read_bytes(tmp_path / "gone") is None
    assert files.read_bytes(tmp_path) is None
    (tmp_path / "a").write_bytes(b"\xff")
    assert files.read_bytes(tmp_path / "a") == b"\xff"
    assert files.read_bytes(tmp_path / "a" / "b") is None


HOLDER = """
import sys
from pathlib import Path
from orchestra import files
with files.edit_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_edits_at_a_time_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(UserError) as caught, files.edit_lock(tmp_path, timeout_s=0.05):
            pass
        assert caught.value.code == Exit.LOCKED
        holder.kill()
    with files.edit_lock(tmp_path, timeout_s=10):
        assert (tmp_path / ".orchestra" / "locks" / "plan.lock").exists()


def test_a_lock_that_cannot_be_made_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / ".orchestra").write_bytes(b"a file, not a directory")
    with pytest.raises(UserError), files.edit_lock(tmp_path):
        pass
