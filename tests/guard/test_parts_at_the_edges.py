"""The small parts of the hook at their edges: files, what lies where, scope files, tools, long reasons."""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestra.guard import answer, calls, disk, foreign, identity, scanning, scopes, surroundings, temp, wording
from orchestra.guard.languages import language
from orchestra.guard.marks import UNKNOWN, matches, wild
from orchestra.guard.paths import Place
from orchestra.guard.state import State, blurred

# -- files


@pytest.mark.parametrize(("size", "taken"), [(0, True), (1, True), (10, True), (11, False), (12, False)])
@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_a_file_is_read_up_to_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, taken: bool, chunk: int
):
    monkeypatch.setattr(disk, "_LARGEST", 10)
    monkeypatch.setattr(disk, "_CHUNK", chunk)
    (tmp_path / "f").write_bytes(b"x" * size)
    if taken:
        assert disk.read(f"{tmp_path}/f") == b"x" * size
    else:
        with pytest.raises(disk.TooLarge):
            disk.read(f"{tmp_path}/f")


def test_what_cannot_be_asked_counts_as_there(tmp_path: Path):
    assert disk.exists(f"{tmp_path}/{'a' * 300}")
    assert not disk.exists(f"{tmp_path}/a") and not disk.exists("/dev/null/a")


def test_how_files_come_to_be(tmp_path: Path):
    file, folder = f"{tmp_path}/f", f"{tmp_path}/d"
    old = os.umask(0o022)
    try:
        assert disk.create(file, b"long") and not disk.create(file, b"other")
        disk.append(file, b"er")
        assert disk.read(file) == b"longer"
        disk.replace(file, b"new")
        assert disk.read(file) == b"new"
        disk.make_directory(folder)
        disk.make_directory(folder)
    finally:
        os.umask(old)
    assert sorted(disk.names(str(tmp_path))) == ["d", "f"]
    assert [Path(one).stat().st_mode & 0o777 for one in (file, folder)] == [0o644, 0o755]


def test_what_lies_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f").touch()
    (tmp_path / "l").symlink_to("f")
    os.mkfifo(tmp_path / "p")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s")
    kinds = {"f": 1, "l": 1, "p": 3, "s": 3, ".": 2, "missing": 0, "f/x": 0, "\0": 0}
    assert {name: surroundings.exists(f"{tmp_path}/{name}") for name in kinds} == kinds


def test_a_project_deep_in_a_temp_directory_takes_the_entry_that_leads_to_it():
    def holds(path: str) -> bool:
        return temp.of("", "/tmp/a/b/c", ["/tmp/d/e"]).holds(Place(path, path, [path]))

    assert not any(map(holds, ("/tmp/a", "/tmp/a/x", "/tmp/a/b/x", "/tmp/d/x")))
    assert holds("/tmp/b") and holds("/tmp/c/a") and holds("/tmp/e")


# -- what several shells agree on


@pytest.mark.parametrize(
    ("name", "one", "other", "unknown"),
    [
        ("cwd", "/a", "/b", None),
        ("old", "/a", None, None),
        ("stack", ("/a",), ("/b",), ()),
        ("stack", ("/a",), ("/a", "/b"), ()),
        ("args", ["a"], ["b"], None),
        ("variables", {"A": "1"}, {"A": "2"}, {"A": UNKNOWN}),
        ("variables", {"A": "1"}, {}, {"A": UNKNOWN}),
        ("variables", {"A": ["1"]}, {"A": ["1", "2"]}, {"A": UNKNOWN}),
    ],
)
def test_what_shells_do_not_agree_on_is_not_known(name: str, one: Any, other: Any, unknown: Any):
    def state(value: Any) -> State:
        made = State("/w")
        setattr(made, name, value)
        return made

    for values in ([one, other], [other, one], [one, one, other]):
        assert getattr(blurred([state(value) for value in values]), name) == unknown
    assert getattr(blurred([state(one), state(one)]), name) == one


# -- scope files


CALL = identity.Call("a", "", "s")


@pytest.mark.parametrize("digest", ["0" * 64, "f" * 64])
@pytest.mark.parametrize("text", ['{"version": 1, "root": "/w"}', "{"])
def test_a_scope_file_that_is_not_the_one_or_none_at_all(tmp_path: Path, digest: str, text: str):
    (tmp_path / "scope.json").write_text(text)
    with pytest.raises(identity.Refused):
        identity.headless(f"{tmp_path}/scope.json", digest, CALL)
    if text == "{":
        with pytest.raises(identity.Refused):
            identity.headless(f"{tmp_path}/scope.json", "", CALL)
    else:
        right = scopes.sha256(text.encode())
        assert identity.headless(f"{tmp_path}/scope.json", f" {right.upper()}\n", CALL).scope.root == "/w"


# -- tools


def test_a_patch_names_its_files():
    patch = "*** Begin Patch\n*** Add File: a: b\n+c: d\n*** Update File: e\n*** Move to: f\n x: y\n*** Add File\n"
    assert calls.patched(patch) == ["a: b", "e", "f"]
    assert calls.use("apply_patch", {"input": patch}).paths == calls.use("apply_patch", patch).paths


