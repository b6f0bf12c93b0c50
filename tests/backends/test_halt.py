"""When a final message asks for a person, and when it only quotes the promise."""

from __future__ import annotations

import pytest

from orchestra.backends.base import HALT, halted


@pytest.mark.parametrize(
    "final",
    [
        HALT,
        f"Which colour?\r\n  {HALT}\t\r\n",
        f"Which colour?\r{HALT}",
        f"---\n{HALT}\n---",
        f"- Two ways:\n\n  ```\n  {HALT}\n  ```\n- Which?\n\n  {HALT}\n",
        f"```\ncode\n```\n{HALT}",
        f"Which colour?\n    {HALT}",
    ],
)
def test_alone_on_a_line_it_halts(final: str) -> None:
    assert halted(final)


@pytest.mark.parametrize(
    "final",
    [
        "",
        f"I did not print {HALT}.",
        f"`{HALT}`",
        f"> {HALT}",
        f"```\n{HALT}\n```",
        f"~~~\n```\n{HALT}\n~~~",
        f"1.  The rule:\n\n    ```\n    {HALT}\n    ```\n",
        f"- a\n  - b\n    - the rule:\n\n      ```text\n      {HALT}\n      ```\n",
        f"> ```\n> x\n> ```\n\nThe log has\n\n    {HALT}\n",
        f"a\u2028{HALT}\u2028b",
    ],
)
def test_quoted_in_a_line_or_in_code_it_does_not(final: str) -> None:
    assert not halted(final)
