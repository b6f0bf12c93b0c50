"""Which paths a field means: `targets.py` asked itself, with the marks that reading a command leaves in a word."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from orchestra.guard.marks import BELOW, DEVICE, SEGMENT, UNKNOWN, wild
from orchestra.guard.state import State
from orchestra.guard.targets import UNCERTAIN, Places
from tests.guard.predicted import made
from tests.support.guard_oracle import surroundings


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


def places(work: Path) -> Places:
    return Places(surroundings("/home/someone", "/scratch"), str(work))


FIELDS = [
    ("", []),
    (DEVICE, []),
    (f"a{DEVICE}", []),
    ("f", [("f", False)]),
    ("./src//f/", [("src/f", False)]),
    ("/x/../f", [("/x/../f", False)]),
    (UNKNOWN, None),
    (f"src/{UNKNOWN}", None),
    (f"docs{BELOW}", [("docs", True)]),
    (f"docs/{BELOW}", [("docs", True)]),
    (f"/{BELOW}", [("/", True)]),
    (BELOW, [("", True)]),
    (f"docs{BELOW}x", None),
    (f"docs{BELOW}/x", None),
    (f"{SEGMENT}/{BELOW}", [("", True)]),
    ("/dev/null", []),
    ("/dev/fd/2", []),
    ("/dev/fd/3", None),
    ("/dev/stdin", None),
    ("/proc/1/fd/3", None),
    ("/proc/1/comm", [("/proc/1/comm", False)]),
    (f"/proc/{SEGMENT}", None),
    ("/process", [("/process", False)]),
    (f"src/a{SEGMENT}", [("src", True)]),
    (f"/a{SEGMENT}", [("/", True)]),
    (f"/tmp/a{SEGMENT}", [("/tmp/a0", False)]),
    (f"/scratch/{SEGMENT}/{SEGMENT}", [("/scratch/0/0", False)]),
    (f"/scratch/a/{SEGMENT}", [("/scratch/a", True)]),
    ("*.js", [("secret.js", False)]),
    ("src/*/a.js", [("src/lib/a.js", False)]),
    ("src/lib/*.js", [("src/lib/a.js", False), ("src/lib/b.js", False)]),
    ("gone/*", [("gone/*", False)]),
    ("/gone/*", [("/gone/*", False)]),
    (f"src/*{SEGMENT}", [("src", True)]),
    (f"*{UNKNOWN}", None),
    ("src/**", [("src", True)]),
    ("src/**/__pycache__", [("src/__pycache__", True)]),
    ("src/**/dist", [("src", True)]),
    (f"/*{SEGMENT}", [("/", True)]),
    (f"/a*{SEGMENT}", [("/", True)]),
    (f"[a]{SEGMENT}", [("", True)]),
]


@pytest.mark.parametrize(("field", "meant"), FIELDS, ids=range(len(FIELDS)))
def test_the_paths_of_a_field(field: str, meant: list[tuple[str, bool]] | None, work: Path) -> None:
    found = places(work).of(wild(field), State(str(work)))
    whole = meant and [(one if one.startswith("/") else f"{work}/{one}".rstrip("/"), tree) for one, tree in meant]
    assert found == whole


def test_where_nobody_knows_where_one_is(work: Path) -> None:
    lost, found = State(None), places(work)
    for field in ("f", "*.js", "src/*"):
        assert found.of(wild(field), lost) is None
        assert found.of(wild(field), State(f"/x{UNKNOWN}")) is None
    assert found.of("/f", lost) == [("/f", False)]
    assert found.of(wild("/gone*"), lost) == [("/gone*", False)]
    assert found.absolute("f", lost) is None


def test_a_temp_directory_that_one_is_in_is_no_place_for_any_name() -> None:
    inside = Places(surroundings("/home/someone", "/scratch"), "/tmp/a1/b")
    state = State("/tmp/a1/b")
    assert inside.of(f"/tmp/a{SEGMENT}", state) == [("/tmp", True)]
    assert inside.of(f"/tmp/b{SEGMENT}", state) == [("/tmp/b0", False)]


@pytest.mark.parametrize("loose", [True, False])
@pytest.mark.parametrize(
    ("field", "cwd", "known"),
    [
        ("src/lib/*.js", True, True),
        ("src/lib/*.js", False, False),
        (f"src/{UNKNOWN}*", True, False),
        (f"src/{SEGMENT}*", True, False),
        ("src/**", True, False),
    ],
)
def test_names_in_a_list(field: str, cwd: bool, known: bool, loose: bool, work: Path) -> None:
    found = places(work)
    found.loose = loose
    names = found.names(wild(field), State(str(work) if cwd else None))
    assert names == (["src/lib/a.js", "src/lib/b.js"] if known and not loose else [UNKNOWN])


def test_names_without_a_pattern_and_patterns_without_a_name(work: Path) -> None:
    found = places(work)
    found.loose = True
    assert found.names("f", State(None)) == ["f"]
    assert places(work).names(wild("gone/*.js"), State(str(work))) == ["gone/*.js"]


def test_patterns_as_the_library_follows_them(tmp_path: Path) -> None:
    work = made(tmp_path)
    (work / ".hid/x").mkdir(parents=True)
    for pattern in (
        *("*", "*/", "*/*", "*/*/", "src/*/*.js", "src/*/a.js", "src/*/gone", "./src//*", "src/../*/d.md", ".h*"),
        *(".h*/x", "*/.h*", "[s]*/?ib/*", "gone/*/x", "*/lib/../*", f"{work}/s*", f"{work}/*/lib/"),
    ):
        found = places(work).expanded(wild(pattern), State(str(work)))
        real = glob.glob(pattern, root_dir=work)  # noqa: PTH207 - only this one knows that names may be hidden
        assert found is not None
        if pattern.endswith("/"):
            found = [one for one in found if (work / one).is_dir()]  # files are asked for too
        assert sorted(map(os.path.normpath, found)) == sorted(map(os.path.normpath, real)), pattern
        assert all(one.endswith("/") == pattern.endswith("/") for one in found)


@pytest.mark.parametrize(("many", "known"), [(500, True), (501, False)])
def test_how_many_names_are_followed(many: int, known: bool, tmp_path: Path) -> None:
    for number in range(many):
        (tmp_path / str(number)).touch()
    found = places(tmp_path).of(wild("*"), State(str(tmp_path)))
    assert found is not None
    assert len(found) == (many if known else 1)


def test_what_was_written_may_match_or_be_gone(work: Path) -> None:
    found, state = places(work), State(str(work))
    found.touched.add(f"{work}/src/other/x")
    assert found.of(wild("src/lib/*.js"), state) == [(f"{work}/src/lib/{one}.js", False) for one in "ab"]
    found.touched.add(f"{work}/src/lib/x")
    assert found.of(wild("src/lib/*.js"), state) == [(f"{work}/src/lib/{one}.js", False) for one in "ab*"]
    assert found.changed_below("/") and found.changed_below(f"{work}/src") and not found.changed_below(f"{work}/sr")


def test_kinds_of_what_was_not_written(work: Path) -> None:
    found = places(work)
    found.touched.add(f"{work}/docs")
    assert UNCERTAIN not in (0, 1, 2, 3)
    asked = {"src": 2, "secret.js": 1, "gone": 0, "docs": UNCERTAIN, "docs/d.md": UNCERTAIN, "docs2": 0}
    assert {name: found.kind(f"{work}/{name}") for name in asked} == asked
    for mark in (UNKNOWN, SEGMENT, BELOW, wild("*")):
        assert found.kind(f"{work}/{mark}") == UNCERTAIN


@pytest.mark.parametrize(
    ("path", "how", "tree", "behind"),
    [
        ("/l", "tee", False, ["/t"]),
        ("/l/x", "tee", False, ["/t/x"]),
        ("/l/x", "rm", False, ["/t/x"]),
        ("/l", "rm", False, []),
        ("/l", "rm", True, []),
        ("/l", "mv", False, []),
        ("/l", "mv", True, ["/t"]),
        ("/l", "ln", True, ["/t"]),
        ("/l", "cp", True, ["/t"]),
        ("/la", "tee", False, []),
        ("/a", "rm", False, []),
        ("/z", "rm", False, []),
        ("/lost/x", "tee", False, [None]),
        ("/last/x", "tee", False, ["/u/x"]),
    ],
)
def test_what_lies_behind_links_that_the_command_made(
    path: str, how: str, tree: bool, behind: list[str | None], work: Path
) -> None:
    found = places(work)
    found.links = {"/l": "/t", "/lost": None, "/last": "/u"}
    assert found.behind_links(path, how, tree) == behind


def test_every_link_of_a_command_counts(work: Path) -> None:
    found = places(work)
    found.links = {"/l": "/t", "/l/x": "/u"}
    assert found.behind_links("/l/x", "rm", False) == ["/t/x"]
    found.links = {"/l/x": "/u", "/l": "/t"}
    assert found.behind_links("/l/x", "rm", False) == ["/t/x"]
