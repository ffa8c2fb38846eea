"""What a text says, and how a running Task is steered by it; no Rasa, no network."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bot.actions.situation import Decision, Move, Situation
from bot.actions.standing import Standing
from bot.channels.circumstances import File
from bot.hearing.ordinal import ordinal
from bot.knowledge import Understanding
from bot.tasks import in_task, readers, wants_task
from bot.tasks.complaint import ABOUT
from bot.tasks.invoice_request import title as invoice_title
from bot.tasks.orders import narrowed
from bot.tasks.reasons import code_of, without_pictures
from tests.bot.far_side import understanding

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=timezone(timedelta(hours=8)))
ABSTAIN = Understanding.from_json(understanding("zh", "abstain", [("refund-timing", 0.1)]))
ANSWER = Understanding.from_json(understanding("zh", "answer", [("refund-timing", 0.97)]))


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (readers.order_number, "不是LY20261103001，是 ly-20261103002", "LY20261103002"),
        (readers.phone_tail, "13812345678", "5678"),
        (readers.phone_tail, "是1234", "1234"),
        (readers.named_tail, "LY20261103001，尾号1234", "1234"),
        (readers.named_tail, "LY20261103001 1234", None),
        (readers.tax_number, "税号 91310000ma1fl0000x", "91310000MA1FL0000X"),
        (readers.tax_number, "12345", None),
        (readers.amount, "退我 50 元就行", "50.00"),
        (readers.address, "浙江省杭州市西湖区文三路 90 号", "浙江省杭州市西湖区文三路 90 号"),
        (readers.address, "Room 5, 12 Nanjing Road, Shanghai!", "Room 5, 12 Nanjing Road, Shanghai"),
        (readers.address, "换个地方", None),
        (readers.payment_reference, "tu 2026110401 没到", "TU2026110401"),
        (readers.words, "？！", None),
        (without_pictures, "没有图片", []),
        (without_pictures, "no photos", []),
        (without_pictures, "没有收到货", None),
        (invoice_title, "make it\nout to Bright Harbour Ltd", "Bright Harbour Ltd"),
        (ABOUT.read, "something else", "other"),
        (ABOUT.read, "nothing else", None),
        (ABOUT.read, "没别的了", None),
    ],
)  # fmt: skip
def test_what_a_text_says(reader: Any, text: str, value: Any) -> None:
    assert reader(text, NOW) == value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 1),
        ("第二个", 1),
        ("the first one", 0),
        ("选三", 2),
        ("the second one please", 1),
        ("选第二个吧", 1),
        ("2个都要", None),
        ("3月的", None),
        ("第二個", 1),
        ("好的，第一个", 0),
        ("2, please", 1),
        ("no. 2", 1),
        ("no second", None),
        ("就一个", None),
        ("要二单", None),
        (" " * 4000 + "x", None),
    ],
)
def test_a_number_of_a_list(text: str, number: int | None) -> None:
    assert ordinal(text) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("耳机开不了机", "quality"),
        ("it arrived with a cracked screen", "damaged"),
        ("你们发错颜色了，颜色不对", "wrong_item"),
        ("too tight", "size"),
        ("I changed my mind", "changed_mind"),
        ("就是想退", "other"),
    ],
)
def test_reasons_in_words_have_a_code(text: str, code: str) -> None:
    assert code_of(text) == code


def test_an_order_is_meant_by_its_day_or_its_thing() -> None:
    def order(number: str, days: int, name: str) -> dict[str, Any]:
        return {"number": number, "placed_at": (NOW - timedelta(days=days)).isoformat(), "items": [{"name": name}]}

    orders = [order("A", 1, "护眼台灯 三档调光"), order("B", 2, "降噪蓝牙耳机"), order("C", 1, "Canvas backpack, navy")]
    assert [each["number"] for each in narrowed(orders, "昨天那单", NOW)] == ["A", "C"]
    assert [each["number"] for each in narrowed(orders, "昨天买的台灯", NOW)] == ["A"]
    assert [each["number"] for each in narrowed(orders, "the backpack please", NOW)] == ["C"]
    assert narrowed(orders, "一年前那单", NOW) == []
    assert len(narrowed(orders, "帮我查一下", NOW)) == 3


KNOWN = {"order_number": "LY20261103001", "order": {"number": "LY20261103001"}, "reason": "坏了",
         "facts": {"order_number": ["order"], "reason": []}}  # fmt: skip


def steer(text: str, intent: str = "inform", *, wanted: str = "confirmed", **facts: Any) -> Decision:
    standing = Standing(known=facts.pop("known", KNOWN), now=NOW, **facts.pop("standing", {}))
    s = Situation(
        text=text, intent=intent, confidence=0.95, form="refund_request", wanted=wanted, standing=standing,
        **{"understanding": ABSTAIN, **facts},
    )  # fmt: skip
    other = Decision(move=Move.REPLY, say="elsewhere", rule="elsewhere")
    decision = in_task(s, answer=lambda _: other, chat=lambda _: other)
    assert decision is not None
    return decision


@pytest.mark.parametrize(
    ("text", "intent"), [("不对，是昨天那单", "correct"), ("no, the other one", "correct"), ("不是这单", "inform")]
)
def test_a_correction_forgets_the_order_and_what_was_learnt_with_it(text: str, intent: str) -> None:
    decision = steer(text, intent)
    assert decision.move is Move.FILL
    assert decision.slots["known"] == {"reason": "坏了", "facts": KNOWN["facts"]}


def test_another_order_number_replaces_the_first_even_without_a_word() -> None:
    assert "order_number" not in steer("LY20261103002").slots["known"]
    assert steer("LY20261103001", wanted="evidence").slots.get("known") is None


@pytest.mark.parametrize("text", ["yes but wait", "可以先别提交", "好的我再想想", "等会再说"])
def test_what_is_no_firm_yes_never_fills_the_summary(text: str) -> None:
    for intent in ("affirm", "inform", "ask_question", "nlu_fallback"):
        decision = steer(text, intent)
        assert decision.move is not Move.FILL or decision.slots["tries"] == 1


def test_a_task_that_is_left_can_be_taken_up_again() -> None:
    left = steer("算了", "stop")
    assert left.slots["set_aside"] == [{"task": "refund_request", "known": KNOWN, "offered": True}]
    standing = Standing(set_aside=tuple(left.slots["set_aside"]))
    back = wants_task(Situation(text="继续刚才的退款", intent="resume_task", standing=standing))
    assert back is not None
    assert (back.move, back.slots["task"], back.slots["known"]) == (Move.TASK, "refund_request", KNOWN)


def test_a_question_is_answered_and_a_sure_other_wish_switches() -> None:
    assert steer("多久能退？", "ask_question", wanted="reason", understanding=ANSWER).say == "elsewhere"
    switched = steer("帮我取消订单", "cancel_order", wanted="order_number", known={})
    assert (switched.move, switched.slots["task"]) == (Move.TASK, "cancel_order")
    assert [each["task"] for each in switched.slots["set_aside"]] == ["refund_request"]


def test_more_pictures_are_added_to_those_before() -> None:
    first = {"id": "f1", "name": "a.jpg", "type": "image/jpeg", "size": 9}
    second = File(id="f2", name="b.jpg", type="image/jpeg", size=9)
    decision = steer("", files=(second,), known={**KNOWN, "evidence": [first]})
    assert [file["id"] for file in decision.slots["known"]["given"]["evidence"]] == ["f1", "f2"]


@pytest.mark.parametrize("confidence", [0.5, 0.95])
@pytest.mark.parametrize("form", [None, "refund_request"])
def test_an_undo_with_nothing_to_take_back_starts_nothing(form: str | None, confidence: float) -> None:
    s = Situation(
        text="please undo LY20261103001", intent="undo", confidence=confidence, form=form, wanted="phone_tail",
        standing=Standing(now=NOW), understanding=ABSTAIN,
    )  # fmt: skip
    other = Decision(move=Move.REPLY, say="elsewhere", rule="elsewhere")
    decision = in_task(s, answer=lambda _: other, chat=lambda _: other) or wants_task(s)
    assert decision is not None
    assert decision.slots.get("task") != "undo"
