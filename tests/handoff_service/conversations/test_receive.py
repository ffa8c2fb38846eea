"""Customers' messages: stored once, in one open conversation, whatever is repeated or races."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Audience, Conversation, Entry, Event, OwnerKind
from handoff_service.conversations.receive import MAX_CHARS, Sender, clean_text, receive
from handoff_service.conversations.reply import reply
from handoff_service.database import Database, Transaction
from handoff_service.errors import Fenced, Invalid, Mismatch, NotFound, TooLarge, Unavailable
from handoff_service.handoffs import assign, release
from handoff_service.handoffs.request import request_handoff
from tests.handoff_service.stage import FakeClock

# Every statement of these tests still runs on PostgreSQL in those without the mark.
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

Send = Callable[..., Awaitable[tuple[Conversation, Entry]]]


@pytest.fixture
def send(database: Database, context: Callable[[], Context]) -> Send:
    """`await send(sender, "client-01", "text")`."""

    async def sent(sender: Sender, client_id: str, text: str = "hello", **body: Any) -> tuple[Conversation, Entry]:
        moment = context()
        named = body.pop("conversation_id", None)
        stored = body or {"text": text}

        def work(tx: Transaction) -> tuple[Conversation, Entry]:
            return receive(tx, sender, client_id=client_id, body=stored, context=moment, conversation_id=named)

        try:
            return await database.write(work)
        except Unavailable:  # a lock was held for too long on a busy machine: clients send it again
            return await database.write(work)

    return sent


async def close_by_idle(database: Database, conversation: Conversation, context: Context) -> None:
    await database.write(
        lambda tx: release.close_idle(tx, store.find(tx.connection, "demo", conversation.id, lock=True), context)
    )


@on_sqlite
async def test_the_first_message_opens_a_conversation_with_the_bot(send: Send, arrive: Any, rows: Any) -> None:
    conversation, entry = await send(await arrive(), "client-01")
    assert conversation.owner.kind is OwnerKind.BOT
    assert [row["kind"] for row in await rows(tables.entries)] == ["state", "message"]
    assert (entry.seq, entry.epoch, conversation.last_seq) == (2, 1, 2)
    (job,) = await rows(tables.outbox)
    assert (job["destination"], job["seq"], job["state"]) == ("bot", 2, "new")


async def test_a_repeat_is_the_same_entry_and_asks_for_no_second_answer(send: Send, arrive: Any, rows: Any) -> None:
    sender = await arrive()
    _, first = await send(sender, "client-01", "hello")
    _, again = await send(sender, "client-01", "hello")
    assert again == first
    assert len(await rows(tables.outbox)) == 1
    with pytest.raises(Mismatch):
        await send(sender, "client-01", "something else")
    _, other = await send(await arrive(), "client-01", "hello")
    assert other.mid != first.mid, "another person may use the same id"


async def test_twenty_copies_at_once_are_one_entry(send: Send, arrive: Any, rows: Any) -> None:
    sender = await arrive()
    results = await asyncio.gather(*(send(sender, "client-01", "hello") for _ in range(20)))
    assert len({entry.mid for _, entry in results}) == 1
    assert Counter(row["kind"] for row in await rows(tables.entries)) == {"state": 1, "message": 1}


async def test_ten_first_messages_at_once_meet_in_one_conversation(send: Send, arrive: Any, rows: Any) -> None:
    """I25, I4: also with seqs that are dense."""
    sender = await arrive()
    results = await asyncio.gather(*(send(sender, f"client-{n:02}", f"message {n}") for n in range(10)))
    assert len({conversation.id for conversation, _ in results}) == 1
    assert len(await rows(tables.conversations)) == 1
    assert sorted(entry.seq for _, entry in results) == list(range(2, 12))


async def test_messages_of_one_client_keep_their_order(send: Send, arrive: Any) -> None:
    sender = await arrive()
    seqs = [(await send(sender, f"client-{n:02}"))[1].seq for n in range(5)]
    assert seqs == [2, 3, 4, 5, 6]


@on_sqlite
async def test_writing_again_in_time_reopens_and_later_starts_anew(
    send: Send, arrive: Any, database: Database, context: Callable[[], Context], clock: FakeClock
) -> None:
    sender = await arrive()
    first, _ = await send(sender, "client-01")
    await close_by_idle(database, first, context())
    clock.advance(context().settings.reopen_s - 1)
    reopened, entry = await send(sender, "client-02")
    assert (reopened.id, reopened.owner.kind, reopened.phase) == (first.id, OwnerKind.BOT, 2)
    assert entry.epoch == 3
    await close_by_idle(database, reopened, context())
    clock.advance(context().settings.reopen_s + 1)
    fresh, entry = await send(sender, "client-03")
    assert fresh.id != first.id
    assert (fresh.phase, entry.seq) == (1, 2)
    assert len(await database.read(lambda c: store.of_contact(c, "demo", sender.contact))) == 2


@on_sqlite
async def test_a_message_is_accepted_whoever_owns_the_conversation(
    send: Send, arrive: Any, hire: Any, database: Database, context: Callable[[], Context], rows: Any
) -> None:
    """The bot is asked only where it helps: not while an agent has it or an offer is out."""
    sender, lin = await arrive(), await hire("lin")
    conversation, _ = await send(sender, "client-01")
    await database.write(lambda tx: assign.take_over(tx, conversation.id, lin, 1, context()))
    with_agent, entry = await send(sender, "client-02")
    assert with_agent.owner.agent == lin.id
    assert entry.epoch == 2
    assert [row["seq"] for row in await rows(tables.outbox)] == [2]


@on_sqlite
async def test_nobody_writes_into_somebody_elses_conversation(send: Send, arrive: Any) -> None:
    theirs, _ = await send(await arrive(), "client-01")
    with pytest.raises(NotFound):
        await send(await arrive(), "client-02", conversation_id=theirs.id)
    stranger = replace(await arrive(), tenant="other")
    with pytest.raises(NotFound):
        await send(stranger, "client-03")


@on_sqlite
async def test_writing_again_does_not_put_off_the_promise_of_an_answer(
    send: Send, arrive: Any, clock: FakeClock, rows: Any
) -> None:
    """Otherwise who keeps asking "hello?" would never be handed to people when the bot hangs."""
    sender, promised = await arrive(), clock() + timedelta(seconds=45)
    for number, seconds in enumerate((30, 14, 0)):
        await send(sender, f"client-{number:02}", "hello?")
        clock.advance(seconds)
    (stored,) = await rows(tables.conversations)
    assert stored["deadline_at"] == promised


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", Invalid),
        (" \n\t", Invalid),
        (None, Invalid),
        (7, Invalid),
        ("a\x00b", Invalid),
        ("half \ud83d of it", Invalid),
        ("x" * (MAX_CHARS + 1), TooLarge),
    ],
)
def test_what_no_timeline_can_hold_is_refused(text: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        clean_text(text)


@pytest.mark.parametrize("text", ["/restart", "退款😀\u200d🦰", "  two  spaces \r\n", "x" * MAX_CHARS, "\u202eabc"])
async def test_everything_else_is_stored_bit_for_bit(text: str, send: Send, arrive: Any, database: Database) -> None:
    conversation, entry = await send(await arrive(), "client-01", text)
    stored = await database.read(lambda c: store.entry_at(c, "demo", conversation.id, entry.seq))
    assert stored.body == {"text": text}


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [
        {"text": "a", "extra": 1},
        {"press": {"seq": 1, "index": 0}},
        {"press": {"seq": 2, "index": 0}},
        {"press": {"seq": "1", "index": 0}},
    ],
)
async def test_a_body_that_means_nothing_is_refused(body: dict[str, Any], send: Send, arrive: Any) -> None:
    sender = await arrive()
    await send(sender, "client-01")
    with pytest.raises(Invalid):
        await send(sender, "client-02", **body)


async def test_an_agents_reply_needs_his_epoch_and_a_note_does_not(
    send: Send, arrive: Any, hire: Any, database: Database, context: Callable[[], Context]
) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    conversation, _ = await send(await arrive(), "client-01")
    await database.write(lambda tx: assign.take_over(tx, conversation.id, lin, 1, context()))

    async def write(agent: Any, client_id: str, epoch: int | None, audience: Audience = Audience.PUBLIC) -> Entry:
        body = {"text": "on it"}
        written = await database.write(
            lambda tx: reply(
                tx,
                agent,
                conversation.id,
                client_id=client_id,
                body=body,
                epoch=epoch,
                audience=audience,
                context=context(),
            )
        )
        return written[1]

    first = await write(lin, "agent-001", 2)
    for agent, epoch, error in ((lin, 1, Fenced), (maya, 2, Fenced), (lin, None, Invalid)):
        with pytest.raises(error):
            await write(agent, "agent-002", epoch)
    note = await write(maya, "agent-003", None, Audience.INTERNAL)
    assert (note.audience, note.seq) == (Audience.INTERNAL, first.seq + 1)
    copies = await asyncio.gather(*(write(lin, "agent-004", 2) for _ in range(20)))
    assert len({entry.mid for entry in copies}) == 1
    await database.write(lambda tx: release.give_back(tx, conversation.id, lin, 2, context()))
    assert (await write(lin, "agent-001", 2)).mid == first.mid, "a repeat is answered even after he let go"
    with pytest.raises(Fenced) as refused:
        await write(lin, "agent-005", 2)
    assert refused.value.extra["epoch"] == 3


async def test_one_tenant_never_sees_the_conversation_of_another(send: Send, arrive: Any, database: Database) -> None:
    conversation, _ = await send(await arrive(), "client-01")
    with pytest.raises(NotFound):
        await database.read(lambda c: store.find(c, "other", conversation.id))
    assert await database.read(lambda c: store.entries_after(c, "other", conversation.id, 0)) == []
    assert await database.read(lambda c: store.listed(c, "other", list(OwnerKind))) == []


async def test_a_stale_copy_of_a_conversation_cannot_be_appended_to(
    send: Send, arrive: Any, database: Database, context: Callable[[], Context]
) -> None:
    sender = await arrive()
    stale, _ = await send(sender, "client-01")
    await send(sender, "client-02")
    with pytest.raises(Fenced):
        await database.write(
            lambda tx: request_handoff(tx, stale, Event.ASKED, evidence={}, context=context(), actor=sender.author)
        )
