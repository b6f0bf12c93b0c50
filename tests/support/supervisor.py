"""A supervisor to be killed: `supervisor.py BASE COUNT SLOTS SLEEP` runs COUNT jobs, each of which says that it ran."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from orchestra.proc import Job, run


async def main(base: Path, count: int, slots: int, pause: str) -> None:
    free = asyncio.Semaphore(slots)

    async def one(number: int) -> None:
        async with free:
            command = f"echo {number} >> {base}/ran; sleep {pause}; echo out-{number}; exit {number % 7}"
            ended = await run(Job(base / "jobs" / str(number), ("/bin/sh", "-c", command), base, dict(os.environ)))
            with (base / "ended").open("a") as file:
                file.write(f"{number} {ended.cause} {ended.code}\n")

    await asyncio.gather(*map(one, range(count)))
    (base / "all").touch()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
