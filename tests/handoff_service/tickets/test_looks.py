"""What happens to a ticket that nobody touches: before it is due, when it is late, while its customer is waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.complaints.register import file_complaint
from handoff_service.conversations import store as conversations
from handoff_service.conversations.sweep import Sweeper
from handoff_service.errors import Conflict
from handoff_service.mentions import store as mentions
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings
from handoff_service.tickets import follow_up, update, work
from handoff_service.tickets.listing import counts
from handoff_service.tickets.model import Deed, Source, State, Ticket
from handoff_service.tidy import tidy
from tests.handoff_service.stage import MONDAY, end_shift, shop
from tests.handoff_service.tickets.conftest import Office

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = {"hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}]}


async def configured(office: Office, **parts: Any) -> None:
    raw = shop().settings.model_dump(mode="json", exclude_none=True) | parts
    tenant = Tenant(id="demo", name="Shop", settings=TenantSettings.model_validate(raw))
    await office.database.write(lambda tx: tenants.save(tx.connection, tenant))


async def sweep(office: Office, after: timedelta = timedelta()) -> None:
    office.clock.advance(after.total_seconds())
    for _ in range(2):
        await Sweeper(office.database, office.context().settings, office.clock).sweep()


async def asked(office: Office) -> dict[str, int]:
    """Who has how many notes on his desk."""
    found = await office.database.read(
        lambda c: {name: len(mentions.unanswered(c, "demo", one.id)) for name, one in office.people.items()}
    )
    return {name: number for name, number in found.items() if number}


async def heard(office: Office) -> list[str]:
    """What the customer was told of a ticket; not that his wait is long."""
    return [one for one in await office.heard() if "T261102-" in one]


async def complains(office: Office) -> Ticket:
    parts = {"conversation": office.conversation, "source": Source.HAND, "actor": "agent:a_lin"}
    return await office.database.write(
        lambda tx: file_complaint(tx, "demo", subject="it came broken", context=office.context(), **parts)  # type: ignore[arg-type]
    )


async def test_before_it_is_due_its_owner_is_asked_and_when_it_is_late_the_supervisors_too(office: Office) -> None:
    taken = await office.opens(due_at=MONDAY + 40 * HOUR)
    await office.does("lin", work.take, taken)
    await sweep(office, 29 * HOUR)
    assert await asked(office) == {}
    await sweep(office, HOUR)
    assert await asked(office) == {"lin": 1}, "three quarters of its time"
    await office.does("lin", update.note, taken, "I am at it")
    await sweep(office, 9 * HOUR)
    assert await asked(office) == {"lin": 1}, "only once, whatever is written into it"
    await sweep(office, HOUR)
    assert await asked(office) == {"lin": 2, "chen": 1, "noor": 1}
    await sweep(office, DAY)
    assert await asked(office) == {"lin": 2, "chen": 1, "noor": 1}
    entries = await office.database.read(lambda c: conversations.entries_after(c, "demo", office.conversation.id, 0))
    notes = [one.body["text"] for one in entries if one.body.get("kind") == "ticket"]
    assert all(str(taken.number) in one and "find the parcel" in one for one in notes)
    assert {str(one.audience) for one in entries if one.body.get("kind") == "ticket"} == {"internal"}


async def test_what_nobody_has_is_late_for_all_who_serve_its_queue(office: Office) -> None:
    await office.opens(due_at=MONDAY + 4 * HOUR)
    await sweep(office, 3 * HOUR)
    assert await asked(office) == {"chen": 1, "noor": 1}, "nobody owns it, so the supervisors read it before"
    await sweep(office, 2 * HOUR)
    told = await office.database.read(lambda c: counts(c, office.people["maya"], office.clock()))
    assert told == {"mine": 0, "free": 1, "overdue": 1}


async def test_a_note_about_a_complaint_does_not_reach_whom_it_is_about(office: Office) -> None:
    about = await office.opens(
        type="complaint", source=Source.COMPLAINT, about_agent="a_chen", agent="a_noor", due_at=MONDAY + 4 * HOUR
    )
    await sweep(office, 4 * HOUR)
    assert set(await asked(office)) == {"noor"}
    entries = await office.database.read(lambda c: conversations.entries_after(c, "demo", office.conversation.id, 0))
    assert [one.body["hidden_from"] for one in entries if one.body.get("ticket") == about.id] == ["a_chen"]


async def test_the_due_time_moves_by_the_working_hours_in_which_the_customer_was_awaited(office: Office) -> None:
    queues = [{"id": "support", "name": "Support", "calendar": "office"}]
    await configured(office, timezone="UTC", calendars={"office": WEEK}, queues=queues)
    due = datetime(2026, 11, 9, 12, tzinfo=UTC)  # the Monday after
    ticket = await office.opens(queue="support", due_at=due)
    office.clock.advance((datetime(2026, 11, 6, 17, tzinfo=UTC) - office.clock()).total_seconds())
    await office.does("lin", work.wait, ticket)
    office.clock.advance((datetime(2026, 11, 9, 10, tzinfo=UTC) - office.clock()).total_seconds())
    await office.says("here is the number")
    assert (await office.now(ticket)).due_at == datetime(2026, 11, 9, 14, tzinfo=UTC), "two hours of work"


async def test_a_complaint_that_nobody_answered_is_not_resolved(office: Office) -> None:
    ticket = await complains(office)
    with pytest.raises(Conflict, match="not answered yet"):
        await office.does("lin", work.resolve, ticket, note="not worth it")

    async def answered() -> Any:
        query = sa.select(tables.complaints.c.answered_at)
        return await office.database.read(lambda c: c.execute(query).scalar_one())

    assert await answered() is None
    await office.tells("lin", ticket, "We send the money back.")
    told = office.clock()
    office.clock.advance(60)
    assert (await office.does("lin", work.resolve, ticket)).state is State.RESOLVED
    assert await answered() == told


async def test_who_is_waited_for_is_reminded_once_and_then_it_is_taken_as_solved(office: Office) -> None:
    ticket = await office.opens(due_at=MONDAY + 60 * DAY)
    await office.tells("lin", ticket, "Which colour?")
    await office.does("lin", work.wait, ticket)
    for _ in range(2):
        await sweep(office, DAY)
        await office.does("lin", update.note, ticket, "no word yet")  # what colleagues write puts nothing off
    assert len(await heard(office)) == 1
    await sweep(office, DAY)
    await sweep(office, DAY)
    assert len(await heard(office)) == 2
    await sweep(office, 5 * DAY)
    assert (await office.now(ticket)).state is State.WAITING
    await sweep(office, 2 * DAY)
    assert (await office.now(ticket)).state is State.RESOLVED
    assert len(await heard(office)) == 3
    await office.says("blue, please")
    assert (await office.now(ticket)).state is State.OPEN, "his answer takes it up again"


async def test_a_task_that_is_planned_while_he_is_waited_for_is_not_told_to_him(office: Office) -> None:
    ticket = await office.opens(due_at=MONDAY + 60 * DAY)
    await office.does("lin", work.wait, ticket)
    await office.does("lin", _plan, ticket, at=MONDAY + HOUR)
    await sweep(office, 2 * HOUR)
    line = (await office.log(ticket))[-1]
    assert (line.kind, line.audience, line.body["kind"]) == (Deed.CHECKED, "internal", "task")
    assert "is he a swindler?" not in str(await office.heard())
    found = await office.now(ticket)
    assert (found.state, found.check_at) == (State.WAITING, None)


def _plan(tx: Any, agent: Any, ticket: Any, context: Any, *, at: Any) -> Any:
    return follow_up.plan(tx, agent, ticket, context, at=at, kind="task", text="is he a swindler?")


async def test_what_he_is_told_after_the_reminder_gives_him_its_time_again(office: Office) -> None:
    ticket = await office.opens(due_at=MONDAY + 60 * DAY)
    await office.does("lin", work.wait, ticket)
    await sweep(office, 3 * DAY)
    await sweep(office, 6 * DAY)
    await office.tells("lin", ticket, "We still have the blue one.")
    await sweep(office, 2 * DAY)
    assert (await office.now(ticket)).state is State.WAITING
    await sweep(office, 5 * DAY)
    assert (await office.now(ticket)).state is State.RESOLVED


async def test_his_answer_ends_the_waiting_and_the_next_one_is_reminded_of_anew(office: Office) -> None:
    ticket = await office.opens(due_at=MONDAY + 60 * DAY)
    await office.does("lin", work.wait, ticket)
    await sweep(office, 4 * DAY)
    await office.says("what was it?")
    await office.does("lin", work.wait, ticket)
    await sweep(office, 2 * DAY)
    assert len(await heard(office)) == 1
    await sweep(office, 2 * DAY)
    assert len(await heard(office)) == 2
    assert (await office.now(ticket)).state is State.WAITING


async def test_nobody_is_reminded_where_the_tenant_does_not_want_it(office: Office) -> None:
    await configured(office, tickets={"waiting_remind_days": 0})
    ticket = await office.opens(due_at=MONDAY + 60 * DAY)
    await office.does("lin", work.wait, ticket)
    await sweep(office, 30 * DAY)
    assert (await office.now(ticket)).state is State.WAITING
    assert await heard(office) == []


async def test_a_complaint_without_an_answer_is_not_taken_as_solved_but_put_before_people(office: Office) -> None:
    ticket = await complains(office)
    await office.does("lin", work.wait, ticket)
    await sweep(office, 4 * DAY)
    await sweep(office, 8 * DAY)
    assert (await office.now(ticket)).state is State.WAITING
    assert {"chen", "noor"} <= set(await asked(office))
    assert Deed.RESOLVED not in [line.kind for line in await office.log(ticket)]


async def test_a_queue_may_give_its_tickets_to_who_is_there_and_has_the_fewest(office: Office) -> None:
    queues = [{"id": "support", "name": "Support", "assign_tickets": True}, {"id": "senior", "name": "Senior"}]
    await configured(office, queues=queues)
    await office.opens(agent="a_lin")
    first = await office.opens("first", queue="support", due_at=MONDAY + 4 * HOUR)
    other = await office.opens("other", queue="senior")
    await sweep(office)
    got = await office.now(first)
    assert (got.state, got.agent in ("a_maya", "a_chen", "a_noor")) == (State.OPEN, True), "Lin has one already"
    assert (await asked(office)) == {str(got.agent).removeprefix("a_"): 1}, "he reads that it is his now"
    assert (await office.now(other)).agent is None, "a queue that does not say so gives nothing"
    await office.does(str(got.agent).removeprefix("a_"), work.release, first)
    await sweep(office)
    assert (await office.now(first)).agent not in (None, got.agent), "nobody gets back what he has put back"


async def test_while_nobody_is_there_a_ticket_waits_for_who_comes_first(office: Office) -> None:
    await configured(office, queues=[{"id": "support", "name": "Support", "assign_tickets": True}])
    for one in office.people.values():
        await office.database.write(lambda tx, who=one: end_shift(tx.connection, who, office.clock()))
    ticket = await office.opens(queue="support", due_at=MONDAY + 4 * HOUR)
    for _ in range(40):
        await sweep(office, 5 * timedelta(minutes=1))
    assert (await office.now(ticket)).agent is None
    assert await asked(office) == {"chen": 1, "noor": 1}, "warned of once, however often somebody was looked for"
    maya = office.people["maya"]
    until = office.clock() + HOUR
    await office.database.write(
        lambda tx: agents.keep_desk(tx.connection, "demo", maya.id, "desk", now=office.clock(), until=until)
    )
    await sweep(office, timedelta(minutes=31))
    assert (await office.now(ticket)).agent == "a_maya"


async def test_while_nobody_comes_it_is_looked_more_and_more_seldom(office: Office) -> None:
    queues = [{"id": "support", "name": "Support", "assign_tickets": True, "calendar": "office"}]
    await configured(office, timezone="UTC", calendars={"office": WEEK}, queues=queues)
    for one in office.people.values():
        await office.database.write(lambda tx, who=one: end_shift(tx.connection, who, office.clock()))
    ticket = await office.opens(queue="support", due_at=MONDAY + 30 * DAY)

    async def looks(minutes: int) -> int:
        times = set()
        for _ in range(minutes):
            await sweep(office, timedelta(minutes=1))
            times.add((await office.now(ticket)).look_at)
        return len(times)

    assert await looks(120) <= 9, "after 1, 2, 4 ... 30 minutes"
    assert await looks(30) <= 2
    opening = datetime(2026, 11, 3, 9, tzinfo=UTC)
    await sweep(office, opening - office.clock() - timedelta(minutes=1))
    assert (await office.now(ticket)).look_at == opening
    assert 3 <= await looks(10) <= 6, "often again when people come"


async def test_a_complaint_about_an_agent_is_not_given_to_him_nor_to_who_may_not_read_it(office: Office) -> None:
    await configured(office, queues=[{"id": "support", "name": "Support", "assign_tickets": True}])
    ticket = await office.opens(
        type="complaint", source=Source.COMPLAINT, queue="support", about_agent="a_chen", due_at=MONDAY + 4 * HOUR
    )
    await sweep(office)
    assert (await office.now(ticket)).agent == "a_noor"


async def test_what_the_release_before_lost_sight_of_is_looked_at_again(office: Office) -> None:
    """Its gateways run beside this one for a while; they write down no look at what waits, nor one for giving it."""
    await configured(office, queues=[{"id": "support", "name": "Support", "assign_tickets": True}])
    free = await office.opens("free", queue="support", due_at=MONDAY + 9 * DAY)
    waits = await office.opens("waits", due_at=MONDAY + 9 * DAY, agent="a_lin")
    old = await office.opens("old", due_at=MONDAY + 9 * DAY, agent="a_lin")
    for one in (waits, old):
        await office.does("lin", work.wait, one)

    def lose(tx: Any) -> None:
        T = tables.tickets
        tx.connection.execute(sa.update(T).values(look_at=None))
        tx.connection.execute(sa.update(T).where(T.c.id == free.id).values(look_at=T.c.due_at))
        tx.connection.execute(sa.update(T).where(T.c.id == old.id).values(updated_at=MONDAY - 9 * DAY))

    await office.database.write(lose)
    await office.database.write(lambda tx: tidy(tx, office.context()))
    looks = {one.subject: (await office.now(one)).look_at for one in (free, waits, old)}
    assert looks == {"free": office.clock(), "waits": office.clock(), "old": None}
    await sweep(office)
    assert (await office.now(free)).agent is not None
    assert (await office.now(waits)).look_at == MONDAY + 3 * DAY
