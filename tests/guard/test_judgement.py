"""Who may do what: `judge.py` asked itself, each question from both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestra.guard import identity, judge, protect, scopes
from orchestra.guard.effects import effects
from orchestra.guard.judge import Verdict
from tests.support.guard_oracle import surroundings

HOME = "/home/someone"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    work = tmp_path.resolve() / "work"
    for folder in ("src", "lib", "src/old"):
        (work / folder).mkdir(parents=True)
    return work


def bounds(root: Path | str, kind: str = identity.SCOPED, *, write: list[str] | None = None, **more: Any) -> Any:
    """The bounds of a caller that may write `src/**` and `lib/*.py`."""
    scope = scopes.Scope(str(root), ["src/**", "lib/*.py"] if write is None else write)
    scope.enforcement, scope.blocked = more.get("enforcement", scopes.STRICT), more.get("blocked", [])
    caller = identity.Caller(kind, scope, "", "", why=more.get("why", ""))
    return judge.bounds(caller, str(root), {"HOME": HOME}, "", "")


def run(command: str, root: Path, *args: Any, **more: Any) -> tuple[Verdict, list[str]]:
    return judge.shell(
        bounds(root, *args, **more), command, effects(command, str(root), surroundings(HOME, "/scratch"))
    )


# -- blocked commands


@pytest.mark.parametrize(
    ("text", "commands", "others"),
    [
        (
            "deploy now",
            ["deploy now", "x/Deploy  NOW", "deploy soon now"],
            ["deploy", "deploy later", "abc now", "zzz now"],
        ),
        ("make make", ["make make", "make x make"], ["make", "make x"]),
        ("deploy -- now", ["deploy now", "deploy -- now"], ["deploy -- later", "deploy"]),
        ("deploy +x", ["deploy y +x"], ["deploy", "deploy x"]),
        (
            "deploy --force",
            ["deploy now --force", "deploy now --force=1"],
            ["deploy --a", "deploy --z", "deploy -force"],
        ),
        ("deploy -xy", ["deploy -yx", "deploy -y -x", "deploy now -zxy"], ["deploy -y", "deploy -x", "deploy --yx"]),
        ("one two", ["f 'one' two", 'f one "two"', "f o\\ne  two", "f one\\ two"], ["f one-two", "f two one"]),
        (
            "rm -rf",
            ["rm -rf src/a; deploy 'rm -rf'"],
            ["rm -r -f src/a; deploy", "rm -rf src/a", "rm -fr src/a; deploy"],
        ),
        ("rm -rf", ["rm -rf src/a; $X rm -rf"], []),
        ("", [], ["deploy", "ls"]),
        ("  ", [], ["deploy", "ls"]),
        ("ls", ["deploy; ls"], ["deploy"]),
    ],
)
def test_blocked_commands(text: str, commands: list[str], others: list[str], root: Path) -> None:
    assert [one for one in commands if run(one, root, blocked=[text])[0].kind != "blocked"] == []
    assert [one for one in others if run(one, root, blocked=[text])[0].kind == "blocked"] == []


def test_what_does_not_write_where_it_may_is_blocked_by_its_name(root: Path) -> None:
    """A blocked `rm -rf` does not stop the removal of what is in the scope."""
    assert run("rm -rf src/a", root, blocked=["rm -rf"])[0].kind == ""
    assert run("rm -rf lib/a", root, blocked=["rm -rf"])[0].kind == "blocked"
    assert run("rm -rf src/a; eval $X", root, blocked=["rm -rf"])[0].kind == "blocked"
    assert run("cat 'drop table'", root, blocked=["drop table"])[0].kind == ""


# -- verbs of orchestra


@pytest.mark.parametrize(
    ("argv", "found"),
    [
        ([], []),
        (["orchestra"], []),
        (["ls", "next"], []),
        (["orchestra", "next"], ["next"]),
        (["/x/orchestra", "brief", "t"], ["brief", "t"]),
        (["orchestra", "-C", "d", "brief", "t"], ["brief", "t"]),
        (["orchestra", "-C", "d", "-C", "e", "brief", "-C"], ["brief", "-C"]),
        (["orchestra", "--json", "brief"], ["brief"]),
        (["orchestra", "-B", "brief"], ["brief"]),
        (["orchestra", "-q", "-C", "d", "next"], ["next"]),
        (["orchestra", "-C"], []),
        (["orchestra", "-q"], []),
    ],
)
def test_the_words_of_orchestra(argv: list[str], found: list[str]) -> None:
    assert judge.orchestra_words(argv) == found
    assert judge.verb_of(argv) == (found or [""])[0]


@pytest.mark.parametrize(("kind", "denied"), [(identity.SCOPED, True), (identity.READER, True), (identity.LEAD, False)])
def test_which_verbs_agents_run(kind: str, denied: bool, root: Path) -> None:
    assert (run("orchestra stop", root, kind)[0].kind == "verb") is denied
    assert run("orchestra brief t", root, kind)[0].kind != "verb"


# -- one path


@pytest.mark.parametrize(
    ("given", "how", "tree", "decision", "rule"),
    [
        ("src/a", "", False, "allow", "src/**"),
        ("lib/a.py", "", False, "allow", "lib/*.py"),
        ("lib/a.js", "", False, "deny", "outside the scope"),
        ("docs", "", False, "deny", "outside the scope"),
        ("..", "", False, "deny", "outside the work tree"),
        ("../x", "", False, "deny", "outside the work tree"),
        ("/dev//null", "", False, "allow", "a device, not a file"),
        ("/dev/null", "", False, "allow", "a device, not a file"),
        ("dev/null", "", False, "deny", "outside the scope"),
        ("/scratch/x", "", False, "allow", "a temp file"),
        ("/scratch", "cp", True, "allow", "a temp file"),
        ("/scratch", "cp", False, "deny", "outside the work tree"),
        ("/scratch", "rm", True, "deny", "outside the work tree"),
        ("/scratch", "chmod", True, "deny", "outside the work tree"),
        ("/scratch/x", "rm", True, "allow", "a temp file"),
        ("~x/a", "", False, "deny", "a target that cannot be established"),
        ("src/old", "tee", True, "allow", "src/**"),
        ("lib", "tee", True, "deny", "outside the scope"),
        ("src/new", "mkdir", False, "allow", "src/**"),
        ("lib", "mkdir", False, "allow", "the scope"),
        (".", "mkdir", False, "allow", "the scope"),
        ("docs", "mkdir", False, "deny", "outside the scope"),
        ("src", "rm", False, "allow", "the scope"),
        ("lib", "rm", False, "deny", "outside the scope"),
        ("docs/x.pyc", "rm", False, "allow", "the scope"),
        ("x.pyc/y", "rm", False, "deny", "outside the scope"),
        ("docs/__pycache__/x", "rm", False, "allow", "the scope"),
        ("docs/dist/x", "rm", False, "deny", "outside the scope"),
        (".git", "cp", True, "deny", "nobody writes git's own files"),
    ],
)
def test_one_path(given: str, how: str, tree: bool, decision: str, rule: str, root: Path) -> None:
    temp = "/tmp" if root.is_relative_to("/var/tmp") else "/var/tmp"
    said = judge.path(bounds(root), given.replace("/scratch", temp), how=how, tree=tree, shell=bool(how))
    assert (said.decision, said.rule) == (decision, rule)


def test_what_git_ignores_is_made_again(root: Path) -> None:
    (root / ".gitignore").write_text("/dist/\n *.x\ncoverage\n")
    names = ("docs/dist/x", "dist", "coverage", "build", "docs/x")
    said = [judge.path(bounds(root), name, how="rm", shell=True).decision for name in names]
    assert said == ["allow", "allow", "allow", "deny", "deny"]
    assert judge.path(bounds(root), "dist", how="cp", shell=True).decision == "deny"


def test_a_place_that_is_shown_as_it_is_best_known(root: Path) -> None:
    asked = {str(root): "the whole work tree", f"{root}/a/b": "a/b", "/a": "given", "/zzz": "given"}
    assert {one: judge._shown(bounds(root), "given", one) for one in asked} == asked
    assert judge.path(bounds(root), ".").reason.startswith("the whole work tree")


def test_the_rule_is_that_of_the_file_a_link_leads_to(root: Path) -> None:
    (root / "src/l").symlink_to("../lib/a.py")
    assert judge.path(bounds(root), "src/l", how="tee", shell=True).rule == "lib/*.py"
    assert judge.path(bounds(root), "src/l", how="rm", shell=True).rule == "src/**"


def test_the_glob_that_takes_a_path_out_is_the_rule(root: Path) -> None:
    said = judge.path(bounds(root, write=["src/**", "!src/keep/**"]), "src/keep/x")
    assert (said.decision, said.rule, said.path) == ("deny", "!src/keep/**", f"{root}/src/keep/x")


def test_globs_that_take_too_long_allow_nothing(root: Path) -> None:
    long = "?" * 2000
    said = judge.path(bounds(root, write=[long, long, "**"]), "a" * 255)
    assert (said.decision, said.rule) == ("deny", "too complex to compare")
    assert "too complex to compare" in said.reason
    assert judge.path(bounds(root, write=["**", long, long]), "a" * 255).rule == "the scope"


def test_a_root_that_cannot_be_followed_holds_nothing() -> None:
    assert judge.path(bounds("/proc/self"), "/a").decision == "deny"


@pytest.mark.parametrize(
    ("given", "how", "tree", "decision"),
    [
        ("docs/x", "", False, "warn"),
        ("docs", "cp", True, "warn"),
        ("docs/x", "rm", False, "warn"),
        ("docs", "rm", True, "deny"),
        ("src/x", "rm", True, "allow"),
    ],
)
def test_a_warning_is_enough_but_for_folders_that_go(
    given: str, how: str, tree: bool, decision: str, root: Path
) -> None:
    assert judge.path(bounds(root, enforcement="warn"), given, how=how, tree=tree, shell=True).decision == decision


@pytest.mark.parametrize(
    ("given", "how", "tree", "scoped", "user"),
    [
        (".", "rm", True, "deny", "deny"),
        (".", "cp", True, "deny", "allow"),
        (".", "prettier --write", True, "allow", "allow"),
        (".", "x prettier", True, "deny", "allow"),
        (".", "mv", True, "deny", "deny"),
        (".", "cp", False, "deny", "allow"),
        (".orchestra", "rm", True, "deny", "deny"),
        (".orchestra", "cp", True, "deny", "allow"),
        (".orchestra/runs/x", "", False, "deny", "deny"),
        ("x", "", False, "allow", "allow"),
    ],
)
def test_what_nobody_writes(given: str, how: str, tree: bool, scoped: str, user: str, root: Path) -> None:
    """A folder that holds it goes with it; the user's own session may put something into such a folder."""
    for kind, decision in ((identity.SCOPED, scoped), (identity.USER, user)):
        asked = bounds(root, kind, write=["**", "!.git", "!.orchestra"])
        assert judge.path(asked, given, how=how, tree=tree, shell=True).decision == decision, kind


