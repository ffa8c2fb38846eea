"""The receipt of a handoff: each stage it reached, when, by whom, by when the next follows, and what happens if not.

Pure; `standing` is about the present: every open conversation has somebody or a place, and a deadline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handoff_service.calls.model import Call, Deed, Pace, Rung, upcoming
from handoff_service.clock import iso
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.handoffs.model import Handoff

# What happens by itself when nobody does anything.
CLOSE, HAND_OVER, LOOK_AGAIN, OFFER_NEXT = "close", "hand_over", "look_again", "offer_next"
REQUEUE, RENEW_PROMISE = "requeue", "renew_promise"
CALLS: Mapping[Rung, str] = {
    Rung.TEAM: "call_team",
    Rung.SUPERVISOR: "call_supervisor",
    Rung.OUTSIDE: "tell_outside",
    Rung.TICKET: "open_ticket",
}
# The stage at which an open conversation of each kind of owner is; an agent's depends on his first reply.
STAGES = {OwnerKind.BOT: "bot", OwnerKind.QUEUE: "queued", OwnerKind.OFFER: "offered", OwnerKind.MAILBOX: "mailbox"}


@dataclass(frozen=True)
class Standing:
    """Where a conversation is now, and what happens by itself at the deadline; closed ones have neither."""

    stage: str
    deadline: datetime | None
    next: str | None

    def as_json(self) -> dict[str, Any]:
        return {"stage": self.stage, "deadline": iso(self.deadline), "next": self.next}


def standing_of(
    conversation: Conversation,
    handoff: Handoff | None,
    calls: Sequence[Call],
    *,
    mode: str,
    pace: Pace,
    unanswered: bool,
) -> Standing:
    """`unanswered`: the customer had the last word."""
    kind, deadline = conversation.owner.kind, conversation.deadline_at
    if kind is OwnerKind.CLOSED:
        return Standing("closed", None, None)
    if kind is OwnerKind.AGENT:
        replied = handoff is not None and handoff.first_reply_at is not None
        return Standing("first_reply" if replied else "accepted", deadline, REQUEUE if unanswered else CLOSE)
    if kind is OwnerKind.BOT:
        return Standing("bot", deadline, HAND_OVER if unanswered else CLOSE)
    if kind is OwnerKind.MAILBOX:
        return Standing("mailbox", deadline, RENEW_PROMISE)
    offered = kind is OwnerKind.OFFER
    found = upcoming(calls, mode, offered=offered, pace=pace)
    then = OFFER_NEXT if offered else LOOK_AGAIN
    if found is not None and (deadline is None or found[0] < deadline):
        step = found[1]
        return Standing(STAGES[kind], found[0], OFFER_NEXT if step.deed is Deed.TAKE_BACK else CALLS[step.rung])
    return Standing(STAGES[kind], deadline, then)


def build_receipt(
    handoff: Handoff, names: Mapping[str, str], *, pace: Pace | None = None, idle: timedelta | None = None
) -> list[dict[str, Any]]:
    """Stages in order of time; `names` are those of agents by id.

    With `pace` (how long calls last) and `idle` (how long an agent may be silent) each stage also has the deadline
    that it set, and what would have happened then.
    """
    accepted_by = names.get(handoff.accepted_by or "", "")
    stages = [
        ("requested", handoff.requested_at, handoff.reason),
        ("queued", handoff.queued_at, ""),
        ("offered", handoff.offered_at, names.get(handoff.offered_to or "", "")),
        ("accepted", handoff.accepted_at, accepted_by),
        ("first_reply", handoff.first_reply_at, accepted_by),
        ("closed", handoff.closed_at, handoff.wrap_up or ""),
    ]
    reached = [(stage, at, by) for stage, at, by in stages if at is not None]
    reached.sort(key=lambda item: item[1])
    return [
        {"stage": stage, "at": iso(at), "by": by}
        | ({} if pace is None or idle is None else _after(stage, at, pace, idle))
        for stage, at, by in reached
    ]


def _after(stage: str, at: datetime, pace: Pace, idle: timedelta) -> dict[str, Any]:
    follows: dict[str, tuple[timedelta, str]] = {
        "requested": (timedelta(), "queue"),  # in the same breath; into the mailbox when nobody is on duty
        "queued": (pace.notify, "call_next"),
        "offered": (pace.offer, OFFER_NEXT),
        "accepted": (idle, REQUEUE),
        "first_reply": (idle, CLOSE),
    }
    if stage not in follows:
        return {"deadline": None, "next": None}
    long, then = follows[stage]
    return {"deadline": iso(at + long), "next": then}


def calls_json(calls: Sequence[Call], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Everybody who was called, and whether a desk has shown it."""
    return [
        {
            "n": one.n,
            "rung": one.rung,
            "agent": one.agent and {"id": one.agent, "name": names.get(one.agent, "")},
            "at": iso(one.at),
            "shown_at": iso(one.shown_at),
            "shown_to": one.shown_to and names.get(one.shown_to, ""),
        }
        for one in calls
    ]
