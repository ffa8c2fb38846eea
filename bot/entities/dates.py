"""Dates in numbers, Chinese and English."""

import re
from collections.abc import Iterator
from datetime import datetime

from bot.entities.dates_en import en_dates
from bot.entities.dates_zh import zh_dates
from bot.entities.days import Days, Today
from bot.entities.folding import fold
from bot.entities.found import Found

_YEAR_FIRST = re.compile(r"(?<![\d./-])(20\d\d)([-/.])(1[0-2]|0?[1-9])\2(3[01]|[12]\d|0?[1-9])(?![\d/-]|\.\d)")
_YEAR_LAST = re.compile(r"(?<![\d./-])(\d{1,2})[/.-](\d{1,2})[/.-](20\d\d)(?!\d)")
_MONTH_DAY = re.compile(
    r"(?<![\d./:-])(1[0-2]|0?[1-9])[/-](3[01]|[12]\d|0?[1-9])(?![\d/:%-]|\.\d)(?=\s?(?:号|那|的|下|买|日|$|[，。,]))"
)
_HAN = re.compile(r"[一-鿿]")


def dates(text: str, now: datetime, *, ahead: bool = False) -> Iterator[Found]:
    """Days and spans of days, read against the day of `now`: past ones are meant unless `ahead`."""
    folded, today = fold(text), Today(now.date(), ahead)
    readings = [*_in_numbers(folded, today), *zh_dates(folded, today), *en_dates(folded, today)]
    for start, end, days in sorted(readings, key=lambda r: (r[0], -r[1])):
        yield Found(kind="date", text=text[start:end], start=start, end=end, value=str(days))


def _in_numbers(folded: str, today: Today) -> Iterator[tuple[int, int, Days]]:
    for match in _YEAR_FIRST.finditer(folded):
        yield from _reading(match, today.named(int(match[3]), int(match[4]), year=int(match[1])))
    for match in _YEAR_LAST.finditer(folded):
        first, second = int(match[1]), int(match[2])
        # 03/11/2026 is two days, depending on who writes it: read only when one number can be no month.
        if first == second or (first > 12) != (second > 12):
            month, day = (second, first) if first > 12 else (first, second)
            yield from _reading(match, today.named(month, day, year=int(match[3])))
    if _HAN.search(folded):
        for match in _MONTH_DAY.finditer(folded):
            yield from _reading(match, today.named(int(match[1]), int(match[2])))


def _reading(match: re.Match[str], days: Days | None) -> Iterator[tuple[int, int, Days]]:
    if days is not None:
        yield match.start(), match.end(), days
