"""Running gateways for the tests of the gateway's outside, and a fresh tenant with people for each test.

One gateway for each database engine serves all tests; they do not meet because each has a tenant of its own. A test
that needs other settings or turns the clock opens its own gateway.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from handoff_service.agents import store as agent_store
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.bell import Bell
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.conversations import store
from handoff_service.database import Database, open_database
from handoff_service.ids import new_id
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant
from tests.handoff_service.conftest import TEMPLATE, _apart, _sql
from tests.handoff_service.stage import ScriptedBot, answer, person, shop, trial_settings, wants_human
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.visitors import PASSWORD, Customer, Desk, accepted

# The cheapest argon2id, so that signing in costs the tests nothing.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
# What the bot knows and no customer may read; projection tests look for it in every byte.
SECRETS = {
    "payload": "/canary_payload",
    "probability": 0.731113,
    "evidence": "canary-evidence",
    "analysis": "canary-analysis",
}


@pytest.fixture(autouse=True)
def patient_with_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests share two cores: newcomers are not sent away because another worker has the processor for a second."""
    monkeypatch.setattr("handoff_service.load.MOST_LAG_S", 10.0)


async def by_text(request: TurnRequest) -> Answer:
    """The bot of these tests: the customer's text says what it does."""
    if request.text.startswith("human"):
        return wants_human("asked", matched=SECRETS["evidence"])
    if request.text.startswith("slow"):
        await asyncio.sleep(0.3)
    said = answer(
        f"About {request.text[:200]}",
        buttons=[{"title": "Yes", "payload": SECRETS["payload"]}, {"title": "No", "payload": "/no"}],
        sources=[{"article": "refunds", "language": "en", "title": "Refunds", "probability": SECRETS["probability"]}],
    )
    return replace(
        said,
        nlu={"intent": {"name": SECRETS["analysis"], "confidence": SECRETS["probability"]}, "entities": []},
        understanding={
            "language": "en",
            "generation": SECRETS["analysis"],
            "hits": [{"article": "refunds", "language": "en", "title": "R", "probability": SECRETS["probability"]}],
            "decision": {"action": "answer", "probability": SECRETS["probability"], "rule": SECRETS["analysis"]},
            "mood": {"unhappy": SECRETS["probability"], "label": "calm", "evidence": [SECRETS["analysis"]]},
        },
    )


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test is marked with `on_both` or `on_postgres`."""
    return str(request.param)


NO_HOUSE = "the-shops-own"
"""The tenant whose customers are the shop's: none of these tests."""


def shared_gateway(url: str, var: Path) -> Iterator[Gateway]:
    settings = trial_settings(
        database_url=url,
        var=var,
        limit_visitors="100000/hour",
        limit_messages="1000/second",
        kb_index_url="http://127.0.0.1:9",
        bot_url="http://127.0.0.1:9",
        training_tenants="*",
        shop_tenants=NO_HOUSE,
    )
    gateway = Gateway(settings, bot=ScriptedBot(usually=by_text))
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture(scope="session")
def sqlite_gateway(fast_folder: Path, sqlite_template: Path) -> Iterator[Gateway]:
    path = fast_folder / "shared.sqlite"
    shutil.copy(sqlite_template, path)
    yield from shared_gateway(f"sqlite:///{path}", fast_folder / "shared-var")


@pytest.fixture(scope="session")
def postgresql_gateway(postgres: Callable[[str], str], fast_folder: Path) -> Iterator[Gateway]:
    _apart(_sql(postgres("postgres"), f"CREATE DATABASE tandem_shared TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"))
    yield from shared_gateway(postgres("tandem_shared"), fast_folder / "shared-var")


@pytest.fixture
def gateway(engine: str, request: pytest.FixtureRequest) -> Gateway:
    """The running gateway that all tests of an engine share."""
    return request.getfixturevalue(f"{engine}_gateway")


