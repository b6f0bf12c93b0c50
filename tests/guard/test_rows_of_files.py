"""The tables in files: code given to interpreters, programs with rules of their own, commands that may go many ways,
and what looks alike and is not.

`predicted.py` says how a row is read.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestra.guard.effects import effects
from orchestra.guard.options import base
from tests.guard.predicted import made, rows, seen
from tests.support.guard_oracle import surroundings

HERE = Path(__file__).parent
# Harmless code to stand before and behind code. None of its names means anything.
AROUND = {
    "python3 -c": [('"z"\n', ""), ("z9, [z8]\nz7(2)\n", "\nz6"), ("# z\nif z9[0] < 3: pass\n", "\n\n[z8, (2)]  # z")],
    "node -e": [('"z";', ""), ("z9, [z8]; z7(2);\n", "\n;z6"), ("// z\nz9 = {z8: 2}; /* z */ ", "\n;[z8, (2)] // z")],
    "ruby -e": [("1;", ""), ("z9(1, [z8]); z7(2)\n", "\nz6"), ("# z\nz9({1 => 2})\n", "\n[z8, (2)] # z")],
    "lua -e": [("z9();", ""), ("z9(1, {z8}); z7(2)\n", "\nz6()"), ("-- z\nz9({1})\n", "\nz1({z8, (2)}) -- z")],
    "php -r": [("1;", ""), ("z9(1, [z8]); z7(2);\n", "\n;z6();"), ("# z\nz9([1, 2]);\n", "\nz1([z8, (2)]); # z")],
}
ROWS = [
    row
    for name in ("code", "programs", "branches", "apart", "walked")
    for row in rows((HERE / f"{name}.txt").read_text())
]

# Between values these change nothing about what is called. They stand where the rows of `operators.txt` have ⊕.
OPERATORS = ["+", "-", "*", "/", "%", "&", "|", "^", "<", ">", "<=", ">=", "!="]
OPERATED = rows((HERE / "operators.txt").read_text())


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("box"))


@pytest.mark.parametrize(("command", "expected"), ROWS)
def test_effects(command: str, expected: set[str], work: Path) -> None:
    assert seen(command, work) == expected


@pytest.mark.parametrize("number", range(3))
def test_what_stands_around_code_changes_nothing(number: int, work: Path) -> None:
    for command, expected in ROWS:
        program, code, quote = *command.partition(" '")[::2], command[-1:]
        if program in AROUND and code.count("'") == 1 and quote == "'":
            before, behind = AROUND[program][number]
            longer = f"{program} '{before}{code[:-1]}{behind}'"
            assert (longer, seen(longer, work)) == (longer, expected)


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_change_nothing(operator: str, work: Path) -> None:
    for command, expected in OPERATED:
        operated = command.replace("⊕", operator)
        assert (operated, seen(operated, work)) == (operated, expected)


# Commands of one program, with names that mean themselves.
SIMPLE = [row for row in rows((HERE / "programs.txt").read_text()) if not re.search(r"[$<>|;&(){}`\n]|^direnv", row[0])]


def test_any_name_of_a_file_is_as_good_as_another(work: Path) -> None:
    """Also one whose first sign is none that a name begins with."""
    for command, expected in SIMPLE:
        other = re.sub(r"(?<= )f(?= |$)", ",f", command)
        if expected & {"f", "f/**"} and other != command:
            assert (other, seen(other, work)) == (other, {re.sub(r"^f(?!\w)", ",f", one) for one in expected})


def test_what_is_written_is_said_to_be_written_by_the_program(work: Path) -> None:
    for command, _ in SIMPLE:
        found = effects(command, str(work), surroundings("/home/someone", "/scratch"))
        assert {one.how.split()[0] for one in found.writes} <= {base(command.split()[0])}, command
