"""Houses on gateways of their own, for tests that turn the clock, hold the bot or play the platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.sealing import Seal
from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.web.conftest import House


@pytest.fixture
def own_house(open_gateway: Callable[..., Any], build_house: Callable[..., Any]) -> Callable[..., Awaitable[House]]:
    """`await own_house(bot=…, clock=…, offer_s=1)`: a tenant on a gateway of this test alone, swept all the time."""

    async def opened(**options: Any) -> House:
        house: House = await build_house(open_gateway(**{"sweep_s": 0.05, "limit_messages": "1000/second", **options}))
        return house

    return opened


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    """A messaging platform; `connect` gives it an account."""
    one = FakePlatform()
    yield one
    one.close()


@pytest.fixture
def connect(platform: FakePlatform) -> Callable[[House], Awaitable[FakePlatform]]:
    """`await connect(house)`: the platform, with an account of the house's tenant on the signed API."""

    async def connected(house: House) -> FakePlatform:
        settings = house.gateway.settings
        account = new_account(house.tenant.id, "api", "Shop app", {"url": platform.url}, settings)
        seal = Seal(settings.encryption_key.get_secret_value())
        await house.database.write(lambda tx: accounts.add(tx.connection, account, seal))
        platform.connect(webhook(account, settings), *account.every("secret"))
        return platform

    return connected
