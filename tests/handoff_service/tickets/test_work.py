"""Working on tickets: who has them, what the customer hears, his answer, what happens by itself, merging, splitting."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.audit import broken_timelines
from handoff_service.conversations import sweep
from handoff_service.errors import (
    AlreadyTaken,
    Conflict,
    Forbidden,
    ForbiddenWords,
    IllegalTransition,
    Invalid,
    NotFound,
)
from handoff_service.handoffs import release
from handoff_service.tickets import follow_up, merge, store, update, work
from handoff_service.tickets.model import Deed, State, Ticket
from tests.handoff_service.stage import MONDAY
from tests.handoff_service.tickets.conftest import Office

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
DAY = timedelta(days=1)


async def test_of_many_who_take_one_ticket_one_has_it(office: Office) -> None:
    """F-51 for tickets: one winner, the others are told his name."""
    ticket = await office.opens()

    async def take(who: str) -> Any:
        try:
            return (await office.does(who, work.take, ticket)).agent
        except AlreadyTaken as error:
            return error.extra["winner"]["id"]

    said = await asyncio.gather(*(take(who) for who in ("lin", "maya", "chen", "noor", "lin", "maya")))
    assert len(set(said)) == 1
    found = await office.now(ticket)
    assert (found.agent, found.state) == (said[0], State.IN_PROGRESS)
    assert [line.kind for line in await office.log(ticket)] == [Deed.OPENED, Deed.TAKEN]


async def test_a_merge_while_somebody_answers_loses_neither(office: Office) -> None:
    """Either the update is in the log of the merged ticket, or its writer is told where it went."""
    one, other = await office.opens("one"), await office.opens("other")
    lin = office.people["lin"]

    async def say(number: int) -> str:
        try:
            await office.does("lin", update.note, one, f"note {number}")
        except Conflict as error:
            return str(error.extra.get("into"))
        return "noted"

    def both(tx: Any) -> Ticket:
        return merge.merge(tx, lin, one.id, other.id, office.context())

    said, *_ = await asyncio.gather(asyncio.gather(*(say(number) for number in range(5))), office.database.write(both))
    notes = [line for line in await office.log(one) if line.kind is Deed.UPDATED]
    assert len(notes) == said.count("noted")
    assert set(said) <= {"noted", other.id}
    assert (await office.now(one)).state is State.CLOSED
    await office.now(other)


async def test_two_merges_into_each_other_end(office: Office) -> None:
    """Locks are taken in one order: neither waits for the other, and one is told what happened."""
    one, other = await office.opens("one"), await office.opens("other")
    lin = office.people["lin"]

    async def join(source: Ticket, target: Ticket) -> str:
        def work_on(tx: Any) -> Ticket:
            return merge.merge(tx, lin, source.id, target.id, office.context())

        try:
            await office.database.write(work_on)
        except Conflict:
            return "refused"
        return "merged"

    said = await asyncio.gather(join(one, other), join(other, one))
    assert sorted(said) == ["merged", "refused"]


@only_sqlite
async def test_nothing_happens_that_the_table_does_not_list(office: Office) -> None:
    ticket = await office.opens()
    await office.does("lin", work.resolve, ticket, note="found it")
    with pytest.raises(IllegalTransition, match="resolved cannot be taken; it can be closed, merged, reopened"):
        await office.does("maya", work.take, ticket)
    before = await office.now(ticket)
    with pytest.raises(Conflict, match="reopen it before changing"):
        await office.does("lin", work.change, ticket, priority=9)
    assert await office.now(ticket) == before
    lin = office.people["lin"]
    context = office.context()
    stale = replace(before, last_n=before.last_n - 1)
    with pytest.raises(Conflict, match="changed just now"):
        await office.database.write(lambda tx: work.reopen(tx, stale, work.actor_of(lin), context, {}))


@only_sqlite
async def test_bad_input_is_refused_with_what_there_is(office: Office) -> None:
    for parts, told in [
        ({"type": "nonsense"}, "there are complaint, callback, question"),
        ({"type": "message"}, "There is no type"),
        ({"priority": 12}, "between 0 and 9"),
        ({"tier": 3}, "1 .front line. or 2"),
        ({"queue": "nowhere"}, "there are support, senior"),
        ({"due_at": MONDAY - DAY}, "must lie ahead"),
        ({"fields": {"order": 5}}, "must be text"),
        ({"fields": {f"f{n}": "x" for n in range(31)}}, "at most 30 fields"),
    ]:
        with pytest.raises(Invalid, match=told):
            await office.opens(**parts)
    with pytest.raises(Invalid, match="needs a subject"):
        await office.opens("  ")
    with pytest.raises(NotFound):
        await office.opens(agent="a_nobody")
    with pytest.raises(NotFound):
        await office.opens(conversation=None, contact="k_nobody")
    ticket = await office.opens()
    with pytest.raises(Invalid, match="either"):
        await office.does("lin", work.assign, ticket, to_agent=None, to_queue=None)
    with pytest.raises(Invalid, match="Name what is to be changed"):
        await office.does("lin", work.change, ticket)
    with pytest.raises(Invalid, match="no kind of check"):
        await office.does("lin", plan, ticket, kind="pigeon")
    with pytest.raises(Invalid, match="lies ahead"):
        await office.does("lin", plan, ticket, at=MONDAY)


def plan(tx: Any, agent: Any, ticket: Ticket, context: Any, **parts: Any) -> Ticket:
    usual = {"at": context.now + 3 * DAY, "kind": "message", "text": ""}
    return follow_up.plan(tx, agent, ticket, context, **{**usual, **parts})


@only_sqlite
async def test_words_that_the_tenant_forbids_reach_no_customer_by_way_of_a_ticket_either(office: Office) -> None:
    ticket = await office.opens()
    with pytest.raises(ForbiddenWords, match="not my job"):
        await office.tells("lin", ticket, "Sorry, that is Not My Job.")
    with pytest.raises(ForbiddenWords, match="不归我管"):
        await office.does("lin", plan, ticket, text="这个不归我管")
    await office.does("lin", plan, ticket, kind="task", text="the warehouse says: not my job")


@only_sqlite
async def test_that_of_a_colleague_only_he_and_supervisors_pass_on(office: Office) -> None:
    ticket = await office.opens()
    await office.does("lin", work.take, ticket)
    with pytest.raises(Forbidden, match="Lin has this ticket"):
        await office.does("maya", work.assign, ticket, to_agent="a_maya", to_queue=None)
    assert (await office.does("chen", work.assign, ticket, to_agent="a_maya", to_queue=None)).agent == "a_maya"
    back = await office.does("maya", work.release, ticket)
    assert (back.agent, back.queue, back.state) == (None, "support", State.OPEN)
    await office.now(ticket)


async def test_the_customer_is_told_on_his_channel_and_his_answer_goes_on(office: Office) -> None:
    ticket = await office.opens()
    await office.does("lin", work.take, ticket)
    await office.tells("lin", ticket, "Which colour is the box?")
    await office.does("lin", work.wait, ticket)
    assert await office.heard() == [f"Your case {ticket.number}: Which colour is the box?"]
    office.clock.advance(3 * 3600)
    await office.says("it is blue")
    found = await office.now(ticket)
    assert (found.state, found.agent) == (State.IN_PROGRESS, "a_lin")
    assert found.due_at == ticket.due_at + timedelta(hours=3), "the time of waiting for him does not count"
    line = (await office.log(ticket))[-1]
    assert (line.kind, line.actor) == (Deed.ANSWERED, f"customer:{office.customer.contact}")
    assert await office.database.read(lambda c: list(broken_timelines(c))) == []


@only_sqlite
async def test_on_a_platform_it_goes_out_like_every_message(office: Office, rows: Any) -> None:
    sender = replace(office.customer, channel="telegram", account="acc_1")
    conversation, _ = await office.says("hello from afar", sender)
    ticket = await office.opens(conversation=conversation)
    await office.tells("lin", ticket, "Found it.")
    (job,) = [row for row in await rows(tables.outbox) if row["destination"] == "channel"]
    assert (job["conversation"], job["state"]) == (conversation.id, "new")
    told = await office.now(ticket)
    assert (told.told_in, told.told_seq) == (conversation.id, job["seq"])
    await office.does("lin", work.resolve, ticket)
    await office.says("no, it is another one")
    assert (await office.now(ticket)).state is State.RESOLVED, "that was said on another channel"
    await office.says("no, it is another one", sender)
    assert (await office.now(ticket)).state is State.OPEN


@only_sqlite
async def test_an_answer_reopens_what_was_resolved_within_the_days_and_thanks_do_not(office: Office) -> None:
    ticket = await office.opens()
    await office.tells("lin", ticket, "It was delivered today.")
    await office.does("lin", work.resolve, ticket)
    await office.says("好的，谢谢！")
    assert (await office.now(ticket)).state is State.RESOLVED
    await office.says("by the way, what are your opening hours?")
    assert (await office.now(ticket)).state is State.RESOLVED, "it is not the first thing that he says after it"
    await office.says(f"{ticket.number}: it is not here")
    found = await office.now(ticket)
    assert found.state is State.OPEN
    assert found.due_at > office.clock()
    assert f"Your case {ticket.number} is open again" in (await office.heard())[-1]

    await office.tells("lin", ticket, "Now it is.")
    await office.does("lin", work.close, ticket)
    office.clock.advance(13 * 86400)
    await office.says("no, still nothing")
    assert (await office.now(ticket)).state is State.OPEN, "also what was closed"
    again = await office.now(ticket)
    assert again.due_at - office.clock() == ticket.due_at - ticket.created_at, "as if it were opened now, each time"
    await office.tells("lin", ticket, "And now?")
    await office.does("lin", work.resolve, ticket)
    office.clock.advance(15 * 86400)
    await office.says(f"{ticket.number} is broken again")
    assert (await office.now(ticket)).state is State.RESOLVED, "the days are over"


@only_sqlite
async def test_in_a_later_conversation_the_customer_is_told_where_he_writes_now(office: Office) -> None:
    ticket = await office.opens()
    first = office.conversation.id
    await office.database.write(
        lambda tx: release.close_idle(tx, sweep.store.find(tx.connection, "demo", first, lock=True), office.context())
    )
    office.clock.advance(5 * 86400)
    second, _ = await office.says("hello again")
    assert second.id != first
    await office.tells("lin", ticket, "Here is your parcel.")
    assert [len(await office.heard(name)) for name in (first, second.id)] == [0, 1]


@only_sqlite
async def test_what_is_planned_happens_once(office: Office, settings: Any) -> None:
    sweeper = sweep.Sweeper(office.database, settings, office.clock)
    ticket = await office.opens()
    await office.does("lin", work.resolve, ticket)
    await office.does("lin", plan, ticket)
    await sweeper.sweep()
    assert await office.heard() == []
    office.clock.advance(3 * 86400 + 1)
    for _ in range(3):
        await sweeper.sweep()
    assert [ticket.number in said for said in await office.heard()] == [True]
    assert [line.kind for line in await office.log(ticket)][-1] is Deed.CHECKED
    await office.says("no, the parcel never came")
    assert (await office.now(ticket)).state is State.OPEN, "the answer to the question opens it again"

    await office.does("lin", work.take, ticket)
    await office.does("lin", work.resolve, ticket)
    await office.does("lin", plan, ticket, kind="task", text="call him")
    office.clock.advance(3 * 86400 + 1)
    await sweeper.sweep()
    found = await office.now(ticket)
    assert (found.state, found.agent, found.check_at) == (State.IN_PROGRESS, "a_lin", None)


@only_sqlite
async def test_what_is_overdue_rises_once_and_what_was_resolved_closes(office: Office, settings: Any) -> None:
    sweeper = sweep.Sweeper(office.database, settings, office.clock)
    late, resolved = await office.opens("late"), await office.opens("resolved")
    await office.does("lin", work.resolve, resolved)
    office.clock.advance(15 * 86400)
    for _ in range(3):
        await sweeper.sweep()
    found = await office.now(late)
    assert (found.priority, found.overdue_at) == (4, office.clock())
    assert [line.kind for line in await office.log(late)] == [Deed.OPENED, Deed.OVERDUE]
    assert (await office.now(resolved)).state is State.CLOSED


@only_sqlite
@pytest.mark.parametrize("loss", [{"disabled": True}, {"role": "trainer"}])
async def test_what_a_disabled_account_has_is_open_to_all_again(office: Office, settings: Any, loss: Any) -> None:
    late, resolved = await office.opens("late"), await office.opens("resolved")
    for one in (late, resolved):
        await office.does("lin", work.take, one)
    await office.tells("lin", resolved, "It is done.")
    await office.does("lin", work.resolve, resolved)
    lost = sa.update(tables.agents).where(tables.agents.c.id == "a_lin").values(**loss)
    await office.database.write(lambda tx: tx.connection.execute(lost).rowcount)
    await office.says("no, it is not")
    assert ((await office.now(resolved)).state, (await office.now(resolved)).agent) == (State.OPEN, None)
    office.clock.advance(3 * 86400)
    await sweep.Sweeper(office.database, settings, office.clock).sweep()
    assert ((await office.now(late)).state, (await office.now(late)).agent) == (State.OPEN, None)


@only_sqlite
async def test_merged_ones_are_read_with_the_other_and_found_by_their_number(office: Office, arrive: Any) -> None:
    one = await office.opens("the parcel", priority=6)
    other, third = await office.opens("the same parcel", due_at=MONDAY + DAY), await office.opens("again")
    lin, context = office.people["lin"], office.context()
    await office.does("lin", update.note, one, "asked the carrier")
    for source, target in ((one, other), (other, third)):
        await office.database.write(lambda tx, s=source, t=target: merge.merge(tx, lin, s.id, t.number, context))
    whole = await office.now(third)
    assert (whole.priority, whole.due_at) == (6, MONDAY + DAY)

    def look(connection: Any) -> Any:
        found = store.find(connection, "demo", str(one.number).lower(), lin)
        merged = store.merged_into(connection, "demo", third.id)
        return store.root_of(connection, found).id, [ticket.id for ticket in merged]

    assert await office.database.read(look) == (third.id, [one.id, other.id])
    assert "asked the carrier" in str(await office.log(one)), "its log is still there"
    with pytest.raises(Conflict, match=f"was merged into {other.number}"):
        await office.does("lin", work.take, one)
    await office.says(f"{one.number} never came")
    stranger = await arrive()
    foreign = (await office.says("hello", stranger))[0]
    elses = await office.opens("somebody else's", conversation=foreign)
    with pytest.raises(Conflict, match="different customers"):
        await office.database.write(lambda tx: merge.merge(tx, lin, elses.id, third.id, context))
    with pytest.raises(Invalid, match="with another customer"):
        await office.does("lin", work.link, third, foreign.id)
    with pytest.raises(Invalid, match="into itself"):
        await office.database.write(lambda tx: merge.merge(tx, lin, third.id, str(third.number), context))


@only_sqlite
async def test_a_split_one_quotes_the_first_which_keeps_everything(office: Office) -> None:
    ticket = await office.opens("two things")
    await office.does("lin", update.note, ticket, "also the invoice is wrong")
    first, second = await office.does(
        "lin", split, ticket, subject="the invoice", type="technical", lines=[2], conversations=[]
    )
    assert second.number not in (None, ticket.number)
    assert (second.contact, second.conversation) == (ticket.contact, office.conversation.id)
    opened = (await office.log(second))[0]
    assert opened.body["lines"] == [{"n": 2, "kind": "updated", "text": "also the invoice is wrong"}]
    assert [line.kind for line in await office.log(first)] == [Deed.OPENED, Deed.UPDATED, Deed.SPLIT]
    await office.now(second)
    with pytest.raises(Invalid, match="no line 99"):
        await office.does("lin", split, ticket, subject="x", type=None, lines=[99], conversations=[])
    with pytest.raises(Invalid, match="linked later"):
        await office.does("lin", split, ticket, subject="x", type=None, lines=[], conversations=["c_other"])


def split(tx: Any, agent: Any, ticket: Ticket, context: Any, **parts: Any) -> Any:
    return merge.split(tx, agent, ticket, context, **parts)


@only_sqlite
async def test_a_promise_that_was_worked_on_ends_with_its_conversation(office: Office) -> None:
    lin = office.people["lin"]

    def promised(tx: Any) -> None:
        told = {"subject": "call", "reply_to": "", "due_at": MONDAY + DAY, "now": MONDAY}
        store.open_ticket(tx.connection, office.conversation, **told)

    await office.database.write(promised)
    (ticket,) = await office.database.read(lambda c: store.on_conversation(c, "demo", office.conversation.id, lin))
    await office.does("lin", work.take, ticket)
    await office.database.write(promised)
    assert len(await office.database.read(lambda c: store.of_contact(c, "demo", office.customer.contact))) == 1
    await office.database.write(
        lambda tx: work.end_promises(tx, sweep.store.find(tx.connection, "demo", office.conversation.id), MONDAY)
    )
    assert (await office.now(ticket)).state is State.CLOSED
