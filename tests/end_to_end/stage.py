"""The stage of the story: the parts that a launcher runs on a state folder, and how to kill one of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.end_to_end.clients import NotAsTold
from tests.end_to_end.story import Stage

START_S = 60.0


def running_parts(var: Path) -> dict[str, Any]:
    """name → {"pid", "url", "ready"} of what the launcher says is running."""
    parts: dict[str, Any] = json.loads((var / "run.json").read_text())["parts"]
    return parts


def open_stage(var: Path, *, tell: Callable[[str], None] = lambda _: None) -> Stage:
    """The stage on a state folder whose parts are running."""
    parts = running_parts(var)

    async def stop(name: str) -> None:
        """Kills a part with SIGKILL, as a crash would; the launcher starts it again."""
        os.kill(running_parts(var)[name]["pid"], signal.SIGKILL)
        await _until(lambda: _answers(parts[name]["url"]), False, f"{name} is down")
        tell(f"  ✗ {name} was killed")

    async def start(name: str) -> None:
        await _until(lambda: _answers(parts[name]["url"]), True, f"{name} is back")
        tell(f"  ✓ {name} is back")

    return Stage(
        gateway=parts["handoff_service"]["url"],
        shop=parts["shop"]["url"],
        logins=json.loads((var / "secrets.json").read_text())["agents"],
        stop=stop,
        start=start,
        tell=tell,
    )


async def _answers(url: str) -> bool:
    async with httpx2.AsyncClient(timeout=2, trust_env=False) as client:
        try:
            return (await client.get(f"{url}/readyz")).status_code == 200
        except httpx2.HTTPError:
            return False


async def _until(probe: Callable[[], Any], wanted: bool, what: str) -> None:
    begun = time.monotonic()
    while await probe() is not wanted:
        if time.monotonic() - begun > START_S:
            raise NotAsTold(f"after {START_S:g} s it is still not so: {what}")
        await asyncio.sleep(0.02)
