"""The one file that the guard's modules come out of, and the lines that open it."""

from __future__ import annotations

import gc
import importlib
import marshal
import posix
import runpy
import sys
from pathlib import Path

import pytest

from orchestra.guard import boot, bundle, hook
from tests.guard.world import ROOT, World

GUARD = ROOT / "scripts/orchestra/guard"
HEAD = 1 << 15


@pytest.fixture
def built(tmp_path: Path) -> Path:
    file = tmp_path / "guard.bundle"
    bundle.build(str(file), str(GUARD))
    return file


def parts(file: Path) -> tuple:
    return marshal.loads(file.read_bytes()[4:HEAD])


def install(file: Path, stamps: list | None = None, here: Path = GUARD) -> None:
    _, places, written, size = parts(file)
    before = list(sys.meta_path)
    try:
        assert boot.install(posix.open(file, posix.O_RDONLY), places, stamps or written, size, str(here)) == ""
    finally:
        sys.meta_path[:] = before


def test_every_module_is_in_it(built):
    _, places, stamps, size = parts(built)
    names = {f"orchestra.guard.{path.stem}" for path in GUARD.glob("*.py")}
    left_out = {f"orchestra.guard.{name}" for name in ("__init__", "entry", "boot", "bundle")}
    assert set(places) == (names - left_out) | {"orchestra", "orchestra.guard"}
    assert size == built.stat().st_size
    assert not [path for path, *_ in stamps if path.startswith(str(ROOT))]


def test_what_a_module_needs_comes_first(built):
    _, places, *_ = parts(built)
    needs = places["orchestra.guard.hook"][2]
    assert needs[-1] == "orchestra.guard.judge"
    assert needs.index("orchestra.guard.paths") < needs.index("orchestra.guard.temp")
    assert "orchestra.guard.effects" not in needs


def test_it_fits_its_sources(built):
    install(built)


def test_it_is_not_used_for_other_sources(built, tmp_path):
    with pytest.raises(OSError):
        install(built, here=tmp_path)
    _, _, stamps, _ = parts(built)
    with pytest.raises(ValueError, match="older"):
        install(built, [*stamps[:-1], (stamps[-1][0], stamps[-1][1] + 1, stamps[-1][2])])


def test_it_is_not_used_when_it_is_not_whole(built):
    with built.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="whole"):
        install(built)


def test_modules_are_made_from_it(built, monkeypatch):
    _, places, *_ = parts(built)
    finder = boot._Bundle(posix.open(built, posix.O_RDONLY), places)
    assert finder.find_spec("json") is None
    assert finder.find_spec("orchestra").submodule_search_locations == []
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    for name in ("temp", "paths"):
        monkeypatch.delitem(sys.modules, f"orchestra.guard.{name}")
    package = sys.modules["orchestra.guard"]
    for name in ("temp", "paths"):
        monkeypatch.setattr(package, name, None)
    made = importlib.import_module("orchestra.guard.temp")
    assert made.__spec__.loader is finder
    assert made.paths is sys.modules["orchestra.guard.paths"] is package.paths
    assert made.of("", "/home/u", []).folders
    monkeypatch.delitem(sys.modules, "orchestra")
    finder.put("orchestra")
    assert sys.modules["orchestra"].__version__


def test_a_source_that_changes_meanwhile_is_not_taken_for_the_new_one(tmp_path, monkeypatch):
    times = iter(range(1000))
    monkeypatch.setattr(bundle, "stamp", lambda path, folder: (path, next(times), 0))
    bundle.build(str(tmp_path / "b"), str(GUARD))
    assert not (tmp_path / "b").exists()


def test_a_head_that_is_too_long_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "_HEAD", 10)
    with pytest.raises(ValueError, match="too long"):
        bundle.build(str(tmp_path / "b"), str(GUARD))


# -- entry.py, in this process


class End(BaseException):
    """The process would have ended."""


@pytest.fixture
def entry(world: World, monkeypatch, tmp_path):
    """Runs entry.py as the launcher does, and returns the exit code."""
    world.headless()
    codes: list[int] = []

    def leave(code: int) -> None:
        codes.append(code)
        raise End

    import _signal

    monkeypatch.setattr(_signal, "signal", lambda *_: None)
    monkeypatch.setattr(_signal, "alarm", lambda *_: None)
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(posix, "_exit", leave)
    monkeypatch.setattr(posix, "environ", {name.encode(): value.encode() for name, value in world.env.items()})
    monkeypatch.setattr(sys, "argv", ["entry.py", str(ROOT), "", "", "pre-tool-use"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))

    def run(data: bytes) -> int:
        read_all = hook.disk.read_all
        monkeypatch.setattr(hook.disk, "read_all", lambda source: read_all(source) if source else data)
        with pytest.raises(End):
            runpy.run_path(str(GUARD / "entry.py"), run_name="__main__")
        return codes[0]

    return run


