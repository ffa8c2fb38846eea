"""WeChat's own rules: official vectors, the address check, tokens that end, windows, events."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from handoff_service.channels.model import Account, Checked, WebhookRequest
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.weixin_cipher import decipher, encipher, signature
from handoff_service.errors import Malformed, Unauthorized
from tests.handoff_service.channels.platforms.fake import Hook
from tests.handoff_service.channels.platforms.wechat import FakeWeChat
from tests.handoff_service.stage import ScriptedBot, answer

# Published by Tencent (developers.weixin.qq.com, message push, "encryption").
TOKEN, KEY, APP = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR"
    "8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km3"
    "2IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
# WeCom (developer.work.weixin.qq.com): the same cipher, the CorpID as owner.
CORP_KEY, CORP = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="


@pytest.fixture
def far() -> Any:
    one = FakeWeChat()
    yield one
    one.close()


def the_account(**secrets: str) -> Account:
    given = {"token": TOKEN, "aes_key": KEY, "app_secret": "s", **secrets}
    return Account(
        tenant="t",
        id="a",
        channel="wechat",
        name="W",
        options={"app_id": APP},
        secrets=(given,),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_official_vectors_of_signature_and_cipher() -> None:
    assert signature(TOKEN, "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    assert signature(TOKEN, "1714112445", "415670741", SEALED) == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert b'"debug_str":"hello world"' in decipher(KEY, SEALED, owner=APP)
    sealed = encipher(KEY, b'{"demo_resp":"good luck"}', owner=APP, random=b"707722b803182950")
    assert sealed == "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    assert signature(TOKEN, "1713424427", "415670741", sealed) == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    with pytest.raises(Unauthorized):
        decipher(KEY, SEALED, owner="wx_other")
    assert decipher(CORP_KEY, ECHO, owner=CORP) == b"1616140317555161061"
    assert signature("QDG6eK", "1409659589", "263014780", ECHO) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"


@pytest.mark.parametrize("spoilt", ["", "AAAA", SEALED[:-4], "A" + SEALED[1:], SEALED[:-8] + "AAAAAAA="])
def test_a_spoilt_cipher_text_is_refused(spoilt: str) -> None:
    with pytest.raises(Unauthorized):
        decipher(KEY, spoilt, owner=APP)
    with pytest.raises(Unauthorized):
        decipher(KEY, SEALED, owner="wxsomebodyelse0000")


def test_the_official_push_is_read_and_its_event_is_nobodys() -> None:
    query = {
        "timestamp": "1714112445",
        "nonce": "415670741",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    request = WebhookRequest(b'{"ToUserName":"gh_97417a04a28d","Encrypt":"%s"}' % SEALED.encode(), {}, "POST", query)
    wechat = CHANNELS["wechat"]
    checked = wechat.check(the_account(), request)
    assert wechat.parse(the_account(), checked).events == []
    with pytest.raises(Unauthorized):
        wechat.check(the_account(token="BBBBB"), request)
    plain = replace(
        request, query={**query, "signature": signature(TOKEN, "1714112445", "415670741")}, raw=b"<xml><a/></xml>"
    )
    with pytest.raises(Unauthorized, match="安全模式"):
        wechat.check(the_account(), plain)


def test_events_without_a_number_are_told_apart_by_who_when_and_what() -> None:
    """F-02: two keys pressed in one second are two events; the same event sent again is one."""

    def event(key: str, created: str = "1700000000", contact: str = "o1") -> str:
        pressed = {
            "FromUserName": contact,
            "CreateTime": created,
            "MsgType": "event",
            "Event": "CLICK",
            "EventKey": key,
        }
        raw = json.dumps(pressed).encode()
        checked = Checked(body=raw, request=WebhookRequest(raw, {}, "POST", {}))
        (happening,) = CHANNELS["wechat"].parse(the_account(), checked).events
        return happening.event_id

    told = [event("orders"), event("help"), event("orders", created="1700000001"), event("orders", contact="o2")]
    assert len(set(told)) == 4
    assert event("orders") == told[0]


def test_a_document_type_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>'
    with pytest.raises(Malformed):
        CHANNELS["wechat"].check(the_account(), WebhookRequest(bomb, {}, "POST", {"timestamp": "1", "nonce": "2"}))


@pytest.mark.usefixtures("bridge")
async def test_the_address_is_confirmed_to_the_letter(far: FakeWeChat) -> None:
    assert far.account is not None
    stamp, nonce = "1714036504", "1514711492"
    signed = signature(far.account.secret("token"), stamp, nonce)
    query = {"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": "4375120948345356249"}
    answered = await asyncio.to_thread(far.send, Hook(b"", {}, "GET", urlencode(query)))
    assert (answered.status, answered.body) == (200, b"4375120948345356249")
    wrong = await asyncio.to_thread(far.send, Hook(b"", {}, "GET", urlencode({**query, "nonce": "1"})))
    assert wrong.status == 401


async def test_a_token_that_ended_is_fetched_once_more(open_bridge: Any, far: FakeWeChat) -> None:
    bridge = await open_bridge()
    far.token = "a token that another program has fetched"
    await bridge.sends(far.text("ann", "hello"))
    await bridge.receives("ann", "Three days.")
    far.token = "renewed by WeChat"
    await bridge.sends(far.text("ann", "and again"))
    await bridge.until(lambda: len(far.received) == 2)
    assert set((await bridge.settled()).values()) == {"sent"}
    assert [one.text for one in far.received] == ["Three days."] * 2
    assert sum(call.path.endswith("stable_token") for call in far.calls) == 2


async def test_what_the_bot_says_is_one_message_when_few_are_left(open_bridge: Any, far: FakeWeChat) -> None:
    """Five are allowed and one is kept for people: the fourth, fifth and sixth bubble go as the fourth message."""
    said = [answer(f"bubble {number}").messages[0] for number in range(1, 7)]
    bridge = await open_bridge(bot=ScriptedBot(usually=replace(answer(), messages=said)))
    await bridge.sends(far.text("ann", "tell me everything"))
    assert set((await bridge.settled()).values()) == {"sent"}
    assert [one.text for one in far.received] == [
        "bubble 1",
        "bubble 2",
        "bubble 3",
        "bubble 4\n\nbubble 5\n\nbubble 6",
    ]
    assert await bridge.notes() == []


async def test_the_last_of_five_messages_is_kept_for_people(open_bridge: Any, far: FakeWeChat) -> None:
    long = "\n".join("一二三四五六七八九十" * 12 for _ in range(40))
    bridge = await open_bridge(bot=ScriptedBot(usually=answer(long)))
    await bridge.sends(far.text("ann", "tell me everything"))
    await bridge.settled()
    assert len(far.received) == 4
    (note,) = await bridge.notes()
    assert "平台允许的回复条数已用完" in note
