"""After the window: the agent is offered the account's approved message, and it reaches the customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Audience, Author, AuthorKind, Draft, Kind
from handoff_service.conversations.reply import reply
from handoff_service.errors import Invalid
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.meta import FakeWhatsApp
from tests.handoff_service.channels.test_closing import Whatsapp
from tests.handoff_service.handoffs.floor import Floor

ANN = "1111111"
OPTIONS = {"template": "order_update", "template_language": "zh_CN"}


class Known(FakeWhatsApp):
    """Its account names a template."""

    def fields(self) -> dict[str, str]:
        return {**super().fields(), **OPTIONS}


@pytest.fixture
def far() -> Any:
    one = Known()
    yield one
    one.close()


async def says(bridge: Bridge, body: dict[str, Any]) -> None:
    def said(tx: Any) -> None:
        (row,) = tx.connection.execute(
            tables.conversations.select().where(tables.conversations.c.tenant == bridge.tenant)
        ).mappings()
        place = conversations.find(tx.connection, bridge.tenant, row["id"], lock=True)
        author = Author(AuthorKind.AGENT, "a_1", "Lin")
        conversations.append(tx, place, Draft(kind=Kind.MESSAGE, author=author, body=body), place.opened_at)

    await bridge.database.write(said)


async def test_what_is_approved_arrives_when_nothing_else_does(bridge: Bridge, far: FakeWhatsApp) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.receives(ANN, "Three days.")
    await bridge.settled()
    past = tables.channel_windows.update().where(tables.channel_windows.c.tenant == bridge.tenant)
    (window,) = await bridge.rows(tables.channel_windows)
    over = {"until": window["until"] - timedelta(days=2), "since": window["since"] - timedelta(days=2)}
    await bridge.database.write(lambda tx: tx.connection.execute(past.values(**over)))
    await says(bridge, {"text": "Your parcel has arrived."})
    await bridge.until_notes()
    (note,) = [row["body"] for row in await bridge.rows(tables.entries) if row["body"].get("kind") == "undelivered"]
    assert note["template"] == "order_update"
    await says(bridge, {"text": "[order_update]", "template": "order_update"})
    await bridge.receives(ANN, "There is news about your order.")
    assert set((await bridge.settled()).values()) == {"sent", "dead"}
    assert len(await bridge.notes()) == 1
    await says(bridge, {"text": "[withdrawn]", "template": "withdrawn"})
    await bridge.until(lambda: any(b"withdrawn" in call.raw for call in far.calls))
    await bridge.settled()
    assert "132001" in (await bridge.notes())[1], "what Meta has not approved is told like anything that fails"


async def test_an_agent_sends_the_template_of_the_account_and_no_other(
    database: Any, settings: Any, clock: Any, arrive: Any, context: Any, hire: Any
) -> None:
    floor, lin = Floor(database, settings, clock, arrive), await hire("lin")
    shop = Whatsapp(floor, context)
    made = new_account("demo", "whatsapp", "W", known_fields(), floor.settings, floor.clock)
    shop.account = made
    place = await shop.served(lin)
    conversation = await floor.database.read(lambda c: conversations.find(c, "demo", place))

    async def send(body: dict[str, Any], audience: Audience = Audience.PUBLIC, key: str = "k_1") -> Any:
        given: dict[str, Any] = {"client_id": key, "body": body, "epoch": conversation.epoch, "audience": audience}
        return await floor.do(lambda tx: reply(tx, lin, place, **given, context=floor.context))

    for body, audience in (
        ({"text": "x", "template": "another"}, Audience.PUBLIC),
        ({"text": "x", "template": ["order_update"]}, Audience.PUBLIC),
        ({"text": "x", "template": ""}, Audience.PUBLIC),
        ({"text": "x", "template": "order_update"}, Audience.INTERNAL),
    ):
        with pytest.raises(Invalid):
            await send(body, audience)
    _, entry = await send({"text": "whatever the page wrote", "template": "order_update"})
    assert (entry.body["template"], "order_update" in entry.body["text"]) == ("order_update", True)
    assert "whatever" not in entry.body["text"], "the customer gets Meta's words, not these"
    _, again = await send({"text": "whatever the page wrote", "template": "order_update"})
    assert again.seq == entry.seq
    await floor.do(lambda tx: accounts.change(tx.connection, made, name=None, options={}, disabled=None))
    with pytest.raises(Invalid):
        await send({"text": "x", "template": "order_update"}, key="k_2")


def known_fields() -> dict[str, str]:
    one = Known()
    one.close()
    return one.fields()
