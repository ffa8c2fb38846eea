"""By when something was promised: times as they are said in Chinese and English, on the calendar of a queue. Pure.

Of a range the later end counts ("3-5个工作日" is five). Hours and days without "working" are those of the clock on the
wall, which is how a customer hears them. A day ends when the queue closes, and at midnight when it is closed that day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handoff_service.calendars.model import DAY, Calendar, moment
from handoff_service.calendars.moments import add_working_days, add_working_time, close_of_day

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LENGTHS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
FARTHEST = 400 * DAY

_ZH_DIGITS = {
    "零": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "兩": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_EN_NUMBERS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
        ]
    )
} | {"a": 1, "an": 1, "the": 1, "next": 1, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
_EN_NUMBERS |= {"forty-eight": 48, "twenty-four": 24, "seventy-two": 72, "couple": 2, "few": 3, "half": 0}

_ZH_NUMBER = r"(?:\d{1,4}|[零一二两兩三四五六七八九十百]{1,6}|几|幾|半)"
_ZH_AMOUNT = re.compile(
    rf"(?<![\d零一二两兩三四五六七八九十百千万萬])({_ZH_NUMBER})\s*(?:[-~—–到至、]\s*({_ZH_NUMBER}))?\s*(?:个|個)?(半)?(?P<unit>工作日|工作天|工作小时|工作小時|"
    r"小时|小時|钟头|鐘頭|分钟|分鐘|天|周|週|星期|礼拜|禮拜|(?<=[个個半])月)(?![一二三四五六日天底末初])"
)
_EN_NUMBER = (
    r"(?:\d+|" + "|".join(sorted((word for word in _EN_NUMBERS if word != "half"), key=len, reverse=True)) + r")"
)
_EN_AMOUNT = re.compile(
    rf"(?:\b(half) an? |\b(?:(?:the )?next )?(?:a )?({_EN_NUMBER})(?: of)?(?:\s*(?:-|–|to|or)\s*({_EN_NUMBER}))?"
    r"[\s-]+(?:full )?)(?P<working>working|business|office)?[\s-]*(?P<unit>minute|min|hour|hr|day|week|month)s?\b",
    re.IGNORECASE,
)

_ZH_DAY = re.compile(
    r"(?P<today>今天|今日|今晚|当天|當天|下班前|今儿)|(?P<after>后天|後天|后日|後日)|(?P<tomorrow>明天|明日|明早|明晚|次日)|"
    r"(?P<next>下个?|下個?)?(?P<this>这|本|這)?(?:周|週|星期|礼拜|禮拜)(?P<weekday>[一二三四五六日天])|"
    r"(?P<nextweek>下个?周|下個?週|下个?星期|下個?星期|下个?礼拜)|(?P<week>(?:本|这|這)(?:周|週|星期|个?礼拜)|周末前|週末前)|"
    r"(?P<month>月底|月末|(?:本|这个?|這個?)月)|(?P<workday>下一?个?工作日|下一?個?工作日)|"
    r"(?:(?P<mm>\d{1,2})月)?(?P<dd>\d{1,2})[日号號]"
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = r"(?:" + "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "may" else "may" for name in _MONTHS) + r")"
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_EN_DAY = re.compile(
    r"\b(?:(?P<today>today|tonight|this (?:morning|afternoon|evening)|(?:the )?end of (?:the |"
    r"this )?(?:business )?day|"
    r"close of business|eod|cob)|(?P<after>(?:the )?day after tomorrow)|(?P<tomorrow>tomorrow)|"
    rf"(?P<next>next )?(?P<this>this )?(?P<weekday>{'|'.join(_WEEKDAYS)})|(?P<nextweek>next week)|"
    r"(?P<week>this week|(?:the )?end of (?:the |this )?week|the weekend)|(?P<month>(?:the )?end of (?:the |"
    r"this )?month|"
    r"this month)|(?P<workday>(?:the )?next (?:working|business) day)|"
    rf"(?:the )?(?P<dd>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<mm>{_MONTH})|(?P<mm2>{_MONTH}) (?P<dd2>\d{{1,2}})"
    r"(?:st|nd|rd|th)?|the (?P<dd3>\d{1,2})(?:st|nd|rd|th)(?! (?:time|floor|street|avenue|one|item|of)\b))\b",
    re.IGNORECASE,
)

_ZH_CLOCK = re.compile(
    r"(?P<part>上午|早上|早晨|早|凌晨|中午|下午|傍晚|晚上|今晚|明晚|晚)?\s*(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,3})"
    r"(?:[点點时時](?!间|間|候)|[:：])(?P<minute>半|一刻|\d{2}|)"
)
_ZH_PART = re.compile(
    r"(?P<morning>上午|早上|早晨|明早)|(?P<noon>中午)|(?P<afternoon>下午|傍晚)|(?P<evening>今晚|明晚|晚上)"
)
_EN_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?\s*(?P<half>a\.?m\b|p\.?m\b|o['’]clock)|"
    r"\b(?:at|by|before|until|till|and)\s+(?P<bare>\d{1,2})(?::(?P<bareminute>\d{2}))?(?!\s*(?:[-–%$]|\d|st\b|"
    r"nd\b|rd\b|"
    rf"th\b|to\b|or\b|working|business|minute|min\b|hour|day|week|month|of\b|dollar|euro|yuan|{_MONTH}\b))(?=\W|$)",
    re.IGNORECASE,
)
_EN_PART = re.compile(
    r"\b(?:(?P<noon>noon|midday)|(?P<morning>morning|first thing)|(?P<afternoon>afternoon)|(?P<evening>evening|"
    r"tonight))\b",
    re.IGNORECASE,
)
_PARTS = {"morning": "12:00", "noon": "12:00", "afternoon": "18:00", "evening": "24:00"}
_SOON = re.compile(
    r"马上|馬上|立刻|立即|这就|這就|现在|現在|稍后|稍後|稍等|待会|待會|等会|等會|一会儿|一會兒|"
    r"\b(?:right (?:away|now)|now|shortly|immediately|(?:in|just) an? (?:moment|minute|second)|let me|"
    r"bear with me)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Said:
    """The moment at which something was said, and the calendar by which it is meant."""

    at: datetime
    calendar: Calendar

    @property
    def today(self) -> date:
        return self.at.astimezone(self.calendar.zone).date()

    def end_of(self, day: date, clock: str | None = None) -> datetime:
        """This time of a day, or when the day is over."""
        begin = moment(day, clock or "00:00", self.calendar.zone, fold=0)
        return begin if clock else close_of_day(self.calendar, begin)


def due_in(text: str, said: Said) -> datetime | None:
    """The earliest time in a text that is still to come; None when it names none."""
    times = [*_amounts(text, said), *_days(text, said)]
    return min((time for time in times if time > said.at), default=None)


def is_soon(text: str) -> bool:
    """Whether it says "at once" or "shortly", without a time."""
    return _SOON.search(text) is not None


def _amounts(text: str, said: Said) -> Iterator[datetime]:
    for match in _ZH_AMOUNT.finditer(text):
        number = _zh_number(match[2] or match[1])
        number += 0.5 if match[3] else 0
        unit = {"分": "minute", "小": "hour", "钟": "hour", "鐘": "hour", "天": "day", "月": "month"}.get(
            match["unit"][0], "week"
        )
        working = match["unit"].startswith("工作")
        if working:
            unit = "hour" if match["unit"][2] == "小" else "day"
        if match[1] in "几幾" and unit == "minute":
            number = 10
        due = _after(said, number, unit, working=working)
        if due is not None:
            yield due
    for match in _EN_AMOUNT.finditer(text):
        if (match[2] or "").lower() == "next" and match["unit"][0].lower() not in "hm":
            continue  # "next week" is a week of the calendar
        number = 0.5 if match[1] else _en_number(match[3] or match[2])
        unit = {"mi": "minute", "ho": "hour", "hr": "hour", "da": "day", "we": "week", "mo": "month"}[
            match["unit"][:2].lower()
        ]
        if (match[2] or "").lower() == "few" and unit == "minute":
            number = 10
        due = _after(said, number, unit, working=match["working"] is not None)
        if due is not None:
            yield due


def _after(said: Said, number: float, unit: str, *, working: bool) -> datetime | None:
    """So much later; of days on the clock on the wall. None beyond FARTHEST: nobody means it, and it costs to count."""
    if number > FARTHEST / LENGTHS[unit]:
        return None
    if working and unit == "day":
        return add_working_days(said.calendar, said.at, max(1, int(number + 0.5)))
    if working:
        return add_working_time(said.calendar, said.at, number * (HOUR if unit == "hour" else MINUTE))
    if unit == "minute" or unit == "hour" or number % 1:
        return said.at + number * LENGTHS[unit]
    local = said.at.astimezone(said.calendar.zone)
    if unit == "month":
        day = _month_later(local.date(), int(number))
    else:
        day = local.date() + int(number) * (DAY if unit == "day" else 7 * DAY)
    same = moment(day, f"{local:%H:%M}", said.calendar.zone, fold=0)
    return same + timedelta(seconds=local.second, microseconds=local.microsecond)


def _month_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        if last <= day.day:
            try:
                return date(year, month + 1, last)
            except ValueError:
                continue
    raise AssertionError("every month has 28 days")


def _days(text: str, said: Said) -> Iterator[datetime]:
    """Days with the clock or part of the day beside them; a clock alone is today's, or tomorrow's if that is past."""
    clock, part = _clock(text), _part(text)
    days = [day for pattern in (_ZH_DAY, _EN_DAY) for match in pattern.finditer(text) if (day := _day(match, said))]
    for day in days:
        yield said.end_of(day, clock or part)
    if not days and clock is not None:
        today = said.end_of(said.today, clock)
        yield today if today > said.at else said.end_of(said.today + DAY, clock)


def _day(match: re.Match[str], said: Said) -> date | None:
    """The date that a day's name means when it is said."""
    parts, today = match.groupdict(), said.today
    plain: dict[str, Callable[[], date]] = {
        "today": lambda: today,
        "tomorrow": lambda: today + DAY,
        "after": lambda: today + 2 * DAY,
        "nextweek": lambda: _last_working_day(said, today + (7 - today.weekday()) * DAY),
        "week": lambda: _last_working_day(said, today - today.weekday() * DAY),
        "month": lambda: _month_later(today.replace(day=1), 1) - DAY,
        "workday": lambda: _next_working_day(said),
    }
    for name, day in plain.items():
        if parts.get(name):
            return day()
    if parts.get("weekday"):
        return _weekday(parts, today)
    return _date(parts, today)


