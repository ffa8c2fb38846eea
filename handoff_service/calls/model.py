"""The ladder of calls: who is called to a waiting customer, and when the next one is. Pure.

A call counts as noticed when a connected desk has confirmed that it was shown there. One that nobody saw is followed
by the next after `Pace.notify`; one that was seen and led to nothing, after `Pace.take` (an offer: when it runs out).
Whoever accepts ends the wait, and nothing of the ladder happens any more.

    claim queue   queued (all desks of the queue) ──────────────────► supervisor ──► outside ──► ticket
    offer queue   queued ──► agent (an offer) ──► agent ──► team ──► supervisor ──► outside ──► ticket
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Rung(StrEnum):
    """Who is called. `queued` begins a wait; `agent` is an offer; `outside` is the tenant's webhooks and mails."""

    QUEUED = "queued"
    AGENT = "agent"
    TEAM = "team"
    SUPERVISOR = "supervisor"
    OUTSIDE = "outside"
    TICKET = "ticket"


# What follows by itself, by the mode of the queue. Offers are made by the routing, as often as it finds somebody.
LADDERS: Mapping[str, tuple[Rung, ...]] = {
    "claim": (Rung.QUEUED, Rung.SUPERVISOR, Rung.OUTSIDE, Rung.TICKET),
    "offer": (Rung.QUEUED, Rung.TEAM, Rung.SUPERVISOR, Rung.OUTSIDE, Rung.TICKET),
}
OFFERS_BEFORE_TEAM = 2
# However often an agent let an offer of the same handoff pass, he is asked again after this at the latest.
LONGEST_REST = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call to a handoff, the n-th from 1; `held_at`: its time began anew because everybody had his hands full."""

    n: int
    rung: Rung
    agent: str | None
    at: datetime
    shown_at: datetime | None = None
    shown_to: str | None = None
    held_at: datetime | None = None


@dataclass(frozen=True)
class Pace:
    """How long a call waits for eyes, for hands once it was seen, and how long an offer lasts."""

    notify: timedelta
    take: timedelta
    offer: timedelta


@dataclass(frozen=True)
class Crew:
    """Of the agents of a queue: whether any is present, and how much (units of capacity) one of those could take."""

    present: bool
    room: float


class Deed(StrEnum):
    CALL = "call"
    TAKE_BACK = "take_back"  # an offer that nobody has seen
    HOLD = "hold"


@dataclass(frozen=True)
class Step:
    """What is to be done now; `of` is the call that led to it."""

    deed: Deed
    rung: Rung
    of: Call | None = None


def this_wait(calls: Iterable[Call]) -> list[Call]:
    """The calls since the conversation last came into a queue."""
    wait: list[Call] = []
    for call in calls:
        wait = [call] if call.rung is Rung.QUEUED else [*wait, call]
    return wait


def due(call: Call, pace: Pace, full_at: datetime | None = None) -> datetime:
    """When a call has been in vain; its time began anew when everybody had his hands full (`full_at`)."""
    begun = max(call.at, call.held_at or call.at, full_at or call.at)
    if call.shown_at is None:
        return begun + pace.notify
    return begun + pace.offer if call.rung is Rung.AGENT else max(begun, call.shown_at) + pace.take


def upcoming(
    calls: Sequence[Call], mode: str, *, offered: bool, pace: Pace, full_at: datetime | None = None
) -> tuple[datetime, Step] | None:
    """What comes next if nobody does anything, and when; None where that is an offer's own end, or nothing."""
    wait = this_wait(calls)
    offers = [call for call in wait if call.rung is Rung.AGENT]
    found = _next_call(wait, offers, LADDERS[mode], offered=offered, pace=pace, full_at=full_at)
    if offered and offers and offers[-1].shown_at is None:
        back = due(offers[-1], pace), Step(Deed.TAKE_BACK, Rung.AGENT, offers[-1])
        return back if found is None or back[0] <= found[0] else found
    return found


def look_at(
    calls: Sequence[Call], mode: str, *, offered: bool, pace: Pace, full_at: datetime | None = None
) -> datetime | None:
    """No later than the next step, whatever a desk confirms before; None where there will be none."""
    soonest = replace(pace, notify=min(pace.notify, pace.take))
    found = upcoming(calls, mode, offered=offered, pace=soonest, full_at=full_at)
    return found and found[0]


def _next_call(
    wait: Sequence[Call],
    offers: Sequence[Call],
    ladder: Sequence[Rung],
    *,
    offered: bool,
    pace: Pace,
    full_at: datetime | None,
) -> tuple[datetime, Step] | None:
    called = [call for call in wait if call.rung in ladder]
    if not called or called[-1].rung is ladder[-1]:
        return None
    last = called[-1]
    following = ladder[ladder.index(last.rung) + 1]
    if last.rung is not Rung.QUEUED or not offers:
        return due(last, pace, full_at), Step(Deed.CALL, following, last)
    asked = offers[:OFFERS_BEFORE_TEAM][-1]
    if len(offers) >= OFFERS_BEFORE_TEAM:
        return due(asked, pace, full_at), Step(Deed.CALL, following, asked)
    if offered:
        return None
    return due(asked, pace, full_at) + pace.notify, Step(Deed.CALL, following, asked)  # the next agent has his time


def next_step(
    calls: Sequence[Call],
    mode: str,
    *,
    offered: bool,
    crew: Crew,
    pace: Pace,
    now: datetime,
    weight: int = 1,
    full_at: datetime | None = None,
    hold_until: datetime | None = None,
) -> Step | None:
    """What is to be done now for a conversation that takes `weight` of an agent's capacity.

    While everybody who is there has his hands full the ladder stands still: that is a queue, and nobody overlooks it.
    While somebody has room, but not so much, it stands still until `hold_until`: lighter ones go before him till then.
    """
    if not this_wait(calls):
        return Step(Deed.CALL, Rung.QUEUED)  # it began to wait under a release that knew no ladder
    found = upcoming(calls, mode, offered=offered, pace=pace, full_at=full_at)
    if found is None or now < found[0]:
        return None
    step = found[1]
    passed_over = crew.room >= 1 and hold_until is not None and now >= hold_until
    if step.deed is Deed.CALL and crew.present and crew.room < weight and not passed_over:
        return Step(Deed.HOLD, step.rung, step.of)
    return step


def resting(calls: Iterable[Call], pace: Pace, now: datetime, *, longest: timedelta = LONGEST_REST) -> frozenset[str]:
    """Agents who are not offered this handoff again just now, because they let it pass in this wait.

    After an offer's time an agent has as long for himself again, after the next one twice as long, and so on up to
    `longest`. Others are asked meanwhile, and the ladder goes on.
    """
    offers: dict[str, list[Call]] = {}
    for call in this_wait(calls):
        if call.rung is Rung.AGENT and call.agent is not None:
            offers.setdefault(call.agent, []).append(call)

    def until(asked: Sequence[Call]) -> datetime:
        return asked[-1].at + pace.offer + min(pace.offer * (1 << min(len(asked) - 1, 10)), longest)

    return frozenset(agent for agent, asked in offers.items() if now < until(asked))


def concerns(call: Call, *, agent: str, serves: bool, supervises: bool, mode: str) -> bool:
    """Whether a call is for this agent: he is rung, and what his desk confirms counts."""
    if call.rung is Rung.AGENT:
        return call.agent == agent
    if call.rung is Rung.QUEUED:
        return serves and mode == "claim"
    if call.rung is Rung.TEAM:
        return serves
    return call.rung is Rung.SUPERVISOR and supervises
