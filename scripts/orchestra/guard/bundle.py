"""Puts the guard's modules into the one file that `entry` reads them from.

Finding each of them on its own takes longer than running it. The file is bound to the interpreter and to the sources,
by their times and sizes; one that does not fit is not used, and made again.
"""

from __future__ import annotations

import _ast
import marshal
import posix
import sys

from . import disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

_PACKAGE = "orchestra.guard"
_BOOT = "boot"
_HEAD = 1 << 15
_NOT_INSIDE = ("__init__", "entry", "boot", "bundle")


def build(file: str, folder: str) -> None:
    """Write the modules of the guard, whose directory is `folder`, to `file`. Raises OSError."""
    sources = {"orchestra": "../__init__.py", _PACKAGE: "__init__.py"}
    names = sorted(one[:-3] for one in posix.listdir(folder) if one.endswith(".py"))
    sources.update((f"{_PACKAGE}.{name}", f"{name}.py") for name in names if name not in _NOT_INSIDE)
    stamps = [stamp(path, folder) for path in (*sources.values(), f"{_BOOT}.py", "bundle.py")]
    codes = {name: marshal.dumps(_code(f"{folder}/{path}")) for name, path in sources.items()}
    imports = {name: _imports(disk.read(f"{folder}/{path}")) for name, path in sources.items()}
    data = _laid_out(_code(f"{folder}/{_BOOT}.py"), codes, imports, stamps)
    # A source that was changed while it was compiled must not be taken for the newer one.
    if [stamp(path, folder) for path, *_ in stamps] == stamps:
        disk.replace(file, data)


def _laid_out(
    boot: CodeType, codes: dict[str, bytes], imports: dict[str, list[str]], stamps: list[tuple[str, int, int]]
) -> bytes:
    """The magic number, the head, room, then the modules: so that a call reads only those that it uses."""
    places, end = dict[str, tuple[int, int, list[str]]](), _HEAD
    for name, code in codes.items():
        places[name] = (end, len(code), _needs(name, imports))
        end += len(code)
    head = _magic() + marshal.dumps((boot, places, stamps, end))
    if len(head) > _HEAD:
        raise ValueError("the head is too long")
    return b"".join((head.ljust(_HEAD, b"\0"), *codes.values()))


def _needs(name: str, imports: dict[str, list[str]]) -> list[str]:
    """The modules that `name` imports, each after those that it needs itself; one that is missed is found later."""
    found: list[str] = []
    _visit(name, imports, found)
    return found[:-1]


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


def _code(path: str) -> CodeType:
    """The code of a source, without what a hook has no use for: half of the bytes that each call has to read."""
    tree = compile(disk.read(path), path, "exec", flags=_ast.PyCF_ONLY_AST, dont_inherit=True)
    return _bare(compile(_without_types(tree), path, "exec", dont_inherit=True, optimize=2))


def _without_types(node: Any) -> Any:
    """A syntax tree without annotations."""
    if isinstance(node, _ast.AnnAssign):
        node = _untyped(node)
    elif isinstance(node, _ast.ImportFrom) and node.module == "__future__":
        node = _at(_ast.Pass(), node)
    for field in node._fields:
        value = getattr(node, field, None)
        if field in ("annotation", "returns"):
            setattr(node, field, None)
        elif isinstance(value, list):
            value[:] = [_without_types(one) if isinstance(one, _ast.AST) else one for one in value]
        elif isinstance(value, _ast.AST):
            setattr(node, field, _without_types(value))
    return node


def _untyped(node: Any) -> Any:
    return _at(_ast.Assign([node.target], node.value) if node.value else _ast.Pass(), node)


def _at(made: Any, node: Any) -> Any:
    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
        setattr(made, name, getattr(node, name))
    return made


def _bare(code: CodeType) -> CodeType:
    inner = [_bare(one) if isinstance(one, type(code)) else one for one in code.co_consts]
    return code.replace(co_consts=tuple(inner), co_linetable=b"")


def _magic() -> bytes:
    return bytes(sys.modules["_frozen_importlib_external"].MAGIC_NUMBER)
