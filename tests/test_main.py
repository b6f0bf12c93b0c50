"""The command line, in this process where that tells enough and as a process where it does not."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from orchestra import __version__, crashlog, main
from orchestra.errors import Exit, UserError, bad_input, locked
from tests.support.launching import ROOT
from tests.support.planning import milestone

COMMANDS = ROOT / "scripts" / "orchestra" / "commands"
PRESENT = sorted(path.stem.replace("_", "-") for path in COMMANDS.glob("[!_]*.py"))


@pytest.fixture(autouse=True)
def state_home(tmp_path, monkeypatch):
    """No test may leave a log in the state directory of whoever runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "the state"))


@pytest.fixture
def verb(monkeypatch):
    """Add a verb `try` that does what the test says: `verb(lambda args: 0)`."""

    def add(run, *options):
        def declare(subparsers):
            parser = subparsers.add_parser("try")
            parser.add_argument("--json", action="store_true")
            for option in options:
                parser.add_argument(option)

        module = types.ModuleType(main.module_name("try"))
        module.add, module.run = declare, run
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(main.VERBS, "try", "try something")

    return add


def raising(error):
    def run(args):
        raise error

    return run


PRINTER = """
import sys, types
from orchestra import main
module = types.ModuleType(main.module_name("try"))
module.add = lambda subparsers: subparsers.add_parser("try").add_argument("lines", type=int)
module.run = lambda args: print("a line\\n" * args.lines) or 0
sys.modules[module.__name__] = module
main.VERBS["try"] = ""
main.entry()
"""


