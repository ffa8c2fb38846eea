"""Douyin's access token is renewed by its refresh token, that one by itself, and its final end is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service import metrics
from handoff_service.bell import Bell
from handoff_service.callers import operator
from handoff_service.channels import accounts, cursors, doctor, store
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.renew import Renewer
from handoff_service.channels.sealing import Seal
from handoff_service.conversations.change import Context
from handoff_service.database import Database, open_database
from handoff_service.tenants import store as tenants
from tests.handoff_service.channels.platforms.chinese import FakeDouyin
from tests.handoff_service.channels.platforms.fake import Response
from tests.handoff_service.stage import shop
from tests.handoff_service.web.serving import on_both

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def far() -> Iterator[FakeDouyin]:
    one = FakeDouyin()
    yield one
    one.close()


class Merchant:
    """A tenant with one account, in a year that passes quickly."""

    def __init__(self, settings: Any, database: Database, client: httpx2.AsyncClient, far: FakeDouyin) -> None:
        self.settings, self.database, self.far, self.now = settings, database, far, NOW
        self.seal, self.caller = Seal(settings.encryption_key.get_secret_value()), Caller(client, lambda: self.now)
        self.made = accounts.new_account("shop", "douyin", "x", far.fields(), settings, lambda: self.now)

    def gateway(self, node: str = "n_1") -> Renewer:
        return Renewer(self.database, Bell(), self.caller, self.settings, lambda: self.now, node=node)

    async def account(self) -> Account:
        return await self.database.read(lambda c: store.find(c, "shop", self.made.id, self.seal))

    async def pass_days(self, renewer: Renewer, days: int) -> None:
        for _ in range(days):
            self.now += DAY
            self.far.refresh_lasts_s -= 24 * 3600
            await renewer.look()

    async def told(self) -> dict[str, tuple[str, str]]:
        known = await self.account()
        return {one.about: (one.level, one.words) for one in doctor.of_history(known, CHANNELS["douyin"], self.now)}

    async def rotate(self, **given: str) -> None:
        context = Context(self.settings, self.now)
        caller, name = operator("shop"), self.made.id
        await self.database.write(lambda tx: accounts.rotate(tx, caller, name, given, self.seal, context))

    def asked(self, path: str) -> int:
        return sum(call.path == f"/oauth/{path}/" for call in self.far.calls)


@pytest.fixture
async def merchant(settings: Any, far: FakeDouyin) -> AsyncIterator[Merchant]:
    database = open_database(settings.database, Bell())
    await database.write(lambda tx: tenants.save(tx.connection, shop("shop")))
    async with httpx2.AsyncClient() as client:
        one = Merchant(settings, database, client, far)
        await database.write(lambda tx: store.add(tx.connection, one.made, one.seal))
        yield one
    await database.close()


@on_both
async def test_what_is_given_is_renewed_at_once_and_then_before_it_ends(merchant: Merchant, far: FakeDouyin) -> None:
    renewer = merchant.gateway()
    assert (await merchant.account()).token_until is None, "nobody has to say when it ends"
    far.refresh_lasts_s = 20 * 24 * 3600  # it was not new when it was given
    await renewer.look()
    known = await merchant.account()
    assert (known.token_until, known.refresh_until) == (NOW + 15 * DAY, NOW + 20 * DAY)
    await merchant.pass_days(renewer, 8)
    assert merchant.asked("refresh_token") == 1, "seven days before its end, and not earlier"
    await merchant.pass_days(renewer, 1)
    assert merchant.asked("refresh_token") == 2
    assert (await merchant.account()).token_until == NOW + 24 * DAY
    told = await merchant.told()
    assert told["token"] == ("ok", "The access token is good until 2026-12-16T09:00:00.000Z.")
    assert told["renewal"][0] == "ok"


async def test_a_merchant_is_asked_again_after_half_a_year_and_knows_it_before(
    merchant: Merchant, far: FakeDouyin
) -> None:
    renewer = merchant.gateway()
    await renewer.look()
    await merchant.pass_days(renewer, 140)
    known = await merchant.account()
    assert (far.renewals, known.refresh_is_last) == (0, None)
    assert known.secret("refresh_token") == far.refresh_token
    assert (await merchant.told())["renewal"][0] == "ok"
    while not known.refresh_is_last:
        await merchant.pass_days(renewer, 1)
        known = await merchant.account()
    assert merchant.now - NOW >= 160 * DAY, "six refresh tokens, each used until three days before its end"
    level, words = (await merchant.told())["renewal"]
    assert (level, "does not prolong it again" in words) == ("warning", True)
    assert known.token_until is not None
    assert known.token_until > merchant.now, "it still works"
    tried = merchant.asked("renew_refresh_token")
    await merchant.pass_days(renewer, 2)
    assert merchant.asked("renew_refresh_token") == tried, "its word is taken"
    metrics.set_accounts(await merchant.database.read(store.standing))
    (end,) = re.findall(r'token_end_timestamp_seconds\{channel="douyin"\} (\S+)', metrics.page().decode())
    assert known.refresh_until is not None
    assert float(end) == known.refresh_until.timestamp(), "the alarm is about the person who must come"
    await merchant.pass_days(renewer, 40)
    levels = {about: level for about, (level, _) in (await merchant.told()).items()}
    assert (levels["token"], levels["renewal"]) == ("wrong", "wrong")
    calls = len(far.calls)
    await renewer.look()
    assert len(far.calls) == calls, "nothing is asked in vain"

    far.renewals, far.refresh_lasts_s, far.token, far.refresh_token = 5, 30 * 24 * 3600, "act.anew-012", "rft.anew-012"
    await merchant.rotate(access_token=far.token, refresh_token=far.refresh_token)
    await renewer.look()
    known = await merchant.account()
    assert (known.refresh_is_last, known.token_until) == (False, merchant.now + 15 * DAY)


async def test_a_consent_that_was_withdrawn_is_told(merchant: Merchant, far: FakeDouyin) -> None:
    far.refresh_token = "rft.of-somebody-else"
    await merchant.gateway().look()
    known = await merchant.account()
    assert (known.refresh_until, known.refresh_is_last) == (NOW, True)
    assert "10010" in (known.last_error or "")
    assert (await merchant.told())["renewal"][0] == "wrong"


@on_both
async def test_two_gateways_renew_once_and_what_somebody_gave_meanwhile_stays(
    merchant: Merchant,
) -> None:
    one, other = merchant.gateway("n_1"), merchant.gateway("n_2")
    await asyncio.gather(one.look(), other.look())
    assert merchant.asked("refresh_token") == 1
    known = await merchant.account()
    await merchant.rotate(access_token="act.by-a-person", refresh_token="rft.by-a-person")
    given = {"refresh_token": "rft.too-late"}
    ends: dict[str, Any] = {"token_until": None, "refresh_until": None}
    kept = await merchant.database.write(
        lambda tx: store.renewed(tx.connection, known, given, **ends, seal=merchant.seal)
    )
    assert not kept
    assert (await merchant.account()).secret("refresh_token") == "rft.by-a-person"
    held = await merchant.database.write(lambda tx: cursors.lease(tx.connection, "shop", known.id, "n_3", merchant.now))
    assert held == "", "nobody holds on to it"


async def test_a_platform_that_is_away_is_asked_again_later(merchant: Merchant, far: FakeDouyin) -> None:
    renewer, real = merchant.gateway(), far.answer
    far.answer = lambda _: Response(status=503)  # type: ignore[method-assign]
    await renewer.look()
    await renewer.look()
    assert merchant.asked("refresh_token") == 1, "not at once"
    known = await merchant.account()
    assert known.refresh_is_last is None
    assert known.last_error
    far.answer = real  # type: ignore[method-assign]
    renewer._not_before.clear()  # a minute later
    await renewer.look()
    assert (await merchant.account()).token_until == NOW + 15 * DAY


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"error_code": 0},
        {"error_code": [0], "access_token": "act.x"},
        {"error_code": 0, "access_token": ""},
        {"error_code": 2100004, "description": "busy"},
    ],
)
async def test_whatever_the_platform_answers_the_account_is_tried_again(
    merchant: Merchant, far: FakeDouyin, data: Any
) -> None:
    far.answer = lambda _: Response(body={"data": data})  # type: ignore[method-assign]
    await merchant.gateway().look()
    known = await merchant.account()
    assert (known.refresh_is_last, known.secret("access_token")) == (None, "act.0123456789")
    assert known.last_error


async def test_an_end_that_no_calendar_holds_is_taken_for_the_usual_one(merchant: Merchant, far: FakeDouyin) -> None:
    told = {"error_code": 0, "access_token": "act.another", "expires_in": "9" * 40, "refresh_expires_in": -1}
    far.answer = lambda _: Response(body={"data": told})  # type: ignore[method-assign]
    await merchant.gateway().look()
    known = await merchant.account()
    assert (known.token_until, known.refresh_until) == (NOW + 15 * DAY, NOW + 30 * DAY)
    assert known.secret("access_token") == "act.another"


async def test_a_rotation_that_is_under_way_keeps_both_secrets_of_the_webhook(merchant: Merchant) -> None:
    await merchant.rotate(client_secret="another0123456789")
    await merchant.gateway().look()
    known = await merchant.account()
    assert len(known.every("client_secret")) == 2
    assert known.token_until == NOW + 15 * DAY


async def test_without_a_refresh_token_nobody_is_asked(settings: Any, merchant: Merchant, far: FakeDouyin) -> None:
    given = {name: value for name, value in far.fields().items() if name != "refresh_token"}
    alone = accounts.new_account("shop", "douyin", "y", given, settings, lambda: NOW)
    assert alone.token_until == NOW + 15 * DAY
    await merchant.database.write(lambda tx: store.add(tx.connection, alone, merchant.seal))
    merchant.now = NOW + 14 * DAY
    await merchant.gateway().look()
    assert merchant.asked("refresh_token") == 1, "the other account's"
