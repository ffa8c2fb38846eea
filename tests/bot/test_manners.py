"""What a polite clerk does: greets by the hour, remembers, answers in the customer's language, ends when it is done."""

import re
from datetime import datetime, timezone
from typing import Any

import pytest

from bot.actions.decide import decide
from bot.actions.shorten import cut
from bot.actions.situation import Move, Said, Situation
from bot.actions.texts import Texts, fresh
from bot.channels.circumstances import GivenBack
from bot.channels.policy import Policy
from bot.language import answer_language, asked_language, is_mixed, other_script
from bot.settings import ROOT
from tests.bot import far_side
from tests.bot.gateway import Bot, Chat

BACK = {
    "at": "2026-11-22T10:00:00+08:00",
    "agent": "小林",
    "summary": "",
    "promises": [{"text": "今天下班前给您退款", "seq": 7}],
}


def texts(answer: dict[str, Any]) -> str:
    return "\n".join(message["text"] for message in answer["messages"])


def test_every_sentence_that_a_rule_names_exists() -> None:
    known = Texts.load()
    named: set[str] = set()
    for path in [*(ROOT / "bot" / "actions").glob("*.py"), *(ROOT / "bot" / "signals").glob("*.py")]:
        named |= set(re.findall(r'say="([a-z_]+)"', path.read_text(encoding="utf-8")))
    made = {"answer", "article", "read_on", "quiet"}  # not sentences of the bot's own
    assert [name for name in sorted(named - made) if not known.has(name)] == []


@pytest.mark.parametrize(
    ("hour", "zh", "en"),
    [
        (None, "您好", "Hello"),
        (0, "您好", "Hello"),
        (7, "早上好", "Good morning"),
        (11, "上午好", "Good morning"),
        (12, "中午好", "Good afternoon"),
        (17, "下午好", "Good afternoon"),
        (23, "晚上好", "Good evening"),
    ],
)
def test_the_greeting_is_that_of_the_hour(hour: int | None, zh: str, en: str) -> None:
    known = Texts.load()
    assert (known.hello(hour, language="zh"), known.hello(hour, language="en")) == (zh, en)


def test_who_comes_again_is_greeted_so_and_told_that_it_is_a_bot(bot: Bot) -> None:
    returning = {"last_at": "2026-11-01T10:00:00+08:00", "count": 3}
    again = texts(Chat(bot, hour=21, returning=returning).say("你好"))
    assert again.startswith("晚上好，欢迎回来")
    assert "机器人" in again
    first = texts(Chat(bot, language="en", hour=9).say("hello"))
    assert first.startswith("Good morning")
    assert "bot" in first


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("speak English please", "en"),
        ("English please", "en"),
        ("can you speak chinese?", "zh"),
        ("请说中文", "zh"),
        ("请用英文", "en"),
        ("能说英语吗", "en"),
        ("I don't speak Chinese", "en"),
        ("no english", "zh"),
        ("speak french please", "other"),
        ("do you sell english books", None),
        ("有中文说明书吗", None),
        ("does the manual come in english?", None),
        ("发票用英文怎么说", None),
    ],
)
def test_asking_for_a_language_is_told_from_talking_about_one(text: str, language: str | None) -> None:
    assert asked_language(text) == language


def test_the_chosen_language_stays_and_the_last_answer_is_said_again_in_it(bot: Bot) -> None:
    chat = Chat(bot)
    chat.say("多久能退款")
    answer = chat.say("English please")
    assert "English" in answer["messages"][0]["text"]
    assert answer["messages"][1]["sources"][0]["language"] == "en"
    assert texts(chat.say("谢谢")).isascii()
    assert "中文" in texts(chat.say("请说中文"))


def test_a_text_of_two_languages_keeps_the_conversations_or_takes_the_one_with_more_words() -> None:
    assert is_mixed("where is my 快递")
    assert not is_mixed("我的order到哪了")
    facts: dict[str, Any] = {"asked_for": "zh", "detected": "zh"}
    assert answer_language("where is my 快递", before=None, **facts) == "en"
    assert answer_language("where is my 快递", before="zh", **facts) == "zh"
    assert answer_language("我的order到哪了", before=None, **facts) == "zh"
    assert answer_language("多久能退款", before="zh", chosen="en", **facts) == "en"


@pytest.mark.parametrize("text", ["hello where is my order", "mi order", "我的包裹", "ok", "LY20261103001", "", "😀"])
def test_our_own_languages_are_not_taken_for_others(text: str) -> None:
    assert not other_script(text)


def test_after_a_give_back_the_first_sentence_says_so_and_a_promise_is_never_contradicted(bot: Bot) -> None:
    chat = Chat(bot, given_back=BACK)
    first = chat.say("你好")["messages"][0]["text"]
    assert "小林" in first
    assert "今天下班前给您退款" in first
    answer = chat.say("多久能退款")
    assert answer["messages"][0]["kind"] == "answer"
    assert "以小林答应的为准" in answer["messages"][-1]["text"]
    assert "今天下班前给您退款" in texts(chat.say("刚才不是说好今天退吗"))
    unrelated = chat.say("怎么修改收货地址")
    assert "小林" not in texts(unrelated)


def test_a_give_back_without_promises_says_only_who_had_it() -> None:
    back = GivenBack(at=datetime(2026, 1, 1, tzinfo=timezone.utc), agent="Lin", summary="x")
    decision = decide(Situation(text="hello", intent="greet", given_back=back))
    assert (decision.first, decision.say, decision.values["agent"]) == (("given_back",), "here", "Lin")


