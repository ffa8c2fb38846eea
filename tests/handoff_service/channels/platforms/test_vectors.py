"""Signatures and ciphers against vectors: official ones of the vendors, others computed by their formula."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from handoff_service.channels import dingtalk, douyin, douyin_kf, feishu, kuaishou, line, meta, slack, twilio_sms
from handoff_service.channels.accounts import new_account
from handoff_service.channels.model import WebhookRequest
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.weibo import moment
from handoff_service.channels.weixin_cipher import decipher, signature
from handoff_service.errors import Invalid, Unauthorized
from tests.handoff_service.stage import trial_settings

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
WECOM_PUSH = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3"
    "TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gs"
    "ijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUa"
    "x5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIG"
    "HBZZIs2pDBS8R07+qN+E7Q=="
)
WECHATPY = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="
WHATSAPP = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"messaging_prod'
    b'uct":"whatsapp","metadata":{"display_phone_number":"16505551111","phone_number_id":"123456123"},"contacts":[{"pr'
    b'ofile":{"name":"test user name"},"wa_id":"16315551181"}],"messages":[{"from":"16315551181","id":"ABGGFlA5Fpa","t'
    b'imestamp":"1504902988","type":"text","text":{"body":"this is a text message"}}]}}]}]}'
)


def test_wechat_and_wecom_official() -> None:
    plain, safe = ("1714037059", "486452656"), ("1714112445", "415670741")
    assert signature("AAAAA", *plain) == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    assert signature("AAAAA", *safe) == "6c5c811b55cc85e0e1b54100749188c20beb3f5d"
    assert signature("QDG6eK", "1409659813", "1372623149", WECOM_PUSH) == "477715d11cdb4164915debcba66cb864d751f3e6"
    key, corp = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7"
    assert b"<Content><![CDATA[hello]]></Content>" in decipher(key, WECOM_PUSH, owner=corp)
    assert signature("123456", "1411443780", "437374425", WECHATPY) == "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"


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
    assert twilio_sms.sign("12345", CALLED, FORM, "sha256") == "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="


@pytest.mark.parametrize(
    ("told", "key", "taken"),
    [
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "12345", True),
        ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "", False),
        ("key=webhooks_sharedkey_1,algorithm=MD5", "12345", False),
        ("", "12345", False),
    ],
)
def test_twilio_signs_with_a_shared_key_where_it_says_so(told: str, key: str, taken: bool) -> None:
    given = {"account_sid": f"AC{'0' * 32}", "auth_token": "another", "number": "+15550001111"}
    account = new_account("shop", "sms", "x", given | ({"shared_key": key} if key else {}), trial_settings())
    headers = {"x-twilio-signature": "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="}
    headers |= {"x-twilio-webhooks-signature-settings": told} if told else {}
    request = WebhookRequest(urlencode(FORM).encode(), headers, url=CALLED)
    if taken:
        assert twilio_sms.check_signature(account, request).body == request.raw
        return
    with pytest.raises(Unauthorized):
        twilio_sms.check_signature(account, request)


@pytest.mark.parametrize(
    ("reading", "given", "taken"),
    [("", "pairs", True), ("", "values", True), ("pairs", "pairs", True), ("pairs", "values", False), ("", "x", False)],
)
def test_both_readings_of_douyins_page_are_taken_until_an_account_names_one(
    reading: str, given: str, taken: bool
) -> None:
    """Its page has no vector with a body, so nobody can tell which is right before one was seen live."""
    keys = {"app_id": "tt12321", "app_secret": "s" * 20, "token": "token", "sender_name": "x"}
    account = new_account("shop", "douyin_kf", "x", keys | ({"reading": reading} if reading else {}), trial_settings())
    signed = {"x-appid": "tt12321", "x-msg-type": "verify_request", "x-nonce-str": "3", "x-timestamp": "1737635474798"}
    signature_of = {one: douyin_kf.sign("token", signed, b"{}", one) for one in (douyin_kf.PAIRS, douyin_kf.VALUES)}
    request = WebhookRequest(b"{}", {**signed, "x-signature": signature_of.get(given, "")})
    if taken:
        checked = CHANNELS["douyin_kf"].check(account, request)
        assert CHANNELS["douyin_kf"].parse(account, checked).reply == douyin_kf.TAKEN
        return
    with pytest.raises(Unauthorized):
        CHANNELS["douyin_kf"].check(account, request)


OF_JSON = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


@pytest.mark.parametrize(
    ("raw", "told", "taken"),
    [
        (b'{"property": "value", "boolean": true}', OF_JSON, True),
        (b'{"property": "value", "boolean": false}', OF_JSON, False),
        (b'{"property": "value", "boolean": true}', "0" * 64, False),
    ],
)
def test_of_json_twilio_signs_the_address_in_which_the_bodys_hash_stands(raw: bytes, told: str, taken: bool) -> None:
    given = {"account_sid": f"AC{'0' * 32}", "auth_token": "12345", "number": "+15550001111"}
    account = new_account("shop", "sms", "x", given, trial_settings())
    url = f"https://shop.example/hook?bodySHA256={OF_JSON}"
    headers = {"x-twilio-signature": twilio_sms.sign("12345", url, [])}
    request = WebhookRequest(raw, headers, query={"bodySHA256": told}, url=url)
    if taken:
        assert twilio_sms.check_signature(account, request).body == raw
        return
    with pytest.raises(Unauthorized):
        twilio_sms.check_signature(account, request)


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
    headers = {"x-appid": "tt12321", "x-msg-type": "verify_request", "x-nonce-str": "313932313532383034"}
    headers |= {"x-timestamp": "1737635474798"}
    assert douyin_kf.sign("token", headers, b"{}") == "ANH2NQCMH2IM0AOk5oBR6A=="
    assert kuaishou.sign("test_secret", SUFFIXED) == "65070bb9f91725adbda594f8f803cbb9"
    escaped = "32ea99b0cf243d0ca7dad018aebbd7ab5ac5489b079b48502e8541d8e2d2f316"
    assert meta.sign("app_secret", ESCAPED) == escaped
    plain = "b8ea33b0326cdf936f272b7fc0d1dc11f96250e731bb11ec54f0b89dc6204f62"
    assert meta.sign("app_secret", WHATSAPP) == plain
