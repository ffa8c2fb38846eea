"""What no timeline can hold is refused with a clear error, stored nowhere, and disturbs nobody."""

from __future__ import annotations

import itertools
import json

import httpx2
import pytest

from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh, refused

BODIES = {
    "no text": ({}, 422),
    "empty": ({"text": ""}, 422),
    "only white space": ({"text": " \n\t\u3000"}, 422),
    "too long": ({"text": "x" * 8001}, 413),
    "NUL": ({"text": "a\x00b"}, 422),
    "half a character": ({"text": "a\ud800b"}, 422),
    "the other half": ({"text": "\udc00"}, 422),
    "a number": ({"text": 5}, 422),
    "a list": ({"text": ["x"]}, 422),
    "null": ({"text": None}, 422),
    "an unknown part": ({"text": "x", "author": {"kind": "agent"}}, 422),
    "an unknown part with half a character": ({"text": "x", "\ud800": 1}, 422),
    "a message kind of the bot": ({"text": "x", "kind": "answer"}, 422),
    "text and press": ({"text": "x", "press": {"seq": 3, "index": 0}}, 422),
    "press of nothing": ({"press": 5}, 422),
    "press without index": ({"press": {"seq": 3}}, 422),
    "press of a text": ({"press": {"seq": "3", "index": 0}}, 422),
    "press of true": ({"press": {"seq": True, "index": False}}, 422),
    "press with a payload": ({"press": {"seq": 3, "index": 0, "payload": "/x"}}, 422),
    "press of a button that is not there": ({"press": {"seq": 3, "index": 2}}, 422),
    "press of a button before the first": ({"press": {"seq": 3, "index": -1}}, 422),
    "press of an entry without buttons": ({"press": {"seq": 2, "index": 0}}, 422),
    "press of an entry that is not there": ({"press": {"seq": 999, "index": 0}}, 404),
    "press of an entry beyond all numbers": ({"press": {"seq": 10**30, "index": 0}}, 422),
}


