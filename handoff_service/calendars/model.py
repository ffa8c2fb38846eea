"""A calendar: for every date, from when to when it is open. Pure; settings in, wall clock and moments out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from handoff_service.calendars.public_holidays import year_of
from handoff_service.calendars.settings import DAYS, WORKDAYS, CalendarSettings, Hours, Opening

DAY = timedelta(days=1)
AROUND_THE_CLOCK = Hours.model_validate({"from": "00:00", "to": "24:00"})

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Calendar:
    """When a queue is open. No `hours` is around the clock; special days override everything, then make-up days."""

    zone: ZoneInfo
    hours: tuple[Opening, ...] = ()
    country: str | None = None
    subdivision: str | None = None
    make_up: bool = False
    make_up_days: frozenset[date] = frozenset()
    make_up_as: str = "mon"
    working_days: frozenset[str] = frozenset(WORKDAYS)
    days: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict, hash=False)

    @property
    def is_always_open(self) -> bool:
        """Whether nothing is ever closed; such a calendar needs no walk through the days."""
        return not self.hours and self.country is None and not self.days

    def hours_on(self, day: date) -> Sequence[Hours]:
        """What opens on a date."""
        if day in self.days:
            return self.days[day]
        if self.is_made_up(day):
            return self._of_week(self.make_up_as)
        if self.is_holiday(day):
            return ()
        return self._of_week(DAYS[day.weekday()])

    def is_holiday(self, day: date) -> bool:
        return self.country is not None and day in year_of(self.country, self.subdivision, day.year).holidays

    def is_made_up(self, day: date) -> bool:
        """Whether a day off is worked on this date instead of another."""
        if day in self.make_up_days:
            return True
        known = self.make_up and self.country is not None
        return known and day in year_of(str(self.country), self.subdivision, day.year).make_up

    def is_working_day(self, day: date) -> bool:
        """Whether people mean this date when they count working days."""
        if day in self.days:
            return bool(self.days[day])
        return self.is_made_up(day) or (DAYS[day.weekday()] in self.working_days and not self.is_holiday(day))

    def spans_on(self, day: date) -> Iterator[Span]:
        """The same as `hours_on`, as moments in UTC; what ends before it begins (clocks went forward) is left out."""
        for hours in self.hours_on(day):
            last = day + DAY if hours.closes <= hours.opens else day
            start = moment(day, hours.opens, self.zone, fold=0)
            end = moment(last, hours.closes, self.zone, fold=1)
            if start < end:
                yield start, end

    def _of_week(self, day: str) -> Sequence[Hours]:
        return [one for one in self.hours if day in one.days] if self.hours else [AROUND_THE_CLOCK]


@lru_cache(maxsize=4096)
def calendar_of(settings: CalendarSettings, zone: ZoneInfo) -> Calendar:
    """The calendar that is configured; `zone` is the tenant's, for one that names none."""
    holidays = settings.holidays
    return Calendar(
        zone=ZoneInfo(settings.timezone) if settings.timezone else zone,
        hours=settings.hours,
        country=holidays.country if holidays else None,
        subdivision=holidays.subdivision if holidays else None,
        make_up=bool(holidays and holidays.make_up),
        make_up_days=frozenset(settings.make_up_days),
        make_up_as=settings.make_up_as,
        working_days=frozenset(settings.working_days),
        days={day.date: day.open for day in settings.days},
    )


def moment(day: date, clock: str, zone: ZoneInfo, *, fold: int) -> datetime:
    """A time "HH:MM" of the wall clock, "24:00" at the latest, as a moment in UTC.

    One that the clocks skip in spring is as much later; of one that comes twice, `fold` chooses.
    """
    if clock == "24:00":
        day, clock = day + DAY, "00:00"
    return existing(datetime.combine(day, time.fromisoformat(clock), zone).replace(fold=fold), zone)


def existing(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC; of a time that the clocks skip, the later of its two readings."""
    moments = [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    skipped = all(one.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None) for one in moments)
    return max(moments) if skipped else local.astimezone(UTC)
