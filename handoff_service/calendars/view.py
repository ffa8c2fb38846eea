"""When a queue is open, as JSON for desks and integrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from handoff_service.calendars.moments import is_open, next_closing, next_opening
from handoff_service.calendars.rosters import on_shift, report
from handoff_service.clock import iso
from handoff_service.tenants.model import QueueSettings, TenantSettings


def hours_json(settings: TenantSettings, queue: QueueSettings, now: datetime) -> dict[str, Any]:
    """Open or not, the next change of it, and the roster. `problems`: somebody twice, or (`who` null) nobody there."""
    calendar = settings.calendar(queue.id)
    plan = settings.calendars[queue.calendar] if queue.calendar is not None else None
    return {
        "queue": queue.id,
        "calendar": queue.calendar,
        "timezone": calendar.zone.key,
        "open": is_open(calendar, now),
        "opens_at": iso(next_opening(calendar, now)),
        "closes_at": iso(next_closing(calendar, now)),
        "on_shift": on_shift(plan, settings.zone, now) if plan else [],
        "problems": [
            {
                "who": problem.who or None,
                "from": iso(problem.start),
                "to": iso(problem.end),
                "shifts": list(problem.shifts),
            }
            for problem in (report(plan, settings.zone, now) if plan else [])
        ],
    }
