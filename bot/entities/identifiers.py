"""Order numbers, payment references, coupon codes and e-mail addresses."""

import re
from collections.abc import Iterator
from datetime import date

from bot.entities.folding import SPOKEN_DIGITS, SPOKEN_ENGLISH, digits_of, fold
from bot.entities.found import Found

_DIGIT = rf"(?:[0-9{''.join(SPOKEN_DIGITS)}]|\b(?:{'|'.join(SPOKEN_ENGLISH)})\b)"
_GAP = r"[\s.\-_,，、。]{0,2}"
# "LY20261103001", "ly-2026 1103 001", "L Y 二零二六幺幺零三零零幺"; only in one go may another number follow.
_NAMED = re.compile(
    rf"(?<![A-Za-z0-9])L{_GAP}Y{_GAP}[:：#]?{_GAP}(\d{{11}}(?!\d)|{_DIGIT}(?:{_GAP}{_DIGIT}){{10}}(?!{_GAP}\d))", re.I
)
# Eleven digits that begin with a day of this century: the letters were left out.
_BARE = re.compile(rf"(?<![A-Za-z0-9+])(20(?:{_GAP}\d){{9}})(?!\d)")
_PAYMENT = re.compile(r"(?<![A-Za-z0-9])(TU|TR|WD)[\s-]?(\d{10})(?!\d)", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", re.ASCII)
_CODE = re.compile(r"(?<![A-Za-z0-9@._-])(?=[A-Z-]*\d)(?=\d*[A-Z])[A-Z0-9]{2,12}(?:-?[A-Z0-9]{2,8})?(?![A-Za-z0-9@-])")
_CODE_NAMED = re.compile(
    r"(?:券码|优惠码|折扣码|兑换码|优惠券|券号|口令|\b(?:promo(?:tion)?|coupon|discount|voucher|gift)?\s?(?:code|coupon|voucher))"
    r"\s?(?:是|为|叫|输入?|is|called|:|：|#)?\s?[\"'“]?([A-Za-z0-9]{4,16})(?![A-Za-z0-9@])",
    re.IGNORECASE,
)
# Sizes, models and units that look like codes.
_NO_CODE = re.compile(
    r"(?:\d+(?:GB?|TB?|MB?|ML|KG|CM|MM|G|L|W|V|K|P|D|S|PLUS|AM|PM|ST|ND|RD|TH)|X{0,4}[SML]\d*|\d*XL|A[34]|M[0-9]|"
    r"P\d{1,2}|MP[34]|[345]G|4K|8K"
    r"|USB\d?|IP\d+|COVID19|H5|WIFI\d?|IOS\d+|WIN\d+|[A-Z]\d{1,3}|\d{1,3}[A-Z]|LY\d+|(?:SF|YT|ZT|JD|STO|EMS)\d{8,}|"
    r"(?:TU|TR|WD)\d+)"
)


def order_numbers(text: str) -> Iterator[Found]:
    """Order numbers: LY and eleven digits of which the first eight are a day, or those digits without the letters."""
    folded = fold(text)
    for pattern in (_NAMED, _BARE):
        for match in pattern.finditer(folded):
            digits = digits_of(match[1])
            named = pattern is _NAMED
            if len(digits) == 11 and (named or _is_a_day(digits[:8])):
                start = match.start() if named else match.start(1)
                yield _found("order_number", text, start, match.end(1), f"LY{digits}")


def payment_references(text: str) -> Iterator[Found]:
    """Top-ups (TU), transfers (TR), withdrawals (WD) and their ten digits."""
    for match in _PAYMENT.finditer(fold(text)):
        yield _found("payment_reference", text, match.start(), match.end(), "".join(match.groups()).upper())


def emails(text: str) -> Iterator[Found]:
    """E-mail addresses, in lower case."""
    for match in _MAIL.finditer(fold(text)):
        address = match[0].rstrip(".-")
        yield _found("email", text, match.start(), match.start() + len(address), address.lower())


def coupon_codes(text: str) -> Iterator[Found]:
    """Capitals with digits, or whatever is called a code; no sizes, models, order or parcel numbers."""
    folded = fold(text)
    for match in _CODE_NAMED.finditer(folded):
        word = match[1]
        if any(c.isdigit() for c in word) or (word.isupper() and word.isalpha()):
            yield _found("coupon_code", text, match.start(1), match.end(1), word.upper())
    for match in _CODE.finditer(folded):
        letters = sum(c.isalpha() for c in match[0])
        if letters >= 2 and len(match[0]) >= 4 and not _NO_CODE.fullmatch(match[0]):
            yield _found("coupon_code", text, match.start(), match.end(), match[0])


def _is_a_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


def _found(kind: str, text: str, start: int, end: int, value: str) -> Found:
    return Found(kind=kind, text=text[start:end], start=start, end=end, value=value)
