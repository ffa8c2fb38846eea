"""Facts that a customer stated, found by pattern: pure, and never anything that is not in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"\d[\d,]*(?:\.\d{1,2})?"
_AMOUNT = (
    rf"(?:[¥￥$€£]|(?:人民币|CNY|RMB|USD|EUR|GBP))\s?{_NUMBER}(?:\s?元)?|"
    rf"{_NUMBER}\s?(?:元|块钱|块\d?|(?:yuan|dollars?|euros?|pounds?|bucks|quid|CNY|RMB|USD|EUR|GBP)\b)"
)
_CLOCK = r"(?:(?:凌晨|早上|上午|中午|下午|晚上|傍晚)(?:\d{1,2}(?:点半?|[:：]\d{2}))?)"
_ZH_DATE = (
    rf"(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}[日号](?:{_CLOCK})?|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|"
    rf"(?:大?前天|昨天|今天|上(?:个)?(?:周|星期|礼拜)[一二三四五六日天]|(?:周|星期|礼拜)[一二三四五六日天])(?:{_CLOCK})?|"
    r"[一二三四五六七八九十两\d]{1,2}天前|上个月\d{1,2}[日号]"
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_EN_DATE = (
    r"\b(?:the day before yesterday|yesterday|today|last (?:mon|tues|wednes|thurs|fri|satur|sun)day|"
    r"\w+ (?:days?|weeks?|months?) ago|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b|(?<![\d/])(?:1[0-2]|0?[1-9])/(?:[12]\d|3[01]|0?[1-9])(?![\d/])"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?(?!\w)"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b"
)
_ZH_ADDRESS = (
    r"[\u4e00-\u9fff]{2,12}?(?:省|市|自治区)[\u4e00-\u9fff]{0,20}?(?:区|县|镇|乡|路|街|道|村)"
    r"[\u4e00-\u9fffA-Za-z0-9-]{0,24}?\d[\d\u4e00-\u9fffA-Za-z-]{0,18}(?:号|弄|栋|幢|楼|单元|室|户|层)"
    r"(?:[\u4e00-\u9fffA-Za-z0-9-]{0,14}?\d{2,5}(?![\d-])室?)?"
)
_EN_ADDRESS = (
    r"\b\d{1,5}[A-Za-z]? (?:[A-Z][\w'’.-]* ){1,4}"
    r"(?:St|Street|Rd|Road|Ave|Avenue|Lane|Ln|Drive|Dr|Blvd|Way|Square|Court|Grove|Close|Place|Terrace)\b\.?"
    r"(?:, (?:Apt|Flat|Unit|Suite|No\.?) ?\w+)?(?:, [A-Z][\w'’-]*(?: [A-Z][\w'’-]*){0,2})*"
)
_PHONE = (
    r"(?<![\dA-Za-z])1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)|\+\d{1,3}(?:[\s-]?\d{2,5}){2,4}(?!\d)|"
    r"(?<![\dA-Za-z])0\d{2,3}-\d{7,8}(?!\d)|(?<![\dA-Za-z])00\d{1,3}(?:[\s-]\d{2,6}){2,4}(?!\d)"
)

# In order: an order number is not also a phone number, and the digits of an address are no amount.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("order_number", re.compile(r"(?<![A-Za-z0-9])LY\d{9,14}(?!\d)", re.IGNORECASE)),
    (
        "tracking_number",
        re.compile(
            r"(?<![A-Za-z0-9])(?:SF|YT|JD|ZTO|STO|EMS|YD|DHL|JT)[A-Z]?\d{10,15}(?!\d)|"
            r"(?<![A-Za-z0-9])1Z[0-9A-Z]{16}(?![0-9A-Z])|"
            r"(?:(?<=运单)|(?<=运单 )|(?<=运单号)|(?<=快递单号)|(?<=单号是))\d{12,15}(?!\d)",
            re.IGNORECASE,
        ),
    ),
    ("order_number", re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{11,14}(?!\d)")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("phone", re.compile(_PHONE)),
    ("address", re.compile(rf"{_ZH_ADDRESS}|{_EN_ADDRESS}")),
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
