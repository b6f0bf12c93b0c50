"""Which variables of the user's shell an agent program gets."""

from __future__ import annotations

import pytest

from orchestra.backends.agent import Settings
from orchestra.backends.variables import inherits

CLAUDE = Settings("claude")


@pytest.mark.parametrize("name", ["PATH", "HOME", "HTTPS_PROXY", "CLAUDE_CONFIG_DIR", "JAVA_HOME"])
def test_tools_and_its_own_settings_are_passed_on(name: str) -> None:
    assert inherits("claude", CLAUDE, name)


@pytest.mark.parametrize("name", ["CLAUDECODE", "CLAUDE_PROJECT_DIR", "CODEX_THREAD_ID", "OPENCODE", "GEMINI_CLI"])
@pytest.mark.parametrize("backend", ["claude", "codex", "opencode", "gemini"])
def test_marks_of_the_session_around_it_are_not(backend: str, name: str) -> None:
    assert not inherits(backend, Settings(backend), name)


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "NPM_TOKEN", "OPENAI_API_KEY", "GEMINI_API_KEY"])
def test_secrets_of_others_are_passed_on_only_when_they_are_named(name: str) -> None:
    assert not inherits("claude", CLAUDE, name)
    assert inherits("claude", Settings("claude", env=(name,)), name)
    assert not inherits("claude", Settings("claude", env=(f"{name}=x",)), name)


def test_keys_belong_to_their_program() -> None:
    assert inherits("claude", CLAUDE, "ANTHROPIC_API_KEY")
    assert inherits("codex", Settings("codex"), "OPENAI_API_KEY")
    assert not inherits("codex", Settings("codex"), "ANTHROPIC_API_KEY")
    # It speaks with every service.
    assert inherits("opencode", Settings("opencode"), "ANTHROPIC_API_KEY")
    # It may start any of them.
    assert inherits("codeagent-wrapper", Settings("codeagent-wrapper"), "ANTHROPIC_API_KEY")
