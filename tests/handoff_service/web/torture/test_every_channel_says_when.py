"""Fault: "every channel × hours × presence", over every adapter: out of hours, or with nobody there, whoever asks for a
person gets a promise on the channel on which he asked; with somebody there, his place in the line.

Hours and presence in all their mixtures are in test_channels_hours_presence.py, over the widget and the signed API.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels import store as accounts
from handoff_service.channels.accounts import new_account, webhook
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.handoffs.wait import standing
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.channels.platforms.signed_api import FakeIntegrator
from tests.handoff_service.stage import ScriptedBot
from tests.handoff_service.web.conftest import House, by_text
from tests.handoff_service.web.torture.rules import AGES, configure, events, holds, owned_by, queue, until

ANN = "1111111"
EVERYBODY = {**PLATFORMS, "api": FakeIntegrator}
WITHIN_S = 30.0


def as_read(day: datetime, hour: str) -> set[str]:
    return {f"{day.month}月{day.day}日 {hour}", f"{day.day} {day:%B}, {hour}"}


def opening() -> tuple[list[dict[str, Any]], set[str]]:
    """Hours that begin in three days, by the clock on the wall, and how that moment reads in both languages."""
    day = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)
    hours = [{"days": [f"{day:%a}".lower()], "from": "02:00", "to": "04:00"}]
    return hours, as_read(day, "02:00")


@pytest.fixture
async def connected(own_house: Callable[..., Awaitable[House]]) -> AsyncIterator[tuple[House, list[Platform]]]:
    """A tenant with an account on every platform there is."""
    house = await own_house(bot=ScriptedBot(usually=by_text), **AGES)
    settings, fars = house.gateway.settings, [one() for _, one in sorted(EVERYBODY.items())]
    seal = Seal(settings.encryption_key.get_secret_value())
    for far in fars:
        account = new_account(house.tenant.id, far.channel, far.channel, far.fields(), settings)
        await house.database.write(lambda tx, one=account: accounts.add(tx.connection, one, seal))  # type: ignore[misc]
        far.connect(account, webhook(account, settings))
    yield house, fars
    for far in fars:
        far.close()


async def asks(house: House, far: Platform) -> str:
    """A customer asks for a person there; the conversation."""
    await asyncio.to_thread(far.insist, far.text(ANN, "human please"), for_s=WITHIN_S)
    assert far.account is not None
    C = tables.conversations.c
    query = sa.select(C.id).where(C.tenant == house.tenant.id, C.account == far.account.id)
    return str(await until(lambda: house.database.read(lambda c: c.execute(query).scalar_one_or_none())))


async def told_on_asking(house: House, far: Platform, owner: str) -> str:
    """What he is told, once it has reached him; checked on the way. He waits with this owner then."""
    place = await asks(house, far)
    await owned_by(house, place, owner)
    entries = await holds(house, place)
    assert events(entries) == ["opened", "asked"], far.channel
    (told,) = [one.body["text"] for one in entries if one.kind == "state" and one.body["event"] == "asked"]
    end = time.monotonic() + WITHIN_S
    while not any(one.contact == ANN and one.text.startswith(told) for one in far.received):
        assert time.monotonic() < end, f"{far.channel}: {told!r} is not among {[one.text for one in far.received]}"
        await asyncio.sleep(0.05)
    return str(told)


@pytest.mark.parametrize("why", ["closed", "nobody"])
async def test_who_asks_in_vain_reads_on_his_own_channel_when_he_gets_an_answer(
    connected: tuple[House, list[Platform]], why: str
) -> None:
    house, fars = connected
    assert {far.channel for far in fars} == set(CHANNELS)
    hours, dates = opening()
    if why == "nobody":  # the promise is of two days
        dates = as_read(datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=2), "")
    await configure(house, queues=[queue(hours=hours if why == "closed" else [])])
    if why == "closed":  # somebody is there, but not on duty
        lin = await house.agent("lin")
        await lin.socket()
    told = await asyncio.gather(*(told_on_asking(house, far, "mailbox") for far in fars))
    for far, text in zip(fars, told, strict=True):
        assert any(date in text for date in dates), (far.channel, text)


async def test_who_waits_for_a_person_who_is_there_reads_on_his_own_channel_which_place_he_has(
    connected: tuple[House, list[Platform]],
) -> None:
    """Everybody waits in one line, so each is told another place."""
    house, fars = connected
    assert {far.channel for far in fars} == set(CHANNELS)
    await configure(house, queues=[queue()])
    lin = await house.agent("lin")
    await lin.socket()
    places = {}
    for far in fars:  # one after the other, so that the line is known
        text = await told_on_asking(house, far, "queue")
        places[far.channel] = len(places) + 1
        standings = {standing(places[far.channel], None, language) for language in ("zh", "en")}
        assert any(one and one in text for one in standings), (far.channel, places[far.channel], text)
