"""Puts the guard's modules into the one file that `entry` reads them from.

Finding each of them on its own takes longer than running it. The file is bound to the interpreter and to the sources,
by their times and sizes; one that does not fit is not used, and made again.
"""

from __future__ import annotations

import marshal
import posix

from . import compiled, disk, usual

_PACKAGE = "orchestra.guard"
_TABLES, _HEAD = 1 << 14, 1 << 15
_MAKERS = ("boot", "bundle", "compiled", "usual")
_NOT_INSIDE = ("__init__", "entry", *_MAKERS)
# Each of these is read at one go with what it needs and no other group has: what they have in common is read once.
_GROUPS = tuple(f"{_PACKAGE}.{name}" for name in ("hook", "surroundings", "inline", "scanning"))


def build(file: str, folder: str) -> None:
    """Write the modules of the guard, whose directory is `folder`, to `file`. Raises OSError."""
    paths = {"orchestra": "../__init__.py", _PACKAGE: "__init__.py"}
    names = sorted(one[:-3] for one in posix.listdir(folder) if one.endswith(".py"))
    paths.update((f"{_PACKAGE}.{name}", f"{name}.py") for name in names if name not in _NOT_INSIDE)
    stamps = [stamp(path, folder) for path in (*paths.values(), *(f"{name}.py" for name in _MAKERS))]
    sources = {name: disk.read(f"{folder}/{path}") for name, path in paths.items()}
    data = _laid_out(disk.read(f"{folder}/boot.py"), sources, stamps)
    # A source that was changed while it was compiled must not be taken for the newer one.
    if [stamp(path, folder) for path, *_ in stamps] == stamps:
        disk.replace(file, data)


def _laid_out(boot: bytes, sources: dict[str, bytes], stamps: list[tuple[str, int, int]]) -> bytes:
    """The code of `boot`, the tables, then the groups and what is late, each in its room: a call reads what it uses."""
    compiler, known = compiled.Compiler(), usual.functions()
    cut = {name: compiler.cut(source, name, known.get(name, set())) for name, source in sources.items()}
    groups = _groups({name: _imports(source) for name, source in sources.items()})
    parts = [marshal.dumps(tuple(cut[name][0] for name in names)) for names in groups]
    late = {name: marshal.dumps(functions) for name, (_, functions) in cut.items() if functions}
    places = _places([*parts, *late.values()])
    of_names = {name: (*place, names) for names, place in zip(groups, places, strict=False) for name in names}
    tables = marshal.dumps((of_names, dict(zip(late, places[len(groups) :], strict=True)), stamps, sum(places[-1])))
    rooms = ((marshal.dumps(compiler.whole(boot, "boot")), _TABLES), (tables, _HEAD - _TABLES))
    if any(len(part) > room for part, room in rooms):
        raise ValueError("the head is too long")
    return b"".join((*(part.ljust(room, b"\0") for part, room in rooms), *parts, *late.values()))


def _places(parts: list[bytes]) -> list[tuple[int, int]]:
    found, end = list[tuple[int, int]](), _HEAD
    for part in parts:
        found.append((end, len(part)))
        end += len(part)
    return found


def _groups(imports: dict[str, list[str]]) -> list[tuple[str, ...]]:
    """All modules, each after those of its group that it needs."""
    groups: list[tuple[str, ...]] = [("orchestra", _PACKAGE)]
    taken = {*groups[0]}
    for name in (*_GROUPS, *imports):
        names = tuple(one for one in _needs(name, imports) if one not in taken) if name in _GROUPS else (name,)
        if name not in taken:
            groups.append(names)
            taken.update(names)
    return groups


def _needs(name: str, imports: dict[str, list[str]]) -> list[str]:
    """The module and those that it imports, each after those that it needs itself; one that is missed is found
    later."""
    found: list[str] = []
    _visit(name, imports, found)
    return found


def _visit(name: str, imports: dict[str, list[str]], found: list[str]) -> None:
    for one in imports.get(name, ()):
        if one not in found and one in imports:
            _visit(one, imports, found)
    found.append(name)


def _imports(source: bytes) -> list[str]:
    """What a source imports of the guard when it is imported itself: not inside functions, not for types alone."""
    found = []
    for line in source.decode().split("\n"):
        module, _, names = line.removeprefix("from .").partition(" import ")
        if line.startswith("from .") and names:
            found += [f"{_PACKAGE}.{module or one.strip()}" for one in ([""] if module else names.split(","))]
    return found


def stamp(path: str, folder: str) -> tuple[str, int, int]:
    """What changes when the file at `path`, relative to `folder`, does."""
    found = posix.stat(f"{folder}/{path}")
    return path, found.st_mtime_ns, found.st_size
