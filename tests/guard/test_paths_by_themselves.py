"""Paths: against the library, and each part of `paths.py` on files that are there."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest

from orchestra.guard import paths, targets


def joined(pieces: list[str], most: int) -> list[str]:
    """All absolute paths of at most `most` pieces."""
    return ["/" + "/".join(one) for size in range(most + 1) for one in itertools.product(pieces, repeat=size)]


ALL = joined(["a", "bb", ".", "..", ""], 4)


def plain(path: str) -> str:
    """As the library has it, but for the two leading slashes that it keeps."""
    return "/" + os.path.normpath(path).lstrip("/")


def test_dots_and_slashes_as_the_library_takes_them_back() -> None:
    assert [paths.tidy(path) for path in ALL] == [plain(path) for path in ALL]


def test_a_shell_leaves_it_to_the_disk_where_two_dots_lead() -> None:
    for path in ALL:
        kept = targets.tidy(path)
        assert plain(kept) == plain(path)
        parts = kept[1:].split("/")
        assert kept == "/" or not {"", "."} & {*parts}, path
        assert parts.count("..") == path.split("/").count("..")


def test_links_lead_where_the_library_says(tmp_path: Path) -> None:
    tmp_path = tmp_path.resolve()
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "f").touch()
    links = {"l": "d/e", "d/up": "..", "d/e/abs": f"{tmp_path}/d", "dangling": "gone/x", "d/root": "/", "two": "l/../l"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    pieces = ["l", "d", "e", "up", "abs", "..", "dangling", "two", "root", "new", "f"]
    for path in joined(pieces, 3):
        whole = f"{tmp_path}{path}"
        assert paths.real(whole) == os.path.realpath(whole), path
        plain_one = Path(paths.tidy(whole))
        assert paths.entry(str(plain_one)) == str(plain_one.parent.resolve() / plain_one.name)


def test_the_entry_of_what_lies_at_the_top() -> None:
    assert paths.entry("/a") == "/a"
    assert paths.entry("/") == "/"


@pytest.mark.parametrize(
    ("path", "folder", "inside"),
    [
        ("/a", "/a", True),
        ("/a/b", "/a", True),
        ("/ab", "/a", False),
        ("/a", "/a/b", False),
        ("/a", "/", True),
        ("/", "/", True),
        ("b", "a", False),
        ("b", "", False),
        ("b", "!", False),
    ],
)
def test_what_lies_under_a_folder(path: str, folder: str, inside: bool) -> None:
    assert paths.under(path, folder) is inside


@pytest.mark.parametrize(
    ("path", "folder", "rest"), [("/a/b/c", "/a/b", "c"), ("/a", "/", "a"), ("/a/b", "/", "a/b"), ("/a", "/a", "")]
)
def test_what_is_left_below_a_folder(path: str, folder: str, rest: str) -> None:
    assert paths.below(path, folder) == rest


def clear(given: str, cwd: str = "/w", home: str = "/home/u") -> list[str]:
    """Where a path leads by its text, then by the disk; nothing when it is not known."""
    try:
        found = paths.place(given, cwd, home)
    except paths.Unclear:
        return []
    return [found.lexical, *found.reals]


@pytest.mark.parametrize(
    ("given", "leads"),
    [
        ("/gone", ["/gone", "/gone"]),
        ("gone/x", ["/w/gone/x", "/w/gone/x"]),
        ("gone/../x", ["/w/x", "/w/x", "/w/x"]),
        ("gone/..", ["/w", "/w", "/w"]),
        ("..gone/x..", ["/w/..gone/x..", "/w/..gone/x.."]),
        ("a b", ["/w/a b", "/w/a b"]),
        ("~", ["/home/u", "/home/u"]),
        ("~/x", ["/home/u/x", "/home/u/x"]),
        *((one, []) for one in ("", " a", "a ", "~u", "~u/x", "/proc", "/proc/1/x", "/PROC/x", "/dev/fd/1", "/.vol/x")),
        ("/process", ["/process", "/process"]),
        ("/System/Volumes/.vol/x", []),
    ],
)
def test_places(given: str, leads: list[str]) -> None:
    assert clear(given) == leads


@pytest.mark.parametrize(
    ("given", "why"),
    [
        *((f"a{char}b", "control characters") for char in "\n\x01\x1f\x7f\ud800\udc80\udfff"),
        *((one, "blanks") for one in ("", " ", " a", "a ", "a\n")),
        ("a" * 256, "a name in it"),
        ("a/" * 2048, "too long"),
        ("~u", "home"),
        ("/proc/1", "process"),
    ],
)
def test_why_a_path_is_not_followed(given: str, why: str) -> None:
    with pytest.raises(paths.Unclear, match=why):
        paths.place(given, "/w", "/home/u")


@pytest.mark.parametrize("given", ["a b\u200b", "a\u0080", "\ue000", "a" * 255])
def test_what_only_looks_strange_is_followed(given: str) -> None:
    assert clear(given) == [f"/w/{given}"] * 2


def test_what_is_relative_to_nothing_is_nowhere() -> None:
    assert clear("a", cwd="") == clear("a", cwd="w") == clear("~/a", home="") == clear("~", home="h") == []
    assert clear("/a", cwd="", home="") == ["/a", "/a"]


@pytest.mark.parametrize(("letter", "size"), [("a", 1), ("ä", 2), ("日", 3), ("😀", 4)])
def test_a_path_has_at_most_4095_bytes(letter: str, size: int) -> None:
    for length, known in ((4095, True), (4096, False)):
        name = f"/{letter * 30}" * (length // (30 * size + 1))
        path = name + "/" * (length - len(name.encode()))
        assert len(path.encode()) == length
        assert bool(clear(path)) is known


def test_a_link_to_what_differs_from_process_to_process(tmp_path: Path) -> None:
    (tmp_path / "l").symlink_to("/proc")
    (tmp_path / "m").symlink_to("/dev/fd")
    assert not clear(f"{tmp_path}/l/x") and not clear(f"{tmp_path}/m") and not clear(f"{tmp_path}/m/1")


@pytest.mark.parametrize(
    ("path", "file", "shell"),
    [
        ("/dev/null", True, True),
        ("/dev/stderr", True, True),
        ("/dev/sda", False, False),
        ("/dev/fd/2", False, True),
        ("/proc/self/fd/12", False, True),
        ("/dev/fd/x", False, False),
        ("/dev/fd/", False, False),
        ("/proc/self/cwd", False, False),
        ("/x/dev/fd/2", False, False),
    ],
)
def test_what_is_no_file(path: str, file: bool, shell: bool) -> None:
    assert [paths.is_device(path, shell=one) for one in (False, True)] == [file, shell]


def test_kinds_of_files(tmp_path: Path) -> None:
    (tmp_path / "d" / "sub").mkdir(parents=True)
    (tmp_path / "one").touch()
    (tmp_path / "two").touch()
    os.link(tmp_path / "two", tmp_path / "three")
    os.mkfifo(tmp_path / "pipe")
    os.link(tmp_path / "pipe", tmp_path / "pipe too")
    (tmp_path / "link").symlink_to("d")
    names = ["d", "one", "two", "three", "pipe", "pipe too", "link", "gone"]
    assert [name for name in names if paths.is_directory(f"{tmp_path}/{name}")] == ["d"]
    assert [name for name in names if paths.has_other_names(f"{tmp_path}/{name}")] == names[2:6]
    assert not paths.is_directory("/dev/null") and not paths.has_other_names("/dev/null")


def test_whether_case_is_ignored_is_asked_of_the_nearest_name_that_has_one(tmp_path: Path) -> None:
    """A hard link does for a file what a file system that ignores case does for every name."""
    (tmp_path / "Name").touch()
    if (tmp_path / "nAME").exists():
        pytest.skip("this file system ignores case")
    os.link(tmp_path / "Name", tmp_path / "nAME")
    (tmp_path / "other").touch()
    (tmp_path / "OTHER").touch()
    found = {one: paths.ignores_case(f"{tmp_path}/{one}") for one in ("Name", "Name/1", "other", "other/1", "gone")}
    assert found == {"Name": True, "Name/1": True, "other": False, "other/1": False, "gone": False}
    assert not paths.ignores_case("/1") and not paths.ignores_case("/")


def test_another_repository_on_the_way(tmp_path: Path) -> None:
    for name in (".git", "a/b/.git", "a/b/c/.git", "a/x"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / ".git").touch()
    root = str(tmp_path)
    found = {one: paths.stranger(f"{root}/{one}", root) for one in ("a/b/f", "a/b/c/f", "a/b", "a/x/f", "w/f", "f")}
    other = f"{root}/a/b"
    assert found == {"a/b/f": other, "a/b/c/f": other, "a/b": "", "a/x/f": "", "w/f": f"{root}/w", "f": ""}
    assert paths.stranger(root, root) == ""
