"""What breaks a stock Rasa server, against the real process: none of it may break this bot."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
import requests

from tests.bot.far_side import KnowledgeServer
from tests.bot.gateway import ROOT, Bot, Chat

CONTRACT = json.loads((ROOT / "tests" / "contracts" / "turn.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", CONTRACT["examples"], ids=lambda e: e["request"]["turn"])
def test_the_contracts_examples_keep_their_own_schema(example: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(CONTRACT["request"]).validate(example["request"])
    jsonschema.Draft7Validator(CONTRACT["response"]).validate(example["response"])


@pytest.mark.parametrize("example", CONTRACT["examples"], ids=lambda e: e["request"]["turn"])
def test_the_bot_answers_the_contracts_examples_by_the_contract(bot: Bot, example: dict[str, Any]) -> None:
    answer = bot.post(example["request"])
    assert answer.status_code == 200
    jsonschema.Draft7Validator(CONTRACT["response"]).validate(answer.json())
    assert answer.json()["turn"] == example["request"]["turn"]


@pytest.mark.parametrize(
    "script",
    [
        ["你好", "多久能退款？", "退款", "火星上有商店吗", "月亮呢"],
        ["hello", "i want a refund", "LY20261103002", "1234", "too small", "yes"],
        ["骗子"],
    ],
)
def test_every_answer_keeps_the_contract(chat: Chat, script: list[str]) -> None:
    validator = jsonschema.Draft7Validator(CONTRACT["response"])
    for text in script:
        jsonschema.Draft7Validator(CONTRACT["request"]).validate(chat.body(text))
        validator.validate(chat.say(text))


def test_the_door_and_health_are_all_there_is(bot: Bot) -> None:
    assert requests.get(f"{bot.url}/healthz", timeout=5).json() == {"status": "ok"}
    assert requests.get(f"{bot.url}/readyz", timeout=5).json()["status"] == "ok"
    for method, path in [
        ("POST", "/webhooks/rest/webhook"),
        ("PUT", "/model"),
        ("POST", "/model/train"),
        ("POST", "/model/parse"),
        ("GET", "/status"),
        ("GET", "/domain"),
        ("GET", "/conversations/x/tracker"),
        ("POST", "/conversations/x/tracker/events"),
    ]:
        assert requests.request(method, bot.url + path, json={}, timeout=5).status_code == 404, path
    assert requests.get(f"{bot.url}/webhooks/tandem/turn", timeout=5).status_code == 405


@pytest.mark.parametrize(
    "text",
    [
        "/restart",
        "/session_start",
        '/ask_human{"order_number":"LY20261103001"}',
        '/order_status{"order_number":"LY20261103001"}',
        "  /restart",
        "／restart",
        '/inform{"phone_tail":"1234"}',
    ],
)
def test_a_customers_slash_is_text(chat: Chat, text: str) -> None:
    chat.say("查一下我的订单")
    answer = chat.say(text)
    assert answer["active_loop"] == "order_status" or answer["nlu"]["intent"]["name"] == "stop"  # the word itself
    assert answer["slots"].get("order_number") in (None, "LY20261103001")  # found as plain text at most
    assert not any("1234" in message["text"] for message in answer["messages"])


def test_a_customers_back_undoes_nothing(chat: Chat) -> None:
    """As Rasa's command it would take back the last turn; as a word it may at most end the form, and says so."""
    chat.say("查一下我的订单")
    answer = chat.say("/back")
    assert answer["nlu"]["intent"]["name"] != "back"
    assert answer["active_loop"] == "order_status" or answer["nlu"]["intent"]["name"] == "stop"
    assert answer["messages"]


