"""How the bundle is made and read, a part at a time: imports and groups, byte code, tables, the start."""

from __future__ import annotations

import importlib
import marshal
import posix
import sys
from pathlib import Path
from types import CodeType, SimpleNamespace

import pytest

from orchestra.guard import boot, bundle, compiled, usual

# -- what is read at one go


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("from . import a", ["a"]),
        ("from . import a, b,c", ["a", "b", "c"]),
        ("from .a import b, c", ["a"]),
        ("from .a import b\nfrom .c import d", ["a", "c"]),
        ("    from .a import b", []),
        ("from a import b", []),
        ("from .. import b", []),
        ("import a", []),
        ("from .a", []),
        ("x = 'from .a import b'", []),
    ],
)
def test_what_a_source_imports(line: str, names: list[str]) -> None:
    found = bundle._imports(f"x = 1\n{line}\ny = 2\n".encode())
    assert found == [f"orchestra.guard.{name}" for name in names] or ".." in line


def test_modules_come_after_those_they_need_and_in_one_group_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_GROUPS", ("first", "second"))
    imports = {"a": [], "b": ["a"], "first": ["b", "other", "a"], "c": ["a", "b"], "second": ["c"], "alone": ["a"]}
    assert bundle._groups(imports) == [
        ("orchestra", "orchestra.guard"),
        ("a", "b", "first"),
        ("c", "second"),
        ("alone",),
    ]


def test_each_part_has_its_room(tmp_path: Path) -> None:
    assert bundle._places([b"ab", b"", b"c"]) == [(32768, 2), (32770, 0), (32770, 1)]
    (tmp_path / "f").write_bytes(b"123")
    found = (tmp_path / "f").stat()
    assert bundle.stamp("f", str(tmp_path)) == ("f", found.st_mtime_ns, 3)


def test_a_head_may_fill_its_room_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_GROUPS", ())
    sources = {"orchestra": b"", "orchestra.guard": b""}
    whole = bundle._laid_out(b"x = 1", sources, [])
    assert marshal.loads(whole[1 << 14 :])[1:] == ({}, [], len(whole))
    needed = len(marshal.dumps(compiled.Compiler().whole(b"x = 1", "boot")))
    assert not whole[needed : 1 << 14].strip(b"\0")
    monkeypatch.setattr(bundle, "_TABLES", needed)
    bundle._laid_out(b"x = 1", sources, [])
    monkeypatch.setattr(bundle, "_TABLES", needed - 1)
    with pytest.raises(ValueError, match="too long"):
        bundle._laid_out(b"x = 1", sources, [])


# -- byte code


LATE = "def long(a, b=1, *, c='x', d):\n    return [" + "a + b, " * 40 + "c, d]\n"
SHORT = "def short(a):\n    return a\n"


def cut(source: str, usual_names: set[str] | None = None) -> tuple[CodeType, dict[str, bytes]]:
    return compiled.Compiler().cut(source.encode(), "m", usual_names or set())


@pytest.mark.parametrize(
    ("source", "late"),
    [
        (LATE, ["long"]),
        (SHORT, []),
        (LATE + SHORT, ["long"]),
        (f"@staticmethod\n{LATE}", []),
        (LATE.replace("long", "__long__"), []),
        (LATE.replace("b=1", "b=x"), []),
        (LATE.replace("c='x'", "c=x"), []),
        ("class C:\n " + LATE.replace("\n ", "\n  "), ["C.long"]),
        ("class C:\n @property\n " + LATE.replace("\n ", "\n  "), []),
        ("class C:\n def __init__(self): self.a = [" + "self, " * 80 + "]\n", []),
        ("if 1:\n " + LATE.replace("\n ", "\n  "), []),
    ],
)
def test_what_can_wait(source: str, late: list[str]) -> None:
    assert sorted(cut(source)[1]) == late
    assert cut(source, {*late})[1] == {}


