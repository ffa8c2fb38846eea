"""Facts that a customer stated, found by pattern: pure, and never anything that is not in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_AMOUNT = r"(?:[¥￥$]\s?\d[\d,]*(?:\.\d{1,2})?|\d[\d,]*(?:\.\d{1,2})?\s?(?:元|块钱|块|yuan|CNY|RMB|rmb))"
_ZH_DATE = r"(?:\d{4}年)?\d{1,2}月\d{1,2}[日号]|\d{4}[-/]\d{1,2}[-/]\d{1,2}|(?:今|昨|前)天|上周[一二三四五六日天]"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_EN_DATE = (
    rf"\b(?:yesterday|today|the day before yesterday|last (?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH}\b|\b{_MONTH} \d{{1,2}}\b"
)

# In order: an order number is not also a phone number.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("order_number", re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{11,14}(?!\d)")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("phone", re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|\+\d{1,3}[\s-]?\d{6,12}(?!\d)")),
    ("amount", re.compile(_AMOUNT)),
    ("date", re.compile(rf"{_ZH_DATE}|{_EN_DATE}", re.IGNORECASE)),
)


def facts_in(text: str) -> Iterator[tuple[str, str]]:
    """(kind, value) in the order of PATTERNS; each value is a substring of the text."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                taken.append(match.span())
                yield kind, match.group()
