"""Gateway processes on one PostgreSQL, and the people of one tenant who use any of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from handoff_service.agents import store as agents
from handoff_service.agents.model import Role, Status
from handoff_service.bell import Bell
from handoff_service.conversations import store
from handoff_service.conversations.model import Conversation, Entry
from handoff_service.database import Database, open_database
from handoff_service.ids import new_id
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant, TenantSettings
from tests.handoff_service.stage import person, shop
from tests.handoff_service.web.conftest import PASSWORD_HASH
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import GatewayProcess
from tests.handoff_service.web.visitors import Customer, Desk, accepted
from tests.many_machines.servers import free_port

LOST_S = 2.0
# Far longer than the tests wait: what arrives has been carried by the bell, not by polling.
NO_POLLING = {"TANDEM_SOCKET_POLL_S": "600"}
PATIENT = {"TANDEM_AGENT_GRACE_S": "600"}
WITHIN_S = 20.0


class Replica(GatewayProcess):
    """A gateway process that can also be stopped for a while, as a machine that hangs."""

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was never started"
        return self._process.pid

    @property
    def database_url(self) -> str:
        return self._environment["TANDEM_DATABASE_URL"]

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    async def readiness(self, *, timeout: float = 5.0) -> int:
        """The status of /readyz, 0 when nothing answers."""
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False) as client:
            with contextlib.suppress(httpx2.HTTPError):
                return (await client.get(f"{self.url}/readyz")).status_code
        return 0


def environment(database: str, bot: FarBot | str, **more: str) -> dict[str, str]:
    """Settings of a replica with limits that no test reaches and heartbeats that miss after LOST_S."""
    return {
        "TANDEM_DATABASE_URL": database,
        "TANDEM_BOT_URL": bot if isinstance(bot, str) else bot.url,
        "TANDEM_SHOP_URL": "http://127.0.0.1:8082",
        "TANDEM_LIMIT_MESSAGES": "10000/second",
        "TANDEM_LIMIT_VISITORS": "1000000/hour",
        "TANDEM_NODE_LOST_S": str(LOST_S),
        **more,
    }


def start_all(replicas: list[Replica]) -> None:
    """Starts them side by side, because each spends seconds on imports."""
    for one in replicas:
        one.var.mkdir(parents=True, exist_ok=True)
        one.launch()
    for one in replicas:
        one.until_ready()


@contextlib.contextmanager
def running(folder: Path, count: int, settings: dict[str, str]) -> Iterator[list[Replica]]:
    """So many replicas with these settings, ready."""
    replicas = [Replica(folder / f"replica{number}", free_port(), **settings) for number in range(count)]
    with ExitStack() as stack:
        for one in replicas:
            stack.callback(end, one)
        start_all(replicas)
        yield replicas


def end(replica: Replica) -> None:
    """Whatever state a test has left it in."""
    with contextlib.suppress(ProcessLookupError):
        replica.go_on()
    replica.kill()


class Town:
    """A tenant on replicas, with the people that a test needs; `database` looks behind the scenes."""

    def __init__(self, replicas: list[Replica], tenant: Tenant, database: Database) -> None:
        self.replicas = replicas
        self.tenant = tenant
        self.database = database
        self._people: list[Customer | Desk] = []

    async def customer(self, on: int, *, token: str | None = None) -> Customer:
        """A visitor whose browser talks to one replica; with a token the one whom another replica knows."""
        one = Customer(self.replicas[on].url, self.tenant.id)
        self._people.append(one)

        async def let_in() -> bool:  # a busy gateway asks newcomers to wait a little
            try:
                await one.arrive(token=token)
            except AssertionError as refused:
                if not str(refused).startswith("503"):
                    raise
                return False
            return True

        await eventually(let_in, "a new visitor is let in", within=60, pause=0.5)
        return one

    async def moved(self, customer: Customer, *, to: int) -> Customer:
        """The same browser, connected to another replica."""
        twin = await self.customer(to, token=customer.token)
        assert twin.contact == customer.contact
        twin.conversation = customer.conversation
        return twin

    async def agent(self, name: str, on: int, *, role: Role = Role.AGENT, **changes: Any) -> Desk:
        """An agent who signs in on one replica."""
        agent = person(name, tenant=self.tenant.id, role=role, **{"status": Status.OFFLINE, "capacity": 5, **changes})
        await self.database.write(lambda tx: agents.save(tx.connection, agent, PASSWORD_HASH))
        return await self.signed_in(name, agent.id, agent.email, on)

    async def signed_in(self, name: str, agent: str, email: str, on: int) -> Desk:  # noqa: ARG002
        desk = Desk(self.replicas[on].url, self.tenant.id, agent, email)
        self._people.append(desk)
        accepted(await desk.sign_in())
        accepted(await desk.post("/v1/agents/me/presence", {"status": "online"}))
        return desk

    async def reconnected(self, desk: Desk) -> Desk:
        """The same session of an agent on a connection that is opened anew: idle ones are closed after a stall."""
        twin = Desk(desk.url, self.tenant.id, desk.id, desk.email)
        self._people.append(twin)
        twin.http.cookies = desk.http.cookies
        twin.http.timeout = 60
        return twin

    async def conversation(self, name: str) -> Conversation:
        return await self.database.read(lambda connection: store.find(connection, self.tenant.id, name))

    async def entries(self, conversation: str) -> list[Entry]:
        """The timeline as the database has it."""
        return await self.database.read(lambda c: store.entries_after(c, self.tenant.id, conversation, 0))

    async def waiting(self, on: int, text: str = "hello") -> tuple[Customer, str]:
        """A customer in the queue, and the id of the handoff; some agent must have a desk open."""
        customer = await self.customer(on)
        await customer.write(text)
        await customer.answered(within=WITHIN_S)
        await customer.ask_human()
        found = await self.conversation(customer.conversation)
        assert found.handoff is not None
        return customer, found.handoff

    async def leave(self) -> None:
        for one in self._people:
            with contextlib.suppress(Exception):  # its replica may be dead
                await one.leave()
            await one.http.aclose()


@contextlib.asynccontextmanager
async def town(replicas: list[Replica]) -> AsyncIterator[Town]:
    """A fresh tenant."""
    database = open_database(replicas[0].database_url, Bell(), notify=False)
    tenant = as_0_1_knows_it(shop(new_id("shop").lower()))
    await database.write(lambda tx: tenants.save(tx.connection, tenant))
    one = Town(replicas, tenant, database)
    try:
        yield one
    finally:
        await one.leave()
        await database.close()


def as_0_1_knows_it(tenant: Tenant) -> Tenant:
    """Without what release 0.1 refuses, as any setting that it does not know: such wait until the upgrade is over."""
    raw = tenant.settings.model_dump(mode="json", exclude_none=True)
    codes, queues = (
        [{key: one[key] for key in one if key in known} for one in raw[part]]
        for part, known in (("wrap_up_codes", ("id", "zh", "en")), ("queues", ("id", "name", "mode")))
    )
    known_then = {key: value for key, value in raw.items() if key not in ("widget", "desk")}
    plain = known_then | {"wrap_up_codes": codes, "queues": queues}
    return tenant.model_copy(update={"settings": TenantSettings.model_validate(plain)})


async def eventually(
    condition: Callable[[], Awaitable[Any]], what: str, *, within: float = WITHIN_S, pause: float = 0.05
) -> Any:
    """The first true value that the condition gives; fails with `what` when it does not come."""
    until = time.monotonic() + within
    while True:
        found = await condition()
        if found:
            return found
        assert time.monotonic() < until, f"not within {within:.0f} s: {what}"
        await asyncio.sleep(pause)


def gapless(entries: list[Entry]) -> list[str]:
    """The texts of all messages, once the numbers and the client ids are found dense and single."""
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    mids = [entry.mid for entry in entries]
    assert len(set(mids)) == len(mids)
    return [str(entry.body["text"]) for entry in entries if "text" in entry.body]


async def sql(url: str, *statements: str) -> None:
    """Runs statements outside of everything."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
