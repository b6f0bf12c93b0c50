"""Which functions usual commands need. The bundle has them at hand; the others are read when they are called."""

from __future__ import annotations

import sys

from . import calls, document, hook, identity, judge, scopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

COMMANDS = (
    "cd src && ls -la && pwd",
    "cat a.py | head -n 20; wc -l *.py 2>/dev/null",
    "cd lib && grep -rn 'def parse' src --include='*.py' | sort | uniq -c | tail -5",
    "find . -name '*.py' -not -path './node_modules/*' | xargs grep -l import",
    "sed -n '1,40p' src/a.py && sed -i 's/one/two/' src/a.py",
    "git status --short && git diff --stat HEAD~1 -- src && git log --oneline -5",
    "git add -A src && git show HEAD:a.py",
    "python -m pytest tests -q -x -k 'one or two' 2>&1 | tail -n 20",
    "python3 -m mypy . && python3 -m unittest",
    "npm test -- --watch=false && npx tsc --noEmit",
    'NAME=value; export OTHER="$NAME/x"; echo "$OTHER" > src/a.txt',
    'for f in src/*.py; do echo "$f"; wc -l < "$f" >> out.txt; done',
    "if [ -f a.py ]; then rm -f a.py; else mkdir -p src/lib && touch src/lib/a.py; fi",
    'while read -r line; do echo "$line"; done < a.txt',
    "cat > src/a.py <<'EOF'\nprint(1)\nEOF\npython src/a.py",
    'python3 -c \'import json; print(json.load(open("a.json"))["version"])\'',
    "python3 tools/make.py --all",
    "cp a.py b.py && mv b.py src/ && rm -rf build",
    "timeout 60 make -j4 test || echo failed",
    'echo "$(git rev-parse HEAD)" > /dev/null',
)
# What calls need besides, for the scope and the record: files are not touched when it is found out what is usual.
FILES = {
    "hook": ("decide", "_judge", "caller_of"),
    "identity": ("headless",),
    "scopes": ("load", "read", "_texts"),
    "disk": ("read", "read_all", "append", "_write"),
    "answer": ("note", "_now"),
    "document": ("dump", "_dump"),
}
# What only one of these commands needs is read later, since most commands do without it.
_OFTEN = 2


def functions() -> dict[str, set[str]]:
    """For each module that is needed for more than one of the commands, the names of its functions that are."""
    scope = b'{"version": 1, "root": "/work", "write": ["src/**", "tests/*.py"], "blocked_commands": ["rm -rf"]}'
    caller = identity.Caller(identity.SCOPED, scopes.read(scope), "", "")
    counts = dict[tuple[str, str], int]()
    for command in COMMANDS:
        for one in called(judged, caller, command):
            counts[one] = counts.get(one, 0) + 1
    found = {f"orchestra.guard.{module}": {*names} for module, names in FILES.items()}
    for (module, function), count in counts.items():
        if count >= _OFTEN:
            found.setdefault(module, set()).add(function)
    return found


def judged(caller: identity.Caller, command: str) -> None:
    """Judge a file and `command` as the hook does it."""
    data = b'{"tool_name": "Bash", "cwd": "/work/src", "tool_input": {}, "session_id": "s"}'
    request = hook.Request(document.parse(data))
    setting = hook.Setting("/plugin", "/data", "", {"HOME": "/home/u", "ORCHESTRA_SCOPE": "/scope.json"})
    calls.use("Edit", {"file_path": "/work/src/a.py"})
    hook._run(caller, request, calls.use("Bash", {"command": command}), setting)
    judge.path(judge.bounds(caller, "/work/src", {}, "/plugin", "/data"), "/work/src/a.py")


def called(run: Callable[..., object], *given: object) -> set[tuple[str, str]]:
    """The modules and the names of the functions that are called for `run`."""
    found = set[tuple[str, str]]()
    sys.setprofile(lambda frame, *_: found.add((frame.f_globals["__name__"], frame.f_code.co_qualname)))
    try:
        run(*given)
    finally:
        sys.setprofile(None)
    return found
