"""The time that a signature covers, as platforms write it."""

from __future__ import annotations

from datetime import UTC, datetime

from handoff_service.errors import Unauthorized

LONGEST = 15  # digits


def moment_of(stamp: str, per_second: int = 1) -> datetime:
    """The moment of a whole number of seconds (or of `per_second` parts of one) since 1970.

    Raises Unauthorized for anything else, also for what is in no calendar.
    """
    try:
        if stamp.isascii() and stamp.isdecimal() and len(stamp) <= LONGEST:
            return datetime.fromtimestamp(int(stamp) / per_second, UTC)
    except (OverflowError, OSError, ValueError):
        pass
    raise Unauthorized("The request has no timestamp that could be one.")


def sent(stamp: object, per_second: int = 1) -> datetime | None:
    """The platform's time of a message, as `moment_of` reads it; None for what is none."""
    try:
        return moment_of(str(stamp), per_second)
    except Unauthorized:
        return None
