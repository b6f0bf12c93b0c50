"""bin/orchestra-guard: when it wakes, what it starts, and that it never ends in a way that clients take for allow."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.guard.world import GUARD, ROOT, World, real_python, sh
from tests.support.launching import program, tools_only

DENIED = {"file_path": "secret.py", "old_string": "1", "new_string": "2"}


def asleep(world: World, env: dict[str, str], cwd: Path) -> bool:
    """Whether the hook says nothing about a call that any caller under a run would be denied."""
    data = world.payload("Edit", {"file_path": f"{world.project}/.orchestra/state.db"})
    done = subprocess.run([GUARD, "pre-tool-use"], input=data, env={**world.env, **env}, cwd=cwd, capture_output=True)
    assert done.returncode in (0, 2), done.stderr
    return done.returncode == 0


def test_without_a_run_nothing_is_said(world):
    assert asleep(world, {}, world.project)
    (world.project / ".orchestra" / "runs").mkdir(parents=True)
    assert asleep(world, {}, world.project)
    assert world.raw(b"not json").allowed


def test_a_run_wakes_it_below_the_project(world):
    world.armed()
    assert not asleep(world, {}, world.project)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": f"{world.project}/src/lib"}, world.outside)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": f"{world.project}/src//"}, world.outside)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": f"{world.project}/not/there"}, world.outside)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": ""}, world.project / "src")
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": "project/src"}, world.base)
    assert asleep(world, {"CLAUDE_PROJECT_DIR": str(world.outside)}, world.outside)
    assert asleep(world, {"CLAUDE_PROJECT_DIR": "/"}, world.outside)


def test_a_run_is_found_through_links(world):
    world.armed()
    (world.outside / "link").symlink_to(world.project / "src")
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": f"{world.outside}/link"}, world.outside)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": ""}, world.outside / "link")


def test_a_broken_link_in_place_of_the_mark_wakes_it(world):
    (world.project / ".orchestra" / "runs").mkdir(parents=True)
    (world.project / ".orchestra" / "runs" / "armed").symlink_to("nowhere")
    assert not asleep(world, {}, world.project)


@pytest.mark.parametrize("relative", [False, True])
def test_a_linked_work_tree_elsewhere_belongs_to_the_main_checkout(world, relative):
    world.armed()
    tree = world.outside / "tree"
    sh(f"git worktree add -q {tree} -b w", world.project)
    if relative:  # as git writes it with worktree.useRelativePaths
        (tree / ".git").write_text("gitdir: ../../project/.git/worktrees/tree\n")
    (tree / "src").mkdir(exist_ok=True)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": ""}, tree)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": ""}, tree / "src")
    (world.outside / "link").symlink_to(tree)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": f"{world.outside}/link/src"}, world.outside)


@pytest.mark.parametrize("text", ["", "gitdir: /nowhere/.git/modules/x", "gitdir: x", "gitdir:"])
def test_other_pointers_of_git_lead_nowhere(world, text):
    (world.outside / ".git").write_text(text)
    assert asleep(world, {"CLAUDE_PROJECT_DIR": ""}, world.outside)


def test_a_scope_wakes_it_wherever_it_is(world):
    world.env["ORCHESTRA_SCOPE"] = "/nowhere"
    assert not asleep(world, {}, world.outside)
    assert not asleep(world, {"CLAUDE_PROJECT_DIR": "/"}, Path("/"))
    assert not asleep(world, {"ORCHESTRA_SCOPE": ""}, world.outside)


# -- the interpreter


def guard(world: World, env: dict[str, str], *, words: tuple[str, ...] = ("pre-tool-use",), path: Path = GUARD):
    data = world.payload("Edit", DENIED)
    return subprocess.run([path, *words], input=data, env=env, cwd=world.project, capture_output=True, text=False)


@pytest.fixture
def scoped(world: World) -> World:
    """A caller in whose home no interpreter was found yet."""
    world.headless()
    shutil.rmtree(world.home / ".local")
    return world


def kept(world: World) -> Path:
    return world.home / ".local/share/orchestra/guard-python"


def test_no_python_denies(scoped, tmp_path):
    env = {**scoped.env, "PATH": tools_only(tmp_path / "bin")}
    done = guard(scoped, env)
    assert done.returncode == 2
    assert b"no python3" in done.stderr
    assert b"orchestra doctor" in done.stderr


def test_no_path_and_no_home_denies(scoped):
    env = {"ORCHESTRA_SCOPE": scoped.env["ORCHESTRA_SCOPE"], "PATH": "/nowhere"}
    assert guard(scoped, env).returncode == 2


def test_the_interpreter_is_looked_for_once(scoped, tmp_path):
    tools = Path(tools_only(tmp_path / "bin"))
    (tools / "python3").symlink_to(real_python())
    assert guard(scoped, {**scoped.env, "PATH": str(tools)}).returncode == 2
    found = kept(scoped).read_text().strip()
    assert Path(found).exists()
    (tools / "python3").unlink()
    done = guard(scoped, {**scoped.env, "PATH": str(tools)})
    assert done.returncode == 2
    assert b"secret.py" in done.stderr


def test_the_interpreter_under_orchestras_environment_comes_first(scoped, tmp_path):
    place = scoped.home / ".local/share/orchestra/venvs/1-x"
    place.mkdir(parents=True)
    (place / "base").write_text(f"{real_python()}\n")
    done = guard(scoped, {**scoped.env, "PATH": tools_only(tmp_path / "bin")})
    assert b"secret.py" in done.stderr
    assert not kept(scoped).exists()
    (place / "base").write_text("/nowhere/python3\n")
    assert b"no python3" in guard(scoped, {**scoped.env, "PATH": f"{tmp_path}/bin"}).stderr


def test_a_shim_is_asked_once_and_passed_by_when_there_is_something_better(scoped, tmp_path):
    tools = Path(tools_only(tmp_path / "bin", "env"))
    asked = tmp_path / "asked"
    program(tools / "python3", f'echo x >>{asked}; exec {real_python()} "$@"')
    for _ in range(2):
        assert b"secret.py" in guard(scoped, {**scoped.env, "PATH": str(tools)}).stderr
    assert asked.read_text() == "x\n"
    better = tmp_path / "better"
    better.mkdir()
    (better / "python3").symlink_to(real_python())
    kept(scoped).unlink()
    asked.unlink()
    assert b"secret.py" in guard(scoped, {**scoped.env, "PATH": f"{tools}:{better}"}).stderr
    assert not asked.exists()


@pytest.mark.parametrize("text", ["exit 0", "exit 1", "echo relative/python", "echo /nowhere/python3", "kill -9 $$"])
def test_an_interpreter_that_does_not_work_is_none(scoped, tmp_path, text):
    tools = Path(tools_only(tmp_path / "bin"))
    program(tools / "python3", text)
    done = guard(scoped, {**scoped.env, "PATH": str(tools)})
    assert done.returncode == 2
    assert b"no python3" in done.stderr


@pytest.mark.parametrize("shell", ["dash", "bash", "sh"])
def test_an_interpreter_that_cannot_be_started_denies(scoped, tmp_path, shell):
    """What is kept can be run, by its mode, but not by the kernel; both kinds of sh end differently then."""
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    broken = tmp_path / "python3"
    broken.write_text("#!/nowhere/interpreter\n")
    broken.chmod(0o755)
    kept(scoped).parent.mkdir(parents=True)
    kept(scoped).write_text(f"{broken}\n")
    data = scoped.payload("Edit", DENIED)
    for option in ([], ["--posix"] if shell == "bash" else []):
        words = [shutil.which(shell), *option, str(GUARD), "pre-tool-use"]
        done = subprocess.run(words, input=data, env=scoped.env, cwd=scoped.project, capture_output=True)
        assert done.returncode == 2


def test_a_home_that_cannot_be_written_to_only_costs_time(scoped):
    (scoped.home / ".local").write_text("")
    done = guard(scoped, scoped.env)
    assert done.returncode == 2
    assert b"secret.py" in done.stderr


# -- the plugin's own directory


def copy_of_the_plugin(place: Path) -> Path:
    for name in ("bin", "scripts/orchestra"):
        (place / name).mkdir(parents=True)
    shutil.copy2(GUARD, place / "bin")
    shutil.copy2(ROOT / "scripts/orchestra/__init__.py", place / "scripts/orchestra")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "scripts/orchestra/guard", place / "scripts/orchestra/guard", ignore=ignored)
    return place / "bin/orchestra-guard"


def test_it_is_found_through_links_and_from_everywhere(world, tmp_path):
    world.headless()
    link = tmp_path / "link"
    link.symlink_to(GUARD)
    again = tmp_path / "again"
    again.symlink_to("link")
    for path in (link, again, Path(f"{ROOT}/docs/../bin/orchestra-guard")):
        assert b"secret.py" in guard(world, world.env, path=path).stderr
    data = world.payload("Edit", DENIED)
    for cwd, word in ((ROOT, "bin/orchestra-guard"), (ROOT / "bin", "./orchestra-guard")):
        done = subprocess.run(["sh", word, "pre-tool-use"], input=data, env=world.env, cwd=cwd, capture_output=True)
        assert b"secret.py" in done.stderr
    env = {**world.env, "PATH": f"{ROOT}/bin:{world.env['PATH']}"}
    words = ["sh", "-c", "orchestra-guard pre-tool-use"]
    assert subprocess.run(words, input=data, env=env, cwd=tmp_path, capture_output=True).returncode == 2


def test_a_plugin_with_a_part_missing_denies(world, tmp_path):
    world.headless()
    path = copy_of_the_plugin(tmp_path / "plugin with blanks")
    assert b"secret.py" in guard(world, world.env, path=path).stderr
    (path.parent.parent / "scripts/orchestra/guard/entry.py").unlink()
    assert guard(world, world.env, path=path).returncode == 2


def bundle_of(path: Path) -> Path:
    return path.parent.parent / f"scripts/orchestra/guard/__pycache__/guard-3.{sys.hexversion}"


def test_a_stale_bundle_is_not_used(world, tmp_path):
    """Sources that have changed count, whatever was compiled before."""
    world.headless()
    path = copy_of_the_plugin(tmp_path / "plugin")
    guard(world, world.env, path=path)
    assert bundle_of(path).exists()
    words = path.parent.parent / "scripts/orchestra/guard/wording.py"
    words.write_text(words.read_text().replace("Write there", "Put it there"))
    for _ in range(2):
        assert b"Put it there" in guard(world, world.env, path=path).stderr


def test_a_bundle_that_came_along_with_a_copy_does_not_lead_back(world, tmp_path):
    world.headless()
    first = copy_of_the_plugin(tmp_path / "first")
    guard(world, world.env, path=first)
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    words = tmp_path / "second/scripts/orchestra/guard/wording.py"
    words.write_text(words.read_text().replace("Write there", "Put it there"))
    assert b"Put it there" in guard(world, world.env, path=tmp_path / "second/bin/orchestra-guard").stderr


@pytest.mark.parametrize("size", [0, 3, 8, 1000, -4, -1])
def test_a_damaged_bundle_is_not_used(world, tmp_path, size):
    world.headless()
    path = copy_of_the_plugin(tmp_path / "plugin")
    guard(world, world.env, path=path)
    whole = bundle_of(path).read_bytes()
    bundle_of(path).write_bytes(whole[:size])
    assert b"secret.py" in guard(world, world.env, path=path).stderr
    again = bundle_of(path).read_bytes()
    assert len(again) == len(whole)
    assert again[:4] == whole[:4]


def test_first_calls_at_once(world, tmp_path):
    world.headless()
    path = copy_of_the_plugin(tmp_path / "plugin")
    data = world.payload("Edit", DENIED)
    calls = [
        subprocess.Popen([path, "pre-tool-use"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=world.env)
        for _ in range(3)
    ]
    for one in calls:
        _, said = one.communicate(data)
        assert b"secret.py" in said
    assert [one.name for one in bundle_of(path).parent.glob("*.new")] == []


def test_a_plugin_that_cannot_be_written_to_keeps_its_byte_code_with_the_data(world, tmp_path):
    """Root may write everywhere, so the test is told by the place that is given, not by the mode."""
    world.headless()
    cache = world.home / "cache"
    entry = copy_of_the_plugin(tmp_path / "plugin").parent.parent / "scripts/orchestra/guard/entry.py"
    words = [real_python(), "-I", "-S", "-X", f"pycache_prefix={cache}", str(entry), "", "", "", "pre-tool-use"]
    words.append(f"{cache}/guard-3.")
    for _ in range(2):
        done = subprocess.run(words, input=world.payload("Edit", DENIED), env=world.env, capture_output=True)
        assert b"secret.py" in done.stderr
    assert (cache / f"guard-3.{sys.hexversion}").exists()
    assert not (entry.parent / "__pycache__").exists()


def test_nothing_is_taken_from_the_callers_python_path(world, tmp_path):
    world.headless()
    (world.project / "marshal.py").write_text("raise SystemExit(0)")
    (world.project / "orchestra").mkdir()
    (world.project / "orchestra/__init__.py").write_text("raise SystemExit(0)")
    env = {**world.env, "PYTHONPATH": str(world.project), "PYTHONSTARTUP": "x", "PYTHONHOME": "/nowhere"}
    assert b"secret.py" in guard(world, env).stderr


def test_one_process_a_call(world, tmp_path):
    """Seen by the kernel's own eyes: every process of the call says where it was started."""
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    world.headless()
    guard(world, world.env)
    trace = tmp_path / "trace"
    words = ["strace", "-f", "-qq", "-e", "trace=process", "-o", str(trace), str(GUARD), "pre-tool-use"]
    subprocess.run(words, input=world.payload("Edit", DENIED), env=world.env, cwd=world.project, capture_output=True)
    assert not [line for line in trace.read_text().splitlines() if "clone" in line or "fork" in line]


def test_the_guard_imports_nothing_dear(world):
    """A hook pays for each module at each call."""
    world.headless()
    entry = ROOT / "scripts/orchestra/guard/entry.py"
    words = [real_python(), "-I", "-S", "-X", "importtime", str(entry), str(ROOT), "", "", "pre-tool-use"]
    words.append(f"{entry.parent}/__pycache__/guard-3.")
    data = world.payload("Bash", {"command": "cd src && grep -rn x . | head -5 && echo $(date) > secret.py"})
    done = subprocess.run(words, input=data, env=world.env, cwd=world.project, capture_output=True, text=False)
    assert done.returncode == 2
    names = {line.rsplit(b"|", 1)[-1].strip().decode() for line in done.stderr.splitlines() if b"import time:" in line}
    dear = {"os", "re", "json", "enum", "typing", "dataclasses", "functools", "pathlib", "collections", "hashlib"}
    assert names & dear == set()
    assert "orchestra.guard.surroundings" in names


def test_json_answers_are_json(world):
    world.headless(
        json.dumps({**json.loads((world.headless().base / "turn/scope.json").read_text()), "enforcement": "warn"})
    )
    assert json.loads(world.edit("secret.py").out)
