"""Our signatures against the vendors' own programs: what we sign they accept, and what was changed they refuse."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator

from handoff_service.channels import line, slack, twilio_sms
from handoff_service.channels.accounts import new_account
from handoff_service.channels.model import Inbound, WebhookRequest
from handoff_service.channels.registry import CHANNELS
from handoff_service.errors import Unauthorized
from tests.handoff_service.channels.platforms.chinese import FakeFeishu
from tests.handoff_service.channels.platforms.fake import Hook
from tests.handoff_service.stage import trial_settings

with warnings.catch_warnings(action="ignore"):  # of the pydantic that it asks for
    from linebot.v3.webhook import SignatureValidator

BODIES = [b"", b"{}", '{"text":"你好 👩‍👩‍👧"}'.encode(), b"payload=%7B%22a%22%3A1%7D&b=", b"x" * 5000]
FORMS = [
    "",
    "CallSid=CA1&From=%2B14158675309&To=%2B18005551212",
    "Body=%E4%BD%A0%E5%A5%BD+%26+more&MessageSid=SM1&NumMedia=0&Empty=",
    "Name=b&Name=a&Name=b&Other=1",
]
URLS = ["https://shop.example/hook", "https://shop.example:443/hook?turn=1&silent=0", "https://shop.example:8443/hook"]


class At(Clock):
    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> float:
        return float(self._now)


@pytest.mark.parametrize("body", BODIES)
def test_slack_sdk_accepts_what_we_sign(body: bytes) -> None:
    secret, stamp = "8f742231b10e8888abcd99baddeadbee", "1531420618"
    theirs = SignatureVerifier(secret, At(int(stamp)))
    signed = slack.sign(secret, stamp, body)
    assert theirs.is_valid(body, stamp, signed)
    assert not theirs.is_valid(body + b" ", stamp, signed)
    assert not theirs.is_valid(body, str(int(stamp) - 1), signed)


@pytest.mark.parametrize("body", BODIES)
def test_line_bot_sdk_accepts_what_we_sign(body: bytes) -> None:
    theirs, text = SignatureValidator("8c570fa6dd201bb328f1c1eac23a96d8"), body.decode()
    signed = line.sign("8c570fa6dd201bb328f1c1eac23a96d8", body)
    assert theirs.validate(text, signed)
    assert not theirs.validate(f"{text} ", signed)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("form", FORMS)
def test_twilio_accepts_what_we_sign_and_we_accept_what_it_signs(url: str, form: str) -> None:
    theirs = RequestValidator("12345abcde")
    fields = parse_qsl(form, keep_blank_values=True)
    named = MultiDict(fields)
    ours = twilio_sms.sign("12345abcde", url, twilio_sms.form_of(form.encode()))
    assert theirs.validate(url, named, ours)
    signed = {twilio_sms.sign("12345abcde", one, fields) for one in twilio_sms.with_and_without_port(url)}
    assert theirs.compute_signature(url, named) in signed
    assert not theirs.validate(url, MultiDict([*fields, ("More", "x")]), ours)


def read_by_lark_oapi(far: FakeFeishu, hooks: Sequence[Hook]) -> list[dict[str, Any]]:
    """What Feishu's own SDK makes of these requests."""
    assert far.account is not None
    keys = [far.account.secret(name) for name in ("encrypt_key", "verification_token")]
    command = [sys.executable, "-W", "ignore", "-m", "tests.handoff_service.channels.platforms.lark_reader"]
    asked = [{"raw": base64.b64encode(one.raw).decode(), "headers": dict(one.headers)} for one in hooks]
    done = subprocess.run(
        [*command, *keys],
        input=json.dumps(asked), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout))


def test_lark_oapi_and_we_read_the_same_and_refuse_the_same() -> None:
    far, channel = FakeFeishu(), CHANNELS["feishu"]
    try:
        account = new_account("shop", "feishu", "x", far.fields(), trial_settings())
        far.connect(account, "https://shop.example/hook")
        texts = [json.dumps(body.decode()) for body in BODIES[:3]] + ["退货 hello 👩‍👩‍👧", "a\n\tb  "]
        good = [far.hook(far.text("1111111", text)) for text in texts]
        headers = dict(good[0].headers)
        signature = next(name for name in headers if name.lower() == "x-lark-signature")
        stamp = next(name for name in headers if name.lower() == "x-lark-request-timestamp")
        spoilt = [
            replace(good[0], headers={**headers, signature: headers[signature][:-1] + "g"}),
            replace(good[0], headers={**headers, stamp: str(int(headers[stamp]) - 1)}),
            replace(good[0], raw=good[1].raw),
            far.hook(far.text("1111111", "hello"), secret="another-key-of-events"),
        ]
        handshake, answer = far.handshake()
        theirs = read_by_lark_oapi(far, [*good, *spoilt, handshake])
        for hook, text, read in zip(good, texts, theirs, strict=False):
            request = WebhookRequest(hook.raw, {name.lower(): value for name, value in hook.headers.items()})
            (ours,) = channel.parse(account, channel.check(account, request)).events
            assert isinstance(ours, Inbound)
            (said,) = read["said"]
            assert (read["status"], said["by"], said["sort"]) == (200, "user", "text")
            assert (said["event_id"], said["chat"], said["text"]) == (ours.event_id, ours.contact, text)
            assert ours.body == {"text": text}
        for hook, read in zip(spoilt, theirs[len(good) :], strict=False):
            assert (read["status"], read["said"]) == (500, [])
            request = WebhookRequest(hook.raw, {name.lower(): value for name, value in hook.headers.items()})
            with pytest.raises(Unauthorized):
                channel.check(account, request)
        assert json.loads(theirs[-1]["answer"]) == json.loads(answer)
    finally:
        far.close()