@pytest.mark.parametrize("given", [{}, 1, {"input": "*** Add File: a", "patch": "*** Add File: b"}, "", "a: b"])
def test_a_patch_that_says_nothing_or_two_things(given: object):
    with pytest.raises(calls.Unreadable):
        calls.use("apply_patch", given)


@pytest.mark.parametrize(("depth", "read"), [(40, True), (41, False), (42, False)])
def test_objects_are_followed_forty_deep(depth: int, read: bool):
    given: object = "/a"
    for n in range(depth):
        given = {"a": given} if n % 2 else {"b": given}
    if read:
        assert foreign.use("mcp__fs__write", given).paths == ["/a"]
    else:
        with pytest.raises(calls.Unreadable):
            foreign.use("mcp__fs__write", given)


def test_the_name_of_a_tool_is_all_behind_its_server():
    assert foreign.use("mcp__a__write__b", {"to": "a"}).paths == ["a"]
    assert not foreign.looks_like_path("/" + "a" * 4096)


# -- what is said of long things

LONG = "§" * 2000


@pytest.mark.parametrize(
    ("sentence", "given", "shown"),
    [
        (wording.hidden, [LONG], 70),
        (wording.destructive, [LONG], 90),
        (wording.runs, [LONG, "lead"], 50),
        (wording.unreadable, [LONG, ""], 40),
        (wording.unreadable, ["", LONG], 60),
        (wording.leaves, [LONG], 40),
        (wording.malfunction, [LONG], 70),
        (wording.verb, [LONG], 55),
        (wording.blocked, ["§" * 56], 56),
    ],
)
def test_how_much_of_a_long_reason_is_shown(sentence: Callable[..., str], given: list[str], shown: int):
    assert sentence(*given).count("§") == shown


def test_how_much_is_recorded(tmp_path: Path):
    for text in (LONG, "§"):
        fields = dict.fromkeys(("kind", "tool", "path", "command", "reason", "agent"), text)
        answer.note(f"{tmp_path}/r", decision="deny", **fields)
    long, short = map(json.loads, (tmp_path / "r").read_text().splitlines())
    names = ("tool", "path", "command", "agent_id", "class", "reason")
    assert [len(long[name]) for name in names] == [100, 1000, 400, 200, 2000, 2000]
    assert {short[name] for name in names} == {"§"}


# -- patterns


def test_patterns_match_as_everywhere():
    """Those that all shells and the library read alike."""
    pieces = ["a", "b", "*", "?", "[a]", "[!a]", "[a-b]", "[]a]", "[!]a]", "[-a]", "[ac-]", "]", "-"]
    names = ["".join(name) for size in range(4) for name in itertools.product("ab]-", repeat=size)]
    patterns = ["".join(pattern) for size in range(3) for pattern in itertools.product(pieces, repeat=size)]
    patterns += ["[", "a[", "[a", "*[", "[a-", "[!", "*a*b*", "a*b*"]
    patterns += ["**a", "?*?", "*[ab]*-", "a[!b]*b", "a*[b", "[a-b-]-"]
    for pattern in patterns:
        matching = fnmatch.filter(names, pattern)
        assert [name for name in names if matches(wild(pattern), name)] == matching, pattern


@pytest.mark.parametrize(
    "pattern", ["[[:alpha:]]", "[[:alpha:][:digit:]]", "[![:alpha:]x]", "[[=a=]]", "[[.-.]a]", "[:a]"]
)
def test_classes_of_letters_hold_everything(pattern: str):
    """Which letters they hold depends on where one is."""
    assert matches(wild(f"x{pattern}y"), "xay")
    assert not matches(wild(f"x{pattern}y"), "xaay") and not matches(wild(f"x{pattern}y"), "xy")


# -- code


@pytest.mark.parametrize(
    ("code", "enough"),
    [('print("a", 1)\n', 3), ("f(g(1))\n", 5), ('Path("f").touch()\n', 3), ("y[1, 2, 3]\n", 0), ("x = 1\n", 0)],
)
def test_code_is_looked_at_until_it_costs_too_much(monkeypatch: pytest.MonkeyPatch, code: str, enough: int):
    for limit in range(enough + 2):
        monkeypatch.setattr(scanning, "MOST_LOOKED_AT", limit)
        assert bool(scanning.scan(code, language("python")).hidden) is (limit < enough)


@pytest.mark.parametrize("many", ["f(" * 500 + ")" * 500, "f(" * 500, "a[" * 500, "x)", "f(]", "a[)"])
def test_what_stands_behind_too_much_code_is_not_taken_for_harmless(many: str):
    assert scanning.scan(f'x = {many}\nopen("f", "w")\n', language("python")).hidden


def test_a_call_with_very_many_arguments():
    code = 'open("f", "w"' + ", 1" * 3000 + ")"
    assert scanning.scan(code, language("python")).writes == [("f", False)]
