"""Asks the person at the terminal what only a person can decide."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from ..core.model import Decision
from .progress import printable


class Asker:
    """Prompts on stderr, reads answers from the terminal, one question at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._typed = b""

    async def ask(self, decision: Decision) -> tuple[str, str]:
        """The answer, one of the decision's options, and what was written after it.

        Raises EOFError when the terminal is gone or its end was typed (Ctrl-D).
        """
        async with self._turn:
            _say(f"\n{decision.id}: {printable(decision.question)}\n")
            while True:
                words = (await self._line(f"  [{' / '.join(decision.options)}] ")).split(maxsplit=1)
                if words and words[0].lower() in decision.options:
                    return words[0].lower(), words[1].strip() if len(words) > 1 else ""
                if words:
                    _say(f"  {words[0]!r} is not one of the answers.\n")

    async def _line(self, prompt: str) -> str:
        """A line from the terminal, without a thread that could not be ended with the run."""
        _say(prompt)
        while b"\n" not in self._typed:
            piece = await _read(sys.stdin.fileno())
            if not piece:
                raise EOFError
            self._typed += piece
        line, _, self._typed = self._typed.partition(b"\n")
        return line.decode("utf-8", "replace")


async def _read(descriptor: int) -> bytes:
    """What can be read next; nothing at the end."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[bytes] = loop.create_future()

    def read() -> None:
        if came.done():
            return
        try:
            came.set_result(os.read(descriptor, 4096))
        except OSError:  # a terminal that was closed answers EIO
            came.set_result(b"")

    loop.add_reader(descriptor, read)
    try:
        return await came
    finally:
        loop.remove_reader(descriptor)


def _say(text: str) -> None:
    with suppress(OSError):
        print(text, end="", file=sys.stderr, flush=True)
