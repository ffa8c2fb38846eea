"""The expected wait as a pure estimate: hidden while thin, right for steady queues, wider where less is known."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from handoff_service.handoffs.queue import (
    ENOUGH_SAMPLES,
    FEWEST_SERVED,
    WINDOW,
    Lately,
    Place,
    Wait,
    arrivals_per_s,
    expected_wait,
    is_peak,
    shares,
)
from tests.handoff_service.stage import MONDAY

STEADY = Lately(service_s=[300.0] * 20, served=10)


def by_hand(place: int, ages_s: list[float], *, after_s: float = 0.0) -> Wait | None:
    """In a queue from which agents take by hand, from the ages of its acceptances."""
    accepted = [MONDAY - timedelta(seconds=age) for age in ages_s]
    now = MONDAY + timedelta(seconds=after_s)
    return expected_wait(Place(place=place), Lately(accepted_at=accepted), pushes=False, now=now)


def pushed(lately: Lately, place: float = 1, **of_place: float) -> Wait:
    wait = expected_wait(Place(place=place, **of_place), lately, pushes=True, now=MONDAY)  # type: ignore[arg-type]
    assert wait is not None
    return wait


def test_too_few_samples_give_no_expectation() -> None:
    assert by_hand(1, [60.0 * number for number in range(ENOUGH_SAMPLES - 1)]) is None
    old = WINDOW.total_seconds() + 1
    assert by_hand(1, [60.0 * number for number in range(ENOUGH_SAMPLES - 1)] + [old + n for n in range(50)]) is None
    thin = replace(STEADY, service_s=[300.0] * (ENOUGH_SAMPLES - 1))
    assert expected_wait(Place(place=1), thin, pushes=True, now=MONDAY) is None
    few = replace(STEADY, served=FEWEST_SERVED - 1)
    assert pushed(few).thin, "each of them alone decides"
    assert not pushed(STEADY).thin
    nobody = replace(STEADY, served=0)
    assert expected_wait(Place(place=1), nobody, pushes=True, now=MONDAY) is None, "F-66: nobody works, nothing is said"


def test_a_steady_queue_waits_its_interval_for_each_place() -> None:
    every_two_minutes = [120.0 * number for number in range(1, 11)]
    first, fifth = by_hand(1, every_two_minutes), by_hand(5, every_two_minutes)
    assert first is not None
    assert fifth is not None
    assert (first.mean_s, fifth.mean_s) == (120, 600)
    assert fifth.low_s / fifth.mean_s > first.low_s / first.mean_s, "of several, chance evens out"


def test_ten_conversations_of_five_minutes_end_every_thirty_seconds() -> None:
    assert [pushed(STEADY, place).mean_s for place in (1, 2, 10)] == [30, 60, 300]
    assert pushed(replace(STEADY, served=20), 10).mean_s == 150, "twice the agents, half the wait"
    assert pushed(replace(STEADY, shared=2.0), 10).mean_s == 150, "those in other queues make room as well"


def test_who_gives_up_makes_room_and_who_pushes_in_takes_it() -> None:
    impatient = replace(STEADY, left=10, waited_s=6000.0)
    assert pushed(impatient, 20).mean_s < pushed(STEADY, 20).mean_s
    urgent = replace(STEADY, arrivals={6: 1 / 60})
    low, high = pushed(urgent, 10, priority=3), pushed(urgent, 10, priority=6)
    assert high.mean_s == 300
    # While he waits W seconds, W/60 get before him, each for 30 s: W = 300 + W/2; three classes last 900 s, W does not.
    assert low.mean_s == pytest.approx(600, abs=5)
    short = pushed(urgent, 10, priority=3, worth_s=60.0)
    assert short.mean_s == pytest.approx(300 + 180 / 60 * 30, abs=5), "only those of the next three minutes"


def test_what_was_seen_while_somebody_waited_corrects_the_pace() -> None:
    """Twenty left within ten minutes, as ten conversations of five minutes should have let them: nothing changes.

    When forty did, the queue is faster than it looks.
    """
    since = MONDAY - timedelta(minutes=10)

    def seen(count: int) -> Wait:
        accepted = [since + timedelta(seconds=600 * (number + 0.5) / count) for number in range(count)]
        return pushed(replace(STEADY, busy_since=since, accepted_at=[since, *accepted]), 10)

    assert seen(20).mean_s == pytest.approx(300, abs=15)
    assert 150 < seen(40).mean_s < 200
    assert seen(40).high_s - seen(40).low_s < pushed(STEADY, 10).high_s - pushed(STEADY, 10).low_s


def test_the_times_shown_are_wide_enough_for_an_exponential_wait() -> None:
    """One place and a known pace: the wait is exponential; its 10th and 90th percentile are -ln(0.9) and -ln(0.1)."""
    sure = replace(STEADY, service_s=[300.0] * 100_000)
    wait = expected_wait(Place(place=1), replace(sure, busy_since=None), pushes=True, now=MONDAY)
    assert wait is not None
    assert wait.low_s <= 3.2 + 1
    assert wait.high_s >= 69
    assert wait.expected_s == pytest.approx(math.log(2) * 30, abs=3), "half of them end before that"


@settings(max_examples=200)
@example([1.0, 1.0, 1.0, 583.0, 4000.0], FEWEST_SERVED, 0, 0.0, {9: 5.0}, 1.0, 0)
@given(
    st.lists(st.floats(1, 4000), min_size=ENOUGH_SAMPLES, max_size=60),
    st.integers(FEWEST_SERVED, 500),
    st.integers(0, 100),
    st.floats(0, 1e6),
    st.dictionaries(st.integers(0, 9), st.floats(0, 5), max_size=10),
    st.floats(1, 1000),
    st.integers(0, 9),
)
def test_it_is_positive_ordered_and_bounded_whatever_was_seen(
    service: list[float], served: int, left: int, waited: float, arrivals: dict[int, float], place: float, priority: int
) -> None:
    """F-66: never absurd, never negative, and further behind is never sooner, but for what the rounds leave over."""
    lately = Lately(service_s=service, served=served, left=left, waited_s=waited, arrivals=arrivals)
    wait, behind = pushed(lately, place, priority=priority), pushed(lately, place + 1, priority=priority)
    assert 1 <= wait.low_s <= wait.expected_s <= wait.high_s
    assert wait.expected_s <= wait.mean_s <= 8 * 3600
    assert behind.expected_s >= 0.95 * wait.expected_s - 1


@given(st.lists(st.floats(0, 3600), min_size=ENOUGH_SAMPLES, max_size=40), st.integers(1, 50), st.integers(0, 3600))
def test_by_hand_it_grows_with_the_place_and_with_silence(ages: list[float], place: int, silence: int) -> None:
    wait, behind = by_hand(place, ages), by_hand(place + 1, ages)
    assert wait is not None
    assert behind is not None
    assert 1 <= wait.expected_s <= behind.expected_s
    if max(ages) + silence <= 3600:
        later = by_hand(place, ages, after_s=silence)
        assert later is not None
        assert later.expected_s >= wait.expected_s


def test_arrivals_by_class() -> None:
    came = [(MONDAY - timedelta(seconds=10 * number), number % 2) for number in range(1, 11)]
    assert arrivals_per_s(came, MONDAY) == {0: 0.05, 1: 0.05}
    assert arrivals_per_s(came[:3], MONDAY) == {}


def test_which_part_of_other_queues_waits_for_the_same_agents() -> None:
    held, served = {"orders": 8, "refunds": 2, "senior": 3}, {"orders": 80, "refunds": 40, "senior": 3}
    assert shares(held, served, "senior") == {"orders": 0.1, "refunds": 0.05, "senior": 1.0}
    assert shares({}, {}, "senior") == {"senior": 1.0}


def test_a_peak_is_a_long_wait_that_is_known() -> None:
    wait = Wait(expected_s=80, mean_s=100, low_s=50, high_s=150, samples=9)
    assert (is_peak(wait, 99), is_peak(wait, 100), is_peak(None, 1)) == (True, False, False)
