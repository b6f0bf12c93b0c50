"""What README and docs say is what the program does: commands parse, examples run, every name exists."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestra import config, main
from orchestra.backends import scripted_agent
from orchestra.core import words
from orchestra.core.events import EventType
from orchestra.errors import Exit
from orchestra.state import schema
from tests.support import planning
from tests.support.launching import ROOT, program

PAGES = [
    ROOT / "README.md",
    ROOT / "AGENTS.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").rglob("README.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
ids = {"ids": lambda path: str(path.relative_to(ROOT))}


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [body for found, body in BLOCK.findall(text) if found == language]


def spans(text: str) -> list[str]:
    """Inline code outside fenced blocks, as it is shown (a table escapes its bars)."""
    return [span.replace(r"\|", "|") for span in SPAN.findall(BLOCK.sub("", text))]


def section(text: str, heading: str) -> str:
    """What stands below `heading`, up to the next one of its level or above."""
    level = len(heading.split(" ")[0])
    body = text.split(f"\n{heading}\n", 1)[1]
    prose = BLOCK.sub(lambda block: re.sub(r"[^\n]", " ", block[0]), body)
    end = re.search(rf"^#{{1,{level}}} ", prose, re.MULTILINE)
    return body[: end.start() if end else None]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, but for heads and rules."""
    lines = text.splitlines()
    rules = {n for n, line in enumerate(lines) if re.fullmatch(r"\|[-| ]+\|", line)}
    kept = [line for n, line in enumerate(lines) if line.startswith("|") and not {n, n + 1} & rules]
    return [[cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in kept]


# Commands


def commands(text: str) -> Iterator[list[str]]:
    """Every `orchestra …` of a text, from its shell blocks and its inline code; a verb alone there is only named."""
    for block in blocks(text, "sh"):
        body = re.sub(r"<<'(\w+)'.*?^\1$", "", block, flags=re.MULTILINE | re.DOTALL)
        for line in body.splitlines():
            yield from _in_shell(line)
    for span in spans(text):
        if re.match(r"(bin/)?orchestra [a-z][a-z-]* ", span) and "…" not in span and "TICKET" not in span:
            yield from _in_shell(span)


def _in_shell(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words_: list[str] = []
    for token in (*lexer, ";"):
        if not re.fullmatch(r"[;&|<>()]+", token):
            words_.append(token)
            continue
        if words_ and words_[0].rpartition("/")[2] == "orchestra" and (len(words_) == 1 or words_[1][:1] != "-"):
            yield words_[1:]
        words_ = []


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_command_is_understood(path):
    for words_ in commands(path.read_text(encoding="utf-8")):
        line = main.split(words_)
        assert line.verb in main.VERBS, f"orchestra {' '.join(words_)}"
        main._verb_parser(line.verb).parse_args([line.verb, *line.rest])


def named_verbs(path: Path) -> set[str]:
    found = (re.match(r"(?:bin/)?orchestra ([a-z][a-z-]*)", span) for span in spans(path.read_text(encoding="utf-8")))
    return {match[1] for match in found if match}


def test_every_verb_is_named_and_no_other():
    shown = {words_[0] for path in PAGES for words_ in commands(path.read_text(encoding="utf-8"))}
    assert shown.union(*map(named_verbs, PAGES)) == set(main.VERBS)


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_option_in_prose_exists(path):
    known = set()
    for verb in main.VERBS:
        parser = main._verb_parser(verb)
        known |= set(re.findall(r"--[a-z-]+", "".join(_helps(parser))))
    for door in main.DOORS:
        known |= set(re.findall(r"--[a-z-]+", main._door_parser(door).format_help()))
    # The clients' own options are those that the tests call the real programs with.
    for other in ("bin/orchestra-install", "tests/support/clients/programs.py"):
        known |= set(re.findall(r"--[a-z-]+", page(other)))
    given = (re.match(r"--[A-Za-z][A-Za-z0-9-]*", span) for span in spans(path.read_text(encoding="utf-8")))
    assert {match[0] for match in given if match} <= known


def _helps(parser: object) -> Iterator[str]:
    yield parser.format_help()
    for action in parser._actions:
        for inner in (getattr(action, "choices", None) or {}).values() if hasattr(action, "add_parser") else ():
            yield from _helps(inner)


# Names


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_link_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_file_of_the_repository_that_is_named_exists(path):
    places = ("core", "plans", "state", "git", "drive", "backends", "views", "commands", "proc")
    for span in spans(path.read_text(encoding="utf-8")):
        if re.fullmatch(r"(docs|examples|scripts|schemas|templates|bench|bin|tests)/[\w./-]+", span):
            assert (ROOT / span).exists(), span
        elif re.fullmatch(rf"({'|'.join(places)})/[\w./-]*", span):
            assert (ROOT / "scripts/orchestra" / span).exists(), span


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_key_of_the_configuration_exists(path):
    sections_ = {name.partition(".")[0] for name in config.BY_NAME if "." in name}
    for span in spans(path.read_text(encoding="utf-8")):
        match = re.fullmatch(rf"((?:{'|'.join(sections_)})\.[a-z_.*]+)(: .+)?", span)
        if match and not re.search(r"\.(py|md|yml|db|json)$", match[1]):
            assert match[1].removesuffix(".*") in {*config.BY_NAME, *sections_}, span


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_configuration_that_is_shown_is_understood(path, tmp_path):
    for block in blocks(path.read_text(encoding="utf-8"), "yaml"):
        if not block.startswith("- "):
            (tmp_path / "config.yml").write_text(block)
            assert config.read(tmp_path / "config.yml")[1] == []


def test_every_variable_that_is_named_is_one():
    code = [
        path for folder in ("scripts", "tests") for path in (ROOT / folder).rglob("*.py") if path.name != "test_docs.py"
    ]
    source = "".join(path.read_text(encoding="utf-8") for path in code)
    source += page("bin/orchestra") + page("scripts/environment.sh")
    for path in PAGES:
        for name in re.findall(r"\bORCHESTRA_[A-Z_]+", path.read_text(encoding="utf-8")):
            assert name in source, name


def test_every_variable_of_a_backend_is_described():
    from orchestra.backends.base import Task, turn_env

    task = Task("T", "U", "worker", 1, 1, *[Path("x")] * 5)
    table = section(page("docs/backends.md"), "## What every agent gets")
    assert {row[0].strip("`") for row in rows(table)} == set(turn_env(task))


def test_the_exit_codes_are_those_of_the_program():
    table = section(page("README.md"), "## Every day")
    assert {int(row[0]) for row in rows(table)} == {int(code) for code in Exit}


def test_every_event_type_is_described():
    table = section(page("docs/state-and-recovery.md"), "### Events")
    assert [row[0].strip("`") for row in rows(table)] == [str(type_) for type_ in EventType]


def test_every_table_of_the_database_is_described():
    table = section(page("docs/state-and-recovery.md"), "## state.db")
    described = {name for row in rows(table.split("### Events")[0]) for name in re.findall(r"`(\w+)`", row[0])}
    assert described == set(re.findall(r"CREATE TABLE (\w+)", schema.TABLES))


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("## States of a milestone", words.GroupStatus),
        ("## States of a phase", words.UnitStatus),
        ("## Steps of an attempt", words.Step),
        ("## What an agent at work looks like", words.Liveness),
    ],
)
def test_every_state_is_described_and_no_other(heading, kind):
    table = section(page("docs/concepts.md"), heading)
    assert {row[0].strip("`") for row in rows(table)} == {str(word) for word in kind}


