"""Values in a customer's text, read by pure functions: `read(text, now)`.

A reader is one function from a text to what it found, in its own file; READERS says which of two overlapping finds
counts: the one whose reader stands first, then the longer one. To add a kind: a reader, a line in READERS, its name
among the entities in bot/domain.yml, and labelled lines in data/evaluation/entities.jsonl.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.entities.addresses import addresses
from bot.entities.amounts import amounts
from bot.entities.dates import dates
from bot.entities.found import Found
from bot.entities.identifiers import coupon_codes, emails, order_numbers, payment_references
from bot.entities.phones import phone_numbers, phone_tails

__all__ = ["KINDS", "Found", "read", "without_values"]

READERS: tuple[Callable[[str], Iterable[Found]], ...] = (
    order_numbers,
    payment_references,
    emails,
    phone_numbers,
    amounts,
    addresses,
)
LAST_READERS: tuple[Callable[[str], Iterable[Found]], ...] = (phone_tails, coupon_codes)
KINDS = (
    "address",
    "amount",
    "coupon_code",
    "date",
    "email",
    "order_number",
    "payment_reference",
    "phone_number",
    "phone_tail",
)
LONGEST = 1000  # characters that are read; nobody puts an order number behind so many


def read(text: str, now: datetime, *, ahead: bool = False) -> list[Found]:
    """All values in the order of the text, none overlapping another; `ahead` reads "周五" as the coming Friday."""
    text = text[:LONGEST]
    kept: list[Found] = []
    for finds in (
        *(reader(text) for reader in READERS),
        dates(text, now, ahead=ahead),
        *(r(text) for r in LAST_READERS),
    ):
        for found in sorted(finds, key=lambda f: f.start - f.end):
            if found.text.strip() and not any(found.overlaps(other) for other in kept):
                kept.append(found)
    return sorted(kept, key=lambda f: f.start)


def without_values(text: str, now: datetime) -> str:
    """The text without its order numbers, dates, telephone numbers and the like."""
    parts, at = [], 0
    for found in read(text, now):
        parts.append(text[at : found.start])
        at = found.end
    return " ".join([*parts, text[at:]])
