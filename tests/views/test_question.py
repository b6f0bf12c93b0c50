from __future__ import annotations

import pytest

from orchestra.views.question import answered_with


@pytest.mark.parametrize(
    ("options", "unit", "heard"),
    [
        (("retry", "skip", "stop"), "M1/phase-1", True),
        (("approve", "revise", "stop"), "", True),
        (("retry", "stop"), "", False),
        (("accept", "stop"), "M1/phase-1", False),
        (("push", "keep", "stop"), "", False),
    ],
)
def test_words_are_asked_for_where_an_agent_reads_them(options: tuple[str, ...], unit: str, heard: bool) -> None:
    command = answered_with("M1-D1", options, unit)
    assert command.startswith(f"orchestra decide M1-D1 {'|'.join(options)}")
    assert command.endswith(" [words for the agent]") is heard