def test_the_first_call_builds_and_the_second_uses(entry, world, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(posix, "unlink", lambda _: None)  # here the end of the process is an exception
    data = world.payload("Edit", {"file_path": "src/lib/a.py"})
    file = tmp_path / f"guard-2.{sys.implementation.cache_tag}"
    assert entry(data) == 0
    assert file.exists()
    assert entry(world.payload("Edit", {"file_path": "secret.py"})) == 0  # the first code is what ended it
    assert "secret.py" in capfd.readouterr().err


def test_a_call_that_cannot_keep_its_modules_still_answers(entry, world, monkeypatch):
    monkeypatch.setattr(bundle, "build", lambda *_: (_ for _ in ()).throw(OSError))
    assert entry(world.payload("Edit", {"file_path": "src/lib/a.py"})) == 0


def test_a_bundle_of_another_python_is_not_used(entry, world, tmp_path):
    (tmp_path / f"guard-2.{sys.implementation.cache_tag}").write_bytes(b"other")
    assert entry(world.payload("Edit", {"file_path": "src/lib/a.py"})) == 0


def test_whatever_is_raised_denies(entry, world, monkeypatch, capfd):
    monkeypatch.setattr(hook, "decide", lambda *_: 1 / 0)
    assert entry(b"") == 2
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_hook_that_comes_back_denies(entry, monkeypatch, capfd):
    monkeypatch.setattr(hook, "main", lambda *_: None)
    assert entry(b"") == 2
    assert "came back" in capfd.readouterr().err


def test_the_hook_starts_with_and_without_its_bundle(entry, world, built, tmp_path, monkeypatch, capfd):
    data, read_all = world.payload("Edit", {"file_path": "secret.py"}), hook.disk.read_all
    monkeypatch.setattr(hook.disk, "read_all", lambda source: read_all(source) if source else data)
    _, places, stamps, size = parts(built)
    for number, rest in enumerate(([], [places, stamps, size], [places, stamps, size + 1])):
        kept = tmp_path / f"kept-{number}"
        with pytest.raises(End):
            boot.begin(str(GUARD), str(kept), posix.open(built, posix.O_RDONLY), rest)
        assert "secret.py" in capfd.readouterr().err
        # One that fits is not made again.
        assert kept.exists() == (number != 1)
    assert str(GUARD.parent.parent) in sys.path


def test_a_start_that_comes_back_is_an_error(entry, monkeypatch):
    monkeypatch.setattr(hook, "main", lambda *_: None)
    with pytest.raises(RuntimeError, match="came back"):
        boot.begin(str(GUARD), "", -1, [])


def test_what_is_there_is_not_made_again(built):
    _, places, *_ = parts(built)
    finder = boot._Bundle(posix.open(built, posix.O_RDONLY), places)
    before = sys.modules["orchestra.guard.paths"]
    assert finder.find_spec("orchestra.guard.temp").loader is finder
    assert sys.modules["orchestra.guard.paths"] is before


def test_time_that_is_up_is_an_exception():
    with pytest.raises(TimeoutError):
        boot.late(14, None)


def test_a_bundle_that_does_harm_is_gone_for_the_next_call(entry, world, tmp_path, capfd):
    """Its magic number is right and its stamps are, but it is of another version's making."""
    file = tmp_path / f"guard-2.{sys.implementation.cache_tag}"
    bundle.build(str(file), str(GUARD))
    data = bytearray(file.read_bytes())
    code = compile("def begin(*_): raise KeyError('other')", "boot", "exec")
    _, *rest = parts(file)
    head = bytes(data[:4]) + marshal.dumps((code, *rest))
    file.write_bytes(head.ljust(HEAD, b"\0") + bytes(data[HEAD:]))
    assert entry(world.payload("Edit", {"file_path": "src/lib/a.py"})) == 2
    assert "KeyError" in capfd.readouterr().err
    assert not file.exists()
