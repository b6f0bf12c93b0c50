"""`scripts/dispatch_reviews.py`: has all units of a spec reviewed that wait for it, and no more.

Exit codes: 0 done, 1 something did not work, 2 a person is needed.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.words import DirectiveKind
from ._roundtable import dispatch, dispatching

if TYPE_CHECKING:
    from ..core.model import Directive


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    says = "taken and ignored: one review of all units would leave their criticality and who owns a finding out"
    parser.add_argument("--batch", action="store_true", help=says)
    dispatching(parser)


def run(args: argparse.Namespace) -> int:
    """Carry the reviews out that are due; what they come to is computed when the last one is in."""
    return dispatch(args, begins)


def begins(directive: Directive) -> bool:
    """Whether it is a review, or the end of all of it."""
    return directive.kind in (DirectiveKind.REVIEW, DirectiveKind.LAND)
