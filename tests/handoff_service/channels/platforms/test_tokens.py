"""Tokens that end (F-16): files are fetched with a fresh one; gateways that end each other's tokens both deliver."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest

from handoff_service import tables
from handoff_service.app import create_app
from handoff_service.channels import caller as ways
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Caller
from handoff_service.channels.guarded_fetch import pieces
from handoff_service.channels.model import Media, Outbound
from handoff_service.channels.registry import CHANNELS
from handoff_service.errors import NotDelivered
from tests.handoff_service.channels.platforms.conftest import PATIENCE_S, Bridge
from tests.handoff_service.channels.platforms.fake import Call, Platform, Response
from tests.handoff_service.channels.platforms.test_files import PNG, entries
from tests.handoff_service.stage import trial_settings

ANN = "1111111"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FETCHED = ["feishu", "wechat", "wechat_mini", "wecom"]  # tokens that we fetch, and that files need
TOKEN_PATHS = ("stable_token", "gettoken", "tenant_access_token/internal")


def asked_for_tokens(far: Platform) -> int:
    return sum(call.path.endswith(TOKEN_PATHS) for call in far.calls)


@pytest.mark.parametrize("far", FETCHED, indirect=True)
async def test_a_picture_comes_although_the_token_has_ended(bridge: Bridge, far: Platform) -> None:
    await bridge.sends(far.photo(ANN, PNG))
    await entries(bridge, lambda row: "file" in row["body"])
    before = asked_for_tokens(far)
    await asyncio.sleep(0.1)  # SELDOM of these tests
    assert far.expire()
    assert far.accepted(await bridge.sends(far.photo(ANN, PNG)))
    end = time.monotonic() + PATIENCE_S
    while len(await bridge.rows(tables.files)) < 2:
        assert time.monotonic() < end, "it was asked for with a token that has ended"
        await asyncio.sleep(0.05)
    assert asked_for_tokens(far) <= before + 2, "and it is not asked for over and over"


@pytest.mark.parametrize("far", ["douyin"], indirect=True)
async def test_a_picture_that_a_token_of_ours_cannot_get_has_it_renewed(bridge: Bridge, far: Platform) -> None:
    """Nobody writes meanwhile: the refusal of the picture alone must tell that the token has ended."""
    assert far.expire()
    assert far.accepted(await bridge.sends(far.photo(ANN, PNG)))
    (kept,) = await bridge.filled(tables.files)
    assert kept["size"] == len(PNG)


@pytest.mark.parametrize("far", FETCHED, indirect=True)
async def test_deliveries_files_and_fetching_share_one_token(bridge: Bridge, far: Platform) -> None:
    for number in range(3):
        await bridge.sends(far.text(ANN, f"hello {number}"))
        await bridge.sends(far.photo(ANN, PNG))
    await entries(bridge, lambda row: "file" in row["body"])
    await bridge.settled()
    assert asked_for_tokens(far) == 1


def test_a_gateway_has_one_way_to_the_platforms() -> None:
    """Three of them had three tokens, and each new one may end the others."""
    made: list[Caller] = []
    real = Caller.__init__

    def counted(self: Caller, *args: Any, **named: Any) -> None:
        made.append(self)
        real(self, *args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Caller, "__init__", counted)
        create_app(trial_settings())
    assert len(made) == 1


class Jealous:
    """A platform on which every new token ends the one before."""

    def __init__(self, far: Any) -> None:
        self.far, self._real, self.given = far, far.answer, 0
        far.answer = self._answer

    def _answer(self, call: Call) -> Response:
        if call.path.endswith(TOKEN_PATHS):
            self.given += 1
            self.far.token = f"token-number-{self.given}"
        return self._real(call)


@pytest.mark.parametrize("far", FETCHED, indirect=True)
async def test_two_gateways_that_end_each_others_tokens_both_deliver(
    far: Any, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "SELDOM", timedelta(seconds=0))
    jealous = Jealous(far)
    account = new_account("shop", far.channel, "x", far.fields(), trial_settings())
    far.left = {ANN: 1000}
    name = far.keep(PNG)
    async with httpx2.AsyncClient() as client:
        gateways = [Caller(client, lambda: NOW), Caller(client, lambda: NOW)]

        async def until_done(work: Any) -> int:
            """As the outbox does; how often it was tried."""
            for attempt in range(1, 30):
                try:
                    await work()
                except NotDelivered as error:
                    if error.final or error.uncertain:
                        raise
                    continue
                return attempt
            raise AssertionError("never delivered")

        async def says(gateway: Caller, number: int) -> None:
            parts: dict[str, Any] = {"mid": f"m_{number}", "conversation": "c_1", "contact": ANN, "seq": number}
            said = Outbound(**parts, text=f"{number}", at=NOW, author_kind="bot", author_name="")
            await CHANNELS[far.channel].send(gateway, account, said, NOW)

        async def fetches(gateway: Caller) -> None:
            ref = f"om_1/{name}" if far.channel == "feishu" else name
            found = await channel.locate(gateway, account, Media(ref=ref, kind="image"))
            assert b"".join([piece async for piece in pieces(client, found, most=1 << 20)]) == PNG

        one, other = gateways
        for number in range(10):  # in turn, and both at once
            await until_done(partial(says, one, 4 * number))
            await until_done(partial(fetches, other))
            at_once = [
                partial(says, one, 4 * number + 1),
                partial(says, other, 4 * number + 2),
                partial(fetches, other),
            ]
            assert max(await asyncio.gather(*map(until_done, at_once))) < 10
    assert sorted(int(one.text) for one in far.received) == [n for n in range(40) if n % 4 != 3]
    assert jealous.given >= 10, "they did end each other's"
