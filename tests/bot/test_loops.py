"""Going round in circles ends: a line that comes back, courtesies without end, advertising."""

from dataclasses import replace

import pytest

from bot.actions.decide import decide
from bot.actions.loops import repeats_a_line
from bot.actions.situation import Said, Situation
from bot.channels.policy import Policy
from tests.bot.gateway import Bot, Chat

QUIET = Policy(quiet=True)


def play(lines: list[tuple[str, str]], *, form: str | None = None, waiting: bool = False) -> list[str]:
    """What is said to each (text, intent), one after the other."""
    before: tuple[Said, ...] = ()
    for text, intent in lines:
        situation = Situation(
            text=text,
            intent=intent,
            before=before,
            policy=QUIET,
            form=form,
            wanted="order_number" if form else None,
            waiting=waiting,
        )
        before = (*before, Said(text=text, say=decide(situation).say))
    return [said.say for said in before]


def test_a_line_that_comes_back_between_others_ends_too() -> None:
    said = play([("火星在哪", "thumb_up"), ("月亮在哪", "thumb_up")] * 8)
    assert said[:8] == ["thanks"] * 8, "who says a thing four times among others is answered"
    assert said[8:11] == ["same_line", "same_line_last", "quiet"]
    assert set(said[10:]) == {"quiet"}


def test_courtesies_end() -> None:
    lines = [("你好", "greet"), ("谢谢", "thanks"), ("再见", "goodbye"), ("在吗", "greet"), ("多谢", "thanks")]
    said = play(lines * 4)
    assert "quiet" not in said[:7]
    assert said[7] == "only_courtesies"
    assert set(said[8:]) == {"quiet"}


def test_three_thanks_among_other_things_are_answered() -> None:
    said = play([("谢谢", "thanks"), ("好", "thumb_up"), ("谢谢", "thanks"), ("赞", "thumb_up"), ("谢谢", "thanks")])
    assert said == ["thanks"] * 5


def test_a_line_is_not_taken_for_ever_within_a_task() -> None:
    said = play([("哈哈", "nlu_fallback")] * 7, form="order_status", waiting=True)
    assert said[4] == "same_line_waiting"
    assert said[5] == "same_line_last"
    assert said[6] == "quiet"


ADVERTISING = (
    "兼职刷单日赚500，加微信 abc12345",
    "低息贷款秒批，详情点 https://dk.example.com",
    "专业代开发票，联系QQ 12345678",
    "Earn $500 per day from home, click here www.rich.example.com",
    "SEO services, rank your shop on page one, contact us at seo.example.com",
    "Best online casino, sign up now",
)
NO_ADVERTISING = (
    "我在你们网站 www.lanyu.example.com 下的单怎么还没到",
    "有人加我微信让我刷单，是你们的人吗？",
    "你们招代理吗",
    "优惠链接打不开 https://lanyu.example.com/c/1",
    "can i pay with a loan?",
    "the link in your e-mail does not work: https://lanyu.example.com",
    "有人冒充你们客服让我加微信刷单，我已经付了钱",
    "我的订单是贷款分期买的，要退款，请加我微信 abc12345",
    "在你们店代理那边买的，加你们微信也不回，要退货",
    "I never got my free gift card from your promotion, please contact me",
)


@pytest.mark.parametrize("text", ADVERTISING)
def test_advertising_gets_one_sentence_and_then_none(text: str) -> None:
    assert play([(text, "nlu_fallback")] * 2) == ["advertising", "quiet"]


@pytest.mark.parametrize("text", NO_ADVERTISING)
def test_what_only_sounds_like_advertising_is_answered(text: str) -> None:
    assert play([(text, "ask_question")]) != ["advertising"]


def test_other_advertising_is_told_so_three_times() -> None:
    said = play([(text, "nlu_fallback") for text in ADVERTISING])
    assert said == ["advertising"] * 3 + ["quiet"] * 3


def test_photos_and_choices_are_no_lines_that_come_back() -> None:
    photo = Situation(text="", intent="nlu_fallback", before=(Said(text="", say="miss"),) * 9, policy=QUIET)
    assert repeats_a_line(photo) is None
    typed = replace(photo, text="1", before=(Said(text="1", say="answer"),) * 9)
    assert repeats_a_line(typed) is not None
    assert repeats_a_line(replace(typed, files=({"id": "f_1"},))) is None


def test_who_asks_for_a_person_is_heard_whatever_he_sells() -> None:
    assert play([("兼职日赚500，加微信 abc12345，转人工", "nlu_fallback")]) == ["asked"]


def test_asking_again_within_a_task_is_answered_without_the_tasks_question(bot: Bot) -> None:
    chat = Chat(bot)
    chat.say("查一下订单", press="/order_status")
    chat.metadata["owner"] = "queue"
    for text in ("转人工", "转人工啊"):
        answer = chat.say(text)
        assert len(answer["messages"]) == 1
        assert answer["handoff"] is None
        assert answer["active_loop"] == "order_status"


def test_who_asks_for_a_person_in_anger_is_soothed_first(bot: Bot) -> None:
    answer = Chat(bot).say("你们这帮骗子，客服都死哪去了")
    assert answer["handoff"]["reason"] in ("asked", "unhappy")
    assert [message["kind"] for message in answer["messages"]] == ["soothe", "handoff"]


def test_the_bot_speaks_for_the_shop_that_it_is_told(bot: Bot) -> None:
    shop = {"zh": "青禾书店", "en": "Greenleaf Books"}
    for language, text in (("zh", "你好"), ("en", "hello there")):
        said = Chat(bot, language=language, policy={"shop": shop}).say(text)["messages"][0]["text"]
        assert shop[language] in said
        assert "蓝屿" not in said
        assert "Lanyu" not in said
    assert "本店" in Chat(bot).say("你好")["messages"][0]["text"]
