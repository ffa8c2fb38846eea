"""What shows that a mail answers one of ours: the day that we gave it out, and an HMAC over that and what it is for."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, date, datetime

from handoff_service.channels.model import Account, equal

PROOF = r"(?:[0-9a-z]{4})?[0-9a-f]{16}"  # the release before wrote no day; then it shows no identity
HEX = 16
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def prove(account: Account, conversation: str, part: str, at: datetime) -> str:
    """For a message, or for a whole conversation when `part` is empty; the same all day long."""
    day = _base36(at.astimezone(UTC).date().toordinal()).zfill(4)
    return f"{day}{_proofs(account, conversation, part, day)[0]}"


def is_ours(account: Account, conversation: str, part: str, proof: str) -> bool:
    return equal(proof[-HEX:], *_proofs(account, conversation, part, proof[:-HEX]))


def given_at(proof: str) -> datetime | None:
    """When a proof was given out; None for one that does not say."""
    try:
        day = date.fromordinal(int(proof[:-HEX] or "0", 36))
    except (ValueError, OverflowError):
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _proofs(account: Account, conversation: str, part: str, day: str) -> list[str]:
    """By every key that is valid now."""
    said = f"{account.tenant}/{account.id}/{conversation}/{part}{f'/{day}' if day else ''}".encode()
    return [hmac.new(key.encode(), said, hashlib.sha256).hexdigest()[:HEX] for key in account.every("thread_key")]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = f"{DIGITS[rest]}{digits}"
    return digits
