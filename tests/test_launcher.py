"""bin/orchestra and scripts/environment.sh as black boxes. The only real installation is `first_calls`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from filelock import FileLock

from orchestra import __version__
from tests.support.launching import (
    DEADLINE,
    ENVIRONMENT,
    LAUNCHER,
    ROOT,
    bare,
    call,
    program,
    system_path,
    tools_only,
    until,
)

VERSION = f"orchestra {__version__}\n"
NOTHING = "[project]\nname = 'x'\ndependencies = [\n]\n"


def base_python() -> str:
    """The interpreter below every virtual environment and shim."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


@pytest.fixture(scope="session")
def first_calls(tmp_path_factory):
    """A home where four first calls were made at once, with what each said: [[code, stdout, stderr]].

    Workers of xdist share it. Half of the calls do without flock, as on macOS: two kinds of
    lock exclude nobody from each other, so the last step has to be right without any.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "first calls"
    shared.mkdir(exist_ok=True)
    said = shared / "said.json"
    with FileLock(shared / "lock"):
        if not said.exists():
            said.write_text(json.dumps(_call_at_once(shared)))
    return shared, json.loads(said.read_text())


def _call_at_once(home: Path) -> list[list[object]]:
    environments = [bare(home), bare(home, ORCHESTRA_NO_FLOCK="1")] * 2
    calls = [
        subprocess.Popen(
            [LAUNCHER, "--version"],
            env=env,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for env in environments
    ]
    said = [one.communicate(timeout=DEADLINE) for one in calls]
    return [[one.returncode, *words] for one, words in zip(calls, said, strict=True)]


@pytest.fixture
def home(first_calls):
    return first_calls[0]


def venvs(home: Path) -> Path:
    return home / ".local" / "share" / "orchestra" / "venvs"


def checkout(place: Path) -> Path:
    """A copy of what the launcher uses."""
    shutil.copytree(ROOT / "scripts", place / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "bin", place / "bin")
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def test_first_calls_at_once_all_work(first_calls):
    for code, out, _err in first_calls[1]:
        assert (code, out) == (0, VERSION)


def test_first_calls_at_once_leave_one_environment_and_nothing_else(first_calls):
    left = sorted(path.name for path in venvs(first_calls[0]).iterdir())
    assert len(left) == 2
    assert left[0] == ".lock"
    assert "-cpython-3" in left[1]


def test_who_makes_the_environment_says_so_in_one_line(first_calls):
    lines = [line for _code, _out, err in first_calls[1] for line in err.splitlines()]
    assert all(line.startswith("orchestra: ") for line in lines)
    made = [line for line in lines if "first use" in line]
    # One of each kind of lock at most.
    assert 1 <= len(made) <= 2
    assert str(venvs(first_calls[0])) in made[0]


def test_the_next_call_says_nothing(home, tmp_path):
    done = call([LAUNCHER, "--version"], bare(home), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


def test_a_door_of_the_older_tool_needs_nothing_but_some_python(home, tmp_path):
    script = ROOT / "scripts" / "sequential_loop.py"
    done = call([base_python(), "-I", "-S", script, "--spec", "nowhere"], bare(home), tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"orchestra: there is no {tmp_path}/nowhere\n")


def test_every_dependency_can_be_imported(home, tmp_path):
    python = next(venvs(home).glob("*-cpython-*/bin/python"))
    names = "yaml jinja2 filelock markdown_it psutil rich immutables"
    done = call([python, "-I", "-c", f"import {', '.join(names.split())}"], {}, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_byte_code_was_compiled_when_the_environment_was_made(home):
    assert list(venvs(home).glob("*/lib/python*/site-packages/yaml/__pycache__/loader.*.pyc"))


def test_a_usual_call_starts_no_other_python(home, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("python", "python3", "python3.11", "python3.12", "uv", "pip"):
        program(tools / name, f"echo {name} >> '{tmp_path}/called'; exit 1")
    done = call([LAUNCHER, "--version"], bare(home, PATH=f"{tools}:{system_path()}"), tmp_path)
    assert done.stdout == VERSION
    assert not (tmp_path / "called").exists()


def test_through_links_that_are_relative_and_have_spaces(home, tmp_path):
    place = checkout(tmp_path / "a checkout")
    links = tmp_path / "my links"
    links.mkdir()
    (links / "first").symlink_to("../a checkout/bin/orchestra")
    (links / "orchestra").symlink_to("first")
    done = call([links / "orchestra", "--version"], bare(home), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
    assert place.is_dir()


def test_through_a_link_in_the_path_and_a_linked_directory(home, tmp_path):
    (tmp_path / "bin").symlink_to(LAUNCHER.parent)
    done = call(["orchestra", "--version"], bare(home, PATH=f"{tmp_path}/bin:{system_path()}"), tmp_path)
    assert (done.returncode, done.stdout) == (0, VERSION)


def test_by_a_bare_name_in_its_own_directory(home):
    done = call(["sh", "orchestra", "--version"], bare(home, CDPATH="/"), LAUNCHER.parent)
    assert (done.returncode, done.stdout) == (0, VERSION)


def test_whatever_cdpath_says(home, tmp_path):
    (tmp_path / "bin").mkdir()
    done = call(["sh", "bin/orchestra", "--version"], bare(home, CDPATH=str(tmp_path)), ROOT)
    assert (done.returncode, done.stdout) == (0, VERSION)


@pytest.mark.parametrize(
    "shell", [["dash"], ["bash", "--posix"], ["busybox", "sh"], ["ksh"], ["zsh", "--emulate", "sh"]]
)
def test_every_shell_here_reads_it(shell, home, tmp_path):
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not installed")
    done = call([*shell, LAUNCHER, "--version"], bare(home), tmp_path)
    assert (done.returncode, done.stdout) == (0, VERSION)


def test_arguments_arrive_as_they_were(home, tmp_path):
    done = call([LAUNCHER, "-C", ".", "no such\nverb*", "--json"], bare(home), tmp_path)
    assert done.returncode == 64
    assert "no such\nverb*" in json.loads(done.stdout)["error"]["message"]


def test_standard_input_arrives(home, tmp_path):
    place = checkout(tmp_path / "checkout")
    (place / "scripts/orchestra/main.py").write_text("def entry():\n    print(input()[::-1])\n")
    assert call([place / "bin/orchestra"], bare(home), tmp_path, text="abc\n").stdout == "cba\n"


def test_nothing_from_the_outside_is_imported(home, tmp_path):
    (tmp_path / "argparse.py").write_text("raise SystemExit('taken over')")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('taken over')")
    (tmp_path / "orchestra").mkdir()
    (tmp_path / "orchestra" / "__init__.py").write_text("raise SystemExit('taken over')")
    env = bare(home, PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path), PYTHONSTARTUP="x", PYTHONINSPECT="1")
    done = call([LAUNCHER, "--version"], env, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


def test_text_is_utf_8_whatever_the_locale(home, tmp_path):
    for name in ("C", "POSIX", ""):
        done = call([LAUNCHER, "ströng", "--json"], bare(home, LC_ALL=name, PYTHONIOENCODING="ascii"), tmp_path)
        assert "“ströng”" in json.loads(done.stdout)["error"]["message"]
    # Locales with another encoding are rarely installed, so for those the mode is asked for.
    place = checkout(tmp_path / "checkout")
    (place / "scripts/orchestra/main.py").write_text("import sys\ndef entry():\n    print(sys.flags.utf8_mode)\n")
    assert call([place / "bin/orchestra"], bare(home, LC_ALL="C.UTF-8"), tmp_path).stdout == "1\n"


def test_byte_code_is_kept_even_when_the_outside_forbids_it(home, tmp_path):
    place = checkout(tmp_path / "checkout")
    call([place / "bin/orchestra", "--version"], bare(home, PYTHONDONTWRITEBYTECODE="1"), tmp_path)
    assert list(place.glob("scripts/orchestra/__pycache__/main.*.pyc"))


def test_a_read_only_checkout_keeps_its_byte_code_with_the_environment(home, tmp_path):
    place = checkout(tmp_path / "checkout")
    argv: list[str | Path] = [place / "bin/orchestra", "--version"]
    if os.geteuid() == 0:
        # Root writes everywhere but on a read-only file system.
        argv = [
            "unshare",
            "-m",
            "sh",
            "-c",
            'mount --bind -o ro "$1" "$1" && exec "$1/bin/orchestra" --version',
            "-",
            place,
        ]
        if call(
            ["unshare", "-m", "sh", "-c", 'mount --bind -o ro "$1" "$1"', "-", place], bare(home), tmp_path
        ).returncode:
            pytest.skip("this root may not mount")
    else:
        for path in [place, *place.rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
    done = call(argv, bare(home), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
    assert not list(place.rglob("__pycache__"))
    cached = home / ".local/share/orchestra/pycache"
    assert list(cached.rglob("main.*.pyc"))


def test_the_plugins_data_directory_is_preferred(home, tmp_path):
    data = tmp_path / "plugin data"
    data.mkdir()
    (data / "venvs").symlink_to(venvs(home))
    env = bare(tmp_path / "nowhere", CLAUDE_PLUGIN_DATA=str(data), XDG_DATA_HOME="/nowhere")
    assert call([LAUNCHER, "--version"], env, tmp_path).stdout == VERSION
    assert not (tmp_path / "nowhere").exists()


def test_a_relative_data_directory_is_ignored(home, tmp_path):
    env = bare(home, XDG_DATA_HOME="data", CLAUDE_PLUGIN_DATA="more")
    done = call([LAUNCHER, "--version"], env, tmp_path)
    assert (done.stdout, done.stderr) == (VERSION, "")
    assert list(tmp_path.iterdir()) == []


def test_the_python_that_was_asked_for_is_used(home, tmp_path):
    env = bare(home, ORCHESTRA_PYTHON=base_python(), PATH=system_path())
    base = next(venvs(home).glob("*/base")).read_text().strip()
    if base != base_python():
        env["ORCHESTRA_PYTHON"] = base
    assert call([LAUNCHER, "--version"], env, tmp_path).stderr == ""


def test_a_link_to_the_same_python_needs_no_second_environment(home, tmp_path):
    (tmp_path / "my python").symlink_to(next(venvs(home).glob("*/base")).read_text().strip())
    env = bare(home, ORCHESTRA_PYTHON=str(tmp_path / "my python"))
    done = call([LAUNCHER, "--version"], env, tmp_path)
    assert (done.stdout, done.stderr) == (VERSION, "")


# What goes wrong


def test_no_place(tmp_path):
    done = call([LAUNCHER, "status"], {"PATH": system_path()}, tmp_path)
    assert done.returncode == 1
    assert "Set HOME" in done.stderr
    assert done.stderr.count("\n") == 2


def test_a_place_that_is_a_file(tmp_path):
    (tmp_path / "orchestra").write_text("")
    done = call([LAUNCHER, "status"], bare(tmp_path, XDG_DATA_HOME=str(tmp_path)), tmp_path)
    assert done.returncode == 1
    assert "cannot be written to" in done.stderr
    assert "XDG_DATA_HOME" in done.stderr


def test_no_python(tmp_path):
    done = call([LAUNCHER, "status"], bare(tmp_path, PATH=tools_only(tmp_path / "bin")), tmp_path)
    assert done.returncode == 1
    assert "no Python 3.11 or newer" in done.stderr
    assert "apt install python3" in done.stderr
    assert "ORCHESTRA_PYTHON" in done.stderr


def test_an_old_python_and_a_shim_that_answers_nothing_are_passed_over(tmp_path):
    path = tools_only(tmp_path / "bin")
    program(tmp_path / "bin/python3", "printf 'cpython-39\\n/bin/sh\\n'; exit 1")
    program(tmp_path / "bin/python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    program(tmp_path / "bin/python3.12", f'exec "{base_python()}" "$@"')
    (tmp_path / "e.toml").write_text(NOTHING)
    done = call(["sh", ENVIRONMENT, tmp_path / "e.toml", tmp_path / "venvs", "k"], {"PATH": path}, tmp_path)
    assert done.returncode == 0
    # The wrapper is resolved to the real interpreter.
    assert Path(done.stdout.strip(), "base").read_text() == f"{base_python()}\n"


def test_a_python_that_was_asked_for_and_is_not_usable(tmp_path):
    done = call([LAUNCHER, "status"], bare(tmp_path, ORCHESTRA_PYTHON="/bin/false"), tmp_path)
    assert done.returncode == 1
    assert "ORCHESTRA_PYTHON=/bin/false cannot be used" in done.stderr


def test_an_upgrade_does_not_touch_the_environment_in_use(home, tmp_path):
    place = checkout(tmp_path / "checkout")
    listed = (place / "pyproject.toml").read_text()
    (place / "pyproject.toml").write_text(listed.replace('"PyYAML>=', '"PyYAML>5,>='))
    before = sorted(venvs(home).iterdir())
    done = call([place / "bin/orchestra", "status"], bare(home, PATH=tools_only(tmp_path / "bin")), tmp_path)
    # It looked for a Python to make another one with.
    assert "no Python" in done.stderr
    assert sorted(venvs(home).iterdir()) == before


def test_no_way_to_the_index(tmp_path):
    text = NOTHING.replace("[\n", '[\n  "orchestra-no-such-package",\n')
    (tmp_path / "e.toml").write_text(text)
    env = {**bare(tmp_path), "PIP_NO_INDEX": "1", "UV_OFFLINE": "1", "PIP_CONFIG_FILE": os.devnull}
    done = call(["sh", ENVIRONMENT, tmp_path / "e.toml", tmp_path / "venvs", "k"], env, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "The package index cannot be reached" in done.stderr
    assert sorted(path.name for path in (tmp_path / "venvs").iterdir() if path.name != ".lock") == ["setup.log"]


def test_a_python_without_ensurepip(tmp_path):
    answer = 'case "$*" in *"-m venv"*) echo "ensurepip is not available" >&2; exit 1;; *"-m pip"*) exit 1;; esac'
    probe = f"printf 'cpython-311\\n%s\\n' '{tmp_path}/python'; exit 0"
    program(
        tmp_path / "python", f'{answer}\ncase "$*" in *implementation*) {probe};; esac\nexec "{base_python()}" "$@"'
    )
    (tmp_path / "e.toml").write_text(NOTHING)
    env = {"PATH": tools_only(tmp_path / "bin"), "ORCHESTRA_PYTHON": str(tmp_path / "python")}
    done = call(["sh", ENVIRONMENT, tmp_path / "e.toml", tmp_path / "venvs", "k"], env, tmp_path)
    assert done.returncode == 1
    assert "apt install python3-venv" in done.stderr


def make_cheap(tmp_path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Make an environment without dependencies: everything but the installation."""
    (tmp_path / "e.toml").write_text(NOTHING)
    return call(["sh", ENVIRONMENT, tmp_path / "e.toml", tmp_path / "ve nvs", "k"], bare(tmp_path, **more), tmp_path)


