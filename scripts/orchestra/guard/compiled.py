"""Byte code as the bundle keeps it: without what a hook has no use for, and with what is seldom used cut out.

What is cut out of a module is late: a stand-in has the real function read when it is called, and is that one from then
on (`boot.py`). Nearly half of what a call would read, and never run, is not read so.
"""

from __future__ import annotations

import _ast
import marshal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Set
    from types import CodeType
    from typing import Any

# What is shorter is read as fast as it is stood in for (bytes of code), what is longer looked through as fast as it is
# made (entries of a table).
_SHORT = 90
_LONG = 200
_STAND_IN = "def _(*args, _late='', **named): return _wake(__name__, _late, args, named)"


class Compiler:
    """Compiles modules. What two have in common becomes one object: it is written and read once."""

    def __init__(self) -> None:
        self._same: dict[str, Any] = {}
        ((_, code),) = _codes(compile(_STAND_IN, "", "exec"))
        self._stand_in = self._bare(code)

    def whole(self, source: bytes, name: str) -> CodeType:
        """The code of a module."""
        return self._bare(_code(_tree(source, name), name))

    def cut(self, source: bytes, name: str, usual: Set[str]) -> tuple[CodeType, dict[str, bytes]]:
        """The code of a module with its `usual` functions, and the others by their qualified names."""
        tree, late = _tree(source, name), dict[str, bytes]()
        code = _code(tree, name)
        codes = dict(_codes(code))
        for body, at, function in list(_functions(tree)):
            inner = codes[function]
            if function not in usual and len(inner.co_code) > _SHORT and not inner.co_freevars:
                late[function] = marshal.dumps((self._bare(inner), *_defaults(body[at].args)))
                body[at] = _stand_in_for(body[at], function)
        _fold(tree, code)
        return self._bare(_code(tree, name)), late

    def _bare(self, code: CodeType) -> CodeType:
        if "_late" in code.co_varnames and hasattr(self, "_stand_in"):
            return self._stand_in
        inner = [self._bare(one) if isinstance(one, type(code)) else self._one(one) for one in code.co_consts]
        names = self._one(code.co_names)
        return code.replace(co_consts=tuple(inner), co_names=names, co_qualname=code.co_name, co_linetable=b"")

    def _one(self, constant: Any) -> Any:
        """The object that stands for all that are like it. Equality is not enough: `1` and `True` are equal."""
        return self._same.setdefault(repr(constant), constant)


def _tree(source: bytes, name: str) -> Any:
    return _without_types(compile(source, name, "exec", flags=_ast.PyCF_ONLY_AST))


def _code(tree: Any, name: str) -> CodeType:
    return compile(tree, name, "exec", dont_inherit=True, optimize=2)


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """All functions in it by their qualified names."""
    for one in code.co_consts:
        if isinstance(one, type(code)):
            yield one.co_qualname, one
            yield from _codes(one)


def _functions(tree: Any) -> Iterator[tuple[list[Any], int, str]]:
    """Where the functions of a module and the methods of its classes stand, when they can be stood in for."""
    for at, node in enumerate(tree.body):
        if _can_wait(node):
            yield tree.body, at, node.name
        elif isinstance(node, _ast.ClassDef):
            body: list[Any] = node.body
            yield from ((body, at, f"{node.name}.{one.name}") for at, one in enumerate(body) if _can_wait(one))


def _can_wait(node: Any) -> bool:
    if not isinstance(node, _ast.FunctionDef) or node.decorator_list or node.name.startswith("__"):
        return False
    return all(one is None or isinstance(one, _ast.Constant) for one in (*node.args.defaults, *node.args.kw_defaults))


def _defaults(args: Any) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    """What a function has for arguments that are left out, by place and by name."""
    named = {one.arg: value.value for one, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value}
    return tuple(one.value for one in args.defaults) or None, named or None


def _stand_in_for(node: Any, name: str) -> Any:
    made = _parsed(_STAND_IN)
    made.name, made.args.kw_defaults[0].value = node.name, name
    return made


def _fold(tree: Any, code: CodeType) -> None:
    """Makes the long tables of the module's text to text a few texts each: one for each first letter."""
    made: dict[str, Any] = {"__name__": __name__, "__package__": __package__}
    tables: list[Any] = [one for one in tree.body if isinstance(one, _ast.Assign) and _is_long(one.value)]
    if tables:
        exec(code, made)
    for one in tables:
        texts = dict[str, str]()
        for key, value in made[one.targets[0].id].items():
            texts[key[:1]] = f"{texts.get(key[:1], '')}\1{key}\2{value}\1"
        one.value = _parsed(f"_table({texts!r})").value


def _parsed(statement: str) -> Any:
    tree: Any = compile(statement, "", "exec", flags=_ast.PyCF_ONLY_AST)
    return tree.body[0]


def _is_long(node: Any) -> bool:
    return isinstance(node, _ast.Dict) and len(node.keys) >= _LONG


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
