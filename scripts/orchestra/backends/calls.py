"""What the tool calls of the agent programs do: whether they look, change, run or wait, and on which file."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from ..core.circles import Act, Call, Result
from .base import SHELLS, AgentEvent

_LOOKS = (
    "read read_file read_many_files notebookread view view_image ls list list_directory glob grep grep_search "
    "search_file_content search codesearch lsp toolsearch skill webfetch web_fetch websearch web_search "
    "google_web_search"
)
_CHANGES = "edit multiedit write notebookedit replace write_file patch apply_patch file_change"
_WAITS = "bashoutput taskoutput agentoutput wait sleep monitor"
_NOTES = "todowrite todoread taskcreate taskupdate tasklist taskget update_plan write_todos todo_list think"
_ACTS: dict[str, Act] = {
    **dict.fromkeys(_LOOKS.split(), Act.LOOK),
    **dict.fromkeys(_CHANGES.split(), Act.CHANGE),
    **dict.fromkeys(_WAITS.split(), Act.WAIT),
    **dict.fromkeys(_NOTES.split(), Act.NOTE),
}
# Programs of the shell that change nothing, as they are mostly called; and git's and our own verbs of that kind.
_LOOKERS_TEXT = (
    "cat head tail less more bat nl ls tree grep egrep fgrep rg ag fd wc file stat du df pwd cd which type command "
    "test [ true diff cmp cut sort uniq tr jq basename dirname realpath readlink echo printf ps pgrep lsof"
)
_LOOKERS = frozenset(_LOOKERS_TEXT.split())
_GIT_TEXT = "status diff log show blame branch grep ls-files rev-parse describe"
_VERBS = {
    "git": frozenset(_GIT_TEXT.split()),
    "orchestra": frozenset({"brief", "status", "log", "plan", "validate"}),
}
_READERS = frozenset({"cat", "head", "tail", "less", "more", "bat", "nl", "sed"})
_WAITING = re.compile(r"(?:^|[\s;&|(])(?:sleep|wait|inotifywait|watch)\b|--watch\b|\btail\s+-[a-zA-Z]*[fF]")
_STARTING = re.compile(r"(?:^|[\s;&|(])(?:nohup|setsid|disown)\b|(?<![&>|])&(?![&>\d])")
_HARMLESS = re.compile(r"\d?>\s*/dev/null|\d?>&\d|&>\s*/dev/null")
_BETWEEN = "|&;\n()"
_FILES = ("file_path", "filePath", "absolute_path", "notebook_path", "path")
# What an agent says of a call to people differs each time; how long it may take changes nothing about it.
_ASIDE = ("description", "timeout", "title", "justification")
_FAILED = re.compile(r"^\s*(?:exit code:?|process exited with code)\s*[1-9]", re.IGNORECASE)


def call_of(event: AgentEvent) -> Call:
    """A `tool_call` event as the call that it is."""
    data, name = event.data, event.name.lower()
    bare = Call(_text(data.get("id")), Act.RUN, "", "", _text(data.get("agent")), _text(data.get("batch")))
    given = data.get("input")
    values: Mapping[str, Any] = given if isinstance(given, dict) else {}
    if name in SHELLS:
        return _shell(bare, event, values)
    act = _ACTS.get(name, Act.RUN)
    file = next((_text(values[key]) for key in _FILES if values.get(key)), "")
    edit = _edit(values) if act is Act.CHANGE else None
    # Codex says which file it changes and not how: such a call is like no other.
    digest = "" if act is Act.CHANGE and edit is None else _digest(event.name, given)
    what = _short(f"{event.name} {file or event.text}")
    return replace(bare, act=act, given=digest, what=what, file=file, edit=edit)


def result_of_call(event: AgentEvent) -> tuple[str, Result]:
    """A `tool_result` event as the id of its call, and what that came to."""
    failed = bool(event.data.get("failed")) or bool(_FAILED.match(event.text))
    said = _text(event.data.get("digest")) or event.text
    return _text(event.data.get("id")), Result(said, failed, event.text if failed else "")


def _shell(bare: Call, event: AgentEvent, values: Mapping[str, Any]) -> Call:
    command = _unwrapped(_text(values.get("command") or values.get("cmd") or event.data.get("input") or event.text))
    starts = bool(values.get("run_in_background") or values.get("is_background") or _STARTING.search(command))
    given, what = _digest(event.name, command), _short(f"{event.name}: {command}")
    return replace(bare, act=_act(command), given=given, what=what, file=_read_file(command), starts=starts)


def _act(command: str) -> Act:
    if _WAITING.search(command):
        return Act.WAIT
    parts = _parts(command)
    return Act.LOOK if parts and all(_looks(words) for words in parts) else Act.RUN


def _parts(command: str) -> list[list[str]]:
    """The simple commands of a command line; none where it writes files or runs what another command prints."""
    found: list[list[str]] = [[]]
    for word in _words(_HARMLESS.sub(" ", command)):
        if ">" in word and not word.strip("<>&|"):
            return []
        if word.strip(_BETWEEN):
            found[-1].append(word)
        else:
            found.append([])
    return [words for words in found if words] if "$(" not in command and "`" not in command else []


def _words(command: str) -> list[str]:
    reader = shlex.shlex(command, posix=True, punctuation_chars=f"{_BETWEEN}<>")
    reader.whitespace, reader.commenters = " \t", ""
    try:
        return list(reader)
    except ValueError:
        return []


def _looks(words: list[str]) -> bool:
    name = PurePath(words[0]).name
    if name in _VERBS:
        return next((word for word in words[1:] if not word.startswith("-")), "") in _VERBS[name]
    if name == "sed":
        return "-n" in words and not any(word.startswith(("-i", "--in-place")) for word in words)
    if name == "find":
        return not any(word in ("-delete", "-exec", "-execdir", "-ok") for word in words)
    return name in _LOOKERS


def _read_file(command: str) -> str:
    """The file that a command shows a part of; empty for any other command."""
    parts = _parts(command)
    one = len(parts) == 1 and len(parts[0]) > 1 and PurePath(parts[0][0]).name in _READERS
    return parts[0][-1] if one else ""


def _unwrapped(command: str) -> str:
    """The command inside `bash -lc '…'`, in which Codex wraps all of them."""
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    wrapped = len(words) == 3 and PurePath(words[0]).name in ("sh", "bash", "zsh") and words[1] in ("-c", "-lc")
    return words[2] if wrapped else command


def _edit(values: Mapping[str, Any]) -> tuple[str | None, str] | None:
    """Digests (before, after) of an edit, None as `before` when it writes the whole file; None when neither is told."""
    several = values.get("edits")
    if isinstance(several, list):
        pairs = [_edit(one) for one in several if isinstance(one, dict)]
        before, after = ("\0".join(str(pair[side]) for pair in pairs if pair) for side in (0, 1))
        return (_hash(before), _hash(after)) if pairs else None
    for old, new in (("old_string", "new_string"), ("oldString", "newString")):
        if old in values and new in values:
            return _hash(_text(values[old])), _hash(_text(values[new]))
    content = values.get("content", values.get("new_source"))
    return (None, _hash(_text(content))) if content is not None else None


def _digest(name: str, given: object) -> str:
    if isinstance(given, dict):
        given = {key: value for key, value in given.items() if key not in _ASIDE}
    text = given if isinstance(given, str) else json.dumps(given, sort_keys=True, default=str)
    return _hash(f"{name}\0{text}")


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _text(value: object) -> str:
    if isinstance(value, list):
        return shlex.join(map(str, value))
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, default=str)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 120 else f"{text[:119]}…"
