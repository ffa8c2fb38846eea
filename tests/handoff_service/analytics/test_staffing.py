"""How many are needed: beside theory, on the clock on the wall, and from handoffs in the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.analytics.staffing import Level, by_hour, first_day, load, places_needed
from handoff_service.calendars.settings import Opening
from handoff_service.handoffs import store as handoffs
from tests.handoff_service.simulation.erlang import erlang_c
from tests.handoff_service.stage import MONDAY, waiting_handoff

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT_ONCE = 1e-9


@given(st.floats(0.5, 400), st.floats(30, 1200), st.floats(0.5, 0.99))
def test_so_many_are_enough_and_one_less_is_not(per_hour: float, service_s: float, share: float) -> None:
    """Of those who are served at once, which is what the oracle tells."""
    work = per_hour * service_s / 3600
    places = places_needed(per_hour, service_s, Level(share, AT_ONCE))
    assert places > work

    def at_once(count: int) -> float:
        return 1 - erlang_c(count, per_hour / 3600, service_s).waits if count > work else 0.0

    assert at_once(places) >= share - 1e-6
    assert at_once(places - 1) < share + 1e-6


def test_a_known_case_and_what_changes_it() -> None:
    """100 calls in half an hour of 3 minutes: 10 Erlang; 80 % within 20 s need 14 (the textbook's own example)."""
    usual = Level(0.8, 20)
    assert places_needed(200, 180, usual) == 14
    assert places_needed(200, 180, replace(usual, share=0.95)) > 14
    assert places_needed(200, 180, replace(usual, within_s=300)) < 14
    assert places_needed(0, 180, usual) == 0


def test_hours_are_those_of_the_wall_week_by_week() -> None:
    since = first_day(MONDAY, SHANGHAI, 2)
    assert since == date(2026, 10, 19), "two whole weeks before the present one"
    first = datetime(2026, 10, 19, 1, 15, tzinfo=UTC)  # 09:15 in Shanghai
    came = [
        (first, 3),
        (first + timedelta(minutes=45), 1),
        (first + timedelta(days=7), 5),
        (first - timedelta(days=3), 9),
    ]
    assert by_hour(came, SHANGHAI, since, 2) == {(0, 9): [3, 5], (0, 10): [1, 0]}
    nepal = ZoneInfo("Asia/Kathmandu")  # five hours and three quarters ahead
    assert by_hour([(datetime(2026, 10, 19, 3, 15, tzinfo=UTC), 1)], nepal, since, 1) == {(0, 9): [1]}


async def test_what_came_becomes_who_is_needed(database: Any, tenant: Any, hire: Any) -> None:
    await hire("lin", queues=("support",), capacity=2)
    zone = tenant.settings.zone
    monday = first_day(MONDAY, zone, 1)
    nine = datetime(monday.year, monday.month, monday.day, 9, tzinfo=zone)

    def fill(tx: Any) -> None:
        for number in range(40):
            at = nine + timedelta(minutes=number)
            ended = {"accepted_at": at, "closed_at": at + timedelta(seconds=300), "wrap_up": "solved"}
            one = waiting_handoff(number, priority=3, at=at, queue="support", language="en")
            handoffs.add(tx.connection, replace(one, **ended))

    await database.write(fill)
    queue, other = tenant.settings.queues[:2]
    support = await database.read(lambda c: load(c, tenant, queue, MONDAY, weeks=1, level=Level()))
    (line,) = support["hours"]
    places = places_needed(40, 300, Level())
    assert (support["service_s"], support["room"], support["came"]) == (300.0, 2.0, [40])
    assert line == {
        **{"weekday": 0, "hour": 9, "came": 40.0, "most": 40, "places": places, "agents": -(-places // 2)},
        "open": True,
        "on_shift": None,
    }
    afternoons = Opening.model_validate({"days": ["mon", "tue"], "from": "13:00", "to": "18:00"})
    shut = queue.model_copy(update={"hours": (afternoons,)})
    closed = tenant.settings.model_copy(update={"queues": (shut, other)})
    tenant = tenant.model_copy(update={"settings": closed})
    told = await database.read(lambda c: load(c, tenant, shut, MONDAY, weeks=1, level=Level()))
    assert [(one["hour"], one["open"]) for one in told["hours"]] == [(9, False)]
    nothing = await database.read(lambda c: load(c, tenant, other, MONDAY, weeks=1, level=Level()))
    assert (nothing["service_s"], nothing["hours"], nothing["came"]) == (None, [], [0])


@pytest.mark.parametrize("weeks", [1, 12])
def test_the_weeks_begin_on_a_monday(weeks: int) -> None:
    assert first_day(MONDAY, SHANGHAI, weeks).weekday() == 0