@pytest.mark.parametrize(
    "kind",
    [
        *(words.Severity, words.Verdict, words.Complexity, words.Pipeline, words.Stage, words.DirectiveKind),
        *(words.RunState, words.BackendName, words.ExitClass, words.Breaker),
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_word_is_explained(kind):
    said = set(spans(page("docs/concepts.md")))
    assert {str(word) for word in kind} <= said


@pytest.mark.parametrize("kind", [words.PushPolicy, words.GatePolicy], ids=lambda kind: kind.__name__)
def test_every_policy_is_in_the_table_of_gates(kind):
    assert {str(word) for word in kind} <= set(spans(section(page("README.md"), "## Gates")))


def test_every_class_of_an_end_is_described():
    table = section(page("docs/backends.md"), "## What the end of a turn leads to")
    described = {name for row in rows(table) for name in re.findall(r"`([a-z-]+)`", row[0])}
    assert described == {str(word) for word in words.ExitClass}


# Planning


def codes() -> set[str]:
    """Every code that some diagnostic has, from the source."""
    sayers = {"error", "warning", "info", "say", "_say", "_problem", "_Refused", "Diagnostic"}
    layers = ("plans", "views", "commands", "config.py")
    found: set[str] = set()
    for path in (ROOT / "scripts/orchestra").rglob("*.py"):
        if path.relative_to(ROOT / "scripts/orchestra").parts[0] in layers:
            for node in ast.walk(ast.parse(path.read_text())):
                found |= {text for text in _codes_in(node, sayers) if re.fullmatch(r"[a-z]+(-[a-z]+)*", text)}
    return found


def _codes_in(node: ast.AST, sayers: set[str]) -> Iterator[str]:
    parts: list[ast.expr] = []
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        parts = node.args[:6] if name in sayers else []
    elif isinstance(node, ast.Assign) and any(getattr(t, "id", "").lower() == "code" for t in node.targets):
        parts = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
    return (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def described() -> dict[str, str]:
    """Code and what is shown for it: the first code span of its example, else the words."""
    table = section(page("docs/planning.md"), "## What validate says")
    return {row[0].strip("`"): (SPAN.search(row[1]) or [row[1]] * 2)[1] for row in rows(table)}


def test_every_diagnostic_is_described_and_no_other():
    assert set(described()) == codes()


Mistake = Callable[[Path, str], None]


def _front(key: str) -> Mistake:
    def make(home: Path, line: str) -> None:
        _sub(home / "phases/phase-1.md", rf"(?m)^{key}:[^\n]*", line)

    return make


def _added(home: Path, line: str) -> None:
    _sub(home / "phases/phase-1.md", r"\A---\n", f"---\n{line}\n")


def _in_section(name: str) -> Mistake:
    def make(home: Path, line: str) -> None:
        _sub(home / "phases/phase-1.md", rf"(## {name}\n\n).*?\n(?=\n##|\Z)", rf"\g<1>{line}\n")

    return make


def _field(key: str) -> Mistake:
    def make(home: Path, line: str) -> None:
        _sub(home / "milestone.md", rf"(?m)^\| {key} \|[^\n]*", line)

    return make


def _row(home: Path, line: str) -> None:
    _sub(home / "milestone.md", r"\Z", f"{line}\n")


def _config(home: Path, text: str) -> None:
    (home.parents[1] / "config.yml").write_text(f"{text}\n")


def _file(name: str, data: bytes) -> Mistake:
    return lambda home, _: (home / name).write_bytes(data) and None


def _without(name: str) -> Mistake:
    return lambda home, _: (home / name).unlink()


def _sub(path: Path, pattern: str, text: str) -> None:
    before = path.read_text()
    after = re.sub(pattern, text, before, count=1, flags=re.DOTALL)
    assert after != before, pattern
    path.write_text(after)


def _loop(home: Path, _: str) -> None:
    (home / "prd.md").unlink()
    (home / "prd.md").symlink_to("prd.md")


def _outside(home: Path, _: str) -> None:
    (home / "prd.md").unlink()
    (home / "prd.md").symlink_to("/etc/hosts")


def _pipe(home: Path, _: str) -> None:
    os.mkfifo(home / "phases/phase-2.md")


def _second(change: Mistake) -> Mistake:
    def make(home: Path, line: str) -> None:
        planning.phase(home, 2, scope="- src/part1.py (new)")
        change(home, line)

    return make


def _unordered(home: Path, line: str) -> None:
    assert line in planning.phase(home, 2, scope=line).read_text()


def _ended(home: Path, line: str) -> None:
    """A milestone that the state knows, and whose file says something else."""
    from orchestra.plans.milestones import read_group
    from orchestra.state.store import Store
    from tests.support.states import begun

    root = home.parents[2]
    _field("Status")(home, "| Status | ready |")
    (plan,) = read_group(root, config.Config(), "M1").plan.groups
    with Store.open(root / ".orchestra/state.db") as store:
        begun(store, plan)
    _field("Status")(home, line)


MISTAKES: dict[str, Mistake] = {
    "missing-file": _without("milestone.md"),
    "unreadable": _loop,
    "not-a-file": _pipe,
    "too-large": _file("prd.md", b"why\n" * 600_000),
    "binary": _file("prd.md", b"why\n\0"),
    "encoding": _file("prd.md", "why: caf\xe9\n".encode("latin-1")),
    "outside-project": _outside,
    "frontmatter": lambda home, _: (home / "phases/phase-1.md").write_text("---\norder: 1\n") and None,
    "yaml": _front("skills"),
    "yaml-alias": _front("skills"),
    "unknown-skill": _front("skills"),
    "yaml-tag": _front("order"),
    "duplicate-key": _added,
    "bad-id": _front("depends_on"),
    "duplicate-id": lambda home, _: planning.milestone(home.parents[2], "M01-b") and None,
    "id-mismatch": lambda home, line: _sub(home / "milestone.md", r"\A[^\n]*", line),
    "unknown-key": _front("depends_on"),
    "misspelt-key": _config,
    "retired-key": _added,
    "bad-enum": _front("complexity"),
    "bad-type": _front("order"),
    "config": _config,
    "missing-field": lambda home, _: _sub(home / "milestone.md", r"(?m)^\| Status \|[^\n]*\n", ""),
    "lock-timestamp": _row,
    "dangling-dependency": _front("depends_on"),
    "dependency-loop": _front("depends_on"),
    "duplicate-order": _second(_front("order")),
    "scope-overlap": _unordered,
    "no-phases": _without("phases/phase-1.md"),
    "missing-section": lambda home, line: _sub(home / "phases/phase-1.md", rf"{line}\n", "## Aim\n"),
    "placeholder": _in_section("Context"),
    "vague-scope": _in_section("Scope"),
    "bad-scope": _in_section("Scope"),
    "unresolved-choice": _in_section("Technical Decisions"),
    "uncheckable-criterion": _in_section("Acceptance Criteria"),
    "few-constraints": _in_section("Constraints"),
    "default-complexity": lambda home, key: _sub(home / "phases/phase-1.md", rf"(?m)^{key}:[^\n]*\n", ""),
    "default-pipeline": lambda home, _: _sub(home / "milestone.md", r"(?m)^\| Complexity \|[^\n]*\n", ""),
    "ambiguous-complexity": _field("Complexity"),
    "missing-prd": _without("prd.md"),
    "prd-without-why": lambda home, line: (home / "prd.md").write_text(f"# Blue\n\n{line}\n") and None,
    "view-edited": _ended,
}
KIRO = {row[0].strip("`") for row in rows(section(page("docs/planning.md"), "### Kiro specs"))}
ELSEWHERE = {*KIRO, "missing-command"}


def test_there_is_a_mistake_for_every_code():
    assert {*MISTAKES, *ELSEWHERE} == codes()


@pytest.mark.parametrize("code", MISTAKES)
def test_the_example_of_a_code_has_that_code(code, tmp_path, capsys):
    home = planning.milestone(tmp_path)
    planning.phase(home)
    assert planning.orchestra(capsys, tmp_path, "validate", "--json").json["diagnostics"] == []
    MISTAKES[code](home, described()[code])
    said = planning.orchestra(capsys, tmp_path, "validate", "--json").json
    assert code in {found["code"] for found in said["diagnostics"]}, said["diagnostics"]


def test_a_missing_command_is_said_by_doctor(tmp_path):
    path = tmp_path / ".orchestra/config.yml"
    path.parent.mkdir()
    path.write_text(f"{described()['missing-command']}\n")
    found = config.missing_commands(config.load(path), tmp_path)
    assert {one.code for one in found} == {"missing-command"}
    assert any("no-such-program" in one.message for one in found)


def test_the_milestone_and_the_phase_that_are_shown_are_good(tmp_path, capsys):
    milestone, phase = blocks(page("docs/planning.md"), "markdown")
    for number in (1, 2):
        planning.phase(planning.milestone(tmp_path, f"M{number}-before", status="done"))
    home = tmp_path / ".orchestra/milestones/M3-user-auth"
    (home / "phases").mkdir(parents=True)
    (home / "milestone.md").write_text(milestone)
    (home / "prd.md").write_text("# Why\n\nIt is needed.\n")
    planning.phase(home, 1)
    (home / "phases/phase-2.md").write_text(phase)
    said = planning.orchestra(capsys, tmp_path, "validate", "--json").json
    assert (said["diagnostics"], said["units"]) == ([], 4)


# What is shown can be run


def test_the_scripts_of_scripted_agents_that_are_shown_can_be_followed(tmp_path):
    scripts = [b for path in PAGES for b in blocks(path.read_text(encoding="utf-8"), "yaml") if b.startswith("- ")]
    assert scripts
    for script in scripts:
        (tmp_path / "script.yml").write_text(script)
        scripted_agent.load(tmp_path / "script.yml")
    steps = {name for rule in scripted_agent.load(tmp_path / "script.yml") for name, _, _ in rule.steps}
    assert steps == set(scripted_agent._STEPS), "docs/backends.md shows every step"
    assert set(scripted_agent.KEYS) <= set(spans(page("docs/backends.md")))
    assert set(scripted_agent.ENDS) <= set(spans(page("docs/backends.md")))


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_json_that_is_shown_is_json(path):
    for block in blocks(path.read_text(encoding="utf-8"), "json"):
        json.loads(block)


def test_the_findings_that_are_shown_can_be_used():
    from orchestra.core.findings import problems

    (block,) = blocks(page("docs/backends.md"), "json")
    assert problems(json.loads(block)) == []


def shell(place: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script as a reader would, with `orchestra` on PATH."""
    bin_ = place / "bin"
    if not bin_.exists():
        bin_.mkdir(parents=True)
        program(bin_ / "orchestra", f'PYTHONPATH={ROOT / "scripts"} exec {sys.executable} -m orchestra "$@"')
    env = {**os.environ, "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "HOME": str(place), "USER": "ann", **more}
    return subprocess.run(
        ["sh", "-eu", "-c", script], cwd=place, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


REPOSITORY = """
git init --quiet --bare --initial-branch=main origin.git
git init --quiet --initial-branch=main your-repository
cd your-repository
git config user.name Ann && git config user.email ann@example.com
printf 'test:\\n\\ttrue\\n' > Makefile
git add . && git commit --quiet --message start
git remote add origin ../origin.git && git push --quiet --set-upstream origin main
cd ..
"""


def told(text: str) -> list[str]:
    """Lines of progress without clock, durations and commits."""
    lines = (re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in text.splitlines())
    return [re.sub(r"\b[0-9a-f]{9}\b", "COMMIT", re.sub(r"\d+\.\d s", "SECONDS", line)).rstrip() for line in lines]


@pytest.fixture(scope="module")
def five_minutes(tmp_path_factory):
    """The place and the answer of the README's first milestone, carried out word by word."""
    place = tmp_path_factory.mktemp("reader")
    text = section(page("README.md"), "## Your first milestone in five minutes")
    script = "\n".join(blocks(text, "sh")).replace('export PATH="/path/to/orchestra/bin:$PATH"\n', "")
    return place, text, shell(place, REPOSITORY + script)


def test_the_first_milestone_in_five_minutes_works_as_written(five_minutes):
    place, _, done = five_minutes
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    assert "exit code 2" in done.stdout
    assert (place / "your-repository/HELLO.md").read_text() == "Hello\n"
    assert "not pushed" in done.stdout


def test_what_the_first_milestone_shows_is_what_is_printed(five_minutes):
    _, text, done = five_minutes
    (shown,) = blocks(text, "text")
    assert [line for line in told(shown) if line not in told(done.stderr)] == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    place = tmp_path_factory.mktemp("demo")
    return place, shell(place, "orchestra demo --dir demo")


def test_what_the_demo_shows_is_what_is_printed(demo):
    _, done = demo
    (shown,) = blocks(section(page("README.md"), "## What the demo shows"), "text")
    said = told(done.stderr)
    assert done.returncode == 0, done.stderr
    assert [line for line in told(shown) if line not in said] == []


# What a demo that goes well has no need of; the code that makes it has its name.
RARE = {"left-over.patch", "<ticket>.2.patch", "<ticket>.nested", "M1-1.lost-1", "blueprints", "SKILL.md"}
RARE |= {"roles", "<name>.md", "verifier", "armed"}


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_place_below_the_projects_folder_is_there_after_the_demo(path, demo):
    project = demo[0] / "demo/teatime"
    for span in spans(path.read_text(encoding="utf-8")):
        name = span.rstrip("/").rpartition("/")[2]
        if span.startswith(".orchestra/") and " " not in span and name not in RARE and "M3" not in span:
            glob = re.sub(r"<[a-z]+>|M1-hello|M1\.phase-2\.worker-1", "*", span).rstrip("/")
            assert list(project.glob(glob)), span


@pytest.mark.parametrize("path", PAGES, **ids)
def test_every_npm_script_that_is_named_exists(path):
    scripts = json.loads(page("package.json"))["scripts"]
    text = path.read_text(encoding="utf-8")
    for code in (*spans(text), *blocks(text, "sh")):
        assert set(re.findall(r"\bnpm (?:run )?([a-z]+)", code)) <= {*scripts, "ci"}


def test_the_agent_that_is_shown_plays_its_roles(five_minutes):
    place, _, _ = five_minutes
    (agent,) = blocks(section(page("README.md"), "## Agents"), "sh")
    (place / "agent.sh").write_text(agent)
    program(place / "bin/your-agent", "grep -q 'worker for M2' && echo Hello > NEW.md")
    done = shell(
        place,
        """
        cd your-repository
        cp -R .orchestra/milestones/M1-hello .orchestra/milestones/M2-again
        cd .orchestra/milestones/M2-again
        rm context.md
        sed -i.bak -e 's/M1/M2/' -e 's/Status | done/Status | ready/' -e 's/| quick/| standard/' milestone.md
        sed -i.bak -e '/^status/d' -e 's/HELLO/NEW/' -e '/^## Result/,$d' phases/phase-1.md
        rm milestone.md.bak phases/phase-1.md.bak
        cd ../../..
        orchestra run --auto --push never --command "sh $HOME/agent.sh"
        orchestra report-run
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "M2 review 1: approved-with-comments" in done.stderr
    assert "Say who it is for" in done.stdout
