"""What an assigner may answer: the rules in code, and that the schema that is published says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestra.core.assignments import KEYS, MOST_WINDOWS, by_words, problems, read

OWNERS = ("codex", "gemini")
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "assignments.schema.json").read_text())
ONE = {"task_id": "1", "type": "ui", "owner_agent": "gemini"}


def answer(*units: Any, **more: Any) -> dict[str, Any]:
    return {"dispatch_units": list(units), **more}


@pytest.mark.parametrize(
    ("title", "criticality"),
    [
        ("Store of Passwords", "security-sensitive"),
        ("Refactor the token store", "security-sensitive"),
        ("Data migrations", "complex"),
        ("OAuth and authentication", "security-sensitive"),
        ("A page for each author", "standard"),
        ("Disintegrate the button", "standard"),
    ],
)
def test_words_of_a_title_say_how_much_care_it_needs(title: str, criticality: str) -> None:
    assert by_words(title, "codex")["criticality"] == criticality


@pytest.mark.parametrize("form", ["dispatch_units", "assignments"])
def test_both_forms_are_understood(form: str) -> None:
    given = {form: [ONE, {**ONE, "task_id": 2.1, "criticality": "complex"}], "window_mapping": {"1": "left"}}
    assert problems(given, ["1", "2.1"], OWNERS) == []
    found = read(given)
    assert found["1"] == {
        "owner": "gemini", "kind": "ui", "criticality": "standard", "target": "left", "source": "agent",
        "writes": [], "reads": [],
    }  # fmt: skip
    assert found["2.1"]["criticality"] == "complex"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("1 is codex's", "one JSON object"),
        ({"units": []}, "needs a list"),
        (answer(), "nobody was named for 1"),
        (answer("1"), "must be an object"),
        (answer({**ONE, "owner_agent": "root"}), "use one of codex, gemini"),
        (answer({"task_id": "1"}), "owner_agent is ''"),
        (answer({**ONE, "owner_agent": None}), "owner_agent is ''"),
        (answer({**ONE, "type": "magic"}), "use one of code, ui, review"),
        (answer({**ONE, "criticality": "none"}), "use one of standard"),
        (answer(ONE, ONE), "1 is assigned more than once"),
        (answer(ONE, {**ONE, "task_id": "1.1"}), "'1.1' is no unit"),
        (answer({**ONE, "task_id": True}), "task_id is missing"),
        (answer({**ONE, "writes": "src"}), "must be a list of paths"),
        (answer({**ONE, "writes": ["../other/x"]}), "no path inside"),
        (answer({**ONE, "writes": ["/etc/passwd"]}), "no path inside"),
        (answer({**ONE, "reads": ["~/.ssh"]}), "no path inside"),
        (answer({**ONE, "writes": ["!src/**"]}), "no path inside"),
        (answer({**ONE, "writes": ["{a,b}" * 40]}), "no path inside"),
        (answer({**ONE, "writes": ["a"] * 201}), "more than 200 paths"),
        (answer({**ONE, "target_window": 3}), "target_window must be text"),
        (answer(ONE, window_mapping=["1"]), "window_mapping"),
    ],
)
def test_what_is_wrong_is_said(given: Any, said: str) -> None:
    assert said in "\n".join(problems(given, ["1"], OWNERS))


@pytest.mark.parametrize(("count", "wrong"), [(MOST_WINDOWS, 0), (MOST_WINDOWS + 1, 1)])
def test_there_are_at_most_nine_windows(count: int, wrong: int) -> None:
    ids = [str(n) for n in range(count)]
    given = answer(*({**ONE, "task_id": id_, "target_window": f"w{id_}"} for id_ in ids))
    assert len(problems(given, ids, OWNERS)) == wrong


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.sampled_from(["", "1", "codex", "code", "complex", "src/a", "../x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=7),
    max_leaves=12,
)


@given(JSON | st.fixed_dictionaries({"dispatch_units": JSON}, optional={"window_mapping": JSON, "assignments": JSON}))
def test_nothing_an_agent_says_gets_through_that_the_schema_refuses(given: Any) -> None:
    validator = pytest.importorskip("jsonschema").Draft202012Validator(SCHEMA)
    if not problems(given, ["1"], OWNERS):
        plain = json.loads(
            json.dumps(given), object_hook=lambda found: {k: v for k, v in found.items() if v is not None}
        )
        assert validator.is_valid(plain), list(validator.iter_errors(plain))
        assert read(given)["1"]["owner"] == "codex"
