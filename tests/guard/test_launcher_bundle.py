"""The one file that the guard's modules come out of, and the lines that open it."""

from __future__ import annotations

import gc
import importlib
import marshal
import posix
import runpy
import sys
from pathlib import Path
from types import FunctionType

import pytest

from orchestra.guard import boot, bundle, compiled, hook, tables, usual
from tests.guard.world import ROOT, World

GUARD = ROOT / "scripts/orchestra/guard"
NAME = f"guard-3.{sys.hexversion}"
HEAD, TABLES = 1 << 15, 1 << 14


@pytest.fixture(scope="module")
def once(tmp_path_factory) -> bytes:
    file = tmp_path_factory.mktemp("bundle") / "guard"
    bundle.build(str(file), str(GUARD))
    return file.read_bytes()


@pytest.fixture
def built(once: bytes, tmp_path: Path) -> Path:
    (tmp_path / "guard.bundle").write_bytes(once)
    return tmp_path / "guard.bundle"


def parts(file: Path) -> tuple:
    return marshal.loads(file.read_bytes()[TABLES:HEAD])


def install(file: Path, stamps: list | None = None, here: Path = GUARD) -> None:
    groups, late, written, size = parts(file)
    head = bytes(TABLES) + marshal.dumps((groups, late, stamps or written, size))
    before = list(sys.meta_path)
    try:
        boot.install(posix.open(file, posix.O_RDONLY), head, f"{here}/")
        assert sys.meta_path[1:] == before
    finally:
        sys.meta_path[:] = before


def test_every_module_is_in_it(built):
    groups, _, stamps, size = parts(built)
    names = {f"orchestra.guard.{path.stem}" for path in GUARD.glob("*.py")}
    left_out = {f"orchestra.guard.{name}" for name in ("__init__", "entry", "boot", "bundle", "compiled", "usual")}
    assert set(groups) == (names - left_out) | {"orchestra", "orchestra.guard"}
    assert size == built.stat().st_size
    assert not [path for path, *_ in stamps if path.startswith(str(ROOT))]
    assert {path for path, *_ in stamps} >= {f"{name}.py" for name in ("boot", "bundle", "compiled", "usual", "hook")}


def test_what_a_module_needs_comes_first(built):
    groups, *_ = parts(built)
    *_, names = groups["orchestra.guard.hook"]
    assert names[-2:] == ("orchestra.guard.judge", "orchestra.guard.hook")
    assert names.index("orchestra.guard.paths") < names.index("orchestra.guard.temp")
    assert "orchestra.guard.effects" not in names
    *_, later = groups["orchestra.guard.effects"]
    assert later[-1] == "orchestra.guard.surroundings"
    assert not set(later) & set(names)


def test_it_fits_its_sources(built):
    install(built)


def test_it_is_not_used_for_other_sources(built, tmp_path):
    with pytest.raises(OSError):
        install(built, here=tmp_path)
    *_, stamps, _ = parts(built)
    with pytest.raises(ValueError, match="older"):
        install(built, [*stamps[:-1], (stamps[-1][0], stamps[-1][1] + 1, stamps[-1][2])])


def test_it_is_not_used_when_it_is_not_whole(built):
    with built.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="whole"):
        install(built)


def opened(built: Path) -> boot._Bundle:
    groups, late, *_ = parts(built)
    return boot._Bundle(posix.open(built, posix.O_RDONLY), groups, late)


@pytest.fixture
def out_of_it(built, monkeypatch):
    """The guard's modules are not imported yet, and come out of the bundle."""
    finder = opened(built)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    for name in list(sys.modules):
        if name.partition(".")[0] == "orchestra":
            monkeypatch.delitem(sys.modules, name)
    yield finder
    for name in list(sys.modules):
        if name.partition(".")[0] == "orchestra":
            del sys.modules[name]


