"""A gateway with a channel account, and the platform on its other side."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import outbox, outbox_worker, tables
from handoff_service.bell import Bell
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.channels import caller, line
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.model import Account
from handoff_service.channels.sealing import Seal
from handoff_service.conversations import store
from handoff_service.database import Database, open_database
from handoff_service.ids import new_id
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.conftest import TEMPLATE, _apart, _sql
from tests.handoff_service.stage import ScriptedBot, answer, shop, trial_settings
from tests.handoff_service.web.conftest import far_bot, open_gateway  # noqa: F401
from tests.handoff_service.web.serving import Gateway, GatewayProcess, free_port

KEY = "k" * 40


@pytest.fixture(scope="module", autouse=True)
def patient_with_nothing() -> Iterator[None]:
    """Gateways of this process look for what is to be tried again at once: how they are paced is shown elsewhere.

    A token is fetched anew as soon as it is refused, unless it has only just been fetched.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox_worker, "POLL_S", 0.1)
        patch.setattr(outbox, "LONGEST_WAIT_S", 0.1)
        patch.setattr(caller, "SELDOM", timedelta(seconds=0.05))
        patch.setattr(line, "TOO_FAST_S", 0.1)
        yield


class Office:
    """A tenant with one API account on a running gateway, its platform, and the database behind it."""

    def __init__(self, url: str, settings: Settings, platform: FakePlatform) -> None:
        self.url = url
        self.platform = platform
        self.tenant = new_id("shop").lower()
        self.settings = settings.model_copy(update={"gateway_url": url})
        self.seal = Seal(self.settings.encryption_key.get_secret_value())
        self.database: Database = open_database(self.settings.database, Bell())

    async def open(self, **changes: Any) -> Account:
        """Makes the tenant and its account, and connects the platform."""
        await self.database.write(lambda tx: tenants.save(tx.connection, shop(self.tenant)))
        account = new_account(self.tenant, "api", "Shop app", {"url": self.platform.url}, self.settings)
        account = Account(**{**vars(account), **changes})
        await self.database.write(lambda tx: accounts.add(tx.connection, account, self.seal))
        self.platform.connect(webhook(account, self.settings), *account.every("secret"))
        return account

    async def close(self) -> None:
        """What is still to be delivered is given up: the gateway goes on."""
        mine = tables.channel_accounts.c.tenant == self.tenant
        closed = sa.update(tables.channel_accounts).where(mine).values(disabled=True)
        await self.database.write(lambda tx: tx.connection.execute(closed))
        await self.database.close()

    async def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        """Every row of this tenant."""
        query = sa.select(table).where(table.c.tenant == self.tenant)
        return await self.database.read(lambda c: [dict(row) for row in c.execute(query).mappings()])

    async def timeline(self, conversation: str) -> list[Any]:
        return await self.database.read(lambda c: store.entries_after(c, self.tenant, conversation, 0))

    async def deliveries(self) -> dict[int, str]:
        """States of the deliveries by seq."""
        found = await self.rows(tables.outbox)
        return {row["seq"]: row["state"] for row in found if row["destination"] == "channel"}


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test is marked with `on_both`."""
    return str(request.param)


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    one = FakePlatform()
    yield one
    one.close()


class Bots:
    """The bot of a shared gateway: each tenant has a script of his own."""

    name = "scripted"

    def __init__(self) -> None:
        self.scripts: dict[str, ScriptedBot] = {}

    async def ask(self, request: TurnRequest) -> Answer:
        return await self.scripts[request.tenant].ask(request)


@pytest.fixture(scope="module")
def bots() -> Bots:
    return Bots()


@pytest.fixture(scope="module")
def shared_gateways(
    request: pytest.FixtureRequest, fast_folder: Path, sqlite_template: Path, bots: Bots
) -> Iterator[Callable[[str], Gateway]]:
    """`shared_gateways("sqlite")`: one gateway for all tests of a file, started when it is asked for the first time.

    Each test has a tenant of its own, and tenants do not meet.
    """
    running: dict[str, Gateway] = {}

    def of(engine: str) -> Gateway:
        if engine not in running:
            path = fast_folder / f"{new_id('shared')}.sqlite"
            database_url = f"sqlite:///{path}"
            if engine == "postgresql":
                postgres, name = request.getfixturevalue("postgres"), new_id("shared").lower()
                _apart(_sql(postgres("postgres"), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"))
                database_url = postgres(name)
            else:
                shutil.copy(sqlite_template, path)
            var, nowhere = path.with_suffix(""), "http://127.0.0.1:9"
            running[engine] = Gateway(
                trial_settings(database_url=database_url, var=var, kb_index_url=nowhere),
                bot=bots,  # type: ignore[arg-type]
            )
            running[engine].start()
        return running[engine]

    yield of
    for one in running.values():
        one.stop()


@pytest.fixture
async def open_office(
    request: pytest.FixtureRequest,
    engine: str,
    shared_gateways: Callable[[str], Gateway],
    bots: Bots,
    platform: FakePlatform,
) -> AsyncIterator[Callable[..., Awaitable[Office]]]:
    """`await open_office(bot=…)`: an account on the shared gateway; with `delivery_deadline_s=…` on one of its own."""
    offices: list[Office] = []

    async def opened(*, account: dict[str, Any] | None = None, bot: Any = None, **options: Any) -> Office:
        bot = bot or ScriptedBot(usually=answer("Three days."))
        own = request.getfixturevalue("open_gateway")(bot=bot, **options) if options else None
        gateway = own or shared_gateways(engine)
        office = Office(gateway.url, gateway.settings, platform)
        bots.scripts[office.tenant] = bot
        offices.append(office)
        await office.open(**(account or {}))
        return office

    yield opened
    for office in offices:
        await office.close()


@pytest.fixture
async def office(open_office: Callable[..., Awaitable[Office]]) -> Office:
    return await open_office()


@pytest.fixture
async def start_office(
    tmp_path: Path,
    database_url: str,
    far_bot: Any,  # noqa: F811
    platform: FakePlatform,
) -> AsyncIterator[Callable[..., Awaitable[tuple[Office, GatewayProcess]]]]:
    """`await start_office(FAILPOINTS=…)`: the same, with the gateway as a process that may be killed."""
    offices: list[Office] = []
    processes: list[GatewayProcess] = []

    async def started(**environment: str) -> tuple[Office, GatewayProcess]:
        named = {f"TANDEM_{name}": value for name, value in environment.items()}
        process = GatewayProcess(
            tmp_path,
            free_port(),
            TANDEM_DATABASE_URL=database_url,
            TANDEM_BOT_URL=far_bot.url,
            TANDEM_ENCRYPTION_KEY=KEY,
            **named,
        )
        processes.append(process)
        process.start()
        settings = trial_settings(var=tmp_path, database_url=database_url, encryption_key=KEY)
        office = Office(process.url, settings, platform)
        offices.append(office)
        await office.open()
        return office, process

    yield started
    for process in processes:
        process.kill()
    for office in offices:
        await office.database.close()
