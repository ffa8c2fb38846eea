"""Facts that a customer stated, found by pattern: pure, and never anything that is not in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d{1,2})?"
_UNIT = r"(?:元|块钱|块\d?|(?:yuan|dollars?|euros?|pounds?|bucks|quid|CNY|RMB|USD|EUR|GBP)\b)"
_NO_AMOUNT = (
    r"(?![\d/:%A-Za-z]|[.,-]\d|\s?(?:[年月日号號天次个個件台单張张小分折米寸倍版公斤克周人]|kg|cm|mm|ml|inch|"
    r"(?:working |business )?(?:day|week|month|hour|minute|time|item|piece|parcel|package|pair|order)s?\b|of\b))"
)
_DIGIT = "一二三四五六七八九两兩"
_AMOUNT_IN_WORDS = (
    rf"[{_DIGIT}十百千零〇]*[十百千][{_DIGIT}]?(?:块钱?|塊錢?|元)|[{_DIGIT}](?:块钱|塊錢|元)|"
    rf"(?:[{_DIGIT}十]{{1,3}}[百千]?|\d+(?:\.\d+)?)[万萬](?:[{_DIGIT}]千)?(?:块钱?|塊錢?|"
    rf"元)?(?![火个個人次件台年步里公字分瓦毫])"
)
# A number without a currency is an amount right after a word for paying.
_PAID = (
    r"(?:(?:付|扣|花|充|收)(?:了|款|的)?(?:我)?|(?:金额|金額|余额|餘額|总价|總價|实付|實付|一共|总共|价格|價格|"
    r"退款)(?:是|为|為|有)?)[:：]?\s?|"
    r"\b(?:paid|charged|overcharged|spent|costs?|deducted|debited|transferred|deposited|refunded|topped up|"
    r"total|amount|balance|payment of)(?: (?:me|is|was|of|only|exactly|about|by|you)| with)?:? "
)
_AMOUNT = (
    rf"(?:[¥￥$€£]|(?:人民币|CNY|RMB|USD|EUR|GBP|NT\$))\s?{_NUMBER}(?:\s?元)?|"
    rf"{_NUMBER}\s?{_UNIT}|{_AMOUNT_IN_WORDS}|"
    rf"(?<![\d.,])\d{{1,3}}(?:,\d{{3}})+\.\d{{2}}(?![\d.,]\d|\d)|"
    rf"(?:{_PAID})(?P<value>{_NUMBER}(?:\s?{_UNIT})?){_NO_AMOUNT}|"
    rf"(?<![\d.,])(?P<bare>\d+\.\d{{1,2}}){_NO_AMOUNT}(?=[^\d。，,.\n]{{0,6}}(?:付|扣|没到账|到账|的订单|"
    rf"was (?:taken|charged|deducted)|(?:is|was) missing))"
)
_HOUR = rf"(?:\d{{1,2}}|[{_DIGIT}十]{{1,3}})"
_TIME = rf"(?:{_HOUR}[点點](?:半|[钟鐘]|一刻|\d{{1,2}}分?|[{_DIGIT}十]{{1,3}}分)?|\d{{1,2}}[:：]\d{{2}})"
_CLOCK = rf"(?:\s?(?:凌晨|早上|早晨|上午|中午|下午|晚上|傍晚)(?:\s?{_TIME})?|\s?{_TIME})"
_AFTER_DAY = (
    r"(?=$|[\s，。,.!！?？、；;~—-]|"
    r"[下买買付收发發到寄之前后後就才的那我说說签簽退充转轉预預约約拍早中晚上凌傍左以至和跟])"
)
_ZH_DATE = (
    rf"(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}[日号號](?:{_CLOCK})?|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|"
    rf"(?:大?前天|昨天|今天|上(?:个|個)?(?:周|星期|礼拜|禮拜)[一二三四五六日天]|(?:周|星期|礼拜|"
    rf"禮拜)[一二三四五六日天])(?:{_CLOCK})?|"
    rf"(?:昨晚|昨夜|今早|今晨)(?:{_TIME})?|"
    r"[一二三四五六七八九十两\d]{1,2}天前|上个月\d{1,2}[日号]|"
    rf"(?<![\dA-Za-z路街巷弄段第道月./-])(?:[12]\d|3[01]|[1-9]|二?十[一二三四五六七八九]?|三十一?)[号號](?:{_CLOCK}|"
    rf"{_AFTER_DAY})"
)
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:t(?:ember)?)?|"
    r"Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_PART = r"(?:morning|afternoon|evening|night)"
_AT = (
    rf"(?: {_PART})?(?:,? (?:at|around|about) (?:\d{{1,2}}[:.]\d{{2}}(?: ?[ap]\.?m\b\.?)?|"
    rf"\d{{1,2}} ?[ap]\.?m\b\.?|noon|midnight))?"
)
_EN_DATE = (
    rf"\b(?:the day before yesterday|yesterday|today|this {_PART}|last night|last (?:mon|tues|wednes|thurs|fri|satur|"
    rf"sun)day|"
    r"\w+ (?:days?|weeks?|months?) ago|\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}\.\d{1,2}\.\d{4}|"
    rf"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b{_AT}|(?<![\d/])(?:1[0-2]|0?[1-9])/(?:[12]\d|3[01]|"
    rf"0?[1-9])(?![\d/])"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? \d{{4}})?(?!\w){_AT}"
    rf"|\b{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b{_AT}"
)
_HAN = r"\u4e00-\u9fff"
_PART_OF_HOUSE = r"(?:号楼|號樓|单元|單元|[号號弄栋棟幢楼樓座室户戶层層])"
_ZH_ADDRESS = (
    rf"(?:(?:(?![是为為在址])[{_HAN}]){{2,12}}?(?:省|市|自治区)[{_HAN}]{{0,20}}?[区區县縣镇鎮乡鄉路街道村]|"
    rf"(?:(?![是为為在址])[{_HAN}]){{2,5}}?[区區县縣][{_HAN}]{{1,12}}?[路街道巷])"
    rf"[{_HAN}A-Za-z0-9-]{{0,24}}?\d[\d{_HAN}A-Za-z-]{{0,18}}{_PART_OF_HOUSE}(?:之\d+)?"
    rf"(?:[{_HAN}]{{0,12}}?(?:[A-Za-z]?\d{{1,5}}|[A-Za-z]|[{_DIGIT}十]{{1,3}}){_PART_OF_HOUSE}(?:之\d+)?){{0,3}}"
    rf"(?:[{_HAN}A-Za-z0-9-]{{0,14}}?\d{{2,5}}(?![\d-])室?)?"
)
_ROOM = r"(?:Apt|Apartment|Flat|Unit|Suite|Room|Floor|No\.?)\.? ?#?\w+"
_TOWN = r"[A-Z](?:[^\W\d_]|['’.-])*(?!\w)"
_POSTCODE = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{5}(?:-\d{4})?)(?!\w)"
_EN_ADDRESS = (
    rf"(?:\b{_ROOM}, )?\b\d{{1,5}}[A-Za-z]? (?:[A-Z][\w'’.-]* ){{1,4}}"
    r"(?:St|Street|Rd|Road|Ave|Avenue|Lane|Ln|Drive|Dr|Blvd|Boulevard|Way|Square|Court|Ct|Grove|Close|Place|Terrace|"
    r"Row|Crescent|Gardens|Hill|Mews|Walk|Quay|Parade|Parkway|Circle|Park)\b\.?"
    rf"(?:, {_ROOM})?(?:, {_TOWN}(?: {_TOWN}){{0,2}})*(?:,? {_POSTCODE})?"
)
_PHONE = (
    r"(?<![\dA-Za-z])1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)|\+\d{1,3}(?:[\s-]?\d{2,5}){2,4}(?!\d)|"
    r"(?<![\dA-Za-z])0\d{2,3}-\d{7,8}(?!\d)|(?<![\dA-Za-z])00\d{1,3}(?:[\s-]\d{2,6}){2,4}(?!\d)|"
    # Without a country: 07400 812345, 020 7321 6543, (415) 555-0137, 800-555-0137, 0922-118-376, (02) 2345-6789.
    r"(?<![\dA-Za-z+-])(?:0\d{3,4}[ -]\d{6}|0\d{4}[ -]\d{3}[ -]\d{3}|0\d{2,3}[ -]\d{3,4}[ -]\d{3,4}|"
    r"0\d[ -]\d{3,4}[ -]\d{4}|0\d{9,10})(?!\d|-\d)|"
    r"(?<![\dA-Za-z+])(?:\+?1[-. ])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?!\d|-\d)|"
    r"(?<![\dA-Za-z])\(0\d{1,4}\) ?\d{3,4}[ -]?\d{3,4}(?!\d)"
)

# In order: an order number is not also a phone number, and the digits of an address are no amount.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "order_number",
        re.compile(r"(?<![A-Za-z0-9])LY(?:[ -]?\d{9,14}|[ -]?20\d{2}[ -]\d{2,4}[ -]?\d{3,6})(?!\d)", re.IGNORECASE),
    ),
    (
        "tracking_number",
        re.compile(
            r"(?<![A-Za-z0-9])(?:SF|YT|JD|ZTO|STO|EMS|YD|DHL|JT)[A-Z]?\d{10,15}(?!\d)|"
            r"(?<![A-Za-z0-9])[A-Z]{2}\d{9}[A-Z]{2}(?![0-9A-Za-z])|"
            r"(?-i:(?<![A-Za-z0-9])[A-Z]{2} \d{3} ?\d{3} ?\d{3} ?[A-Z]{2}(?![0-9A-Za-z]))|"
            r"(?<![A-Za-z0-9])1Z[0-9A-Z]{16}(?![0-9A-Z])|"
            r"(?:(?<=运单)|(?<=运单 )|(?<=运单号)|(?<=快递单号)|(?<=单号是))\d{12,15}(?!\d)",
            re.IGNORECASE,
        ),
    ),
    ("order_number", re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{11,14}(?!\d)")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)),
    ("phone", re.compile(_PHONE)),
    ("address", re.compile(rf"{_ZH_ADDRESS}|{_EN_ADDRESS}")),
    ("amount", re.compile(_AMOUNT, re.IGNORECASE)),
    ("date", re.compile(rf"{_ZH_DATE}|{_EN_DATE}", re.IGNORECASE)),
)


def facts_in(text: str) -> Iterator[tuple[str, str]]:
    """(kind, value) in the order of PATTERNS; each value is a substring of the text."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span(match.lastgroup or 0)
            if all(end <= first or start >= last for first, last in taken):
                taken.append((start, end))
                yield kind, text[start:end]
