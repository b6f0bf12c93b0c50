"""The configuration: the peer's keys, the new ones, and every way to write them wrong."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from orchestra import config
from orchestra.config import Config
from orchestra.core import words
from orchestra.errors import UserError
from orchestra.plans import setup, yamltext
from tests.support.planning import PEER

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "config.schema.json").read_text())


def write(root, text):
    path = root / ".orchestra" / "config.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, newline="")
    return path


def flat(value, prefix=""):
    if not is_dataclass(value):
        return {prefix.rstrip("."): value}
    return {k: v for f in fields(value) for k, v in flat(getattr(value, f.name), f"{prefix}{f.name}.").items()}


def test_the_list_of_keys_and_the_values_are_one():
    assert flat(Config()) == {key.name: key.default for key in config.KEYS}


def test_the_schema_file_is_the_one_that_the_keys_make():
    assert config.schema() == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_has_the_words_of_the_code():
    properties = SCHEMA["properties"]
    assert properties["push"]["enum"] == [w.value for w in words.PushPolicy]
    assert properties["git"]["properties"]["strategy"]["enum"] == [w.value for w in words.GitStrategy]
    assert set(properties["pipeline"]["properties"]["models"]["properties"]) == {w.value for w in words.Complexity}
    for key in config.KEYS:
        assert key.description.endswith(".")
        assert "default" in key.schema()


def test_a_peers_config_is_read_unchanged():
    assert config.load(PEER / ".orchestra" / "config.yml") == Config()
    values = yamltext.read((PEER / ".orchestra" / "config.yml").read_text(), "f")[0].plain()
    Draft202012Validator(SCHEMA).validate(values)


def test_no_file_and_an_empty_file_are_the_defaults(tmp_path):
    assert config.load(tmp_path / "none.yml") == Config()
    assert config.load(write(tmp_path, "")) == Config()
    assert config.load(write(tmp_path, "pipeline:\nverification:\n  # nothing\n")) == Config()


def test_values_are_read(tmp_path):
    text = (
        "\ufeffpipeline:\r\n  models: {complex: best}\r\n  parallel: enabled\r\n"
        "thresholds:\r\n  lock_timeout_minutes: 0.05\r\npush: pr-branch\r\n"
        'verification:\r\n  typecheck:\r\n  lint: ""\r\n  test: |\r\n    a\r\n    b\r\n'
        "git:\r\n  strategy: in-place\r\n  worktree_links: [node_modules]\r\nsandbox: bwrap\r\n"
    )
    read = config.load(write(tmp_path, text))
    assert read.pipeline.models.of(words.Complexity.COMPLEX) == "best"
    assert (read.thresholds.lock_timeout_minutes, read.push, read.sandbox) == (0.05, "pr-branch", "bwrap")
    assert (read.git.strategy, read.git.worktree_links) == ("in-place", ("node_modules",))
    assert config.verification_commands(read) == [("test", "a\nb")]


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("pipeline:\n  reveiw: skip\n", "misspelt-key", 2, 3),
        ("verification:\n  tests: pytest\n", "misspelt-key", 2, 3),
        ("verification:\n  format: x\n", "misspelt-key", 2, 3),
        ("push: atuo\n", "bad-enum", 1, 7),
        ("pipeline:\n  parallel: true\n", "bad-enum", 2, 13),
        ("thresholds:\n  max_attempts: 0\n", "bad-type", 2, 17),
        ("thresholds:\n  max_attempts: many\n", "bad-type", 2, 17),
        ("thresholds:\n  turn_timeout_minutes: -1\n", "bad-type", 2, 25),
        ("git:\n  ephemeral: x\n", "bad-type", 2, 14),
        ("verification: npm test\n", "bad-type", 1, 15),
        ("verification:\n  test: [a]\n", "bad-type", 2, 9),
        ("push: auto\npush: never\n", "duplicate-key", 2, 1),
        ("- a\n", "config", 1, 1),
        ("a: [\n", "yaml", 1, 4),
        ("x: &a 1\n", "yaml-alias", 1, 4),
    ],
)
def test_what_changes_the_meaning_is_refused(tmp_path, text, code, line, column):
    path = write(tmp_path, text)
    _, found = config.read(path)
    assert [(d.code, d.line, d.file) for d in found[:1]] == [(code, line, ".orchestra/config.yml")]
    assert found[0].column == column or code == "yaml"
    with pytest.raises(UserError) as error:
        config.load(path)
    assert error.value.code == 65


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("push: yes\n", "`push` cannot be `yes`: to YAML that is the boolean true", "auto, ask, pr-branch, never"),
        ("pipeline: {parallel: Off}\n", "cannot be `Off`: to YAML that is the boolean false", "enabled, disabled"),
        ("verification: {test: true}\n", "cannot be `true`: to YAML that is the boolean true", '"true", in quotes'),
        ("thresholds: {max_attempts: on}\n", "cannot be `on`: to YAML that is the boolean true", "the default is 3"),
        ("push: 1\n", "`push` cannot be `1`", "auto, ask, pr-branch, never"),
    ],
)
def test_a_word_that_yaml_takes_for_something_else_is_told_as_it_was_written(tmp_path, text, said, hint):
    (found,) = config.read(write(tmp_path, text))[1]
    assert said in found.message
    assert hint in found.hint


def test_a_key_that_changes_nothing_lets_an_older_file_run(tmp_path):
    path = write(tmp_path, "telemetry: off\nthresholds:\n  milestone_lock_timeout: 120\n")
    assert config.load(path) == Config()
    assert [(d.code, d.severity) for d in config.read(path)[1]] == [("unknown-key", "error"), ("retired-key", "info")]


def test_a_link_out_of_the_project(tmp_path):
    (tmp_path / "other.yml").write_text("push: never\n")
    root = tmp_path / "p"
    (root / ".orchestra").mkdir(parents=True)
    (root / ".orchestra" / "config.yml").symlink_to(tmp_path / "other.yml")
    with pytest.raises(UserError, match="out of the project"):
        config.load(root / ".orchestra" / "config.yml")


def test_missing_commands_point_at_their_line(tmp_path):
    path = write(tmp_path, 'verification:\n  typecheck: ""\n  test: no-such-program --x\n  lint: "true"\n')
    (found,) = config.missing_commands(config.load(path), tmp_path)
    assert (found.code, found.line, found.column) == ("missing-command", 3, 9)
    assert "no-such-program" in found.message


def test_the_defaults_are_missing_outside_of_node(tmp_path):
    assert [d.severity for d in config.missing_commands(Config(), tmp_path)] == ["error"] * 3


@pytest.mark.parametrize("values", [{}, {"verification.test": 'a "b" # c: d'}, {"git.worktree_links": [".venv"]}])
def test_the_file_that_init_writes_is_read_back(tmp_path, values):
    path = write(tmp_path, setup.config_text(values))
    read, found = config.read(path)
    assert found == []
    default = flat(Config())
    assert flat(read) == {**default, **{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}}


def test_the_model_of_a_tier_is_one_that_the_program_knows(tmp_path):
    text = "pipeline: {models: {quick: some-model}}\nbackend: {gemini: {models: {complex: gemini-pro}}}\n"
    read = config.load(write(tmp_path, text))
    tiers = (words.Complexity.QUICK, words.Complexity.STANDARD, words.Complexity.COMPLEX)
    chosen = {name: [read.model_of(name, tier) for tier in tiers] for name in ("claude", "codex", "gemini", "command")}
    assert chosen["claude"] == chosen["command"] == ["some-model", "sonnet", "opus"]
    assert chosen["codex"] == ["some-model", "", ""]
    assert chosen["gemini"] == ["some-model", "", "gemini-pro"]


def test_every_commented_default_of_that_file_is_a_key(tmp_path):
    text = setup.config_text({})
    for key in config.KEYS:
        if key.new and key.listed:
            assert f"# {key.name.rpartition('.')[2]}: " in text
    names = "|".join(key.name.rpartition(".")[2] for key in config.KEYS if key.new and key.listed)
    shown = re.sub(rf"^( *)# ((?:{names}): )", r"\1\2", text, flags=re.MULTILINE)
    assert config.load(write(tmp_path, shown)) == Config()
