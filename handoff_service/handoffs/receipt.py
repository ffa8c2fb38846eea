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
from handoff_service.columns import EPOCH
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
ENDS = (OwnerKind.BOT, OwnerKind.CLOSED)
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
    full_at: datetime | None = None,
    nudge: tuple[datetime, str] | None = None,
    idle_at: datetime | None = None,
) -> Standing:
    """`unanswered`: the customer had the last word. `nudge`: what comes next because its agent has
    said nothing, and when; otherwise he may be idle until `idle_at`. `full_at`: when
    everybody was last seen with his hands full.
    """
    kind, deadline = conversation.owner.kind, conversation.deadline_at
    if kind is OwnerKind.CLOSED:
        return Standing("closed", None, None)
    if kind is OwnerKind.AGENT:
        replied = handoff is not None and handoff.first_reply_at is not None
        if nudge is not None:
            return Standing("accepted", *nudge)
        return Standing("first_reply" if replied else "accepted", idle_at or deadline, REQUEUE if unanswered else CLOSE)
    if kind is OwnerKind.BOT:
        return Standing("bot", deadline, HAND_OVER if unanswered else CLOSE)
    if kind is OwnerKind.MAILBOX:
        return Standing("mailbox", deadline, RENEW_PROMISE)
    offered = kind is OwnerKind.OFFER
    found = upcoming(calls, mode, offered=offered, pace=pace, full_at=full_at)
    then = OFFER_NEXT if offered else LOOK_AGAIN
    if found is not None and (deadline is None or found[0] < deadline):
        step = found[1]
        return Standing(STAGES[kind], found[0], OFFER_NEXT if step.deed is Deed.TAKE_BACK else CALLS[step.rung])
    return Standing(STAGES[kind], deadline, then)


@dataclass(frozen=True)
class Move:
    """A change of owner within a handoff: to whom, and by whom it was made (kind of author, and his name)."""

    to: OwnerKind
    agent: str | None
    author: str
    name: str
    at: datetime


@dataclass(frozen=True)
class Times:
    """How long calls last, how long an agent may take for his first words (None: as long as idle), and be idle."""

    pace: Pace
    first_reply: timedelta | None
    idle: timedelta


def build_receipt(
    handoff: Handoff, moves: Sequence[Move], names: Mapping[str, str], times: Times
) -> list[dict[str, Any]]:
    """Stages in order of time, each with its actor, the deadline that it set, and what would have happened then.

    `moves` are those of the handoff, the first one first; `names` are those of agents by id. Of several who had it one
    after the other, the first one accepted it, and whoever had it then gave the first reply.
    """
    served = [move for move in moves if move.to is OwnerKind.AGENT]
    first, left = handoff.first_reply_at, handoff.closed_at
    replying = [move for move in served if first is not None and move.at <= first][-1:] or served[:1]
    ending = [move for move in moves if left is not None and move.at >= left and move.to in ENDS][:1]
    accepted, replied = (names.get(one[0].agent or "", "") if one else "" for one in (served[:1], replying))
    offered = names.get(handoff.offered_to or "", "")
    system = {"kind": "system", "name": ""}
    stages = [
        ("requested", handoff.requested_at, handoff.reason, _author(moves[:1])),
        ("queued", handoff.queued_at, "", system),
        ("offered", handoff.offered_at, offered, {"kind": "agent", "name": offered}),
        ("accepted", handoff.accepted_at, accepted, {"kind": "agent", "name": accepted}),
        ("first_reply", first, replied, {"kind": "agent", "name": replied}),
        ("closed", left, handoff.wrap_up or "", _author(ending)),
    ]
    follows = _follows(times)
    receipt = []
    for stage, at, by, actor in sorted((one for one in stages if one[1] is not None), key=lambda one: one[1] or EPOCH):
        long, then = follows.get(stage, (None, None))
        deadline = None if at is None or long is None else iso(at + long)
        receipt.append({"stage": stage, "at": iso(at), "by": by, "actor": actor, "deadline": deadline, "next": then})
    return receipt


def _author(moves: Sequence[Move]) -> dict[str, str]:
    return {"kind": moves[0].author, "name": moves[0].name} if moves else {"kind": "system", "name": ""}


def _follows(times: Times) -> Mapping[str, tuple[timedelta, str]]:
    return {
        "requested": (timedelta(), "queue"),  # in the same breath; into the mailbox when nobody is on duty
        "queued": (times.pace.notify, "call_next"),
        "offered": (times.pace.offer, OFFER_NEXT),
        "accepted": (times.idle if times.first_reply is None else times.first_reply, REQUEUE),
        "first_reply": (times.idle, CLOSE),
    }


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