async def answered(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    return customer


@on_both
async def test_a_customers_message_that_cannot_be_stored(house, subtests):
    customer = await answered(house)
    socket = await customer.socket()
    before = await house.entries(customer.conversation)
    for name, (body, status) in BODIES.items():
        with subtests.test(name):
            code = {413: "too_large", 422: "invalid", 404: "not_found"}[status]
            message = {"client_id": fresh("msg"), "body": body}
            error = refused(await customer.post(customer.path("messages"), message), status, code)
            assert error["retryable"] is False
            await socket.say(t="send", conv=None, **message)
            frame = await socket.error(message["client_id"])
            assert (frame["code"], frame["retryable"]) == (code, False)
            assert await house.entries(customer.conversation) == before
    await customer.write("the next one is stored", client_id=message["client_id"])


TEXTS = {
    "8000 characters": "字" * 8000,
    "8000 emoji": "👍" * 8000,
    "one family": "👨‍👩‍👧‍👦",
    "right to left": "\u202eevil\u202c \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "zero width": "a\u200bb\ufeffc",
    "marks on marks": "Z" + "\u0300" * 2000,
    "control characters": "a\x01\x1b[31m\x7f\x85\u2028\u2029b",
    "line ends": "a\r\nb\rc\n",
    "JSON and SQL": "\"}'; DROP TABLE entries; -- \\u0000 %s {0}",
    "HTML": "<img src=x onerror=alert(1)></script>&amp;",
    "a command of Rasa": '/restart{"a":1}',
    "no character": "\uffff\ufdd0\U0010ffff",
    "spaces around": "  x  ",
}


@on_both
async def test_every_other_text_comes_back_bit_for_bit(house, subtests):
    customer = await house.customer()
    socket = await customer.socket()
    for number, (name, text) in enumerate(TEXTS.items()):
        with subtests.test(name):
            await socket.say(t="send", conv=None, client_id=f"odd-text-{number}", body={"text": text})
            sent = await socket.sent(f"odd-text-{number}")
            assert sent["t"] == "sent", sent
            customer.conversation = sent["conv"]
            assert (await socket.entry(lambda entry, at=sent["seq"]: entry["seq"] == at))["body"]["text"] == text
            assert (await customer.timeline())[sent["seq"] - 1]["body"]["text"] == text
            await customer.answered()


WRONG_PARTS = [
        {"client_id": "short"}, {"client_id": "x" * 65}, {"client_id": "with space"}, {"client_id": "nul\x00nulnul"},
        {"client_id": None}, {"client_id": 12345678}, {"client_id": "half\ud800half"}, {"body": None}, {"body": []},
        {"body": "text"}, {"epoch": "1"}, {"epoch": 1.5}, {"audience": "everyone"}, {"audience": None},
        {"seq": 5}, {"author": {"kind": "agent", "id": "a_1"}}, {"tenant": "other"}, {"kind": "state"},
    ]  # fmt: skip


async def test_a_message_with_wrong_parts_is_refused(house, subtests):
    customer = await answered(house)
    before = await house.entries(customer.conversation)
    for change in WRONG_PARTS:
        with subtests.test(ascii(change)):
            message = {"client_id": fresh("msg"), "body": {"text": "x"}, **change}
            refused(await customer.post(customer.path("messages"), message), 422, "invalid")
            assert await house.entries(customer.conversation) == before


WRONG_FRAMES = [
        {"language": "fr"}, {"language": {"a": 1}}, {"language": "x" * 5000}, {"language": ["zh"]}, {"language": 5},
        {"conv": 5}, {"conv": ["c"]}, {"conv": "c\x00"}, {"conv": "\ud800"}, {"conv": "../etc"}, {"conv": ""},
    ]  # fmt: skip


async def test_a_send_frame_with_wrong_parts_is_refused(house, subtests):
    customer = await house.customer()
    socket = await customer.socket()
    for number, change in enumerate(WRONG_FRAMES):
        with subtests.test(ascii(change)):
            client_id = f"wrong-part-{number}"
            await socket.say(**{"t": "send", "conv": None, "client_id": client_id, "body": {"text": "x"}, **change})
            assert (await socket.error(client_id))["code"] == "invalid"
    assert (await customer.socket()).frames[0]["current"] is None


AGENT_BODIES = [
    {"text": "x", "article": 5},
    {"text": "x", "article": []},
    {"text": "x", "article": {}},
    {"text": "x", "article": {"id": "a", "language": "en", "title": "half \ud800"}},
    {"text": "x", "article": {"id": "a", "language": "en", "title": "nul \x00"}},
    {"text": "x", "article": {"id": 5, "language": "en", "title": "t"}},
    {"text": "x", "article": {"id": "a", "language": "en", "title": "t", "probability": 1}},
    {"text": "x", "press": {"seq": 3, "index": 0}},
    {"text": "x" * 8001},
    {"text": "\x00"},
    {"text": "\ud800"},
    {},
]


async def test_an_agents_message_that_cannot_be_stored(house, subtests):
    lin = await house.agent("lin")
    socket = await lin.socket()
    customer, handoff = await house.waiting()
    epoch = accepted(await lin.accept(handoff))["epoch"]
    before = await house.entries(customer.conversation)
    for body, audience in itertools.product(AGENT_BODIES, ("public", "internal")):
        with subtests.test(ascii(body)[:80], audience=audience):
            message = {"client_id": fresh("msg"), "body": body, "epoch": epoch, "audience": audience}
            answer = await lin.post(f"/v1/conversations/{customer.conversation}/messages", message)
            assert answer.status_code in (413, 422)
            assert answer.json()["error"]["code"] in ("invalid", "too_large")
            await socket.say(t="send", conv=customer.conversation, **message)
            assert (await socket.error(message["client_id"]))["code"] in ("invalid", "too_large")
            assert await house.entries(customer.conversation) == before


WRONG_COMMANDS = [
    ("feedback", {"seq": 3, "value": "up", "comment": "a\x00b"}),
    ("feedback", {"seq": 3, "value": "up", "comment": "\ud800"}),
    ("feedback", {"seq": 3, "value": "up", "comment": "x" * 1001}),
    ("feedback", {"seq": 3, "value": "maybe"}),
    ("feedback", {"seq": "3", "value": "up"}),
    ("feedback", {"seq": 10**30, "value": "up"}),
    ("feedback", {"seq": -1, "value": "up"}),
    ("feedback", {"seq": 2, "value": "up"}),
    ("feedback", {"value": "up"}),
    ("rating", {"score": 0}),
    ("rating", {"score": 6}),
    ("rating", {"score": 4.5}),
    ("rating", {"score": True}),
    ("rating", {"score": "5"}),
    ("rating", {"score": 5, "comment": "\x00"}),
    ("ask-human", {"reason": "vip"}),
    ("ask-human", {"priority": 9}),
    ("leave-message", {"text": ""}),
    ("leave-message", {"text": "x", "reply_to": "a\x00b"}),
    ("leave-message", {"text": "x", "reply_to": "\ud800"}),
    ("leave-message", {"text": "x", "reply_to": "x" * 255}),
    ("leave-message", {"text": "\x00"}),
]


@on_both
async def test_a_customers_command_with_wrong_parts_is_refused(house, subtests):
    customer = await answered(house)
    before = await house.entries(customer.conversation)
    wrong = [(verb, {"op_id": fresh(), **body}) for verb, body in WRONG_COMMANDS]
    wrong += [("ask-human", {"op_id": op_id}) for op_id in ("short", "x" * 65, "with space", "nul\x00nulnul", None, 5)]
    for verb, body in wrong:
        with subtests.test(ascii(body)[:80], verb=verb):
            refused(await customer.post(customer.path(verb), body), 422, "invalid")
            assert await house.entries(customer.conversation) == before


@on_both
async def test_an_id_that_cannot_be_one_is_not_found(house, subtests):
    customer, lin = await answered(house), await house.agent("lin")
    for path in ("c_%00", "%00", "c_%ED%A0%80", "..%2f..%2fetc", "c_" + "x" * 3000, "%F0%9F%92%A9"):
        with subtests.test(path[:40]):
            for client in (customer, lin):
                refused(await client.get(f"/v1/conversations/{path}/entries"), 404, "not_found")
            refused(await lin.get(f"/v1/handoffs/{path}"), 404, "not_found")
            refused(await lin.accept(path), 404, "not_found")


@on_both
async def test_a_page_that_cannot_be_one_is_refused(house, subtests):
    customer = await answered(house)
    for query in ("after=-1", "after=x", "after=1e3", f"after={10**30}", f"after={2**31}", "limit=0", "limit=501"):
        with subtests.test(query):
            refused(await customer.get(f"{customer.path('entries')}?{query}"), 422, "invalid")


async def test_a_page_beyond_the_end_is_empty(house):
    customer = await answered(house)
    page = accepted(await customer.get(customer.path("entries"), after=2**31 - 1))
    assert page["entries"] == []
    assert page["last_seq"] == 3
    page = accepted(await customer.get(customer.path("entries"), after=1, limit=1))
    assert [entry["seq"] for entry in page["entries"]] == [2]


@pytest.mark.parametrize("way", ["declared", "streamed"])
async def test_a_body_over_256_kib_is_refused(house, way):
    customer = await answered(house)
    before = await house.entries(customer.conversation)
    large = json.dumps({"client_id": fresh("msg"), "body": {"text": "x" * (256 * 1024)}}).encode()

    async def parts():
        for start in range(0, len(large), 50_000):
            yield large[start : start + 50_000]

    headers = {"Content-Type": "application/json"}
    content = large if way == "declared" else parts()
    answer = await customer.http.post(customer.path("messages"), content=content, headers=headers)
    refused(answer, 413, "too_large")
    assert await house.entries(customer.conversation) == before
    refused(await customer.http.post("/v1/agents/sign-in", content=large, headers=headers), 413, "too_large")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"op_id": NaN}',
        b'{"a":' * 20_000,
        b"\x00",
        "é".encode("utf-16"),
    ],
    ids=range(11),
)
async def test_what_is_no_json_object_is_refused(house, content):
    customer = await answered(house)
    headers = {"Content-Type": "application/json"}
    for path in (customer.path("messages"), customer.path("ask-human"), "/v1/widget/sessions", "/v1/agents/sign-in"):
        answer = await customer.http.post(path, content=content, headers=headers)
        assert answer.status_code in (400, 422), f"{path}: {answer.status_code} {answer.text}"
        assert set(answer.json()) == {"error"}
        assert {"code", "message", "retryable"} <= set(answer.json()["error"])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/nothing",
        "/docs",
        "/redoc",
        "/console/%00",
        "/console/../settings.py",
        "/widget/%2e%2e/%2e%2e/settings.py",
        "/console/" + "x" * 5000,
    ],
)
async def test_nothing_is_found_where_nothing_is(house, path):
    async with httpx2.AsyncClient(trust_env=False) as stranger:
        answer = await stranger.get(house.gateway.url + path)
    refused(answer, 404, "not_found")
    assert answer.headers["content-type"] == "application/json"


