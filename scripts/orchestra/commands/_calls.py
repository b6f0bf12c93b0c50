"""Texts for agents, with our program named as their shell finds it."""

from __future__ import annotations

import re

_CALL = re.compile(r"(?m)(^ *|[`\"])orchestra (?=[a-z])")


def as_called(text: str) -> str:
    """`text` with each call of `orchestra` written as the asker's shell understands it."""
    from orchestra.drive.orders import program

    return _CALL.sub(lambda found: f"{found[1]}{program()} ", text)
