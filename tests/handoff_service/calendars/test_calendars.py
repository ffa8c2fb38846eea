"""Working time against an oracle that looks at every minute; public holidays, make-up days, special days, clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handoff_service.calendars.model import Calendar, calendar_of
from handoff_service.calendars.moments import (
    add_working_days,
    add_working_time,
    close_of_day,
    is_open,
    next_closing,
    next_opening,
    working_time,
)
from handoff_service.calendars.settings import DAYS, CalendarSettings
from handoff_service.seed import demo_settings
from handoff_service.tenants.model import TenantSettings

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
ZONES = [SHANGHAI, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
OFFICE = {"days": list(DAYS[:5]), "from": "09:00", "to": "18:30"}

# As the State Council announced 2026 (国办发明电〔2025〕7号): off from..to, and the weekend days worked instead.
OFF_2026 = ["01-01 01-03", "02-15 02-23", "04-04 04-06", "05-01 05-05", "06-19 06-21", "09-25 09-27", "10-01 10-07"]
WORKED_2026 = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]


def day_of(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def works_in_china(day: date) -> bool:
    """Whether an office in China works on a day of 2026, by the announcement itself."""
    if day in map(day_of, WORKED_2026):
        return True
    off = any(day_of(stretch.split()[0]) <= day <= day_of(stretch.split()[1]) for stretch in OFF_2026)
    return day.weekday() < 5 and not off


def calendar(zone: ZoneInfo = SHANGHAI, **parts: object) -> Calendar:
    return calendar_of(CalendarSettings.model_validate(parts), zone)


CHINA = calendar(hours=[OFFICE], holidays={"country": "CN"})


def at(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def test_every_day_of_2026_in_china_is_as_announced() -> None:
    for number in range(365):
        day = date(2026, 1, 1) + DAY * number
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
        assert is_open(CHINA, noon) == CHINA.is_working_day(day) == works_in_china(day), day


@given(st.dates(date(2026, 1, 1), date(2026, 11, 20)), st.integers(1, 20))
def test_working_days_in_china_are_counted_as_announced(day: date, count: int) -> None:
    last, left = day, count
    while left:
        last += DAY
        left -= works_in_china(last)
    said = datetime(day.year, day.month, day.day, 20, tzinfo=SHANGHAI)
    assert add_working_days(CHINA, said, count) == at(SHANGHAI, f"{last}T18:30")


@pytest.mark.parametrize(
    ("said", "count", "due"),
    [
        ("2026-09-30T17:00", 3, "2026-10-10T18:30"),  # the golden week, and the Saturday that is worked for it
        ("2026-02-13T17:00", 1, "2026-02-14T18:30"),  # a make-up Saturday
        ("2026-02-14T17:00", 1, "2026-02-24T18:30"),  # the spring festival
        ("2026-11-03T17:00", 0, "2026-11-03T18:30"),
    ],
)
def test_three_to_five_working_days_over_holidays(said: str, count: int, due: str) -> None:
    assert add_working_days(CHINA, at(SHANGHAI, said), count) == at(SHANGHAI, due)


CLOCKS = st.sampled_from(["00:00", "04:00", "06:17", "09:00", "12:30", "18:00", "22:00", "23:59"])
HOURS = st.builds(lambda a, b: {"from": a, "to": b}, CLOCKS, CLOCKS | st.just("24:00"))
OPENINGS = st.lists(
    st.builds(lambda d, h: {"days": sorted(d), **h}, st.sets(st.sampled_from(DAYS), min_size=1), HOURS), max_size=3
)
# Around holidays in China (spring festival, golden week), changes of the clock (Berlin, New York, Lord Howe).
STARTS = st.sampled_from(["2026-02-12", "2026-09-29", "2026-10-24", "2026-03-27", "2026-03-07", "2026-10-31"])
SPECIAL = st.dictionaries(st.integers(0, 5), st.lists(HOURS, max_size=2), max_size=3)


def minutes_open(plan: CalendarSettings, zone: ZoneInfo, start: datetime, minutes: int) -> list[bool]:
    """For each of so many minutes whether it is open, straight from the settings and the clock on the wall."""
    dates: dict[date, Sequence[tuple[str, str]]] = {}

    def listed(day: date) -> Sequence[tuple[str, str]]:
        special = [one for one in plan.days if one.date == day]
        if special:
            return [(one.opens, one.closes) for one in special[0].open]
        week = "mon" if plan.holidays and day in map(day_of, WORKED_2026) else DAYS[day.weekday()]
        off = plan.holidays is not None and not works_in_china(day) and day.weekday() < 5
        if not plan.hours:
            return [] if off else [("00:00", "24:00")]
        return [] if off else [(one.opens, one.closes) for one in plan.hours if week in one.days]

    found = []
    for number in range(minutes):
        local = (start + MINUTE * number).astimezone(zone)
        today, clock = local.date(), f"{local:%H:%M}"
        for day in (today, today - DAY):
            if day not in dates:
                dates[day] = listed(day)
        now = any(opens <= clock < closes or (closes <= opens and opens <= clock) for opens, closes in dates[today])
        found.append(now or any(closes <= opens and clock < closes for opens, closes in dates[today - DAY]))
    return found


@settings(deadline=None, max_examples=15)
@given(OPENINGS, SPECIAL, st.booleans(), st.sampled_from(ZONES), STARTS, st.integers(0, 1439), st.integers(1, 2000))
@example([{"days": ["sat"], "from": "22:00", "to": "06:17"}], {}, False, BERLIN, "2026-10-24", 0, 490)
@example([OFFICE], {}, True, SHANGHAI, "2026-09-29", 600, 1200)
def test_every_minute_agrees(
    openings: list[dict[str, object]],
    special: dict[int, list[dict[str, str]]],
    chinese: bool,
    zone: ZoneInfo,
    first: str,
    offset: int,
    amount: int,
) -> None:
    """Open, opening, closing, working time and its sum, over five days, against one look at each minute."""
    begin = date.fromisoformat(first)
    days = [{"date": begin + DAY * number, "open": open_} for number, open_ in special.items()]
    # Weekend days within a stretch of holidays are the calendar's weekly hours, so a Chinese plan has no weekend.
    workdays = [{**one, "days": [day for day in one["days"] if day in DAYS[:5]]} for one in openings]  # type: ignore[attr-defined]
    hours = [one for one in workdays if one["days"]] if chinese else openings
    chinese = chinese and bool(hours)
    plan = CalendarSettings.model_validate(
        {"hours": hours, "days": days, **({"holidays": {"country": "CN"}} if chinese else {})}
    )
    calendar = calendar_of(plan, zone)
    start = at(zone, f"{first}T00:00") + offset * MINUTE
    seen = minutes_open(plan, zone, start, 5 * 1440)
    for number in (0, 1, 333, 777, 1440, 2880):
        now = start + MINUTE * number
        assert is_open(calendar, now) == seen[number], now
        turns = next((later for later in range(number, len(seen)) if seen[later] != seen[number]), None)
        turning = next_closing(calendar, now) if seen[number] else next_opening(calendar, now)
        if turns is not None:
            assert turning == start + MINUTE * turns
        else:
            assert turning is None or turning >= start + MINUTE * len(seen)
    assert working_time(calendar, start, start + MINUTE * len(seen)) == sum(seen) * MINUTE
    total, due = 0, None
    for number, open_ in enumerate(seen):
        total += open_
        if total == amount:
            due = start + MINUTE * (number + 1)
            break
    told = add_working_time(calendar, start, amount * MINUTE)
    if due is not None:
        assert told == due
    else:
        assert told is None or told > start + MINUTE * len(seen)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(seconds=1), timedelta(hours=200)),
)
def test_adding_working_time_and_measuring_it_agree(start: datetime, amount: timedelta) -> None:
    due = add_working_time(CHINA, start, amount)
    assert due is not None
    assert working_time(CHINA, start, due) == amount
    assert working_time(CHINA, start, due - timedelta(seconds=1)) < amount


def test_a_calendar_that_never_opens_says_so() -> None:
    never = calendar(hours=[OFFICE], days=[{"date": date(2026, 1, 1) + DAY * n, "open": []} for n in range(500)])
    now = at(SHANGHAI, "2026-01-01T12:00")
    assert not is_open(never, now)
    assert next_opening(never, now) is None
    assert add_working_time(never, now, timedelta(hours=1)) is None
    assert add_working_days(never, now, 3) is None


def test_a_day_ends_when_it_closes_and_at_midnight_when_it_does_not_open() -> None:
    assert close_of_day(CHINA, at(SHANGHAI, "2026-11-03T08:00")) == at(SHANGHAI, "2026-11-03T18:30")
    assert close_of_day(CHINA, at(SHANGHAI, "2026-11-07T08:00")) == at(SHANGHAI, "2026-11-08T00:00")


def test_a_make_up_day_by_hand_and_the_hours_that_it_has() -> None:
    half = {"days": ["fri"], "from": "09:00", "to": "12:00"}
    by_hand = calendar(hours=[OFFICE | {"days": ["mon"]}, half], make_up_days=["2027-02-06"], make_up_as="fri")
    assert next_closing(by_hand, at(SHANGHAI, "2027-02-06T11:00")) == at(SHANGHAI, "2027-02-06T12:00")
    assert not is_open(by_hand, at(SHANGHAI, "2027-02-13T11:00"))


def shop(**parts: object) -> TenantSettings:
    return TenantSettings.model_validate(
        {**demo_settings("http://127.0.0.1:8082").model_dump(mode="json", exclude_none=True), **parts}
    )


NAMED = {"id": "support", "name": "S", "calendar": "office"}


def test_a_queue_goes_by_its_calendar_its_own_hours_or_is_always_open() -> None:
    queues = [NAMED, {"id": "plain", "name": "P", "hours": [OFFICE]}, {"id": "all", "name": "A"}]
    office = {"timezone": "Europe/Berlin", "hours": [OFFICE], "holidays": {"country": "DE", "subdivision": "BE"}}
    told = shop(queues=queues, calendars={"office": office})
    night = at(BERLIN, "2026-11-03T09:00") - MINUTE
    opened = {
        queue.id: [is_open(told.calendar(queue.id), now) for now in (night, night + MINUTE)] for queue in told.queues
    }
    assert opened == {"support": [False, True], "plain": [True, True], "all": [True, True]}
    assert is_open(told.calendar("gone"), night)
    stored = told.model_dump(mode="json", exclude_none=True)
    assert stored["calendars"] == {"office": office}, "what is not set is not stored"
    assert TenantSettings.model_validate(stored) == told


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (
            {"calendars": {"office": {"timezone": "Asia/Shangri-La"}}},
            "calendars.office.timezone: * no time zone 'Asia/S",
        ),
        (
            {"calendars": {"office": {"holidays": {"country": "XX"}}}},
            "calendars.office.holidays: * country 'XX'; use two",
        ),
        (
            {"calendars": {"office": {"holidays": {"country": "DE", "subdivision": "ZZ"}}}},
            "calendars.office.holidays: * no subdivision 'ZZ'; known are: BB, BE",
        ),
        ({"queues": [NAMED], "calendars": {"shop": {}}}, "queues.0.calendar: queue support * 'office', * has: shop"),
        ({"queues": [NAMED | {"hours": [OFFICE]}]}, "queues.0: * queue support has `hours` and a `calendar`"),
        (
            {"calendars": {"office": {"days": [{"date": "2026-12-31"}, {"date": "2026-12-31"}]}}},
            "calendars.office.days: * 2026-12-31 is a special day twice",
        ),
        (
            {"calendars": {"office": {"hours": [OFFICE | {"from": "9:00"}]}}},
            "calendars.office.hours.0.from: String should",
        ),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_place(parts: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        shop(**parts)
    errors = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in refused.value.errors()]
    for piece in told.split("*"):
        assert piece.strip() in " ".join(errors), errors
