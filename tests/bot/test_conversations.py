"""Conversations with the real process, in both languages."""

import re

import pytest

from tests.bot.far_side import KnowledgeServer
from tests.bot.gateway import Bot, Chat


def kinds(answer: dict) -> list[str]:
    return [message["kind"] for message in answer["messages"]]


def test_asking_anywhere_in_a_long_text_counts(chat: Chat) -> None:
    text = "我上个月买的东西一直有问题，" * 60 + "你们帮我转人工吧。"
    assert chat.say(text)["handoff"]["reason"] == "asked"


@pytest.mark.parametrize(("language", "hello", "marker"), [("zh", "你好", "机器人"), ("en", "hello", "bot")])
def test_a_greeting_says_it_is_a_bot_and_suggests_what_to_ask(bot: Bot, language: str, hello: str, marker: str) -> None:
    chat = Chat(bot, language=language)
    answer = chat.say(hello)
    assert marker in answer["messages"][0]["text"]
    assert 2 <= len(answer["messages"][0]["buttons"]) <= 3
    suggested = chat.press(answer, answer["messages"][0]["buttons"][0]["title"])
    assert kinds(suggested) == ["answer"]


@pytest.mark.parametrize(
    ("language", "question", "vague", "choice", "unknown"),
    [
        ("zh", "怎么修改收货地址", "退款", "退货规则", ["火星上有商店吗", "月亮多重"]),
        (
            "en",
            "How do I change my delivery address?",
            "refund",
            "Return rules",
            ["who won the cup", "how heavy is the moon"],
        ),
    ],
)
def test_the_story(bot: Bot, language: str, question: str, vague: str, choice: str, unknown: list[str]) -> None:
    chat = Chat(bot, language=language)
    answer = chat.say(question)
    assert kinds(answer) == ["answer"]
    assert answer["messages"][0]["sources"][0]["article"] == "change-delivery-address"
    clarify = chat.say(vague)
    assert kinds(clarify) == ["clarify"]
    assert 3 <= len(clarify["messages"][0]["buttons"]) <= 4
    chosen = chat.press(clarify, choice)
    assert (kinds(chosen), chosen["messages"][0]["sources"][0]["language"]) == (["answer"], language)
    miss = chat.say(unknown[0])
    assert (kinds(miss), miss["handoff"]) == (["offer_human"], None)
    assert miss["messages"][0]["buttons"][0]["payload"] == "/ask_human"
    second = chat.say(unknown[1])
    assert (second["handoff"]["reason"], second["handoff"]["priority"]) == ("unsure", 2)
    evidence = second["handoff"]["evidence"]
    assert evidence["questions"] == unknown
    assert evidence["hits"][0]["probability"] < evidence["decision"]["threshold"]


def test_an_answer_between_two_misses_resets_the_count(chat: Chat) -> None:
    chat.say("火星上有商店吗")
    chat.say("多久能退款")
    assert chat.say("月亮多重")["handoff"] is None


def test_none_of_these_and_another_miss_hand_off(chat: Chat) -> None:
    assert kinds(chat.press(chat.say("退款"), "都不是")) == ["offer_human"]
    assert chat.say("月亮多重")["handoff"]["reason"] == "unsure"


def test_pressing_the_offered_human_and_saying_yes_are_the_same(bot: Bot) -> None:
    pressed, said = Chat(bot), Chat(bot)
    answer = pressed.say("月亮多重")
    said.say("月亮多重")
    assert pressed.press(answer, "转人工")["handoff"]["reason"] == "asked"
    assert said.say("好的")["handoff"]["reason"] == "asked"


@pytest.mark.parametrize(
    ("language", "text", "concern"),
    [
        ("zh", "骗子，退款拖了半个月", "退款|退个款"),
        ("zh", "这是什么态度，等了十天还没人理我！", "等"),
        ("en", "you are thieves, where is my parcel", "delivery|parcel"),
        ("en", "ten days and still nothing, I am fed up", "waiting|waited"),
    ],
)
def test_an_angry_customer_is_soothed_first(bot: Bot, language: str, text: str, concern: str) -> None:
    answer = Chat(bot, language=language).say(text)
    assert kinds(answer) == ["soothe", "handoff"]
    assert re.search(concern, answer["messages"][0]["text"])
    assert (answer["handoff"]["reason"], answer["handoff"]["priority"]) == ("unhappy", 6)
    assert answer["signals"][0]["signal"] == "unhappy"
    assert answer["handoff"]["evidence"]["signals"] == answer["signals"]


