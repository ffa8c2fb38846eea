"""Numbers that are written in words, in Chinese and English, as digits."""

from __future__ import annotations

import re

NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
RANGE_BETWEEN = r"(?:-|–|—|~|～|至|到|or|to|and|或)"

_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_ENGLISH = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "twenty": 20, "twenty-four": 24,
    "thirty": 30, "forty-eight": 48, "sixty": 60, "seventy-two": 72, "ninety": 90,
}  # fmt: skip

_COUNTED = (
    r"(?=\s*(?:个?工作日|个?工作天|个?自然日|个?小时|个?钟头|分钟|天|日内|周|个?星期|个?礼拜|个?月|年"
    r"|万|元|块|折|%|次|张))"
)
_CHINESE_NUMBER = re.compile(
    rf"(?<![\d第])([零一二两三四五六七八九十百千]+)(?:(?={RANGE_BETWEEN}[零一二两三四五六七八九十百千]+)|{_COUNTED})"
)
_CHINESE_SEQUENCE = re.compile(
    r"(?<![\d第])([一二三四五六七八九])([二三四五六七八九])(?=\s*(?:个?工作日|个?小时|天|分钟|个月|周))"
)
_HALF = re.compile(r"半个?(小时|钟头|月|年)|half an? (hour|day|year)", re.IGNORECASE)
_HALVES = {
    "小时": "30分钟",
    "钟头": "30分钟",
    "月": "15天",
    "年": "6个月",
    "hour": "30 minutes",
    "day": "12 hours",
    "year": "6 months",
}
_ENGLISH_NUMBER = re.compile(
    rf"\b({'|'.join(sorted(_ENGLISH, key=len, reverse=True))})\b"
    r"(?=(?:[ -](?:or|to|and)[ -](?:\w+|\d+))?[ -](?:working|business|calendar|days?|hours?|minutes?|weeks?|months?"
    r"|years?|per ?cent|yuan|dollars?))",
    re.IGNORECASE,
)


def arabic(text: str) -> str:
    """The text with number words before units as digits: 三到五天 → 3到5天, two weeks → 2 weeks, 半小时 → 30分钟."""
    text = _HALF.sub(lambda found: _HALVES[(found[1] or found[2]).lower()], text)
    text = _CHINESE_SEQUENCE.sub(lambda found: f"{_DIGITS[found[1]]}-{_DIGITS[found[2]]}", text)
    text = _CHINESE_NUMBER.sub(lambda found: chinese_number(found[1]), text)
    return _ENGLISH_NUMBER.sub(lambda found: str(_ENGLISH[found[1].lower()]), text)


def chinese_number(written: str) -> str:
    """Digits of a Chinese number below ten thousand: 二十五 → 25."""
    total = current = 0
    for sign in written:
        if sign in _PLACES:
            total += (current or 1) * _PLACES[sign]
            current = 0
        else:
            current = _DIGITS[sign]
    return str(total + current)
