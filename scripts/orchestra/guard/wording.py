"""The sentences of denials: what, where the limit is, and the one thing to do instead, in about 40 tokens."""

from __future__ import annotations

_MAX = 160
_MAX_PATH = 56
_MAX_SCOPE = 44
_ROLES = {
    "lead": "The lead writes nothing by hand: run `orchestra next` and dispatch a worker.",
    "product-manager": "Planning writes only milestones, blueprints, roles and config.yml in .orchestra/.",
    "reader": "You hold no ticket: run `orchestra brief TICKET` first, or leave it to a worker.",
}


def _path(text: str) -> str:
    """The end of a long path, on one line."""
    plain = "".join(char if char.isprintable() else "?" for char in text[-_MAX_PATH:])
    return plain if len(text) <= _MAX_PATH else f"…{plain[1:]}"


def _globs(write: list[str]) -> str:
    text = ", ".join(one for one in write if not one.startswith("!"))
    return text if len(text) <= _MAX_SCOPE else f"{text[: _MAX_SCOPE - 1]}…"


def cut(text: str) -> str:
    """`text` on one line, and no longer than an answer should be."""
    plain = " ".join(text.split())
    return plain if len(plain) <= _MAX else f"{plain[: _MAX - 1]}…"


def outside(path: str, why: str, kind: str, write: list[str]) -> str:
    """For a path that the caller's scope does not hold; `why` says how it is not."""
    if kind in _ROLES:
        return f"{_path(path)}: {_ROLES[kind]}"
    if not any(not one.startswith("!") for one in write):
        return f"{_path(path)}: this ticket may write nothing. Say in your report what should change."
    return f"{_path(path)} is {why} ({_globs(write)}). Write there, or ask for it in your report."


def protected(path: str, said: str, owner: str) -> str:
    """For a path that nobody writes during a run."""
    return f"{_path(path)} {said} {owner}; nobody changes it during a run. Use the orchestra commands, or leave it."


def unclear(path: str, why: str) -> str:
    """For a path whose place cannot be established."""
    return f"{_path(path)}: {why}. Name the file by a plain absolute path inside your scope."


def hidden(why: str) -> str:
    """For a command whose effect cannot be known."""
    return cut(f"What this writes cannot be known ({why[:70]}). Use literal paths, or the Write and Edit tools.")


def destructive(what: str) -> str:
    """For a command that no agent may run."""
    return cut(f"{what.rstrip('.')[:90]}. Leave it out; say in your report if it is needed.")


def blocked(text: str) -> str:
    """For a command that the plan has blocked."""
    return f"`{_path(text)}` is blocked in this run. Find another way, or say in your report why it is needed."


def verb(name: str) -> str:
    """For a verb of orchestra that agents may not run."""
    return f"`orchestra {_path(name)}` is not for agents. Use brief, report, status, next, scope, log or validate."


def runs(what: str, kind: str) -> str:
    """For a program that may write, run by one who may not."""
    return cut(f"This may write files ({what[:50]}). {_ROLES[kind]}")


def unreadable(tool: str, why: str) -> str:
    """For a call whose arguments say nothing."""
    return cut(f"{tool[:40]}: {why[:60]}. Call it again with a plain path inside your scope.")


def leaves(tool: str) -> str:
    """For a tool that goes to another work tree."""
    return f"{tool[:40]}: your work tree is the one you were started in. Stay, and write inside your scope."


def malfunction(what: str) -> str:
    """For a failure of the guard itself."""
    return cut(f"The guard could not judge this call ({what[:70]}), so it is denied. Try once more, then report it.")
