"""Values of facts: what is written ("3–5 个工作日", "400-820-6178") as something that can be compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import lru_cache

from kb_index.articles.numbers import NUMBER, RANGE_BETWEEN, arabic, chinese_number


class FactKind(StrEnum):
    """What a value is; it decides how the value is read and when two of them contradict each other."""

    PHONE = "phone"
    AMOUNT = "amount"
    PERCENT = "percent"
    DEADLINE = "deadline"
    DATE = "date"
    HOURS = "hours"
    URL = "url"
    EMAIL = "email"
    NUMBER = "number"
    TEXT = "text"


SAME_AS = {"price": FactKind.AMOUNT, "fee": FactKind.AMOUNT, "duration": FactKind.DEADLINE}
"""Other words that a fact's kind may be written with."""


@dataclass(frozen=True)
class Value:
    """A normalised value: text for what is spelt, low and high for what is counted, in the unit.

    A single number is its own upper end and has no lower one: "7 days" and "3–7 days" say the same to one who waits.
    Durations count hours, working days ("working_day") or months; amounts their currency's units.
    """

    kind: FactKind
    text: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    unit: str = ""

    def __str__(self) -> str:
        if self.high is None:
            return self.text
        span = f"{self.high:f}" if self.low is None else f"{self.low:f}–{self.high:f}"
        return f"{span} {self.unit}".strip()


def agree(one: Value, other: Value) -> bool:
    """Whether both can be true of the same thing; values of different kinds always can."""
    if one.kind is not other.kind:
        return True
    if one.high is None or other.high is None:
        return one.text == other.text
    if one.unit != other.unit:
        return _same_time(one, other)
    lows = one.low is None or other.low is None or one.low == other.low
    return lows and one.high == other.high


def _same_time(one: Value, other: Value) -> bool:
    """Whether durations in different units are about as long: 5 working days are a week, 30 days a month."""
    ends = {one.unit: one.high, other.unit: other.high}
    days = {"hour": Decimal(1) / 24, "working_day": Decimal(7) / 5}
    if None in ends.values() or not set(ends) <= {"hour", "working_day", "month"}:
        return False
    if "month" in ends:
        months = ends.pop("month") or Decimal(0)
        ((unit, end),) = ends.items()
        return months * 28 <= (end or Decimal(0)) * days[unit] <= months * 31
    return ends["hour"] == (ends["working_day"] or Decimal(0)) * days["working_day"] * 24


@lru_cache(maxsize=20_000)
def normalise(kind: FactKind, written: str) -> Value:
    """The value that is written; raises ValueError with what would be understood."""
    written = written.strip()
    return _READERS[kind](written)


def _phone(written: str) -> Value:
    number, _, extension = re.sub(r"(?:转|分机|ext\.?|x)\s*(?=\d+$)", "#", written, flags=re.IGNORECASE).partition("#")
    digits = re.sub(r"[\s()（）.\-–—]", "", number)
    digits = re.sub(r"^(?:\+|00)86", "", digits)
    if not re.fullmatch(r"\+?\d{3,15}", digits):
        raise ValueError("a phone number has 3 to 15 digits, such as 400-820-6178")
    return Value(FactKind.PHONE, f"{digits}#{extension}" if extension else digits)


CURRENCIES = {
    "HKD": r"HK\$|HKD|港币|港元",
    "USD": r"US\$|USD|\$|美元|美金|dollars?",
    "EUR": r"€|EUR|欧元|euros?",
    "GBP": r"£|GBP|英镑|pounds?",
    "CNY": r"¥|￥|RMB|CNY|人民币|元|块钱|块|yuan",
}
"""Signs and words by currency; the longer sign comes first, because HK$ holds $."""
_SCALES = {"万": 10_000, "千": 1_000, "亿": 100_000_000, "k": 1_000, "K": 1_000, "m": 1_000_000, "M": 1_000_000}
_SCALED = re.compile(rf"({NUMBER})\s*(万|千|亿|[kKmM](?![A-Za-z]))?")


def _amount(written: str) -> Value:
    text = arabic(written)
    currency = next((code for code, signs in CURRENCIES.items() if re.search(signs, text, re.IGNORECASE)), "")
    found = _SCALED.findall(text)
    if not currency or not 1 <= len(found) <= 2:
        raise ValueError("an amount has a number and a currency, such as ¥8, 2 万元, USD 10–15")
    scales = [_SCALES.get(scale, 1) for _, scale in found]
    scales = [scale if scale > 1 else scales[-1] for scale in scales]  # "2–3 万元" means both
    return _span(FactKind.AMOUNT, [_decimal(number) * scale for (number, _), scale in zip(found, scales, strict=True)],
                 currency)  # fmt: skip


def _percent(written: str) -> Value:
    text = re.sub(
        r"百分之\s*([零一二两三四五六七八九十百]+|[\d.]+)",
        lambda found: f"{found[1] if found[1][0].isdigit() else chinese_number(found[1])}%",
        written,
    )
    if not re.fullmatch(rf"\D*{NUMBER}\s*[%％]?(?:\s*{RANGE_BETWEEN}\s*{NUMBER})?\s*(?:[%％]|per ?cent)?\D*", text):
        raise ValueError("a percentage is a number or a range with %, such as 0.1% or 2–8%")
    return _span(FactKind.PERCENT, [_decimal(number) for number in re.findall(NUMBER, text)], "%")


