"""Dates as they are said in Chinese: "上周五", "前天", "11月3号", "三天前", "上个月底"."""

import re
from collections.abc import Callable, Iterator

from bot.entities.days import Days, Today, third
from bot.entities.numerals import ZH_NUMBER, number_of

_N = rf"(?:\d{{1,3}}|{ZH_NUMBER})"
_WEEKDAY = r"(?:周|週|星期|礼拜|禮拜)(?P<weekday>[一二三四五六日天1-7])"
_RELATIVE = {
    "大前天": -3,
    "大前日": -3,
    "前天": -2,
    "前日": -2,
    "前晚": -2,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "昨夜": -1,
    "昨儿": -1,
    "昨早": -1,
    "今天": 0,
    "今日": 0,
    "今早": 0,
    "今晚": 0,
    "今儿": 0,
    "今晨": 0,
    "刚刚": 0,
    "刚才": 0,
    "明天": 1,
    "明日": 1,
    "明早": 1,
    "明晚": 1,
    "明儿": 1,
    "大后天": 3,
    "大後天": 3,
    "后天": 2,
    "後天": 2,
    "后日": 2,
}
_SPANS = {"上上": -2, "上": -1, "这": 0, "這": 0, "本": 0, "这个": 0, "下": 1, "下下": 2}
_FEASTS = {
    "双十一": (11, 11),
    "双11": (11, 11),
    "双十二": (12, 12),
    "双12": (12, 12),
    "国庆": (10, 1),
    "元旦": (1, 1),
    "618": (6, 18),
}
_YEARS = {"今年": 0, "去年": -1, "前年": -2, "明年": 1}

_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Today], Days | None]], ...] = ()


def zh_dates(folded: str, today: Today) -> Iterator[tuple[int, int, Days]]:
    """Start, end and days of each date; where two readings begin at one place the longer one counts."""
    for pattern, meaning in _PATTERNS:
        for match in pattern.finditer(folded):
            days = meaning(match, today)
            if days is not None:
                yield match.start(), match.end(), days


def _int(text: str) -> int:
    number = number_of(text)
    return -1 if number is None else int(number)


def _year(text: str | None, today: Today) -> int | None:
    if text is None:
        return None
    if text in _YEARS:
        return today.day.year + _YEARS[text]
    number = _int(text.removesuffix("年"))
    return number if number > 99 else 2000 + number


def _full(match: re.Match[str], today: Today) -> Days | None:
    """11月3号, 2026年十一月三日, 去年12月1号, 十月底, 3月."""
    year, month = _year(match["year"], today), _int(match["month"])
    if match["day"]:
        return today.named(month, _int(match["day"]), year=year)
    whole = today.month_named(month, year=year)
    return (
        whole
        if whole is None or not match["part"]
        else third(whole, match["part"].translate({ord("末"): "底", ord("旬"): "中"})[-1])
    )


def _of_month(match: re.Match[str], today: Today) -> Days | None:
    """上个月3号, 上月底, 这个月初, 上个月."""
    month = today.month(_SPANS[match["which"]])
    if match["day"]:
        day = _int(match["day"])
        return Days(found, found) if 1 <= day <= month.last.day and (found := month.first.replace(day=day)) else None
    return month if not match["part"] else third(month, match["part"].replace("末", "底"))


def _of_week(match: re.Match[str], today: Today) -> Days:
    """上周五, 下下礼拜一, 本周, 上个星期."""
    week = _SPANS[match["which"]]
    named = match["weekday"]
    if named in ("末", "尾"):
        return Days(today.weekday(5, week=week).first, today.weekday(6, week=week).first)
    return today.weekday(_weekday(named), week=week) if named else today.week(week)


def _weekday(text: str) -> int:
    return {"日": 6, "天": 6, "7": 6}.get(
        text, "一二三四五六".find(text) if text in "一二三四五六" else int(text) - 1 if text.isdigit() else 0
    )


def _ago(match: re.Match[str], today: Today) -> Days | None:
    """三天前, 两周前, 半个月前, 一个多月前, 五天后."""
    count = 0.5 if match["count"] == "半" else float(_int(match["count"]))
    sign = 1 if match["way"] in ("后", "後", "之后", "以后") else -1
    if count < 0 or count > 366:
        return None
    unit = match["unit"][-1]
    if unit in "天日":
        return today.plus(sign * int(count))
    if unit in "周週期拜":
        return today.plus(sign * int(7 * count))
    if unit == "月":
        return today.plus(sign * 15) if count == 0.5 else today.months_away(sign * int(count))
    return today.months_away(sign * int(12 * count)) if count <= 20 else None


def _day_only(match: re.Match[str], today: Today) -> Days | None:
    return today.day_of_month(_int(match["day"]))


def _feast(match: re.Match[str], today: Today) -> Days | None:
    month, day = _FEASTS[match["feast"]]
    return today.named(month, day, year=_year(match["year"], today))


_PATTERNS = (
    (
        re.compile(
            r"(?P<year>今年|去年|前年|明年|(?:\d{4}|\d{2}|[一二三四五六七八九零〇]{4})年)?(?<![\d.])(?P<month>1[0-2]|0?[1-9]|"
            r"十[一二]?|[一二三四五六七八九])月份?"
            r"(?:(?P<day>[12]\d|3[01]|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])(?:号|號|日|(?=[^\d个天月年元块.]|$))|"
            r"(?P<part>初|中旬|底|末))?"
        ),
        _full,
    ),
    (
        re.compile(
            r"(?P<which>上上|上|这|這|本|下下|下)个?月(?!经)(?:(?P<day>[12]\d|3[01]|[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])(?:号|"
            r"號|日)|(?P<part>初|中|底|末))?"
        ),
        _of_month,
    ),
    (
        re.compile(
            r"(?P<which>上上|上|这|這|本|下下|下)(?:个|個)?(?:周|週|星期|礼拜|禮拜)(?P<weekday>[一二三四五六日天末]|[1-7](?![\d天]))?"
        ),
        _of_week,
    ),
    (
        re.compile(rf"(?<![每到至])(?<!上)(?<!下)(?<!这)(?<!本)(?<!个){_WEEKDAY}(?!到)(?!至)"),
        lambda m, t: t.nearest(_weekday(m["weekday"])),
    ),
    (
        re.compile(
            rf"(?P<count>半|{_N})\s?(?P<unit>天|日|个?周|个?星期|个?礼拜|个多?月|年)多?(?P<way>之前|以前|前|之后|以后|后|後)"
        ),
        _ago,
    ),
    (re.compile("|".join(sorted(_RELATIVE, key=len, reverse=True))), lambda m, t: t.plus(_RELATIVE[m[0]])),
    (re.compile(rf"(?P<year>今年|去年|前年|明年)?(?P<feast>{'|'.join(_FEASTS)})(?![\d栋号])"), _feast),
    (re.compile(r"(?<![\d月尾单编型款第])(?P<day>[12]\d|3[01]|[1-9])(?:号|號)(?![楼院线码机房店仓门])"), _day_only),
)
