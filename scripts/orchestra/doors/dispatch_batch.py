"""`scripts/dispatch_batch.py`: builds and mends all units of a spec that are ready, and no more.

Exit codes: 0 done, 1 something did not work, 2 a person is needed.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..core.words import DirectiveKind, Role
from ._roundtable import dispatch, dispatching

if TYPE_CHECKING:
    from ..core.model import Directive


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    dispatching(parser)


def run(args: argparse.Namespace) -> int:
    """Carry out what is ready, an assigner before the first unit included."""
    return dispatch(args, begins)


def begins(directive: Directive) -> bool:
    """Whether it is work on a unit, or the end of all of it."""
    return directive.role in (Role.WORKER, Role.ASSIGNER) or directive.kind is DirectiveKind.LAND
