"""Fault: "FIFO across capacity release; no overtaking; no orphan"."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.handoff_service.web.torture.rules import configure, events, head_of, holds, queue
from tests.handoff_service.web.visitors import accepted, fresh

WAITING = 20
MILLISECONDS = len("m_") + 10  # of an id, which begins with the time at which it was made


async def line_up(house):
    """Twenty customers who ask one after another."""
    customers = list(await asyncio.gather(*(house.customer() for _ in range(WAITING))))
    await asyncio.gather(*(one.write("hello") for one in customers))
    await asyncio.gather(*(one.answered(within=20) for one in customers))
    for one in customers:
        assert (await one.ask_human())["owner"] == "queue"
    return customers


class Worker:
    """An agent who takes what his desk shows (an offer, or the first that waits) and closes what he has, at random."""

    def __init__(self, desk, socket, seed, taken, closed):
        self.desk, self.socket, self.random = desk, socket, random.Random(seed)
        self.taken, self.closed = taken, closed
        self.refusals = set()

    async def work(self):
        while len(self.closed) < WAITING:  # not "the picture is empty": it may be older than the last place taken
            picture = self.picture()
            for card in picture["offers"] or picture["waiting"][:1]:
                answer = await self.desk.accept(card["handoff"]["id"])
                if answer.status_code == 200:
                    # The picture may be a moment old: accepting what one has is accepting it once.
                    assert self.taken.setdefault(card["conversation"], self.desk.id) == self.desk.id
                else:
                    self.refusals.add(answer.json()["error"]["code"])
            if picture["mine"] and self.random.random() < 0.7:
                card = self.random.choice(picture["mine"])
                body = {"op_id": fresh(), "epoch": card["epoch"], "wrap_up": "solved"}
                answer = await self.desk.post(f"/v1/conversations/{card['conversation']}/close", body)
                assert answer.status_code in (200, 409), answer.text  # 409: the picture was old
                if answer.status_code == 200:
                    self.closed.add(card["conversation"])
            await asyncio.sleep(0.05)

    def picture(self):
        return next(frame for frame in reversed(self.socket.frames) if frame["t"] == "desk")


@pytest.mark.parametrize("mode", ["offer", "claim"])
async def test_twenty_wait_and_places_come_free_in_any_order(own_house, mode):
    """Three agents with two places each; nobody is overtaken, nobody is served twice, nobody is left."""
    house = await own_house()
    await configure(house, queues=[queue(mode)])
    desks = [await house.agent(name, capacity=2) for name in ("lin", "maya", "chen")]
    taken, closed = {}, set()
    workers = []
    for seed, desk in enumerate(desks):
        socket = await desk.socket()
        accepted(await desk.post("/v1/agents/me/presence", {"status": "away"}))  # on duty, but nothing is offered yet
        await socket.until(lambda frame: frame["t"] == "desk")
        workers.append(Worker(desk, socket, seed, taken, closed))
    customers = await line_up(house)
    for desk in desks:
        accepted(await desk.post("/v1/agents/me/presence", {"status": "online"}))
    async with asyncio.timeout(40):
        await asyncio.gather(*(worker.work() for worker in workers))

    order = [one.conversation for one in customers]
    assert sorted(taken) == sorted(order), "each was taken by one, and none was left"
    given = []
    for one in customers:
        entries = await holds(house, one.conversation)
        assert events(entries)[-1] == "close"
        assert (await head_of(house, one.conversation)).owner.kind == "closed"
        first = next(entry for entry in entries if entry.kind == "state" and entry.body["event"] in ("offer", "claim"))
        given.append(first.mid[:MILLISECONDS])
    # Not by `at`: a moment is taken before its write. The id is made inside the transaction, and whoever gives the
    # next place has seen this one committed.
    assert given == sorted(given), f"served in the order {[order.index(one) for one in taken]}"
    seen = set().union(*(worker.refusals for worker in workers))
    assert seen <= {"already_taken", "capacity_full", "conflict"}, seen


async def test_whoever_is_lost_between_two_queues_is_still_somewhere(own_house):
    """Transfers to the other queue, take-backs and customers who leave, all while places are scarce."""
    house = await own_house()
    lin = await house.agent("lin", capacity=1)
    maya = await house.agent("maya", capacity=1)
    sockets = [await lin.socket(), await maya.socket()]
    waiting = [await house.waiting() for _ in range(4)]
    epoch = accepted(await lin.accept(waiting[0][1]))["epoch"]
    full = await lin.accept(waiting[1][1])
    assert full.json()["error"]["code"] == "capacity_full"
    place = waiting[0][0].conversation
    moved, claimed, left = await asyncio.gather(
        lin.do(place, "transfer", epoch=epoch, to_queue="senior"),
        lin.accept(waiting[1][1]),
        waiting[2][0].post(waiting[2][0].path("solved"), {"op_id": fresh()}),
    )
    accepted(moved)
    accepted(left)
    if claimed.status_code == 409:  # it was too early: his place came free afterwards
        accepted(await lin.accept(waiting[1][1]))
    owners = {one.conversation: (await head_of(house, one.conversation)).owner for one, _ in waiting}
    kinds = [owners[one.conversation].kind for one, _ in waiting]
    assert kinds[1:] == ["agent", "bot", "queue"]
    assert kinds[0] in ("queue", "offer")
    assert owners[place].queue == "senior"
    offered = await sockets[1].until(lambda f: f["t"] == "desk" and f["offers"])
    assert offered["offers"][0]["conversation"] == place, "the queue that pushes finds the agent with a free place"
    for one, _ in waiting:
        await holds(house, one.conversation)
