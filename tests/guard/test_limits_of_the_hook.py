"""Limits, each from both sides: names and paths, links, sentences, names of tickets, arguments of tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestra.guard import badges, calls, document, foreign, paths, scopes, wording
from tests.guard.predicted import made, seen
from tests.guard.world import World, scope


def leads_to(path: str) -> str:
    return paths.place(path, "/w", "/home/u").lexical


def unclear(path: str) -> bool:
    try:
        leads_to(path)
    except paths.Unclear:
        return True
    return False


# -- paths


@pytest.mark.parametrize("char", ["\u00a0", "\u200b", "\u2028", "\ud7ff", "\ue000", "é"])
def test_a_name_may_hold_what_only_looks_strange(char):
    assert leads_to(f"a{char}b") == f"/w/a{char}b"


@pytest.mark.parametrize("char", ["\x01", "\x1f", "\x7f", "\ud800", "\udc80", "\udfff", "\n", "\t"])
def test_a_name_may_not_hold_what_no_file_name_should(char):
    assert unclear(f"a{char}b")
    assert unclear(f"a\u200b{char}b")


def test_a_name_is_as_long_as_file_systems_take_it():
    assert not unclear("a" * 255)
    assert unclear("a" * 256)
    assert unclear(f"x/{'a' * 256}/y")


@pytest.mark.parametrize("char", ["a", "ä", "日"])
def test_a_path_is_no_longer_than_any_kernel_takes_it(char):
    """In bytes, whatever its letters are."""
    name = char * (100 // len(char.encode()))
    assert not unclear("/".join([name] * 8))
    assert unclear("/".join([name] * 42))


def test_home_and_nothing_else_is_found_by_a_tilde():
    assert leads_to("~") == "/home/u"
    assert leads_to("~/x") == "/home/u/x"
    assert leads_to("a~") == "/w/a~"
    assert unclear("~u")
    assert unclear("~u/x")


def test_dots_are_taken_back_by_text():
    assert leads_to("a/../../x") == "/x"
    assert leads_to("../../../x") == "/x"
    assert leads_to("./a/.//b/") == "/w/a/b"


def test_as_many_links_as_the_kernel_follows(tmp_path: Path):
    (tmp_path / "l0").write_text("")
    for n in range(1, 42):
        (tmp_path / f"l{n}").symlink_to(f"l{n - 1}")
    assert (tmp_path / "l40").exists()
    assert paths.real(f"{tmp_path}/l40") == paths.real(f"{tmp_path}/l0")
    with pytest.raises(OSError, match="symbolic links"):
        (tmp_path / "l41").read_text()
    with pytest.raises(paths.Unclear):
        paths.real(f"{tmp_path}/l41")


def test_a_link_goes_on_from_where_it_stands_or_from_the_root(tmp_path: Path):
    root = paths.real(str(tmp_path))
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "up").symlink_to("../e/./x")
    (tmp_path / "d" / "far").symlink_to("/e//x")
    assert paths.real(f"{root}/d/up/y") == f"{root}/e/x/y"
    assert paths.real(f"{root}/d/far/../y") == "/e/y"
    assert paths.real("/..") == "/"


def test_a_repository_inside_is_the_outermost_that_holds_the_path(tmp_path: Path):
    for name in ("a/b/.git", "a/b/c/.git"):
        (tmp_path / name).mkdir(parents=True)
    root = str(tmp_path)
    assert paths.stranger(f"{root}/a/b/x", root) == f"{root}/a/b"
    assert paths.stranger(f"{root}/a/b/c/d/x", root) == f"{root}/a/b"
    assert paths.stranger(f"{root}/a/b", root) == paths.stranger(f"{root}/a/x", root) == ""


def test_what_lies_below():
    assert paths.below("/a/b/c", "/a") == "b/c"
    assert paths.below("/a/b", "/") == "a/b"
    assert paths.below("/a", "/a") == ""
    assert paths.under("/a", "/") and paths.under("/a", "/a") and paths.under("/a/b", "/a")
    assert not paths.under("/ab", "/a") and not paths.under("/", "/a")


def test_a_star_stands_for_names_that_begin_with_any_sign_but_a_dot(tmp_path: Path):
    work = made(tmp_path)
    names = ("-a", "#b", "+c", "_d", "~e", "é")
    for name in (*names, ".f"):
        (work / "docs" / name).touch()
    assert seen("rm docs/*", work) == {f"docs/{name}" for name in (*names, "d.md")}
    assert seen("rm docs/.*", work) == {"docs/.f"}


def test_a_file_is_removed_by_the_globs_for_files_and_a_folder_by_those_for_all_of_it(world: World):
    world.headless(scope(world.project, ["src/lib/*.py", "src/lib/old/**"]))
    for command, decision in {
        "rm -rf src/lib/a.py": "allow",
        "rm -rf src/lib/old": "allow",
        "rm -rf src/lib/missing.py": "allow",
        "rm -rf src/lib/missing": "deny",
        "rm -rf src/lib": "deny",
        "mkdir -p src/lib/old/deep": "allow",
        "mkdir -p src/lib": "allow",
        "mkdir -p docs/new": "deny",
    }.items():
        (world.project / "src/lib/old").mkdir(exist_ok=True)
        assert world.inside(world.payload("Bash", {"command": command})).decision == decision, command


def test_two_folders_that_differ_in_case_alone_are_two(tmp_path: Path):
    for name in ("Folder", "fOLDER", "other", "OTHER"):
        (tmp_path / name).mkdir(exist_ok=True)
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("this file system ignores case")
    assert not any(paths.ignores_case(str(one)) for one in tmp_path.iterdir())


# -- sentences


@pytest.mark.parametrize("size", [56, 57, 500])
def test_of_a_long_path_the_end_is_named(size):
    path = "x" * (size - 5) + "/a.py"
    said = wording.unclear(path, "why")
    shown = said.partition(": why")[0]
    assert shown == path if size <= 56 else shown == f"…{path[-55:]}"


def test_a_path_is_named_on_one_line():
    assert wording.unclear("a\nb\x1b", "why").startswith("a?b?: why")


@pytest.mark.parametrize("size", [44, 45, 500])
def test_of_a_long_scope_the_beginning_is_named(size):
    glob = "s" * size
    said = wording.outside("p", "outside the scope", "scoped", ["!not/**", glob, "!nor/**"])
    assert f"({glob if size <= 44 else 's' * 43 + '…'})" in said


def test_globs_are_named_without_what_they_leave_out():
    assert "(a/**, b/**)" in wording.outside("p", "w", "scoped", ["a/**", "!a/x", "b/**"])
    assert "may write nothing" in wording.outside("p", "w", "scoped", ["!a/x"])


@pytest.mark.parametrize("size", [160, 161, 500])
def test_a_sentence_is_cut_at_its_limit(size):
    text = "w" * size
    assert wording.cut(text) == (text if size <= 160 else "w" * 159 + "…")
    assert wording.cut(" a \n b ") == "a b"


@pytest.mark.parametrize(
    "said",
    [
        wording.hidden("w" * 500),
        wording.destructive("w" * 500),
        wording.unreadable("w" * 500, "y" * 500),
        wording.runs("w" * 500, "lead"),
        wording.malfunction("w" * 500),
    ],
)
def test_however_long_the_reason_what_to_do_is_said_to_the_end(said):
    assert said.endswith(".")


# -- names


def test_names_of_tickets():
    assert badges.is_name("x" * 200) and badges.is_name("M1.phase-1_a")
    assert not badges.is_name("x" * 201) and not badges.is_name("") and not badges.is_name("a/b")


@pytest.mark.parametrize(
    ("turn", "number"),
    [
        ("turn-2", (2,)),
        ("turn-2.10", (2, 10)),
        ("turn-", ()),
        ("turn-2.", ()),
        ("turn-x", ()),
        ("turn-٢", ()),
        ("2", ()),
    ],
)
def test_numbers_of_turns(turn, number):
    assert badges.number(turn) == number


A = {"agent_id": "a1", "agent_type": "coder"}


def test_denials_are_recorded_with_the_turn_they_belong_to(world: World):
    world.armed()
    turn = world.turn("t-1")
    world.inside(world.payload("Write", {"file_path": "secret.py"}, **A))
    assert [line["class"] for line in world.records(world.run)] == ["scope"]
    world.inside(world.payload("Bash", {"command": "orchestra brief t-1"}, **A))
    (world.run / "t-1" / "closed").touch()
    assert world.inside(world.payload("Write", {"file_path": "src/lib/a.py"}, **A)).denied
    assert [line["path"] for line in world.records(turn)] == [f"{world.project}/src/lib/a.py"]
    assert len(world.records(world.run)) == 1


def test_only_a_planner_plans(world: World):
    """A brief of something else is no part."""
    world.armed()
    for about in ("lead", "product", "zzz"):
        world.inside(world.payload("Bash", {"command": f"orchestra brief {about}"}))
    assert not (world.run / "sessions").exists()


# -- what is read


@pytest.mark.parametrize("version", ["0", "2", '"1"', "null", "[1]", "1.5"])
def test_a_scope_of_another_version_is_not_understood(version):
    with pytest.raises(document.Malformed):
        scopes.read(f'{{"version": {version}, "root": "/w", "write": []}}'.encode())
    assert scopes.read(b'{"version": 1, "root": "/w", "write": ["a"]}').write == ["a"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        *[(text, True) for text in ("/a", "~/a", "./a", "../a", "file:///a", "/" + "a" * 4094)],
        *[(text, False) for text in ("a", "a/b", "~a", ".a", "/a\n", "/" + "a" * 4095)],
    ],
)
def test_text_that_looks_like_a_path(text, path):
    assert foreign.looks_like_path(text) is path


@pytest.mark.parametrize(
    ("tool", "given", "found"),
    [
        ("mcp__fs__write", {"to": "a"}, ["a"]),
        ("mcp__fs__frob", {"to": "a"}, []),
        ("mcp__fs__frob", {"file": "a"}, ["a"]),
        ("mcp__fs__frob", {"x": "/a"}, ["/a"]),
        ("mcp__fs__write", {"x": {"path": ["a", {"y": "b"}]}, "body": "/c"}, ["a", "b"]),
        ("mcp__fs__write", {"path": "file:///a", "x": ""}, ["/a"]),
        ("mcp__read__write", {"path": "a"}, ["a"]),
        ("mcp__write__read", {"path": "a"}, []),
        ("mcp__a__b__write", {"path": "a"}, ["a"]),
        ("writeFile", {"outFile": "a"}, ["a"]),
        ("frob", {"path": "/a"}, []),
    ],
)
def test_the_paths_of_a_tool_that_nobody_knows(tool, given, found):
    assert foreign.use(tool, given).paths == found


@pytest.mark.parametrize(("depth", "read"), [(39, True), (40, True), (41, False)])
def test_arguments_are_followed_forty_deep(depth, read):
    given: object = "/a"
    for _ in range(depth):
        given = [given]
    if read:
        assert foreign.use("mcp__fs__write", given).paths == ["/a"]
    else:
        with pytest.raises(calls.Unreadable):
            foreign.use("mcp__fs__write", given)
