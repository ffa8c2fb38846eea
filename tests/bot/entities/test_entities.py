"""What is read out of a text: a labelled file with precision and recall, and what holds for any text."""

import json
import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import pytest

from bot.entities import KINDS, read, without_values
from bot.entities.folding import fold
from bot.entities.numerals import chinese, english, number_of
from bot.settings import ROOT

# A Wednesday.
NOW = datetime(2026, 11, 18, 10, tzinfo=timezone(timedelta(hours=8)))
LABELLED = [
    json.loads(line) for line in (ROOT / "data" / "evaluation" / "entities.jsonl").read_text("utf-8").splitlines()
]
PIECES = (
    "订单",
    "LY20261103001",
    "ly ",
    "上周五",
    "前天",
    "三百块",
    "¥299.00",
    "about 50 dollars",
    "13812345678",
    "尾号1234",
    "Nov 3",
    " last ",
    "Friday",
    "文三路18号",
    "12 Baker Street",
    "SAVE20",
    "a@b.co",
    "，",
    " ",
    "号",
    "月",
    "二零二六",
    "１２３",
    "😀",
    "\u0301",
    "+44 20 7946 0018",
    "第",
    "块",
    "十",
    "路",
    "市",
    "区",
    "one",
    "two",
    "hundred",
    "-",
    "/",
    "11",
    "3",
)


def values(text: str, *, ahead: bool = False) -> list[tuple[str, str]]:
    return [(found.kind, found.value) for found in read(text, NOW, ahead=ahead)]


def test_the_labelled_lines_are_read_with_precision_and_recall() -> None:
    right: Counter[str] = Counter()
    said: Counter[str] = Counter()
    meant: Counter[str] = Counter()
    for line in LABELLED:
        expected = Counter((value["kind"], value["value"]) for value in line["values"])
        found = Counter(values(line["text"]))
        said.update(kind for kind, _ in found.elements())
        meant.update(kind for kind, _ in expected.elements())
        right.update(kind for kind, _ in (found & expected).elements())
    assert set(meant) == set(KINDS)
    assert sum(right.values()) / sum(said.values()) >= 0.97
    assert {kind: right[kind] / meant[kind] for kind in KINDS if right[kind] / meant[kind] < 0.9} == {}


@pytest.mark.parametrize("seed", range(5))
def test_every_find_is_a_part_of_the_text_and_overlaps_no_other(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        text = "".join(chance.choices(PIECES, k=chance.randint(0, 12)))
        found = read(text, NOW)
        assert all(text[one.start : one.end] == one.text and one.value for one in found)
        assert all(a.end <= b.start for a, b in pairwise(found))
        assert {one.kind for one in found} <= set(KINDS)


def test_the_way_of_writing_does_not_change_the_value() -> None:
    wide = str.maketrans("0123456789LY", "０１２３４５６７８９ＬＹ")
    for number in ("LY20261103001", "LY20260918274"):
        for text in (number, number.lower(), number.translate(wide), " ".join(number), f"LY-{number[2:]}", number[2:]):
            assert values(text) == [("order_number", number)], text


@pytest.mark.parametrize(
    "behind", ["\n1234", " 1234", " 13800138000", " 3 days late!!", "\n299元", " 5天了", ", 2 items", ". 2nd time"]
)
def test_a_number_behind_an_order_number_does_not_hide_it(behind: str) -> None:
    assert ("order_number", "LY20261103001") in values(f"LY20261103001{behind}")
    assert values("LY202611030012") == []
    assert ("order_number", "LY20261103001") not in values("LY 2026 1103 0012")


def test_what_remains_without_the_values() -> None:
    assert without_values("8899 agent", NOW).strip() == "agent"
    assert without_values("agent", NOW) == "agent"
    assert without_values("LY20261103001 还没到，13800138000", NOW).split() == ["还没到，"]


def test_a_relative_date_is_that_of_the_moment_and_a_dateless_text_has_none() -> None:
    for days in range(0, 400, 7):
        now = NOW + timedelta(days=days)
        for text, back in (
            ("前天", 2),
            ("昨天", 1),
            ("the day before yesterday", 2),
            ("3天前", 3),
            ("three days ago", 3),
        ):
            assert [f.value for f in read(text, now)] == [(now.date() - timedelta(days=back)).isoformat()]
        friday = date.fromisoformat(read("last Friday", now)[0].value)
        assert friday.weekday() == 4
        assert 1 <= (now.date() - friday).days <= 7


def test_a_weekday_is_the_last_one_or_the_next_as_asked() -> None:
    assert values("周六") == [("date", "2026-11-14")]
    assert values("周六", ahead=True) == [("date", "2026-11-21")]
    assert values("on Saturday", ahead=True) == [("date", "2026-11-21")]
    assert values("3号", ahead=True) == [("date", "2026-12-03")]
    assert values("周三", ahead=True) == [("date", "2026-11-18")]


def test_no_day_that_is_none_is_read() -> None:
    for text in ("2月30号", "13月1号", "2026-02-30", "11月31日", "Feb 30", "32号"):
        assert not [kind for kind, _ in values(text) if kind == "date"], text


@pytest.mark.parametrize("number", [0, 7, 10, 12, 20, 35, 100, 105, 110, 250, 999, 1000, 1001, 1030, 12345, 300000])
def test_numbers_in_words_are_the_numbers(number: int) -> None:
    assert chinese(in_chinese(number)) == number


def in_chinese(number: int) -> str:
    """As it is written out, for the test alone."""
    digits, units = "零一二三四五六七八九", ["", "十", "百", "千"]
    if number >= 10_000:
        rest = number % 10_000
        return f"{in_chinese(number // 10_000)}万" + (
            "" if not rest else ("零" if rest < 1000 else "") + in_chinese(rest)
        )
    text, zero = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text, zero = f"{text}{'零' if zero and text else ''}{digits[digit]}{units[place]}", False
        else:
            zero = True
    return text or "零"


def test_short_and_mixed_numbers() -> None:
    assert [chinese(text) for text in ("三百二", "两千五", "一万二", "三百零二", "二〇二六")] == [
        320,
        2500,
        12000,
        302,
        2026,
    ]
    assert english("two hundred and fifty") == 250
    assert [str(number_of(text)) for text in ("1,299", "1.5万", "3k", "一百")] == ["1299", "15000.0", "3000", "100"]
    assert number_of("块") is None


def test_folding_keeps_every_place() -> None:
    text = "Ｌ㎏１ ﬁ 语 é"
    assert len(fold(text)) == len(text)


def test_only_the_beginning_of_a_very_long_text_is_read() -> None:
    assert values("路" * 5000 + "LY20261103001") == []
    assert values("LY20261103001" + "路" * 5000) == [("order_number", "LY20261103001")]
