"""Commit messages: conventional, short, and proof against text that wants to be a trailer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

WIDTH = 72
_FORGED = re.compile(r"^\s*(orchestra-[\w-]*|signed-off-by|reviewed-by|acked-by)\s*:", re.IGNORECASE)
_BY_TOOL = re.compile(r"^\s*co-authored-by\s*:", re.IGNORECASE)


def message(
    type: str,
    scope: str,
    subject: str,
    body_lines: Iterable[str] = (),
    trailers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
) -> str:
    """`type(scope): subject`, at most 72 characters, then the body, then the trailers as the last paragraph.

    Titles come from people and agents: control characters and line breaks become blanks, and a body line that
    looks like one of our trailers is quoted.
    """
    kind = re.sub(r"[^a-z]", "", type.lower()) or "chore"
    area = re.sub(r"[^\w./-]+", "-", clean(scope)).strip("-")[:24]
    head = f"{kind}({area}): " if area else f"{kind}: "
    body = "\n".join(_body(body_lines)).strip("\n")
    pairs = trailers.items() if isinstance(trailers, Mapping) else trailers
    foot = "\n".join(f"{_key(key)}: {clean(value)}" for key, value in pairs)
    return "\n\n".join(part for part in (head + _fit(clean(subject), WIDTH - len(head)), body, foot) if part) + "\n"


def clean(text: str) -> str:
    """`text` on one line: what is not printable (control, format, line and private characters) becomes a blank."""
    shown = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in text)
    return " ".join(shown.split())


def _fit(text: str, width: int) -> str:
    if len(text) <= width:
        return text or "update"
    cut = text[: width - 1]
    shorter = cut.rsplit(" ", 1)[0] if " " in cut[width // 2 :] else cut
    return shorter.rstrip(" ,.;:-") + "…"


def _body(lines: Iterable[str]) -> list[str]:
    """A diffstat or a second paragraph must not become the trailer block either: each line stands for itself."""
    kept = [clean(part) for line in lines for part in (line.splitlines() or [""])]
    return [f"> {line}" if _FORGED.match(line) else line for line in kept if not _BY_TOOL.match(line)]


def _key(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", key)


def trailers_of(text: str) -> tuple[tuple[str, str], ...]:
    """The trailers of a commit message: its last paragraph, if that is not the subject and holds nothing else."""
    paragraphs = re.split(r"\n[ \t]*\n", text.strip("\n"))
    if len(paragraphs) < 2:
        return ()
    lines = paragraphs[-1].splitlines()
    found = [re.match(r"([A-Za-z0-9][A-Za-z0-9-]*)\s*:\s+(.*)$", line) for line in lines]
    if not all(found):
        return ()
    return tuple((match.group(1), match.group(2).strip()) for match in found if match)
