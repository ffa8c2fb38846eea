"""Amounts of money."""

import re
from collections.abc import Iterator
from decimal import Decimal

from bot.entities.folding import fold
from bot.entities.found import Found
from bot.entities.numerals import EN_NUMBER, ZH_NUMBER, number_of

CURRENCIES = {
    "¥": "CNY",
    "￥": "CNY",
    "rmb": "CNY",
    "cny": "CNY",
    "元": "CNY",
    "圆": "CNY",
    "块": "CNY",
    "塊": "CNY",
    "yuan": "CNY",
    "kuai": "CNY",
    "人民币": "CNY",
    "$": "USD",
    "usd": "USD",
    "dollar": "USD",
    "buck": "USD",
    "美元": "USD",
    "美金": "USD",
    "刀": "USD",
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "欧元": "EUR",
    "£": "GBP",
    "gbp": "GBP",
    "pound": "GBP",
    "quid": "GBP",
    "英镑": "GBP",
    "hk$": "HKD",
    "hkd": "HKD",
    "港币": "HKD",
    "港元": "HKD",
}
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?|\d{1,9}(?:\.\d{1,2})?"
_BEFORE = re.compile(
    rf"(?P<unit>HK\$|[¥￥$€£]|\b(?:RMB|CNY|USD|EUR|GBP|HKD))\s?(?P<number>{_NUMBER})(?P<big>[千万萬]|k\b)?(?![\d.]*\d)",
    re.I,
)
_AFTER = re.compile(
    rf"(?<![\d.,A-Za-z])(?P<number>(?:{_NUMBER})(?:[千万萬百]|k\b)?|{ZH_NUMBER}|{EN_NUMBER})\s?(?:来|多|几)?\s?(?:odd\s)?"
    r"(?:(?P<unit>人民币|美元|美金|欧元|英镑|港币|港元|[块塊](?:钱|錢)?|[元圆]|刀|¥|￥|(?:yuan|kuai|RMB|CNY|dollars?|bucks?|USD|euros?|EUR|"
    r"pounds?|quid|GBP|HKD)\b))"
    r"(?P<rest>\s?(?:[一二三四五六七八九两\d](?:毛|角)|[一二三四五六七八九\d](?![\d\w天个件号月年日点])))?(?![一-鿿]?(?:石|砖))",
    re.IGNORECASE,
)


def amounts(text: str) -> Iterator[Found]:
    """ "¥299.00", "三百块", "1.5万元", "about 50 dollars": the currency, and the number with two decimals."""
    folded = fold(text).replace("\N{FULLWIDTH YEN SIGN}", "¥")
    for match in _BEFORE.finditer(folded):
        number = number_of(match["number"] + (match["big"] or ""))
        if number is not None:
            yield _found(text, match.start(), match.end(), match["unit"], number)
    for match in _AFTER.finditer(folded):
        number = number_of(match["number"])
        if number is None or number == 0:
            continue
        yield _found(text, match.start(), match.end(), match["unit"], number + _rest(match["rest"]))


def _rest(rest: str | None) -> Decimal:
    """The tenths after "块": 五十块五, 五十块五毛."""
    digit = number_of((rest or "").strip().rstrip("毛角"))
    return Decimal(0) if digit is None else digit / 10


def _found(text: str, start: int, end: int, unit: str, number: Decimal) -> Found:
    name = unit.lower()
    currency = CURRENCIES.get(name) or CURRENCIES.get(name.rstrip("s")) or CURRENCIES[name[0]]
    return Found(kind="amount", text=text[start:end], start=start, end=end, value=f"{currency} {number:.2f}")
