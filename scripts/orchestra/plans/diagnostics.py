"""What is wrong with a file that a person wrote, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches

from ..core.words import DiagnosticSeverity

ERROR, WARNING, INFO = DiagnosticSeverity.ERROR, DiagnosticSeverity.WARNING, DiagnosticSeverity.INFO


@dataclass(frozen=True, order=True)
class Diagnostic:
    """One remark about a file. `line` and `column` count from 1; `file` is relative to the project."""

    file: str
    line: int
    column: int
    severity: DiagnosticSeverity
    code: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return self.to_text()

    def to_json(self) -> dict[str, str | int]:
        """The shape that `validate --json` prints."""
        return {**asdict(self), "severity": self.severity.value}

    def to_text(self) -> str:
        """`file:line:column: severity[code] message`, with the hint on a second line."""
        head = f"{self.file}:{self.line}:{self.column}: {self.severity.value}[{self.code}] {self.message}"
        return printable(head) + (f"\n  {printable(self.hint)}" if self.hint else "")


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity is ERROR for d in diagnostics)


def printable(text: str) -> str:
    """The text with control characters escaped: file names and values come from anyone."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def nearest(word: str, words: Iterable[str]) -> str:
    """The word that was probably meant, or an empty text."""
    found = get_close_matches(word[:80].casefold(), list(words), n=1, cutoff=0.6)
    return found[0] if found else ""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint with the nearest right word, or with all of them."""
    known = list(words)
    best = nearest(word, known)
    return f"did you mean `{best}`?" if best else f"known: {', '.join(known)}"
