"""Collects diagnostics while a file is read."""

from __future__ import annotations

from ..core.words import DiagnosticSeverity
from .diagnostics import ERROR, INFO, WARNING, Diagnostic


class Notes:
    """Diagnostics about one file; lines and columns count from 1."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Diagnostic] = []

    def error(self, code: str, message: str, hint: str = "", at: tuple[int, int] = (1, 1)) -> None:
        self._say(ERROR, code, message, hint, at)

    def warning(self, code: str, message: str, hint: str = "", at: tuple[int, int] = (1, 1)) -> None:
        self._say(WARNING, code, message, hint, at)

    def info(self, code: str, message: str, hint: str = "", at: tuple[int, int] = (1, 1)) -> None:
        self._say(INFO, code, message, hint, at)

    def _say(self, severity: DiagnosticSeverity, code: str, message: str, hint: str, at: tuple[int, int]) -> None:
        self.found.append(Diagnostic(self.file, at[0], at[1], severity, code, message, hint))
