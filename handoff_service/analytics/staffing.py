"""How many agents a queue needs in each hour of the week, from what came in the last weeks (Erlang C). Pure but `load`.

Erlang C: work comes at random, takes `service_s` on average, waits in one line and nobody gives up; A. K. Erlang, 1917.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from handoff_service.agents import store as agents
from handoff_service.analytics import store
from handoff_service.calendars.moments import is_open
from handoff_service.calendars.rosters import on_shift
from handoff_service.permissions import Permission, holds
from handoff_service.tenants.model import QueueSettings, Tenant

HOUR_S = 3600.0
WEEK = timedelta(days=7)
MOST_PLACES = 5000  # of one queue; beyond it somebody has mistyped the service level


@dataclass(frozen=True)
class Level:
    """The service level that is aimed at: this share of the customers waits no longer than this."""

    share: float = 0.8
    within_s: float = 60.0


def places_needed(per_hour: float, service_s: float, level: Level) -> int:
    """The fewest conversations at a time with which a steady stream of customers is served at this level."""
    work = per_hour * service_s / HOUR_S
    if work <= 0:
        return 0
    blocked = 1.0  # Erlang B for no place at all, then for one more each time
    for places in range(1, MOST_PLACES):
        blocked = work * blocked / (places + work * blocked)
        if places <= work:
            continue
        waits = blocked / (1 - work / places * (1 - blocked))
        if 1 - waits * math.exp(-(places - work) * level.within_s / service_s) >= level.share:
            return places
    return MOST_PLACES


Hours = dict[tuple[int, int], list[int]]


def by_hour(quarters: Iterable[tuple[datetime, int]], zone: ZoneInfo, since: date, weeks: int) -> Hours:
    """(weekday from 0 = Monday, hour) on the clock on the wall → how many came in it, week by week."""
    found: Hours = defaultdict(lambda: [0] * weeks)
    for at, count in quarters:
        local = at.astimezone(zone)
        week = (local.date() - since).days // 7
        if 0 <= week < weeks:
            found[local.weekday(), local.hour][week] += count
    return found


def first_day(now: datetime, zone: ZoneInfo, weeks: int) -> date:
    """The Monday with which the last so many whole weeks began."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=today.weekday()) - weeks * WEEK


def load(
    connection: sa.Connection, tenant: Tenant, queue: QueueSettings, now: datetime, *, weeks: int, level: Level
) -> dict[str, Any]:
    """What came into a queue in the last whole weeks, how long it took, and who is needed when."""
    zone = tenant.settings.zone
    since = first_day(now, zone, weeks)
    begun = datetime(since.year, since.month, since.day, tzinfo=zone)
    ends = datetime.combine(since + weeks * WEEK, begun.timetz())
    counts = by_hour(store.came(connection, tenant.id, queue.id, begun, ends), zone, since, weeks)
    service_s = store.mean_service_s(connection, tenant.id, queue.id, begun, ends)
    room, calendar = _room(connection, tenant.id, queue.id), tenant.settings.calendar(queue.id)
    hours = []
    for (weekday, hour), came in sorted(counts.items()):
        usual = sum(came) / weeks
        places = places_needed(usual, service_s, level) if service_s else None
        hours.append(
            {
                "weekday": weekday,
                "hour": hour,
                "came": round(usual, 2),
                "most": max(came),
                "places": places,
                "agents": None if places is None else math.ceil(places / room),
                "open": is_open(calendar, _middle(tenant, since + weeks * WEEK, weekday, hour)),
                "on_shift": _on_shift(tenant, queue, since + weeks * WEEK, weekday, hour),
            }
        )
    return {
        "queue": queue.id,
        "since": since.isoformat(),
        "level": {"share": level.share, "within_s": level.within_s},
        "service_s": None if service_s is None else round(service_s, 1),
        "room": round(room, 2),
        "came": [sum(came[week] for came in counts.values()) for week in range(weeks)],
        "hours": hours,
    }


def _middle(tenant: Tenant, monday: date, weekday: int, hour: int) -> datetime:
    """The half of this hour in the week that begins with this Monday, on the tenant's clock."""
    day = monday + timedelta(days=weekday)
    return datetime(day.year, day.month, day.day, hour, 30, tzinfo=tenant.settings.zone)


def _on_shift(tenant: Tenant, queue: QueueSettings, monday: date, weekday: int, hour: int) -> int | None:
    """How many the roster has there at the half of this hour of the present week; None without a roster."""
    plan = tenant.settings.calendars.get(queue.calendar) if queue.calendar is not None else None
    if plan is None or not plan.roster:
        return None
    return len(on_shift(plan, tenant.settings.zone, _middle(tenant, monday, weekday, hour)))


def _room(connection: sa.Connection, tenant: str, queue: str) -> float:
    """How many conversations one of the queue's agents has at a time, on average."""
    able = [one for one in agents.everyone(connection, tenant) if holds(one, Permission.CONVERSATIONS_ANSWER)]
    rooms = [one.capacity for one in able if queue in one.queues and one.capacity > 0]
    return sum(rooms) / len(rooms) if rooms else 1.0
