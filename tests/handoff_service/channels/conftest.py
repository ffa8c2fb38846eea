"""A gateway with a channel account, and the platform on its other side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.bell import Bell
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
from tests.handoff_service.stage import ScriptedBot, answer, shop, trial_settings
from tests.handoff_service.web.conftest import far_bot, open_gateway  # noqa: F401
from tests.handoff_service.web.serving import Gateway, GatewayProcess, free_port

KEY = "k" * 40


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


@pytest.fixture
async def open_office(
    open_gateway: Callable[..., Gateway],  # noqa: F811
    platform: FakePlatform,
) -> AsyncIterator[Callable[..., Awaitable[Office]]]:
    """`await open_office(bot=…, delivery_deadline_s=…)`: a gateway of this test alone with an account."""
    offices: list[Office] = []

    async def opened(*, account: dict[str, Any] | None = None, bot: Any = None, **options: Any) -> Office:
        gateway = open_gateway(bot=bot or ScriptedBot(usually=answer("Three days.")), **options)
        office = Office(gateway.url, gateway.settings, platform)
        offices.append(office)
        await office.open(**(account or {}))
        return office

    yield opened
    for office in offices:
        await office.database.close()


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
