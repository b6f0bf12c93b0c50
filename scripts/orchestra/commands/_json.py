"""`--json` of the verbs that have verbs of their own."""

from __future__ import annotations

import argparse

_SAYS = "print one JSON document"


def json_flag(parser: argparse.ArgumentParser, *actions: argparse.ArgumentParser) -> None:
    """Take `--json` before the word of an action as well as after it."""
    parser.add_argument("--json", action="store_true", help=_SAYS)
    for action in actions:
        # What is not given here must not undo what was given before it.
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=_SAYS)
