"""What a tool call would do: the paths that its arguments name, or the shell command in it."""

from __future__ import annotations

READS, WRITES, SHELL, LEAVES = "reads", "writes", "shell", "leaves"

_FILE_TOOLS = {"Write": "file_path", "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path"}
_SHELLS_TEXT = "bash shell exec_command local_shell container.exec run_shell_command unified_exec powershell monitor"
_SHELLS = frozenset(_SHELLS_TEXT.split())
# These make a branch and a work tree, or carry the session away into one.
_LEAVING = frozenset(("EnterWorktree", "ExitWorktree"))
_READING_TEXT = (
    "Read Grep Glob LS NotebookRead WebFetch WebSearch TodoRead TodoWrite Agent Task Skill SendMessage Workflow "
    "AskUserQuestion EnterPlanMode ExitPlanMode BashOutput TaskOutput KillShell TaskStop ToolSearch LSP "
    "ListMcpResourcesTool ReadMcpResourceTool TaskCreate TaskUpdate TaskList TaskGet StructuredOutput "
    "spawn_agent wait_agent send_input close_agent resume_agent update_plan view_image web_search write_stdin"
)
_READING = frozenset(_READING_TEXT.split())


class Unreadable(Exception):
    """The arguments are not what the tool takes; the message says how."""


class Use:
    """What a call would do: `paths` for WRITES, `command` for SHELL (with `cwd` when the call names one)."""

    __slots__ = ("command", "cwd", "does", "paths")

    def __init__(self, does: str, paths: list[str] | None = None, command: str = "", cwd: str = "") -> None:
        self.does, self.paths, self.command, self.cwd = does, paths or [], command, cwd


def use(tool: str, given: object) -> Use:
    """What the tool `tool` would do with the arguments `given`. Raises Unreadable."""
    if tool in _FILE_TOOLS:
        return Use(WRITES, [_required(given, _FILE_TOOLS[tool])])
    if tool.lower() in _SHELLS:
        return shell(given)
    if tool == "apply_patch":
        return Use(WRITES, patched(_patch(given)))
    if tool in _LEAVING:
        return Use(LEAVES)
    if tool in _READING:
        return Use(READS)
    # Few calls need it, and each module costs every call that imports it.
    from . import foreign

    return foreign.use(tool, given)


def _required(given: object, name: str) -> str:
    value = given.get(name) if isinstance(given, dict) else None
    if not isinstance(value, str) or not value:
        raise Unreadable(f"{name} is not a path")
    return value


def shell(given: object) -> Use:
    """A call of a tool that runs `command`. Raises Unreadable."""
    command = given.get("command", given.get("cmd")) if isinstance(given, dict) else None
    place = given.get("workdir", given.get("cwd", "")) if isinstance(given, dict) else ""
    if isinstance(command, list) and command and all(isinstance(word, str) for word in command):
        command = _of_words(command)
    if not isinstance(command, str):
        raise Unreadable("the command is not text")
    return Use(SHELL, command=command, cwd=place if isinstance(place, str) else "")


def _of_words(words: list[str]) -> str:
    """A list of words as the command line that means the same."""
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _patch(given: object) -> str:
    texts = [given.get(name) for name in ("command", "input", "patch")] if isinstance(given, dict) else [given]
    found = [text for text in texts if isinstance(text, str)]
    if len(found) != 1:
        raise Unreadable("there is no patch in it")
    return found[0]


def patched(patch: str) -> list[str]:
    """The files that a patch in Codex's format adds, changes, deletes or moves. Raises Unreadable."""
    found = []
    for line in patch.split("\n"):
        head, colon, name = line.strip().partition(":")
        if colon and head in ("*** Add File", "*** Update File", "*** Delete File", "*** Move to"):
            found.append(name.strip())
    if not found:
        raise Unreadable("the patch names no file")
    return found
