"""Changing frozen values."""

from __future__ import annotations

import dataclasses

import pytest

from orchestra.core import model
from orchestra.core.model import Attempt, Event, Run
from orchestra.core.values import replace


def test_a_change_makes_another_value_and_leaves_the_first():
    before = Run("r1")
    after = replace(before, seq=3, stop=True)
    assert after == dataclasses.replace(before, seq=3, stop=True)
    assert (before.seq, before.stop) == (0, False)
    assert type(after) is Run


def test_a_field_that_is_not_there_is_refused():
    with pytest.raises(TypeError, match="Event has no field sequence"):
        replace(Event("note"), sequence=3)


def test_the_values_of_a_run_are_their_fields_alone():
    kinds = [kind for kind in vars(model).values() if dataclasses.is_dataclass(kind)]
    assert Attempt in kinds
    assert not [kind for kind in kinds if hasattr(kind, "__post_init__") or hasattr(kind, "__slots__")]
