"""`orchestra how VERB [ARGS…]`: the steps for a verb of the client, as a person's `/orchestra VERB` starts them."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from orchestra.errors import Exit, UserError, usage

from ._calls import as_called

FOLDER = Path(__file__).resolve().parents[3] / "commands"
# The bare entry point of the client: it is what asks for the others.
_ENTRY = "orchestra"
_MOST = 4000


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
    _, body = _parted(path)
    # A function, because a replacement text of its own would have its backslashes read.
    return re.sub(r"\$ARGUMENTS\b", lambda _: words, body).strip() + "\n"


def one_line(words: list[str]) -> str:
    """Words as a person typed them, without line ends and control characters: the text becomes part of a prompt."""
    text = "".join(c if c.isprintable() else " " for c in " ".join(words))
    return " ".join(text.split())[:_MOST]


def overview(known: Mapping[str, Path]) -> str:
    """The verbs with what each is for."""
    width = max(map(len, known), default=0)
    listed = [f"  {verb:<{width}}  {_parted(path)[0]}".rstrip() for verb, path in known.items()]
    return "\n".join(["orchestra how VERB prints the steps for:", *listed]) + "\n"


def _parted(path: Path) -> tuple[str, str]:
    """A file's description and what stands below its front matter."""
    from orchestra.plans import frontmatter, source
    from orchestra.plans.markdown import split_lines

    text, found = source.read(path, path.parent)
    if text is None:
        raise UserError("\n".join(d.to_text() for d in found), hint="install Orchestra again")
    front, _ = frontmatter.read(text)
    item = front.items.get("description")
    body = "".join(split_lines(text.text)[front.lines :])
    return str(item.plain()) if item else "", body.lstrip("\ufeff")


def _unknown(verb: str, known: Mapping[str, Path]) -> UserError:
    from orchestra.plans.diagnostics import did_you_mean

    return usage(
        f"there is no verb {one_line([verb])[:60]}", did_you_mean(verb, known) + "  (orchestra how lists them)"
    )
