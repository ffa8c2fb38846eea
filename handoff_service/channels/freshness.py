"""How old a signed request may be, and what happens when it is our own clock that is wrong."""

from __future__ import annotations

from collections import deque
from datetime import datetime

import structlog

from handoff_service.errors import Unauthorized

log = structlog.get_logger()

WINDOW_S = 300.0
# So many different correctly signed requests in a row that agree on being too old or too new …
WITNESSES = 5
# … to this many seconds are taken for the truth about the time.
AGREEMENT_S = 30.0


class Freshness:
    """Refuses requests whose signed time is more than WINDOW_S away from ours; per account, in this process.

    When an account's last WITNESSES different requests all miss the window by the same distance, the clock of one
    side is wrong. They are then accepted with an alarm in the log rather than dropping all its traffic: the permanent
    dedupe by event id still refuses what came before, and order never follows from clocks. One request inside the
    window ends it.
    """

    def __init__(self) -> None:
        self._offsets: dict[tuple[str, str], deque[tuple[str, float]]] = {}

    def check(self, account: tuple[str, str], signature: str, signed_at: datetime, now: datetime) -> None:
        """Raises Unauthorized. Only for requests whose signature is right, or strangers could set the clock."""
        offset = (signed_at - now).total_seconds()
        if abs(offset) <= WINDOW_S:
            self._offsets.pop(account, None)
            return
        recent = self._offsets.setdefault(account, deque(maxlen=WITNESSES))
        if all(signature != known for known, _ in recent):
            recent.append((signature, offset))
        offsets = [known for _, known in recent]
        if len(recent) == WITNESSES and max(offsets) - min(offsets) <= AGREEMENT_S:
            log.error("clocks differ, accepting events by their ids alone", account=account[1], seconds=round(offset))
            return
        raise Unauthorized(
            f"The signed time is {abs(offset):.0f} seconds {'behind' if offset < 0 else 'ahead of'} our clock; "
            f"at most {WINDOW_S:.0f} are accepted.",
            server_time=int(now.timestamp()),
        )