def _weekday(parts: dict[str, str | None], today: date) -> date:
    name = str(parts["weekday"]).lower()
    wanted = "一二三四五六日".index(name.replace("天", "日")) if len(name) == 1 else _WEEKDAYS.index(name)
    if parts.get("next"):
        return today + (7 - today.weekday() + wanted) * DAY
    ahead = (wanted - today.weekday()) % 7
    return today + (ahead or (0 if parts.get("this") else 7)) * DAY


def _date(parts: dict[str, str | None], today: date) -> date | None:
    """The next such date; None for one that no calendar has."""
    day = parts.get("dd") or parts.get("dd2") or parts.get("dd3")
    month = parts.get("mm") or parts.get("mm2")
    for ahead in range(13):
        first = _month_later(today.replace(day=1), ahead)
        if month is None or first.month == (int(month) if month.isdigit() else _month_number(month)):
            try:
                found = first.replace(day=int(str(day)))
            except ValueError:
                continue
            if found >= today:
                return found
    return None


def _month_number(name: str) -> int:
    return 1 + next(number for number, month in enumerate(_MONTHS) if month.startswith(name.lower()[:3]))


def _last_working_day(said: Said, monday: date) -> date:
    """The last working day of a week that is not past, else its Sunday."""
    days = [monday + DAY * number for number in range(7)]
    return max((day for day in days if said.calendar.is_working_day(day) and day >= said.today), default=days[-1])


