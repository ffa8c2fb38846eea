"""Our signatures against the vendors' own programs: what we sign they accept, and what was changed they refuse."""

from __future__ import annotations

import json
import warnings
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.datastructures import MultiDict
from twilio.request_validator import RequestValidator

from handoff_service.channels import line, slack, twilio_sms
from handoff_service.channels.accounts import new_account
from handoff_service.channels.feishu import Feishu
from handoff_service.channels.model import Inbound, WebhookRequest
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


# A request that lark-oapi 1.7.5 (EventDispatcherHandler.do) answered with 200, and with 500 once the signature's last
# sign was changed. It is recorded because that package and ours ask for different versions of `websockets`.
LARK_KEY, LARK_TOKEN = "a-key-of-events-0123456789", "rvaYgkND1GOiu5MM0E1rncYC6PLtF7JV"
LARK_SIGNED = "2979532f4b57a578b555eb9c78a4cf2d333aa279b0ca7c2282a283a913a39d84"
LARK_SEALED = (
    "AAECAwQFBgcICQoLDA0ODyVjK6VVdKWZR5TFOh6QLLcj2X31C3r4jwOGVZwXyL/fNWRa/pySXRCbm/jv3dv3qlUf8dzdHXz0H9H3IdeHnl82lr18"
    "DCEItRD6tOfW8k9txMV7YNks7xKgMPABv1gXr+mDjb9QyjZOm/kayd6QKH9OmZXsRCCZCdO5kMM9PQU8MYCWBJKEER8wnZXfOH4rQOj1u0rD34SL"
    "5axgY52k43MwkUr6by3Yz3C4XQ5RCFyEFjc0M8yFY33ULqCBuwyuT+JRmx+EWNEzbAUtekXvaxD2u9yl5XqV4QAJ7TO3fjjgvVA81aRKtXsgle1y"
    "m7Ot1ukUlQO14x6WTIookYDHG0dn7f9tnkUbtLj1iTrsRf9XTzuVxUmAt6C2D7R1NWT2AalQN5I4+YT9LYmWW+pby67ANjOa8gKrAPmlxzDqXIKT"
    "DKUhTGm/1EXbJvI9B6DFwiVuYv79qxN4lXU0nh4pAubeXpLxT2W9cFyvdm5K/K7EYzoBIGSgyEnuMFnzDzuISZII6s9dF6gxcZI8S6TooEcWWrto"
    "n/o76tC9hCGy1mWxfiBrWtlsvscWLGPZE/ZdM1zpqJulPM8g58Xltt+XAAWinEu1Msgx9uxPpMHPzgXqlIiZyJymfOTU9V2tmPnmR///AZpLInz4"
    "Q3s00hcG59g+ivvNdLaZwHS5nKKOzPjtmkPsataI7EkjutluF2iOMAON+rJnXmOD38bx8H0ODiVaa8MXNudPn6+NTBOZypiu0fnFMl1M0Ys1o1bk"
    "8Kl0sHqJ8wGG46WMD8w0u6hA7aZ7p4jSYSViC3cUUrAjMXe5"
)


def test_what_lark_oapi_accepts_is_read_by_us() -> None:
    given = {"app_id": "cli_9f5343c580712544", "app_secret": "feishusecret0123456789", "encrypt_key": LARK_KEY}
    account = new_account("shop", "feishu", "x", {**given, "verification_token": LARK_TOKEN}, trial_settings())
    raw = json.dumps({"encrypt": LARK_SEALED}).encode()
    headers = {
        "x-lark-request-timestamp": "1609073151", "x-lark-request-nonce": "nonce123", "x-lark-signature": LARK_SIGNED
    }  # fmt: skip
    checked = Feishu().check(account, WebhookRequest(raw, headers))
    assert checked.signed_at == datetime.fromtimestamp(1609073151, UTC)
    (said,) = Feishu().parse(account, checked).events
    assert isinstance(said, Inbound)
    assert (said.event_id, said.body) == ("5e3702a84e847582be8db7fb73283c02", {"text": "退货 hello"})
