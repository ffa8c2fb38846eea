"""Deadlines under a clock that is turned by hand: nobody waits for ever, and everybody is told the truth once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Status
from handoff_service.calls.shown import confirm
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import BOT, Audience, Conversation, Event, Kind, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.conversations.sweep import Sweeper
from handoff_service.database import Database
from handoff_service.desk import aside
from handoff_service.errors import Conflict
from handoff_service.handoffs import assign, release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.request import request_handoff
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.handoff_service.stage import FakeClock, end_shift

# Every statement of these tests still runs on PostgreSQL in those without the mark.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


class Desk:
    """Customers and their conversations, moved by commands and by sweeps."""

    def __init__(self, database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> None:
        self.database, self.settings, self.clock, self.arrive = database, settings, clock, arrive
        self.messages = 0

    @property
    def context(self) -> Context:
        return Context(self.settings, self.clock())

    async def sweep(self, after: float = 0.0) -> None:
        self.clock.advance(after)
        await Sweeper(self.database, self.settings, self.clock).sweep()

    async def asks(self, sender: Any = None, **of_customer: Any) -> Conversation:
        sender = sender or await self.arrive(**of_customer)
        self.messages += 1
        client_id = f"client-{self.messages:03}"
        asked, _ = await self.database.write(
            lambda tx: receive(tx, sender, client_id=client_id, body={"text": "help me"}, context=self.context)
        )
        return asked

    async def hands_off(self, priority: int = 3, **of_customer: Any) -> Conversation:
        asked = await self.asks(**of_customer)

        def work(tx: Any) -> Conversation:
            found = store.find(tx.connection, "demo", asked.id, lock=True)
            return request_handoff(tx, found, Event.ASKED, evidence={}, context=self.context, priority=priority)

        return await self.database.write(work)

    async def accept(self, conversation: Conversation, agent: Agent) -> Conversation:
        return await self.database.write(lambda tx: assign.accept(tx, str(conversation.handoff), agent, self.context))

    async def now(self, conversation: Conversation) -> Conversation:
        return await self.database.read(lambda c: store.find(c, "demo", conversation.id))

    async def told(self, conversation: Conversation) -> list[str]:
        """Every sentence that a state entry or the system told this customer, by event."""
        entries = await self.database.read(lambda c: store.entries_after(c, "demo", conversation.id, 0))
        return [
            str(entry.body.get("event", "notice"))
            for entry in entries
            if entry.body.get("text") and (entry.kind is Kind.STATE or entry.author.kind == "system")
        ]

    async def leaves(self, agent: Agent) -> None:
        await self.database.write(lambda tx: end_shift(tx.connection, agent, self.clock()))


@pytest.fixture
def desk(database: Database, settings: Settings, clock: FakeClock, arrive: Any) -> Desk:
    return Desk(database, settings, clock, arrive)


@on_sqlite
async def test_without_an_answer_in_time_people_are_asked(desk: Desk, hire: Any) -> None:
    await hire("lin")
    asked = await desk.asks()
    await desk.sweep(after=desk.settings.reply_deadline_s - 1)
    assert (await desk.now(asked)).owner.kind is OwnerKind.BOT
    await desk.sweep(after=1)
    found = await desk.now(asked)
    assert found.owner.kind is OwnerKind.QUEUE
    assert await desk.told(asked) == ["reply_timeout"]


async def test_what_the_bot_was_asked_in_vain_too_often_goes_to_people_and_is_not_closed(desk: Desk, hire: Any) -> None:
    """A dead row of the outbox counted as answered, and the customer was told good-bye instead of an answer."""
    await hire("lin")
    asked = await desk.asks()
    await desk.database.write(lambda tx: tx.connection.execute(sa.update(tables.outbox).values(state="dead")))
    await desk.sweep(after=desk.settings.reply_deadline_s)
    assert (await desk.now(asked)).owner.kind is OwnerKind.QUEUE
    assert await desk.told(asked) == ["reply_timeout"]
    found = await desk.now(asked)
    await desk.database.write(lambda tx: release.solved(tx, found, BOT, desk.context))
    states = sa.select(tables.outbox.c.state)
    assert await desk.database.read(lambda c: c.execute(states).scalars().all()) == ["new"], "the bot tries once more"
    await desk.database.write(
        lambda tx: release.close_idle(tx, store.find(tx.connection, "demo", asked.id, lock=True), desk.context)
    )
    assert await desk.database.read(lambda c: c.execute(states).scalars().all()) == ["sent"], "closed is closed"


@on_sqlite
async def test_when_nobody_is_on_duty_the_mailbox_promises_a_time(desk: Desk, rows: Any, tenant: Tenant) -> None:  # noqa: ARG001
    """F-74: no queue that nobody looks at; a ticket with the due time that the customer is told."""
    chinese, english = await desk.hands_off(language="zh"), await desk.hands_off(language="en")
    tickets = {row["conversation"]: row for row in await rows(tables.tickets)}
    for found, due in ((chinese, "11月4日 17:30"), (english, "4 November, 17:30")):
        assert found.owner.kind is OwnerKind.MAILBOX
        assert tickets[found.id]["due_at"] == desk.clock() + timedelta(seconds=desk.settings.message_due_s)
        (state,) = [
            entry
            for entry in await desk.database.read(lambda c, f=found: store.entries_after(c, "demo", f.id, 0))
            if entry.body.get("event") == "asked"
        ]
        assert due in state.body["text"], "09:30 UTC in two days, in the tenant's time zone"


async def test_an_offer_that_is_ignored_runs_out_and_keeps_its_place(desk: Desk, hire: Any) -> None:
    """F-56: the next agent is asked, the late accept is refused."""
    lin = await hire("lin")
    waiting = await desk.hands_off()
    handoff = await desk.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    offered = await desk.database.write(lambda tx: assign.offer(tx, handoff, lin, desk.context))
    assert offered.owner.agent == lin.id
    await desk.database.write(lambda tx: confirm(tx, lin, [(handoff.id, 2)], desk.context))  # his desk has shown it
    await desk.sweep(after=desk.settings.offer_s - 1)
    assert (await desk.now(waiting)).owner.kind is OwnerKind.OFFER
    desk.clock.advance(1)
    with pytest.raises(Conflict, match="run out"):
        await desk.accept(waiting, lin)
    await desk.sweep()
    found = await desk.now(waiting)
    again = await desk.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    assert (found.owner.kind, again.rank, again.declined) == (OwnerKind.QUEUE, handoff.rank, (lin.id,))


async def test_a_lost_agents_conversations_go_to_the_front_and_customers_are_told_once(desk: Desk, hire: Any) -> None:
    """F-53: the customer who already spoke with somebody does not wait behind those who have not."""
    lin, maya = await hire("lin"), await hire("maya")
    first, second = await desk.hands_off(), await desk.hands_off()
    await desk.accept(first, lin)
    await desk.accept(second, lin)
    desk.clock.advance(600)
    urgent = await desk.hands_off(priority=9)
    await desk.leaves(lin)
    await desk.sweep(after=desk.settings.agent_grace_s - 1)
    assert (await desk.now(first)).owner.agent == lin.id, "within the grace time he keeps them"
    for _ in range(3):
        await desk.sweep(after=1)
    order = await desk.database.read(lambda c: [one.conversation for one in handoffs.waiting(c, "demo", "support")])
    assert set(order[:2]) == {first.id, second.id}
    assert order[2] == urgent.id
    for lost in (first, second):
        assert (await desk.told(lost)).count("agent_lost") == 1
    freed = await desk.database.read(lambda c: agents.find(c, "demo", lin.id))
    assert freed.open == 0
    assert (await desk.accept(first, maya)).owner.agent == maya.id


@on_sqlite
async def test_an_agent_who_comes_back_in_time_keeps_everything(desk: Desk, hire: Any) -> None:
    lin = await hire("lin")
    held = await desk.hands_off()
    await desk.accept(held, lin)
    await desk.leaves(lin)
    desk.clock.advance(desk.settings.agent_grace_s - 1)
    until = desk.clock() + timedelta(hours=1)
    await desk.database.write(
        lambda tx: agents.keep_desk(tx.connection, "demo", lin.id, "new", now=desk.clock(), until=until)
    )
    await desk.sweep(after=60)
    assert (await desk.now(held)).owner.agent == lin.id
    assert "agent_lost" not in await desk.told(held)


@on_sqlite
async def test_at_closing_time_who_waits_gets_a_promise(desk: Desk, hire: Any, rows: Any) -> None:
    """F-60: the last agent goes; waiting customers are not left in a queue that nobody serves."""
    lin = await hire("lin")
    waiting = await desk.hands_off()
    await desk.database.write(lambda tx: agents.set_status(tx.connection, "demo", lin.id, Status.OFFLINE))
    await desk.sweep(after=desk.settings.queue_check_s)
    found = await desk.now(waiting)
    assert found.owner.kind is OwnerKind.MAILBOX
    assert await desk.told(waiting) == ["asked", "closing_time"]
    (ticket,) = await rows(tables.tickets)
    assert ticket["conversation"] == waiting.id
    assert found.deadline_at is not None


@on_sqlite
async def test_an_agent_who_is_only_away_keeps_the_queue_open(desk: Desk, hire: Any) -> None:
    await hire("lin", status=Status.AWAY)
    waiting = await desk.hands_off()
    await desk.sweep(after=desk.settings.queue_check_s)
    assert (await desk.now(waiting)).owner.kind is OwnerKind.QUEUE


@on_sqlite
async def test_a_long_wait_is_apologised_for_once(desk: Desk, hire: Any) -> None:
    await hire("lin")
    waiting = await desk.hands_off()
    for _ in range(30):
        await desk.sweep(after=desk.settings.queue_check_s)
        assert (await desk.now(waiting)).deadline_at > desk.clock()
    entries = await desk.database.read(lambda c: store.entries_after(c, "demo", waiting.id, 0))
    notices = [entry.body["text"] for entry in entries if entry.body.get("kind") == "notice"]
    assert [text.split(";")[0] for text in notices] == [
        "Sorry, nobody has been free for you yet. Your request is on record and we will reply by 4 November, 17:33 "
        "(UTC+8) at the latest",  # nobody has looked: the last rung of the ladder
        "Sorry for the wait",
    ]


@on_sqlite
async def test_a_silent_conversation_with_the_bot_is_closed(desk: Desk) -> None:
    asked = await desk.asks()

    def answered(tx: Any) -> None:
        idle = desk.clock() + timedelta(seconds=desk.settings.bot_idle_s)
        tx.connection.execute(sa.update(tables.outbox).values(state="sent"))
        store.update(tx.connection, asked, deadline_at=idle)

    await desk.database.write(answered)
    await desk.sweep(after=desk.settings.bot_idle_s - 1)
    assert (await desk.now(asked)).owner.kind is OwnerKind.BOT
    await desk.sweep(after=1)
    found = await desk.now(asked)
    assert (found.owner.kind, found.deadline_at) == (OwnerKind.CLOSED, None)
    assert await desk.told(asked) == ["idle"]


@on_sqlite
async def test_a_conversation_in_use_is_not_closed_as_idle(desk: Desk, hire: Any) -> None:
    """The idle time counts from the last entry, not from the moment when the agent took over."""
    lin = await hire("lin")
    sender = await desk.arrive()
    asked = await desk.asks(sender)
    held = await desk.database.write(lambda tx: assign.take_over(tx, asked.id, lin, 1, desk.context))
    desk.clock.advance(desk.settings.agent_idle_s - 60)
    await desk.asks(sender)
    await desk.sweep(after=120)
    assert (await desk.now(held)).owner.agent == lin.id
    await desk.database.write(
        lambda tx: reply(
            tx, lin, held.id, client_id="agent-001", body={"text": "still here"}, epoch=held.epoch,
            audience=Audience.PUBLIC, context=desk.context,
        )
    )  # fmt: skip
    await desk.sweep(after=desk.settings.agent_idle_s - 1)
    assert (await desk.now(held)).owner.agent == lin.id
    await desk.sweep(after=1)
    assert (await desk.now(held)).owner.kind is OwnerKind.CLOSED
    assert (await desk.database.read(lambda c: agents.find(c, "demo", lin.id))).open == 0


@on_sqlite
async def test_the_mailbox_waits_for_people_for_ever(desk: Desk, hire: Any) -> None:
    left = await desk.hands_off()
    for _ in range(3):
        await desk.sweep(after=desk.settings.message_due_s + 1)
    found = await desk.now(left)
    assert found.owner.kind is OwnerKind.MAILBOX
    assert found.deadline_at is not None
    lin = await hire("lin")
    assert (await desk.accept(left, lin)).owner.agent == lin.id


async def test_pushing_queues_offer_in_order_one_at_a_time(desk: Desk, hire: Any, tenant: Tenant) -> None:
    queues = tuple(queue.model_copy(update={"mode": "offer"}) for queue in tenant.settings.queues)
    settings = tenant.settings.model_copy(update={"queues": queues})
    pushing = tenant.model_copy(update={"settings": settings})
    await desk.database.write(lambda tx: tenants.save(tx.connection, pushing))
    lin, maya = await hire("lin"), await hire("maya", status=Status.AWAY)
    later, urgent = await desk.hands_off(priority=2), await desk.hands_off(priority=6)
    await desk.sweep()
    assert (await desk.now(urgent)).owner.agent == lin.id, "the first in queue order, to the one who is there"
    assert (await desk.now(later)).owner.kind is OwnerKind.QUEUE, "one offer per agent at a time"
    await desk.database.write(lambda tx: agents.set_status(tx.connection, "demo", maya.id, Status.ONLINE))
    await desk.sweep()
    assert (await desk.now(later)).owner.agent == maya.id
    await desk.sweep(after=desk.settings.offer_s)
    await desk.sweep()
    assert (await desk.now(urgent)).owner.agent == maya.id, "who ignored it is asked again last"


async def test_one_conversation_that_cannot_be_swept_does_not_stop_the_others(desk: Desk, hire: Any) -> None:
    """Its handoff is gone, so every sweep fails on it; the longest overdue must not block the rest for ever."""
    await hire("lin")
    broken = await desk.hands_off()
    desk.clock.advance(1)
    healthy = await desk.asks()
    gone = sa.delete(tables.handoffs).where(tables.handoffs.c.id == broken.handoff)
    await desk.database.write(lambda tx: tx.connection.execute(gone))
    await desk.sweep(after=desk.settings.queue_check_s)
    assert (await desk.now(healthy)).owner.kind is OwnerKind.QUEUE


@on_sqlite
async def test_what_an_agent_gave_back_is_the_bots_again(desk: Desk, hire: Any) -> None:
    lin = await hire("lin")
    held = await desk.hands_off()
    accepted = await desk.accept(held, lin)
    given = await desk.database.write(lambda tx: release.give_back(tx, held.id, lin, accepted.epoch, desk.context))
    await desk.database.write(lambda tx: tx.connection.execute(sa.update(tables.outbox).values(state="sent")))
    assert (given.owner.kind, given.phase) == (OwnerKind.BOT, 2)
    await desk.sweep(after=desk.settings.bot_idle_s)
    assert (await desk.now(held)).owner.kind is OwnerKind.CLOSED


@on_sqlite
async def test_a_promise_that_was_not_kept_is_renewed_and_put_first(desk: Desk, rows: Any, tenant: Tenant) -> None:  # noqa: ARG001
    waiting = await desk.hands_off()
    before = (await rows(tables.handoffs))[0]
    await desk.sweep(desk.settings.message_due_s + 1)
    assert (await desk.told(waiting))[-1] == "notice"
    after = (await rows(tables.handoffs))[0]
    assert after["priority"] == before["priority"] + 2
    assert after["rank"] < before["rank"]
    assert (await desk.now(waiting)).deadline_at > desk.clock()


@on_sqlite
async def test_a_customer_whom_his_agent_forgot_goes_to_another_and_is_not_closed(desk: Desk, hire: Any) -> None:
    lin = await hire("lin")
    sender = await desk.arrive()
    waiting = await desk.hands_off(sender=sender)
    held = await desk.accept(waiting, lin)
    await desk.database.write(
        lambda tx: reply(
            tx, lin, held.id, client_id="agent-001", body={"text": "Which order?"}, epoch=held.epoch,
            audience=Audience.PUBLIC, context=desk.context,
        )
    )  # fmt: skip
    await desk.asks(sender)
    await desk.database.write(
        lambda tx: agents.keep_desk(
            tx.connection, "demo", lin.id, "s_1", now=desk.clock(), until=desk.clock() + timedelta(days=3)
        )
    )
    await desk.sweep(desk.settings.agent_idle_s + 1)
    assert (await desk.now(waiting)).owner.kind is OwnerKind.QUEUE


@on_sqlite
async def test_a_clock_that_was_an_hour_ahead_leaves_nobody_without_an_answer(desk: Desk) -> None:
    right = desk.clock()
    desk.clock.advance(3 * 3600)
    asked = await desk.asks()
    desk.clock.now = right
    await desk.sweep()
    due = (await desk.now(asked)).deadline_at
    assert due == right + timedelta(seconds=desk.settings.reply_deadline_s)
    await desk.sweep()
    assert (await desk.now(asked)).deadline_at == due, "set anew once, not in every sweep"
    await desk.sweep(desk.settings.reply_deadline_s)
    assert (await desk.now(asked)).owner.kind is not OwnerKind.BOT


@on_sqlite
async def test_a_deadline_from_a_clock_that_was_ahead_ends_a_silent_conversation_of_an_agent(
    desk: Desk, hire: Any
) -> None:
    lin = await hire("lin")
    waiting = await desk.hands_off()
    right, idle = desk.clock(), desk.settings.agent_idle_s
    desk.clock.advance(2 * idle)
    held = await desk.accept(waiting, lin)
    await desk.database.write(
        lambda tx: reply(
            tx, lin, held.id, client_id="agent-001", body={"text": "Done."}, epoch=held.epoch,
            audience=Audience.PUBLIC, context=desk.context,
        )
    )  # fmt: skip
    desk.clock.now = right
    await desk.sweep()
    assert (await desk.now(waiting)).deadline_at == right + timedelta(seconds=idle)
    await desk.database.write(
        lambda tx: agents.keep_desk(
            tx.connection, "demo", lin.id, "s_1", now=desk.clock(), until=desk.clock() + timedelta(days=3)
        )
    )
    await desk.sweep(idle + 1)
    assert (await desk.now(waiting)).owner.kind is OwnerKind.CLOSED


@on_sqlite
async def test_finished_bookkeeping_is_forgotten_after_its_time(desk: Desk, rows: Any, hire: Any) -> None:
    await hire("lin")
    asked = await desk.asks()
    await desk.database.write(lambda tx: outbox.finish(tx.connection, "demo", asked.id, "bot", upto_seq=asked.last_seq))
    await desk.sweep(3600)
    assert len(await rows(tables.outbox)) == 1
    await desk.sweep(2 * 86400)
    assert await rows(tables.outbox) == []


async def test_what_is_put_aside_is_not_closed_as_idle_and_comes_back_at_its_time(desk: Desk, hire: Any) -> None:
    lin = await hire("lin")
    held = await desk.accept(await desk.hands_off(), lin)
    await desk.database.write(
        lambda tx: reply(
            tx,
            lin,
            held.id,
            client_id="reply-1",
            body={"text": "I ask."},
            audience=Audience.PUBLIC,
            epoch=held.epoch,
            context=desk.context,
        )
    )
    until = desk.clock() + timedelta(days=3)
    await desk.database.write(
        lambda tx: aside.put_aside(tx, store.find(tx.connection, "demo", held.id, lock=True), until, desk.context)
    )
    before = await desk.now(held)
    while desk.clock() + timedelta(seconds=desk.settings.agent_idle_s) < until:
        await desk.sweep(after=desk.settings.agent_idle_s)
        now = await desk.now(held)
        assert (now.owner, now.last_seq) == (before.owner, before.last_seq)
    await desk.sweep(after=(until - desk.clock()).total_seconds())
    back = await desk.now(held)
    assert (back.owner, back.last_seq) == (before.owner, before.last_seq + 1)
    (note,) = await desk.database.read(lambda c: store.entries_after(c, "demo", held.id, before.last_seq))
    assert (note.audience, note.body["kind"]) == (Audience.INTERNAL, "notice")
    await desk.sweep(after=desk.settings.agent_idle_s)
    assert (await desk.now(held)).owner.kind is OwnerKind.CLOSED


async def test_in_the_mailbox_the_most_urgent_comes_first_then_who_asked_first(desk: Desk) -> None:
    first, later = await desk.hands_off(), await desk.hands_off()
    urgent = await desk.hands_off(priority=9)
    listed = await desk.database.read(lambda c: handoffs.most_urgent(c, "demo", limit=2))
    assert listed == [urgent.handoff, first.handoff]
    assert (await desk.database.read(lambda c: handoffs.most_urgent(c, "demo", limit=9)))[-1] == later.handoff
