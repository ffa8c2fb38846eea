"""Mails that providers push: what is not proven as each of them does is refused; SNS is trusted at its own address."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from handoff_service.channels import mail_sns
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Caller
from handoff_service.channels.mail import MailChannel
from handoff_service.channels.model import Account, Inbound, Parsed, WebhookRequest
from handoff_service.channels.reading import check, parse
from handoff_service.clock import utc_now
from handoff_service.errors import Malformed, NotDelivered, Unauthorized
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Hook
from tests.handoff_service.channels.platforms.mail_providers import (
    CONFIRM,
    TOPIC,
    FakePostmark,
    FakeSes,
    certificate_of,
)
from tests.handoff_service.stage import trial_settings

ANN = "1111111"
AT_SNS = "https://sns.eu-west-1.amazonaws.com"
PEM = f"/SimpleNotificationService-{'0a' * 16}.pem"
GENUINE = f"{AT_SNS}{PEM}"


@pytest.fixture
def far() -> Any:
    one = FakeSes()
    yield one
    one.close()


def account_of(far: FakeSes, **changes: str) -> Account:
    given = {**far.fields(), **changes}
    return new_account("shop", "email", "x", {name: value for name, value in given.items() if value}, trial_settings())


def asked(hook: Hook) -> WebhookRequest:
    return WebhookRequest(hook.raw, {name.lower(): value for name, value in hook.headers.items()})


class Aws(httpx2.AsyncBaseTransport):
    """The internet: SNS's certificate at its address, and who else was asked."""

    def __init__(self, certificate: bytes, status: int = 200) -> None:
        self.certificate, self.status, self.asked = certificate, status, list[str]()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        return httpx2.Response(self.status, content=self.certificate)


async def learn(transport: Aws, account: Account, request: WebhookRequest) -> MailChannel:
    channel = MailChannel()
    async with httpx2.AsyncClient(transport=transport) as client:
        await channel.learn(Caller(client, utc_now), account, request)
    return channel


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = mail_sns.Certificates()
    for module in ("mail", "mail_sns"):
        monkeypatch.setattr(f"handoff_service.channels.{module}.CERTIFICATES", known)


async def test_a_subscription_is_confirmed_and_mails_come(open_bridge: Any, far: FakeSes) -> None:
    bridge: Bridge = await open_bridge()
    hook, _ = far.handshake()
    assert (await asyncio.to_thread(far.send, hook)).status == 200
    await bridge.until(lambda: far.confirmed)
    assert far.confirmed == [{"Action": "ConfirmSubscription", "TopicArn": TOPIC, "Token": "2336412f37f"}]
    await bridge.sends(far.text(ANN, "Where is my parcel?"))
    await bridge.receives(ANN, "Three days.")
    fetched = sum(call.path.endswith(".pem") for call in far.calls)
    assert fetched == 1, "once, not with every mail"


@pytest.mark.parametrize(
    ("address", "is_asked"),
    [
        (GENUINE, True),
        (f"http://sns.eu-west-1.amazonaws.com{PEM}", False),
        (f"https://sns.us-east-1.amazonaws.com{PEM}", False),
        (f"https://sns.eu-west-1.amazonaws.com.evil.example{PEM}", False),
        (f"https://evil.example/sns.eu-west-1.amazonaws.com{PEM}", False),
        (f"https://user@sns.eu-west-1.amazonaws.com{PEM}", False),
        (f"https://sns.eu-west-1.amazonaws.com:8443{PEM}", False),
        (f"{AT_SNS}/bucket/mine.pem", False),
        (f"{AT_SNS}/../evil{PEM}", False),
        ("", False),
    ],
)
async def test_a_certificate_is_taken_from_sns_itself_only(far: FakeSes, address: str, is_asked: bool) -> None:
    account, transport = account_of(far, api=""), Aws(far.certificate)
    told = far.notification({"notificationType": "Bounce"}, SigningCertURL=address)
    request = asked(far.signed(told))
    channel = await learn(transport, account, request)
    assert transport.asked == ([address] if is_asked else [])
    if is_asked:
        assert channel.parse(account, channel.check(account, request)) == Parsed()
        return
    with pytest.raises(Unauthorized, match="certificate"):
        channel.check(account, request)


@pytest.mark.parametrize(
    ("part", "value", "reason"),
    [
        ("Message", "[]", "does not match"),
        ("MessageId", "another", "does not match"),
        ("Timestamp", "2026-11-22T09:00:00.000Z", "does not match"),
        ("Timestamp", "yesterday", "does not match"),
        ("Subject", "another", "does not match"),
        ("Subject", None, "does not match"),
        ("Type", CONFIRM, "does not match"),
        ("Type", "Other", "does not match"),
        ("TopicArn", TOPIC.replace("shop", "thief"), "topic"),
        ("SignatureVersion", "1", "SHA-256"),
        ("Signature", "AAAA", "does not match"),
        ("Signature", "ÿ", "does not match"),
        ("SigningCertURL", f"{AT_SNS}/SimpleNotificationService-{'0b' * 16}.pem", "certificate"),
    ],
)
async def test_whatever_is_changed_in_a_notification_is_seen(
    far: FakeSes, part: str, value: str | None, reason: str
) -> None:
    account, genuine = account_of(far, api=""), far.signed(far.notification({}, SigningCertURL=GENUINE))
    channel = await learn(Aws(far.certificate), account, asked(genuine))
    assert channel.check(account, asked(genuine)).once.startswith("sns.mid-")
    changed = replace(genuine, raw=json.dumps({**json.loads(genuine.raw), part: value}).encode())
    with pytest.raises(Unauthorized, match=reason):
        check(channel, account, asked(changed))