def _next_working_day(said: Said) -> date:
    due = add_working_days(said.calendar, said.at, 1)
    return said.today + DAY if due is None else (due - MINUTE).astimezone(said.calendar.zone).date()


def _clock(text: str) -> str | None:
    """A time of day as "HH:MM"; the last one of a range. Without a half of the day, one to seven is afternoon."""
    found = [
        *(_zh_clock(one) for one in _ZH_CLOCK.finditer(text)),
        *(_en_clock(one) for one in _EN_CLOCK.finditer(text)),
    ]
    late = bool(re.search(r"今晚|明晚|晚上|下午|\b(?:tonight|evening|afternoon)\b", text, re.IGNORECASE))
    times = []
    for hour, minute, half in (one for one in found if one is not None):
        if half == "pm" or (half is None and (hour < 8 or late)):
            hour = hour if hour >= 12 else hour + 12
        if hour == 24 or (hour == 12 and half == "night"):
            hour, minute = 24, 0
        if hour <= 23 or (hour, minute) == (24, 0):
            times.append(f"{hour:02}:{minute:02}")
    return times[-1] if times else None


def _zh_clock(match: re.Match[str]) -> tuple[int, int, str | None] | None:
    hour, minute = int(_zh_number(match["hour"])), {"半": 30, "一刻": 15, "": 0}.get(match["minute"])
    minute = int(match["minute"]) if minute is None else minute
    part = match["part"] or ""
    if minute > 59 or hour > 24:
        return None
    if part in ("上午", "早上", "早晨", "早", "凌晨"):
        return hour, minute, "am"
    if part in ("晚上", "今晚", "明晚", "晚") and hour == 12:
        return hour, minute, "night"
    return hour, minute, "pm" if part in ("下午", "傍晚", "晚上", "今晚", "明晚", "晚", "中午") else None


