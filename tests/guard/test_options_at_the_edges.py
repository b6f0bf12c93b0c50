"""Command lines as getopt takes them apart, and what an abbreviation means."""

from __future__ import annotations

import getopt

import pytest

from orchestra.guard.options import Rule, base, parent, read, trusted_name

RULE = Rule("all values=n,to,name,number out=o,output tree=r,recursive hide=x")


@pytest.mark.parametrize(
    ("args", "options", "operands"),
    [
        ([], [], []),
        (["-"], [], ["-"]),
        (["-rx", "a"], [("r", ""), ("x", "")], ["a"]),
        (["-rnx", "a"], [("r", ""), ("n", "x")], ["a"]),
        (["-rn", "x", "a"], [("r", ""), ("n", "x")], ["a"]),
        (["-n"], [("n", "")], []),
        (["a", "-r", "b"], [("r", "")], ["a", "b"]),
        (["a", "--", "-r", "--", "b"], [], ["a", "-r", "--", "b"]),
        (["-n", "--", "-r"], [("n", "--"), ("r", "")], []),
        (["--name=a", "b"], [("name", "a")], ["b"]),
        (["--name", "a", "b"], [("name", "a")], ["b"]),
        (["--name", "-a", "b"], [("name", "-a")], ["b"]),
        (["--name"], [("name", "")], []),
        (["--na", "a", "b"], [("name", "a")], ["b"]),
        (["--na", "", "b"], [("name", "")], ["b"]),
        # It may be an option of its own.
        (["--na", "-r", "b"], [("name", "-r"), ("r", "")], ["b"]),
        (["--recursive", "a"], [("recursive", "")], ["a"]),
        (["--recursive=a", "b"], [("recursive", "a")], ["b"]),
        (["--other", "a"], [("other", "")], ["a"]),
        (["-", "a", "-r"], [("r", "")], ["-", "a"]),
    ],
)
def test_arguments_are_taken_apart(args: list[str], options: list[tuple[str, str]], operands: list[str]) -> None:
    given = read(args, RULE)
    assert (given.options, given.operands) == (options, operands)


def test_short_options_are_those_of_getopt() -> None:
    for text in ("-rx a", "-rnx a", "-rn x a", "-n x -r a b", "-xr -n -r a", "-r -- -x a", "-o - a"):
        options, operands = getopt.gnu_getopt(text.split(), "n:o:rx")
        given = read(text.split(), RULE)
        assert (given.options, given.operands) == ([(name[1:], value) for name, value in options], operands)


def test_a_command_ends_the_options() -> None:
    given = read(["-r", "--to", "a", "b", "-x", "--", "-n"], RULE, leading=True)
    assert (given.options, given.operands) == ([("r", ""), ("to", "a")], ["b", "-x", "--", "-n"])
    assert read(["-r", "--", "-x", "a"], RULE, leading=True).operands == ["-x", "a"]
    assert read(["-", "-r"], RULE, leading=True).operands == ["-", "-r"]


def test_long_options_may_have_one_dash() -> None:
    given = read(["-name", "a", "-r", "-", "--to=b", "-number=1"], Rule("all style=dash values=name,to,number"))
    assert given.options == [("name", "a"), ("r", ""), ("to", "b"), ("number", "1")]
    assert given.operands == ["-"]


@pytest.mark.parametrize(
    ("short", "full"),
    [("t", "to"), ("to", "to"), ("na", "name"), ("nu", "number"), ("n", "name"), ("r", "recursive"), ("rx", "rx")],
)
def test_an_abbreviation_means_the_first_option_that_begins_so(short: str, full: str) -> None:
    assert RULE.full(short) == full


def test_a_style_is_no_option() -> None:
    assert Rule("all style=dash").full("da") == "da"


@pytest.mark.parametrize(("line", "number"), [("all", 0), ("all skip=1", 1), ("all skip=12", 12)])
def test_a_number_of_a_rule(line: str, number: int) -> None:
    assert Rule(line).number("skip") == number


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("a", "."),
        ("", "."),
        ("/", "/"),
        ("//", "/"),
        ("/a", "/"),
        ("/a/", "/"),
        ("a/b", "a"),
        ("a/b//", "a"),
        ("/a/b", "/a"),
    ],
)
def test_the_directory_above(path: str, above: str) -> None:
    assert parent(path) == above


@pytest.mark.parametrize(
    ("name", "program"), [("/usr/bin/rm", "rm"), ("RM", "rm"), ("bin/Rm", "rm"), ("R/x", "x"), ("Rscript", "Rscript")]
)
def test_a_program_by_its_name(name: str, program: str) -> None:
    assert base(name) == program


@pytest.mark.parametrize(("name", "trusted"), [("python3.12", "python"), ("python3", "python3"), ("gcc-12", "gcc")])
def test_a_name_without_a_version(name: str, trusted: str) -> None:
    assert trusted_name(name) == trusted
