"""Imports point one way. What a layer may import is written down here, and every import is held to it."""

from __future__ import annotations

import ast
import itertools
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.launching import ROOT, call

PACKAGE = ROOT / "scripts" / "orchestra"

# Lowest first. A part imports parts of lower layers, and of its own layer as long as that makes
# no circle. A new module or package at the top of scripts/orchestra needs a place here.
LAYERS: tuple[set[str], ...] = (
    {"orchestra", "core", "guard", "errors", "process"},
    {"crashlog", "files", "project", "commandline", "stack", "config", "proc", "plans", "state", "git", "verify"},
    {"backends"},
    {"views", "brief", "review", "demo", "installed"},
    {"drive"},
    {"commands"},
    {"doors"},
    {"main"},
    {"__main__"},
)

# Where less than all lower layers is allowed.
ONLY: dict[str, set[str]] = {
    "orchestra": set(),
    "core": set(),
    "errors": set(),
    "process": set(),
    "guard": set(),
    "crashlog": {"orchestra", "errors"},
    "backends": {"core", "errors", "proc", "files"},
}

# These are imported at every start, or have to be pure: nothing from a registry, lazily or not.
STANDARD_LIBRARY_ONLY = {"main", "__main__", "errors", "crashlog", "orchestra", "guard"}
CORE_MAY_USE = {"immutables"}


class Import(NamedTuple):
    """One import: in which file and line, of which module, and whether it runs when the file is imported."""

    path: Path
    line: int
    target: str
    at_start: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.target}"