def test_modules_are_made_from_it(out_of_it):
    assert out_of_it.find_spec("json") is None
    made = importlib.import_module("orchestra.guard.temp")
    assert made.__spec__.loader is out_of_it
    assert made.paths is sys.modules["orchestra.guard.paths"] is sys.modules["orchestra.guard"].paths
    assert made.of("", "/home/u", []).folders
    assert sys.modules["orchestra"].__version__
    assert sys.modules["orchestra"].__path__ == sys.modules["orchestra.guard"].__path__ == []
    before = sys.modules["orchestra.guard.paths"]
    out_of_it.load("orchestra.guard.temp")
    assert sys.modules["orchestra.guard.paths"] is before


def functions(holder: object, name: str) -> list[tuple[str, FunctionType]]:
    """The functions of a module and of its classes by their names in it."""
    found = [(key, one) for key, one in vars(holder).items() if getattr(one, "__module__", "") == name]
    inner = [(f"{key}.{at}", one) for key, held in found if isinstance(held, type) for at, one in vars(held).items()]
    return [(key, one) for key, one in [*found, *inner] if isinstance(one, FunctionType)]


def test_late_functions_become_those_of_the_sources(built, out_of_it):
    """Each, called with no arguments, complains as its source would, or runs; from then on it is that of the source."""
    _, late, *_ = parts(built)
    compiler, count = compiled.Compiler(), 0
    for module in late:
        made = importlib.import_module(module)
        path = GUARD / f"{module.rpartition('.')[2]}.py"
        tree = compiled._tree(path.read_bytes(), module)
        whole = dict(compiled._codes(compiled._code(tree, module)))
        space: dict = {"__name__": module, "__package__": "orchestra.guard"}
        exec(compile(path.read_bytes(), module, "exec"), space)
        real = dict(functions(type("m", (), space), module))
        for key, one in functions(made, module):
            if "_late" not in (one.__kwdefaults__ or {}):
                continue
            count += 1
            with pytest.raises(TypeError):
                one(*range(99))
            assert one.__code__ == compiler._bare(whole[key]), (module, key)
            assert (one.__defaults__, one.__kwdefaults__) == (real[key].__defaults__, real[key].__kwdefaults__)
    assert count > 100


def test_a_source_that_changes_meanwhile_is_not_taken_for_the_new_one(tmp_path, monkeypatch):
    times = iter(range(1000))
    monkeypatch.setattr(bundle, "stamp", lambda path, folder: (path, next(times), 0))
    bundle.build(str(tmp_path / "b"), str(GUARD))
    assert not (tmp_path / "b").exists()


def test_a_head_that_is_too_long_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "_TABLES", 10)
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
    monkeypatch.setattr(sys, "argv", ["entry.py", str(ROOT), "", "", "pre-tool-use", f"{tmp_path}/guard-3."])
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
    file = tmp_path / NAME
    assert entry(data) == 0
    assert file.exists()
    assert entry(world.payload("Edit", {"file_path": "secret.py"})) == 0  # the first code is what ended it
    assert "secret.py" in capfd.readouterr().err


def test_a_call_that_cannot_keep_its_modules_still_answers(entry, world, monkeypatch):
    monkeypatch.setattr(bundle, "build", lambda *_: (_ for _ in ()).throw(OSError))
    assert entry(world.payload("Edit", {"file_path": "src/lib/a.py"})) == 0


def test_a_bundle_of_another_python_is_not_used(entry, world, tmp_path):
    (tmp_path / NAME).write_bytes(b"other")
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
    head = built.read_bytes()[:HEAD]
    older = head[:TABLES] + marshal.dumps((*parts(built)[:3], 1))
    for number, one in enumerate((b"", head, older, head[:TABLES])):
        kept = tmp_path / f"kept-{number}"
        with pytest.raises(End):
            boot.begin(f"{GUARD}/", str(kept), posix.open(built, posix.O_RDONLY), one)
        assert "secret.py" in capfd.readouterr().err
        # One that fits is not made again.
        assert kept.exists() == (number != 1)
    assert str(GUARD.parent.parent) in sys.path