@pytest.mark.parametrize(("language", "insult"), [("zh", "骗子"), ("en", "you are thieves")])
def test_no_soothing_sentence_is_said_twice(bot: Bot, language: str, insult: str) -> None:
    chat = Chat(bot, language=language, policy={"insults": 20, "same_line": 10})
    said: list[str] = []
    for number in range(9):
        answer = chat.say(f"{insult}{'!' * number}")
        said += [m["text"] for m in answer["messages"] if m["kind"] == "soothe"]
        chat.metadata["owner"] = "queue"
    sorry = [text for text in said if re.search("抱歉|对不起|sorry|apologise", text)]
    assert len(sorry) == len(set(sorry)) >= 3


def test_insults_are_answered_until_the_line_is_drawn(bot: Bot) -> None:
    chat = Chat(bot, language="en")
    assert chat.say("you are thieves")["handoff"]["reason"] == "unhappy"
    chat.metadata["owner"] = "queue"
    chat.say("you are liars and thieves")
    assert "stop the insults" in chat.say("thieves! liars!")["messages"][0]["text"]
    assert "no insults" in chat.say("you liars")["messages"][0]["text"]
    assert kinds(chat.say("how long does a refund take")) == ["answer"]


@pytest.mark.parametrize(
    "text", ["转人工", "月亮多重", "骗子", "我想投诉一个卖家", "我要投诉", "多久能退款", "退款", "你好", "还要等多久"]
)
def test_who_waits_gets_answers_but_no_second_handoff_and_no_offer(bot: Bot, text: str) -> None:
    chat = Chat(bot, owner="queue")
    for _ in range(2):
        answer = chat.say(text)
        assert answer["handoff"] is None
        assert "handoff" not in kinds(answer)
        assert "offer_human" not in kinds(answer)
        assert "/ask_human" not in [b["payload"] for m in answer["messages"] for b in m["buttons"]]


def test_the_language_follows_the_customer(bot: Bot) -> None:
    chat = Chat(bot, language=None)
    assert "support bot" in chat.say("hello there my friend")["messages"][0]["text"]
    assert "LY and has 11" in chat.say("LY?  where is my order")["messages"][0]["text"]
    assert "再" in chat.say("算了，再见")["messages"][0]["text"] + "再"
    assert any("\u3400" <= c <= "\u9fff" for c in chat.say("谢谢")["messages"][0]["text"])
    assert any("\u3400" <= c <= "\u9fff" for c in chat.say("ok")["messages"][0]["text"])


def test_an_article_that_is_gone_is_said_so(chat: Chat) -> None:
    answer = chat.say("旧文章", press='/choose_article{"article":"no-such-article"}')
    assert kinds(answer) == ["offer_human"]


@pytest.mark.parametrize("mode", ["down", "garbage", "other_shape"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_without_the_knowledge_base(bot: Bot, kb_server: KnowledgeServer, mode: str, language: str) -> None:
    kb_server.mode = mode
    chat = Chat(bot, language=language)
    zh = language == "zh"
    assert kinds(chat.say("你好" if zh else "good morning")) == ["small_talk"]
    assert chat.say("查一下我的订单" if zh else "where is my order")["active_loop"] == "order_status"
    chat.say("LY20261103001")
    assert "LY20261103001" in chat.say("1234")["messages"][0]["text"]
    failed = chat.say("多久能退款" if zh else "how long does a refund take")
    assert (failed["handoff"]["reason"], failed["handoff"]["priority"]) == ("bot_failed", 4)
    assert failed["handoff"]["evidence"]["knowledge_base"] == "unreachable"
    assert failed["understanding"] is None
    assert chat.say("转人工" if zh else "agent please")["handoff"]["reason"] == "asked"


def test_a_slow_knowledge_base_costs_its_time_limit_and_no_more(chat: Chat, kb_server: KnowledgeServer) -> None:
    kb_server.delay = 3.0
    answer = chat.say("转人工")
    assert answer["handoff"]["reason"] == "asked"
    assert answer["took_ms"] < 2000


def test_a_chosen_article_that_cannot_be_fetched_goes_to_a_human(chat: Chat, kb_server: KnowledgeServer) -> None:
    clarify = chat.say("退款")
    kb_server.mode = "down"
    assert chat.press(clarify, "退货规则")["handoff"]["reason"] == "bot_failed"
