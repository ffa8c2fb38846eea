"""The gateway dies between what a receiver took and its record: he gets it again, and can tell by its id."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.callers import operator
from handoff_service.channels.sealing import Seal
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import Database
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.webhooks import administer, store
from handoff_service.webhooks.model import Message, MessageState
from handoff_service.webhooks.signing import new_secret
from tests.handoff_service.channels.conftest import KEY
from tests.handoff_service.channels.test_crashes import restart
from tests.handoff_service.stage import shop, trial_settings
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import GatewayProcess, free_port, on_both
from tests.handoff_service.web.visitors import Customer, fresh
from tests.handoff_service.webhooks.receiver import Receiver
from tests.handoff_service.webhooks.test_webhooks import is_signed

WITHIN_S = 40.0


@pytest.fixture
def bot() -> Iterator[FarBot]:
    one = FarBot()
    yield one
    one.close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return trial_settings(var=tmp_path, database_url=database_url, encryption_key=KEY)


@pytest.fixture
def process(tmp_path: Path, database_url: str, bot: FarBot) -> Iterator[GatewayProcess]:
    """A gateway that dies when it has posted to a webhook for the first time."""
    one = GatewayProcess(
        tmp_path,
        free_port(),
        TANDEM_DATABASE_URL=database_url,
        TANDEM_BOT_URL=bot.url,
        TANDEM_ENCRYPTION_KEY=KEY,
        TANDEM_FAILPOINTS="webhook_after_http:1:kill9",
        TANDEM_NODE_LOST_S="1.5",
    )
    yield one
    one.kill()


@on_both
async def test_killed_between_the_post_and_its_record_the_same_message_comes_again(
    process: GatewayProcess, database: Database, settings: Settings, receiver: Receiver
) -> None:
    """At least once: nothing is lost, the repeat has the same `webhook-id` and body, and the order stays."""
    secret = await listened_to(receiver, database, settings)
    await asyncio.to_thread(process.start)
    customer, key = await Customer(process.url, "demo").arrive(), fresh("msg")
    with contextlib.suppress(httpx2.HTTPError):  # killed before it could answer
        await customer.write("hello", client_id=key)
    assert process._process is not None
    assert await asyncio.to_thread(process._process.wait, 20) == -9
    assert len(receiver.got) == 1
    [taken] = [one for one in await messages(database) if one.id == receiver.got[0].id]
    assert (taken.state, taken.attempts) == (MessageState.WAITING, 1), "the gateway does not know that it arrived"
    assert taken.lease_until is not None
    assert taken.lease_until > utc_now()
    await run_out(database)
    await asyncio.to_thread(restart, process)
    await customer.write("hello", client_id=key)
    await customer.answered(within=WITHIN_S)
    async with asyncio.timeout(WITHIN_S):
        while {one.state for one in await messages(database)} != {MessageState.SENT}:
            await asyncio.sleep(0.1)
    told = [one.body["type"] for one in receiver.got]
    assert told == ["conversation.opened", "conversation.opened", "message.created", "message.created"]
    assert Counter(one.id for one in receiver.got) == {
        one.id: 2 if one.id == taken.id else 1 for one in await messages(database)
    }
    first, again = receiver.got[:2]
    assert (first.id, first.raw) == (again.id, again.raw)
    assert all(is_signed(one, secret) for one in receiver.got)
    await customer.leave()


async def listened_to(receiver: Receiver, database: Database, settings: Settings) -> str:
    """The demo shop with a webhook there; its secret."""
    secret, seal = new_secret(), Seal(settings.encryption_key.get_secret_value())
    await database.write(lambda tx: tenants.save(tx.connection, shop()))
    given = {"events": (), "description": "", "secret": secret, "seal": seal, "context": Context(settings, utc_now())}
    await database.write(lambda tx: administer.add(tx, operator("demo"), url=receiver.url, **given))
    return secret


async def messages(database: Database) -> list[Message]:
    return await database.read(lambda c: store.messages(c, "demo"))


async def run_out(database: Database) -> None:
    """The half minute of the dead gateway's lease, passed at once."""
    M = tables.webhook_messages
    over = sa.update(M).where(M.c.lease_until.is_not(None)).values(lease_until=utc_now())
    await database.write(lambda tx: tx.connection.execute(over))
