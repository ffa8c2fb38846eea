"""A promise has one home, its ticket: one time is told, at that time it is chased, and never after it is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.conversations.model import Audience, Conversation, Event, OwnerKind
from handoff_service.conversations.reply import reply
from handoff_service.conversations.sweep import Sweeper
from handoff_service.desk.wall import wall
from handoff_service.handoffs import release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.assign import as_author
from handoff_service.handoffs.request import promise
from handoff_service.mentions import store as mentions
from handoff_service.promises import store as promises
from handoff_service.tenants import store as tenants
from handoff_service.tickets import follow_up
from handoff_service.tickets.work import locked
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import end_shift

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
HOUR = 3600.0


class Watch:
    """Sweeps, and counts what was chased: apologies to the customer, notes to agents, tickets that rose."""

    def __init__(self, floor: Floor, rows: Any) -> None:
        self.floor, self.rows = floor, rows

    async def says(self, agent: Any, held: Conversation, text: str) -> None:
        what = {"client_id": f"{text[:8]}-{held.epoch:04}", "body": {"text": text}, "epoch": held.epoch}
        told = {"audience": Audience.PUBLIC, "context": self.floor.context}
        await self.floor.do(lambda tx: reply(tx, agent, held.id, **what, **told))

    async def sweep(self, seconds: float) -> None:
        """Some hours, an hour at a time and then the rest."""
        end = self.floor.clock() + timedelta(seconds=seconds)
        while self.floor.clock() < end:
            self.floor.clock.advance(min(HOUR, (end - self.floor.clock()).total_seconds()))
            await Sweeper(self.floor.database, self.floor.settings, self.floor.clock).sweep()

    async def chased(self, held: Conversation) -> dict[str, int]:
        entries = await self.floor.entries(held)
        tickets = [row for row in await self.rows(tables.tickets) if row["conversation"] == held.id]
        return {
            "apologies": sum("did not reply in time" in str(one.body.get("text")) for one in entries),
            "notes": sum(one.body.get("kind") == "promise" for one in entries),
            "risen": sum(row["overdue_at"] is not None for row in tickets),
            "owed": sum(row["state"] == "open" for row in tickets),
        }


@pytest.fixture
def watch(floor: Floor, rows: Any) -> Watch:
    return Watch(floor, rows)


NOTHING = {"apologies": 0, "notes": 0, "risen": 0, "owed": 0}


async def test_an_answer_keeps_what_the_ticket_promised(floor: Floor, watch: Watch, hire: Any) -> None:
    """Nobody was there, so an answer was promised; it is given in time, and nobody hears of the promise again."""
    _, waiting = await floor.waits()
    assert (await watch.chased(waiting))["owed"] == 1
    lin = await hire("lin")
    held = await floor.accept(waiting, lin)
    assert (await watch.chased(held))["owed"] == 1, "taking it is no answer"
    await watch.says(lin, held, "Here is your answer.")
    assert await watch.chased(held) == NOTHING
    await watch.sweep(floor.settings.message_due_s + HOUR)
    assert await watch.chased(held) == NOTHING


async def test_the_mailbox_looks_when_the_customer_was_told_not_when_it_would_look_else(
    floor: Floor, watch: Watch, hire: Any
) -> None:
    """The ladder promised an answer while he waited; hours later the shop closes, and the first promise holds."""
    lin = await hire("lin")
    _, waiting = await floor.waits()
    tenant = await floor.database.read(lambda c: tenants.find(c, "demo"))
    told: list[datetime] = []

    def nobody_took_it(tx: Any) -> None:
        promise(tx, waiting, tenant, floor.context, queue="support")
        told.append(floor.clock() + timedelta(seconds=floor.settings.message_due_s))

    await floor.do(nobody_took_it)
    await floor.do(lambda tx: end_shift(tx.connection, lin, floor.clock()))
    floor.clock.advance(5 * HOUR)
    left = await floor.do(lambda tx: release.nobody_left(tx, waiting, floor.context))
    assert left is not None
    assert (left.owner.kind, left.deadline_at) == (OwnerKind.MAILBOX, told[0])
    await watch.sweep((told[0] - floor.clock()).total_seconds())
    assert (await watch.chased(left))["apologies"] == 1, "at the told time"
    await watch.sweep(HOUR)
    assert (await watch.chased(left))["apologies"] == 1, "and once"


async def test_words_of_an_agent_and_the_ticket_are_kept_by_one_answer(floor: Floor, watch: Watch, hire: Any) -> None:
    _, waiting = await floor.waits()
    lin = await hire("lin")
    held = await floor.accept(waiting, lin)
    await watch.says(lin, held, "I'll get back to you within 3 hours.")
    assert (await watch.chased(held))["owed"] == 0, "he was answered; from now on the agent's words are what is owed"
    (owed,) = await floor.database.read(lambda c: promises.promises_of(c, "demo", held.id, only_open=True))
    floor.clock.advance(HOUR)
    await watch.says(lin, held, "It is solved.")
    assert await floor.database.read(lambda c: promises.promises_of(c, "demo", held.id, only_open=True)) == []
    floor.clock.advance((owed.due_at - floor.clock()).total_seconds())
    await Sweeper(floor.database, floor.settings, floor.clock).sweep()
    assert await watch.chased(held) == NOTHING


@pytest.mark.parametrize("way", ["back to the bot", "solved", "left the queue"])
async def test_what_nobody_waits_for_is_not_owed(floor: Floor, watch: Watch, hire: Any, way: str) -> None:
    lin = await hire("lin")
    sender, waiting = await floor.waits()
    tenant = await floor.database.read(lambda c: tenants.find(c, "demo"))
    await floor.do(lambda tx: promise(tx, waiting, tenant, floor.context, queue="support"))
    if way == "back to the bot":
        held = await floor.accept(waiting, lin)
        await floor.do(lambda tx: release.give_back(tx, held.id, lin, held.epoch, floor.context))
    elif way == "solved":
        await floor.do(lambda tx: release.solved(tx, waiting, sender.author, floor.context))
    else:
        await floor.choose(sender, waiting, "leave-queue")
    assert (await watch.chased(waiting))["owed"] == 0


async def test_what_the_senior_team_promised_no_other_answer_keeps(floor: Floor, watch: Watch, hire: Any) -> None:
    """Nor is it forgotten with the bot: at its time the ticket rises, once."""
    lin = await hire("lin", queues=("support",))
    sender, held = await floor.served(lin)
    await floor.choose(sender, held, "ask-senior")
    await watch.says(lin, held, "I have asked.")
    assert (await watch.chased(held))["owed"] == 1
    await floor.do(lambda tx: release.give_back(tx, held.id, lin, held.epoch, floor.context))
    assert (await watch.chased(held))["owed"] == 1
    floor.clock.advance(floor.settings.escalate_due_s)
    for _ in range(2):
        await Sweeper(floor.database, floor.settings, floor.clock).sweep()
    assert await watch.chased(held) | {"owed": 0} == NOTHING | {"risen": 1}


async def test_a_check_that_is_planned_for_a_promise_is_not_forgotten_at_its_due_time(
    floor: Floor, watch: Watch, hire: Any, rows: Any
) -> None:
    lin = await hire("lin", queues=("support",))
    sender, held = await floor.served(lin)
    await floor.choose(sender, held, "ask-senior")
    await watch.says(lin, held, "I have asked.")
    await floor.do(lambda tx: release.give_back(tx, held.id, lin, held.epoch, floor.context))
    (promised,) = await rows(tables.tickets)
    planned = {"at": promised["due_at"] + timedelta(hours=1), "kind": "task", "text": "ask the seniors"}
    await floor.do(lambda tx: follow_up.plan(tx, lin, locked(tx, lin, promised["id"]), floor.context, **planned))
    looks = []
    for seconds in (floor.settings.escalate_due_s, HOUR):
        floor.clock.advance(seconds)
        await Sweeper(floor.database, floor.settings, floor.clock).sweep()
        (ticket,) = await rows(tables.tickets)
        looks.append((ticket["overdue_at"] is not None, ticket["check_at"] is None))
    assert looks == [(True, False), (True, True)]


async def test_the_senior_colleague_keeps_it(floor: Floor, watch: Watch, hire: Any) -> None:
    lin = await hire("lin", queues=("support",))
    sender, held = await floor.served(lin)
    await floor.choose(sender, held, "ask-senior")
    chen = await hire("chen", queues=("senior",))
    await floor.do(lambda tx: release.transfer(tx, held.id, lin, held.epoch, floor.context, to_agent=chen.id))
    await watch.says(chen, await floor.now(held), "The senior team has looked at it.")
    assert await watch.chased(held) == NOTHING
    assert Event.TRANSFER in {one.body.get("event") for one in await floor.entries(held)}
    assert as_author(chen).name in {one.author.name for one in await floor.entries(held)}


async def test_who_still_waits_hears_that_it_was_not_kept_and_stands_before_the_others(
    floor: Floor, watch: Watch, hire: Any
) -> None:
    """The ladder's promise while he keeps his place: at its time, and once for each time that he is told."""
    await hire("lin", capacity=0)
    _, waiting = await floor.waits()
    tenant = await floor.database.read(lambda c: tenants.find(c, "demo"))
    await floor.do(lambda tx: promise(tx, waiting, tenant, floor.context, queue="support"))
    floor.clock.advance(1)
    _, later = await floor.waits()

    async def looks(apologies: int) -> list[int]:
        assert (await watch.chased(waiting))["apologies"] == apologies
        listed = await floor.database.read(lambda c: handoffs.waiting(c, "demo", "support"))
        assert {one.conversation for one in listed} == {waiting.id, later.id}, "he keeps his place"
        return [one.priority for one in listed if one.conversation == waiting.id]

    assert await looks(0) == [3]
    floor.clock.advance(floor.settings.message_due_s - 1)
    for _ in range(2):
        await Sweeper(floor.database, floor.settings, floor.clock).sweep()
    assert await looks(1) == [5], "two classes more, and once"
    floor.clock.advance(floor.settings.message_due_s)
    await Sweeper(floor.database, floor.settings, floor.clock).sweep()
    assert await looks(2) == [7], "the time that he was told then was not kept either"
    head = await floor.now(waiting)
    assert (head.owner.kind, (await watch.chased(waiting))["owed"]) == (OwnerKind.QUEUE, 1)


