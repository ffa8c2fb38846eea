"""The report of signals: what the bot noticed, by which rule, on which day, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from handoff_service.analytics import store
from handoff_service.conversations.model import Kind
from handoff_service.database import Database
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import BotSettings

SIGNALS = ("asked", "unsure", "unhappy", "failed")
STAYED = "stayed with the bot"
THUMB = "thumb down"
AT_ONCE = 50
"""Conversations per read: whoever else reads does not wait for the whole report."""

Key = tuple[str, str, str, str]


async def signals_report(database: Database, tenant_id: str, *, days: int, now: datetime) -> dict[str, Any]:
    """Of the last days, today included: {"days", "signals": [{"day", "signal", "rule", "outcome", "count"}], "totals",
    "settings"}.

    A day is the tenant's. `outcome` is what became of the handoff that the same turn led to, or that it led to none;
    `settings` tells each threshold, whether the tenant has set it, and what changing it costs. Raises NotFound.
    """
    tenant = await database.read(lambda c: tenants.find(c, tenant_id))
    since, until = _span(days, now, tenant.settings.zone)
    ended = await database.read(lambda c: store.handoffs_of_turns(c, tenant_id, since, until))
    listed = await database.read(lambda c: store.changed(c, tenant_id, since))
    counts: Counter[Key] = Counter()
    for start in range(0, len(listed), AT_ONCE):
        some = listed[start : start + AT_ONCE]
        for row in await database.read(lambda c, of=some: store.judged_entries(c, tenant_id, of, since, until)):  # type: ignore[misc]
            day = row.at.astimezone(tenant.settings.zone).date().isoformat()
            for signal, rule in _seen(row.kind, row.body):
                counts[day, signal, rule, ended.get(row.turn or "", STAYED)] += 1
    return {
        "tenant": tenant_id,
        "days": days,
        "since": since.astimezone(UTC).isoformat(timespec="seconds"),
        "signals": [
            {"day": day, "signal": signal, "rule": rule, "outcome": outcome, "count": count}
            for (day, signal, rule, outcome), count in sorted(counts.items())
        ],
        "totals": _totals(counts),
        "settings": explained(tenant.settings.bot),
    }


def _span(days: int, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first midnight of the tenant's days until now."""
    today = now.astimezone(zone).date()
    first = datetime.combine(today - timedelta(days=days - 1), datetime.min.time(), zone)
    return first.astimezone(UTC), now + timedelta(microseconds=1)


def _seen(kind: str, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(signal, rule) of each that an entry notes."""
    if kind == Kind.FEEDBACK:
        return [("unhappy", THUMB)] if body.get("value") == "down" else []
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
