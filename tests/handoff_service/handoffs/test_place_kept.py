"""F-63: who leaves the queue while he waits or is offered, and who comes back: his place is kept for ten minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.conversations.receive import Sender
from handoff_service.errors import Conflict
from handoff_service.handoffs import assign
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.model import HIGHEST_PRIORITY, Handoff, keeps_place
from handoff_service.handoffs.packet import build_packet
from handoff_service.handoffs.view import desk
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import MONDAY, waiting_handoff

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
MINUTES = timedelta(minutes=1)


async def handoff(floor: Floor, conversation: Conversation) -> Handoff:
    return await floor.database.read(lambda c: handoffs.find(c, "demo", str(conversation.handoff)))


async def place(floor: Floor, conversation: Conversation) -> int:
    now = await floor.now(conversation)
    return await floor.database.read(lambda c: handoffs.place(c, handoffs.find(c, "demo", str(now.handoff))))


async def three(floor: Floor) -> list[tuple[Sender, Conversation]]:
    """Three who wait, who came a minute after one another."""
    waiting = []
    for _ in range(3):
        waiting.append(await floor.waits())
        floor.clock.advance(60)
    return waiting


@pytest.mark.parametrize(("verb", "gone_s"), [("leave-queue", 1), ("leave-queue", 600), ("solved", 300)])
async def test_who_comes_back_in_time_stands_where_he_stood(floor: Floor, hire: Any, verb: str, gone_s: int) -> None:
    await hire("lin")
    (ann, first), (_, second), (_, third) = await three(floor)
    told = await handoff(floor, first)
    await floor.choose(ann, first, verb)
    assert [await place(floor, one) for one in (second, third)] == [1, 2], "nobody stands behind who is not there"
    floor.clock.advance(gone_s)
    await floor.choose(ann, first, "ask-human")
    assert [await place(floor, one) for one in (first, second, third)] == [1, 2, 3]
    again = await handoff(floor, await floor.now(first))
    assert (again.rank, again.since) == (told.rank, told.requested_at)
    assert (again.id == told.id, again.requested_at, again.queued_at) == (False, floor.clock(), floor.clock())


@SQLITE
async def test_a_second_later_he_stands_at_the_end(floor: Floor, hire: Any) -> None:
    await hire("lin")
    (ann, first), *others = await three(floor)
    await floor.choose(ann, first, "leave-queue")
    floor.clock.advance(601)
    await floor.choose(ann, first, "ask-human")
    assert await place(floor, first) == 1 + len(others)


@SQLITE
async def test_leaving_again_and_again_gains_nothing_and_loses_nothing(floor: Floor, hire: Any) -> None:
    await hire("lin")
    (ann, first), (_, second), _ = await three(floor)
    before = (await handoff(floor, first)).rank
    for _ in range(2):
        await floor.choose(ann, first, "leave-queue")
        floor.clock.advance(500)
        await floor.choose(ann, first, "ask-human")
    assert (await handoff(floor, await floor.now(first))).rank == before
    assert await place(floor, second) == 2


@SQLITE
async def test_where_no_page_shows_it_he_reads_the_place_that_was_kept(floor: Floor, hire: Any) -> None:
    await hire("lin")
    (ann, first), *_ = await three(floor)
    await floor.do(lambda tx: tx.connection.execute(sa.update(tables.conversations).values(channel="wechat")))
    ann = replace(ann, channel="wechat")
    await floor.choose(ann, first, "leave-queue")
    assert "your place is kept" in await floor.last_text(first)
    await floor.choose(ann, first, "ask-human")
    assert "number 1" in (await floor.last_text(first)).lower()


@SQLITE
async def test_the_kept_place_goes_with_him_when_he_is_put_before_others(floor: Floor, hire: Any) -> None:
    await hire("lin")
    (ann, first), *_ = await three(floor)
    await floor.choose(ann, first, "leave-queue")
    floor.clock.advance(300)
    await floor.choose(ann, first, "ask-human")
    await floor.choose(ann, first, "ask-senior")
    raised = await handoff(floor, await floor.now(first))
    assert raised.queue == "senior"
    assert raised.rank == int((MONDAY - raised.priority * 5 * MINUTES).timestamp() * 1_000_000)


async def test_while_it_is_offered_the_offer_is_withdrawn_and_the_agent_sees_it(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    (ann, first), *_ = await three(floor)
    waits = await handoff(floor, first)
    offered = await floor.do(lambda tx: assign.offer(tx, waits, lin, floor.context))
    assert offered.owner.kind is OwnerKind.OFFER

    async def offers() -> list[str]:
        seen = await floor.database.read(lambda c: desk(c, lin, floor.context))
        listed = [seen[part] for part in ("offers", "waiting", "mine", "mailbox", "others")]
        assert all(card["conversation"] != first.id for part in listed[1:] for card in part)
        return [card["conversation"] for card in listed[0]]

    assert await offers() == [first.id]
    await floor.choose(ann, first, "leave-queue")
    assert await offers() == []
    with pytest.raises(Conflict):
        await floor.accept(first, lin)
    floor.clock.advance(60)
    await floor.choose(ann, first, "ask-human")
    assert await place(floor, first) == 1


@SQLITE
async def test_the_agent_reads_nothing_of_it_as_a_reason(floor: Floor, hire: Any) -> None:
    await hire("lin")
    (ann, first), *_ = await three(floor)
    await floor.choose(ann, first, "leave-queue")
    await floor.choose(ann, first, "ask-human")
    packet = build_packet(await handoff(floor, await floor.now(first)), await floor.entries(first))
    assert [line["label"] for line in packet["evidence"]] == ["rule"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"wrap_up": "given_back"}, False),
        ({"wrap_up": "elsewhere"}, False),
        ({"accepted_at": MONDAY, "accepted_by": "a_lin"}, False),
        ({"queued_at": None}, False),
        ({"queue": "senior"}, False),
        ({"closed_at": None}, False),
        ({"closed_at": MONDAY - 10 * MINUTES}, True),
        ({"closed_at": MONDAY - 11 * MINUTES}, False),
        ({"priority": HIGHEST_PRIORITY}, True),
    ],
)
def test_only_who_left_the_same_queue_by_himself_has_a_place_there(change: dict[str, Any], kept: bool) -> None:
    left = replace(waiting_handoff(1, at=MONDAY - 20 * MINUTES), closed_at=MONDAY, wrap_up="left")
    assert keeps_place(replace(left, **change), "support", MONDAY) is kept
