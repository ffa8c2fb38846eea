"""Phone numbers and the last four digits of one."""

import re
from collections.abc import Iterator

from bot.entities.folding import SPOKEN_DIGITS, SPOKEN_ENGLISH, digits_of, fold
from bot.entities.found import Found

_HAN = "".join(c for c in SPOKEN_DIGITS)
_D = rf"[0-9{_HAN}]"
_GAP = r"[\s.\-_、,，]?"
_MOBILE = re.compile(rf"(?<![\dA-Za-z{_HAN}])(?:(?:\+|00)?86{_GAP})?(?=[1一幺])(({_D}{_GAP}){{10}}{_D})(?![\d{_HAN}])")
_FOREIGN = re.compile(r"(?<![\w+])(?:\+|00(?=[1-9]))\s?([1-9]\d{0,2}(?:[\s.\-]?\(?\d{1,5}\)?){2,6})(?!\d)")
_LANDLINE = re.compile(
    r"(?<![\d-])(?:\(?(0(?:10|2\d|[3-9]\d{2}))\)?[\s-]?([2-8]\d{2,3}[\s-]?\d{4})|(400[\s-]?\d{3}[\s-]?\d{4}))(?![\d-])"
)
_WORD_DIGIT = rf"(?:{'|'.join(SPOKEN_ENGLISH)})"
# Four digits that are called the end of the phone, also read aloud.
_NAMED_TAIL = re.compile(
    r"(?P<name>(?:手机|电话|号码)?(?:尾号|后四位|末四位|后4位|最后四位|最后4位)|\blast\s+(?:four|4)(?:\s+digits)?|\bend(?:s|ing)?\s+(?:in|"
    r"with|on)|\btail)"
    rf"[^\d{_HAN}]{{0,12}}?(?P<tail>(?:{_D}[\s-]?){{3}}{_D}|{_WORD_DIGIT}(?:[\s,-]+{_WORD_DIGIT}){{3}}\b)(?![\d])",
    re.IGNORECASE,
)
_CARD = re.compile(r"(?:银行卡|信用卡|储蓄卡|卡|\bcard\b)[^，。,.]{0,6}$", re.IGNORECASE)
_FOUR = re.compile(
    r"(?<![\dA-Za-z.#¥￥$€£/:+-])(\d{4})(?![\d.%/:A-Za-z-]|\s?(?:元|块|年|号楼|号|个|米|克|毫升|点|月|w\b|yuan|rmb|dollars?|usd))"
)
_SPOKEN_FOUR = re.compile(
    rf"\s*(?:是|it's|it\s+is)?\s*(?:[{_HAN}](?:\s?[{_HAN}]){{3}}|{_WORD_DIGIT}(?:[\s,-]+{_WORD_DIGIT}){{3}})[\s.。!！]*",
    re.I,
)


def phone_numbers(text: str) -> Iterator[Found]:
    """Mainland mobiles (written with gaps or read aloud too), landlines, and anything that begins with + or 00."""
    folded = fold(text)
    for match in _MOBILE.finditer(folded):
        digits = digits_of(match[1])
        if digits[1] in "3456789":
            yield _found("phone_number", text, match.start(), match.end(), digits)
    for match in _FOREIGN.finditer(folded):
        digits = digits_of(match[1])
        if 8 <= len(digits) <= 15 and not digits.startswith("86"):
            yield _found("phone_number", text, match.start(), match.end(), f"+{digits}")
    for match in _LANDLINE.finditer(folded):
        yield _found("phone_number", text, match.start(), match.end(), digits_of(match[0]))


def phone_tails(text: str) -> Iterator[Found]:
    """Four digits that are named the phone's last, stand alone in the text, or are all that was said; no card's."""
    folded = fold(text)
    for match in _NAMED_TAIL.finditer(folded):
        if not _CARD.search(folded[: match.start()]):
            yield _found("phone_tail", text, match.start("tail"), match.end("tail"), digits_of(match["tail"]))
        return
    spoken = _SPOKEN_FOUR.fullmatch(folded)
    if spoken:
        yield _found("phone_tail", text, spoken.start(), spoken.end(), digits_of(folded)[-4:])
        return
    for match in _FOUR.finditer(folded):
        if not _CARD.search(folded[: match.start()]):
            yield _found("phone_tail", text, match.start(), match.end(), match[1])


def _found(kind: str, text: str, start: int, end: int, value: str) -> Found:
    return Found(kind=kind, text=text[start:end], start=start, end=end, value=value)
