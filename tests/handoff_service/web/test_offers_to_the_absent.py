"""F-63: who is offered while his page is closed: the agent sees that it does not answer, and the place is kept."""

from __future__ import annotations

from typing import Any

from handoff_service.agents.model import Status
from handoff_service.conversations import cursors
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import configure, queue
from tests.handoff_service.web.visitors import Socket, accepted


async def offered(desk: Socket, *, since: int = 0, has: int | None = None) -> dict[str, Any]:
    """The card of the offer, on the first picture of the desk that has it (with so much received)."""

    def shows(frame: dict[str, Any]) -> bool:
        cards = frame.get("offers", []) if frame["t"] == "desk" else []
        return bool(cards) and has in (None, cards[0]["customer_has"])

    return dict((await desk.until(shows, since=since))["offers"][0])


@on_both
async def test_an_agent_sees_whether_a_page_of_whom_he_is_offered_answers(house: Any) -> None:
    await configure(house, queues=[queue("offer", accept_s=300)])
    lin = await house.agent("lin")
    desk = await lin.socket()
    accepted(await lin.post("/v1/agents/me/presence", {"status": str(Status.AWAY)}))
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    page = await customer.socket((customer.conversation, 0))
    await customer.ask_human()
    queued = max(entry["seq"] for entry in await customer.timeline())
    await page.reach(customer.conversation, queued)
    await page.say(t="ack", conv=customer.conversation, seq=queued)
    await page.pong()
    await page.leave()

    accepted(await lin.post("/v1/agents/me/presence", {"status": str(Status.ONLINE)}))
    card = await offered(desk)
    assert (card["customer_has"], card["last_seq"]) == (queued, queued + 1), "what closed pages do not get"

    seen = len(desk.frames)
    back = await customer.socket((customer.conversation, queued))
    await back.reach(customer.conversation, queued + 1)
    await back.say(t="ack", conv=customer.conversation, seq=queued + 1)
    card = await offered(desk, since=seen, has=queued + 1)
    assert card["offer"]["agent"] == lin.id, "nothing was taken from him meanwhile"


async def test_only_what_is_news_rings_at_the_desks(house: Any) -> None:
    """Whoever says the same again and again makes no desk draw itself again."""
    customer = await house.customer()
    await customer.write("hello")
    who = (house.tenant.id, ("customer", customer.contact), "d_phone", customer.conversation)

    async def more(acked: int, read: int = 0) -> bool:
        return await house.database.write(lambda tx: cursors.save_cursor(tx.connection, *who, acked=acked, read=read))

    assert [await more(1), await more(1), await more(1, 1), await more(2), await more(1)] == [
        True,
        False,
        False,
        True,
        False,
    ]