def test_the_worst_is_the_first_denial_else_the_first_warning() -> None:
    made = {name: [Verdict(name, str(n)) for n in range(2)] for name in ("allow", "warn", "deny")}
    (a, b), (w, x), (d, e) = made.values()
    for given, worst in (([a, b], a), ([a, w, x], w), ([w, a, d, e], d), ([d, w], d), ([x, w], x), ([b, a], b)):
        assert judge.worst(given) is worst
    assert judge.worst([]).decision == "allow"


# -- commands


@pytest.mark.parametrize(
    ("command", "enforcement", "decision", "kind", "noted"),
    [
        ("deploy", "strict", "allow", "", 1),
        ("deploy; rm docs/x", "strict", "deny", "scope", 0),
        ("deploy; rm docs/x", "warn", "warn", "scope", 1),
        ("deploy; eval $X", "strict", "deny", "hidden", 0),
        ("deploy; eval $X", "warn", "warn", "hidden", 1),
        ("deploy; eval $X", "off", "allow", "", 1),
        ("kill 1", "warn", "deny", "destructive", 0),
        ("kill 1", "off", "allow", "", 0),
        ("rm docs/x", "off", "allow", "", 0),
        ("rm .orchestra/runs/x", "off", "deny", "protected", 0),
    ],
)
def test_commands(command: str, enforcement: str, decision: str, kind: str, noted: int, root: Path) -> None:
    said, runs = run(command, root, enforcement=enforcement)
    assert (said.decision, said.kind, len(runs)) == (decision, kind, noted)


