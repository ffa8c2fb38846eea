"""Readers: `read(text, now) -> value | None`, what a text says of one kind of thing. Pure, no I/O."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from bot.entities import read as read_all
from bot.hearing.ordinal import ordinal
from bot.tasks.task import Reader

TAIL_NAMED = re.compile(
    r"(?:尾号|后四位|末四位|last\s+(?:four|4)(?:\s+digits)?|end(?:s|ing)?\s+(?:in|with)|tail)\D{0,8}(\d{4})(?!\d)", re.I
)
TAX_NUMBER = re.compile(r"(?<![A-Za-z0-9])([0-9A-HJ-NPQRTUWXY]{18}|\d{15})(?![A-Za-z0-9])", re.IGNORECASE)
# An address that the general reader does not know as one: a place, and something finer such as a house.
PLACE = re.compile(r"[省市区县州镇乡]|\b(?:province|city|district|county|town)\b", re.IGNORECASE)
FINER = re.compile(
    r"[路街道巷弄村号栋幢楼室]|\d|\b(?:road|rd|street|st|avenue|lane|building|block|room|floor|unit)\b", re.I
)
WORD = re.compile(r"[^\W_]")
# Behind or before a day on which something is sent or comes: "今天能到吗", "is it coming today".
COMES_HAN = re.compile(
    r"\s*(?:之?前|以前|[上下]午|[早晚]上|中午|就|能不能|会不会|可不可以|是不是|能|会|可以|应该|要|到底|不|没)*(?:送|到|收|派|来|拿到|发|签)"
)
COMES = re.compile(
    r"\b(?:com(?:e|es|ing)|arriv\w+|deliver\w*|receiv\w+|due|expect\w*|ship\w*|be (?:t?here)"
    r"|(?:get|getting|have) (?:it|them|this|that|my \w+))\b(?:\W+\w+){0,3}\W*$",
    re.IGNORECASE,
)
WORDS_CHARS = 300
ADDRESS_CHARS = 200
NO_TIME = datetime(1970, 1, 1, tzinfo=timezone.utc)


def plain(text: str) -> str:
    """Full-width letters and digits as plain ones."""
    return unicodedata.normalize("NFKC", text)


def entity(kind: str) -> Reader:
    """The last value of a kind of bot.entities: "not this, that" names the right one last."""

    def read(text: str, now: datetime) -> str | None:
        found = [each.value for each in read_all(text, now) if each.kind == kind]
        return found[-1] if found else None

    return read


order_number = entity("order_number")
payment_reference = entity("payment_reference")
coupon_code = entity("coupon_code")
mail = entity("email")
phone = entity("phone_number")


def ordered_on(text: str, now: datetime) -> str | None:
    """The day that an order is told by, "2026-11-03" or "2026-11-01/2026-11-30": not the day on which it is to come."""
    found = [
        each.value
        for each in read_all(text, now)
        if each.kind == "date" and not COMES_HAN.match(text, each.end) and not COMES.search(text[: each.start])
    ]
    return found[-1] if found else None


def phone_tail(text: str, now: datetime) -> str | None:
    """The last four digits of a phone number; of a whole number its last four."""
    whole = phone(text, now)
    return whole[-4:] if whole else entity("phone_tail")(text, now)


def named_tail(text: str, now: datetime) -> str | None:  # noqa: ARG001 (readers share one shape)
    """Four digits that are said to be the phone's last."""
    found = TAIL_NAMED.search(plain(text))
    return found.group(1) if found else None


def amount(text: str, now: datetime) -> str | None:
    """An amount of money in yuan, "59.90"."""
    found = entity("amount")(text, now)
    return found.removeprefix("CNY ") if found is not None and found.startswith("CNY ") else None


def tax_number(text: str, now: datetime) -> str | None:  # noqa: ARG001
    """A company's unified social credit code (18 characters) or its older tax number (15 digits)."""
    found = TAX_NUMBER.search(plain(text))
    return found.group(1).upper() if found else None


def address(text: str, now: datetime) -> str | None:
    """A postal address: the whole text when it reads like one from end to end, else the address in it."""
    whole = " ".join(text.split()).strip(" ,，。.;；!！")
    inside = entity("address")(text, now)
    if 8 <= len(whole) <= ADDRESS_CHARS and (inside is not None or (PLACE.search(whole) and FINER.search(whole))):
        return whole
    return inside


def words(text: str, now: datetime) -> str | None:  # noqa: ARG001
    """Anything in words, cut to 300 characters."""
    return text.strip()[:WORDS_CHARS] if WORD.search(text) else None


def nothing(text: str, now: datetime) -> Any:  # noqa: ARG001
    """For what is never read from a text."""
    return None


def first_of(*readers: Reader) -> Reader:
    """The first reader that finds something."""

    def read(text: str, now: datetime) -> Any:
        return next((value for reader in readers if (value := reader(text, now)) is not None), None)

    return read


def choice(words_of: Mapping[str, str], *, order: Sequence[str] = ()) -> Reader:
    """The code whose words occur in the text; codes themselves and the number in the list are read as well."""
    patterns = {code: re.compile(pattern, re.IGNORECASE) for code, pattern in words_of.items()}
    listed = tuple(order) or tuple(words_of)

    def read(text: str, now: datetime) -> str | None:  # noqa: ARG001
        stripped = text.strip()
        if stripped in patterns:
            return stripped
        number = ordinal(stripped)
        if number is not None:
            return listed[number] if number < len(listed) else None
        return next((code for code, pattern in patterns.items() if pattern.search(text)), None)

    return read


def spoken(reader: Callable[[str, datetime], Any]) -> Reader:
    """The reader without its list: for a text that was not asked, where "2" may be anything."""

    def read(text: str, now: datetime) -> Any:
        return None if ordinal(text.strip()) is not None else reader(text, now)

    return read