def test_a_start_that_comes_back_is_an_error(entry, monkeypatch):
    monkeypatch.setattr(hook, "main", lambda *_: None)
    with pytest.raises(RuntimeError, match="came back"):
        boot.begin(f"{GUARD}/", "", -1, b"")


@pytest.mark.parametrize("name", ["_json", "posix", "_heapq"])
def test_the_interpreters_own_modules_are_taken_from_where_they_lie(name, monkeypatch):
    module = importlib.import_module(name)
    folder = str(Path(getattr(module, "__file__", "/nowhere/x")).parent)
    boot._extension(name)
    assert sys.modules[name] is module
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    boot._extension(name)
    assert name not in sys.modules
    monkeypatch.setattr(sys, "path", [folder])
    boot._extension(name)
    # What is not found there, or is built in, is left to the import system.
    assert (name in sys.modules) == (folder != "/nowhere")
    assert set(vars(sys.modules.get(name, module))) >= {one for one in vars(module) if not one.startswith("__")}


def test_an_error_before_the_hook_begins_is_made_good_and_one_in_it_denies(entry, tmp_path, monkeypatch, capfd):
    def stop(*_: object) -> None:
        raise KeyError("stopped")

    file = tmp_path / "kept"
    file.write_bytes(b"")
    names = {"__file__": f"{GUARD}/entry.py", "file": str(file), "bundle": -1, "head": b""}
    monkeypatch.setattr(hook, "main", stop)
    with pytest.raises(KeyError):
        runpy.run_path(str(GUARD / "boot.py"), init_globals=names, run_name="__main__")
    assert file.exists()
    for known in (names, names, {**names, "begun": True}):
        try:
            raise ValueError("damaged")
        except ValueError:
            boot.start(dict(known))
        assert not file.exists()
        assert ("KeyError" if known is names else "ValueError") in capfd.readouterr().err


def test_time_that_is_up_is_an_exception():
    with pytest.raises(TimeoutError):
        boot.late(14, None)


def test_a_bundle_that_does_harm_is_gone_for_the_next_call(entry, world, built, tmp_path, capfd):
    """It has the right name and the right stamps, but it is of another version's making."""
    file, data = tmp_path / NAME, built.read_bytes()
    harm = marshal.dumps(compile("names = globals(); names['begun'] = True; raise KeyError('other')", "boot", "exec"))
    file.write_bytes(harm.ljust(TABLES, b"\0") + data[TABLES:])
    assert entry(world.payload("Edit", {"file_path": "src/lib/a.py"})) == 2
    assert "KeyError" in capfd.readouterr().err
    assert not file.exists()


def test_a_table_in_the_bundle_is_the_table(out_of_it):
    folded = importlib.import_module("orchestra.guard.tables").PROGRAMS
    assert isinstance(folded, boot._Table)
    names = {*tables.PROGRAMS, "", "r", "rm ", "rm\1", "rm\2all tree=r,R,recursive", "\1rm", "é", "\0", "all"}
    for name in names:
        assert folded.get(name) == tables.PROGRAMS.get(name)
        assert (name in folded) == (name in tables.PROGRAMS)
    assert folded.get("none", "other") == "other"


def test_what_usual_commands_need_is_known():
    found = usual.functions()
    assert {"Parser.word", "parse"} <= found["orchestra.guard.grammar"]
    assert not {"Parser.ansi", "Parser.arithmetic_end"} & found["orchestra.guard.grammar"]
    assert "path" in found["orchestra.guard.judge"]
    assert "orchestra.guard.badges" not in found
    named = [
        (importlib.import_module(f"orchestra.guard.{name}"), one) for name in usual.FILES for one in usual.FILES[name]
    ]
    assert all(hasattr(module, one) for module, one in named)
