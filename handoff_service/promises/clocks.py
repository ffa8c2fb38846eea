"""The clocks of a handoff as a pure function of its entries, the calendar and the targets.

First reply: from the request until an agent says something. Next reply: from what the customer says after that until
an agent says something. Resolution: from the request until the handoff ends, less the time in which the customer is
awaited: from an agent's words to his own. All of it in working time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from handoff_service.calendars.model import Calendar
from handoff_service.calendars.moments import add_working_time, working_time
from handoff_service.conversations.model import Audience, AuthorKind, Kind, OwnerKind
from handoff_service.promises.model import Clock, ClockKind, Outcome, StoredClock
from handoff_service.promises.settings import Target, target_for

ENDS = frozenset({OwnerKind.BOT, OwnerKind.CLOSED})


@dataclass(frozen=True)
class Step:
    """What clocks look at of an entry: `by` who spoke to the other side, or `ends` the handoff."""

    seq: int
    at: datetime
    by: AuthorKind | None
    ends: bool


@dataclass(frozen=True)
class Case:
    """A handoff as far as its clocks are concerned."""

    tenant: str
    handoff: str
    conversation: str
    queue: str
    channel: str
    priority: int
    requested_seq: int
    requested_at: datetime


def step_of(seq: int, at: datetime, kind: str, audience: str, author: str, body: Mapping[str, Any]) -> Step | None:
    """What clocks see of an entry; None for what they do not look at: notes, the bot, the gateway's own words."""
    if kind == Kind.STATE:
        to = OwnerKind(body["to"]["kind"])
        return Step(seq, at, None, ends=True) if to in ENDS else None
    spoken = kind == Kind.MESSAGE and audience == Audience.PUBLIC and body.get("kind") != "notice"
    if spoken and author in (AuthorKind.CUSTOMER, AuthorKind.AGENT):
        return Step(seq, at, AuthorKind(author), ends=False)
    return None


def run(case: Case, steps: Iterable[Step]) -> list[Clock]:
    """How the clocks stand after these entries, which came after the request: each next reply has one of its own."""
    first = Clock(ClockKind.FIRST_REPLY, case.requested_seq, case.requested_at, case.requested_at)
    whole = replace(first, kind=ClockKind.RESOLUTION)
    replies: list[Clock] = []
    for step in steps:
        if step.ends:
            whole = replace(_stop(whole, step.at), ended_at=step.at, answered=True)
            return [_end(first, step), whole, *(_end(one, step) for one in replies)]
        if step.by is AuthorKind.AGENT:
            first = _answer(first, step)
            replies = [*replies[:-1], *(_answer(one, step) for one in replies[-1:])]
            whole = _stop(whole, step.at)
        elif first.ended_at is not None:
            if not replies or replies[-1].ended_at is not None:
                replies.append(Clock(ClockKind.NEXT_REPLY, step.seq, step.at, step.at))
            if whole.running_since is None:
                whole = replace(whole, running_since=step.at)
    return [first, whole, *replies]


def _stop(clock: Clock, at: datetime) -> Clock:
    if clock.running_since is None:
        return clock
    return replace(clock, ran=(*clock.ran, (clock.running_since, at)), running_since=None)


def _answer(clock: Clock, step: Step) -> Clock:
    return clock if clock.ended_at else replace(_stop(clock, step.at), ended_at=step.at, answered=True)


def _end(clock: Clock, step: Step) -> Clock:
    """With the handoff every clock ends, answered or not."""
    return clock if clock.ended_at else replace(_stop(clock, step.at), ended_at=step.at)


def stored_clocks(
    case: Case, clocks: Iterable[Clock], targets: Sequence[Target], calendar: Calendar
) -> list[StoredClock]:
    """The clocks for which a target is set, as they are stored before anything was told of them."""
    found = []
    for clock in clocks:
        target = target_for(targets, clock.kind, queue=case.queue, channel=case.channel, priority=case.priority)
        if target is not None:
            found.append(_stored(case, clock, target, calendar))
    return found


def _stored(case: Case, clock: Clock, target: Target, calendar: Calendar) -> StoredClock:
    allowed = target.time(clock.kind)
    used = sum((working_time(calendar, start, end) for start, end in clock.ran), timedelta())
    due_at = warn_at = None
    if clock.running_since is not None:
        due_at = add_working_time(calendar, clock.running_since, max(allowed - used, timedelta()))
        warn_at = add_working_time(calendar, clock.running_since, max(target.warn_at * allowed - used, timedelta()))
    # Whole seconds are stored; a clock that stopped in the second in which it was due has met its target.
    late = used - allowed >= timedelta(seconds=1)
    return StoredClock(
        tenant=case.tenant,
        handoff=case.handoff,
        kind=clock.kind,
        since_seq=clock.since_seq,
        conversation=case.conversation,
        queue=case.queue,
        channel=case.channel,
        priority=case.priority,
        started_at=clock.started_at,
        target_s=int(allowed.total_seconds()),
        used_s=int(used.total_seconds()),
        state=_state(clock, late=late),
        warn_at=warn_at,
        due_at=due_at,
        breached_at=clock.ran[-1][1] if late else None,
        ended_at=clock.ended_at,
    )


def _state(clock: Clock, *, late: bool) -> Outcome:
    if clock.ended_at is None:
        return Outcome.PAUSED if clock.running_since is None else Outcome.RUNNING
    if late:
        return Outcome.MISSED
    return Outcome.MET if clock.answered else Outcome.DROPPED


def carried(new: StoredClock, old: StoredClock | None) -> StoredClock:
    """What was told of a clock stays told, and says when to look at it again."""
    if old is not None:
        new = replace(new, warned_at=old.warned_at, breached_at=old.breached_at or new.breached_at)
    return replace(new, next_at=next_look(new))


def next_look(clock: StoredClock) -> datetime | None:
    """When something is to be told of a clock if nothing happens before; None when nothing is left to tell."""
    if clock.state is not Outcome.RUNNING or clock.due_at is None or clock.breached_at is not None:
        return None
    if clock.warned_at is None and clock.warn_at is not None:
        return min(clock.warn_at, clock.due_at)
    return clock.due_at


def tell(clock: StoredClock, now: datetime) -> tuple[StoredClock, str | None]:
    """What is due to be told: "warning" or "breach", and the clock after it. A breach makes a warning needless."""
    if clock.next_at is None or clock.next_at > now or clock.due_at is None:
        return clock, None
    if clock.due_at <= now:
        told = replace(clock, breached_at=now)
        return replace(told, next_at=next_look(told)), "breach"
    told = replace(clock, warned_at=now)
    return replace(told, next_at=next_look(told)), "warning"
