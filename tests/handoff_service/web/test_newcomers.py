"""A gateway that is behind with its work sends newcomers away, at the limit of the product, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from handoff_service import load
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.visitors import accepted, refused


@pytest.fixture(autouse=True)
def patient_with_this_machine() -> None:
    """Not here, in place of the one of all other tests: the limit is the real one."""


@dataclass
class Lag:
    """What the probe of the event loop has measured."""

    recent: float


async def test_newcomers_are_sent_away_while_work_waits_too_long(
    open_gateway: Callable[..., Gateway], build_house: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load.MOST_LAG_S == 1.0
    gateway, lag = open_gateway(), Lag(0.0)
    monkeypatch.setattr(gateway.app.state.service.load, "_lag", lag)  # how busy this machine is plays no part
    house = await build_house(gateway)
    customer, lin = await house.customer(), await house.agent("lin")
    lag.recent = 1.01
    newcomer = {"tenant": house.tenant.id, "token": None, "identity": None, "language": "en"}
    with pytest.raises(AssertionError, match="503"):
        await house.customer()
    told = await customer.post("/v1/widget/sessions", newcomer)
    assert refused(told, 503, "unavailable")["retry_after_s"] == int(told.headers["Retry-After"]) > 0
    await customer.write("hello")
    assert await customer.answered(), "who is here is served"
    accepted(await lin.get("/v1/conversations"))
    lag.recent = 0.99
    assert (await house.customer()).token
