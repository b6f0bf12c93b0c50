"""What the verbs of the client driver share: the place of a client's work, and its parts put together."""

from __future__ import annotations

import os
from typing import Any

from ..core.words import GitStrategy


def workspace(project: Any, config: Any) -> Any:
    """Where a client's agents work: in the user's checkout unless the configuration says otherwise."""
    from ..drive.launch import workspace_of

    return workspace_of(project, config, GitStrategy.IN_PLACE)


def refuse_unclean(lead: Any, place: Any) -> None:
    """Raise UserError where a lead that begins finds changes in the checkout that none of its agents has made."""
    from ..drive.launch import prepare_checkout
    from ..drive.repository import GitWorkspace

    if lead.fresh and isinstance(place, GitWorkspace) and not any(lead.session.run.live.values()):
        prepare_checkout(place, stash=False)


def is_led(project: Any, ticket: str) -> bool:
    """Whether the ticket belongs to a run that is led from a client, and this command not to a supervised agent."""
    from ..state import armed

    led = None if os.environ.get("ORCHESTRA_TICKET") else armed.read(project.runs)
    return led is not None and (project.runs / led.run / ticket).is_dir()
