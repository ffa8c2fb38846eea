"""What the gateway knows about a contact reaches the knowledge base, and what comes back of it is said once."""

import json
from typing import Any

import pytest

from bot.actions.decide import Move, Situation, decide
from bot.channels.request import BadTurn, read_turn
from bot.knowledge import KnowledgeUnavailable, Understanding
from tests.bot.far_side import KnowledgeServer, understanding
from tests.bot.gateway import ROOT, Bot, Chat

CONTRACT = json.loads((ROOT / "tests" / "contracts" / "understand.json").read_text(encoding="utf-8"))
REQUEST = json.loads((ROOT / "tests" / "contracts" / "turn.json").read_text(encoding="utf-8"))["examples"][0]["request"]
CONTACT = {
    "products": ["蓝屿水壶"],
    "asked": [{"article": "return-policy", "at": "2026-03-05T09:30:00+08:00", "solved": None}],
}


def turn_with(**metadata: Any) -> Any:
    return read_turn(json.dumps({**REQUEST, "metadata": {**REQUEST["metadata"], **metadata}}).encode(), max_chars=4000)


@pytest.mark.parametrize("example", CONTRACT["examples"], ids=lambda example: example["request"]["text"])
def test_every_response_of_the_contract_is_understood(example: dict[str, Any]) -> None:
    read = Understanding.from_json(example["response"])
    assert [hit.doubt for hit in read.hits] == [hit.get("doubt") for hit in example["response"]["hits"]]
    assert (read.reminder is not None) == ("reminder" in example["response"])


def test_a_reminder_without_a_day_is_another_shape() -> None:
    with pytest.raises(KnowledgeUnavailable):
        Understanding.from_json(
            {**CONTRACT["examples"][0]["response"], "reminder": {"article": "a", "title": "b", "asked_at": "soon"}}
        )


def test_the_contact_goes_on_as_it_came_and_an_odd_channel_is_a_chat() -> None:
    turn = turn_with(contact=CONTACT, channel="WeChat Work!")
    assert turn.contact == CONTACT
    assert turn.channel == "chat"
    assert turn_with(channel="telegram").channel == "telegram"
    assert turn_with().contact is None


@pytest.mark.parametrize(
    "contact",
    [
        [],
        "x",
        {"products": "kettle"},
        {"products": [5]},
        {"products": ["x" * 121]},
        {"asked": [{"article": "../x", "at": "2026-03-05T09:30:00Z"}]},
        {"asked": [{"article": "a", "at": "2026-03-05T09:30:00"}]},
        {"asked": [{"article": "a", "at": 5}]},
        {"asked": [{"article": "a", "at": "2026-03-05T09:30:00Z", "solved": "yes"}]},
        {"asked": ["a"]},
    ],
    ids=repr,
)
def test_a_contact_of_another_shape_is_refused(contact: Any) -> None:
    with pytest.raises(BadTurn):
        turn_with(contact=contact)


def test_articles_in_doubt_are_never_offered_as_a_choice() -> None:
    raw = understanding("zh", "clarify", [("refund-timing", 0.5), ("return-policy", 0.4), ("file-complaint", 0.1)])
    raw["hits"][0]["doubt"] = "two values for one fact"
    decision = decide(Situation(text="退款", intent="ask_question", understanding=Understanding.from_json(raw)))
    assert [hit.article for hit in decision.choices] == ["return-policy", "file-complaint"]
    for hit in raw["hits"]:
        hit["doubt"] = "two values for one fact"
    decision = decide(Situation(text="退款", intent="ask_question", understanding=Understanding.from_json(raw)))
    assert (decision.move, decision.say) == (Move.REPLY, "miss")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("zh", "多久能退款", "您上次（2026-03-05）问过“退货规则”"),
        ("en", "how long does a refund take", "Last time (2026-03-05)"),
    ],
)
def test_the_open_question_of_last_time_is_asked_about_once(bot: Bot, language: str, text: str, words: str) -> None:
    chat = Chat(bot, language=language, contact=CONTACT)
    first = chat.say(text)["messages"]
    assert [message["kind"] for message in first] == ["answer", "notice"]
    assert words in first[1]["text"]
    assert [button["payload"] for button in first[1]["buttons"]] == ["/solved", "/ask_human"]
    other = "怎么修改收货地址" if language == "zh" else "how do i change my delivery address"
    assert [message["kind"] for message in chat.say(other)["messages"]] == ["answer"]


def test_a_contact_without_open_questions_is_not_reminded(bot: Bot) -> None:
    solved = {"products": [], "asked": [{**CONTACT["asked"][0], "solved": True}]}
    assert [message["kind"] for message in Chat(bot, contact=solved).say("多久能退款")["messages"]] == ["answer"]


def test_the_knowledge_base_is_told_which_article_answered_before(bot: Bot, kb_server: KnowledgeServer) -> None:
    chat = Chat(bot, contact=CONTACT)
    answer = chat.say("多久能退款")["messages"][0]["text"]
    chat.metadata["context"] = [{"author": "customer", "text": "多久能退款"}, {"author": "bot", "text": answer}]
    chat.say("那信用卡呢")
    assert [said.get("article") for said in kb_server.bodies[-1]["context"]] == [None, "refund-timing"]
    assert kb_server.bodies[-1]["contact"] == CONTACT


def test_a_chosen_article_that_came_into_doubt_is_not_shown(bot: Bot, kb_server: KnowledgeServer) -> None:
    chat = Chat(bot)
    chat.say("退款")
    kb_server.doubted = frozenset({"return-policy"})
    try:
        found = chat.say("退货规则", press='/choose_article{"article":"return-policy"}')["messages"]
    finally:
        kb_server.doubted = frozenset()
    assert "7 天" not in found[0]["text"]
    assert found[0]["sources"] == []
