"""Who works when: overlaps and gaps are told with names and times, in the plan of a week and on dates."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from handoff_service.calendars.rosters import on_shift, report, told, week_problems
from handoff_service.calendars.settings import DAYS, CalendarSettings

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
OFFICE = [{"days": list(DAYS[:5]), "from": "09:00", "to": "18:30"}]


def shift(who: str, opens: str, closes: str, *days: str, **parts: object) -> dict[str, object]:
    return {"who": who, "from": opens, "to": closes, **({"days": days} if days else {}), **parts}


def plan(*roster: dict[str, object], **parts: object) -> CalendarSettings:
    return CalendarSettings.model_validate({"hours": OFFICE, "roster": roster, **parts})


EARLY, LATE = shift("lin", "09:00", "14:00", *DAYS[:5]), shift("maya", "13:00", "18:30", *DAYS[:5])


def test_a_whole_roster_has_nothing_to_tell() -> None:
    assert week_problems(plan(EARLY, LATE)) == []
    around = plan(shift("lin", "08:00", "20:00", *DAYS), shift("bo", "20:00", "08:00", *DAYS), hours=[])
    assert week_problems(around) == []


@pytest.mark.parametrize(
    ("roster", "words"),
    [
        (
            (EARLY, LATE, shift("lin", "13:30", "15:00", "tue")),
            ["lin is on two shifts (1 and 3) on Tuesday 13:30-14:00"],
        ),
        (
            (shift("lin", "09:00", "18:30", *DAYS[:4]), shift("maya", "09:00", "17:00", "fri")),
            ["it is open and nobody works on Friday 17:00-18:30"],
        ),
        (
            (shift("lin", "09:00", "12:00", *DAYS[:5]), shift("maya", "12:15", "18:30", *DAYS[1:5])),
            ["nobody works on Monday 12:00-18:30", "nobody works on Tuesday 12:00-12:15"],
        ),
        (
            (EARLY, LATE, shift("bo", "22:00", "06:00", "sun"), shift("bo", "05:00", "07:00", "mon")),
            ["bo is on two shifts (3 and 4) on Monday 05:00-06:00"],
        ),
        (
            (EARLY, LATE, shift("lin", "09:30", "10:00", dates=["2026-11-03"])),
            ["lin is on two shifts (1 and 3) on 2026-11-03 09:30-10:00"],
        ),
        ((shift("lin", "09:00", "18:30"),), ["a shift of lin names either `days` of the week or `dates`"]),
    ],
)
def test_overlaps_and_gaps_are_refused_with_names_and_times(
    roster: tuple[dict[str, object], ...], words: list[str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        plan(*roster)
    for line in words:
        assert line in str(refused.value)


def test_a_roster_that_need_not_cover_is_taken() -> None:
    assert week_problems(plan(EARLY, roster_covers=False)) == []


def test_the_days_ahead_are_looked_at_as_they_are() -> None:
    """A make-up Saturday that nobody works, a holiday that needs nobody, and a date on which somebody helps out."""
    china = plan(
        EARLY, LATE, shift("bo", "09:00", "12:00", dates=["2026-10-10"]), holidays={"country": "CN"}, make_up_days=[]
    )
    now = datetime(2026, 9, 30, 0, 0, tzinfo=UTC)
    assert [told(one, SHANGHAI, one.shifts, dated=True) for one in report(china, SHANGHAI, now)] == [
        "it is open and nobody works on 2026-10-10 12:00-18:30"
    ]


def test_who_is_on_a_shift_now_also_over_midnight_and_the_change_of_the_clocks() -> None:
    night = plan(shift("bo", "22:00", "06:00", "sat"), shift("lin", "05:00", "08:00", "sun"), roster_covers=False)
    for hour, who in ((3, ["bo"]), (4, ["bo", "lin"]), (5, ["lin"]), (7, [])):
        assert on_shift(night, BERLIN, datetime(2026, 10, 25, hour, 30, tzinfo=UTC)) == who


@given(st.lists(st.integers(0, 23), min_size=1, max_size=4, unique=True))
def test_shifts_that_follow_each_other_around_the_clock_leave_no_gap(hours: list[int]) -> None:
    """And taking one away leaves exactly its hours."""
    starts = sorted(hours)
    ends = [*starts[1:], starts[0]]
    roster = [
        shift(f"a{n}", f"{a:02}:00", f"{b:02}:00", *DAYS) for n, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]
    always = [{"days": list(DAYS), "from": "00:00", "to": "24:00"}]
    assert week_problems(plan(*roster, hours=always)) == []
    if len(roster) > 1:
        now = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
        thinner = plan(*roster[:-1], hours=always, roster_covers=False).model_copy(update={"roster_covers": True})
        missing = sum((one.end - one.start).total_seconds() for one in report(thinner, ZoneInfo("UTC"), now, days=7))
        assert missing == 7 * 3600 * ((ends[-1] - starts[-1]) % 24)
