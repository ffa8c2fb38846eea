"""What shows that a mail answers one of ours: the day that we gave it out, and an HMAC over that and what it is for.

In a Message-ID the day is a piece of what the mail is called, `m_x.0.d2zrk`: so a gateway of the release before, which
knows no days, still sees that a mail that came back was ours.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, date, datetime

from handoff_service.channels.model import Account, equal

PROOF = r"(?:[0-9a-z]{4})?[0-9a-f]{16}"  # the release before wrote no day; then it shows no identity
HEX = 16
DATED = re.compile(r".+\.d([0-9a-z]{4})")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def prove(account: Account, conversation: str, at: datetime) -> str:
    """For a whole conversation; the same all day long."""
    day = _day(at)
    return f"{day}{_proofs(account, conversation, '', day)[0]}"


def prove_mail(account: Account, conversation: str, part: str, at: datetime) -> tuple[str, str]:
    """What one mail is called, with the day, and the proof that goes with it."""
    dated = f"{part}.d{_day(at)}"
    return dated, _proofs(account, conversation, dated, "")[0]


def is_ours(account: Account, conversation: str, part: str, proof: str) -> bool:
    return equal(proof[-HEX:], *_proofs(account, conversation, part, proof[:-HEX]))


def given_at(proof: str, part: str) -> datetime | None:
    """When a proof was given out; None for one that does not say."""
    dated = DATED.fullmatch(part)
    try:
        day = date.fromordinal(int(proof[:-HEX] or (dated[1] if dated else "0"), 36))
    except (ValueError, OverflowError):
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day(at: datetime) -> str:
    return _base36(at.astimezone(UTC).date().toordinal()).zfill(4)


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
