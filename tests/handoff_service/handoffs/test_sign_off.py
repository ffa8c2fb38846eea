"""Going home with open conversations: nobody is left behind, and all of them share one fate or nothing happens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Status
from handoff_service.conversations import store, sweep
from handoff_service.conversations.model import OwnerKind
from handoff_service.errors import CapacityFull, Invalid, NotFound, OpenConversations
from handoff_service.handoffs import assign
from handoff_service.handoffs import sign_off as going
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.sign_off import Fate, sign_off
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import end_shift

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def leaves(floor: Floor, agent: Agent, **wish: Any) -> dict[str, Any]:
    return await floor.do(lambda tx: sign_off(tx, agent, floor.context, **wish))


async def agent_now(floor: Floor, agent: Agent) -> Agent:
    return await floor.database.read(lambda c: agents.find(c, "demo", agent.id))


async def test_who_has_open_conversations_is_asked_what_becomes_of_them(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    assert await leaves(floor, lin) == {"status": "offline", "moved": 0, "back_at": None}
    _, first = await floor.served(lin)
    _, second = await floor.served(lin)
    with pytest.raises(OpenConversations) as refused:
        await leaves(floor, lin)
    assert set(refused.value.extra["conversations"]) == {first.id, second.id}
    assert refused.value.extra["choices"] == ["requeue", "transfer", "keep"]


async def test_requeued_ones_are_at_the_front(floor: Floor, hire: Any) -> None:
    lin, _ = await hire("lin"), await hire("maya")
    _, held = await floor.served(lin)
    _, waiting = await floor.waits()
    assert (await leaves(floor, lin, fate=Fate.REQUEUE, reason="end of shift"))["moved"] == 1
    order = await floor.database.read(lambda c: [one.conversation for one in handoffs.waiting(c, "demo", "support")])
    assert order == [held.id, waiting.id]
    assert "another colleague" in await floor.last_text(held)
    now = await agent_now(floor, lin)
    assert (now.status, now.open, now.reason) == (Status.OFFLINE, 0, "end of shift")


async def test_his_conversations_are_locked_before_his_own_row(
    floor: Floor, hire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As everybody else does who takes one: the other way round two of them would wait for each other."""
    lin = await hire("lin")
    for _ in range(2):
        await floor.served(lin)
    _, asked = await floor.waits()
    offered = await floor.do(
        lambda tx: assign.offer(tx, handoffs.find(tx.connection, "demo", str(asked.handoff)), lin, floor.context)
    )
    done: list[str] = []
    find, requeue = store.find, assign.requeue
    monkeypatch.setattr(store, "find", lambda *of, **how: done.append(of[2]) or find(*of, **how))
    monkeypatch.setattr(going, "requeue", lambda *of, **how: done.append("requeue") or requeue(*of, **how))
    await leaves(floor, lin, fate=Fate.REQUEUE)
    assert offered.id in done[: done.index("requeue")]
    assert len(set(done[: done.index("requeue")])) == 3


async def test_a_colleague_without_room_for_all_gets_none(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya", capacity=1)
    held = [(await floor.served(lin))[1] for _ in range(2)]
    for wish, error in [
        ({"fate": Fate.TRANSFER, "to_agent": maya.id}, CapacityFull),
        ({"fate": Fate.TRANSFER}, Invalid),
        ({"fate": Fate.TRANSFER, "to_agent": "a_nobody"}, NotFound),
        ({"fate": Fate.TRANSFER, "to_agent": lin.id}, Invalid),
        ({"fate": Fate.REQUEUE, "to_agent": maya.id}, Invalid),
        ({"fate": Fate.REQUEUE, "back_at": floor.clock() + timedelta(hours=1)}, Invalid),
        ({"fate": Fate.KEEP}, Invalid),
        ({"fate": Fate.KEEP, "back_at": floor.clock()}, Invalid),
        ({"fate": Fate.KEEP, "back_at": floor.clock() + timedelta(hours=17)}, Invalid),
    ]:
        with pytest.raises(error):
            await leaves(floor, lin, **wish)
        assert [await floor.now(one) for one in held] == held
        assert (await agent_now(floor, lin)).status is Status.ONLINE


async def test_a_colleague_takes_them_all(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    held = [(await floor.served(lin))[1] for _ in range(2)]
    await leaves(floor, lin, fate=Fate.TRANSFER, to_agent=maya.id)
    assert {(await floor.now(one)).owner.agent for one in held} == {maya.id}
    assert (await agent_now(floor, maya)).open == 2


@pytest.mark.parametrize(("language", "words"), [("en", "on 2 November, 18:30"), ("zh", "11月2日 18:30 回来")])
async def test_kept_ones_wait_until_he_is_back_and_not_longer(
    floor: Floor, hire: Any, language: str, words: str
) -> None:
    lin, _ = await hire("lin"), await hire("maya")
    _, held = await floor.served(lin, language=language)
    back_at = floor.clock() + timedelta(hours=1)
    await leaves(floor, lin, fate=Fate.KEEP, back_at=back_at)
    assert words in await floor.last_text(held)
    await floor.do(lambda tx: end_shift(tx.connection, lin, floor.clock()))

    async def lost() -> list[Any]:
        return await floor.database.read(lambda c: sweep.held_by_lost(c, floor.context))

    floor.clock.advance(3600 + floor.settings.agent_grace_s - 1)
    assert await lost() == []
    floor.clock.advance(1)
    assert await lost() == [("demo", held.id)]


async def test_what_was_offered_to_him_goes_to_somebody_else_at_once(floor: Floor, hire: Any) -> None:
    lin, _ = await hire("lin"), await hire("maya")
    _, waiting = await floor.waits("senior")
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    await floor.do(lambda tx: assign.offer(tx, handoff, lin, floor.context))
    await leaves(floor, lin)
    assert (await floor.now(waiting)).owner.kind is OwnerKind.QUEUE


async def test_busy_is_away_for_routing_and_for_the_release_before(floor: Floor, hire: Any, rows: Any) -> None:
    lin = await hire("lin")
    await floor.do(lambda tx: agents.set_status(tx.connection, "demo", lin.id, Status.BUSY, reason="on the phone"))
    now = await agent_now(floor, lin)
    assert (now.status, now.reason) == (Status.BUSY, "on the phone")
    assert [row["status"] for row in await rows(tables.agents)] == ["away"]
    await floor.do(lambda tx: tx.connection.execute(sa.update(tables.agents).values(status="online")))
    assert (await agent_now(floor, lin)).status is Status.ONLINE, "the release before has made him online"


async def test_a_disabled_account_has_no_desk_and_loses_everything(floor: Floor, hire: Any) -> None:
    """F-65: at the next look of the sweeper, however alive his socket is."""
    lin, _ = await hire("lin"), await hire("maya")
    _, held = await floor.served(lin)
    _, waiting = await floor.waits("senior")
    handoff = await floor.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    await floor.do(lambda tx: assign.offer(tx, handoff, lin, floor.context))
    disable = sa.update(tables.agents).where(tables.agents.c.id == lin.id).values(disabled=True)
    await floor.do(lambda tx: tx.connection.execute(disable))
    assert lin.id not in await floor.database.read(lambda c: agents.connected(c, "demo", floor.clock()))
    assert await floor.database.read(lambda c: sweep.held_by_lost(c, floor.context)) == [("demo", held.id)]
    assert await floor.database.read(lambda c: sweep.offered_to_lost(c, floor.clock())) == [("demo", waiting.id)]
