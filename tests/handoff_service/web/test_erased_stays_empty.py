"""Who was erased stays so: nobody writes anything about him afterwards, and whoever tries is told."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.channels import contacts
from handoff_service.channels.arrive import take
from handoff_service.channels.model import Account, Notice
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.errors import Erased
from tests.handoff_service.web.visitors import accepted, fresh, refused

CANARY = "oropendola"


async def _erased(house: Any) -> Any:
    """A customer whom an agent has served, with a ticket and a complaint, erased."""
    boss, lin = await house.agent("boss", role=Role.OWNER), await house.agent("lin")
    customer = await house.customer()
    await customer.write("my parcel")
    await customer.answered()
    opened = {"op_id": fresh(), "subject": "look", "conversation": customer.conversation}
    ticket = accepted(await lin.post("/v1/tickets", {**opened, "type": "order"}))["ticket"]
    complaint = accepted(await lin.post("/v1/complaints", opened | {"op_id": fresh()}))["ticket"]
    accepted(await boss.post(f"/v1/contacts/{customer.contact}/erase", {"op_id": fresh()}))
    return boss, lin, customer, ticket, complaint


async def test_agents_write_nothing_about_who_was_erased(house: Any) -> None:
    boss, lin, customer, ticket, complaint = await _erased(house)
    contact, talk = f"/v1/contacts/{customer.contact}", f"/v1/conversations/{customer.conversation}"
    whose = {"subject": CANARY, "type": "order"}
    for who, path, body in [
        (lin, f"{contact}/name", {"name": CANARY}),
        (lin, f"{contact}/preferred-channel", {"channel": "web"}),
        (lin, f"{contact}/block", {}),
        (lin, f"{contact}/unblock", {}),
        (lin, f"{contact}/merge", {"other": customer.contact + "x"}),  # looked at in the order of their ids
        (boss, f"{contact}/care", {"agent": lin.id, "classes": 1}),
        (lin, f"{talk}/tags", {"tags": [CANARY]}),
        (lin, "/v1/tickets", {**whose, "contact": customer.contact}),
        (lin, "/v1/tickets", {**whose, "conversation": customer.conversation}),
        (lin, "/v1/complaints", {"subject": CANARY, "contact": customer.contact}),
        (lin, f"/v1/tickets/{ticket}/update", {"text": CANARY, "audience": "internal"}),
        (lin, f"/v1/tickets/{ticket}/reopen", {}),
        (lin, f"/v1/complaints/{complaint}/evidence", {"kind": "statement", "value": CANARY}),
    ]:
        said = refused(await who.post(path, {"op_id": fresh(), **body}), 410, "erased")["message"]
        assert said == "This customer was erased; nothing more can be kept about him.", path
    refused(await lin.reply(customer.conversation, f"note about {CANARY}", None, audience="internal"), 410, "erased")

    def sings(connection: sa.Connection) -> list[str]:
        about = (tables.contacts, tables.contact_care, tables.entries, tables.tickets, tables.conversation_tags)
        rows = [(one.name, tuple(row)) for one in about for row in connection.execute(sa.select(one))]
        return [name for name, row in rows if CANARY in str(row)]

    assert await house.database.read(sings) == []
    cared = sa.select(tables.contact_care).where(tables.contact_care.c.contact == customer.contact)
    assert await house.database.read(lambda c: c.execute(cared).all()) == []


async def test_what_becomes_of_whom_nobody_knows_any_more_is_not_kept(house: Any) -> None:
    """Who was erased unsubscribes: his id on the platform would stay for ever, because nobody could erase it."""
    account = Account(tenant=house.tenant.id, id="a_w", channel="wechat", name="W", secrets=(), created_at=utc_now())
    settings, abilities = house.gateway.settings, CHANNELS["wechat"].abilities
    seal, context = Seal(settings.encryption_key.get_secret_value()), Context(settings, utc_now())
    left = Notice(event_id="e-1", contact=CANARY, what=Notice.What.LEFT)
    await take(house.database, account, abilities, [left], seal, context)
    held = sa.select(tables.channel_windows.c.external_id)
    assert CANARY not in str(await house.database.read(lambda c: c.execute(held).all()))


async def test_what_a_channel_tells_too_late_of_who_was_erased_is_not_kept(house: Any) -> None:
    """It has found him by his identity before he was erased, and writes after that."""
    tenant, now = house.tenant.id, utc_now()

    def add(tx: Any) -> str:
        contact = contacts.add(tx.connection, tenant, name="Ann", language="en", now=now).id
        contacts.forget(tx.connection, tenant, contact, now)
        return contact

    contact = await house.database.write(add)
    named: list[Any] = [
        lambda c: contacts.identify(c, tenant, "telegram:a", CANARY, contact, verified=False),
        lambda c: contacts.describe(c, tenant, contact, {"plan": CANARY}),
        lambda c: contacts.prefer(c, tenant, contact, CANARY, alone=True),
    ]
    for write in named:
        with pytest.raises(Erased, match="nothing more can be kept"):
            await house.database.write(lambda tx, write=write: write(tx.connection))
    for quietly in (contacts.rename, contacts.vouch):
        await house.database.write(lambda tx, write=quietly: write(tx.connection, tenant, contact, CANARY))
    found = sa.select(tables.contacts).where(tables.contacts.c.id == contact)
    (row,) = await house.database.read(lambda c: c.execute(found).all())
    assert CANARY not in str(tuple(row))
