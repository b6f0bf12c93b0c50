from __future__ import annotations

import pytest

from orchestra.core.breaker import tripped
from orchestra.core.words import Breaker

TABLE = {
    "nothing has failed": ([], None),
    "one failure is normal": ([("t1", "s1")], None),
    "progress: other trees, other failures": ([("t1", "s1"), ("t2", "s2"), ("t3", "s3")], None),
    "the tree did not change": ([("t1", "s1"), ("t1", "s1")], Breaker.STAGNANT),
    "the tree did not change and yet fails otherwise": ([("t1", "s1"), ("t1", "s2")], Breaker.STAGNANT),
    "back at an earlier tree": ([("t1", "s1"), ("t2", "s2"), ("t1", "s1")], Breaker.SPIRAL),
    "back at a tree of long ago": ([("t1", "a"), ("t2", "b"), ("t3", "c"), ("t1", "d")], Breaker.SPIRAL),
    "an old circle does not count twice": ([("t1", "a"), ("t2", "b"), ("t1", "c"), ("t3", "d")], None),
    "two echoes are not three": ([("t1", "s1"), ("t2", "s1")], None),
    "the same failure three times": ([("t1", "s1"), ("t2", "s1"), ("t3", "s1")], Breaker.ERROR_ECHO),
    "three times, but not running": ([("t1", "s1"), ("t2", "s1"), ("t3", "s2"), ("t4", "s1")], None),
    "three times running after another": ([("t0", "x"), ("t1", "s"), ("t2", "s"), ("t3", "s")], Breaker.ERROR_ECHO),
    # Without git, and for reviewers, no tree is known: two unknown ones are not the same one.
    "unknown trees are not the same tree": ([("", "s1"), ("", "s2")], None),
    "unknown trees are no circle": ([("", "s1"), ("t2", "s2"), ("", "s3")], None),
    "an unknown tree can echo": ([("", "s1"), ("", "s1"), ("", "s1")], Breaker.ERROR_ECHO),
}


@pytest.mark.parametrize(("failures", "expected"), TABLE.values(), ids=TABLE)
def test_why_an_attempt_should_end(failures: list[tuple[str, str]], expected: Breaker | None) -> None:
    assert tripped(failures) is expected
