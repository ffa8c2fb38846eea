"""Postal addresses, Chinese and English: enough of one to send a parcel to."""

import re
from collections.abc import Iterator

from bot.entities.folding import fold
from bot.entities.found import Found
from bot.entities.numerals import ZH_DIGITS

_HAN = r"[㐀-鿿]"
_N = rf"(?:\d{{1,5}}|[{''.join(ZH_DIGITS)}十百]{{1,5}})"
_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏"
    "|新疆|香港|澳门"
)
_CITIES = (
    "广州|深圳|杭州|南京|苏州|成都|武汉|西安|长沙|郑州|青岛|济南|大连|沈阳|哈尔滨|长春|厦门|福州|宁波|无锡|合肥|昆明|南宁|贵阳|兰州|太原|石家庄|南昌|海口|三亚|珠海|东莞"
    "|佛山|温州|常州|烟台|洛阳|桂林|乌鲁木齐|拉萨|银川|西宁|呼和浩特|中山|惠州|嘉兴|绍兴|金华|扬州|徐州|泉州"
)
# A road is named after a place, a person or a wish; verbs and pronouns stand before it, not in it.
_NAME = r"(?:(?![到寄送改换成是在给把我你他的了往去为个不错用写])[㐀-鿿])"
_REGION = (
    rf"(?:(?:(?:{_PROVINCES})(?:省|市|自治区|壮族自治区|回族自治区|维吾尔自治区|特别行政区)?|(?:{_CITIES})市?)\s?)"
)
_DISTRICT = rf"(?:{_NAME}{{1,6}}?(?:市|区|县|旗|州|盟|镇|乡|街道)(?!别)\s?)"
_ROAD = (
    rf"(?:{_NAME}{{1,8}}?(?:大道|大街|街|路|巷|胡同|弄(?!错|丢|坏|好)|里(?=\d)|道(?=\d))(?:[东西南北中]段?|{_N}段)?\s?)"
)
_PLACES = "小区|花园|公寓|大厦|广场|中心|家园|新村|村|苑|城|园|学校|大学|医院|酒店|工业区|科技园|写字楼"
_PLACE = rf"(?:{_NAME}{{2,10}}?(?:{_PLACES})\s?)"
_NUMBER = (
    rf"(?:{_N}\s?(?:号楼|号院|号|弄|栋|幢|座|单元|楼|层|室|房|门|组|队)(?!线)|[A-Za-z]\d?(?:座|栋|区|幢)|[A-Za-z]\d?(?:-\d{{1,4}}){{1,3}}|(?<=[号栋幢楼元座层])"
    rf"\s?-?\d{{3,4}}(?:室|房)?|\d+-\d+(?:-\d+)?)"
)
_ZH = re.compile(
    rf"(?:{_REGION}{{1,2}}{_DISTRICT}{{0,3}}|{_DISTRICT}{{1,3}})?(?:{_ROAD}|{_PLACE})"
    rf"{{1,3}}(?:{_NUMBER}[\s,，]?(?:{_PLACE}(?={_N}|[A-Z]))?)+"
    rf"|{_REGION}{{1,2}}{_DISTRICT}{{1,3}}(?:{_ROAD}|{_PLACE}){{1,3}}(?:{_NUMBER})*"
)
_SUFFIX = (
    r"street|str|st|road|rd|avenue|ave|av|lane|ln|drive|dr|boulevard|blvd|way|court|ct|square|sq|place|pl|terrace|"
    r"close|crescent"
    r"|highway|hwy|parkway|row|gardens|grove|mews|hill|quay|walk|yard"
)
_UNIT = r"(?:(?:flat|apt|apartment|unit|suite|room|floor|block|building|bldg|level)\.?\s?#?[\w-]{1,6}|#\s?\d{1,5})"
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b"  # British: no word of the town before it
_WORDS = r"(?:[A-Za-z][\w'’.-]{0,20}\s+){1,4}?"
_EN = re.compile(
    rf"(?:{_UNIT},?\s+)?(?<![\w#])(?:no\.?\s?)?\d{{1,5}}[A-Za-z]?,?\s+(?:(?:north|south|east|west|[nsew])\.?\s+)"
    rf"?(?:{_WORDS}(?:{_SUFFIX})\b\.?|broadway\b)"
    rf"(?:,?\s+{_UNIT})?(?:,\s*(?:[A-Za-z][\w'’-]*(?:\s+(?!{_POSTCODE})[A-Z][\w'’-]*){{0,3}}|{_UNIT}))"
    rf"?(?:,\s*(?!{_POSTCODE})[A-Z][\w'’-]*(?:\s+(?!{_POSTCODE})[A-Z][\w'’-]*){{0,2}})?"
    rf"(?:,?\s+(?:[A-Z]{{2}}\s+)?(?:\d{{5}}(?:-\d{{4}})?\b|{_POSTCODE}))?",
    re.IGNORECASE,
)
_NOT_WORDS = re.compile(
    r"\b(?:days?|orders?|times?|items?|pieces?|yuan|dollars?|weeks?|minutes?|hours?|is|was|the wrong|percent|people)\b",
    re.I,
)
_STOPS = re.compile(
    r",\s*(?:not|instead|please|thanks?|but|and|can|could|i|the|it|that|my|ok|pls|asap|if|so|or|because|before|when)"
    r"\b.*$",
    re.IGNORECASE,
)


def addresses(text: str) -> Iterator[Found]:
    """Addresses with a road or a named place and a number in it; a mere city or road is none."""
    folded = fold(text)
    for match in _ZH.finditer(folded):
        yield _found(text, match.start(), match.start() + len(match[0].rstrip(" ,，")))
    for match in _EN.finditer(folded):
        whole = _STOPS.sub("", match[0]).rstrip(" ,.")
        if not _NOT_WORDS.search(whole):
            yield _found(text, match.start(), match.start() + len(whole))


def _found(text: str, start: int, end: int) -> Found:
    return Found(kind="address", text=text[start:end], start=start, end=end, value=" ".join(text[start:end].split()))
