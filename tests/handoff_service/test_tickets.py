"""Tickets: one open per conversation, the one due first at the top."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from handoff_service.conversations import store
from handoff_service.conversations.model import Conversation
from handoff_service.database import Database, Transaction
from handoff_service.tickets.listing import Filter, page
from handoff_service.tickets.model import Ticket
from handoff_service.tickets.store import close_tickets, open_ticket
from tests.handoff_service.stage import MONDAY, person

DAY = timedelta(days=1)


def conversation(tx: Transaction, contact: str) -> Conversation:
    return store.create(tx.connection, "demo", channel="web", contact=contact, language="en", now=MONDAY)


def ask(
    tx: Transaction, found: Conversation, due_in: timedelta, *, after: timedelta = timedelta(0), to: str = ""
) -> Any:
    now = MONDAY + after
    return open_ticket(tx.connection, found, subject="s" * 500, reply_to=to, due_at=now + due_in, now=now)


async def listed(database: Database, tenant: str = "demo") -> list[Ticket]:
    lin = person("lin", tenant=tenant)
    return (await database.read(lambda c: page(c, lin, Filter(), cursor=None, limit=100))).tickets


async def test_the_list_begins_with_what_is_due_first(database: Database) -> None:
    def work(tx: Transaction) -> list[str]:
        found = [conversation(tx, f"k_{number}") for number in range(3)]
        for one, due in zip(found, (3, 1, 2), strict=True):
            ask(tx, one, due * DAY)
        close_tickets(tx.connection, found[2])
        return [found[1].id, found[0].id]

    expected = await database.write(work)
    tickets = await listed(database)
    assert [ticket.conversation for ticket in tickets] == expected
    assert [len(ticket.subject) for ticket in tickets] == [120, 120]
    assert await listed(database, "other") == []


async def test_a_second_message_adds_to_the_open_ticket(database: Database) -> None:
    def work(tx: Transaction) -> list[Any]:
        found = conversation(tx, "k_1")
        return [
            ask(tx, found, 2 * DAY),
            ask(tx, found, 2 * DAY, after=DAY, to="me@example.org"),
            ask(tx, found, 2 * DAY, after=DAY),
            ask(tx, found, 2 * DAY, after=5 * DAY),
        ]

    due = await database.write(work)
    assert due == [MONDAY + 2 * DAY] * 3 + [MONDAY + 7 * DAY], "the first promise holds, until it is in the past"
    (ticket,) = await listed(database)
    assert (ticket.reply_to, ticket.due_at) == ("me@example.org", due[-1])
