"""Every channel × hours × presence has the answer that docs/hours.md tells; at closing time nobody is dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.agents.model import Status
from handoff_service.channels.registry import CHANNELS
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, deadline_of
from handoff_service.conversations.model import Conversation, Event, Owner, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.sweep import on_deadline
from handoff_service.database import Transaction
from handoff_service.handoffs import assign
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.request import request_handoff
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings
from tests.handoff_service.stage import end_shift, meet, person, shop, start_shift, trial_settings

DOCUMENT = Path(__file__).parents[3] / "docs" / "hours.md"
SHANGHAI = ZoneInfo("Asia/Shanghai")
SETTINGS = trial_settings()
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}
SPECIAL = [{"date": "2026-11-04", "open": [], "name": "stocktaking"}]
CALENDARS = {
    "office": {"hours": [OFFICE], "holidays": {"country": "CN"}, "days": SPECIAL},
    "over": {"hours": [OFFICE], "days": [{"date": f"2026-{day}", "open": []} for day in ("11-03", "11-04")]},
}


EVERYWHERE = ("web", *CHANNELS)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI).astimezone(UTC)


# When he asks; when people are back, and by when he has an answer after 48 hours, if he gets one later.
MOMENTS = {
    "open": (local("11-10T10:00"), None, local("11-12T10:00")),
    "closed: night": (local("11-10T20:00"), local("11-11T09:00"), local("11-13T09:00")),
    "closed: weekend": (local("11-07T12:00"), local("11-09T09:00"), local("11-11T09:00")),
    "closed: holiday": (local("10-02T12:00"), local("10-08T09:00"), local("10-10T09:00")),
    "open: make-up day": (local("10-10T12:00"), None, local("10-12T12:00")),
    "closed: special day": (local("11-04T12:00"), local("11-05T09:00"), local("11-09T09:00")),
    "never opens again": (local("11-10T10:00"), None, local("11-12T10:00")),
}


def table() -> dict[tuple[str, str], str]:
    """(presence, hours) -> the answer, as the document has it."""
    inside = DOCUMENT.read_text("utf-8").split("<!-- table -->")[1].split("<!-- end of table -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in inside.strip().splitlines()]
    head, lines = rows[0], [row for row in rows[2:] if row]
    return {(row[0], hours): row[at] for row in lines for at, hours in enumerate(head) if at}


TABLE = table()
PRESENCE = tuple(dict.fromkeys(presence for presence, _ in TABLE))


def channels_for(presence: str, hours: str) -> tuple[str, ...]:
    """All where it is plainly open or closed; elsewhere so many that each is played in every line and column."""
    if hours in ("open", "closed: night"):
        return EVERYWHERE
    columns = [one for one in MOMENTS if one not in ("open", "closed: night")]
    return EVERYWHERE[(PRESENCE.index(presence) + columns.index(hours)) % len(columns) :: len(columns)]


def at_work(tx: Transaction, presence: str, now: datetime) -> None:
    """The one agent of the shop is there in this way."""
    if presence == "nobody":
        return
    changes: dict[str, Any] = {
        "away": {"status": Status.AWAY},
        "busy": {"status": Status.BUSY},
        "offline": {"status": Status.OFFLINE},
        "disabled": {"disabled": True},
        "of another queue": {"queues": ("senior",)},
        "at capacity": {"capacity": 1, "open": 1},
    }.get(presence, {})
    lin = start_shift(tx.connection, person("lin", **changes), now)
    if presence in ("gone", "just gone"):
        end_shift(
            tx.connection, lin, now - timedelta(seconds=SETTINGS.agent_grace_s * (2 if presence == "gone" else 0.5))
        )


@pytest.fixture(scope="module")
def engine() -> Iterator[sa.Engine]:
    """One database in memory; every case is rolled back."""
    unchecked = {"check_same_thread": False}
    made = sa.create_engine("sqlite://", module=sqlite3, poolclass=sa.StaticPool, connect_args=unchecked)
    tables.metadata.create_all(made)
    yield made
    made.dispose()


def tenant_with(calendar: str, mode: str = "claim") -> Tenant:
    tenant = shop()
    queues = [
        {"id": "support", "name": "Support", "calendar": calendar, "mode": mode},
        {"id": "senior", "name": "Senior"},
    ]
    parts = {**tenant.settings.model_dump(mode="json", exclude_none=True), "calendars": CALENDARS, "queues": queues}
    return tenant.model_copy(update={"settings": TenantSettings.model_validate(parts)})


def asks(tx: Transaction, channel: str, now: datetime) -> Conversation:
    """A customer writes on the channel and asks for a person."""
    sender = replace(meet(tx.connection, now), channel=channel)
    context = Context(SETTINGS, now)
    asked, _ = receive(tx, sender, client_id=f"c-{sender.contact}", body={"text": "a person please"}, context=context)
    return request_handoff(tx, asked, Event.ASKED, evidence={}, context=context)


def told(tx: Transaction, conversation: Conversation) -> str:
    entries = store.entries_after(tx.connection, "demo", conversation.id, 0)
    return str([one.body["text"] for one in entries if one.kind == "state" and one.body.get("text")][-1])


def read(moment: datetime) -> str:
    """As the customer reads it."""
    at = moment.astimezone(SHANGHAI)
    return f"{at.day} {at:%B}, {at:%H:%M}"


def ticket_due(tx: Transaction, conversation: Conversation) -> list[datetime]:
    T = tables.tickets.c
    return list(tx.connection.execute(sa.select(T.due_at).where(T.conversation == conversation.id)).scalars())


@pytest.mark.parametrize("hours", MOMENTS)
@pytest.mark.parametrize("presence", PRESENCE)
def test_the_answer_is_that_of_the_table_on_every_channel(engine: sa.Engine, presence: str, hours: str) -> None:
    now, back, due = MOMENTS[hours]
    answer = TABLE[presence, hours]
    with engine.connect() as connection, connection.begin() as undone:
        tx = Transaction(connection)
        calendar = "office"
        if hours == "never opens again":
            calendar = "over"
            never = [{"date": str(now.date() + timedelta(days=n)), "open": []} for n in range(-2, 410)]
            CALENDARS["over"] = {"hours": [OFFICE], "days": never}
        tenants.save(connection, tenant_with(calendar))
        at_work(tx, presence, now)
        for channel in channels_for(presence, hours):
            found = asks(tx, channel, now)
            assert found.owner.kind is (OwnerKind.QUEUE if answer == "queue" else OwnerKind.MAILBOX), channel
            words, promised = told(tx, found), ticket_due(tx, found)
            assert promised == ([] if answer == "queue" else [due])
            assert (f"reply by {read(due)}" in words) == (answer != "queue"), words
            assert (back is not None and f"back on {read(back)}" in words) == (answer == "back and reply"), words
            if answer != "queue":
                assert found.deadline_at == due, "somebody looks at it when the promise is due"
        undone.rollback()


def test_the_table_is_whole() -> None:
    assert {hours for _, hours in TABLE} == set(MOMENTS)
    assert len(TABLE) == len(MOMENTS) * len(PRESENCE)
    assert set(TABLE.values()) == {"queue", "reply", "back and reply"}
    explained = DOCUMENT.read_text("utf-8").split("<!-- end of table -->")[1].split("## ")[0]
    assert set(re.findall(r"- `(.+?)`", explained)) == set(TABLE.values())


@pytest.mark.parametrize("channel", EVERYWHERE)
@pytest.mark.parametrize("kind", ["queue", "offer"])
def test_at_closing_time_a_message_is_left_a_promise_made_and_a_ticket_opened(
    engine: sa.Engine, channel: str, kind: str
) -> None:
    begun, closing = local("11-10T17:59"), local("11-10T18:00")
    with engine.connect() as connection, connection.begin() as undone:
        tx = Transaction(connection)
        tenants.save(connection, tenant_with("office", "offer" if kind == "offer" else "claim"))
        at_work(tx, "online", begun)
        found = asks(tx, channel, begun)
        if kind == "offer":
            waiting = handoffs.find(connection, "demo", str(found.handoff))
            found = assign.offer(tx, waiting, agents.find(connection, "demo", "a_lin"), Context(SETTINGS, begun))
        for seconds in (0, SETTINGS.offer_s, 61):  # the offer runs out, then the queue is looked at
            on_deadline(tx, "demo", found.id, Context(SETTINGS, closing + timedelta(seconds=seconds)))
        found = store.find(connection, "demo", found.id)
        assert found.owner.kind is OwnerKind.MAILBOX
        words = told(tx, found)
        assert "back on 11 November, 09:00" in words
        assert "reply by 13 November, 09:00" in words
        assert ticket_due(tx, found) == [local("11-13T09:00")]
        undone.rollback()


def test_who_is_being_served_is_served_on_and_who_waits_is_looked_at_when_it_closes(engine: sa.Engine) -> None:
    begun, closing = local("11-10T17:59:30"), local("11-10T18:00")
    with engine.connect() as connection, connection.begin() as undone:
        tx = Transaction(connection)
        tenants.save(connection, tenant_with("office"))
        at_work(tx, "online", begun)
        waiting, taken = asks(tx, "web", begun), asks(tx, "web", begun)
        assert waiting.deadline_at == closing
        lin = agents.find(connection, "demo", "a_lin")
        served = assign.accept(tx, str(taken.handoff), lin, Context(SETTINGS, begun))
        on_deadline(tx, "demo", served.id, Context(SETTINGS, closing))
        assert store.find(connection, "demo", served.id).owner == Owner(OwnerKind.AGENT, lin.id, "support")
        night = Context(SETTINGS, local("11-13T17:00"))  # a Friday: what is promised now is not due on Sunday
        mailbox = Owner(OwnerKind.MAILBOX, queue="support")
        assert deadline_of(connection, "demo", mailbox, night, served.id) == local("11-16T09:00")
        undone.rollback()