@pytest.fixture
def open_gateway(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """`open_gateway(bot=…, clock=…, reopen_s=60)`: a gateway of this test alone, on a fresh database."""
    with ExitStack() as stack:

        def opened(*, bot: Any = None, clock: Any = None, **settings: Any) -> Gateway:
            defaults = {"kb_index_url": "http://127.0.0.1:9", "var": tmp_path, "shop_tenants": NO_HOUSE}
            chosen = trial_settings(database_url=database_url, **{**defaults, **settings})
            options = {"clock": clock} if clock else {}
            one = Gateway(chosen, bot=bot or ScriptedBot(usually=by_text), **options)
            one.start()
            stack.callback(one.stop)
            return one

        yield opened


class House:
    """A tenant of a running gateway, with the people that a test needs."""

    def __init__(self, gateway: Gateway, tenant: Tenant, database: Database) -> None:
        self.gateway = gateway
        self.tenant = tenant
        self.database = database
        self.people: list[Customer | Desk] = []

    async def customer(self, **visit: Any) -> Customer:
        """A new visitor."""
        one = Customer(self.gateway.url, self.tenant.id)
        self.people.append(one)
        return await one.arrive(**visit)

    async def hire(self, name: str, **changes: Any) -> Agent:
        """Stores an agent who can sign in with PASSWORD."""
        defaults = {"tenant": self.tenant.id, "status": Status.OFFLINE, "capacity": 5}
        agent = person(name, **{**defaults, **changes})
        await self.database.write(lambda tx: agent_store.save(tx.connection, agent, PASSWORD_HASH))
        return agent

    def desk(self, agent: Agent) -> Desk:
        """A console that is not signed in yet."""
        one = Desk(self.gateway.url, self.tenant.id, agent.id, agent.email)
        self.people.append(one)
        return one

    async def agent(self, name: str = "lin", *, role: Role = Role.AGENT, **changes: Any) -> Desk:
        """An agent who has signed in."""
        desk = self.desk(await self.hire(name, role=role, **changes))
        accepted(await desk.sign_in())
        return desk

    async def waiting(self, text: str = "hello") -> tuple[Customer, str]:
        """A customer whose question was answered and who then asked for a person; and the id of the handoff.

        He waits in the queue if some agent has a socket open, else in the mailbox.
        """
        customer = await self.customer()
        await customer.write(text)
        await customer.answered()
        await customer.ask_human()
        return customer, await self.handoff_of(customer)

    async def entries(self, conversation: str) -> list[Any]:
        """The timeline as the database has it."""
        return await self.database.read(lambda c: store.entries_after(c, self.tenant.id, conversation, 0))

    async def handoff_of(self, customer: Customer) -> str:
        found = await self.database.read(lambda c: store.find(c, self.tenant.id, customer.conversation))
        assert found.handoff is not None
        return found.handoff

    async def leave(self) -> None:
        for one in self.people:
            await one.leave()


@pytest.fixture
async def build_house() -> AsyncIterator[Callable[..., Awaitable[House]]]:
    """`await build_house(gateway)`: a fresh tenant on a gateway."""
    houses: list[House] = []

    async def built(gateway: Gateway, name: str | None = None) -> House:
        database = open_database(gateway.settings.database, Bell())
        tenant = shop(name or new_id("shop").lower())
        await database.write(lambda tx: tenants.save(tx.connection, tenant))
        houses.append(House(gateway, tenant, database))
        return houses[-1]

    yield built
    for house in houses:
        await house.leave()
        await house.database.close()


@pytest.fixture
async def house(gateway: Gateway, build_house: Callable[..., Awaitable[House]]) -> House:
    """A fresh tenant on the shared gateway."""
    return await build_house(gateway)


@pytest.fixture
def far_bot() -> Iterator[FarBot]:
    """A bot behind a real wire, for gateways that run as processes."""
    bot = FarBot()
    yield bot
    bot.close()
