"""Who works when, and what is wrong with it: one person twice at a time, and hours in which nobody is there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from zoneinfo import ZoneInfo

from handoff_service.calendars.model import DAY, Calendar, Span, calendar_of, moment
from handoff_service.calendars.settings import DAYS, CalendarSettings, Shift

# A plan of each week is looked at in one without holidays and changes of the clock; its Monday.
PLAIN_MONDAY = date(2001, 1, 1)
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Problem:
    """`who` is on two shifts (their numbers from 1) from start to end; or, with `who` empty, nobody is there."""

    who: str
    start: datetime
    end: datetime
    shifts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Duty:
    """One shift on one date: its number in the roster from 1, and from when to when."""

    number: int
    who: str
    start: datetime
    end: datetime


def duties(roster: Sequence[Shift], zone: ZoneInfo, first: date, days: int) -> list[Duty]:
    """The shifts that begin on these dates, in order."""
    found = []
    for number, shift in enumerate(roster, 1):
        for ahead in range(days):
            day = first + DAY * ahead
            if DAYS[day.weekday()] in shift.days or day in shift.dates:
                last = day + DAY if shift.closes <= shift.opens else day
                start, end = moment(day, shift.opens, zone, fold=0), moment(last, shift.closes, zone, fold=1)
                found.append(Duty(number, shift.who, start, end))
    return sorted(found, key=lambda duty: (duty.start, duty.number))


def on_shift(settings: CalendarSettings, zone: ZoneInfo, now: datetime) -> list[str]:
    """Who is on a shift at this moment, each once."""
    here = ZoneInfo(settings.timezone) if settings.timezone else zone
    listed = duties(settings.roster, here, now.astimezone(here).date() - DAY, 2)
    return sorted({duty.who for duty in listed if duty.start <= now < duty.end})


def problems(
    calendar: Calendar, roster: Sequence[Shift], first: date, days: int, *, gaps: bool = True
) -> list[Problem]:
    """Overlaps on these dates, then the hours in which it is open and nobody works. Nothing without a roster."""
    listed = duties(roster, calendar.zone, first - DAY, days + 1)
    # Of a shift that began the day before only what runs into these dates is looked at.
    begin = moment(first, "00:00", calendar.zone, fold=0)
    found = [problem for problem in _overlaps(listed) if problem.end > begin]
    if gaps and roster:
        opened = [span for ahead in range(days) for span in calendar.spans_on(first + DAY * ahead)]
        found += [Problem("", start, end) for start, end in _uncovered(opened, listed)]
    return found


def week_problems(settings: CalendarSettings) -> list[str]:
    """What is wrong with the plan of any week, and on the dates that shifts name; in words, [] when nothing is."""
    if not settings.roster:
        return []
    utc = ZoneInfo("UTC")
    plain = Calendar(zone=utc, hours=settings.hours)
    weekly = [shift for shift in settings.roster if shift.days]
    numbers = [number for number, shift in enumerate(settings.roster, 1) if shift.days]
    found: dict[str, None] = {}
    # The second of two weeks: what begins on Sunday runs into the Monday after it.
    for problem in problems(plain, weekly, PLAIN_MONDAY + 7 * DAY, 7, gaps=settings.roster_covers):
        found[told(problem, utc, [numbers[one - 1] for one in problem.shifts])] = None
    for day in sorted({day for shift in settings.roster for day in shift.dates}):
        for problem in problems(plain, settings.roster, day, 1, gaps=False):
            if any(settings.roster[one - 1].dates for one in problem.shifts):
                found[told(problem, utc, problem.shifts, dated=True)] = None
    return list(found)


def told(problem: Problem, zone: ZoneInfo, shifts: Iterable[int], *, dated: bool = False) -> str:
    """A problem as people read it: "lin is on two shifts (1 and 3) on Tuesday 14:00-16:00"."""
    start, end = problem.start.astimezone(zone), problem.end.astimezone(zone)
    when = f"{start:%Y-%m-%d}" if dated else DAY_NAMES[start.weekday()]
    close = "24:00" if f"{end:%H:%M}" == "00:00" else f"{end:%H:%M}"
    if end.date() > start.date() and close != "24:00":
        close += f" on {f'{end:%Y-%m-%d}' if dated else DAY_NAMES[end.weekday()]}"
    hours = f"on {when} {start:%H:%M}-{close}"
    if not problem.who:
        return f"it is open and nobody works {hours}"
    return f"{problem.who} is on two shifts ({' and '.join(str(one) for one in shifts)}) {hours}"


def report(settings: CalendarSettings, zone: ZoneInfo, now: datetime, days: int = 14) -> list[Problem]:
    """What is wrong with the roster in the next days as they are, with holidays, special days and changing clocks."""
    calendar = calendar_of(settings, zone)
    today = now.astimezone(calendar.zone).date()
    return problems(calendar, settings.roster, today, days, gaps=settings.roster_covers)


def _overlaps(listed: Sequence[Duty]) -> Iterator[Problem]:
    """Two shifts of one person at a time."""
    for one, other in combinations(listed, 2):
        start, end = max(one.start, other.start), min(one.end, other.end)
        if one.who == other.who and start < end:
            yield Problem(one.who, start, end, (one.number, other.number))


def _uncovered(opened: Sequence[Span], listed: Sequence[Duty]) -> Iterator[Span]:
    """The parts of spans during which none of the shifts runs."""
    for begins, ends in sorted(opened):
        seen = begins
        for duty in listed:
            if duty.start > seen and duty.start < ends:
                yield seen, duty.start
            if duty.start < ends:
                seen = max(seen, duty.end)
        if seen < ends:
            yield seen, ends
