"""Breaks the code in small ways, one at a time, and tells which breaks no test notices.

Usage: mutants.py [--area guard|lease] [--only GLOB …] [--sample N] [--seed N]
  --area    what is broken, and the tests that should notice (default: guard)
  --only    modules by name, as shell globs: --only 'git*' paths
  --sample  how many mutants, drawn at random; 0 for all of them (default: 120)
  --seed    of the draw: the same seed breaks the same code in the same way (default: 1)

The mutants are those of cosmic-ray. The work is done in a copy of the checkout. The tests run once with coverage; a
mutant then meets the tests that reach its line, fastest first, until one fails, in a fork of a process that has
imported all but the code and the tests. No break is made in annotations, in what only type checkers read, in
the `*` of a signature, and between `==` and `is`.

Needs what the tests need, cosmic-ray and coverage.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import fnmatch
import importlib
import itertools
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coverage
import pytest
from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = shutil.ignore_patterns(".git", ".venv", "node_modules", "__pycache__", ".hypothesis", ".*_cache")
# Too much for a mutant that allocates without end, enough for every test.
MOST_MEMORY = 6 << 30
# How a fork ended: pytest's own codes, and that it did not end.
SURVIVED = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
TOO_LATE = -1

Place = tuple[int, int]
Range = tuple[Place, Place]


@dataclass(frozen=True)
class Area:
    """Code to break, the tests that should notice, and modules that run in processes which coverage does not see."""

    modules: str
    tests: tuple[str, ...]
    apart: tuple[str, ...] = ()
    apart_tests: str = ""


AREAS = {
    "guard": Area(
        "scripts/orchestra/guard/[!_]*.py",
        ("tests/guard",),
        ("boot", "bundle", "compiled", "entry", "hook", "usual"),
        "test_launcher_",
    ),
    "lease": Area(
        "scripts/orchestra/state/lease*.py",
        ("tests/state/test_leases.py", "tests/state/test_store.py", "tests/commands/test_lock.py"),
    ),
}


@dataclass(frozen=True)
class Mutant:
    """One break: `module` is relative to the checkout, `at` the lines and columns that change."""

    module: str
    operator: str
    occurrence: int
    at: Range


# -- the mutants


def operators() -> list[tuple[str, Any]]:
    """Names and operators that are asked. Whether `==` and `is` differ is a matter of luck with short texts."""
    same = ("Eq_Is", "Is_Eq", "NotEq_IsNot", "IsNot_NotEq")
    names = [name for name in plugins.operator_names() if not name.endswith(tuple(f"Operator_{one}" for one in same))]
    found = [(name, plugins.get_operator(name)) for name in names]
    return [(name, kind()) for name, kind in found if not kind.arguments()]


def start_and_end(node: Any) -> Range:
    """The place of a syntax node, as cosmic-ray counts."""
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def unread(tree: ast.Module) -> list[Range]:
    """The places that only type checkers read."""
    found: list[Range] = []
    for node in ast.walk(tree):
        notes = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        found += [start_and_end(one) for one in notes if one is not None]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(start_and_end(node))
    return found


def mutants_of(module: str, code: str) -> Iterator[Mutant]:
    """Every break of a module."""
    skipped, lines = unread(ast.parse(code)), code.splitlines()
    nodes = list(ast_nodes(get_ast(code)))
    for name, operator in operators():
        places = (at for node in nodes for at in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(places):
            star = lines[start[0] - 1][start[1] :].replace(" ", "").startswith("*,")
            if not star and not any(first <= start and end <= last for first, last in skipped):
                yield Mutant(module, name, occurrence, (start, end))


def broken(mutant: Mutant, code: str) -> str | None:
    """The code with its break; None when that is no code at all."""
    text = mutate_code(code, plugins.get_operator(mutant.operator)(), mutant.occurrence)
    try:
        return text if text and ast.dump(ast.parse(text)) != ast.dump(ast.parse(code)) else None
    except SyntaxError:
        return None


def drawn(mutants: list[Mutant], codes: dict[str, str], size: int, seed: int) -> Iterator[tuple[Mutant, str]]:
    """A random sample with the broken code of each; all of them for 0."""
    order = random.Random(seed).sample(mutants, len(mutants))
    pairs = ((one, broken(one, codes[one.module])) for one in order)
    return itertools.islice(((one, text) for one, text in pairs if text), size or None)


# -- which tests reach which line


class Reach:
    """A plugin of pytest that notes the lines and the seconds of each test."""

    def __init__(self, include: str) -> None:
        # By branches: code that a test makes up may have lines that a list of lines cannot hold.
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=[include], branch=True)
        self.tests: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        began = time.monotonic()
        self.coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.coverage.switch_context("")
            self.tests[item.nodeid] = time.monotonic() - began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    def lines(self) -> dict[str, dict[int, list[str]]]:
        """{module: {line: tests that reach it}}."""
        data = self.coverage.get_data()
        files = {str(Path(name).relative_to(Path.cwd())): name for name in data.measured_files()}
        return {module: data.contexts_by_lineno(name) for module, name in files.items()}


@dataclass(frozen=True)
class Map:
    """What the run without a break has shown: seconds by test, tests by module and line, libraries, failures."""

    seconds: dict[str, float]
    lines: dict[str, dict[str, list[str]]]
    imported: list[str]
    failed: list[str]


def explore(area: Area, out: Path) -> int:
    """Run every test of the area, in a fork, and write a Map."""
    reach = Reach(str(Path.cwd() / Path(area.modules).parent / "*"))
    reach.coverage.start()
    pytest.main([*PYTEST, *area.tests], plugins=[reach])
    reach.coverage.stop()
    libraries = [name for name, one in sys.modules.items() if is_library(getattr(one, "__file__", None))]
    out.write_text(json.dumps([reach.tests, reach.lines(), libraries, sorted(reach.failed)]))
    return 0


def is_library(file: str | None) -> bool:
    """Whether a module is neither the code nor a test."""
    return bool(file) and not Path(str(file)).is_relative_to(Path.cwd())


def first_line(node: ast.stmt) -> int:
    """Where a statement begins, its decorators included."""
    return min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])


def statement(tree: ast.Module, line: int) -> tuple[range, bool]:
    """The lines of the innermost statement at `line`, only the head of a compound one; whether it is in a function."""
    statements = [one for one in ast.walk(tree) if isinstance(one, ast.stmt)]
    around = [one for one in statements if first_line(one) <= line <= (one.end_lineno or 0)]
    inner = max(around, key=lambda one: (one.lineno, one.col_offset))
    body = getattr(inner, "body", None)
    last = body[0].lineno - 1 if body else inner.end_lineno or line
    functions = [one for one in around if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return range(first_line(inner), max(last, line) + 1), any(one is not inner for one in functions)


def tests_for(mutant: Mutant, tree: ast.Module, known: Map, area: Area) -> list[str]:
    """The tests that can notice, fastest first: those that reach the statement, or its module if it runs at import."""
    lines = known.lines.get(mutant.module, {})
    spots, in_function = statement(tree, mutant.at[0][0])
    close = {test for spot in spots for test in lines.get(str(spot), [])}
    far = set() if in_function else {test for tests in lines.values() for test in tests}
    if Path(mutant.module).stem in area.apart:
        far |= {test for test in known.seconds if area.apart_tests in test}
    order = known.seconds.__getitem__
    useless = {"", *known.failed}
    return [*sorted(close - useless, key=order), *sorted(far - close - useless, key=order)]


# -- one run


class Chosen:
    """A plugin of pytest that runs the named tests, in that order, each within a multiple of its time."""

    def __init__(self, names: list[str], seconds: dict[str, float]) -> None:
        self.rank = {name: number for number, name in enumerate(names)}
        self.seconds = seconds

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((one for one in items if one.nodeid in self.rank), key=lambda one: self.rank[one.nodeid])
        for one in items:
            one.add_marker(pytest.mark.timeout(10 + 10 * self.seconds[one.nodeid]))


PYTEST = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--basetemp", "../base")


def by_file(names: list[str], seconds: dict[str, float]) -> list[list[str]]:
    """The tests of each file, the files that take least first: most mutants do not live to see the others."""
    files: dict[str, list[str]] = {}
    for name in names:
        files.setdefault(name.partition("::")[0], []).append(name)
    return sorted(files.values(), key=lambda tests: sum(seconds[name] for name in tests))


def chosen(names: list[str], known: Map) -> int:
    """Run the named tests until one fails; pytest's exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for tests in by_file(names, known.seconds):
        file = tests[0].partition("::")[0]
        code = int(pytest.main(["-x", *PYTEST, file], plugins=[Chosen(tests, known.seconds)]))
        if code not in SURVIVED:
            return code
    return int(pytest.ExitCode.OK)