def _en_clock(match: re.Match[str]) -> tuple[int, int, str | None] | None:
    hour = int(match["hour"] or match["bare"])
    minute = int(match["minute"] or match["bareminute"] or 0)
    half = (match["half"] or "").lower().replace(".", "")
    if minute > 59 or hour > 24:
        return None
    if half == "am":
        return hour % 12, minute, "am"
    return hour, minute, "pm" if half == "pm" else None


def _part(text: str) -> str | None:
    for pattern in (_ZH_PART, _EN_PART):
        if match := pattern.search(text):
            return _PARTS[str(match.lastgroup)]
    return None


def _zh_number(text: str) -> float:
    if text.isdigit():
        return int(text)
    if text in ("几", "幾"):
        return 3
    if text == "半":
        return 0.5
    hundreds, found, rest = text.rpartition("百")
    if found:
        below = _zh_number(rest) * (10 if len(rest) == 1 and rest != "十" else 1) if rest else 0  # 一百二 is 120
        return 100 * _ZH_DIGITS.get(hundreds, 1) + below
    tens, found, ones = text.rpartition("十")
    if not found:
        return _ZH_DIGITS.get(text[-1], 1)
    return 10 * (_ZH_DIGITS.get(tens, 1) if tens else 1) + (_ZH_DIGITS.get(ones, 0) if ones else 0)


def _en_number(text: str) -> float:
    return int(text[:9]) if text.isdigit() else _EN_NUMBERS[text.lower()]  # nine figures are far enough for anybody
