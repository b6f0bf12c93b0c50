"""`orchestra views`: writes every view again from the state."""

from __future__ import annotations

import argparse
import json
import sys

from orchestra.errors import Exit


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("views", help="write the generated files again")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(args: argparse.Namespace) -> int:
    """Write the views and print the files that changed, relative to the project."""
    from orchestra.project import find
    from orchestra.state.store import Store
    from orchestra.views.write import catch_up

    project = find(args.directory)
    with Store.open(project.state_path, readonly=True) as store:
        changed = catch_up(project.root, store)
    written = [path.relative_to(project.root).as_posix() for path in changed]
    if args.json:
        print(json.dumps({"written": written}, ensure_ascii=False))
        return Exit.DONE
    for path in written:
        print(path)
    if not written:
        print("Every view is up to date.", file=sys.stderr)
    return Exit.DONE
