"""The breaker: tells from an attempt's rejected turns that it is getting nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from .words import Breaker, ExitClass

ECHOES = 3

# What the next attempt is told, besides what its forerunner did over and over.
ADVICE = {
    ExitClass.STAGNANT: (
        "That call says the same again unless something that it depends on has changed. Do not make it again: change "
        "something, or find out in another way."
    ),
    ExitClass.SPIRAL: (
        "Do not go through these steps again. Note what you have found out, decide on one way, and keep to it. An edit "
        "that you would take back is not one to make again."
    ),
    ExitClass.ERROR_ECHO: (
        "Do not try once more what ends in that error. Find its cause first. If you cannot remove it, report blocked "
        "and say what you need."
    ),
}


def tripped(failures: Sequence[tuple[str, str]]) -> Breaker | None:
    """Say why an attempt should end early, from its (tree, failure signature) pairs, oldest first.

    `stagnant`: the tree did not change since the last rejection. `spiral`: it went back to an earlier
    tree that had failed. `error-echo`: the same failure three times running in spite of changes. An empty tree is
    one that nobody knows (no git, or a reviewer's report): it is the same as no other.
    """
    if not failures:
        return None
    *earlier, (tree, signature) = failures
    if tree and earlier and earlier[-1][0] == tree:
        return Breaker.STAGNANT
    if tree and tree in {past for past, _ in earlier}:
        return Breaker.SPIRAL
    if len(failures) >= ECHOES and {s for _, s in failures[-ECHOES:]} == {signature}:
        return Breaker.ERROR_ECHO
    return None