async def test_a_promise_that_was_missed_is_put_before_the_supervisors_and_stays_on_their_wall(
    floor: Floor, watch: Watch, hire: Any
) -> None:
    """It is renewed within a second; the mark on its ticket stays until somebody has answered."""
    _, waiting = await floor.waits()
    chen, lin = await hire("chen", role=Role.SUPERVISOR), await hire("lin")
    for name in (chen, lin):
        await floor.do(lambda tx, who=name: end_shift(tx.connection, who, floor.clock()))

    async def shown() -> tuple[list[str], int]:
        seen = await floor.database.read(lambda c: wall(c, chen, floor.context)["overdue"])
        asked = await floor.database.read(lambda c: mentions.unanswered(c, "demo", chen.id))
        return [one["conversation"] for one in seen], len(asked)

    assert await shown() == ([], 0)
    await watch.sweep(floor.settings.message_due_s + 60)
    assert (await watch.chased(waiting))["apologies"] == 1
    assert await shown() == ([waiting.id], 1)
    (note,) = [one for one in await floor.entries(waiting) if one.body.get("kind") == "promise_missed"]
    assert note.audience is Audience.INTERNAL
    assert chen.name in note.body["text"]
    held = await floor.accept(waiting, lin)
    assert (await shown())[0] == [waiting.id], "taking it is no answer"
    await watch.says(lin, held, "Here is your answer.")
    assert (await shown())[0] == []