def test_how_long_a_function_is_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    ((_, code),) = compiled._codes(compile(SHORT, "m", "exec", optimize=2))
    for limit, late in ((len(code.co_code), []), (len(code.co_code) - 1, ["short"])):
        monkeypatch.setattr(compiled, "_SHORT", limit)
        assert sorted(cut(SHORT)[1]) == late


def test_what_waits_is_kept_with_its_defaults() -> None:
    code, defaults, named = marshal.loads(cut(LATE)[1]["long"])
    assert (code.co_name, defaults, named) == ("long", (1,), {"c": "x"})
    made = compiled._parsed("def f(a): pass").args
    assert compiled._defaults(made) == (None, None)
    made = compiled._parsed("def f(a=1, *, b=2): pass").args
    assert compiled._defaults(made) == ((1,), {"b": 2})


def test_a_stand_in_calls_what_it_stands_for() -> None:
    calls = []
    space = {"__name__": "m", "_wake": lambda *given: calls.append(given)}
    exec(cut(LATE + "class C:\n " + LATE.replace("\n ", "\n  "))[0], space)
    space["long"](1, d=2)
    space["C"].long(3)
    assert calls == [("m", "long", (1,), {"d": 2}), ("m", "C.long", (3,), {})]


def test_types_and_places_are_left_out() -> None:
    lines = ("from __future__ import annotations", "x: int = 1", "y: str", "class C:", " z: int = 2")
    source = "\n".join([*lines, "def f(a: int) -> int: return a"])
    code = compiled.Compiler().whole(source.encode(), "m")
    space: dict = {}
    exec(code, space)
    assert (space["x"], space["C"].z, space["f"](3)) == (1, 2, 3)
    assert "y" not in space and not space["f"].__annotations__ and not space.get("__annotations__")
    inner = dict(compiled._codes(code))
    assert code.co_linetable == inner["f"].co_linetable == b""


def test_what_is_alike_is_one_object_and_what_is_only_equal_is_not() -> None:
    compiler = compiled.Compiler()
    one, other = (compiler.whole(f"x = ('long text', {value}); y = 1".encode(), "m") for value in ("1", "True"))
    assert one.co_names is other.co_names
    assert [type(compiler._one(value)) for value in (1, True, 1.0)] == [int, bool, float]
    assert compiler._one("a" * 5) is compiler._one("".join(["aa", "aaa"]))


def folded(size: int) -> object:
    text = ", ".join(f"'{'ab'[n % 2]}{n}': 'v{n}'" for n in range(size))
    space = {"__name__": "m", "_table": boot._Table}
    exec(compiled.Compiler().cut(f"T = {{{text}}}\nU = 1\n".encode(), "m", set())[0], space)
    return space["T"]


def test_long_tables_are_folded_and_say_the_same() -> None:
    assert isinstance(folded(199), dict)
    made = folded(200)
    assert isinstance(made, boot._Table)
    assert [made.get(f"{'ab'[n % 2]}{n}") for n in range(200)] == [f"v{n}" for n in range(200)]
    assert made.get("a1") is None and made.get("") is None and "a1" not in made and "b1" in made
    assert sorted(made.texts) == ["a", "b"]


# -- the start


def finder(tmp_path: Path, space: dict, late: dict) -> boot._Bundle:
    data = marshal.dumps({name: marshal.dumps(one) for name, one in late.items()})
    (tmp_path / "b").write_bytes(b"head" + data)
    return boot._Bundle(posix.open(f"{tmp_path}/b", posix.O_RDONLY), {}, {"m": (4, len(data))})