@pytest.mark.parametrize("lock", [{}, {"ORCHESTRA_NO_FLOCK": "1"}], ids=["flock", "directory"])
def test_killed_in_the_middle_and_called_again(lock, tmp_path):
    (tmp_path / "e.toml").write_text(NOTHING)
    place = tmp_path / "ve nvs"
    argv = ["sh", str(ENVIRONMENT), str(tmp_path / "e.toml"), str(place), "k"]
    victim = subprocess.Popen(argv, env=bare(tmp_path, **lock), stderr=subprocess.DEVNULL, start_new_session=True)
    until(lambda: any(place.glob(".new-*/pyvenv.cfg")))
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    assert any(place.glob(".new-*"))
    assert not any(place.glob("k-*"))
    done = make_cheap(tmp_path, **lock)
    assert done.returncode == 0
    assert Path(done.stdout.strip(), "bin/python").exists()
    assert [path.name for path in place.iterdir() if path.name != ".lock"] == [Path(done.stdout.strip()).name]


def test_what_outlives_a_killed_call_does_not_hold_up_the_next(tmp_path):
    started = tmp_path / "started"
    probe = f"printf 'cpython-311\\n%s\\n' '{tmp_path}/python'; exit 0"
    wait = f"echo $$ > '{started}.new'; mv '{started}.new' '{started}'; exec sleep 1000"
    answer = f'case "$*" in *implementation*) {probe};; *"-m venv"*) {wait};; esac'
    program(tmp_path / "python", f'{answer}\nexec "{base_python()}" "$@"')
    (tmp_path / "e.toml").write_text(NOTHING)
    argv = ["sh", str(ENVIRONMENT), str(tmp_path / "e.toml"), str(tmp_path / "ve nvs"), "k"]
    env = {"PATH": tools_only(tmp_path / "bin"), "ORCHESTRA_PYTHON": str(tmp_path / "python")}
    victim = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
    until(started.exists)
    victim.kill()
    victim.wait()
    try:
        done = make_cheap(tmp_path)
        assert done.returncode == 0
        assert "waiting" not in done.stderr
    finally:
        os.kill(int(started.read_text()), signal.SIGKILL)