@pytest.mark.parametrize("kind", [identity.READER, identity.LEAD, identity.PLANNER])
def test_what_may_write_is_not_run_by_those_who_may_not(kind: str, root: Path) -> None:
    said, _ = run("deploy x", root, kind, write=[])
    assert (said.decision, said.kind) == ("deny", "runs")
    assert said.reason.startswith("This may write files (the program deploy)")
    assert run("ls", root, kind, write=[])[0].decision == "allow"
    assert run("deploy", root, kind, write=[], why="Stop here.")[0].reason == "Stop here."


def test_what_cannot_be_known_is_named_without_its_class(root: Path) -> None:
    said, _ = run("eval $X", root)
    assert said.reason.startswith("What this writes cannot be known (") and "hidden" not in said.reason


def test_the_user_is_asked_by_the_client_and_not_by_the_guard(root: Path) -> None:
    for command in ("kill 1", "eval $X", "rm -rf docs", "deploy"):
        assert [run(command, root, identity.USER)[0].decision, run(command, root, identity.USER)[1]] == ["allow", []]
    assert run("rm -rf .git", root, identity.USER)[0].kind == "protected"


# -- whose a path is


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("/p/.git", protect.GIT),
        ("/p/a/.GIT/x", protect.GIT),
        ("/p/.gitx", ""),
        ("/p/.codex", protect.SETTINGS),
        ("/p/.codex/x", protect.SETTINGS),
        ("/p/.orchestra", ""),
        ("/p/.orchestra/runs", protect.STATE),
        ("/p/.orchestra/runs/x", protect.STATE),
        ("/p/.orchestra/locks", protect.STATE),
        ("/p/.orchestra/quarantine", protect.STATE),
        ("/p/.orchestra/state.db-wal", protect.STATE),
        ("/p/.orchestra/config.yml", ""),
        ("/p/.other/state.db", ""),
        ("/p/.a/runs", ""),
        ("/p/.zoo/runs", ""),
        ("/p/.claude", ""),
        ("/p/.claude/hooks", protect.SETTINGS),
        ("/p/.claude/hooks/x", protect.SETTINGS),
        ("/p/.claude/hookss", ""),
        ("/p/.claude/settings.json", protect.SETTINGS),
        ("/p/.claude/settings.local.json", protect.SETTINGS),
        ("/p/.claude/settings.md", ""),
        ("/p/.claude/x.json", ""),
        ("/p/.claudes/settings.json", ""),
        ("/p/.x/hooks", ""),
        ("/h/.claude", protect.SETTINGS),
        ("/h/.claude/x", protect.SETTINGS),
        ("/h/.claude/plans", ""),
        ("/h/.claude/plans/x", ""),
        ("/h/.claude/plansx", protect.SETTINGS),
        ("/h/.bashrc", protect.STARTUP),
        ("/h/.config/fish/x", protect.STARTUP),
        ("/h/.config/x", ""),
        ("/h/x", ""),
        ("/etc/codex/x", protect.SETTINGS),
        ("/plugin/x", protect.GUARD),
        ("/data", protect.GUARD),
        ("/turn/scope.json", protect.STATE),
        ("/turn/guard", ""),
        ("/.git/deep/x", ""),
        ("/.git/x", protect.GIT),
    ],
)
def test_whose_a_path_is(path: str, whose: str) -> None:
    made = protect.Protection("/h", "/plugin", "/data", ["/p", "/.git/deep"], ["/turn/scope.json"])
    assert made.owner(path) == whose


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("/", protect.SETTINGS),
        ("/h", protect.SETTINGS),
        ("/h/.config", protect.STARTUP),
        ("/turn", protect.STATE),
        ("/p", protect.GIT),
        ("/a/p", ""),
        ("/x", ""),
        ("/x/.claude", protect.SETTINGS),
        ("/x/.orchestra", protect.STATE),
        ("/p/src", ""),
        ("/.git", protect.GIT),
    ],
)
def test_what_a_folder_holds(path: str, whose: str) -> None:
    made = protect.Protection("/h", "/plugin", "/data", ["/p"], ["/turn/scope.json"])
    assert made.held(path) == whose


def test_a_home_that_is_not_known_and_a_plugin_that_is_the_project() -> None:
    bare = protect.Protection("", "", "", [], [])
    assert not bare.owner("/.bashrc") and not bare.owner("/.claude") and bare.owner("/etc/codex") == protect.SETTINGS
    inside = protect.Protection("/h", "/P/plugin", "", ["/p"], [])
    names = ("bin/orchestra-guard", "scripts/orchestra/guard/x", "hooks/x", "x")
    assert [inside.owner(f"/p/plugin/{name}") for name in names] == [*[protect.GUARD] * 3, ""]


def test_a_project_below_a_place_of_the_guard_stays_writable() -> None:
    made = protect.Protection("/h", "", "/data", ["/data/work/p"], [])
    places = ("/data/x", "/data/work", "/data/work/p", "/data/work/p/x", "/data/work/px")
    assert [made.owner(one) for one in places] == [protect.GUARD, protect.GUARD, "", "", protect.GUARD]
