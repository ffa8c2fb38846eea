"""Arithmetic on calendars: open or not, the next opening and closing, working time, working days. Pure.

A plan is read on the wall clock. A time that the clocks skip in spring is as much later; one that comes twice in
autumn opens at the first and closes at the second. Spans that touch or overlap are one. Durations are real time:
a night shift over the change of the clocks is an hour longer or shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from handoff_service.calendars.model import DAY, Calendar, Span, moment

# What does not open within it is taken to stay closed: the longest closure that a calendar can express is a list of
# special days, and public holidays come back every year.
HORIZON = 400
# A closing further ahead is none that anybody plans for; whoever waits for it looks again before.
CLOSING_LOOK = timedelta(days=7)


def is_open(calendar: Calendar, now: datetime) -> bool:
    """Whether it is open at this moment."""
    return calendar.is_always_open or _present(calendar, now) is not None


def next_closing(calendar: Calendar, now: datetime) -> datetime | None:
    """When it closes, if it is open and does within a week."""
    present = None if calendar.is_always_open else _present(calendar, now)
    return present[1] if present and present[1] < now + CLOSING_LOOK else None


def next_opening(calendar: Calendar, now: datetime) -> datetime | None:
    """When it opens, if it is closed; None too if it stays closed for more than a year."""
    if is_open(calendar, now):
        return None
    return next((start for start, _ in _spans(calendar, now) if start > now), None)


def when_open(calendar: Calendar, at: datetime) -> datetime:
    """This moment if it is open then, else when it opens after it: by when people can have done something."""
    return next_opening(calendar, at) or at


def working_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How long it is open between two moments; nothing when they are the wrong way round."""
    if calendar.is_always_open:
        return max(end - start, timedelta())
    total = timedelta()
    for opens, closes in _spans(calendar, start, days=(end - start).days + 4):
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta())
    return total


def add_working_time(calendar: Calendar, start: datetime, amount: timedelta) -> datetime | None:
    """The first moment by which it was open for so long; None when it does not open for more than a year."""
    if calendar.is_always_open or amount <= timedelta():
        return start + max(amount, timedelta())
    seen, left = start, amount
    near = amount.days + CLOSING_LOOK.days + 2
    days = near  # enough in nearly every case; what is open for months is one span, and long to put together
    while True:
        found = False
        for opens, closes in _spans(calendar, seen, days=days):
            begins = max(opens, seen)
            if closes <= begins:
                continue
            found = True
            if left <= closes - begins:
                return begins + left
            left -= closes - begins
            last = closes
        if not found and days == HORIZON:
            return None
        seen, days = (last, near) if found else (seen, HORIZON)


def add_working_days(calendar: Calendar, start: datetime, days: int) -> datetime | None:
    """The close of the last of so many working days after today; of today for none. None when there are too few."""
    day, left = start.astimezone(calendar.zone).date(), days
    for _ in range(HORIZON + 7 * days):
        if left == 0:
            return close_of_day(calendar, moment(day, "00:00", calendar.zone, fold=0))
        day += DAY
        left -= calendar.is_working_day(day)
    return None


def close_of_day(calendar: Calendar, now: datetime) -> datetime:
    """When the day of this moment is over: when it closes for the last time that day, else at midnight."""
    day = now.astimezone(calendar.zone).date()
    midnight = moment(day, "24:00", calendar.zone, fold=0)
    closings = [end for _, end in calendar.spans_on(day)]
    return min(max(closings), midnight) if closings else midnight


def _present(calendar: Calendar, now: datetime) -> Span | None:
    """The span around now; its end is right if it is near, and beyond CLOSING_LOOK else."""
    for start, end in _spans(calendar, now, days=CLOSING_LOOK.days + 2):
        if start > now:
            return None
        if now < end:
            return start, end
    return None


def _spans(calendar: Calendar, now: datetime, *, days: int = HORIZON) -> Iterator[Span]:
    """The spans from two days before a moment on in which it is open, in order and apart from each other."""
    # The day before may run over midnight, and the one before that where a whole day is skipped.
    today = now.astimezone(calendar.zone).date()
    held: Span | None = None
    for number in range(-2, days + 1):
        for start, end in sorted(calendar.spans_on(today + DAY * number)):
            if held is None:
                held = (start, end)
            elif start <= held[1]:
                held = (held[0], max(end, held[1]))
            else:
                yield held
                held = (start, end)
    if held is not None:
        yield held