def test_interrupted_it_cleans_up_and_frees_the_lock(tmp_path):
    (tmp_path / "e.toml").write_text(NOTHING)
    place = tmp_path / "venvs"
    argv = ["sh", str(ENVIRONMENT), str(tmp_path / "e.toml"), str(place), "k"]
    env = bare(tmp_path, ORCHESTRA_NO_FLOCK="1")
    victim = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL, start_new_session=True)
    until(lambda: any(place.glob(".new-*/pyvenv.cfg")))
    os.killpg(victim.pid, signal.SIGTERM)
    assert victim.wait(timeout=DEADLINE) == 143
    assert list(place.iterdir()) == []


def test_the_lock_of_a_living_owner_is_waited_for(tmp_path):
    (tmp_path / "ve nvs" / "lock").mkdir(parents=True)
    owner = subprocess.Popen(["sleep", "1000"])
    try:
        (tmp_path / "ve nvs" / "lock" / "owner").write_text(f"{owner.pid}\n")
        (tmp_path / "e.toml").write_text(NOTHING)
        argv = ["sh", str(ENVIRONMENT), str(tmp_path / "e.toml"), str(tmp_path / "ve nvs"), "k"]
        env = bare(tmp_path, ORCHESTRA_NO_FLOCK="1")
        waiting = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert waiting.stderr is not None
        assert "waiting" in waiting.stderr.readline()
        assert not any((tmp_path / "ve nvs").glob(".new-*"))
    finally:
        owner.kill()
        owner.wait()
    said = waiting.communicate(timeout=DEADLINE)[1]
    assert "first use" in said
    assert waiting.returncode == 0


