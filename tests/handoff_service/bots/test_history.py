"""What a contact was answered before, read from the timelines of former conversations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handoff_service.channels import contacts
from handoff_service.conversations import store
from handoff_service.conversations.model import (
    BOT,
    SYSTEM,
    Audience,
    Author,
    AuthorKind,
    Conversation,
    Draft,
    Entry,
    Kind,
)
from handoff_service.conversations.receive import Sender
from handoff_service.database import Database, Transaction
from handoff_service.knowledge.history import asked_in, former_conversations, known_about
from tests.handoff_service.stage import FakeClock

CUSTOMER = Author(AuthorKind.CUSTOMER, "x_1", "Ann")
NOON = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)


def timeline(*lines: tuple[Kind, Author, dict[str, Any]]) -> list[Entry]:
    return [
        Entry(
            tenant="demo",
            conversation="c_1",
            seq=seq,
            mid=f"m_{seq}",
            kind=kind,
            audience=Audience.PUBLIC,
            author=author,
            body=body,
            client_id=None,
            epoch=1,
            turn=None,
            at=NOON + timedelta(minutes=seq),
        )
        for seq, (kind, author, body) in enumerate(lines, 1)
    ]


def answered(*articles: str, buttons: tuple[str, ...] = ()) -> tuple[Kind, Author, dict[str, Any]]:
    body = {
        "text": "...",
        "kind": "answer",
        "sources": [{"article": article, "language": "en", "title": "t", "probability": 0.9} for article in articles],
        "buttons": [{"title": "b", "payload": payload} for payload in buttons],
    }
    return Kind.MESSAGE, BOT, body


def said(text: str, **more: Any) -> tuple[Kind, Author, dict[str, Any]]:
    return Kind.MESSAGE, CUSTOMER, {"text": text, **more}


QUEUED = (Kind.STATE, SYSTEM, {"event": "unsure", "from": "bot", "to": {"kind": "queue", "agent": None, "queue": "q"}})
SOLVED = (
    Kind.STATE,
    CUSTOMER,
    {"event": "solved", "from": "queue", "to": {"kind": "bot", "agent": None, "queue": None}},
)


def test_each_answer_is_told_with_its_time() -> None:
    found = list(asked_in(timeline(said("a"), answered("refund-timing"), said("b"), answered("invoice"))))
    assert found == [
        {"article": "refund-timing", "at": "2026-03-05T12:02:00.000Z", "solved": None},
        {"article": "invoice", "at": "2026-03-05T12:04:00.000Z", "solved": None},
    ]


@pytest.mark.parametrize(
    ("after", "solved"),
    [
        ([], None),
        ([said("thanks")], None),
        ([said("yes", pressed={"seq": 1, "index": 0})], True),
        ([said("no", pressed={"seq": 1, "index": 1})], None),
        ([said("odd", pressed={"seq": 1, "index": 7})], None),
        ([said("hm"), QUEUED], False),
        ([SOLVED], True),
        ([answered("other"), said("yes", pressed={"seq": 1, "index": 0})], None),
    ],
)
def test_whether_it_was_solved_is_what_came_before_the_next_answer(
    after: list[tuple[Kind, Author, dict[str, Any]]], solved: bool | None
) -> None:
    entries = timeline(answered("refund-timing", buttons=("/solved", "/ask_human")), *after)
    assert next(asked_in(entries))["solved"] is solved


def test_choices_and_what_quotes_nothing_are_no_answers() -> None:
    clarify = (Kind.MESSAGE, BOT, {"text": "which?", "kind": "clarify", "sources": [{"article": "a"}]})
    person = (Kind.MESSAGE, Author(AuthorKind.AGENT, "a_1", "Li"), answered("invoice")[2])
    assert list(asked_in(timeline(answered("a", "b"), answered(), clarify, person))) == []


async def test_only_former_conversations_of_the_same_contact_count(
    database: Database, arrive: Callable[..., Awaitable[Sender]], clock: FakeClock
) -> None:
    ann, bob = await arrive(), await arrive()

    async def talk(sender: Sender, channel: str, *articles: str) -> Conversation:
        clock.advance(60)

        def work(tx: Transaction) -> Conversation:
            talked = store.create(
                tx.connection, sender.tenant, channel=channel, contact=sender.contact, language="en", now=clock()
            )
            for article in articles:
                kind, author, body = answered(article)
                talked, _ = store.append(tx, talked, Draft(kind=kind, author=author, body=body), clock())
            return talked

        return await database.write(work)

    first = await talk(ann, "web", "invoice", "refund-timing", "invoice")
    second = await talk(ann, "telegram", "coupon")
    third = await talk(ann, "mail", "points")
    fourth = await talk(ann, "wechat")
    alone = await talk(bob, "web", "warranty")

    async def known(conversation: Conversation) -> list[str] | None:
        found = await database.read(
            lambda connection: known_about(connection, conversation, former_conversations(connection, conversation))
        )
        return None if found is None else [one["article"] for one in found["asked"]]

    assert await known(first) is None
    assert await known(alone) is None
    assert sorted(await known(second) or ()) == ["invoice", "refund-timing"]
    assert await known(third) is not None
    assert await known(fourth) == ["coupon", "points"]


async def test_the_products_that_a_page_names_are_told(
    database: Database, arrive: Callable[..., Awaitable[Sender]], clock: FakeClock
) -> None:
    ann = await arrive()

    def begin(tx: Transaction) -> Conversation:
        return store.create(tx.connection, ann.tenant, channel="web", contact=ann.contact, language="en", now=clock())

    conversation = await database.write(begin)

    async def told(value: str | float | bool) -> object:
        await database.write(lambda tx: contacts.describe(tx.connection, ann.tenant, ann.contact, {"products": value}))
        return await database.read(lambda connection: known_about(connection, conversation, []))

    assert await told("Lanyu Kettle, 蓝屿手机，Lanyu Kettle ,") == {
        "products": ["Lanyu Kettle", "蓝屿手机"],
        "asked": [],
    }
    assert await told(7) is None
    assert await told(" , ") is None
