"""The project's own files agree with each other."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from orchestra import __version__
from tests.support.launching import ROOT, call, program, system_path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGE = json.loads((ROOT / "package.json").read_text())


def listed(requirements: list[str]) -> dict[str, str]:
    """{name: range} of requirement lines."""
    pairs = [re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", one).groups() for one in requirements]
    return {name: versions or "any" for name, versions in pairs}


def documented(heading: str) -> dict[str, list[str]]:
    """{name: the other cells} of the table below `heading` in docs/dependencies.md."""
    text = (ROOT / "docs" / "dependencies.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {name: cells for name, *cells in rows[2:]}


@pytest.mark.parametrize(
    ("heading", "requirements"),
    [
        ("Run time", PROJECT["dependencies"]),
        ("Demo", PROJECT["optional-dependencies"]["demo"]),
        ("Tests and tools", PROJECT["optional-dependencies"]["test"]),
        ("Mutation tests", PROJECT["optional-dependencies"]["mutants"]),
    ],
)
def test_each_dependency_is_documented_with_its_range_and_reason(heading, requirements):
    table = documented(heading)
    assert {name: cells[0] for name, cells in table.items()} == listed(requirements)
    assert all(len(cells) == 3 and all(cells) for cells in table.values())


@pytest.mark.parametrize("name", [*documented("Run time"), *documented("Tests and tools")])
def test_the_licence_is_the_one_that_the_package_states(name):
    cells = {**documented("Run time"), **documented("Tests and tools")}[name]
    about = importlib.metadata.metadata(name)
    stated = " ".join(
        [about.get("License-Expression") or "", about.get("License") or "", *about.get_all("Classifier", [])]
    )
    assert cells[1].split("-")[0].lower() in stated.lower()
    assert "gpl" not in stated.lower()


def test_versions_agree():
    assert PACKAGE["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE).group(1) in (__version__, "Unreleased")


def test_the_changelog_keeps_its_form():
    kinds = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_licence_is_the_same_everywhere():
    assert PACKAGE["license"] == PROJECT["license"]["text"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")


def test_npm_fetches_nothing():
    assert not {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"} & set(PACKAGE)


def test_every_npm_script_calls_files_that_exist():
    for name, command in PACKAGE["scripts"].items():
        files = re.findall(r"[\w./-]+\.(?:sh|py)\b", command)
        assert files, name
        assert [one for one in files if not (ROOT / one).exists()] == []


def test_the_description_is_the_same_everywhere():
    assert PACKAGE["description"] == PROJECT["description"]


def test_every_program_can_be_started():
    for name in ("bin/orchestra", "bin/orchestra-guard", ".ci/run", "scripts/environment.sh", *PACKAGE["bin"].values()):
        assert os.access(ROOT / name, os.X_OK), name


def shell_files() -> list[Path]:
    return [
        ROOT / "bin/orchestra",
        ROOT / "bin/orchestra-guard",
        ROOT / ".ci/run",
        *sorted((ROOT / "scripts").rglob("*.sh")),
    ]


@pytest.mark.parametrize("path", shell_files(), ids=lambda path: path.name)
def test_shell_files_parse_in_the_shell_they_name(path):
    shell = path.read_text().splitlines()[0].rpartition("/")[2].split()[-1]
    assert subprocess.run([shell, "-n", path], capture_output=True, text=True).stderr == ""


@pytest.mark.parametrize("path", shell_files(), ids=lambda path: path.name)
def test_shell_files_name_no_place_of_one_machine(path):
    assert not re.search(r"/(home|root|work|Users)/", path.read_text())


def test_the_configuration_reference_is_up_to_date():
    """`npm run docs` writes it."""
    done = subprocess.run([sys.executable, ROOT / "scripts/dev/config_reference.py", "--check"])
    assert done.returncode == 0


def test_the_configuration_reference_shows_every_key_and_every_value():
    text = (ROOT / "docs" / "config.md").read_text()

    def keys(schema, prefix=""):
        for name, inner in schema["properties"].items():
            if "properties" in inner:
                yield from keys(inner, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", inner

    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    found = dict(keys(json.loads((ROOT / "schemas/config.schema.json").read_text())))
    assert rows.keys() == found.keys()
    for name, schema in found.items():
        assert all(f"`{word}`" in rows[name] for word in schema.get("enum", []))


def continuous_integration(tmp_path: Path, npm: str) -> subprocess.CompletedProcess[str]:
    """Run .ci/run in a checkout of nothing but itself, with another npm."""
    shutil.copytree(ROOT / ".ci", tmp_path / "checkout" / ".ci")
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin" / "npm", npm)
    env = {"PATH": f"{tmp_path}/bin:{system_path()}", "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    return call([tmp_path / "checkout/.ci/run"], env, tmp_path)


def test_continuous_integration_ends_with_the_closing_line_of_pytest(tmp_path):
    done = continuous_integration(tmp_path, 'echo "12 passed, 1 skipped in 3.21s"; echo "npm notice: news" >&2')
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "12 passed, 1 skipped in 3.21s"


def test_continuous_integration_fails_when_a_test_does(tmp_path):
    done = continuous_integration(tmp_path, 'echo "1 failed, 12 passed in 63.21s (0:01:03)"; echo "npm error"; exit 1')
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "1 failed, 12 passed in 63.21s (0:01:03)"


def test_continuous_integration_fails_when_no_test_ran(tmp_path):
    done = continuous_integration(tmp_path, "echo 'nothing works'; exit 7")
    assert done.returncode == 7
    assert done.stdout.splitlines()[-1] == "no tests ran (npm test ended with 7)"