async def test_version_one_and_a_certificate_that_has_ended_are_not_taken(far: FakeSes) -> None:
    account = account_of(far, api="")
    ended = certificate_of(far._key, ends=timedelta(days=-1))
    request = asked(far.signed(far.notification({}, SigningCertURL=GENUINE)))
    channel = await learn(Aws(ended), account, request)
    with pytest.raises(Unauthorized, match="does not match"):
        channel.check(account, request)
    far.version = "1"
    with pytest.raises(Unauthorized, match="SignatureVersion"):
        channel.check(account, asked(far.signed(far.notification({}, SigningCertURL=GENUINE))))


@pytest.mark.parametrize(("status", "content"), [(403, b""), (200, b"no certificate"), (503, b"")])
async def test_an_address_without_a_certificate_is_not_asked_over_and_over(
    far: FakeSes, status: int, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, transport = account_of(far, api=""), Aws(content, status)
    request = asked(far.signed(far.notification({}, SigningCertURL=GENUINE)))
    for _ in range(5):
        await learn(transport, account, request)
    assert len(transport.asked) == 1
    monkeypatch.setattr(mail_sns, "SELDOM_S", 0.0)
    transport.certificate, transport.status = far.certificate, 200
    channel = await learn(transport, account, request)
    assert channel.check(account, request).body == request.raw, "SNS sends it again, and it is taken then"


@pytest.mark.parametrize(
    ("address", "is_asked"),
    [
        (f"{AT_SNS}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t", True),
        (f"{AT_SNS}/?Action=ConfirmSubscription&TopicArn={TOPIC}x&Token=t", False),
        (f"{AT_SNS}/?Action=Unsubscribe&TopicArn={TOPIC}", False),
        (f"https://10.0.0.1/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t", False),
        (f"https://evil.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t", False),
    ],
)
async def test_a_subscription_is_confirmed_at_sns_only(far: FakeSes, address: str, is_asked: bool) -> None:
    account, transport = account_of(far, api=""), Aws(b"")
    async with httpx2.AsyncClient(transport=transport) as client:
        done = MailChannel().fetch(Caller(client, utc_now), account, "", address)
        if is_asked:
            assert (await done).events == []
        else:
            with pytest.raises(NotDelivered):
                await done
    assert transport.asked == ([address] if is_asked else [])


async def test_what_ses_publishes(far: FakeSes) -> None:
    account, channel = account_of(far, api=""), MailChannel()
    mail = far._mail(ANN, "你好 Grüße").as_bytes()

    async def read(said: dict[str, Any], **parts: str) -> Parsed:
        request = asked(far.signed(far.notification(said, SigningCertURL=GENUINE, **parts)))
        await learn(Aws(far.certificate), account, request)
        return parse(channel, account, channel.check(account, request))

    for encoding, content in (("BASE64", base64.b64encode(mail).decode()), ("UTF8", mail.decode())):
        receipt = {"action": {"type": "SNS", "encoding": encoding}}
        (event,) = (await read({"notificationType": "Received", "receipt": receipt, "content": content})).events
        assert isinstance(event, Inbound)
        assert event.body == {"text": "你好 Grüße"}
    nothing = Parsed([])
    assert await read({"notificationType": "Delivery"}) == nothing
    assert await read({}, Type="UnsubscribeConfirmation", Token="t", SubscribeURL=AT_SNS) == nothing
    for lacking in ({}, {"content": ""}, {"content": "!", "receipt": {"action": {"encoding": "BASE64"}}}):
        with pytest.raises(Malformed):
            await read({"notificationType": "Received", **lacking})


def test_postmark_shows_the_password_and_brings_the_mail_as_it_came() -> None:
    far = FakePostmark()
    try:
        account, channel = account_of(far), MailChannel()  # type: ignore[arg-type]
        hook = far.hook(far.text(ANN, "hello"))
        (event,) = parse(channel, account, check(channel, account, asked(hook))).events
        assert (event.contact, event.body) == (f"{ANN}@customers.example", {"text": "hello"})  # type: ignore[union-attr]
        told = {name: value for name, value in json.loads(hook.raw).items() if name != "RawEmail"}
        with pytest.raises(Unauthorized, match="Include raw email content"):
            check(channel, account, asked(replace(hook, raw=json.dumps(told).encode())))
        for header in ("", "Basic ", "Bearer x", hook.headers["Authorization"].lower()):
            with pytest.raises(Unauthorized, match="password"):
                check(channel, account, asked(replace(hook, headers={"Authorization": header})))
    finally:
        far.close()
