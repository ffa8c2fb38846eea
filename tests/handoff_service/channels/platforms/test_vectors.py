"""Signatures and ciphers against vectors: official ones of the vendors, others computed by their formula."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handoff_service.channels import dingtalk, douyin, feishu, kuaishou, line, meta, slack, twilio_sms
from handoff_service.channels.weibo import moment
from handoff_service.channels.weixin_cipher import decipher, signature
from handoff_service.errors import Invalid, Unauthorized

SLASH_COMMAND = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
CALLED = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
ESCAPED = rb'{"text":"\u00e4\u00f6\u00e5 \u4f60\u597d"}'
SUFFIXED = b'{"message_id":"m1","event":"TEST","app_id":"ks123","timestamp":1714037059000,"data":{"k":"v"}}'
HANDSHAKE = b'{"event":"verify_webhook","client_key":"abc","content":{"challenge":12345}}'
CHECK_URL = (
    "0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOFchzNu"
    "kR+t8SB/qk4ROMu3"
)


def test_slack_official() -> None:
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert slack.sign("8f742231b10e8888abcd99yyyzzz85a5", "1531420618", SLASH_COMMAND) == expected


def test_line_official() -> None:
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    assert line.sign("8c570fa6dd201bb328f1c1eac23a96d8", body) == "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


def test_twilio_official() -> None:
    assert twilio_sms.sign("12345", CALLED, FORM) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    others = [(name, "+12349013030" if name in ("From", "Caller") else value) for name, value in FORM]
    assert twilio_sms.sign("12345", CALLED, others) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert twilio_sms.sign("12345", CALLED, [*FORM, ("Digits", "1234")]) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://a.example/x?y=1", "https://a.example:443/x?y=1"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://a.example/x", "http://a.example:80/x"),
    ],
)
def test_twilio_may_sign_the_usual_port_or_leave_it_out(url: str, other: str) -> None:
    assert twilio_sms.with_and_without_port(url) == [url, other]
    assert twilio_sms.with_and_without_port("https://a.example:8443/x") == ["https://a.example:8443/x"]


def test_weibo_official() -> None:
    assert signature("xyz123xyz", "1397022061823", "57155157") == "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1"
    assert moment("Mon Jul 16 18:09:20 +0800 2012") == datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC)
    assert moment("Mon Jul 16 18:09:20 -0330 2012") == datetime(2012, 7, 16, 21, 39, 20, tzinfo=UTC)
    for wrong in ("", "yesterday", "Mon Foo 16 18:09:20 +0800 2012", "Mon Jul 99 18:09:20 +0800 2012"):
        with pytest.raises(Invalid):
            moment(wrong)


def test_feishu_cipher_official_and_signature() -> None:
    sealed = "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk="
    assert feishu.decipher("test key", sealed) == b"hello world"
    body = b'{"encrypt":"%s"}' % sealed.encode()
    expected = "984d6b650d8ea7ea33f3bb4ac34a5d59448aff91e374509cf9cf025cd3d84be2"
    assert feishu.sign("1609073151", "nonce123", "test key", body) == expected
    for wrong in ("", "AAAA", sealed[:-4], "!" + sealed[1:]):
        with pytest.raises(Unauthorized):
            feishu.decipher("test key", wrong)
    with pytest.raises(Unauthorized):
        feishu.decipher("another key", sealed)


def test_dingtalk_formula_and_official_cipher() -> None:
    assert dingtalk.sign("this is a secret", "1577262236757") == "DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA="
    assert signature("mryue", "1608001896814", "WL4PK6yA", CHECK_URL) == "03044561471240d4a14bb09372dfcfd4fd0e40cb"
    key = "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7"
    assert decipher(key, CHECK_URL, owner="ding6ccabc44d2c8d38b") == b'{"EventType":"check_url"}'


def test_formulas_without_an_official_vector() -> None:
    assert douyin.sign("test_secret", HANDSHAKE) == "ff779a3b9e9daa2d1484d22450cd02e9fcfc4e62"
    assert kuaishou.sign("test_secret", SUFFIXED) == "65070bb9f91725adbda594f8f803cbb9"
    escaped = "32ea99b0cf243d0ca7dad018aebbd7ab5ac5489b079b48502e8541d8e2d2f316"
    assert meta.sign("app_secret", ESCAPED) == escaped