def module_of(path: Path) -> str:
    """The dotted name of a file below scripts/."""
    parts = list(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The top-level part a module of ours belongs to; the package's own __init__ is `orchestra`."""
    words = module.split(".")
    return words[1] if len(words) > 1 else words[0]


def targets(node: ast.Import | ast.ImportFrom, path: Path) -> Iterator[str]:
    """The modules that an import statement names, in full."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    base = node.module or ""
    if node.level:
        package = module_of(path).split(".")
        up = node.level - (path.name == "__init__.py")
        base = ".".join(filter(None, [*package[: len(package) - up], node.module]))
    for alias in node.names:
        yield f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base


@cache
def is_module(name: str) -> bool:
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place.is_dir() and name.startswith("orchestra."))


def at_start(tree: ast.Module) -> set[ast.AST]:
    """The nodes that run when the module is imported: outside functions and `if TYPE_CHECKING`."""
    found: set[ast.AST] = set()
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        found.add(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            todo.extend(node.orelse)
            continue
        todo.extend(ast.iter_child_nodes(node))
    return found


@cache
def imports() -> tuple[Import, ...]:
    """Every import of every module, wherever in it."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        early = at_start(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = dict.fromkeys(targets(node, path))
                found.extend(Import(path, node.lineno, name, node in early) for name in names)
    return tuple(found)


def ours(one: Import) -> bool:
    return one.target.split(".")[0] == "orchestra"


def layer(part: str) -> int:
    """Where `part` stands. What has no place stands above all: only one test is to complain of that."""
    return next((number for number, parts in enumerate(LAYERS) if part in parts), len(LAYERS))


def allowed(importer: str, imported: str) -> bool:
    """Whether the part `importer` may import the part `imported`."""
    if importer == imported or imported == "orchestra":
        return True
    if importer in ONLY:
        return imported in ONLY[importer]
    return layer(imported) <= layer(importer)


def report(wrong: list[Import]) -> str:
    return "\n".join(["", *map(str, wrong)])


def test_the_imports_were_found():
    assert any(one.target == "orchestra.core.words" and one.path.parent.name == "core" for one in imports())
    assert any(one.target == "orchestra.crashlog" and not one.at_start for one in imports())


def test_every_part_has_a_layer():
    parts = {part_of(module_of(path)) for path in PACKAGE.rglob("*.py")}
    known = set().union(*LAYERS)
    assert not parts - known, f"say in LAYERS which layer these belong to: {sorted(parts - known)}"


def test_nothing_is_imported_upward():
    wrong = [one for one in imports() if ours(one) and not allowed(part_of(module_of(one.path)), part_of(one.target))]
    assert not wrong, report(wrong)


def test_core_knows_only_itself():
    """Not even the package around it: relative imports stay inside core."""
    own = [one for one in imports() if part_of(module_of(one.path)) == "core" and ours(one)]
    wrong = [one for one in own if not one.target.startswith("orchestra.core")]
    assert not wrong, report(wrong)


def test_verbs_do_not_call_each_other():
    """Verbs are imported by main, by name; what two of them share has a name that starts with _."""
    shared = [one for one in imports() if one.target.startswith("orchestra.commands.")]
    wrong = [one for one in shared if not one.target.split(".")[2].startswith("_")]
    assert not wrong, report(wrong)


def test_no_part_imports_in_a_circle():
    edges: dict[str, set[str]] = {}
    for one in imports():
        if ours(one) and one.at_start:
            edges.setdefault(module_of(one.path), set()).add(one.target)
    circle = find_circle(edges)
    assert not circle, " imports ".join(circle)


def find_circle(edges: dict[str, set[str]]) -> list[str]:
    """A path that ends where it began, or nothing."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(edges.get(name, ())):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(edges))), [])


# Parts that need each other today, though no module of theirs does. The one that is imported from
# below is to become a part of its own; then its pair goes from here.
TANGLED = [("config", "plans")]


def edges_of_parts() -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {}
    for one in imports():
        importer, imported = part_of(module_of(one.path)), part_of(one.target)
        if ours(one) and importer != imported:
            edges.setdefault(importer, set()).add(imported)
    return edges


def test_no_two_parts_need_each_other():
    edges = edges_of_parts()
    for lower, upper in TANGLED:
        edges[lower].discard(upper)
    circle = find_circle(edges)
    pairs = set(itertools.pairwise(circle))
    steps = [one for one in imports() if (part_of(module_of(one.path)), part_of(one.target)) in pairs]
    assert not circle, report(steps)


def test_no_tangle_is_listed_that_is_gone():
    edges = edges_of_parts()
    for lower, upper in TANGLED:
        assert upper in edges[lower]
        assert lower in edges[upper]


def foreign(one: Import) -> bool:
    return not ours(one) and one.target.split(".")[0] not in sys.stdlib_module_names


def test_what_starts_every_time_uses_the_standard_library_alone():
    wrong = [one for one in imports() if foreign(one) and part_of(module_of(one.path)) in STANDARD_LIBRARY_ONLY]
    assert not wrong, report(wrong)


def test_core_is_pure():
    """No clock, disk, environment, process or random source."""
    own = [one for one in imports() if part_of(module_of(one.path)) == "core"]
    effects = {"os", "io", "sys", "time", "random", "secrets", "uuid", "subprocess", "socket", "pathlib", "sqlite3"}
    effects |= {"threading", "asyncio", "tempfile", "shutil", "logging", "glob"}
    wrong = [one for one in own if one.target.split(".")[0] in effects]
    wrong += [one for one in own if foreign(one) and one.target.split(".")[0] not in CORE_MAY_USE]
    assert not wrong, report(wrong)


# Each of these costs a command 20 to 80 ms; people and agents call these verbs all the time.
HEAVY = {"yaml", "ruamel", "jsonschema", "jinja2", "markdown_it", "wcmatch", "rich", "psutil", "filelock", "asyncio"}

LOADED = """
import sys
from orchestra.main import main
main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("verb", ["status", "log", "decide", "stop"])
def test_short_commands_load_nothing_heavy(verb, tmp_path):
    (tmp_path / ".orchestra").mkdir()
    argv = [sys.executable, "-c", LOADED, "-C", str(tmp_path), verb]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    loaded = set(call(argv, env, tmp_path).stderr.split())
    assert "orchestra" in loaded
    assert loaded & HEAVY == set()
