"""Numbers in words, Chinese and English, up to a few hundred million."""

import re
from decimal import Decimal

ZH_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "俩": 2,
    "三": 3,
    "仨": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "壹": 1,
    "贰": 2,
    "叁": 3,
    "肆": 4,
    "伍": 5,
    "陆": 6,
    "柒": 7,
    "捌": 8,
    "玖": 9,
    "貳": 2,
    "參": 3,
    "陸": 6,
    "兩": 2,
}
ZH_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
ZH_BIG = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
ZH_NUMBER = f"[{''.join([*ZH_DIGITS, *ZH_UNITS, *ZH_BIG])}]+"

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
EN_SMALL = {word: number for number, word in enumerate(_ONES.split())}
EN_TENS = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
EN_BIG = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_EN_WORD = "|".join(sorted([*EN_SMALL, *EN_TENS, *EN_BIG], key=len, reverse=True))
EN_NUMBER = rf"\b(?:an?\s+(?=hundred|thousand|million))?(?:{_EN_WORD})(?:(?:\s+and\s+|[\s-]+)(?:{_EN_WORD}))*\b"

_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_MIXED = re.compile(r"(\d+(?:\.\d+)?)([千仟万萬亿億百佰]|k\b)")


def number_of(text: str) -> Decimal | None:
    """The number that `text` is: "299.00", "1,299", "1.5万", "三百二", "two hundred"; None when it is none."""
    text = text.strip().lower().replace(",", "")
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    mixed = _MIXED.fullmatch(text)
    if mixed:
        unit = mixed[2]
        return Decimal(mixed[1]) * (1000 if unit == "k" else ZH_UNITS.get(unit) or ZH_BIG[unit])
    value = chinese(text) if text and text[0] in ZH_DIGITS | ZH_UNITS else english(text)
    return None if value is None else Decimal(value)


def chinese(text: str) -> int | None:
    """三百二十 is 320, and so is 三百二, as it is said; 二〇二六 is 2026; None for anything else."""
    if not text or any(c not in ZH_DIGITS and c not in ZH_UNITS and c not in ZH_BIG for c in text):
        return None
    if all(c in ZH_DIGITS for c in text):
        return int("".join(str(ZH_DIGITS[c]) for c in text))
    total, part, digit, last = 0, 0, 0, 1
    zero_before = False
    for c in text:
        if c in ZH_DIGITS:
            zero_before = zero_before or ZH_DIGITS[c] == 0
            digit = ZH_DIGITS[c]
        elif c in ZH_UNITS:
            last, zero_before = ZH_UNITS[c], False
            part, digit = part + (digit or (1 if last == 10 else 0)) * last, 0
        else:
            last, zero_before = ZH_BIG[c], False
            total, part, digit = (total + part + digit) * last if total == 0 else total + (part + digit) * last, 0, 0
    spoken_short = digit and last >= 100 and not zero_before
    return total + part + digit * (last // 10 if spoken_short else 1)


def english(text: str) -> int | None:
    """ "two hundred and fifty" is 250, "a hundred" 100; None for anything else."""
    total, part, words = 0, 0, re.findall(r"[a-z]+", text.lower())
    if not words or any(
        w not in EN_SMALL and w not in EN_TENS and w not in EN_BIG and w not in ("a", "an", "and") for w in words
    ):
        return None
    for word in words:
        if word in EN_BIG and EN_BIG[word] > 100:
            total, part = total + (part or 1) * EN_BIG[word], 0
        elif word in EN_BIG:
            part = (part or 1) * 100
        else:
            part += EN_SMALL.get(word, 0) + EN_TENS.get(word, 0)
    return total + part
