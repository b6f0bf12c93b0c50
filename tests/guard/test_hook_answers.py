"""What the hook takes and answers: every tool, every malfunction, and what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from orchestra.guard import document, foreign, hook, wording
from tests.guard.world import GUARD, World, scope


@pytest.fixture
def scoped(world: World) -> World:
    return world.headless()


# -- the shapes of recorded calls


def test_a_call_as_claude_code_sends_it(scoped):
    more = {
        "prompt_id": "p",
        "effort": {"level": "high"},
        "tool_use_id": "toolu_1",
        "permission_mode": "bypassPermissions",
    }
    given = {
        "file_path": f"{scoped.project}/src/lib/a.py",
        "old_string": "one",
        "new_string": "two",
        "replace_all": False,
    }
    assert scoped.call("Edit", given, **more).allowed
    given["file_path"] = f"{scoped.project}/secret.py"
    assert scoped.call("Edit", given, agent_id="a9ea8c5478ca0a99f", agent_type="orch:coder", **more).denied


def test_a_call_as_codex_sends_it(scoped):
    more = {"turn_id": "01a1", "model": "gpt-5.5", "agent_id": "01a1-7cb2", "agent_type": "coder"}
    scoped.env = {name: value for name, value in scoped.env.items() if name != "CLAUDE_PROJECT_DIR"}
    inside = "*** Begin Patch\n*** Add File: src/lib/new.py\n+hello\n*** End Patch\n"
    assert scoped.call("apply_patch", {"command": inside}, **more).allowed
    assert scoped.call("apply_patch", {"command": inside.replace("src/lib/", "")}, **more).denied


PATCHES = [
    ("*** Update File: src/lib/a.py\n@@\n-a\n+b", "allow"),
    ("*** Update File: secret.py\n@@\n-a\n+b", "deny"),
    ("*** Delete File: secret.py", "deny"),
    ("*** Update File: src/lib/a.py\n*** Move to: secret2.py", "deny"),
    ("*** Update File: src/lib/a.py\n*** Move to: src/lib/b.py", "allow"),
    ("*** Add File: src/lib/a.py\n+x\n*** Add File: docs/x.md\n+y", "deny"),
    ("  *** Add File: secret2.py\n+x", "deny"),
    ("*** Add File: src/lib/../../secret2.py\n+x", "deny"),
    ("nothing", "deny"),
    ("", "deny"),
]


@pytest.mark.parametrize("name", ["command", "input", "patch"])
@pytest.mark.parametrize(("patch", "decision"), PATCHES)
def test_patches(scoped, name, patch, decision):
    given = {name: f"*** Begin Patch\n{patch}\n*** End Patch"}
    assert scoped.inside(scoped.payload("apply_patch", given)).decision == decision


def test_a_patch_may_also_be_the_whole_argument(scoped):
    patch = "*** Begin Patch\n*** Add File: {}\n+x\n*** End Patch"
    assert scoped.call("apply_patch", patch.format("src/lib/n.py")).allowed
    assert scoped.call("apply_patch", patch.format("n.py")).denied
    assert scoped.call("apply_patch", {"command": "x", "patch": "y"}).denied


TOOLS = [
    ("Write", {"file_path": "secret.py", "content": "x"}, "deny"),
    ("MultiEdit", {"file_path": "secret.py", "edits": []}, "deny"),
    ("MultiEdit", {"file_path": "tests/t.py", "edits": []}, "allow"),
    ("NotebookEdit", {"notebook_path": "src/lib/n.ipynb", "new_source": "x"}, "allow"),
    ("NotebookEdit", {"notebook_path": "n.ipynb", "new_source": "x"}, "deny"),
    ("NotebookEdit", {"file_path": "src/lib/n.ipynb"}, "deny"),
    ("Write", {"file_path": ["src/lib/a.py"]}, "deny"),
    ("Write", {"file_path": 7}, "deny"),
    ("Write", {"file_path": None}, "deny"),
    ("Write", {}, "deny"),
    ("Write", "src/lib/a.py", "deny"),
    ("Bash", {"command": 7}, "deny"),
    ("Bash", {}, "deny"),
    ("Bash", [], "deny"),
    ("Read", {"file_path": "/etc/passwd"}, "allow"),
    ("Grep", {"pattern": "x", "path": "/"}, "allow"),
    ("Glob", {"pattern": "**"}, "allow"),
    ("LS", {"path": "/"}, "allow"),
    ("WebFetch", {"url": "https://example.org/"}, "allow"),
    ("TodoWrite", {"todos": []}, "allow"),
    ("Agent", {"prompt": "write secret.py", "subagent_type": "orch:coder"}, "allow"),
    ("Task", {"prompt": "p"}, "allow"),
    ("spawn_agent", {"message": "m", "agent_type": "coder"}, "allow"),
    ("collaborationspawn_agent", {"task_name": "t", "message": "m"}, "allow"),
    ("collaborationwait_agent", {"timeout_ms": 1}, "allow"),
    ("multi_agent_v1wait_agent", {"targets": ["a"]}, "allow"),
    ("SendMessage", {"to": "a", "message": "m"}, "allow"),
    ("Skill", {"skill": "orch:demo", "args": "a"}, "allow"),
    ("Workflow", {"script": "export const meta = {}"}, "allow"),
    ("EnterWorktree", {"name": "feat"}, "deny"),
    ("ExitWorktree", {}, "deny"),
    ("SomethingNew", {"anything": "/etc/passwd"}, "allow"),
    ("WriteSomething", {"path": "secret.py"}, "deny"),
    ("WriteSomething", {"path": "src/lib/a.py"}, "allow"),
    ("create_file", {"target_file": "secret.py"}, "deny"),
    ("str_replace_edit", {"path": "secret.py", "old_str": "/x", "new_str": "/y"}, "deny"),
    ("mcp__fs__write_file", {"path": "secret.py", "content": "x"}, "deny"),
    ("mcp__fs__write_file", {"path": "src/lib/a.py", "content": "/etc/passwd"}, "allow"),
    ("mcp__fs__read_file", {"path": "/etc/passwd"}, "allow"),
    ("mcp__fs__list_directory", {"path": "/"}, "allow"),
    ("mcp__fs__move_file", {"source": "secret.py", "destination": "src/lib/a.py"}, "deny"),
    ("mcp__fs__move_file", {"source": "src/lib/a.py", "destination": "secret.py"}, "deny"),
    ("mcp__fs__move_file", {"source": "src/lib/a.py", "destination": "src/lib/b.py"}, "allow"),
    ("mcp__fs__edit_files", {"edits": [{"file": {"name": "secret.py"}}]}, "deny"),
    ("mcp__fs__edit_files", {"files": ["src/lib/a.py", "secret.py"]}, "deny"),
    ("mcp__fs__writeFile", {"anything": "/etc/passwd"}, "deny"),
    ("mcp__fs__deleteFile", {"uri": "file:///etc/passwd"}, "deny"),
    ("mcp__fs__do_it", {"path": "secret.py"}, "deny"),
    ("mcp__fs__do_it", {"target": "secret"}, "allow"),
    ("mcp__tickets__create_issue", {"title": "t", "body": "/etc/passwd"}, "allow"),
    ("mcp__git__status", {"path": "/"}, "allow"),
    ("mcp__host__run_command", {"command": "echo x > secret.py"}, "deny"),
    ("mcp__host__run_command", {"command": "ls"}, "allow"),
    ("mcp__db__execute", {"sql": "select 1"}, "allow"),
    ("mcp__fs__write_file", {"path": 7, "mode": None}, "allow"),
    ("exec_command", {"cmd": "echo x > secret.py"}, "deny"),
    ("exec_command", {"cmd": "echo x > a.py", "workdir": "src/lib"}, "allow"),
    ("exec_command", {"cmd": "echo x > a.py", "workdir": "/etc"}, "deny"),
    ("shell", {"command": ["bash", "-lc", "echo x > secret.py"]}, "deny"),
    ("shell", {"command": ["ls", "-la", "it's"]}, "allow"),
    ("shell", {"command": []}, "deny"),
]


@pytest.mark.parametrize(("tool", "given", "decision"), TOOLS)
def test_tools(scoped, tool, given, decision):
    assert scoped.inside(scoped.payload(tool, given)).decision == decision


def test_a_patch_in_a_shell_command(scoped):
    """Codex carries such a command out itself, without a shell."""
    command = "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: {}\n+x\n*** End Patch\nEOF"
    assert scoped.bash(command.format("src/lib/n.py")).allowed
    assert scoped.bash(command.format("n.py")).denied
    assert scoped.bash("apply_patch").allowed
    assert scoped.bash(command.format("n.py").replace("apply_patch", "cat")).allowed


def test_arguments_that_are_nested_too_deeply_are_not_searched_for_ever(scoped):
    given: object = "secret.py"
    for _ in range(200):
        given = {"a": given}
    assert scoped.inside(scoped.payload("mcp__fs__write", given)).denied


# -- malfunctions: each ends as a denial


DEEP = '{"tool_name":"Edit","tool_input":' + '{"a":' * 100_000 + "1" + "}" * 100_001
BROKEN = [
    b"",
    b"   ",
    b"null",
    b"[]",
    b'"Edit"',
    b'{"tool_name":"Edit","tool_input":{"file_path":"',
    b'{"tool_name":"Edit"} x',
    b'{"tool_name":"Edit","tool_name":"Read","tool_input":{}}',
    b'{"tool_name":"Edit","tool_input":{"file_path":"src/lib/a.py","file_path":"secret.py"}}',
    b'{"tool_name":"Edit","tool_input":{"file_path":NaN}}',
    b'{"tool_name":"Edit","tool_input":{"file_path":-Infinity}}',
    b'{"tool_name":"Edit","tool_input":{"file_path":"src/lib/\xff.py"}}',
    b'\xff\xfe{"tool_name":"Edit"}',
    b'{"tool_name":7,"tool_input":{"file_path":"src/lib/a.py"}}',
    b'{"tool_input":{"file_path":"src/lib/a.py"}}',
    b'{"tool_name":"Read","agent_id":7}',
    b'{"tool_name":"Edit","tool_input":{"file_path":"src/lib/a\n.py"}}',
    DEEP.encode(),
]


@pytest.mark.parametrize("data", BROKEN, ids=lambda data: repr(data[:40]))
def test_what_cannot_be_read_is_denied(scoped, data):
    assert scoped.raw(data).denied


def test_a_mark_at_the_start_is_no_reason_to_deny(scoped):
    data = scoped.payload("Edit", {"file_path": "src/lib/a.py"})
    assert scoped.raw(b"\xef\xbb\xbf" + data).allowed
    assert scoped.raw(b" \n" + data + b"\n").allowed


def test_a_large_call_is_judged(scoped):
    text = "A" * 1_500_000
    assert scoped.call("Write", {"file_path": "src/lib/a.py", "content": text}).allowed
    assert scoped.call("Write", {"file_path": "secret.py", "content": text}).denied


def test_standard_input_that_is_closed_is_denied(scoped):
    words = ["sh", "-c", 'exec "$0" pre-tool-use <&-', str(GUARD)]
    assert subprocess.run(words, env=scoped.env, cwd=scoped.project, capture_output=True).returncode == 2


def test_a_closed_standard_error_changes_only_what_is_said(scoped):
    words = ["sh", "-c", 'exec "$0" pre-tool-use 2>&-', str(GUARD)]
    data = scoped.payload("Edit", {"file_path": "secret.py"})
    assert subprocess.run(words, input=data, env=scoped.env, cwd=scoped.project).returncode == 2


def test_input_that_never_ends_is_denied_before_a_client_gives_up(scoped):
    held = subprocess.Popen(
        [str(GUARD), "pre-tool-use"], stdin=subprocess.PIPE, env=scoped.env, cwd=scoped.project, stderr=subprocess.PIPE
    )
    with held:
        assert held.wait(60) == 2
        assert held.stdin
        held.stdin.close()


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, RecursionError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_the_guard_is_a_denial(scoped, tmp_path, error):
    """A copy of the plugin, broken in the middle."""
    copy = tmp_path / "plugin"
    subprocess.run(["mkdir", "-p", copy / "scripts/orchestra", copy / "bin"], check=True)
    subprocess.run(["cp", GUARD, copy / "bin/"], check=True)
    package = GUARD.parent.parent / "scripts/orchestra"
    subprocess.run(["cp", "-r", package / "guard", package / "__init__.py", copy / "scripts/orchestra/"], check=True)
    broken = copy / "scripts/orchestra/guard/judge.py"
    broken.write_text(broken.read_text() + f"\n\ndef path(*a, **b):\n    raise {error.__name__}('no')\n")
    words = [str(copy / "bin/orchestra-guard"), "pre-tool-use"]
    data = scoped.payload("Edit", {"file_path": "src/lib/a.py"})
    for _ in range(2):  # the second call takes the modules from their bundle
        done = subprocess.run(words, input=data, env=scoped.env, cwd=scoped.project, capture_output=True)
        assert done.returncode == 2
        assert error.__name__.encode() in done.stderr


# -- scope files


SCOPES = [
    "",
    "{",
    "[]",
    "null",
    '"strict"',
    '{"version": 1}',
    '{"version": 1, "root": "relative", "write": ["**"]}',
    '{"version": 2, "root": "ROOT", "write": ["**"]}',
    '{"root": "ROOT", "write": ["**"]}',
    '{"version": 1, "root": "ROOT"}',
    '{"version": 1, "root": "ROOT", "write": null}',
    '{"version": 1, "root": "ROOT", "write": "**"}',
    '{"version": 1, "root": "ROOT", "write": ["**", 7]}',
    '{"version": 1, "root": "ROOT", "write": {"**": true}}',
    '{"version": 1, "root": "ROOT", "write": ["**"], "blocked_commands": "rm"}',
    '{"version": 1, "root": "ROOT", "write": ["src/**"], "write": ["**"]}',
    '{"version": 1, "root": "/nowhere", "write": ["**"]}',
    '{"version": 1, "root": "ROOT/loop", "write": ["**"]}',
]


@pytest.mark.parametrize("text", SCOPES)
def test_a_scope_that_cannot_be_used_allows_nothing(world, text):
    (world.project / "loop").symlink_to("loop")
    world.headless(text.replace("ROOT", str(world.project)) or " ")
    assert world.edit("src/lib/a.py").denied
    assert world.edit(world.project / "src/lib/a.py").denied
    assert world.call("Read", {"file_path": "secret.py"}).allowed


@pytest.mark.parametrize("named", ["", "relative.json", "/nowhere/scope.json", "/dev", "a\tb"])
def test_a_scope_that_is_not_there_denies_everything(world, named):
    world.env["ORCHESTRA_SCOPE"] = named
    assert world.edit("src/lib/a.py").denied
    assert world.bash("ls").denied
    assert world.call("Read", {"file_path": "secret.py"}).allowed


def test_a_scope_with_another_digest_denies(world):
    world.headless()
    world.env["ORCHESTRA_SCOPE_SHA256"] = "0" * 64
    assert world.edit("src/lib/a.py").denied
    from orchestra.guard import scopes

    data = (world.base / "turn/scope.json").read_bytes()
    world.env["ORCHESTRA_SCOPE_SHA256"] = scopes.sha256(data).upper()
    assert world.edit("src/lib/a.py").allowed


def test_the_digest_is_that_of_every_other_program():
    import hashlib

    from orchestra.guard import scopes

    assert scopes.sha256(b"abc") == hashlib.sha256(b"abc").hexdigest()


def test_the_digest_without_the_interpreters_own_module(monkeypatch):
    from orchestra.guard import scopes

    known = scopes.sha256(b"abc")
    for name in ("_sha2", "_sha256"):
        monkeypatch.setitem(sys.modules, name, None)
    assert scopes.sha256(b"abc") == known


def test_a_glob_that_cannot_be_compared_denies(world):
    world.headless(scope(world.project, ["*a" * 900 + "b"] * 3))
    assert world.edit("a" * 250).denied


def test_a_blocked_text_of_nothing_blocks_nothing(world):
    world.headless(scope(world.project, blocked_commands=["", "  "]))
    assert world.bash("ls").allowed


def test_what_git_ignores_may_be_removed_and_nothing_else(scoped):
    assert scoped.bash("rm -rf dist").allowed
    assert scoped.bash("rm -rf build").denied
    (scoped.project / ".gitignore").unlink()
    assert scoped.bash("rm -rf dist").denied
    assert scoped.bash("echo x > dist/a").denied


@pytest.mark.parametrize(
    ("enforcement", "decision"), [("strict", "deny"), ("STRICT", "deny"), ("none", "deny"), (7, "deny"), (None, "deny")]
)
def test_an_unknown_enforcement_is_strict(world, enforcement, decision):
    assert world.headless(scope(world.project, enforcement=enforcement)).edit("secret.py").decision == decision


def test_warn_lets_pass_and_tells_the_agent(world):
    world.headless(scope(world.project, enforcement="warn"))
    said = world.edit("secret.py")
    assert said.code == 0
    answer = json.loads(said.out)["hookSpecificOutput"]
    assert answer["hookEventName"] == "PreToolUse"
    assert "secret.py" in answer["additionalContext"]
    assert "permissionDecision" not in answer
    assert world.edit("src/lib/a.py").allowed
    assert world.bash("rm -rf src/other").denied
    assert world.edit(".git/config").denied
    assert [line["decision"] for line in world.records()] == ["warn", "deny", "deny"]


def test_off_passes_but_for_what_nobody_writes(world):
    world.headless(scope(world.project, enforcement="off"))
    assert world.edit("secret.py").allowed
    assert world.edit("a\x1b").allowed
    assert world.bash("rm -rf src/other && eval $X").allowed
    assert world.edit(".git/config").denied
    assert world.bash("echo x > .git/config").denied


@pytest.mark.parametrize("name", [None, "ORCHESTRA_GUARD", "SKIP", "DISABLED_HOOKS", "ORCHESTRA_ENFORCEMENT"])
def test_no_variable_switches_it_off(scoped, name):
    if name:
        scoped.env[name] = "off"
    assert scoped.edit("secret.py").denied


# -- what nobody writes


NOBODY = [
    ".orchestra/state.db",
    ".orchestra/state.db-wal",
    ".orchestra/locks/x",
    ".orchestra/runs/armed",
    ".orchestra/quarantine/t.patch",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/hooks/x.sh",
    ".codex/config.toml",
    ".codex/hooks.json",
    ".git",
    ".git/config",
    ".GIT/hooks/pre-commit",
    "src/lib/.git/HEAD",
    "~/.claude/settings.json",
    "~/.claude.json",
    "~/.codex/hooks.json",
    "~/.bashrc",
    "~/.zshenv",
    "~/.gitconfig",
    "~/.ssh/config",
    "/etc/claude-code/managed-settings.json",
    str(GUARD),
    str(GUARD.parent.parent / "scripts/orchestra/guard/hook.py"),
    "~/.local/share/orchestra/guard-python",
]


@pytest.mark.parametrize("path", NOBODY)
def test_what_nobody_writes(world, path):
    world.headless(scope(world.project, ["**"], enforcement="off"))
    world.env["ORCHESTRA_PROJECT"] = str(world.project)
    assert world.inside(world.payload("Write", {"file_path": path})).denied


def test_the_scope_file_itself_is_nobodys(world):
    file = world.project / "src/lib/scope.json"
    file.write_text(json.dumps(scope(world.project)))
    world.env["ORCHESTRA_SCOPE"] = str(file)
    assert world.edit(file).denied
    assert world.edit("src/lib/a.py").allowed


def test_a_folder_that_holds_such_a_thing_is_not_removed(world):
    world.headless(scope(world.project, ["**"]))
    for command in ("rm -rf .git", "rm -rf .orchestra", "rm -rf .claude", "rm -rf .", "rm -rf ~", "mv .git x"):
        assert world.bash(command).denied, command


def test_the_guards_own_files_are_protected_where_the_plugin_is_the_project(world):
    """Orchestra builds Orchestra: its other files are work like any other."""
    from orchestra.guard import protect

    own = protect.Protection("/home/u", "/srv/o", "/data", ["/srv/o"], [])
    assert own.owner("/srv/o/scripts/orchestra/guard/hook.py")
    assert own.owner("/srv/o/bin/orchestra-guard")
    assert not own.owner("/srv/o/scripts/orchestra/main.py")
    tree = protect.Protection("/home/u", "/srv/o", "", ["/srv/o/.orchestra/worktrees/t", "/srv/o"], [])
    assert not tree.owner("/srv/o/.orchestra/worktrees/t/scripts/orchestra/guard/hook.py")
    other = protect.Protection("/home/u", "/srv/o", "/data", ["/srv/p"], [])
    assert other.owner("/srv/o/scripts/orchestra/main.py") == protect.GUARD
    assert other.owner("/data/pycache/x") == protect.GUARD
    assert other.held("/srv") == protect.GUARD
    assert other.held("/srv/p") == protect.GIT
    assert other.held("/x/.Claude") == protect.SETTINGS
    assert not other.held("/x")
    assert not other.owner("/srv")
    assert not other.owner("/home/u/.claude/plans/p.md")


def test_a_work_tree_below_a_protected_name_is_work(world):
    from orchestra.guard import protect

    tree = protect.Protection("/home/u", "", "", ["/home/u/.codex/worktrees/1/repo"], [])
    assert not tree.owner("/home/u/.codex/worktrees/1/repo/a.py")
    assert tree.owner("/home/u/.codex/worktrees/1/repo/.codex/config.toml")
    assert tree.owner("/home/u/.codex/config.toml")
    assert protect.Protection("", "", "", [], []).owner("/x/.git/config") == protect.GIT


# -- what is said and recorded


def test_a_denial_names_the_path_the_scope_and_what_to_do(scoped):
    said = scoped.edit("src/other/o.py").err
    assert "src/other/o.py" in said
    assert "src/lib/**, tests/**" in said
    assert "report" in said


LONG = "x" * 500
SENTENCES = [
    wording.outside(LONG, "outside the work tree", "scoped", [LONG]),
    wording.outside(LONG, "outside the scope", "scoped", []),
    wording.outside(LONG, "", "lead", []),
    wording.outside(LONG, "", "reader", []),
    wording.outside(LONG, "", "product-manager", []),
    wording.protected(LONG, "holds", "the client's settings"),
    wording.unclear(LONG, "what it leads to differs from process to process"),
    wording.hidden(LONG),
    wording.destructive(LONG),
    wording.blocked(LONG),
    wording.verb(LONG),
    wording.runs(LONG, "product-manager"),
    wording.unreadable(LONG, LONG),
    wording.leaves(LONG),
    wording.malfunction(LONG),
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_reason_is_longer_than_forty_tokens(sentence):
    """Four characters a token, as in English text."""
    assert len(sentence) <= 180
    assert sentence.isprintable()


def test_each_denial_is_a_line_of_the_record(scoped):
    scoped.edit("secret.py", agent_id="a1")
    scoped.bash("echo x > secret.py; echo " + "y" * 1000)
    scoped.edit("src/lib/a.py")
    first, second = scoped.records()
    assert first.keys() == {"at", "class", "tool", "path", "command", "reason", "agent_id", "decision"}
    assert (first["class"], first["tool"], first["agent_id"], first["decision"]) == ("scope", "Edit", "a1", "deny")
    assert first["path"].endswith("/secret.py")
    assert len(second["command"]) == 400


def test_a_program_that_may_write_is_let_through_and_noted(scoped):
    assert scoped.bash("make test").allowed
    (line,) = scoped.records()
    assert (line["class"], line["decision"]) == ("runs", "allow")
    assert "make" in line["reason"]


def test_a_record_that_cannot_be_written_changes_nothing(scoped):
    (scoped.base / "turn/guard.jsonl").mkdir()
    assert scoped.edit("secret.py").denied
    assert scoped.bash("make").allowed


def test_lines_of_many_callers_do_not_mix(scoped):
    words = [str(GUARD), "pre-tool-use"]
    data = scoped.payload("Edit", {"file_path": "secret.py"})
    calls = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=scoped.env, cwd=scoped.project)
        for _ in range(8)
    ]
    for one in calls:
        # Each is given its call before any is waited for: a hook that waits too long for its input denies.
        assert one.stdin
        one.stdin.write(data)
        one.stdin.close()
    assert [one.wait(60) for one in calls] == [2] * 8
    assert len(scoped.records()) == 8


# -- the parts


def test_json_is_read_as_every_other_reader_does():
    text = '{"a": [1, -2.5e3, true, null, "\\u00e9\\n"], "b": {"c": {}}}'
    assert document.parse(text.encode()) == json.loads(text)


def test_json_is_written_so_that_others_read_it():
    value = {"a": "é\n\ud800", "b": 1, "c": True, "d": None, "e": {"f": "g"}, "h": False}
    assert json.loads(document.dump(value)) == value
    assert document.text_of(["a"], "a") == ""


def test_words_of_names():
    assert (
        foreign.words_of("writeFile")
        == foreign.words_of("write_file")
        == foreign.words_of("write-file")
        == ["write", "file"]
    )


def test_a_hook_of_another_name_is_an_error(scoped):
    assert scoped.raw(scoped.payload("Read", {}), "post-tool-use").denied


def test_the_process_ends_with_the_answer(scoped, monkeypatch, capfd):
    ended: list[int] = []

    class End(Exception):
        pass

    def leave(code: int) -> None:
        ended.append(code)
        raise End

    monkeypatch.setattr(hook.posix, "_exit", leave)
    payload, read_all = scoped.payload("Edit", {"file_path": "secret.py"}), hook.disk.read_all
    monkeypatch.setattr(hook.disk, "read_all", lambda source: read_all(source) if source else payload)
    monkeypatch.setattr(hook.posix, "environ", {name.encode(): value.encode() for name, value in scoped.env.items()})
    with pytest.raises(End):
        hook.main(["/p", "/d", "", "pre-tool-use"])
    assert ended == [2]
    assert "secret.py" in capfd.readouterr().err
    monkeypatch.setattr(hook.posix, "write", lambda *_: (_ for _ in ()).throw(OSError))
    with pytest.raises(End):
        hook.main(["/p", "/d", "", "pre-tool-use"])
    with pytest.raises(ValueError, match="no hook"):
        hook.main(["/p", "/d", "", "x"])


def test_too_much_input_is_refused(monkeypatch):
    from orchestra.guard import disk

    monkeypatch.setattr(disk, "_LARGEST", 10)
    source, sink = os.pipe()
    os.write(sink, b"x" * 11)
    os.close(sink)
    with pytest.raises(disk.TooLarge):
        disk.read_all(source)
    os.close(source)
