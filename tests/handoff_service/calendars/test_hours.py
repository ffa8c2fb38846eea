"""Opening hours to the second: closing, midnight, the week's end, and the days on which the clocks change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from handoff_service.calendars import moments
from handoff_service.calendars.model import Calendar
from handoff_service.calendars.settings import DAYS, Opening
from handoff_service.tenants.model import QueueSettings

SHANGHAI, BERLIN, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
SECOND = timedelta(seconds=1)


def is_open(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> bool:
    return moments.is_open(Calendar(zone, tuple(hours)), now)


def next_closing(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> datetime | None:
    return moments.next_closing(Calendar(zone, tuple(hours)), now)


def next_opening(hours: Sequence[Opening], zone: ZoneInfo, now: datetime) -> datetime | None:
    return moments.next_opening(Calendar(zone, tuple(hours)), now)


def plan(days: str, opens: str, closes: str) -> Opening:
    return Opening.model_validate({"days": days.split(), "from": opens, "to": closes})


WORKDAYS = (plan("mon tue wed thu fri", "09:00", "18:00"),)


def at(zone: ZoneInfo, *local: int, fold: int = 0) -> datetime:
    return datetime(*local, tzinfo=zone, fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


def test_without_hours_it_is_always_open() -> None:
    now = at(SHANGHAI, 2026, 11, 1, 3, 0)
    assert is_open((), SHANGHAI, now)
    assert next_closing((), SHANGHAI, now) is None
    assert next_opening((), SHANGHAI, now) is None


def test_it_closes_with_the_second() -> None:
    six = at(SHANGHAI, 2026, 11, 2, 18, 0, 0)
    assert [is_open(WORKDAYS, SHANGHAI, six + n * SECOND) for n in (-1, 0, 1)] == [True, False, False]
    assert next_closing(WORKDAYS, SHANGHAI, six - SECOND) == six
    assert next_closing(WORKDAYS, SHANGHAI, six) is None
    nine = at(SHANGHAI, 2026, 11, 3, 9, 0, 0)
    assert next_opening(WORKDAYS, SHANGHAI, six) == nine
    assert next_opening(WORKDAYS, SHANGHAI, nine) is None
    assert [is_open(WORKDAYS, SHANGHAI, nine + n * SECOND) for n in (-1, 0)] == [False, True]


def test_over_the_weekend_it_opens_on_monday() -> None:
    friday = at(SHANGHAI, 2026, 11, 6, 18, 0)
    assert next_opening(WORKDAYS, SHANGHAI, friday) == at(SHANGHAI, 2026, 11, 9, 9, 0)


def test_a_night_shift_crosses_midnight_and_the_end_of_the_week() -> None:
    night = (plan("sun", "22:00", "06:00"),)
    midnight = at(BERLIN, 2026, 11, 9, 0, 0)  # a Monday
    assert [is_open(night, BERLIN, midnight + n * SECOND) for n in (-1, 0, 1)] == [True, True, True]
    assert next_closing(night, BERLIN, midnight) == at(BERLIN, 2026, 11, 9, 6, 0)
    assert next_opening(night, BERLIN, at(BERLIN, 2026, 11, 9, 6, 0)) == at(BERLIN, 2026, 11, 15, 22, 0)


def test_intervals_that_touch_at_midnight_are_one() -> None:
    both = (plan("mon", "18:00", "24:00"), plan("tue", "00:00", "02:00"))
    midnight = at(SHANGHAI, 2026, 11, 3, 0, 0)
    assert next_closing(both, SHANGHAI, midnight - SECOND) == at(SHANGHAI, 2026, 11, 3, 2, 0)
    always = (plan(" ".join(DAYS), "00:00", "24:00"),)
    assert next_closing(always, SHANGHAI, midnight) is None
    assert next_opening(always, SHANGHAI, midnight) is None
    around = (plan(" ".join(DAYS), "08:00", "08:00"),)
    assert is_open(around, SHANGHAI, midnight)
    assert next_closing(around, SHANGHAI, midnight) is None


@pytest.mark.parametrize(
    ("day", "utc"), [((2026, 3, 28), 17), ((2026, 3, 29), 16), ((2026, 10, 24), 16), ((2026, 10, 25), 17)]
)
def test_six_in_the_evening_is_that_of_the_wall_clock_also_when_the_clocks_change(
    day: tuple[int, int, int], utc: int
) -> None:
    daily = (plan(" ".join(DAYS), "09:00", "18:00"),)
    closing = datetime(*day, utc, tzinfo=UTC)
    assert next_closing(daily, BERLIN, closing - SECOND) == closing
    assert not is_open(daily, BERLIN, closing)


def test_a_shift_over_the_hour_that_is_skipped_or_comes_twice_is_shorter_or_longer() -> None:
    night = (plan("sat", "22:00", "06:00"),)
    for evening, hours in (((2026, 3, 28), 7), ((2026, 10, 24), 9)):
        opening = at(BERLIN, *evening, 22, 0)
        closing = next_closing(night, BERLIN, opening)
        assert closing is not None
        assert closing - opening == timedelta(hours=hours)


def test_a_time_that_is_skipped_opens_when_the_clock_would_show_it_and_one_that_comes_twice_both_times() -> None:
    early = (plan("sun", "02:30", "08:00"),)
    opening = next_opening(early, NEW_YORK, at(NEW_YORK, 2026, 3, 8, 0, 0))
    assert opening == at(NEW_YORK, 2026, 3, 8, 3, 30)
    short = (plan("sun", "01:15", "01:45"),)
    first, second = (at(NEW_YORK, 2026, 11, 1, 1, 30, fold=fold) for fold in (0, 1))
    assert is_open(short, NEW_YORK, first)
    assert is_open(short, NEW_YORK, second)
    assert next_closing(short, NEW_YORK, first) == second + timedelta(minutes=15)


CLOCKS = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
PLANS = st.lists(
    st.builds(lambda d, a, b: plan(" ".join(d), a, b), st.sets(st.sampled_from(DAYS), min_size=1), CLOCKS, CLOCKS),
    max_size=4,
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@given(PLANS, MOMENTS, st.sampled_from([SHANGHAI, BERLIN, NEW_YORK]))
def test_it_is_open_until_it_closes_and_closed_until_it_opens(
    hours: list[Opening], now: datetime, zone: ZoneInfo
) -> None:
    closing, opening = next_closing(hours, zone, now), next_opening(hours, zone, now)
    if is_open(hours, zone, now):
        assert opening is None
        if closing is not None:
            assert closing > now
            assert is_open(hours, zone, closing - SECOND / 1000) or closing - now < SECOND
            assert not is_open(hours, zone, closing)
    else:
        assert closing is None
        assert opening is not None
        assert opening > now
        assert is_open(hours, zone, opening)
        assert not is_open(hours, zone, max(now, opening - SECOND / 1000))


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": [], "from": "09:00", "to": "18:00"},
        {"days": ["monday"], "from": "09:00", "to": "18:00"},
        {"days": ["mon"], "from": "9:00", "to": "18:00"},
        {"days": ["mon"], "from": "24:00", "to": "18:00"},
        {"days": ["mon"], "from": "09:00", "to": "24:01"},
        {"days": ["mon"], "from": "09:00", "to": "18:00", "holiday": True},
    ],
)
def test_what_is_no_opening_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Opening.model_validate(wrong)


def test_settings_that_are_not_used_are_not_stored() -> None:
    """The release before this one refuses parts of a queue that it does not know."""
    assert QueueSettings(id="q", name="Q").model_dump(mode="json") == {"id": "q", "name": "Q", "mode": "claim"}
    kept = QueueSettings(id="q", name="Q", hours=WORKDAYS)
    assert kept.model_dump(mode="json")["hours"] == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"}
    ]
    assert QueueSettings.model_validate(kept.model_dump(mode="json")) == kept