@pytest.mark.parametrize("age", [0, 3600], ids=["young", "old"])
def test_a_lock_without_an_owner_is_respected_while_it_is_young(age, tmp_path):
    """Its owner may be just about to write its name, or was killed just then."""
    lock = tmp_path / "venvs" / "lock"
    lock.mkdir(parents=True)
    os.utime(lock, (time.time() - age, time.time() - age))
    (tmp_path / "e.toml").write_text(NOTHING)
    argv = ["sh", str(ENVIRONMENT), str(tmp_path / "e.toml"), str(tmp_path / "venvs"), "k"]
    env = bare(tmp_path, ORCHESTRA_NO_FLOCK="1")
    caller = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert caller.stderr is not None
    assert "waiting" in caller.stderr.readline()
    if not age:
        assert lock.exists()
        lock.rmdir()
    assert "first use" in caller.communicate(timeout=DEADLINE)[1]
    assert caller.returncode == 0
    assert not lock.exists()


def test_an_environment_whose_python_was_removed_is_not_used(home, tmp_path):
    name = next(venvs(home).glob("*-cpython-*")).name
    rest = tmp_path / "home" / ".local/share/orchestra/venvs" / name / "bin"
    rest.mkdir(parents=True)
    (rest / "python").symlink_to("/no/such/python")
    done = call([LAUNCHER, "--version"], bare(tmp_path / "home", PATH=tools_only(tmp_path / "bin")), tmp_path)
    assert "no Python" in done.stderr


