"""Which variables of the user's shell an agent program gets: all but marks of outer sessions, and others' secrets."""

from __future__ import annotations

from .agent import Settings

# Marks of the session that Orchestra itself was started from: a program that sees them takes itself for a part of it.
_OUTER_TEXT = (
    "CLAUDECODE CLAUDE_CODE_ENTRYPOINT CLAUDE_CODE_SESSION_ID CLAUDE_CODE_CHILD_SESSION CLAUDE_CODE_EXECPATH "
    "CLAUDE_CODE_SSE_PORT CLAUDE_EFFORT CLAUDE_ENV_FILE CLAUDE_PLUGIN_ROOT CLAUDE_PLUGIN_DATA CLAUDE_PROJECT_DIR "
    "CLAUDE_SKILL_DIR AI_AGENT AGENT TRACEPARENT PLUGIN_ROOT PLUGIN_DATA CODEX_THREAD_ID CODEX_SANDBOX "
    "CODEX_SANDBOX_NETWORK_DISABLED CODEX_MANAGED_BY_NPM CODEX_MANAGED_PACKAGE_ROOT OPENCODE OPENCODE_PID "
    "OPENCODE_RUN_ID OPENCODE_CLIENT OPENCODE_ROUTE OPENCODE_WORKSPACE_ID GEMINI_CLI GEMINI_CLI_SESSION_ID "
    "GEMINI_CLI_IDE_SERVER_PORT GEMINI_CLI_IDE_WORKSPACE_PATH GEMINI_CLI_IDE_PID"
)
_OUTER = frozenset(_OUTER_TEXT.split())
# With these an agent could push, publish or release, which is the harness's part.
_PUBLISHING_TEXT = (
    "GITHUB_TOKEN GH_TOKEN GH_ENTERPRISE_TOKEN GITHUB_ENTERPRISE_TOKEN GITLAB_TOKEN GL_TOKEN BITBUCKET_TOKEN NPM_TOKEN "
    "NODE_AUTH_TOKEN TWINE_PASSWORD UV_PUBLISH_TOKEN UV_PUBLISH_PASSWORD PYPI_TOKEN POETRY_PYPI_TOKEN_PYPI "
    "CARGO_REGISTRY_TOKEN GEM_HOST_API_KEY DOCKER_PASSWORD"
)
_PUBLISHING = frozenset(_PUBLISHING_TEXT.split())
_KEYS = {
    "claude": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
    "codex": ("OPENAI_API_KEY", "CODEX_API_KEY", "AZURE_OPENAI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "opencode": ("OPENCODE_API_KEY", "OPENROUTER_API_KEY"),
}
# opencode speaks with every service, and codeagent-wrapper starts any of the others: all their keys are their own.
_SPEAKS_WITH_ALL = ("opencode", "codeagent-wrapper")


def inherits(backend: str, settings: Settings, name: str) -> bool:
    """Whether the agent program `backend` gets the variable `name` of the user's shell."""
    return name in settings.passed or (
        name not in _OUTER and name not in _PUBLISHING and not _of_another(backend, name)
    )


def _of_another(backend: str, name: str) -> bool:
    others = (keys for owner, keys in _KEYS.items() if owner != backend)
    return backend not in _SPEAKS_WITH_ALL and any(name in keys for keys in others)
