"""What the verbs of the client driver share: the place of a client's work, and its parts put together."""

from __future__ import annotations

import os
from typing import Any

from ..core.words import GitStrategy


def workspace(project: Any, config: Any) -> Any:
    """Where a client's agents work: in the user's checkout unless the configuration says otherwise."""
    from ..drive.launch import workspace_of

    return workspace_of(project, config, GitStrategy.IN_PLACE)


def is_led(project: Any, ticket: str) -> bool:
    """Whether the ticket belongs to a run that is led from a client, and this command not to a supervised agent."""
    from ..state import armed

    led = None if os.environ.get("ORCHESTRA_TICKET") else armed.read(project.runs)
    return led is not None and (project.runs / led.run / ticket).is_dir()