def forked(work: Callable[[], int], limit_s: float, log: Path) -> int:
    """Do `work` in a process group of its own, its output in `log`; its exit code, or TOO_LATE."""
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        into = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(into, 1)
        os.dup2(into, 2)
        code = 70
        with contextlib.suppress(BaseException):
            code = work()
        sys.stdout.flush()
        os._exit(code)
    return awaited(pid, limit_s)


def awaited(pid: int, limit_s: float) -> int:
    """The exit code of a child; it and all that it started are gone then."""
    until = time.monotonic() + limit_s
    code = None
    while code is None and time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        code = os.waitstatus_to_exitcode(status) if done else None
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    if code is None:
        os.waitpid(pid, 0)
    return TOO_LATE if code is None else code


def survives(mutant: Mutant, text: str, names: list[str], known: Map) -> bool:
    """Whether no test notices the break. The file is as it was afterwards."""
    file = Path(mutant.module)
    before = file.read_bytes()
    limit_s = 60 + 10 * sum(known.seconds[name] for name in names)
    try:
        file.write_text(text)
        return forked(lambda: chosen(names, known), limit_s, Path("../log")) in SURVIVED
    finally:
        file.write_bytes(before)


# -- all of it


@contextlib.contextmanager
def copied() -> Iterator[None]:
    """Be in a copy of the checkout, in memory where the system has a place for that."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=memory if os.access(memory, os.W_OK) else None) as name:
        here = Path(name).resolve() / "checkout"
        shutil.copytree(ROOT, here, ignore=SKIPPED, symlinks=True)
        (here.parent / "tmp").mkdir()
        settings = {
            "TMPDIR": f"{here.parent}/tmp",
            "PYTHONPATH": "scripts",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CI": "true",
        }
        os.environ.update(settings, GUARD_TESTS_INSIDE="1", ORCHESTRA_GUARD_EXAMPLES="50")
        os.chdir(here)
        sys.path[:] = [str(here / "scripts"), str(here), *(one for one in sys.path if one != str(ROOT / "scripts/dev"))]
        sys.dont_write_bytecode = True
        try:
            yield
        finally:
            os.chdir("/")


def explored(area: Area) -> Map:
    """The Map of the code without a break. A test that fails in the copy notices nothing: it is named, and not used."""
    out = Path("../map.json")
    if forked(lambda: explore(area, out), 3600, Path("../log")):
        sys.exit(f"The tests do not run:\n{Path('../log').read_text()[-3000:]}")
    known = Map(*json.loads(out.read_text()))
    for name in known.failed:
        print(f"fails without a break: {name}")
    for name in known.imported:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    return known


def diff(code: str, text: str) -> str:
    """The changed lines."""
    lines = difflib.unified_diff(code.splitlines(), text.splitlines(), n=0, lineterm="")
    return "\n".join(f"    {line}" for line in lines if line[:3] not in ("---", "+++"))


def report(killed: Counter[str], survived: Counter[str]) -> None:
    """The table by module."""
    for module in sorted(killed | survived):
        print(f"{Path(module).name:20} {killed[module]:5} killed {survived[module]:5} survived")
    total = killed.total() + survived.total()
    print(f"{killed.total()} of {total} killed ({100 * killed.total() / max(total, 1):.1f} %)")


def measure(area: Area, wanted: list[str], size: int, seed: int) -> None:
    """Draw, break, test, print."""
    paths = sorted(str(one) for one in Path().glob(area.modules) if any(fnmatch.fnmatch(one.stem, w) for w in wanted))
    codes = {path: Path(path).read_text() for path in paths}
    trees = {path: ast.parse(code) for path, code in codes.items()}
    mutants = [one for path in paths for one in mutants_of(path, codes[path])]
    known = explored(area)
    print(f"{len(mutants)} mutants in {len(paths)} modules, {len(known.seconds)} tests", flush=True)
    killed: Counter[str] = Counter()
    survived: Counter[str] = Counter()
    for one, text in drawn(mutants, codes, size, seed):
        if survives(one, text, tests_for(one, trees[one.module], known, area), known):
            survived[one.module] += 1
            print(f"survived: {one.module} {one.operator}\n{diff(codes[one.module], text)}", flush=True)
        else:
            killed[one.module] += 1
    report(killed, survived)


def main() -> None:
    parser = argparse.ArgumentParser(description="Which small breaks of the code does no test notice?")
    parser.add_argument("--area", choices=AREAS, default="guard")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="GLOB")
    parser.add_argument("--sample", type=int, default=120, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    given = parser.parse_args()
    with copied():
        measure(AREAS[given.area], given.only, given.sample, given.seed)


if __name__ == "__main__":
    main()
