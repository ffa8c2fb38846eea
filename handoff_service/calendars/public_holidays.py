"""Public holidays of a country, and the days off that are worked instead (调休): what the package `holidays` knows.

It knows make-up days of few countries (China's as far ahead as the State Council has announced them, a year at most);
others are listed by hand in the calendar.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple


class Year(NamedTuple):
    """The public holidays of a year by name, and its weekend days on which people work."""

    holidays: dict[date, str]
    make_up: frozenset[date]


@lru_cache(maxsize=256)
def year_of(country: str, subdivision: str | None, year: int) -> Year:
    """One year of a country. Raises ValueError for a country or subdivision that the package does not know."""
    import holidays  # a second of work that only a calendar with public holidays needs

    countries = holidays.list_supported_countries()
    if country not in countries:
        raise ValueError(
            f"no public holidays are known of the country {country!r}; use two letters of ISO 3166, such as CN or DE"
        )
    if subdivision is not None and subdivision not in countries[country]:
        listed = ", ".join(countries[country]) or "none"
        raise ValueError(f"{country} has no subdivision {subdivision!r}; known are: {listed}")
    # A day off in January may be worked for in December, and the other way round.
    known = holidays.country_holidays(country, subdiv=subdivision, years=range(year - 1, year + 2))
    return Year(
        {day: name for day, name in sorted(known.items()) if day.year == year},
        frozenset(day for day in known.weekend_workdays if day.year == year),
    )


def check(country: str, subdivision: str | None) -> None:
    """Raises ValueError, with what to write instead, unless the country and the subdivision are known."""
    year_of(country, subdivision, 2026)