def printing(lines, stdout, **env):
    """A process of the command line whose verb prints `lines` lines."""
    return subprocess.Popen(
        [sys.executable, "-c", PRINTER, "try", str(lines)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts"), **env},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


# What it finds


def test_each_verb_has_a_module_and_each_module_a_verb():
    assert sorted(main.VERBS) == PRESENT


@pytest.mark.parametrize("name", PRESENT)
def test_each_verb_explains_itself(name, capsys):
    assert main.main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: orchestra {name}")


@pytest.mark.parametrize("name", PRESENT)
def test_each_verb_refuses_an_option_that_it_does_not_have(name, capsys):
    assert main.main([name, "--no-such-option", "--json"]) == Exit.USAGE
    assert json.loads(capsys.readouterr().out)["error"]["code"] == 64


def test_only_the_module_of_the_verb_is_imported(tmp_path):
    code = """
import sys
from orchestra.main import main
main(["status", "--help"])
print([name for name in sys.modules if name.startswith("orchestra.commands.")], file=sys.stderr)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == "['orchestra.commands.status']\n"


def test_help_lists_every_verb_without_importing_one(tmp_path):
    code = """
import sys
from orchestra.main import main
main(["--help"])
known = set(sys.stdlib_module_names) | {"orchestra", "__main__"}
foreign = {name.partition(".")[0] for name in sys.modules} - known
print([name for name in sys.modules if name.startswith("orchestra.commands")], file=sys.stderr)
"""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == "[]\n"
    for name, says in main.VERBS.items():
        assert f"  {name:<11} {says}\n" in done.stdout


def test_version(capsys):
    assert main.main(["--version"]) == 0
    assert capsys.readouterr().out == f"orchestra {__version__}\n"


# What comes before the verb


def test_split_leaves_the_options_of_the_verb_alone():
    line = main.split(["-C", "a", "-Cb", "run", "-C", "x", "--json", "--", "y"])
    assert line == main.CommandLine(["a", "b"], [], "run", ["-C", "x", "--json", "--", "y"])


def test_json_after_two_dashes_is_somebody_elses():
    assert main.split(["try", "--json"]).json
    assert not main.split(["try", "--", "--json"]).json


def test_json_may_stand_before_the_verb():
    assert main.split(["--json", "-Cb", "run", "M1"]) == main.CommandLine(["b"], [], "run", ["--json", "M1"])
    assert main.split(["--json", "try"]).json


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["lock", "show", "M1"], "holder"),
        (["scope", "why", "--scope", "scope.json", "a"], "decision"),
        (["blueprint", "list"], "blueprints"),
    ],
    ids=["lock", "scope", "blueprint"],
)
def test_json_may_stand_before_the_verb_of_a_verb(tmp_path, capsys, words, key):
    milestone(tmp_path)
    scope = {"version": 1, "root": str(tmp_path), "ticket": "T", "role": "worker", "write": ["a"]}
    (tmp_path / "scope.json").write_text(json.dumps({**scope, "enforcement": "strict", "blocked_commands": []}))
    said = []
    for at in range(3):
        main.main(["-C", str(tmp_path), *words[:at], "--json", *words[at:]])
        said.append(json.loads(capsys.readouterr().out))
    assert key in said[0]
    assert said == [said[0]] * 3


def test_directories_add_up(verb, tmp_path, monkeypatch):
    seen = []
    verb(lambda args: seen.append(args.directory) or 0)
    (tmp_path / "a b" / "c").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main.main(["-C", "a b", "-Cc", "try"]) == 0
    assert main.main(["try"]) == 0
    assert main.main(["-C", "nowhere", "-C", str(tmp_path), "try"]) == 0
    assert seen == [tmp_path / "a b" / "c", tmp_path, tmp_path]


def test_a_directory_that_is_not_there(verb, capsys):
    verb(lambda args: 0)
    assert main.main(["-C", "/no/such", "try"]) == Exit.USAGE
    assert "there is no directory /no/such" in capsys.readouterr().err


def test_a_current_directory_that_was_removed(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os; os.rmdir({str(gone)!r}); from orchestra.main import entry; entry()"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run([sys.executable, "-c", code, "status"], env=env, cwd=gone, capture_output=True, text=True)
    assert done.returncode == Exit.USAGE
    assert "does not exist any more" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("argv", [["--jsn"], ["-C"], ["--vers"]])
def test_what_the_front_does_not_understand(argv, capsys):
    assert main.main(argv) == Exit.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("orchestra: ")


def test_without_a_verb_it_lists_them(capsys):
    assert main.main([]) == Exit.USAGE
    assert "report-run" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "meant"), [("statsu", "status"), ("reportrun", "report-run"), ("Run", "run")])
def test_a_verb_that_does_not_exist(typed, meant, capsys):
    assert main.main([typed]) == Exit.USAGE
    assert f"Did you mean “orchestra {meant}”?" in capsys.readouterr().err


def test_a_verb_that_is_like_no_other(capsys):
    assert main.main(["../../etc/passwd"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "there is no verb" in said
    assert "Did you mean" not in said


def test_options_are_not_abbreviated(verb, capsys):
    verb(lambda args: 0, "--max-parallel")
    assert main.main(["try", "--max-p", "3"]) == Exit.USAGE
    assert "--max-p" in capsys.readouterr().err


def test_a_wrong_option_of_a_verb_names_its_usage(verb, capsys):
    verb(lambda args: 0)
    assert main.main(["try", "--wrong"]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "unrecognized arguments: --wrong" in said
    assert "orchestra" in said.splitlines()[1]


# How it ends


@pytest.mark.parametrize("code", [0, 1, 2, Exit.LOCKED])
def test_the_exit_code_is_the_verbs(verb, code):
    verb(lambda args: code)
    assert main.main(["try"]) == code


@pytest.mark.parametrize(
    ("error", "code"), [(bad_input("bad", "mend it"), 65), (locked("held", "wait"), 75), (UserError("no"), 1)]
)
def test_an_error_for_users(verb, capsys, error, code):
    verb(raising(error))
    assert main.main(["try"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"orchestra: {error.message}\n" + (f"  {error.hint}\n" if error.hint else "")


def test_an_error_for_users_as_json(verb, capsys):
    verb(raising(bad_input("“ä” is bad", "mend it")))
    assert main.main(["try", "--json"]) == 65
    said = capsys.readouterr()
    assert "“ä”" in said.out
    assert json.loads(said.out) == {
        "ok": False,
        "error": {"message": "“ä” is bad", "hint": "mend it", "code": 65},
    }
    assert said.err == ""


@pytest.mark.parametrize(("given", "code"), [(None, 0), (3, 3), ("words", 1)])
def test_a_verb_that_exits_by_itself(verb, given, code):
    verb(raising(SystemExit(given)))
    assert main.main(["try"]) == code


def test_interrupted(verb, capsys):
    verb(raising(KeyboardInterrupt()))
    assert main.main(["try"]) == 130
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_what_the_machine_refuses_is_no_bug(verb, capsys, number):
    verb(raising(OSError(number, os.strerror(number), "/some/file")))
    assert main.main(["try"]) == Exit.INCOMPLETE
    said = capsys.readouterr().err
    assert f"{os.strerror(number)}: /some/file" in said
    assert said.count("\n") == 2


@pytest.mark.parametrize(("module", "package"), [("no_such_package", "no_such_package"), ("filelock.gone", "filelock")])
def test_a_missing_package_is_no_bug(verb, capsys, module, package):
    verb(lambda args: __import__(module))
    assert main.main(["try"]) == Exit.INCOMPLETE
    said = capsys.readouterr().err
    assert f"“{package}” is missing" in said
    assert sys.prefix in said


@pytest.mark.parametrize("module", ["orchestra.gone", "json.gone"])
def test_a_missing_module_of_ours_or_of_python_is_a_bug(verb, capsys, module):
    verb(lambda args: __import__(module))
    assert main.main(["try"]) == Exit.BUG
    assert "The log to send" in capsys.readouterr().err


@pytest.mark.parametrize("lines", [1, 100_000])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone(lines, unbuffered):
    reader, writer = os.pipe()
    os.close(reader)
    started = printing(lines, writer, PYTHONUNBUFFERED=unbuffered)
    os.close(writer)
    assert started.communicate(timeout=60)[1] == ""
    assert started.returncode == Exit.INCOMPLETE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is of Linux")
@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_full_disk_behind_stdout(lines):
    with Path("/dev/full").open("w") as full:
        started = printing(lines, full, PYTHONUNBUFFERED="")
        said = started.communicate(timeout=60)[1]
    assert started.returncode == Exit.INCOMPLETE
    assert said.startswith("orchestra: No space left on device\n")
    assert said.count("\n") == 2


# Bugs


@pytest.fixture
def bug(verb):
    verb(raising(ZeroDivisionError("the bug")))


def the_log(said: str) -> Path:
    return Path(said.rsplit("The log to send is ", 1)[1].strip())


@pytest.mark.usefixtures("bug")
def test_a_bug_leaves_a_log_in_the_project(tmp_path, capsys):
    (tmp_path / ".orchestra").mkdir()
    (tmp_path / "deep").mkdir()
    assert main.main(["-C", str(tmp_path / "deep"), "try", "--json"]) == Exit.BUG
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == 70
    path = the_log(error["hint"])
    assert path.parent == tmp_path / ".orchestra" / "runs"
    text = path.read_text()
    assert f"orchestra {__version__}" in text
    assert "ZeroDivisionError: the bug" in text
    assert "'--json'" in text


@pytest.mark.usefixtures("bug")
def test_outside_a_project_the_log_is_in_the_users_state(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert main.main(["-C", str(tmp_path), "try"]) == Exit.BUG
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("\n") == 2
    assert the_log(said).parent == tmp_path / "state" / "orchestra"


@pytest.mark.usefixtures("bug")
def test_where_no_log_can_be_written_it_is_printed(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / ".orchestra").mkdir()
    (tmp_path / ".orchestra" / "runs").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert main.main(["-C", str(tmp_path), "try"]) == Exit.BUG
    assert "ZeroDivisionError: the bug" in capsys.readouterr().err


def test_a_log_tells_no_secret(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "s3cr3t-s3cr3t")
    monkeypatch.setenv("HOME", "/home/jo")
    try:
        raise ValueError("said s3cr3t-s3cr3t in /home/jo/project")
    except ValueError as error:
        text = crashlog.render(error, ["run", "--command", "x s3cr3t-s3cr3t"])
    assert "s3cr3t-s3cr3t" not in text
    assert "/home/jo" not in text
    assert "ValueError: said [$SOME_API_KEY] in ~/project" in text


def test_a_log_has_no_environment_and_no_locals(monkeypatch):
    monkeypatch.setenv("ORDINARY", "an ordinary value")
    held = "what a file held"
    try:
        raise ValueError(len(held))
    except ValueError as error:
        text = crashlog.render(error, [])
    assert "an ordinary value" not in text
    assert f"held = {held!r}" not in text


def test_a_log_is_bounded_and_takes_any_text(tmp_path):
    text = "\ud800" * (3 * crashlog.LONGEST)
    (tmp_path / ".orchestra").mkdir()
    path = crashlog.write(ValueError(text), [], tmp_path)
    assert path is not None
    assert path.stat().st_size < 8 * crashlog.LONGEST


def test_two_bugs_at_once_have_two_logs(tmp_path):
    (tmp_path / ".orchestra").mkdir()
    paths = {crashlog.write(ValueError(), [], tmp_path) for _ in range(20)}
    assert len(paths) == 20
