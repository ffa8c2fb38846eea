"""Many known visitors of a gateway of the bench's own, and the processes that play them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handoff_service.bell import Bell
from handoff_service.channels.web_widget import start_session
from handoff_service.clock import utc_now
from handoff_service.conversations import store
from handoff_service.conversations.model import BOT, Draft, Event, Kind, Owner, OwnerKind
from handoff_service.database import Transaction, open_database
from handoff_service.settings import Settings
from tests.end_to_end.clients import NotAsTold

TENANT = "demo"
AT_ONCE = 50
Visitor = tuple[str, str]  # token, conversation


async def settle_visitors(database: Path, count: int) -> list[Visitor]:
    """Visitors with a conversation of three entries each, as if they had come and been answered; needs no bot."""
    settings, now = Settings(), utc_now()
    opened = open_database(f"sqlite:///{database}", Bell())

    def settle(tx: Transaction) -> list[Visitor]:
        visitors = []
        for _ in range(min(count, 500)):
            sender, token = start_session(
                tx, TENANT, token=None, identity=None, language="zh", settings=settings, now=now
            )
            conversation = store.create(
                tx.connection, TENANT, channel=sender.channel, contact=sender.contact, language="zh", now=now
            )
            conversation, _ = store.move(
                tx, conversation, Event.OPENED, Owner(OwnerKind.BOT), now=now, deadline_at=None
            )
            for text in ("您好，我是智能助手。", "请问有什么可以帮您？"):
                draft = Draft(kind=Kind.MESSAGE, author=BOT, body={"text": text})
                conversation, _ = store.append(tx, conversation, draft, now)
            visitors.append((token, conversation.id))
        return visitors

    try:
        settled: list[Visitor] = []
        while len(settled) < count:
            settled += await opened.write(settle)
        return settled[:count]
    finally:
        await opened.close()


@dataclass(frozen=True)
class Gathering:
    """The visitors, divided among processes."""

    processes: list[asyncio.subprocess.Process]

    async def ask(self, do: str, *, within_s: float, **more: Any) -> list[Any]:
        """Tells every process the same, and waits for all answers."""
        return list(await asyncio.gather(*(_ask(one, {"do": do, **more}, within_s) for one in self.processes)))


async def _ask(process: asyncio.subprocess.Process, what: dict[str, Any], within_s: float) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(what).encode() + b"\n")
    try:
        async with asyncio.timeout(within_s):
            line = await process.stdout.readline()
    except TimeoutError:
        raise NotAsTold(f"the crowd did not {what['do']} within {within_s:g} s") from None
    if not line:
        raise NotAsTold(f"the crowd ended instead of doing {what['do']}")
    return json.loads(line)


@contextlib.asynccontextmanager
async def gathering(
    gateway: str, origin: str, visitors: list[Visitor], *, processes: int, root: Path
) -> AsyncIterator[Gathering]:
    """Client processes, each with its share of the visitors, until the block ends."""
    started = []
    try:
        for part in range(processes):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.bench.crowd"),
                cwd=root,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=2**28,
            )
            started.append(process)
            people = [(number, *one) for number, one in enumerate(visitors) if number % processes == part]
            told = {"gateway": gateway, "origin": origin, "people": people, "at_once": AT_ONCE // processes}
            assert process.stdin is not None
            process.stdin.write(json.dumps(told).encode() + b"\n")
            await process.stdin.drain()
        yield Gathering(started)
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.wait()