def test_a_damaged_environment_is_made_anew(tmp_path):
    made = Path(make_cheap(tmp_path).stdout.strip())
    shutil.rmtree(made / "bin")
    done = make_cheap(tmp_path)
    assert done.stdout.strip() == str(made)
    assert (made / "bin" / "python").exists()
    assert [path.name for path in made.parent.iterdir() if path.name != ".lock"] == [made.name]


def test_an_environment_that_is_there_is_not_made_again(tmp_path):
    make_cheap(tmp_path)
    assert make_cheap(tmp_path).stderr == ""


def test_with_uv_when_it_works_and_with_pip_when_it_does_not(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    program(tools / "uv", f"echo \"$1\" >> '{tmp_path}/uv-called'; exit 2")
    done = make_cheap(tmp_path, PATH=f"{tools}:{system_path()}")
    assert done.returncode == 0
    assert (tmp_path / "uv-called").read_text() == "venv\n"


def test_settings_for_other_installations_do_no_harm(tmp_path):
    env = {"PIP_USER": "1", "PIP_TARGET": str(tmp_path / "t"), "PIP_REQUIRE_VIRTUALENV": "1", "PYTHONHOME": "/nowhere"}
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('taken over')")
    env["PYTHONPATH"] = str(tmp_path)
    assert make_cheap(tmp_path, **env).returncode == 0
    assert not (tmp_path / "t").exists()


def test_the_oldest_python_is_that_of_the_project():
    required = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert required == ">=3.11"
    assert "sys.version_info < (3, 11)" in ENVIRONMENT.read_text()


def test_the_launcher_finds_every_dependency_in_the_project_file(home, tmp_path):
    """Each one takes part in the key: changing any makes the environment another."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    path = tools_only(tmp_path / "bin")
    place = checkout(tmp_path / "checkout")
    text = (place / "pyproject.toml").read_text()
    for dependency in (listed[0], listed[-1]):
        (place / "pyproject.toml").write_text(text.replace(dependency, f"{dependency}.1"))
        assert "no Python" in call([place / "bin/orchestra", "--version"], bare(home, PATH=path), tmp_path).stderr
    (place / "pyproject.toml").write_text(text + "\n[tool.other]\nx = 1\n")
    assert call([place / "bin/orchestra", "--version"], bare(home, PATH=path), tmp_path).stdout == VERSION
