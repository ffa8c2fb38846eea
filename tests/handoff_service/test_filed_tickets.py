"""Tickets that the bot files: one per turn however often it is asked, with a number, and longer-lived than the talk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handoff_service.conversations import store as conversations
from handoff_service.conversations import turn
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import Database, Transaction
from handoff_service.errors import BotFailed, NotFound
from handoff_service.files import store as files
from handoff_service.files.model import StoredFile
from handoff_service.handoffs import release
from handoff_service.tickets import customer, log, store, work
from handoff_service.tickets.file import file_ticket
from handoff_service.tickets.forget import forget_conversation
from handoff_service.tickets.open import numbers
from tests.handoff_service.conversations.test_turn import Chat, chat  # noqa: F401
from tests.handoff_service.stage import MONDAY, ScriptedBot, answer
from tests.handoff_service.test_tickets import listed

WISH = {"type": "complaint", "fields": {"order_number": "LY20261101001"}, "summary": "The parcel was wet."}


async def opened(database: Database, sender: Sender, context: Callable[[], Context]) -> Conversation:
    conversation, _ = await database.write(
        lambda tx: receive(tx, sender, client_id="client-01", body={"text": "a complaint"}, context=context())
    )
    return conversation


async def test_a_turn_files_once_under_one_number(
    database: Database, arrive: Any, context: Callable[[], Context]
) -> None:
    found = await opened(database, await arrive(), context)
    drawn = [
        await database.write(lambda tx: file_ticket(tx, found, WISH, turn="t_1", context=context())) for _ in range(3)
    ]
    assert len(set(drawn)) == 1
    assert drawn[0].startswith("T261102-")
    other = await database.write(lambda tx: file_ticket(tx, found, WISH, turn="t_2", context=context()))
    assert other != drawn[0]
    filed = await listed(database)
    assert {one.number for one in filed} == {drawn[0], other}
    assert filed[0].fields == WISH["fields"]
    assert filed[0].due_at == MONDAY + timedelta(hours=48), "this queue works around the clock"


async def test_many_at_once_are_one(database: Database, arrive: Any, context: Callable[[], Context]) -> None:
    found = await opened(database, await arrive(), context)

    async def file() -> str:
        def work(tx: Any) -> str:
            locked = conversations.find(tx.connection, "demo", found.id, lock=True)
            return file_ticket(tx, locked, WISH, turn="t_1", context=context())

        return await database.write(work)

    assert len(set(await asyncio.gather(*(file() for _ in range(8))))) == 1


async def test_a_number_that_is_taken_is_not_drawn_again(
    database: Database, arrive: Any, context: Callable[[], Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.tickets.open.numbers", lambda *_: iter(("T1", "T2", "T3")))
    found = await opened(database, await arrive(), context)
    drawn = [
        await database.write(lambda tx, t=name: file_ticket(tx, found, WISH, turn=t, context=context()))  # type: ignore[misc]
        for name in ("t_1", "t_2", "t_3")
    ]
    assert drawn == ["T1", "T2", "T3"]


def test_numbers_can_be_read_out() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    drawn = list(islice(numbers("demo/t_1", MONDAY, zone), 50))
    assert len(set(drawn)) == 50
    assert all(len(one) == 14 and one[1:].replace("-", "").isdigit() for one in drawn)
    assert drawn == list(islice(numbers("demo/t_1", MONDAY, zone), 50)), "the same for the same turn"


async def test_work_outlives_the_conversation(
    database: Database, arrive: Any, hire: Any, context: Callable[[], Context]
) -> None:
    found = await opened(database, await arrive(), context)
    await database.write(lambda tx: file_ticket(tx, found, WISH, turn="t_1", context=context()))
    closed = await database.write(lambda tx: release.close_idle(tx, found, context()))
    (ticket,) = await listed(database)
    assert ticket.state == "open"
    assert (await database.read(lambda c: customer.of_conversation(c, closed)))[0]["number"] == ticket.number
    lin = await hire("lin")
    for _ in range(2):
        await database.write(lambda tx: work.finish(tx, lin, work.locked(tx, lin, ticket.id), context()))
    assert await listed(database) == []
    with pytest.raises(NotFound):
        await database.write(lambda tx: work.locked(tx, lin, "t_other"))


async def test_a_promise_beside_filed_work_keeps_its_own_ticket(
    database: Database, arrive: Any, context: Callable[[], Context]
) -> None:
    found = await opened(database, await arrive(), context)
    await database.write(lambda tx: file_ticket(tx, found, WISH, turn="t_1", context=context()))
    due = MONDAY + timedelta(hours=3)
    promise = {"subject": "call", "reply_to": "", "due_at": due, "now": MONDAY}
    for _ in range(2):
        assert await database.write(lambda tx: store.open_ticket(tx.connection, found, **promise)) == due
    assert sorted(one.type for one in await listed(database)) == ["complaint", "message"]
    assert await database.write(lambda tx: forget_conversation(tx, found, MONDAY)) == 2
    assert await listed(database) == []
    emptied = await database.read(lambda c: customer.of_conversation(c, found))
    assert {(one["subject"], one["state"]) for one in emptied} == {("", "closed")}, "erased"


async def test_the_number_stands_in_the_answer_and_a_repeat_files_nothing(
    chat: Chat,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The process dies after it filed and before the commit; the turn is asked again, as the bot knows it."""
    said = replace(answer("Your complaint is {ticket}."), ticket=WISH)
    post = turn.post
    broken = [BotFailed("the process died")]

    def fragile(*arguments: Any) -> str:
        state = post(*arguments)
        if broken:
            raise broken.pop()
        return state

    monkeypatch.setattr(turn, "post", fragile)
    bot = ScriptedBot(usually=said)
    async with chat.answered_by(bot):
        await chat.say("I want to complain about a wet parcel")
        while broken:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        chat.clock.advance(60)
        chat.bell.ring("outbox")
        await chat.until_heard(1)
    (ticket,) = await listed(chat.database)
    assert len(bot.requests) == 2
    assert {request.turn for request in bot.requests} == {bot.requests[0].turn}
    assert await chat.heard() == [f"Your complaint is {ticket.number}."]


async def test_the_pictures_of_a_complaint_are_files_of_its_ticket(
    database: Database, arrive: Any, context: Callable[[], Context]
) -> None:
    """Those of this conversation: what the bot names of another one is left out."""
    found, other = [await opened(database, await arrive(), context) for _ in range(2)]

    def send(tx: Transaction) -> None:
        for conversation, name in ((found, "f_own"), (found, "f_unnamed"), (other, "f_foreign")):
            files.add(
                tx.connection,
                StoredFile(
                    tenant="demo",
                    id=name,
                    contact=conversation.contact,
                    conversation=conversation.id,
                    author=f"customer:{conversation.contact}",
                    name="photo.jpg",
                    type="image/jpeg",
                    size=9,
                    sha256="0" * 64,
                    seq=1,
                    audience="public",
                    created_at=MONDAY,
                ),
            )

    await database.write(send)
    wish = {**WISH, "files": ["f_own", "f_foreign", "f_gone"]}
    await database.write(lambda tx: file_ticket(tx, found, wish, turn="t_1", context=context()))
    (ticket,) = await listed(database)
    assert await database.read(lambda c: log.files(c, ticket)) == {"f_own": "public"}