def test_an_answer_is_cut_where_a_sentence_ends() -> None:
    text = "第一句话说的是这个。" * 12
    head, rest = cut(text, room=50)
    assert (len(head), head[-1]) == (50, "。")
    assert head + (rest or "") == text
    assert cut("价格是 3.50 元，满 100.00 元包邮", room=50) == ("价格是 3.50 元，满 100.00 元包邮", None)
    dotted, _ = cut("Version 3.5 is new. It costs 12.50 and ships today to all of us", room=30)
    assert dotted == "Version 3.5 is new."
    assert cut("x" * 100, room=30)[0] == "x" * 30


def test_the_rest_of_a_cut_answer_comes_by_button_or_by_word(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "".join(f"第{n}步：请按照页面的提示完成这一步的操作。" for n in range(12))
    monkeypatch.setitem(far_side.ARTICLES, ("change-delivery-address", "zh"), ("修改收货地址", long))
    chat = Chat(bot, policy={"channel_chars": 100})
    first = chat.say("怎么修改收货地址")
    pieces = [first["messages"][0]["text"]]
    second = chat.press(first, "继续看")
    pieces.append(second["messages"][0]["text"])
    pieces.append(chat.say("继续")["messages"][0]["text"])
    assert all(len(piece) <= 115 for piece in pieces)
    assert long.startswith("".join(pieces))


@pytest.mark.parametrize("chars", [600, 299])
def test_a_quote_is_said_to_its_last_word(bot: Bot, monkeypatch: pytest.MonkeyPatch, chars: int) -> None:
    """Half of a policy that is to be said word for word is another policy."""
    long = "".join(f"第{n:02}条：退回的商品须保持完好，并附上全部配件和发票。" for n in range(35))
    assert len(long) >= 900
    monkeypatch.setitem(far_side.ARTICLES, ("refund-timing", "zh"), ("退款多久到账", long))
    monkeypatch.setattr(far_side.KnowledgeServer, "quotes", frozenset({"refund-timing"}))
    chat = Chat(bot, policy={"channel_chars": chars})
    for answer in (
        chat.say("多久能退款"),
        chat.say("退款多久到账", press='/choose_article{"article":"refund-timing"}'),
    ):
        assert answer["messages"][0]["text"] == long
        assert answer["messages"][0]["buttons"] == []


def test_a_quote_longer_than_a_message_comes_in_several(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "".join(f"第{n:04}条：退回的商品须保持完好，并附上全部配件和发票。" for n in range(500))
    monkeypatch.setitem(far_side.ARTICLES, ("refund-timing", "zh"), ("退款多久到账", long))
    monkeypatch.setattr(far_side.KnowledgeServer, "quotes", frozenset({"refund-timing"}))
    parts = [one["text"] for one in Chat(bot).say("多久能退款")["messages"] if one["kind"] == "answer"]
    assert len(parts) > 1
    assert max(map(len, parts)) < 8000, "what the gateway takes of one message"
    assert "".join(parts) == long


def test_after_steps_it_is_asked_whether_that_solved_it_and_a_yes_ends_the_conversation(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(far_side.ARTICLES, ("change-delivery-address", "zh"), ("修改地址", "我的 → 地址 → 修改。"))
    chat = Chat(bot)
    answer = chat.say("怎么修改收货地址")
    assert [button["payload"] for button in answer["messages"][-1]["buttons"]] == ["/solved", "/not_solved"]
    done = chat.press(answer, "解决了")
    assert (done["close"], done["messages"][0]["kind"]) == (True, "small_talk")


def test_not_every_answer_is_followed_by_the_question_whether_it_helped() -> None:
    before = (Said(text="a", say="answer"), Said(text="b", say="answer", asked_if_solved=True))
    assert decide(Situation(text="x", intent="greet", before=before)).after == ()


@pytest.mark.parametrize(
    ("text", "solved"),
    [
        ("谢谢，解决了", True),
        ("ok thanks, that solves it", True),
        ("ok thanks, that solved it", True),
        ("问题解决了吗", False),
        ("还没解决", False),
        ("没有解决", False),
        ("has it been solved?", False),
    ],
)
def test_solved_is_said_and_not_asked_or_denied(text: str, solved: bool) -> None:
    decision = decide(Situation(text=text, intent="thanks", confidence=0.5))
    assert (decision.say == "solved", decision.close) == (solved, solved)


def test_a_conversation_with_somebody_waiting_is_not_closed() -> None:
    decision = decide(Situation(text="解决了", intent="solved", waiting=True))
    assert (decision.say, decision.close) == ("solved_waiting", False)
    assert decide(Situation(text="再见", intent="goodbye")).close is True
    assert decide(Situation(text="再见", intent="goodbye", waiting=True)).close is False


def test_no_variant_is_said_twice_while_there_is_another() -> None:
    variants = ["a", "b", "c"]
    used: set[str] = set()
    said = []
    for turn in (5, 5, 5):
        name, text = fresh("x", variants, turn=turn, used=used)
        used.add(name)
        said.append(text)
    assert sorted(said) == variants


def test_the_limits_of_the_tenant_are_kept() -> None:
    policy = Policy(insults=1)
    insult = Situation(text="骗子", intent="insult", waiting=True, policy=policy)
    assert decide(insult).say == "boundary"
    assert decide(Situation(text="骗子", intent="insult", policy=policy)).move is Move.HANDOFF
