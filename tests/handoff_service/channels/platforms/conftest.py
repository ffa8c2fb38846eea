"""A gateway with one account on each fake platform."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Agent
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.model import Account
from handoff_service.channels.registry import CHANNELS
from handoff_service.clock import utc_now
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Author, AuthorKind, Draft, Kind
from handoff_service.tenants import store as tenants
from tests.handoff_service.channels.conftest import Bots, Office
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.fake import Platform, Received
from tests.handoff_service.stage import ScriptedBot, answer, person, shop, start_shift
from tests.handoff_service.web.serving import Gateway

PATIENCE_S = 20.0
ENGINE = os.environ.get("TANDEM_CONTRACT_ENGINE", "sqlite")


class Bridge(Office):
    """A tenant with one account on a fake platform."""

    async def open(self, **changes: Any) -> Account:
        await self.database.write(lambda tx: tenants.save(tx.connection, shop(self.tenant)))
        far = self.far
        account = new_account(self.tenant, far.channel, far.channel, far.fields(), self.settings)
        account = Account(**{**vars(account), **changes})
        await self.database.write(lambda tx: accounts.add(tx.connection, account, self.seal))
        far.connect(account, webhook(account, self.settings))
        return account

    @property
    def far(self) -> Platform:
        return self.platform  # type: ignore[return-value]

    async def sends(self, *events: Any, **options: Any) -> Any:
        """The platform posts these events."""
        return await asyncio.to_thread(self.far.post, *events, **options)

    async def messages(self, least: int = 0) -> list[dict[str, Any]]:
        """What customers have written, in order of time; waits until there are so many."""
        end = time.monotonic() + PATIENCE_S
        while True:
            found = [row for row in await self.rows(tables.entries) if row["author_kind"] == "customer"]
            found = sorted((row for row in found if row["kind"] == "message"), key=lambda row: (row["at"], row["seq"]))
            if len(found) >= least:
                return found
            assert time.monotonic() < end, found
            await asyncio.sleep(0.02)

    async def filled(self, table: sa.Table) -> list[dict[str, Any]]:
        """The tenant's rows of a table, as soon as there are any."""
        end = time.monotonic() + PATIENCE_S
        while not (rows := await self.rows(table)):
            assert time.monotonic() < end, f"nothing in {table.name}"
            await asyncio.sleep(0.05)
        return rows

    async def until_said(self, words: str) -> None:
        """Waits until a customer has written these words."""
        end = time.monotonic() + PATIENCE_S
        while not any(row["body"].get("text") == words for row in await self.messages()):
            assert time.monotonic() < end, await self.messages()
            await asyncio.sleep(0.02)

    async def until(self, found: Callable[[], Any]) -> Any:
        """Waits until `found` is true, and returns it."""
        end = time.monotonic() + PATIENCE_S
        while not (value := found()):
            assert time.monotonic() < end, f"received so far: {self.far.received}"
            await asyncio.sleep(0.02)
        return value

    async def receives(self, contact: str, words: str) -> Received:
        """Waits until the customer has received a message with these words."""
        return await self.until(
            lambda: next((one for one in self.far.received if one.contact == contact and words in one.text), None)
        )

    async def settled(self) -> dict[int, str]:
        """Waits until nothing is to be delivered any more; the states of the deliveries."""
        end = time.monotonic() + PATIENCE_S
        while True:
            states = await self.deliveries()
            if states and not set(states.values()) & {"new", "leased", "uncertain"}:
                return states
            assert time.monotonic() < end, states
            await asyncio.sleep(0.02)

    async def until_notes(self) -> list[str]:
        """Waits until agents are told something about deliveries, and returns that."""
        end = time.monotonic() + PATIENCE_S
        while not (found := await self.notes()):
            assert time.monotonic() < end, await self.deliveries()
            await asyncio.sleep(0.02)
        return found

    async def on_duty(self) -> Agent:
        """An agent whose desk is connected."""
        lin = person("lin", tenant=self.tenant, id=f"a_{self.tenant}", email=f"lin@{self.tenant}.example")
        return await self.database.write(lambda tx: start_shift(tx.connection, lin, utc_now()))

    async def owner(self) -> str:
        """Who has the tenant's one conversation."""
        (row,) = await self.rows(tables.conversations)
        return str(row["owner_kind"])

    async def until_with(self, kind: str) -> None:
        """Waits until the conversation is with such an owner."""
        end = time.monotonic() + PATIENCE_S
        while (now := await self.owner()) != kind:
            assert time.monotonic() < end, f"it is with {now}"
            await asyncio.sleep(0.02)

    async def an_agent_says(self, text: str) -> None:
        """As the desk does; whoever has the conversation."""

        def said(tx: Any) -> None:
            mine = tables.conversations.c.tenant == self.tenant
            (row,) = tx.connection.execute(tables.conversations.select().where(mine)).mappings()
            place = conversations.find(tx.connection, self.tenant, row["id"], lock=True)
            draft = Draft(kind=Kind.MESSAGE, author=Author(AuthorKind.AGENT, "a_1", "Lin"), body={"text": text})
            conversations.append(tx, place, draft, utc_now())

        await self.database.write(said)

    async def notes(self) -> list[str]:
        """What agents are told about deliveries."""
        found = [row["body"] for row in await self.rows(tables.entries) if row["audience"] == "internal"]
        return [body["text"] for body in found if body.get("kind") == "undelivered"]


@pytest.fixture(params=sorted(PLATFORMS))
def far(request: pytest.FixtureRequest) -> Iterator[Platform]:
    """Every platform in turn."""
    one = PLATFORMS[request.param]()
    yield one
    one.close()


@pytest.fixture
def channel(far: Platform) -> Any:
    """The adapter under test."""
    return CHANNELS[far.channel]


@pytest.fixture(scope="module")
def shared_gateway(shared_gateways: Callable[[str], Gateway]) -> Gateway:
    """One gateway for all platforms of a test file. `make soak` plays on PostgreSQL."""
    return shared_gateways(ENGINE)


@pytest.fixture
async def open_bridge(
    shared_gateway: Gateway, bots: Bots, far: Platform
) -> AsyncIterator[Callable[..., Awaitable[Bridge]]]:
    """`await open_bridge(bot=…, account={…})`: a tenant of this test alone, on the shared gateway."""
    bridges: list[Bridge] = []

    async def opened(*, account: dict[str, Any] | None = None, bot: Any = None) -> Bridge:
        bridge = Bridge(shared_gateway.url, shared_gateway.settings, far)  # type: ignore[arg-type]
        bots.scripts[bridge.tenant] = bot or ScriptedBot(usually=answer("Three days."))
        bridges.append(bridge)
        await bridge.open(**(account or {}))
        return bridge

    yield opened
    for bridge in bridges:
        await bridge.close()


@pytest.fixture
async def bridge(open_bridge: Callable[..., Awaitable[Bridge]]) -> Bridge:
    return await open_bridge()
