"""Personal data leaves a text before it is stored; what answers are made of stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_index.text.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的手机号是13812345678，收不到短信", "我的手机号是[phone]，收不到短信"),
        ("打 138 1234 5678 找我", "打 [phone] 找我"),
        ("电话＋８６１３８１２３４５６７８", "电话[phone]"),
        ("call me at +44 20 7946 0958 please", "call me at [phone] please"),
        ("my number is (415) 555-2671", "my number is [phone]"),
        ("座机010-62345678没人接", "座机[phone]没人接"),
        ("write to jane.doe+shop@example.co.uk", "write to [e-mail]"),
        ("邮箱ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "邮箱[e-mail]"),
        ("身份证11010519491231002X不对", "身份证[ID number]不对"),
        ("卡号6222 0212 3456 7890 123扣了两次", "卡号[card number]扣了两次"),
        ("card 4111-1111-1111-1111 was charged", "card [card number] was charged"),
        ("订单号DD20260511000123一直没发货", "订单号[number]一直没发货"),
        ("order #100234567 is late", "order #[number] is late"),
        ("加我微信号：lanyu_2026吧", "加我微信号[account]吧"),
        ("号码幺三八零零一二三四五六", "号码[number]"),
    ],
)
def test_what_names_a_person_is_replaced(text: str, masked: str) -> None:
    assert mask(text)[0] == masked


@pytest.mark.parametrize(
    "text",
    [
        "退款1-3个工作日到账，最晚2026-05-31",
        "满1,000元减50元，上限100000元",
        "客服热线400-820-8820，周一到周五9:00-18:00",
        "a refund of $120000 takes 3 days",
        "怎么用微信支付",
        "微信号怎么绑定",
        "how do I link wechat payment",
        "iPhone 15 Pro 256GB 有货吗",
        "一二三线城市都能送吗",
    ],
)
def test_what_answers_are_made_of_stays(text: str) -> None:
    assert mask(text) == (text, 0)


@given(st.text(max_size=60), st.integers(10**9, 10**10 - 1), st.text(max_size=60))
def test_no_mobile_number_survives_between_words(before: str, digits: int, after: str) -> None:
    number = f"1{3 + digits % 7}{digits % 10**9:09}"
    edge = "，"
    assert number not in mask(f"{before}{edge}{number}{edge}{after}")[0]


@given(st.text(max_size=300))
def test_masking_is_done_after_once(text: str) -> None:
    once, _ = mask(text)
    assert mask(once) == (once, 0)
