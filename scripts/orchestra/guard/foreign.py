"""Tools that the clients do not bring along themselves: what their names and arguments tell."""

from __future__ import annotations

from .calls import READS, WRITES, Unreadable, Use, shell

_READ_WORDS_TEXT = (
    "read get list search find query fetch view show describe stat info count check inspect lookup grep glob head "
    "tail cat diff status tree explain resolve validate wait spawn agent message think screenshot"
)
_READ_WORDS = frozenset(_READ_WORDS_TEXT.split())
_WRITE_WORDS_TEXT = (
    "write edit create delete remove move rename copy update insert append replace patch put set save store make "
    "mkdir touch add apply modify change truncate overwrite upload download export generate format fix sync "
    "extract unzip commit push checkout restore reset execute exec run convert"
)
_WRITE_WORDS = frozenset(_WRITE_WORDS_TEXT.split())
_SHELL_WORDS = frozenset(("shell", "bash", "terminal", "command", "cmd", "exec", "execute"))
_SURE_PATH_WORDS_TEXT = (
    "path paths file files filename filepath filenames dir directory folder destination dest dst outfile notebook "
    "oldpath newpath"
)
_SURE_PATH_WORDS = frozenset(_SURE_PATH_WORDS_TEXT.split())
_VAGUE_PATH_WORDS = frozenset(
    ("from", "to", "name", "source", "src", "target", "location", "root", "cwd", "uri", "output")
)
_TEXT_KEYS_TEXT = (
    "content contents text body message description query prompt title code data old_string new_string new_source "
    "old_text new_text oldtext newtext old_str new_str insert_text file_text pattern regex url"
)
_TEXT_KEYS = frozenset(_TEXT_KEYS_TEXT.split())
_MAX_DEPTH = 40


def words_of(name: str) -> list[str]:
    """The words in the name of a tool or an argument: `writeFile`, `write_file` and `write-file` have the same."""
    spaced = "".join(f" {char}" if char.isupper() else char if char.isalnum() else " " for char in name)
    return spaced.lower().split()


def use(tool: str, given: object) -> Use:
    """What a tool that nobody here knows would do, by its name and the paths in its arguments. Raises Unreadable."""
    foreign = tool.startswith("mcp__")
    words = words_of(tool.split("__", 2)[-1] if foreign else tool)
    writes = not _WRITE_WORDS.isdisjoint(words)
    if not writes and (not foreign or not _READ_WORDS.isdisjoint(words)):
        return Use(READS)
    if not _SHELL_WORDS.isdisjoint(words) and isinstance(given, dict) and ("command" in given or "cmd" in given):
        return shell(given)
    found: list[str] = []
    _collect(given, found, 0, vague=writes, named=False)
    return Use(WRITES, found) if found else Use(READS)


def _collect(value: object, found: list[str], depth: int, *, vague: bool, named: bool) -> None:
    """Add what looks like a path, or is `named` like one; `vague` also takes names such as `to` and `target`."""
    if depth > _MAX_DEPTH:
        raise Unreadable("its arguments are nested too deeply")
    if isinstance(value, str):
        if value and (named or looks_like_path(value)):
            found.append(_without_scheme(value))
    elif isinstance(value, list):
        for one in value:
            _collect(one, found, depth + 1, vague=vague, named=named)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name.lower() not in _TEXT_KEYS:
                _collect(one, found, depth + 1, vague=vague, named=named or _names_path(name, vague))


def _names_path(name: str, vague: bool) -> bool:
    words = words_of(name)
    return not _SURE_PATH_WORDS.isdisjoint(words) or (vague and not _VAGUE_PATH_WORDS.isdisjoint(words))


def _without_scheme(text: str) -> str:
    return text[7:] if text.startswith("file://") else text


def looks_like_path(text: str) -> bool:
    """Whether text that nothing calls a path is written like one."""
    return text.startswith(("/", "~/", "./", "../", "file://")) and len(text) < 4096 and "\n" not in text
