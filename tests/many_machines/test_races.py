"""F-51, F-55: agents on two replicas who reach for the same conversation, or for one more than they may hold."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import Any

import pytest

from handoff_service.agents import store
from handoff_service.clock import utc_now
from tests.handoff_service.web.visitors import Desk, fresh, refused
from tests.many_machines.replicas import Town

AGENTS = 50
ROUNDS = 100 if os.environ.get("TANDEM_EVERY_FAILPOINT_PAIR") else 4  # `make soak` plays the hundred


@pytest.fixture
def pair(request: pytest.FixtureRequest) -> object:
    """The wire between the bells does not matter here."""
    return request.getfixturevalue("notify_pair")


async def test_fifty_agents_claim_the_same_conversation_on_two_replicas(here: Town) -> None:
    """Exactly one wins each round, and every other is told his name."""
    # Seen just now: what somebody holds who was never there would be taken from him again at once.
    crowd = [
        await here.agent(f"agent{number}", number % 2, capacity=ROUNDS, seen_at=utc_now()) for number in range(AGENTS)
    ]
    await crowd[0].socket()  # somebody is there, or the customers would leave a message instead of waiting
    names = {desk.id: f"Agent{number}" for number, desk in enumerate(crowd)}
    wins: Counter[str] = Counter()
    for number in range(ROUNDS):
        _, handoff = await here.waiting(number % 2)
        barrier = asyncio.Barrier(AGENTS)

        async def claim(desk: Desk, handoff: str = handoff, barrier: asyncio.Barrier = barrier) -> object:
            await barrier.wait()
            return await desk.accept(handoff)

        answers = await asyncio.gather(*(claim(desk) for desk in crowd))
        won = [desk for desk, answer in zip(crowd, answers, strict=True) if answer.status_code == 200]
        assert len(won) == 1, Counter(answer.text for answer in answers)
        for answer in answers:
            if answer.status_code != 200:
                holder = refused(answer, 409, "already_taken")["holder"]
                assert holder == {"id": won[0].id, "name": names[won[0].id]}
        wins[won[0].id] += 1
    held = await here.database.read(lambda connection: _open(connection, here.tenant.id))
    assert {agent: count for agent, count in held.items() if count} == dict(wins)


def _open(connection: Any, tenant: str) -> dict[str, int]:
    return {agent.id: agent.open for agent in store.everyone(connection, tenant)}


async def test_nobody_gets_more_than_he_can_hold_from_two_replicas(here: Town) -> None:
    """Capacity 3, twelve waiting, all reached for at once in two browsers; the counter equals a recount."""
    lin = await here.agent("lin", 0, capacity=3)
    await lin.socket()
    twin = await here.signed_in("lin", lin.id, lin.email, 1)
    waiting = [(await here.waiting(number % 2))[1] for number in range(12)]
    browsers = [lin, twin]
    answers = await asyncio.gather(*(browsers[n % 2].accept(handoff) for n, handoff in enumerate(waiting)))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 409: 9}
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} == {"capacity_full"}
    assert (await here.database.read(lambda connection: _open(connection, here.tenant.id)))[lin.id] == 3


async def test_a_repeated_claim_on_the_other_replica_gets_the_recorded_answer(here: Town) -> None:
    lin = await here.agent("lin", 0)
    await lin.socket()
    twin = await here.signed_in("lin", lin.id, lin.email, 1)
    _, handoff = await here.waiting(0)
    operation = {"op_id": fresh()}
    told = [await desk.post(f"/v1/handoffs/{handoff}/accept", operation) for desk in (lin, twin, lin)]
    assert [answer.status_code for answer in told] == [200] * 3
    assert len({answer.text for answer in told}) == 1
