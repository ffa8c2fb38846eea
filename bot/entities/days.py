"""Days and spans of days, as the readers of dates reckon with them; a week begins on Monday."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Days:
    """From `first` to `last`, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        """ISO 8601: one day, or an interval."""
        return (
            self.first.isoformat() if self.first == self.last else f"{self.first.isoformat()}/{self.last.isoformat()}"
        )


@dataclass(frozen=True)
class Today:
    """The day that relative dates are read against; `ahead` when the coming ones are meant, as for a callback."""

    day: date
    ahead: bool = False

    def plus(self, days: int) -> Days:
        """So many days from today."""
        return one(self.day + timedelta(days=days))

    def weekday(self, weekday: int, *, week: int) -> Days:
        """That day (0 is Monday) of this calendar week or of one so many weeks away."""
        return one(self.day - timedelta(days=self.day.weekday()) + timedelta(days=7 * week + weekday))

    def nearest(self, weekday: int) -> Days:
        """That weekday, today or the last before; with `ahead` today or the next."""
        back = (self.day.weekday() - weekday) % 7
        return self.plus((weekday - self.day.weekday()) % 7 if self.ahead else -back)

    def before(self, weekday: int) -> Days:
        """The last such weekday before today."""
        return self.plus(-(((self.day.weekday() - weekday - 1) % 7) + 1))

    def after(self, weekday: int) -> Days:
        """The first such weekday after today."""
        return self.plus(((weekday - self.day.weekday() - 1) % 7) + 1)

    def week(self, away: int) -> Days:
        """A whole calendar week."""
        monday = self.day - timedelta(days=self.day.weekday()) + timedelta(days=7 * away)
        return Days(monday, monday + timedelta(days=6))

    def month(self, away: int) -> Days:
        """A whole month."""
        year, month = divmod(self.day.year * 12 + self.day.month - 1 + away, 12)
        return whole_month(year, month + 1)

    def months_away(self, months: int) -> Days:
        """The same day of another month, or its last day when it is shorter."""
        month = self.month(months)
        return one(month.first.replace(day=min(self.day.day, month.last.day)))

    def named(self, month: int, day: int, *, year: int | None = None) -> Days | None:
        """A month's day: of `year`, else the last such day, today included (with `ahead`: the next); None if none."""
        for candidate in (year,) if year else self._years():
            try:
                found = date(candidate, month, day)
            except ValueError:
                continue
            if year or (found >= self.day if self.ahead else found <= self.day):
                return one(found)
        return None

    def day_of_month(self, day: int) -> Days | None:
        """ "The 3rd": of this month or the last that had it (with `ahead`: the next); None for no day of a month."""
        for away in range(3):
            month = self.month(away if self.ahead else -away)
            if day < 1 or day > month.last.day:
                continue
            found = month.first.replace(day=day)
            if (found >= self.day) if self.ahead else (found <= self.day):
                return one(found)
        return None

    def month_named(self, month: int, *, year: int | None = None) -> Days | None:
        """A whole month: of `year`, else the last one that has begun (with `ahead`: the next that has not ended)."""
        if not 1 <= month <= 12:
            return None
        if year is None:
            later = month > self.day.month if not self.ahead else month < self.day.month
            year = self.day.year + (0 if not later else 1 if self.ahead else -1)
        return whole_month(year, month)

    def _years(self) -> range:
        years = range(self.day.year, self.day.year + 5) if self.ahead else range(self.day.year, self.day.year - 5, -1)
        return years


def one(day: date) -> Days:
    """A single day."""
    return Days(day, day)


def whole_month(year: int, month: int) -> Days:
    """From the first to the last of a month."""
    return Days(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def third(month: Days, part: str) -> Days:
    """The beginning (to the 10th), middle (to the 20th) or end of a month; `part` is 初, 中 or 底."""
    first, last = {"初": (1, 10), "中": (11, 20), "底": (21, month.last.day)}[part]
    return Days(month.first.replace(day=first), month.first.replace(day=last))
