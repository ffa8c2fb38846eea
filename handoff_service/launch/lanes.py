"""Lanes of runs beside each other, so that no core waits while one of them does.

The first lane has the terminal. What runs in another is told when it begins, and with all it has said when it ends.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.launch.run import Run

Lane = Sequence[Run]


@dataclass(frozen=True, kw_only=True)
class Played:
    """The exit code of a run, and how long it took."""

    run: Run
    code: int
    seconds: float


def side_by_side(lanes: Sequence[Lane]) -> list[Played]:
    """Each lane's runs one after the other, all lanes at once; a run that fails stops nothing. In the order given."""
    return asyncio.run(_played(lanes))


async def _played(lanes: Sequence[Lane]) -> list[Played]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_lane(runs, at_terminal=place == 0)) for place, runs in enumerate(lanes)]
    return [one for task in tasks for one in task.result()]


async def _lane(runs: Lane, *, at_terminal: bool) -> list[Played]:
    return [await (_shown(run) if at_terminal else _told(run)) for run in runs]


async def _shown(run: Run) -> Played:
    print(f"\n=== {run.title} ===", flush=True)
    return await _ended(run, None)


async def _told(run: Run) -> Played:
    print(f"\n=== {run.title}: begins beside the others ===", flush=True)
    with tempfile.TemporaryFile() as output:
        played = await _ended(run, output.fileno())
        output.seek(0)
        print(f"\n=== {run.title} ===", flush=True)
        sys.stdout.buffer.write(output.read())
        sys.stdout.flush()
    return played


async def _ended(run: Run, output: int | None) -> Played:
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *run.command,
        cwd=run.cwd,
        env=dict(run.environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:  # Ctrl-C or SIGTERM, which end the launcher
            process.kill()
            await process.wait()
    return Played(run=run, code=code, seconds=time.monotonic() - begun)
