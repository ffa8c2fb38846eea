"""Dates as they are said in English: "last Friday", "the day before yesterday", "Nov 3", "two weeks ago"."""

import re
from collections.abc import Callable, Iterator

from bot.entities.days import Days, Today
from bot.entities.numerals import EN_SMALL, english

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = (
    r"(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday|nsday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|"
    r"sat(?:urday)?|sun(?:day)?)\b\.?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?\b"
_YEAR = r"(?:,?\s+(?P<year>20\d\d))?"
_COUNT = rf"(?P<count>\d{{1,3}}|an?|one|a couple of|{'|'.join(EN_SMALL)})"
_RELATIVE = {
    "the day before yesterday": -2,
    "day before yesterday": -2,
    "yesterday": -1,
    "last night": -1,
    "today": 0,
    "this morning": 0,
    "this afternoon": 0,
    "this evening": 0,
    "tonight": 0,
    "just now": 0,
    "the day after tomorrow": 2,
    "day after tomorrow": 2,
    "tomorrow": 1,
    "tmrw": 1,
    "yday": -1,
    "yesturday": -1,
}


def en_dates(folded: str, today: Today) -> Iterator[tuple[int, int, Days]]:
    """Start, end and days of each date."""
    for pattern, meaning in _PATTERNS:
        for match in pattern.finditer(folded):
            days = meaning(match, today)
            if days is not None:
                yield match.start(), match.end(), days


def _weekday(match: re.Match[str]) -> int:
    return _WEEKDAYS.index(match["weekday"][:3].lower())


def _month_number(match: re.Match[str]) -> int:
    return _MONTHS.index(match["month"][:3].lower()) + 1


def _named(match: re.Match[str], today: Today) -> Days | None:
    year = int(match["year"]) if match["year"] else None
    return today.named(_month_number(match), int(match["day"]), year=year)


def _month(match: re.Match[str], today: Today) -> Days | None:
    whole = today.month_named(_month_number(match))
    if whole is None or not match["part"]:
        return whole
    part = match["part"].split()[0].lower()
    if part == "mid":
        return Days(whole.first.replace(day=11), whole.first.replace(day=20))
    early = part in ("early", "beginning", "start")
    return (
        Days(whole.first.replace(day=1), whole.first.replace(day=10))
        if early
        else Days(whole.first.replace(day=21), whole.last)
    )


def _which_weekday(match: re.Match[str], today: Today) -> Days:
    which = match["which"].lower()
    weekday = _weekday(match)
    if which in ("last", "past", "previous"):
        return today.before(weekday)
    return today.after(weekday) if which in ("next", "coming") else today.weekday(weekday, week=0)


def _span(match: re.Match[str], today: Today) -> Days:
    away = {"last": -1, "past": -1, "previous": -1, "this": 0, "next": 1}[match["which"].lower()]
    unit = match["unit"].lower()
    if unit == "weekend":
        return Days(today.weekday(5, week=away).first, today.weekday(6, week=away).first)
    return today.week(away) if unit == "week" else today.month(away)


def _ago(match: re.Match[str], today: Today) -> Days | None:
    said = match["count"].lower()
    count = int(said) if said.isdigit() else {"a": 1, "an": 1, "a couple of": 2}.get(said) or english(said) or 0
    sign = 1 if match["way"] is None else -1
    unit = match["unit"].lower()
    if unit == "day":
        return today.plus(sign * count)
    if unit == "week":
        return today.plus(sign * 7 * count)
    return today.months_away(sign * count * (12 if unit == "year" else 1)) if count < 300 else None


_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Today], Days | None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}(?!\s?(?:%|yuan|dollars)){_YEAR}", _named),
        (rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}", _named),
        (rf"\b(?P<part>early|mid|late|beginning of|start of|end of)[\s-]+(?:last\s+)?{_MONTH}", _month),
        (rf"\b(?:in|since|last)(?P<part>\s)?\s*(?<!\w){_MONTH}(?!\s+\d)", lambda m, t: t.month_named(_month_number(m))),
        (rf"\b(?P<which>last|past|previous|this|next|coming)\s+{_WEEKDAY}", _which_weekday),
        (
            rf"(?<!last )(?<!this )(?<!next )(?<!past )(?<!coming )(?<!every )(?<!previous )\b{_WEEKDAY}(?!\s+to\b)",
            lambda m, t: _bare_weekday(m, t),
        ),
        (r"\b(?P<which>last|past|this|next|previous)\s+(?P<unit>weekend|week|month)\b", _span),
        (
            rf"\b(?P<ahead>in\s+)?{_COUNT}\s+(?P<unit>day|week|month|year)s?\s+(?P<way>ago|back|earlier|before)"
            rf"\b(?!\s+yesterday)",
            _ago,
        ),
        (rf"\bin\s+{_COUNT}\s+(?P<unit>day|week|month|year)s?(?P<way>\b(?!))?(?!\s+(?:ago|back))\b", _ago),
        (
            rf"\b(?:{'|'.join(sorted(_RELATIVE, key=len, reverse=True))})\b",
            lambda m, t: t.plus(_RELATIVE[m[0].lower()]),
        ),
        (
            r"\bthe\s+(?P<day>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)\b(?!\s+(?:time|one|of|item|order|parcel|floor|day|"
            r"message|attempt))",
            lambda m, t: t.day_of_month(int(m["day"])),
        ),
    )
)


def _bare_weekday(match: re.Match[str], today: Today) -> Days | None:
    """A weekday alone; "sat", "sun", "wed" and "mon" in small letters are words first."""
    said = match[0]
    if said in ("sat", "sun", "wed", "mon", "fri", "tue", "thu", "thur"):
        return None
    return today.nearest(_weekday(match))
