"""How a person answers a question of a run."""

from __future__ import annotations

from collections.abc import Sequence


def answered_with(id_: str, options: Sequence[str], unit: str, *, program: str = "orchestra") -> str:
    """The command that answers a question about `unit` (empty: about a whole group), its options by `|`.

    Where an agent goes on after one of them, it says that words for that agent may follow.
    """
    heard = "revise" in options or (unit and "retry" in options)
    return f"{program} decide {id_} {'|'.join(options)}{' [words for the agent]' if heard else ''}"
