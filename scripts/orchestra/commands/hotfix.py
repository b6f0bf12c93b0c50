"""`orchestra hotfix TEXT`: the fast lane. One milestone of one phase, verified, committed and pushed at once."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from ..errors import Exit, usage
from ._driving import check_verification, execute, policy

_TITLE = 60


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser("hotfix", help="carry out one small task at once")
    parser.add_argument("text", nargs="+", metavar="TEXT", help="what is wrong, in your words")
    parser.add_argument("--client", action="store_true", help="only plan it, and say how a lead goes on with it")
    policy(parser)


def run(args: argparse.Namespace) -> int:
    from ..project import find

    text = _words(args.text)
    if args.client:
        return _for_lead(args, find(args.directory), text)
    return execute(args, lambda: (_plan(find(args.directory).root, text),))


def _for_lead(args: argparse.Namespace, project: Any, text: str) -> int:
    """Plan it, when this session can lead it: a milestone that is ready would be taken by the next run."""
    from ..config import load
    from ..drive.caller import caller
    from ..drive.leading import leading
    from ..drive.orders import program
    from ._client import refuse_unclean, workspace

    config = load(project.config_path)
    check_verification(config, project.root)
    place = workspace(project, config)
    with leading(project, config, caller()) as lead:
        if not args.stash:
            refuse_unclean(lead, place)
        id_ = _plan(project.root, text)
    then = f"{program()} next {id_} --auto --flat{' --stash' if args.stash else ''}"
    print(json.dumps({"id": id_, "then": then}) if args.json else f"{id_} is ready\nthen: {then}")
    return Exit.DONE


def _words(parts: list[str]) -> str:
    """The text on one line; a "TODO:" in it is the report's, and not a place in the plan still to be written."""
    text = " ".join(" ".join(parts).split())
    if not text:
        raise usage("a hotfix needs a text", 'such as: orchestra hotfix "login fails with an empty password"')
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return re.sub(r"\bTODO:", "TODO :", text)


def _plan(root: Path, text: str) -> str:
    """Write the hotfix as a milestone of one phase, ready to be run; return its id."""
    from datetime import date

    from ..core.words import GroupStatus, Pipeline, Priority
    from ..files import edit_lock
    from ..plans.edit import set_table_field
    from ..plans.templates import render
    from ..plans.writing import next_number, write_folders
    from ..project import Project
    from ._numbers import spent

    title = text if len(text) <= _TITLE else text[: _TITLE - 1].rsplit(" ", 1)[0] + "…"
    with edit_lock(root):
        id_ = f"M{next_number(root, spent(Project(root)))}"
        folder = f"{id_}-hotfix"
        milestone = render(
            "project/milestone.md.j2",
            id=id_,
            title=title,
            priority=str(Priority.P0),
            complexity=str(Pipeline.QUICK),
            created=date.today().isoformat(),
            depends_on=[],
            criteria=["The problem is gone"],
        )
        files = {
            f"{folder}/milestone.md": set_table_field(milestone, "Status", str(GroupStatus.READY)),
            f"{folder}/prd.md": f"# {title}\n\n{text}\n",
            f"{folder}/phases/phase-1.md": render("project/hotfix.md.j2", title=title, text=text),
        }
        write_folders(root, files)
    return id_
