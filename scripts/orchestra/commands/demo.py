"""`orchestra demo`: the whole thing on a repository that it makes, with agents that follow a script."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..errors import usage
from ._driving import execute, policy


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("demo", help="show the whole thing on a repository made for it")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="where to make it (default: a new temporary directory)")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON document")


def run(args: argparse.Namespace) -> int:
    from .. import demo

    place = _place(args.dir)
    project = demo.build(place)
    print(f"A repository to look at: {project}\n", file=sys.stderr)
    code = execute(_options(project), lambda: ())
    _report(project, as_json=args.json)
    _say_where(project)
    return code


def _options(project: Path) -> argparse.Namespace:
    """What `orchestra run --auto --backend scripted --script …` would be given."""
    from ..demo import SCRIPT

    parser = argparse.ArgumentParser()
    policy(parser)
    args = parser.parse_args(["--auto", "--backend", "scripted", "--script", str(SCRIPT)])
    args.directory = project
    return args


def _report(project: Path, *, as_json: bool) -> None:
    from ..project import find
    from ..state.store import Store
    from ..views.history import history, lines

    found = find(project)
    with Store.open(found.state_path, readonly=True) as store:
        report = history(found, store, None)
    print(json.dumps(report, ensure_ascii=False) if as_json else "\n" + "\n".join(lines(report)))


def _place(wanted: Path | None) -> Path:
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="orchestra-demo-"))
    from ..plans.writing import explained

    with explained():
        if wanted.exists() and any(wanted.iterdir()):
            raise usage(f"{wanted} is not empty", "name a directory that does not exist yet")
        wanted.mkdir(parents=True, exist_ok=True)
    return wanted.resolve()


def _say_where(project: Path) -> None:
    lines = (
        "Look around:",
        f"  cd {project}",
        "  git log --stat                     the commits, one for each phase, and their tickets",
        "  git -C ../origin.git log main      what was pushed",
        "  cat .orchestra/quarantine/*.patch  what was out of scope",
        "  cat .orchestra/milestones/M1-brewing/context.md",
        "  ls .orchestra/runs/*               briefs, logs and receipts of every turn",
    )
    print("\n" + "\n".join(lines), file=sys.stderr)
