"""What is configured of a calendar: weekly hours, public holidays, make-up days, special days, who works when."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer, model_validator

from handoff_service.calendars import public_holidays

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAYS = DAYS[:5]

From = Annotated[str, Field(alias="from", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
To = Annotated[str, Field(alias="to", pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class Hours(BaseModel):
    """From when to when on the wall clock: {"from": "09:00", "to": "18:00"}.

    `to` is the first moment at which it is closed, "24:00" at the latest; at or before `from` it is on the next day.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    opens: From
    closes: To


class Opening(Hours):
    """The same on some days of each week: {"days": ["mon"], "from": "09:00", "to": "18:00"}."""

    days: tuple[Day, ...] = Field(min_length=1)


class PublicHolidays(BaseModel):
    """Those of a country (ISO 3166, two letters) or a part of it; `make_up`: weekend days worked instead are too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str
    subdivision: str | None = None
    make_up: bool = Field(True, exclude_if=lambda make_up: make_up)

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        public_holidays.check(self.country, self.subdivision)
        return self


class SpecialDay(BaseModel):
    """A date with hours of its own, none when it is closed; it overrides the week, holidays and make-up days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: datetime.date
    open: tuple[Hours, ...] = ()
    name: str = ""


class Shift(Hours):
    """Who works when: on `days` of each week, or on `dates`."""

    who: str = Field(min_length=1, max_length=80)
    days: tuple[Day, ...] = ()
    dates: tuple[datetime.date, ...] = ()

    @model_validator(mode="after")
    def _is_some_time(self) -> Self:
        if bool(self.days) == bool(self.dates):
            raise ValueError(f"a shift of {self.who} names either `days` of the week or `dates`")
        return self


class CalendarSettings(BaseModel):
    """When people work: weekly `hours` (none: always), less public holidays, and special days as they are written.

    A make-up day has the hours of `make_up_as`. `working_days` is what "working day" means in promises. `roster` tells
    who works when; every hour of the week has somebody unless `roster_covers` is false.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    timezone: str | None = None
    hours: tuple[Opening, ...] = ()
    holidays: PublicHolidays | None = None
    make_up_days: tuple[datetime.date, ...] = ()
    make_up_as: Day = "mon"
    working_days: tuple[Day, ...] = Field(WORKDAYS, min_length=1)
    days: tuple[SpecialDay, ...] = ()
    roster: tuple[Shift, ...] = ()
    roster_covers: bool = True

    @field_validator("timezone")
    @classmethod
    def _zone_is_known(cls, value: str | None) -> str | None:
        return value if value is None else known_zone(value)

    @field_validator("days")
    @classmethod
    def _once(cls, value: tuple[SpecialDay, ...]) -> tuple[SpecialDay, ...]:
        dates = [day.date for day in value]
        twice = sorted({str(one) for one in dates if dates.count(one) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is a special day twice; put its hours into one")
        return value

    @model_validator(mode="after")
    def _roster_is_whole(self) -> Self:
        from handoff_service.calendars.rosters import week_problems

        if wrong := week_problems(self):
            raise ValueError("roster: " + "; ".join(wrong))
        return self

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, written: Any) -> Mapping[str, Any]:
        """What has its default is left out: it is stored, and shown in YAML, as short as it was written."""
        whole: dict[str, Any] = written(self)
        fields = type(self).model_fields
        return {name: value for name, value in whole.items() if getattr(self, name) != fields[name].default}


def known_zone(name: str) -> str:
    """The name of a time zone as it is. Raises ValueError for one that nobody knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; use a name such as Asia/Shanghai") from error
    return name
