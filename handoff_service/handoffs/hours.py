"""Opening hours of a queue: pure functions from a weekly plan and a time zone to moments.

A plan is read on the wall clock. A time that the clocks skip in spring is as much later; one that comes twice in
autumn opens at the first and closes at the second. Intervals that touch or overlap are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handoff_service.tenants.model import Opening

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
# A gap or an opening of a weekly plan shows within a week and the days beside it, whatever the clocks do.
LOOK = timedelta(days=9)

Span = tuple[datetime, datetime]


def is_open(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> bool:
    """Whether the queue is open at this moment; with no hours it always is."""
    return not hours or _present(hours, zone, now) is not None


def next_closing(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> datetime | None:
    """When it closes, if it is open and ever does."""
    present = _present(hours, zone, now) if hours else None
    return present[1] if present and present[1] < now + LOOK - 2 * DAY else None


def next_opening(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> datetime | None:
    """When it opens, if it is closed."""
    if is_open(hours, zone, now):
        return None
    return next((start for start, _ in _spans(hours, zone, now) if start > now), None)


def _present(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> Span | None:
    return next(((start, end) for start, end in _spans(hours, zone, now) if start <= now < end), None)


def _spans(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> Iterator[Span]:
    """The spans around a moment in which it is open, in order and apart from each other."""
    today = now.astimezone(zone).date()
    days = (today + DAY * number for number in range(-2, LOOK.days + 1))
    merged: list[Span] = []
    for start, end in sorted(span for day in days for span in _of_day(hours, zone, day)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return iter(merged)


def _of_day(hours: Sequence[Opening], zone: ZoneInfo, day: date) -> Iterator[Span]:
    """What opens on a day."""
    for opening in hours:
        if DAYS[day.weekday()] in opening.days:
            last = day + DAY if opening.closes <= opening.opens else day
            start, end = _moment(day, opening.opens, zone, fold=0), _moment(last, opening.closes, zone, fold=1)
            if start < end:
                yield start, end


def _moment(day: date, clock: str, zone: ZoneInfo, *, fold: int) -> datetime:
    """A time of the wall clock as a moment in UTC."""
    if clock == "24:00":
        day, clock = day + DAY, "00:00"
    return _existing(datetime.combine(day, time.fromisoformat(clock), zone).replace(fold=fold), zone)


def _existing(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment; of a time that the clocks skip, the later of its two readings."""
    moments = [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    skipped = all(moment.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None) for moment in moments)
    return max(moments) if skipped else local.astimezone(UTC)
