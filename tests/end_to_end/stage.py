"""The stage of the story: the parts that a launcher runs on a state folder, how to kill one, and how to clear it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pysqlite3 as sqlite3

from tests.end_to_end.clients import Agent, Frame, NotAsTold
from tests.end_to_end.story import Stage, expect

START_S = 60.0
# What stands in somebody's way: who waits or is served, and an answer of the bot that may still pass somebody on.
OPEN = "SELECT count(*) FROM conversations WHERE tenant = 'demo' AND owner_kind IN ('queue', 'offer', 'agent')"
DUE = "SELECT count(*) FROM outbox WHERE tenant = 'demo' AND destination = 'bot' AND state IN ('new', 'leased')"


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


CLEARINGS, APART_S = 40, 3.0
"""How often and how far apart it is tried: what is offered to somebody who has left is nobody else's until then."""


async def clear(stage: Stage, var: Path) -> None:
    """Ends what those who played before have left open: a queue is the same for everybody who plays on this stage."""
    with closing(sqlite3.connect(var / "handoff.sqlite", timeout=10, isolation_level=None)) as database:

        def count(query: str) -> int:
            return int(database.execute(query).fetchone()[0])

        async def answered() -> bool:
            return count(DUE) == 0

        await _until(answered, True, "the bot has answered everybody")
        if not count(OPEN):
            return
    for left in reversed(range(CLEARINGS)):
        try:
            await _close_all(await stage.agent(-1))
            return
        except NotAsTold:  # offered to somebody, or taken in this moment: what the desk shows is read anew
            if not left:
                raise
        finally:
            await stage.empty()
        await asyncio.sleep(APART_S)


async def _close_all(owner: Agent) -> None:
    desk = await owner.live.until(lambda: owner.live.desk, "a desk")
    for card in [one for name in ("mine", "waiting", "offers", "others") for one in desk[name]]:
        if card["owner"]["kind"] != "bot":
            await _close(owner, card)


async def _close(owner: Agent, card: Frame) -> None:
    name, epoch = card["conversation"], card["epoch"]
    if card["owner"]["kind"] != "agent":
        accepted = await owner.accept(card["handoff"]["id"])
        expect(accepted.status_code == 200, f"{name} of those who played before stays open: {accepted.text}")
        epoch = accepted.json()["epoch"]
    elif card["owner"]["agent"]["id"] != owner.me["agent"]["id"]:
        epoch = (await owner.command(name, "take-over", epoch=epoch))["epoch"]
    await owner.command(name, "close", epoch=epoch, wrap_up="solved")
