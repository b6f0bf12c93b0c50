"""`orchestra how VERB [ARGS…]`: the steps for a verb of the client, as a person's `/orchestra VERB` starts them."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from orchestra.errors import Exit, UserError, usage

from ._calls import as_called

FOLDER = Path(__file__).resolve().parents[3] / "commands"
# The bare entry point of the client: it is what asks for the others.
_ENTRY = "orchestra"
_MOST = 4000
_HEAD = "Typed as `/orchestra VERB`, in Codex as `$orchestra:orchestra VERB`:"
_FOOT = "`orchestra how VERB` prints the steps for one of them; without a verb, show this list."


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register the command."""
    parser = subparsers.add_parser("how", help="print the steps for a verb of the client")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="VERB [ARGS…]", help="the verb and its own words")


def run(args: argparse.Namespace) -> int:
    """Print the steps with the words put in; without a verb, the verbs. Exit 64 for a verb that there is not."""
    known = verbs()
    # A client may pass everything a person typed as one word.
    verb, _, words = one_line(args.words).partition(" ")
    if verb and verb not in known:
        raise _unknown(verb, known)
    text = as_called(steps(known[verb], words) if verb else overview(known))
    if args.json:
        print(json.dumps({"verb": verb or None, "verbs": sorted(known), "text": text}, ensure_ascii=False))
    else:
        sys.stdout.write(text)
    return Exit.DONE


def verbs(folder: Path = FOLDER) -> dict[str, Path]:
    """The files with steps, by their verb."""
    found = {path.stem: path for path in sorted(folder.glob("*.md"))}
    return {verb: path for verb, path in found.items() if verb != _ENTRY}


def steps(path: Path, words: str) -> str:
    """The body of a file, with `$ARGUMENTS` replaced by the words."""
    body = _parted(path).body
    # A function, because a replacement text of its own would have its backslashes read.
    return re.sub(r"\$ARGUMENTS\b", lambda _: words, body).strip() + "\n"


def one_line(words: list[str]) -> str:
    """Words as a person typed them, without line ends and control characters: the text becomes part of a prompt."""
    text = "".join(c if c.isprintable() else " " for c in " ".join(words))
    return " ".join(text.split())[:_MOST]


def overview(known: Mapping[str, Path]) -> str:
    """The verbs as a person types them, with what each is for."""
    parts = {verb: _parted(path) for verb, path in known.items()}
    typed = {verb: f"{verb} {part.hint}".rstrip() for verb, part in parts.items()}
    width = max(map(len, typed.values()), default=0)
    listed = [f"  {typed[verb]:<{width}}  {part.description}".rstrip() for verb, part in parts.items()]
    return "\n".join([_HEAD, *listed, _FOOT]) + "\n"


class _Parts(NamedTuple):
    """A file's description, the words that it takes, and what stands below its front matter."""

    description: str
    hint: str
    body: str


def _parted(path: Path) -> _Parts:
    from orchestra.plans import frontmatter, source
    from orchestra.plans.markdown import split_lines

    text, found = source.read(path, path.parent)
    if text is None:
        raise UserError("\n".join(d.to_text() for d in found), hint="install Orchestra again")
    front, _ = frontmatter.read(text)
    said = {key: str(item.plain()) for key, item in front.items.items() if item}
    body = "".join(split_lines(text.text)[front.lines :])
    return _Parts(said.get("description", ""), said.get("argument-hint", ""), body.lstrip("\ufeff"))


def _unknown(verb: str, known: Mapping[str, Path]) -> UserError:
    from orchestra.plans.diagnostics import did_you_mean

    return usage(
        f"there is no verb {one_line([verb])[:60]}", did_you_mean(verb, known) + "  (orchestra how lists them)"
    )
