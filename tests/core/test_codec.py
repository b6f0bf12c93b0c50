from __future__ import annotations

import json
import types
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from orchestra.core.codec import decode, encode
from orchestra.core.model import Attempt, Decision, Event, Finding, Group, GroupState, Limits, Run, Unit, UnitState
from orchestra.core.words import Complexity, ExitClass, Purpose, Role, Workflow
from orchestra.state.identity import Holder
from orchestra.state.lease import Lease
from orchestra.state.rows import _SKIPPED

TEXT = st.text(max_size=12)
PLAIN = {
    str: TEXT,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Any: st.none() | st.booleans() | TEXT | st.integers() | st.lists(TEXT, max_size=2),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type as the model writes it."""
    origin, args = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if arg is type(None) else any_of(arg) for arg in args))
    if origin is tuple and args[-1] is Ellipsis:
        return st.lists(any_of(args[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(any_of, args))
    if origin in (dict, Map):
        made: type = origin
        return st.dictionaries(TEXT, any_of(args[1]), max_size=3).map(made)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return instances(hint)


def instances(cls: type, skip: frozenset[str] = frozenset()) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls)
    return st.builds(cls, **{f.name: any_of(hints[f.name]) for f in fields(cls) if f.name not in skip})


@pytest.mark.parametrize(
    "cls", [Unit, Group, GroupState, UnitState, Attempt, Finding, Decision, Event, Limits, Holder, Lease]
)
@given(data=st.data())
@settings(max_examples=25)
def test_a_value_survives_json(cls: type, data: st.DataObject) -> None:
    value = data.draw(instances(cls))
    assert decode(cls, json.loads(json.dumps(encode(value)))) == value


@given(run=instances(Run, _SKIPPED))
@settings(max_examples=25)
def test_a_run_survives_without_what_has_its_own_tables(run: Run) -> None:
    assert decode(Run, json.loads(json.dumps(encode(run, skip=_SKIPPED)))) == run


def test_every_type_comes_back_and_not_only_every_value() -> None:
    attempt = Attempt("t", "g", "u", Role.WORKER, Purpose.FIX, 1, Complexity.QUICK, failures=(("a", "b"),))
    back = decode(Attempt, json.loads(json.dumps(encode(attempt))))
    assert (type(back.role), type(back.tier), type(back.failures), type(back.failures[0])) == (
        Role, Complexity, tuple, tuple,
    )  # fmt: skip
    assert type(decode(Limits, {"until": 3}).until) is float
    assert type(decode(Run, {"id": "r1", "parks": {"claude": 1.0}}).parks) is Map


def test_rows_of_another_version_load() -> None:
    assert decode(Unit, {"id": "u", "group": "g", "title": "t", "invented": [1]}) == Unit("u", "g", "t")


def test_what_cannot_be_read_says_what() -> None:
    with pytest.raises(TypeError, match="Unit without group, title"):
        decode(Unit, {"id": "u"})
    with pytest.raises(ValueError, match="nonsense"):
        decode(Run, {"id": "r1", "workflow": "nonsense"})


def test_absent_and_present_optional_words() -> None:
    made = encode(Attempt("t", "g", "u", Role.WORKER, Purpose.BUILD, 1, Complexity.QUICK))
    assert decode(Attempt, {**made, "exit_class": None}).exit_class is None
    assert decode(Attempt, {**made, "exit_class": "limit"}).exit_class is ExitClass.LIMIT
    assert decode(Run, {"id": "r1"}).workflow is Workflow.MILESTONES


def test_a_type_that_json_cannot_hold_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        value: complex

    globals()["Odd"] = Odd
    with pytest.raises(TypeError, match="complex"):
        encode(Odd(1j))
