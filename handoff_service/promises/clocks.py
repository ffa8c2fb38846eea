"""The clocks of a handoff as a pure fold of its entries, by the calendar and the targets.

First reply: from the request until an agent says something. Next reply: from what the customer says after that until
an agent says something. Resolution: from the request until the handoff ends, less the time in which the customer is
awaited: from an agent's words to his own. All of it in working time.

How they stand after an entry is kept (`Standing`), so the next entry costs the same however many were before. Time that
was measured stays as it was measured; a changed calendar or target counts for what still runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
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


@dataclass(frozen=True)
class Standing:
    """How the clocks stand after the entry `upto`; of the next replies only the last, those before it have ended."""

    upto: int
    first: Clock
    whole: Clock
    reply: Clock | None = None
    ended: tuple[Clock, ...] = field(default=(), compare=False)  # next replies that ended since it was read

    def clocks(self) -> list[Clock]:
        """Those that go, and those that changed since it was read."""
        return [self.first, self.whole, *self.ended, *([self.reply] if self.reply else [])]


def begin(case: Case) -> Standing:
    """At the request."""
    first = Clock(ClockKind.FIRST_REPLY, case.requested_seq, case.requested_at, case.requested_at)
    return Standing(case.requested_seq, first, replace(first, kind=ClockKind.RESOLUTION))


def after(standing: Standing, steps: Iterable[Step], calendar: Calendar) -> Standing:
    """How the clocks stand after these entries, which came after `standing.upto`."""
    for step in steps:
        if standing.whole.ended_at is None:
            standing = replace(_after(standing, step, calendar), upto=step.seq)
    return standing


def _after(now: Standing, step: Step, calendar: Calendar) -> Standing:
    first, whole, reply = now.first, now.whole, now.reply
    if step.ends:
        whole = replace(_stop(whole, step.at, calendar), ended_at=step.at, answered=True)
        reply = reply and _end(reply, step, calendar)
        return replace(now, first=_end(first, step, calendar), whole=whole, reply=reply)
    if step.by is AuthorKind.AGENT:
        first, reply = _answer(first, step, calendar), reply and _answer(reply, step, calendar)
        return replace(now, first=first, whole=_stop(whole, step.at, calendar), reply=reply)
    if first.ended_at is None:
        return now
    if whole.running_since is None:
        whole = replace(whole, running_since=step.at)
    if reply is None or reply.ended_at is not None:
        ended = (*now.ended, reply) if reply else now.ended
        return replace(now, whole=whole, ended=ended, reply=Clock(ClockKind.NEXT_REPLY, step.seq, step.at, step.at))
    return replace(now, whole=whole)


def run(case: Case, steps: Iterable[Step], calendar: Calendar) -> list[Clock]:
    """All clocks of a handoff after these entries, from its request on: each next reply has one of its own."""
    return after(begin(case), steps, calendar).clocks()


def _stop(clock: Clock, at: datetime, calendar: Calendar) -> Clock:
    if clock.running_since is None:
        return clock
    used = clock.used + working_time(calendar, clock.running_since, at)
    return replace(clock, used=used, stopped_at=at, running_since=None)


def _answer(clock: Clock, step: Step, calendar: Calendar) -> Clock:
    return clock if clock.ended_at else replace(_stop(clock, step.at, calendar), ended_at=step.at, answered=True)


def _end(clock: Clock, step: Step, calendar: Calendar) -> Clock:
    """With the handoff every clock ends, answered or not."""
    return clock if clock.ended_at else replace(_stop(clock, step.at, calendar), ended_at=step.at)


MOMENTS = ("started_at", "running_since", "stopped_at", "ended_at")


def as_kept(standing: Standing) -> dict[str, Any]:
    """As JSON, for the row of the handoff."""
    clocks = {"first": standing.first, "whole": standing.whole, "reply": standing.reply}
    return {"upto": standing.upto, **{name: clock and _kept(clock) for name, clock in clocks.items()}}


def _kept(clock: Clock) -> dict[str, Any]:
    moments = {name: at and at.isoformat() for name in MOMENTS for at in [getattr(clock, name)]}
    return {**asdict(clock), **moments, "used": clock.used // timedelta(microseconds=1)}


def from_kept(kept: Mapping[str, Any]) -> Standing:
    """The opposite of `as_kept`."""
    first, whole, reply = (kept[name] and _unkept(kept[name]) for name in ("first", "whole", "reply"))
    return Standing(kept["upto"], first, whole, reply)


def _unkept(kept: Mapping[str, Any]) -> Clock:
    moments = {name: kept[name] and datetime.fromisoformat(kept[name]) for name in MOMENTS}
    parts: dict[str, Any] = {**kept, **moments, "kind": ClockKind(kept["kind"])}
    return Clock(**{**parts, "used": timedelta(microseconds=kept["used"])})


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
    used = clock.used
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
        breached_at=clock.stopped_at if late else None,
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
