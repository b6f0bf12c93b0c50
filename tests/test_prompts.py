"""What the bundle tells agents: it parses, it is short, it is said once, and everything that it names exists."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestra import brief, main
from orchestra.commands import how
from orchestra.core import words
from orchestra.core.assignments import KEYS as KEYS_OF_AN_ASSIGNMENT
from orchestra.core.words import Role
from orchestra.errors import UserError
from orchestra.plans.skills import known_skills
from orchestra.plans.unitfile import KEYS as KEYS_OF_A_PHASE
from tests.support.launching import ROOT
from tests.test_brief import BARE, full, variants
from tests.test_words import ENUMS

AGENTS = sorted((ROOT / "agents").glob("*.md"))
COMMANDS = sorted((ROOT / "commands").glob("*.md"))
RULES = sorted((ROOT / "rules").glob("*.md"))
SKILLS = sorted((ROOT / "skills").glob("*/SKILL.md"))
BRIEFS = sorted(brief.TEMPLATES.glob("*.j2"))
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_HEAD = [*AGENTS, *COMMANDS, *SKILLS]
PROMPTS = [*WITH_HEAD, *RULES, *BRIEFS]
WORKFLOW = {"orchestra", "planning", "reviewing", "test-driven-development"}
CHECK_LISTS = [path for path in SKILLS if path.parent.name not in WORKFLOW]
OURS = [path for path in PROMPTS if path not in CHECK_LISTS]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def each(paths: list[Path]) -> Any:
    return pytest.mark.parametrize("path", paths, ids=name_of)


def head(path: Path) -> dict[str, Any]:
    match = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.DOTALL)
    assert match is not None, "no front matter"
    return yaml.safe_load(match[1])


def body(path: Path) -> str:
    """A prompt without its front matter and without what a template computes."""
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    if path.suffix != ".j2":
        return text
    text = re.sub(r"\{%[^%]*%\}[ ]*$|\{#.*?#\}", "", text, flags=re.MULTILINE)
    return re.sub(r"\{\{.*?\}\}", "X", re.sub(r"\{% else %\}.*|\{%.*?%\}", "", text))


# Form

KEYS = {
    "agents": ({"name", "description", "tools"}, {"model"}),
    "commands": (
        {"description", "disable-model-invocation", "allowed-tools"},
        {"name", "argument-hint"},
    ),
    "skills": ({"name", "description"}, {"disable-model-invocation", "user-invocable"}),
}
TOOLS = {"Read", "Grep", "Glob", "Edit", "Write", "Bash", "Agent", "SendMessage", "AskUserQuestion"}
# A role that writes nothing has no tool for it; what its shell may do is the guard's affair.
READERS = {"lead", "milestone-agent", "reviewer", "plan-reviewer", "scout"}


def test_there_is_one_agent_for_each_role_that_a_client_can_start():
    assert {path.stem for path in AGENTS} == {str(role) for role in Role} - {str(Role.ASSIGNER), str(Role.ADVISER)}


@each(WITH_HEAD)
def test_the_front_matter_has_the_keys_of_its_kind(path):
    needed, more = KEYS[path.relative_to(ROOT).parts[0]]
    assert needed <= set(head(path)) <= needed | more
    own = path.parent.name if path.name == "SKILL.md" else path.stem
    assert head(path).get("name", own) == own
    assert head(path).get("disable-model-invocation", True) is True


@each(SKILLS)
def test_what_only_a_brief_names_is_in_no_menu(path):
    """Claude Code reads the front matter, Codex a file beside it; the way into planning is a command's."""
    entry = path.parent.name == "orchestra"
    policy = path.parent / "agents/openai.yaml"
    said = yaml.safe_load(policy.read_text()) if policy.exists() else {}
    assert said == ({} if entry else {"policy": {"allow_implicit_invocation": False}})
    assert head(path).get("user-invocable", True) is entry
    assert head(path).get("disable-model-invocation", False) is not (entry or path.parent.name == "planning")