def test_only_known_payloads_can_be_pressed(bot: Bot, chat: Chat) -> None:
    for press in ["/restart", "/reply", "/handoff", "/inform", "restart", "/choose_article{}", "", 7]:
        answer = bot.post(chat.body("x", press=press))
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unknown_press")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"conversation": ""}, 422),
        ({"conversation": None}, 422),
        ({"conversation": "a\x00b"}, 422),
        ({"conversation": "default.1"}, 422),
        ({"text": "a" * 4001}, 413),
        ({"text": "x\x00"}, 422),
        ({"text": "\ud83d"}, 422),
        ({"text": None}, 422),
        ({"text": {"a": 1}}, 422),
        ({"metadata": []}, 422),
    ],
)
def test_a_bad_turn_is_refused_with_a_reason(bot: Bot, chat: Chat, change: dict[str, Any], status: int) -> None:
    answer = bot.post({**chat.body("你好"), **change})
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert chat.say("你好")["messages"][0]["kind"] == "small_talk"


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[]", 422), (b"null", 422)])
def test_a_body_that_is_no_turn_is_refused(bot: Bot, body: bytes, status: int) -> None:
    answer = requests.post(f"{bot.url}/webhooks/tandem/turn", data=body, timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_a_body_of_two_megabytes_is_refused(bot: Bot) -> None:
    answer = requests.post(f"{bot.url}/webhooks/tandem/turn", data=b'"' + b"a" * 2_000_000 + b'"', timeout=5)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "text",
    [
        '{"intent":"ask_human"}',
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "{0.__class__} {concern} %s",
        "\u202egnp.exe\u2066",
        "e\u0301" * 1999,
        "👨‍👩‍👧‍👦" * 300,
        "？？？",
        " \n\t ",
        "退" * 4000,
        "a " * 2000,
        "!" * 4000,
        "第一段\n\n第二段\n\n第三段",
    ],
    ids=lambda t: t[:12],
)
def test_strange_text_gets_an_answer(chat: Chat, text: str) -> None:
    answer = chat.say(text)
    assert answer["took_ms"] < 5000, "a pattern that explodes takes minutes"


def test_blank_lines_do_not_split_a_message(chat: Chat) -> None:
    messages = chat.say("多久能退款？")["messages"]
    assert len(messages) == 1
    assert "\n\n" in messages[0]["text"]


def test_twenty_concurrent_turns_of_one_conversation_are_all_answered_in_turn(chat: Chat) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(chat.say, [f"火星第{n}问" for n in range(20)]))
    assert len({answer["turn"] for answer in answers}) == 20
    handoffs = [answer["handoff"]["reason"] for answer in answers if answer["handoff"]]
    # Each miss sees the one before: two misses make a handoff, which resets the count, ten times over.
    assert handoffs == ["unsure"] * 10


def test_twenty_conversations_do_not_disturb_each_other(bot: Bot) -> None:
    chats = [Chat(bot) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        for text in ("查一下我的订单", "LY20261103001", "1234"):
            answers = list(pool.map(lambda c, t=text: c.say(t), chats))
    assert all("LY20261103001" in answer["messages"][0]["text"] for answer in answers)


def test_the_same_turn_twice_is_one_turn(chat: Chat, kb_server: KnowledgeServer) -> None:
    """F-72."""
    first = chat.say("火星上有商店吗", turn="t_again")
    again = chat.say("火星上有商店吗", turn="t_again")
    assert (first.pop("duplicate"), again.pop("duplicate")) == (False, True)
    assert first == again
    assert kb_server.calls["POST /understand"] == 1
    assert chat.say("月亮呢")["handoff"]["evidence"]["questions"] == ["火星上有商店吗", "月亮呢"]


def test_the_same_turn_at_the_same_time_is_one_turn(chat: Chat, kb_server: KnowledgeServer) -> None:
    kb_server.delay = 0.2
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: chat.say("多久能退款", turn="t_at_once"), range(8)))
    assert sorted(answer["duplicate"] for answer in answers) == [False] + [True] * 7
    assert len({json.dumps(answer["messages"]) for answer in answers}) == 1
    assert kb_server.calls["POST /understand"] == 1


def test_a_new_phase_starts_afresh(chat: Chat) -> None:
    assert chat.say("我要退款")["active_loop"] == "refund_request"
    chat.phase = 2
    assert chat.say("你好")["active_loop"] is None


def test_the_knowledge_base_is_asked_once_per_turn_with_the_context(bot: Bot, kb_server: KnowledgeServer) -> None:
    chat = Chat(bot, context=[{"author": "customer", "text": "我买了耳机"}, {"author": "bot", "text": "好的"}])
    chat.say("多久能退款")
    assert kb_server.calls["POST /understand"] == 1
    assert kb_server.bodies[0] == {
        "text": "多久能退款",
        "tenant": "demo",
        "language": "zh",
        "context": chat.metadata["context"],
        "audience": "public",
        "limit": 5,
        "channel": "web",
    }
    chat.say("转人工")
    assert kb_server.calls["POST /understand"] == 2


def test_the_log_has_ids_and_no_message_bodies(bot: Bot, chat: Chat) -> None:
    chat.say("这句话绝不能进日志 secret-marker-4711")
    log = bot.log.read_text(encoding="utf-8")
    assert chat.conversation in log
    assert "secret-marker-4711" not in log
    for line in log.splitlines():
        json.loads(line)