async def test_a_wrong_method_is_refused_in_the_same_shape(house):
    customer = await house.customer()
    answer = await customer.http.delete("/v1/ws-ticket")
    assert answer.status_code == 405
    assert {"code", "message", "retryable"} == set(answer.json()["error"])
    assert "POST" in answer.headers["allow"]


async def test_writing_too_fast_is_slowed_down_and_loses_nothing(open_gateway, build_house):
    house = await build_house(open_gateway(limit_messages="5/2seconds"))
    customer, other = await house.customer(), await house.customer()
    socket = await customer.socket()
    for number in range(7):
        await socket.say(t="send", conv=None, client_id=f"fast-{number:04}", body={"text": f"number {number}"})
    answers = [await socket.sent(f"fast-{number:04}") for number in range(7)]
    assert [answer["t"] for answer in answers] == ["sent"] * 5 + ["err"] * 2
    assert {answer["code"] for answer in answers[5:]} == {"rate"}
    assert all(answer["retryable"] for answer in answers[5:])
    customer.conversation = answers[0]["conv"]
    for verb, body in [
        ("messages", {"client_id": fresh("msg"), "body": {"text": "x"}}),
        ("ask-human", {"op_id": fresh()}),
    ]:
        refused(await customer.post(customer.path(verb), body), 429, "rate")
    await other.write("nobody else is slowed down")
