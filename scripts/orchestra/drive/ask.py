"""Asks the person at the terminal what only a person can decide."""

from __future__ import annotations

import asyncio
import sys

from ..core.model import Decision


class Asker:
    """Prompts on stderr, reads answers from the terminal, one question at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def ask(self, decision: Decision) -> tuple[str, str]:
        """The answer, one of the decision's options, and what was written after it."""
        async with self._turn:
            print(f"\n{decision.id}: {decision.question}", file=sys.stderr)
            while True:
                words = (await self._line(f"  [{' / '.join(decision.options)}] ")).split(maxsplit=1)
                if words and words[0] in decision.options:
                    return words[0], words[1] if len(words) > 1 else ""

    async def _line(self, prompt: str) -> str:
        """A line from the terminal, without a thread that could not be ended with the run."""
        print(prompt, end="", file=sys.stderr, flush=True)
        loop = asyncio.get_running_loop()
        came: asyncio.Future[str] = loop.create_future()

        def read() -> None:
            if not came.done():
                came.set_result(sys.stdin.readline())

        loop.add_reader(sys.stdin.fileno(), read)
        try:
            line = await came
        finally:
            loop.remove_reader(sys.stdin.fileno())
        if not line:
            raise EOFError
        return line
