"""Braces with numbers and letters, against a real bash: every mix of ends and steps."""

from __future__ import annotations

import itertools
import subprocess

from orchestra.guard.expand import sequence

ENDS = ["0", "1", "3", "13", "-1", "01", "-01", "003", "-13", "+1", "+03", "a", "c", "e", "aa", "-", "", "1a"]
STEPS = ["", "..1", "..2", "..0", "..-2", "..02", "..+2", "..x", "..", "..1..1"]


def test_rows_of_numbers_and_letters_as_bash_has_them() -> None:
    inside = ["".join(one) for one in itertools.product(ENDS, [".."], ENDS, STEPS)]
    text = "".join(f"printf '%s ' {{{one}}}; echo\n" for one in inside)
    said = subprocess.run(["bash"], input=text, capture_output=True, text=True, check=True).stdout.split("\n")
    for one, real in zip(inside, said, strict=False):
        assert [*map("".join, sequence([*one]))] == ([] if real == f"{{{one}}} " else real.split()), one
