"""New milestones appear whole, and never over something."""

from __future__ import annotations

import subprocess
import sys

import pytest

from orchestra.errors import UserError
from orchestra.plans import writing
from tests.support.planning import milestone

FILES = {"M1-a/milestone.md": "x\n", "M1-a/phases/phase-1.md": "y\r\n"}


def test_files_are_written_as_they_are(tmp_path):
    assert writing.write_folders(tmp_path, FILES) == [f".orchestra/milestones/{p}" for p in FILES]
    home = tmp_path / ".orchestra/milestones/M1-a"
    assert (home / "phases/phase-1.md").read_bytes() == b"y\r\n"
    assert [p.name for p in home.parent.iterdir()] == ["M1-a"]


@pytest.mark.parametrize(
    "path",
    ["../x.md", "M1-a/../x.md", "M1-a/x.md", "/etc/milestone.md", "M1 a/prd.md", "M1-a/phases/../../milestone.md"],
)
def test_other_paths_are_refused(tmp_path, path):
    with pytest.raises(UserError):
        writing.write_folders(tmp_path, {path: "x"})
    assert not (tmp_path / ".orchestra").exists()


def test_nothing_is_overwritten(tmp_path):
    home = milestone(tmp_path, "M1-a")
    before = (home / "milestone.md").read_bytes()
    with pytest.raises(UserError, match="exists already"):
        writing.write_folders(tmp_path, FILES)
    (home.parent / "M2-b").symlink_to("nowhere")
    with pytest.raises(UserError):
        writing.write_folders(tmp_path, {"M2-b/prd.md": "x"})
    assert (home / "milestone.md").read_bytes() == before


def test_a_failure_leaves_no_half_milestone(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        writing.write_folders(tmp_path, {"M1-a/milestone.md": "x", "M1-a/prd.md": "\ud800"})
    assert list((tmp_path / ".orchestra/milestones").iterdir()) == []


def test_a_kill_leaves_nothing_that_is_read(tmp_path):
    """Killed between the two files, what is there is hidden from every reader."""
    code = (
        "import os, signal, sys; from pathlib import Path; from orchestra.plans import writing\n"
        "real = writing._write_synced\n"
        "def once(path, text): real(path, text); os.kill(os.getpid(), signal.SIGKILL)\n"
        "writing._write_synced = once\n"
        f"writing.write_folders(Path(sys.argv[1]), {FILES!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, env={"PYTHONPATH": "scripts"})
    assert done.returncode == -9
    left = [p.name for p in (tmp_path / ".orchestra/milestones").iterdir()]
    assert len(left) == 1
    assert left[0].startswith(".new-")
    writing.sweep(tmp_path)
    writing.write_folders(tmp_path, FILES)
    assert [p.name for p in (tmp_path / ".orchestra/milestones").iterdir()] == ["M1-a"]


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tmp_path):
    """A limit on file size makes the kernel refuse the write, as a full disk does."""
    code = (
        "import resource, signal, sys; from pathlib import Path; from orchestra.plans import writing\n"
        "from orchestra.errors import UserError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (4, 4))\n"
        "try: writing.write_folders(Path(sys.argv[1]), {'M1-a/prd.md': 'x' * 5000})\n"
        "except UserError as error: sys.exit(17 if 'cannot write' in error.message else 18)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, env={"PYTHONPATH": "scripts"})
    assert done.returncode == 17
    assert list((tmp_path / ".orchestra/milestones").iterdir()) == []


def test_numbers(tmp_path):
    assert writing.next_number(tmp_path) == 1
    for name in ("M2-a", "M10-b", "M11 broken"):
        (tmp_path / ".orchestra/milestones" / name).mkdir(parents=True)
    assert writing.next_number(tmp_path) == 12
    assert writing.parse_name("M3-user-auth", tmp_path) == (3, "user-auth")
    assert writing.parse_name("User-auth", tmp_path) == (12, "user-auth")
    assert writing.parse_name("m4", tmp_path) == (4, "")
    with pytest.raises(UserError, match="exists already"):
        writing.refuse_existing(tmp_path, 10)


@pytest.mark.parametrize("name", ["", "M1 a", "../x", "M1-..", "a/b", "-x", "ä", "x" * 90])
def test_names_that_are_refused(tmp_path, name):
    with pytest.raises(UserError) as error:
        writing.parse_name(name, tmp_path)
    assert error.value.code == 64