UNITS: dict[str, tuple[str, int | Decimal]] = {
    "working_day": (r"个?工作日|个?工作天|(?:working|business)[ -]days?", 1),
    "minute": (r"分钟|minutes?|mins?\b", Decimal(1) / 60),
    "hour": (r"个?小时|个?钟头|hours?|hrs?\b", 1),
    "day": (r"个?自然日|天|日内|日之内|(?:calendar )?days?", 24),
    "week": (r"个?星期|个?礼拜|周|weeks?", 168),
    "month": (r"个?月|months?", 1),
    "year": (r"年|years?", 12),
}
"""Units of durations: how they are written, and how many of the unit they are counted in (hours or months)."""
_COUNTED = {"minute": "hour", "day": "hour", "week": "hour", "year": "month"}
DURATION = "|".join(pattern for pattern, _ in UNITS.values())
_DURATION = re.compile(
    rf"({NUMBER})(?:\s*(?:{DURATION})?\s*{RANGE_BETWEEN}\s*({NUMBER}))?\s*-?\s*({DURATION}|日)", re.IGNORECASE
)


def _deadline(written: str) -> Value:
    found = _DURATION.search(arabic(written))
    if found is None or len(_DURATION.findall(arabic(written))) > 1:
        raise ValueError("a deadline is a number or a range with a unit, such as 3–5 个工作日 or 48 hours")
    ends = [_decimal(number) for number in found.groups()[:2] if number]
    unit = next((name for name, (pattern, _) in UNITS.items() if re.fullmatch(pattern, found[3], re.IGNORECASE)), "day")
    factor = Decimal(UNITS[unit][1])
    return _span(FactKind.DEADLINE, [end * factor for end in ends], _COUNTED.get(unit, unit))


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _date(written: str) -> Value:
    found = re.search(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})", written)
    named = re.search(r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", written)
    try:
        if found is not None:
            return Value(FactKind.DATE, date(*map(int, found.groups())).isoformat())
        if named is not None:
            month = _MONTHS.index(named[1].lower()) + 1
            return Value(FactKind.DATE, date(int(named[3]), month, int(named[2])).isoformat())
    except ValueError:
        pass
    raise ValueError("a date has a year, a month and a day, such as 2026-03-01")


_CLOCK = r"(\d{1,2})(?:[:：](\d{2})|\s*点(半)?)?\s*(am|pm|a\.m\.|p\.m\.)?"
_HOURS = re.compile(rf"{_CLOCK}\s*{RANGE_BETWEEN}\s*(?:晚上?|下午|次日)?\s*{_CLOCK}", re.IGNORECASE)
_ALL_DAY = re.compile(r"24\s*(?:小时|hours?)|24\s*[/x×*]\s*7|7\s*[/x×*]\s*24|全天", re.IGNORECASE)
_WEEKDAYS = re.compile(r"工作日|周一[至到\-–—~]周五|mon\w*\s*(?:[-–—]|to)\s*fri|weekdays", re.IGNORECASE)


def _hours(written: str) -> Value:
    days = "1-5" if _WEEKDAYS.search(written) else "1-7"
    if _ALL_DAY.search(written):
        return Value(FactKind.HOURS, f"{days} 00:00-24:00")
    found = _HOURS.search(written)
    if found is None:
        raise ValueError("hours are two times of a day, such as 每天 09:00–18:30 or Mon–Fri 9am–6pm")
    parts = found.groups()
    opening, closing = _minutes(parts[:4], afternoon=False), _minutes(parts[4:], afternoon="下午" in found[0])
    if closing <= opening and closing <= 12 * 60 and ":" not in found[0] and "：" not in found[0]:
        closing += 12 * 60  # "9点到6点"
    return Value(FactKind.HOURS, f"{days} {_time(opening)}-{_time(closing)}")


def _minutes(parts: tuple[str | None, ...], *, afternoon: bool) -> int:
    hour, minute, half, suffix = parts
    hours = int(hour or 0)
    if (suffix or "").lower().startswith("p") or afternoon:
        hours += 12 if hours < 12 else 0
    return hours * 60 + (30 if half else int(minute or 0))


def _time(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _url(written: str) -> Value:
    found = re.fullmatch(r"(?:https?://)?([A-Za-z0-9.\-]+\.[A-Za-z]{2,}(?::\d+)?)(/\S*)?", written)
    if found is None:
        raise ValueError("an address looks like https://shop.example/help")
    return Value(FactKind.URL, found[1].lower() + (found[2] or "").rstrip("/"))


def _email(written: str) -> Value:
    if not re.fullmatch(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}", written):
        raise ValueError("an e-mail address looks like service@shop.example")
    return Value(FactKind.EMAIL, written.lower())


def _number(written: str) -> Value:
    found = re.findall(NUMBER, arabic(written))
    if not 1 <= len(found) <= 2:
        raise ValueError("a number is one number or a range of two")
    return _span(FactKind.NUMBER, [_decimal(number) for number in found], "")


def _text(written: str) -> Value:
    return Value(FactKind.TEXT, " ".join(written.casefold().split()))


def _span(kind: FactKind, ends: list[Decimal], unit: str) -> Value:
    plain = [end.normalize() for end in ends]
    if len(plain) == 2 and plain[0] > plain[1]:
        raise ValueError("the range ends before it begins")
    return Value(kind, low=plain[0] if len(plain) == 2 else None, high=plain[-1], unit=unit)


def _decimal(written: str) -> Decimal:
    try:
        return Decimal(written.replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(f"{written!r} is not a number") from error


_READERS = {
    FactKind.PHONE: _phone,
    FactKind.AMOUNT: _amount,
    FactKind.PERCENT: _percent,
    FactKind.DEADLINE: _deadline,
    FactKind.DATE: _date,
    FactKind.HOURS: _hours,
    FactKind.URL: _url,
    FactKind.EMAIL: _email,
    FactKind.NUMBER: _number,
    FactKind.TEXT: _text,
}
