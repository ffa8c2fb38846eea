"""The report of signals: what the bot noticed, by which rule, on which day, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handoff_service.analytics import store
from handoff_service.clock import iso
from handoff_service.conversations.model import Event, Kind
from handoff_service.conversations.opinion import THUMB_DOWN
from handoff_service.database import Database
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import BotSettings, Tenant

SIGNALS = ("asked", "unsure", "unhappy", "failed")
STAYED = "stayed with the bot"
# What a handoff tells that no turn has led to: the button "talk to a person", the deadline of the answer.
BESIDE_TURNS: Mapping[str, str] = {Event.ASKED: "asked", Event.REPLY_TIMEOUT: "failed"}
AT_ONCE = 200
"""Conversations per read: whoever else reads does not wait for the whole report."""

LONGEST = 366
FRESH, RECOUNTED = timedelta(minutes=15), timedelta(hours=6)
# What is about to be stale is counted before somebody asks for it.
AHEAD = timedelta(minutes=10)
# Until then the outcome of a day's handoffs may still change.
SETTLED = timedelta(days=3)

Key = tuple[str, str, str, str]


async def signals_report(database: Database, tenant_id: str, *, days: int, now: datetime) -> dict[str, Any]:
    """Of the last days, today included: {"days", "signals": [{"day", "signal", "rule", "outcome", "count"}], "totals",
    "settings"}.

    A day is the tenant's. `outcome` is what became of the handoff that the same turn led to, or that it led to none;
    `settings` tells each threshold, whether the tenant has set it, and what changing it costs. Raises NotFound.
    """
    tenant = await database.read(lambda c: tenants.find(c, tenant_id))
    zone = tenant.settings.zone
    wanted = _days(days, now, zone)
    kept = await database.read(lambda c: store.kept_days(c, tenant_id, wanted[0]))
    stale = [day for day in wanted if not is_fresh(day, kept.get(day, (None, None))[1], now, zone)]
    lines: dict[date, Sequence[store.Line]] = {day: kept[day][0] for day in wanted if day in kept}
    if stale:
        lines |= await count_days(database, tenant, stale[0], now)
    counts: Counter[Key] = Counter()
    for day, counted in lines.items():
        for signal, rule, outcome, count in counted:
            counts[day.isoformat(), signal, rule, outcome] += count
    return {
        "tenant": tenant_id,
        "days": days,
        "since": _midnight(wanted[0], zone).isoformat(timespec="seconds"),
        "as_of": iso(min([kept[day][1] for day in wanted if day in kept and day not in stale], default=now)),
        "signals": [
            {"day": day, "signal": signal, "rule": rule, "outcome": outcome, "count": count}
            for (day, signal, rule, outcome), count in sorted(counts.items())
        ],
        "totals": _totals(counts),
        "settings": explained(tenant.settings.bot),
    }


async def tally(database: Database, now: datetime) -> None:
    """Keeps what was counted of the days of a year, so that the report of a year reads a row a day.

    Today is counted again every few minutes, the days before until their handoffs have ended. Of several gateways the
    one that comes first does it; counting twice gives the same.
    """
    for tenant in await database.read(tenants.everyone):
        zone = tenant.settings.zone
        year = _days(LONGEST, now, zone)
        counted = await database.read(lambda c, of=tenant.id, since=year[0]: store.counted_days(c, of, since))  # type: ignore[misc]
        stale = [day for day in year if not is_fresh(day, counted.get(day), now + AHEAD, zone)]
        if stale:
            found = await count_days(database, tenant, stale[0], now)
            await database.write(lambda tx, of=tenant.id, new=found: store.keep_days(tx.connection, of, new, now))  # type: ignore[misc]


def is_fresh(day: date, counted_at: datetime | None, now: datetime, zone: ZoneInfo) -> bool:
    """Whether what was counted of a day still holds: for good once its handoffs have had time to end."""
    if counted_at is None or counted_at > now:
        return False
    over = _midnight(day + timedelta(days=1), zone)
    if counted_at >= over + SETTLED:
        return True
    return now - counted_at <= (FRESH if counted_at < over else RECOUNTED)


async def count_days(
    database: Database, tenant: Tenant, first: date, now: datetime
) -> dict[date, list[tuple[str, str, str, int]]]:
    """By day, from the first until today, [(signal, rule, outcome, count)] as the timelines tell."""
    zone, until = tenant.settings.zone, now + timedelta(microseconds=1)
    since = _midnight(first, zone)
    days = [first + timedelta(days=number) for number in range((now.astimezone(zone).date() - first).days + 1)]
    counts: dict[date, Counter[tuple[str, str, str]]] = {day: Counter() for day in days}
    ended: dict[str, str] = {}
    asked = await database.read(lambda c: store.first_handoff(c, tenant.id, since))
    for day in days:
        if asked is None or day < asked.astimezone(zone).date():  # a tenant of today need not be read for a year
            continue
        begun, over = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        for one in await database.read(lambda c, a=begun, b=over: store.handoffs_asked(c, tenant.id, a, b)):  # type: ignore[misc]
            if one.cause is not None:
                ended[one.cause] = one.outcome
            elif one.reason in BESIDE_TURNS:
                counts[day][BESIDE_TURNS[one.reason], one.rule, one.outcome] += 1
    last: tuple[datetime, str] | None = None
    done: set[str] = set()  # one in which something is written meanwhile is listed again
    while page := await database.read(lambda c, of=last: store.changed(c, tenant.id, since, of, limit=AT_ONCE)):  # type: ignore[misc]
        last, some = page[-1], [name for _, name in page if name not in done]
        done.update(some)
        for row in await database.read(lambda c, of=some: store.judged_entries(c, tenant.id, of, since, until)):  # type: ignore[misc]
            day = row.at.astimezone(zone).date()
            for signal, rule in _seen(row.kind, row.body):
                cause = row.turn or store.entry_key(row.conversation, row.seq)
                counts[day][signal, rule, ended.get(cause, STAYED)] += 1
    return {day: [(*what, count) for what, count in sorted(found.items())] for day, found in counts.items()}


def _days(days: int, now: datetime, zone: ZoneInfo) -> list[date]:
    """The last days of the tenant's, today at the end."""
    today = now.astimezone(zone).date()
    return [today - timedelta(days=number) for number in reversed(range(days))]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)


def _seen(kind: str, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(signal, rule) of each that an entry notes."""
    if kind == Kind.FEEDBACK:
        return [("unhappy", THUMB_DOWN)] if body.get("value") == "down" else []
    noted = (body.get("analysis") or {}).get("signals") or ()
    return [(str(one["signal"]), str(one["rule"])) for one in noted if one.get("signal") in SIGNALS]


def _totals(counts: Mapping[Key, int]) -> dict[str, dict[str, int]]:
    """By signal: how often it was seen, and how often a person got the conversation for it."""
    totals = {signal: {"seen": 0, "handed_over": 0} for signal in SIGNALS}
    for (_, signal, _, outcome), count in counts.items():
        totals[signal]["seen"] += count
        totals[signal]["handed_over"] += 0 if outcome == STAYED else count
    return totals


def explained(settings: BotSettings) -> dict[str, dict[str, Any]]:
    """Each threshold: the tenant's value (null: the default, which the words name), and what changing it costs."""
    chosen = settings.policy()
    return {
        name: {"value": chosen.get(name), "costs": field.description}
        for name, field in BotSettings.model_fields.items()
    }