@each(AGENTS)
def test_an_agent_has_the_tools_of_its_role_and_no_others(path):
    tools = set(head(path)["tools"].split(", "))
    assert tools <= TOOLS
    assert not ({"Edit", "Write"} & tools and path.stem in READERS)
    assert "Bash" in tools, "every role runs orchestra"
    assert head(path).get("model", "haiku") == "haiku", "the directive names the model; only the scout has none"


def test_the_table_of_boundaries_is_about_every_role():
    table = (ROOT / "rules/role-boundaries.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.split("|")[1:3]] for row in re.findall(r"^\|.*\|$", table, re.M)[2:]]
    writes = {name: what for names, what in rows for name in names.split(", ")}
    assert set(writes) == {path.stem for path in AGENTS}
    assert {name for name, what in writes.items() if what == "nothing"} == READERS


@each(COMMANDS)
def test_a_command_costs_nothing_until_it_is_typed(path):
    assert head(path)["disable-model-invocation"] is True
    assert head(path)["allowed-tools"] == "Bash(orchestra:*)"
    text = body(path)
    assert not re.search(r"(^|\s)!`", text), "a line that fails ends the prompt without a word"
    assert ("argument-hint" in head(path)) == ("$ARGUMENTS" in text)
    assert set(re.findall(r"\$\w+", text)) <= {"$ARGUMENTS"}
    assert "${" not in text, "`orchestra how` replaces nothing else"


def test_the_bare_command_answers_to_its_name():
    assert head(ROOT / "commands/orchestra.md")["name"] == "orchestra"
    hint = head(ROOT / "commands/orchestra.md")["argument-hint"]
    assert set(re.findall(r"(?:^|, )([a-z-]+)", hint)) == set(how.verbs())


@each([*AGENTS, *SKILLS, *RULES])
def test_nothing_has_to_be_put_in_by_a_client(path):
    assert "$" not in body(path), "Codex replaces no variables"


LINES = {"agents": 20, "commands": 20, "rules": 15, "skills": 60, "templates": 60}


@each(PROMPTS)
def test_a_prompt_is_short(path):
    kind = path.relative_to(ROOT).parts[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    most = 130 if path.name == "_parts.md.j2" else LINES[kind]
    assert len(lines) <= most
    assert len(path.read_bytes()) <= 8000, "some clients read no more of a skill"
    assert kind != "rules" or len(lines) >= 5


@each(PROMPTS)
def test_the_text_is_plain(path):
    data = path.read_bytes()
    assert b"\r" not in data and b"\t" not in data and not data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"\n") and not data.endswith(b"\n\n")
    assert not re.search(rb"[ ]+\n", data)


@each(WITH_HEAD)
def test_the_description_is_one_short_line(path):
    kind, said = path.relative_to(ROOT).parts[0], head(path)["description"]
    assert 10 <= len(said) <= {"agents": 60, "commands": 80, "skills": 110}[kind]
    assert "\n" not in said
    ending = r"\.\Z" if kind == "skills" else ""
    assert kind == "commands" or re.match(rf"Use (to|for|when|before|as) .*{ending}", said), "it is a trigger"


# Cost, in bytes; a token is about four


def listed(path: Path) -> str:
    """The line by which the client tells the model of an agent or a skill."""
    name = path.parent.name if path.name == "SKILL.md" else path.stem
    line = f"- orchestra:{name}: {head(path)['description']}"
    return f"{line} (Tools: {head(path)['tools']})\n" if "tools" in head(path) else f"{line}\n"


def test_what_is_always_loaded_stays_within_its_budget():
    shown = [path for path in [*AGENTS, *SKILLS] if not head(path).get("disable-model-invocation")]
    assert {path.parent.name for path in shown if path in SKILLS} == {"orchestra", "planning"}
    a_line_at_the_start_of_a_session = 200
    cost = sum(len(listed(path).encode()) for path in shown) + a_line_at_the_start_of_a_session
    assert cost <= 1600, f"{cost} bytes"


def of_one_milestone() -> dict[str, int]:
    """Bytes of all texts that the agents of a milestone with three phases, a fix and two reviews are given."""
    from dataclasses import replace

    text = "Sentences that say what is true when this phase is done, and why, with the paths it is about. " * 6
    phase = replace(full(1).phase, objective=text, context=text, decisions=text, references=text, constraints=text)
    made = variants(replace(full(3), phase=phase, lessons=(), group_title="Log people in", unit_title="The form"))
    agent = {path.stem: len(body(path)) for path in AGENTS}
    order = len("dispatch M1.phase-1.worker-1\n  agent: orchestra:worker   model: sonnet\n") + 160
    return {
        "3 workers": 3 * (len(made["worker"]) + agent["worker"] + order),
        "review": len(made["reviewer"]) + agent["reviewer"] + order,
        "fix": len(made["worker-fix"]) + agent["worker"] + order,
        "second review": len(made["reviewer-again"]) + agent["reviewer"] + order,
        "milestone agent": agent["milestone-agent"] + order,
        "lead": agent["lead"] + len(body(ROOT / "commands/start.md")),
    }


def test_one_milestone_stays_within_its_budget():
    parts = of_one_milestone()
    assert sum(parts.values()) <= 4 * 10_000, parts


# Names


def code(text: str) -> Iterator[str]:
    """Each piece of code of a prompt: spans, lines of shell blocks and indented ones, and quoted commands."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from re.sub(r"<<'(\w+)'.*?^\1$", "", block, flags=re.MULTILINE | re.DOTALL).splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from (line.strip() for line in re.findall(r"^ {4}\S.*$", prose, re.MULTILINE))
    yield from re.findall(r"`([^`\n]+)`", prose)
    yield from re.findall(r"\"(orchestra [^\"\n]+)\"", re.sub(r"`[^`\n]+`", "", prose))


def calls(text: str) -> list[list[str]]:
    """The words after `orchestra` of each command in the code of a prompt."""
    found = (re.match(r"(?:Run \")?orchestra +([a-z][^\"<]*(?:\"[^\"]*\"[^\"<]*)*)", piece) for piece in code(text))
    return [shlex.split(match[1].replace("$ARGUMENTS", "")) for match in found if match]


def parsed(words_: list[str]) -> None:
    """Raises UserError, or fails, when `orchestra` does not understand these words."""
    assert words_[0] in main.VERBS, f"no verb {words_[0]}"
    if len(words_) > 1:
        main._verb_parser(words_[0]).parse_args(words_)
    if words_[0] == "how" and len(words_) > 1:
        asked = how.verbs()
        assert words_[1] in asked, f"no steps for {words_[1]}"
        steps = body(asked[words_[1]]).replace("$ARGUMENTS", shlex.join(words_[2:]))
        for inner in calls(steps) if words_[2:] else ():
            parsed(inner)


@each(PROMPTS)
def test_every_command_is_understood(path):
    for words_ in calls(body(path)):
        parsed(words_)


@each(PROMPTS)
def test_every_command_stands_in_code(path):
    """What stands elsewhere would not be checked."""
    named = re.findall(r"(?<![/.])\borchestra ([a-z][a-z-]*)", body(path))
    assert sorted(named) == sorted(words_[0] for words_ in calls(body(path)))


@pytest.mark.parametrize(
    "text",
    ["`orchestra starts M1`", "`orchestra next --fast`", "`orchestra how begin`", "`orchestra how start --quick`"],
)
def test_a_command_that_does_not_exist_is_found(text):
    with pytest.raises((UserError, AssertionError)):
        for words_ in calls(text):
            parsed(words_)


def parsers(parser: Any) -> Iterator[tuple[str, Any]]:
    """Every parser below this one, by its name."""
    for action in parser._actions:
        if hasattr(action, "add_parser"):
            for name, inner in action.choices.items():
                yield name, inner
                yield from parsers(inner)


@cache
def grammar() -> tuple[set[str], set[str]]:
    """Every verb, those below a verb included, and every option."""
    found = [pair for verb in main.VERBS for pair in parsers(main._verb_parser(verb))]
    options = {one for _, parser in found for one in re.findall(r"--[a-z-]+", parser.format_help())}
    return {name for name, _ in found}, options


@each(PROMPTS)
def test_every_option_exists(path):
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", body(path))) <= grammar()[1]


@each([*PROMPTS, *DOCS])
def test_every_verb_of_the_client_exists(path):
    for verb in re.findall(r"(?<![\w./])/orchestra[: ]([a-z-]+)", body(path)):
        assert verb in how.verbs(), verb


@each([*PROMPTS, *DOCS])
def test_every_agent_and_skill_of_the_bundle_exists(path):
    known = {one.stem for one in AGENTS} | {one.parent.name for one in SKILLS} | {one.stem for one in COMMANDS}
    text = body(path)
    assert set(re.findall(r"\borchestra:([a-z-]+)", text)) <= known
    assert set(re.findall(r"\b[Ss]tart the ([a-z-]+) agent\b", text)) <= {one.stem for one in AGENTS}
    listed_ = (name for names in re.findall(r"`skills: \[([a-z, -]+)\]`", text) for name in names.split(", "))
    wrong_on_purpose = {"python", "athu"}  # what docs/planning.md shows as a mistake
    assert {name for name in listed_ if name} <= {*known_skills(ROOT), *wrong_on_purpose}


@each([*PROMPTS, *DOCS])
def test_every_path_exists(path):
    for piece in code(body(path)):
        if re.fullmatch(r"(\.\./)+[\w./-]+", piece):
            assert (path.parent / piece).exists(), piece
        elif re.fullmatch(r"(agents|bin|commands|docs|rules|schemas|scripts|skills|templates)/[\w./-]+", piece):
            assert (ROOT / piece).exists() or (ROOT / "scripts/orchestra" / piece).exists(), piece
        elif match := re.fullmatch(r"\.orchestra/([a-z.]+)[/\w.<>*-]*", piece):
            assert match[1].rstrip(".") in below_orchestra(), piece
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", body(path)):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@cache
def below_orchestra() -> set[str]:
    """The first parts of all paths below `.orchestra/` that the code knows."""
    from orchestra import project

    names = {
        value.fget(project.Project(ROOT)).name
        for value in vars(project.Project).values()
        if isinstance(value, property)
    }
    named = re.findall(r"\.orchestra/([a-z]+(?:\.[a-z]+)?)", " ".join(literals()))
    return (
        names | set(named) | set(re.findall(r"^([a-z.]+)", (ROOT / "templates/project/gitignore.j2").read_text(), re.M))
    )


@cache
def literals() -> frozenset[str]:
    """Every text in the code that is not a docstring."""
    found: set[str] = set()
    for path in (ROOT / "scripts/orchestra").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = [] if isinstance(node, ast.Expr) else list(ast.iter_child_nodes(node))
            found |= {one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return frozenset(found)


# Words of one line in code that are neither ours nor a command's: each is here on purpose.
ELSEWHERE = {
    "spawn_agent": "the tool by which Codex starts an agent",
    "check:": "what stands between a criterion and its command",
    "no agents": "what a milestone agent returns and the lead looks for",
    "haiku": "a model",
}


def unknown_words(text: str) -> list[str]:
    """The words in code spans that are no word of ours: not an enumeration's, a verb's, nor printed by the code."""
    ours = {str(word) for kind in ENUMS.values() for word in kind} | grammar()[0] | set(how.verbs())
    ours |= {*KEYS_OF_A_PHASE, *KEYS_OF_AN_ASSIGNMENT}
    known, said = {*ours, *ELSEWHERE, "orchestra"}, "\n".join(literals())
    spans = re.findall(r"`([a-z][a-z_ -]*:?)`", text)
    # What the program prints is a label: `then: …`, `rejected: …`, `still verifying M1.phase-1.worker-1: …`.
    labels = {span: re.search(rf"^ *{span.rstrip(':')}( \{{0\}})?: ", said, re.MULTILINE) for span in spans}
    return [span for span in spans if span not in known and not span.startswith("orchestra ") and not labels[span]]


@each(OURS)
def test_every_word_is_one_of_ours(path):
    assert unknown_words(body(path)) == []
    for status in re.findall(r"--status ([a-z-]+)", body(path)):
        assert status in set(words.UnitStatus)
    for others in (r"critical|major|minor|nit|praise|blocker", r"completed|succeeded|success"):
        assert not re.search(rf"\b({others})\b", body(path), re.IGNORECASE)


def test_a_word_that_nobody_knows_is_found():
    assert unknown_words("Report `finished`, or `done`; `then:` is printed, `afterwards:` is not.") == [
        "finished",
        "afterwards:",
    ]


def test_no_word_from_elsewhere_is_left_over():
    said = " ".join(path.read_text(encoding="utf-8") for path in OURS)
    assert [word for word in ELSEWHERE if word not in said] == []


# Manner

ACRONYMS = {"API", "ARIA", "CSRF", "ETag", "HTTP", "JSON", "PRD", "RFC", "TDD", "TODO", "URL", "WCAG"}


@each(PROMPTS)
def test_nobody_shouts(path):
    prose = re.sub(r"^```.*?^```", "", body(path), flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`\n]+`|^ {4}.*$|\$ARGUMENTS", "", prose, flags=re.MULTILINE)
    assert set(re.findall(r"\b[A-Z]{3,}\b", prose)) <= ACRONYMS
    assert "!" not in prose
    assert "**" not in prose and "__" not in prose


def sentences(text: str) -> list[str]:
    """What a text says, piece by piece, without case and marks; only what is long enough to be a rule."""
    prose = re.sub(r"^```.*?^```|`{3,}", "", text, flags=re.MULTILINE | re.DOTALL)
    pieces = re.split(r"(?<=[.:;?!])\s+|\n+", prose)
    plain = (" ".join(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", piece.lower())) for piece in pieces)
    return [piece for piece in plain if len(piece.split()) >= 6]


def said_twice(*texts: str) -> set[str]:
    said = [piece for text in texts for piece in sentences(text)]
    return {piece for piece in said if said.count(piece) > 1}


def readers() -> dict[str, list[str]]:
    """What each agent has before it when it begins."""
    agents = {path.stem: body(path) for path in AGENTS}
    made = variants(BARE)
    files = {path.name: body(path) for path in BRIEFS}
    rules = [brief.rule(name) for name in ("role-boundaries", "commit-format")]
    return {
        "lead": [agents["lead"], body(ROOT / "commands/start.md")],
        "milestone-agent": [agents["milestone-agent"]],
        "worker": [agents["worker"], made["worker"]],
        "fix": [agents["worker"], made["worker-fix"]],
        "reviewer": [agents["reviewer"], made["reviewer"]],
        "second review": [agents["reviewer"], made["reviewer-again"]],
        "architect": [agents["architect"], made["architect"]],
        "plan-reviewer": [agents["plan-reviewer"], files["plan-reviewer.md.j2"]],
        "product-manager": [agents["product-manager"], files["product-manager.md.j2"], *rules],
    }


@pytest.mark.parametrize("reader", sorted(readers()))
def test_nobody_is_told_a_thing_twice(reader):
    assert said_twice(*readers()[reader]) == set()


def test_no_sentence_stands_in_two_files():
    """What two roles need is a rule, and rendered for both; how all agents begin and end is short enough to repeat."""
    in_each_agent = {"run the command of your prompt", "return the last answer in one line"}
    assert said_twice(*map(body, [*COMMANDS, *RULES, *SKILLS, *AGENTS])) <= in_each_agent


def test_a_thing_said_twice_is_found():
    assert said_twice(
        "- Run the whole suite before you report.", "1. Do it. Run the **whole** suite before you report!"
    )
    assert not said_twice("Run the whole suite.", "Read the whole log.")


def test_every_rule_is_told_to_somebody():
    asked = {name for path in BRIEFS for name in re.findall(r"rule\(\"([a-z-]+)\"", path.read_text(encoding="utf-8"))}
    assert asked == {path.stem for path in RULES}
