"""F-41: PostgreSQL is restarted, and then killed, under load; every message is there once and is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from handoff_service.conversations.model import AuthorKind
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.visitors import Customer, fresh
from tests.many_machines.conftest import fresh_database
from tests.many_machines.replicas import WITHIN_S, Replica, Town, environment, eventually, gapless, running, town
from tests.many_machines.servers import Postgres

CUSTOMERS = 6


@pytest.fixture(scope="module")
def restartable(place: Path) -> Iterator[Postgres]:
    """A durable one of this module alone."""
    sockets = place / "r"
    sockets.mkdir()
    with Postgres(place / "restartable", sockets) as server:
        yield server


@pytest.fixture(scope="module")
def replicas(place: Path, restartable: Postgres, shared_bot: FarBot) -> Iterator[list[Replica]]:
    with running(place / "restarts", 2, environment(fresh_database(restartable), shared_bot)) as pair:
        yield pair


async def keep_writing(here: Town, customer: Customer, number: int, stop: asyncio.Event) -> list[tuple[str, int, str]]:
    """Sends numbered messages to both replicas in turn, each again with the same id until it is acknowledged."""
    twin = await here.moved(customer, to=1 - number % 2)
    acknowledged, count = [], 0
    while not stop.is_set():
        text, client_id = f"{number}.{count}", fresh("msg")

        async def stored(text: str = text, client_id: str = client_id) -> dict | None:
            for one in (customer, twin):
                try:
                    answer = await one.post(
                        "/v1/conversations/current/messages", {"client_id": client_id, "body": {"text": text}}
                    )
                except httpx2.HTTPError:
                    continue
                if answer.status_code == 200:
                    return dict(answer.json())
                said = "".join(replica.output[-4000:] for replica in here.replicas)
                assert answer.status_code == 503, f"{answer.status_code}: {answer.text} {said}"
            return None

        sent = await eventually(stored, f"{text} is stored", within=60, pause=0.2)
        acknowledged.append((text, sent["seq"], sent["mid"]))
        count += 1
        await asyncio.sleep(0.05)
    return acknowledged


async def test_restarts_lose_and_double_nothing(replicas: list[Replica], restartable: Postgres) -> None:
    async with town(replicas) as here:
        customers = [await here.customer(number % 2) for number in range(CUSTOMERS)]
        for customer in customers:
            await customer.write("hello")
            await customer.answered(within=WITHIN_S)
        stop = asyncio.Event()
        writing = [asyncio.create_task(keep_writing(here, one, n, stop)) for n, one in enumerate(customers)]
        for end in (restartable.stop, restartable.kill):
            await asyncio.sleep(1.5)
            await asyncio.to_thread(end)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(restartable.start)
        await asyncio.sleep(2)
        stop.set()
        acknowledged = await asyncio.gather(*writing)
        for customer, told in zip(customers, acknowledged, strict=True):
            assert len(told) > 3
            log = await here.entries(customer.conversation)
            gapless(log)
            said = [(str(e.body["text"]), e.seq, e.mid) for e in log if e.author.kind is AuthorKind.CUSTOMER]
            assert said[1:] == told, "what was acknowledged is there once, in order, under its number"

            async def answered(customer: Customer = customer, last: str = told[-1][0]) -> bool:
                entries = await here.entries(customer.conversation)
                return any(last in str(e.body.get("text")) for e in entries if e.author.kind is AuthorKind.BOT)

            await eventually(answered, "the last message is answered", within=60)
        assert [await one.readiness() for one in replicas] == [200, 200]
