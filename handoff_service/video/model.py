"""A voice or video call inside a conversation: what its entries say, and what may happen next. Pure.

The call itself goes between the two browsers (WebRTC); the conversation keeps who rang, who agreed, and when it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from handoff_service.conversations.model import Entry, Kind

CALL = "call"  # the kind of the body of its entries
RINGS = timedelta(seconds=60)


class CallState(StrEnum):
    RINGING = "ringing"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"
    MISSED = "missed"


LIVE = frozenset({CallState.RINGING, CallState.ACCEPTED})


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call as its last entry left it; `epoch` is that of the conversation when it rang, `at` when this began."""

    id: str
    media: str
    state: CallState
    epoch: int
    at: datetime
    accepted_at: datetime | None = None


def latest_call(entries: Sequence[Entry]) -> Call | None:
    """The call that was last spoken of in these entries (in order of seq)."""
    found: Call | None = None
    for entry in entries:
        told = entry.body.get(CALL) if entry.kind is Kind.MESSAGE else None
        if not isinstance(told, dict):
            continue
        state = CallState(told["state"])
        same = found is not None and found.id == told["id"]
        accepted = entry.at if state is CallState.ACCEPTED else (found.accepted_at if found and same else None)
        found = Call(
            id=str(told["id"]),
            media=str(told["media"]),
            state=state,
            epoch=entry.epoch,
            at=entry.at,
            accepted_at=accepted,
        )
    return found


def unended(call: Call | None, *, epoch: int) -> Call | None:
    """The call if nothing has ended it under this epoch of the conversation: a new owner ends every call."""
    return call if call is not None and call.state in LIVE and call.epoch == epoch else None


def answered_in_time(call: Call, now: datetime) -> bool:
    """False once it has rung as long as it may and nobody has answered."""
    return call.state is not CallState.RINGING or now - call.at < RINGS


def lasted_s(call: Call, now: datetime) -> int | None:
    """Whole seconds of talking; None for a call that nobody answered."""
    return None if call.accepted_at is None else max(0, int((now - call.accepted_at).total_seconds()))


def told(call_id: str, media: str, state: CallState, **more: Any) -> dict[str, Any]:
    """What an entry says of a call."""
    return {"id": call_id, "media": media, "state": state, **more}
