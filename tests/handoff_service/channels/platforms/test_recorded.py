"""The payloads that the vendors' pages show, as they stand in ../recorded: signed by the documented formula, and read.

A new channel brings a folder with the samples of its documentation, a way to sign them, and a line for each in READ.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest
from cryptography import x509

from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Caller
from handoff_service.channels.mail_sns import CERTIFICATES
from handoff_service.channels.model import Account, Colleague, Inbound, Notice, Reply, WebhookRequest
from handoff_service.channels.registry import CHANNELS, WECOM
from handoff_service.channels.weixin_cipher import encipher, signature
from handoff_service.errors import Malformed, Unauthorized
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.chinese import _feishu_cipher
from tests.handoff_service.channels.platforms.mail import FakeMail
from tests.handoff_service.channels.platforms.mail_providers import FakePostmark, FakeSes, certificate_of
from tests.handoff_service.stage import trial_settings

FOLDER = Path(__file__).parent.parent / "recorded"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
STAMP, NONCE, HOOK = "1714112445", "415670741", "https://shop.example/hook"
KNOWN = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a0a.pem"
WX, WM = "oDeOAjj54GvEkkgCV2d7QV4-JLMc", "wmAJ2GCAAAme1XQRC-NI-q0_ZM9ukoAw"
KF = "_000Iuoq1hxt4Kva16Y6szdms7qujIqiwvOx"
PSID, LINED = "PSID", "U4af4980629"
# Samples of other ways to the same channel.
WAYS: Mapping[str, type[FakeMail]] = {"email/postmark.json": FakePostmark, "email/ses_received.json": FakeSes}
# What an account must be told besides what its fake says, where a sample names another one.
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "whatsapp/image.json": {"phone_number_id": "27681414235104944"},
    "wecom/callback.xml": {"open_kfid": "wkxxxxxxx"},
    "wecom/sync_msg.json": {"open_kfid": "wkAJ2GCAAASSm4_FhToWMFea0xAFfd3Q"},
}
# Of each sample: what happened (who, by which id, and the words, files or the kind of it), or the answer to a question.
READ: Mapping[str, Any] = {
    "dingtalk/text.json": [("user123", "msg0xxxxx", "你好")],
    "dingtalk/group.json": [],
    "douyin/handshake.json": {"challenge": 12345},
    "douyin/text.json": [("_000f9pF8lTroNtA9pfLjPohf1qIUzLdiWRs", "@9VxT0uuFWsE7M3Koc==", "你好")],
    "douyin_kf/text.json": [(KF, "7494460928000411111", "1")],
    "douyin_kf/image.json": [(KF, "7494460928000411112", "image:https://lf6-developer-sign.bytemastatic.com/")],
    "douyin_kf/words_alone.json": [(KF, "111111111", "this is content")],
    "email/quoted.eml": [("ann@customer.example", "", "Your order\n\n我要退货")],
    "email/postmark.json": [("myuser@theirdomain.com", "", "Test subject\n\nThis is a test text body.")],
    "email/ses_received.json": [("sender@example.com", "", "Example subject\n\nExample content")],
    "feishu/text.json": [("oc_5ce6d572455d361153b7xx51da133945", "5e3702a84e847582be8db7fb73283c02", "@Tom hello")],
    "feishu/handshake.json": {"challenge": "ajls384kdjx98XX"},
    "instagram/text.json": [("IGSID", "MESSAGE-ID", "MESSAGE-TEXT")],
    "kuaishou/envelope.json": [("k7", "u1", "还有货吗")],
    "kuaishou/console_test.json": [],
    "line/text.json": [(LINED, "01FZ74A0TDDPYRVKNK77XKC3ZR", "Hello")],
    "line/image.json": [(LINED, "01FZ74A0TDDPYRVKNK77XKC3ZS", "image:354718705033693859")],
    "line/console_check.json": [],
    "messenger/quick_reply.json": [(PSID, "m_AG5Hz2U", "hello, world!")],
    "messenger/image.json": [(PSID, "m_2", "image:https://scontent.xx.fbcdn.net/v/1")],
    "messenger/pass_thread_control.json": [(PSID, "PSID.1458692752478.pass_thread_control", "moved")],
    "slack/message.json": [("T123ABC456:D024BE91L", "Ev123ABC456", "Hello hello can you hear me?")],
    "slack/handshake.json": {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"},
    "sms/message.form": [("+14158675309", f"SM{'1':0>32}", "你好 image:https://api.twilio.com/2010-04-01/")],
    "sms/stop.form": [("+14158675309", f"SM{'2':0>32}", "left")],
    "telegram/start.json": [("1111111", "10000", "/start")],
    "telegram/photo.json": [("1111111", "10001", "坏了 image:AgACx")],
    "telegram/pressed.json": [("1111111", "10002", "csat:5")],
    "voice/speech.form": [("+14158675309", "CA1234567890ABCDE.1", "where is my parcel")],
    "wechat/text.xml": [(WX, "1234567890123456", "我要退货")],
    "wechat/image.xml": [(WX, "1234567890123457", "image:media_id")],
    "wechat_mini/text.json": [("fromUser", "1234567890123456", "this is a test")],
    "wechat_mini/image.json": [("fromUser", "1234567890123456", "image:media_id")],
    "wechat_mini/page.json": [("fromUser", "1234567890123456", "title (path)")],
    "wechat_mini/enter.json": [("fromUser", "fromUser.1482048670.user_enter_tempsession.", "opened")],
    "wecom/callback.xml": "ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR",
    "wecom/sync_msg.json": [
        (WM, "from_msgid_4622416642169452483", "hello world"),
        (WM, "m2", "image:2iSLeVyqzk4eX0IB5kTi9Ljfa2rt9dwfq5WKRQ4Nvvgw"),
        (WM, "m3", "opened"),
    ],
    "weibo/text.json": [("2489518277", "2489518277.20120716T100920.", "私信或留言内容")],
    "weibo/image.json": [("2489518277", "2489518277.20120716T100920.", "image:821469526")],
    "weibo/follow.json": [("2489518277", "2489518277.20120716T100920.", "opened")],
    "whatsapp/text.json": [
        ("MY.13491208655302741918", "wamid.HBgLNjAxNzM1MjYyMzMVAgASGBQzQUI0NkE4NjM1QTU2NjVGOURGQgA=", "Hihu")
    ],
    "whatsapp/image.json": [("16315551234", "wamid.ID", "This is a caption image:2754859441498128")],
    "whatsapp/delivered.json": [],
}


def hexed(kind: str, key: str, raw: bytes) -> str:
    return hmac.new(key.encode(), raw, kind).hexdigest()


def based(kind: str, key: str, raw: bytes) -> str:
    return base64.b64encode(hmac.new(key.encode(), raw, kind).digest()).decode()


def by_meta(account: Account, raw: bytes) -> WebhookRequest:
    return WebhookRequest(raw, {"x-hub-signature-256": f"sha256={hexed('sha256', account.secret('app_secret'), raw)}"})


def by_weixin(account: Account, raw: bytes) -> WebhookRequest:
    owner = account.options.get("app_id") or account.options["corp_id"]
    sealed = encipher(account.secret("aes_key"), raw, owner=owner, random=os.urandom(16))
    signed = signature(account.secret("token"), STAMP, NONCE, sealed)
    query = {"timestamp": STAMP, "nonce": NONCE, "msg_signature": signed}
    return WebhookRequest(f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode(), {}, query=query)


def by_twilio(account: Account, raw: bytes) -> WebhookRequest:
    url = f"{HOOK}?turn=1" if account.channel == "voice" else HOOK
    words = url + "".join(name + value for name, value in sorted(parse_qsl(raw.decode())))
    headers = {"x-twilio-signature": based("sha1", account.secret("auth_token"), words.encode())}
    return WebhookRequest(raw, headers, query={"turn": "1"} if account.channel == "voice" else {}, url=url)


def by_feishu(account: Account, raw: bytes) -> WebhookRequest:
    key = account.secret("encrypt_key")
    body = json.dumps({"encrypt": _feishu_cipher(key, raw)}).encode()
    signed = hashlib.sha256(f"{STAMP}{NONCE}{key}".encode() + body).hexdigest()
    told = {"x-lark-request-timestamp": STAMP, "x-lark-request-nonce": NONCE, "x-lark-signature": signed}
    return WebhookRequest(body, told)


def by_dingtalk(account: Account, raw: bytes) -> WebhookRequest:
    key = account.secret("app_secret")
    return WebhookRequest(
        raw, {"timestamp": f"{STAMP}000", "sign": based("sha256", key, f"{STAMP}000\n{key}".encode())}
    )


def by_douyin_kf(account: Account, raw: bytes) -> WebhookRequest:
    told = {"x-appid": "tt123", "x-msg-type": "douyin_microgame_im", "x-nonce-str": "1", "x-timestamp": f"{STAMP}000"}
    joined = "&".join(f"{name}={value}" for name, value in told.items()).encode()
    digest = hashlib.md5(joined + raw + account.secret("token").encode()).digest()
    return WebhookRequest(raw, {**told, "x-signature": base64.b64encode(digest).decode()})


def by_weibo(account: Account, raw: bytes) -> WebhookRequest:
    parts = sorted((account.secret("app_secret"), f"{STAMP}000", NONCE))
    signed = hashlib.sha1("".join(parts).encode()).hexdigest()
    return WebhookRequest(raw, {}, query={"signature": signed, "timestamp": f"{STAMP}000", "nonce": NONCE})


def by_slack(account: Account, raw: bytes) -> WebhookRequest:
    signed = hexed("sha256", account.secret("signing_secret"), f"v0:{STAMP}:".encode() + raw)
    return WebhookRequest(raw, {"x-slack-request-timestamp": STAMP, "x-slack-signature": f"v0={signed}"})


def by_mailgun(_: Account, raw: bytes) -> WebhookRequest:
    far: Any = SimpleNamespace(now=lambda: float(STAMP), number=lambda: 1)
    hook = FakeMail.hook(far, {"mail": raw})
    return WebhookRequest(hook.raw, {name.lower(): value for name, value in hook.headers.items()})


def by_postmark(account: Account, raw: bytes) -> WebhookRequest:
    given = base64.b64encode(account.secret("signing_key").encode()).decode()
    return WebhookRequest(raw, {"authorization": f"Basic {given}"})


def by_sns(_: Account, raw: bytes) -> WebhookRequest:
    far = FakeSes()
    far.close()
    hook = far.signed(far.notification(json.loads(raw), SigningCertURL=KNOWN))
    return WebhookRequest(hook.raw, {})


SIGNED: Mapping[str, Callable[[Account, bytes], WebhookRequest]] = {
    "dingtalk": by_dingtalk,
    "douyin": lambda account, raw: WebhookRequest(
        raw, {"x-douyin-signature": hashlib.sha1(account.secret("client_secret").encode() + raw).hexdigest()}
    ),
    "douyin_kf": by_douyin_kf,
    "email": by_mailgun,
    "email/postmark.json": by_postmark,
    "email/ses_received.json": by_sns,
    "feishu": by_feishu,
    "instagram": by_meta,
    "kuaishou": lambda account, raw: WebhookRequest(
        raw, {"kwaisign": hashlib.md5(raw + account.secret("app_secret").encode()).hexdigest()}
    ),
    "line": lambda account, raw: WebhookRequest(
        raw, {"x-line-signature": based("sha256", account.secret("channel_secret"), raw)}
    ),
    "messenger": by_meta,
    "slack": by_slack,
    "sms": by_twilio,
    "telegram": lambda account, raw: WebhookRequest(
        raw, {"x-telegram-bot-api-secret-token": account.secret("webhook_secret")}
    ),
    "voice": by_twilio,
    "wechat": by_weixin,
    "wechat_mini": by_weixin,
    "wecom": by_weixin,
    "weibo": by_weibo,
    "whatsapp": by_meta,
}


def the_account(sample: str) -> Account:
    channel = sample.partition("/")[0]
    far = WAYS.get(sample, PLATFORMS[channel])()
    far.close()
    return new_account("shop", channel, "x", {**far.fields(), **OPTIONS.get(sample, {})}, trial_settings())


def told(event: Any) -> tuple[str, str, str]:
    """Who, which, and what."""
    if isinstance(event, Notice):
        return event.contact, event.event_id, event.what
    assert isinstance(event, Inbound), event
    assert event.unsupported is None
    files = [f"{one.kind}:{one.ref}" for one in event.media]
    return event.contact, event.event_id, " ".join([*filter(None, [event.body.get("text", "")]), *files])


def same(found: tuple[str, str, str], expected: tuple[str, str, str]) -> bool:
    """Long addresses, and ids that we make of a hash, are only begun."""
    return found[0] == expected[0] and all(one.startswith(other) for one, other in zip(found, expected, strict=True))


def test_every_channel_has_recorded_samples_and_every_sample_is_read() -> None:
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*")}
    assert there == set(READ)
    assert {one.partition("/")[0] for one in there} == set(CHANNELS) - {"api"}, "the signed API is our own"


@pytest.mark.parametrize("sample", sorted(READ.keys() - {"wecom/sync_msg.json"}))
def test_a_sample_is_checked_and_read(sample: str, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = x509.load_pem_x509_certificate(certificate_of(FakeSes._key))
    monkeypatch.setattr(CERTIFICATES, "_kept", {KNOWN: certificate})
    account, raw = the_account(sample), (FOLDER / sample).read_bytes()
    channel = CHANNELS[account.channel]
    request = SIGNED.get(sample, SIGNED[account.channel])(account, raw)
    parsed = channel.parse(account, channel.check(account, request))
    expected = READ[sample]
    if sample == "wecom/callback.xml":
        assert (parsed.fetch, parsed.ticket, parsed.reply) == (True, expected, Reply("success"))
    elif isinstance(expected, dict):
        assert parsed.reply is not None
        assert parsed.reply.body == expected
    else:
        found = [told(one) for one in parsed.events]
        assert len(found) == len(expected)
        assert all(map(same, found, expected)), found
        assert not any(isinstance(one, Colleague) for one in parsed.events)
    if account.channel in ("dingtalk", "email", "telegram", "weibo") and sample != "email/ses_received.json":
        return  # what proves them says nothing of the body
    spoilt = request.raw.replace(b"1", b"2", 1) if b"1" in request.raw else request.raw + b"1"
    with pytest.raises((Unauthorized, Malformed)):
        channel.check(account, replace(request, raw=spoilt))


async def test_what_wecom_kept_for_us_is_read() -> None:
    sample = "wecom/sync_msg.json"

    def answered(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("gettoken"):
            return httpx2.Response(200, json={"errcode": 0, "access_token": "t", "expires_in": 7200})
        return httpx2.Response(200, content=(FOLDER / sample).read_bytes())

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answered)) as client:
        fetched = await WECOM.fetch(Caller(client, lambda: NOW), the_account(sample), "a cursor of ours")
    assert [told(one) for one in fetched.events] == READ[sample]
    assert (fetched.cursor, fetched.more) == ("4gw7MepFLfgF2VC5npN", False)
