"""Bytes into lines of text, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Callable

_LONGEST = 4 << 20


class Lines:
    """Calls `take` with each whole line, without its end. A line above 4 MiB comes in pieces."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest: list[bytes] = []
        self._held = 0

    def feed(self, data: bytes) -> None:
        *whole, rest = data.split(b"\n")
        for line in whole:
            self._rest.append(line)
            self._flush()
        self._rest.append(rest)
        self._held += len(rest)
        if self._held > _LONGEST:
            self._flush()

    def end(self) -> None:
        """The last line, which may have no end."""
        if self._held:
            self._flush()

    def _flush(self) -> None:
        line = b"".join(self._rest)
        self._rest, self._held = [], 0
        self._take(line.decode("utf-8", "replace").rstrip("\r"))