def test_what_is_late_is_read_once_and_becomes_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("m")
    exec("def f(*args, **named): pass\nclass C:\n    def g(*args, **named): pass\n", vars(module))
    monkeypatch.setitem(sys.modules, "m", module)
    kept = module.f
    made: dict = {}
    exec("def f(a, b=2, *, c=3): return a, b, c\ndef g(self, a): return a\n", made)
    codes = {"f": (made["f"].__code__, (2,), {"c": 3}), "C.g": (made["g"].__code__, None, None)}
    found = finder(tmp_path, vars(module), codes)
    assert found.wake("m", "f", (1,), {}) == (1, 2, 3)
    assert kept(7, c=8) == (7, 2, 8)
    (tmp_path / "b").write_bytes(b"")
    assert found.wake("m", "C.g", (module.C(), 5), {}) == 5
    assert module.C().g(6) == 6


def test_modules_are_put_where_they_belong(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("orchestra", "orchestra.guard"):
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    monkeypatch.delitem(sys.modules, "orchestra.guard.temp", raising=False)
    made = boot._Bundle(-1, {}, {})
    made.put("orchestra.guard.made_up", compile("x = __name__, __package__", "m", "exec"))
    module = sys.modules.pop("orchestra.guard.made_up")
    try:
        assert module.x == ("orchestra.guard.made_up", "orchestra.guard")
        assert sys.modules["orchestra.guard"].made_up is module
        assert not hasattr(module, "__path__")
        assert module._table is boot._Table and module._wake == made.wake
    finally:
        del sys.modules["orchestra.guard"].made_up


def test_how_long_a_call_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four seconds; fifteen when the sources have to be compiled first. Clients wait for longer than that."""
    import _signal
    import gc

    waits: list[int] = []
    handlers: list[object] = []
    monkeypatch.setattr(_signal, "alarm", waits.append)
    monkeypatch.setattr(_signal, "signal", lambda *given: handlers.append(given))
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(boot, "_opened", lambda *_: None)
    hook = importlib.import_module("orchestra.guard.hook")
    given: list[object] = []
    monkeypatch.setattr(hook, "main", lambda *words: given.append(words))
    monkeypatch.setattr(sys, "argv", ["entry.py", "plugin", "data", "project", "verb", "file"])
    with pytest.raises(RuntimeError):
        boot.begin("/x/scripts/orchestra/guard/", "kept", -1, b"")
    assert waits == [4, 15]
    assert handlers == [(_signal.SIGALRM, boot.late)]
    assert given == [(["plugin", "data", "project", "verb"], "kept")]
    assert sys.path[0] == "/x/scripts"


def test_how_long_a_bundle_may_take_after_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    import _signal

    waits: list[object] = []
    hook = importlib.import_module("orchestra.guard.hook")
    monkeypatch.setattr(_signal, "alarm", waits.append)
    monkeypatch.setattr(bundle, "build", lambda *given: waits.append(given))
    hook._keep("kept")
    assert waits == [15, ("kept", str(Path(hook.__file__).parent))]


@pytest.mark.parametrize("verb", ["", "post-tool-use", "pre-tool-usf", "zzz"])
def test_there_is_one_hook(verb: str) -> None:
    with pytest.raises(ValueError, match="no hook"):
        importlib.import_module("orchestra.guard.hook").main(["", "", "", verb])


@pytest.mark.parametrize("bundle_file", ["", "kept"])
def test_where_clients_find_the_answer(bundle_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out on 1, errors on 2, nothing for an empty one; what is kept is kept after that."""
    hook = importlib.import_module("orchestra.guard.hook")
    done: list[object] = []
    outside = SimpleNamespace(
        environ={b"A": b"\xff", "B": "c"},
        write=lambda *given: done.append(given),
        _exit=lambda code: done.append(code),
    )
    settings: list[object] = []
    said = dict[str, str]()

    def decide(data: bytes, setting: object) -> object:
        settings.append((data, setting.env["A"], setting.env["B"], setting.env["ORCHESTRA_PROGRAM"]))  # type: ignore[attr-defined]
        return SimpleNamespace(**said, code=7)

    monkeypatch.setattr(hook, "posix", outside)
    monkeypatch.setattr(hook.disk, "read_all", lambda source: b"data" if source == 0 else b"other")
    monkeypatch.setattr(hook, "decide", decide)
    monkeypatch.setattr(hook, "_keep", done.append)
    last = [bundle_file, 7] if bundle_file else [7]
    for out, err, written in (("o", "", [(1, b"o\n")]), ("", "e", [(2, b"e\n")]), ("", "", [])):
        done.clear()
        said.update(out=out, err=err)
        hook.main(["/plugin", "/data", "", "pre-tool-use"], bundle_file)
        assert done == [*written, *last]
    assert {*settings} == {(b"data", "\udcff", "c", "/plugin/bin/orchestra")}


def test_an_answer_that_nobody_reads_is_given_by_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    hook = importlib.import_module("orchestra.guard.hook")

    def broken(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(hook, "posix", SimpleNamespace(write=broken))
    hook._say(1, "text")
    monkeypatch.setattr("_signal.alarm", lambda _: None)
    monkeypatch.setattr(bundle, "build", broken)
    hook._keep("kept")


def test_why_a_call_could_not_be_judged(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    boot.fail(f"{tmp_path}/f", KeyError("x" * 100))
    said = capfd.readouterr().err
    assert said == f"The guard could not judge this call (KeyError: '{'x' * 69}), so it is denied.\n"
    assert not (tmp_path / "f").exists()
    boot.fail("", ValueError("\ud800"))
    assert "ValueError: ?" in capfd.readouterr().err


@pytest.mark.parametrize("named", [True, False])
def test_the_digest_is_there_for_those_who_need_it(
    named: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(boot, "_extension", asked.append)
    monkeypatch.setattr(posix, "environ", {b"ORCHESTRA_SCOPE_SHA256": b""} if named else {})
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    (tmp_path / "b").write_bytes(b"12345")
    head = bytes(1 << 14) + marshal.dumps(({}, {}, [], 5))
    made = boot.install(posix.open(f"{tmp_path}/b", posix.O_RDONLY), head, "/nowhere/")
    assert sys.meta_path[0] is made
    assert asked == (["_json", boot._DIGEST] if named else ["_json"])
    assert importlib.import_module(boot._DIGEST).sha256(b"").hexdigest().startswith("e3b0c442")


@pytest.mark.parametrize(
    ("version", "name"), [((3, 11, 9), "_sha256"), ((3, 12), "_sha2"), ((3, 13, 1), "_sha2"), ((4, 0), "_sha2")]
)
def test_the_digest_of_every_interpreter(version: tuple[int, ...], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = compile(Path(boot.__file__).read_bytes(), "boot", "exec")
    monkeypatch.setattr(sys, "version_info", version)
    space = {"__name__": "boot"}
    exec(code, space)
    assert space["_DIGEST"] == name


# -- what is usual


def test_what_is_called_is_noticed() -> None:
    def outer(given: int) -> None:
        compiled._is_long(given)

    before = sys.getprofile()
    found = usual.called(outer, 1)
    assert ("orchestra.guard.compiled", "_is_long") in found
    assert sys.getprofile() is None or sys.getprofile() is before
    with pytest.raises(TypeError):
        usual.called(outer)
    assert sys.getprofile() is None


def test_a_function_of_one_command_alone_is_not_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    rare, common = "sed -n 's/a/b/p' f", "ls"
    monkeypatch.setattr(usual, "COMMANDS", (rare, common))
    once = usual.functions()
    monkeypatch.setattr(usual, "COMMANDS", (rare, rare, common))
    twice = usual.functions()
    name = "orchestra.guard.editing"
    assert name not in once and twice[name]
    assert once["orchestra.guard.disk"] == twice["orchestra.guard.disk"] == {*usual.FILES["disk"]}
    assert "path" in once["orchestra.guard.judge"] and "decide" in once["orchestra.guard.hook"]
