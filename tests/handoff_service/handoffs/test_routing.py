"""Order and choice as pure rules: who is next, who gets it, how long it takes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.agents.model import Agent
from handoff_service.handoffs.model import CLASS_WORTH, HIGHEST_PRIORITY, Handoff, rank
from handoff_service.handoffs.queue import ENOUGH_SAMPLES, WINDOW, expected_wait_s
from handoff_service.handoffs.routing import choose, eligible
from tests.handoff_service.stage import MONDAY, person, waiting_handoff

people = st.builds(
    lambda number, capacity, load, queues, languages, last: person(
        f"p{number}",
        capacity=capacity,
        open=min(load, capacity),
        queues=queues,
        languages=languages,
        last_assigned_at=None if last is None else MONDAY + timedelta(seconds=last),
    ),
    st.integers(0, 10_000),
    st.integers(1, 5),
    st.integers(0, 5),
    st.sampled_from([("support",), ("senior",), ("support", "senior"), ()]),
    st.sampled_from([("zh",), ("en",), ("zh", "en")]),
    st.none() | st.integers(0, 1000),
)
teams = st.lists(people, max_size=8, unique_by=lambda agent: agent.id)
queues = st.lists(
    st.builds(
        lambda number, queue, language, declined: waiting_handoff(
            number, queue=queue, language=language, declined=tuple(f"a_p{one}" for one in declined)
        ),
        st.integers(0, 10_000),
        st.sampled_from(["support", "senior"]),
        st.sampled_from(["zh", "en"]),
        st.lists(st.integers(0, 10_000), max_size=4),
    ),
    max_size=8,
    unique_by=lambda handoff: handoff.id,
)


def able(handoff: Handoff, team: list[Agent]) -> list[Agent]:
    """Written down again, from the words of the design."""
    return [
        agent
        for agent in team
        if handoff.queue in agent.queues and handoff.language in agent.languages and agent.open < agent.capacity
    ]


@given(queues, teams)
def test_the_first_that_somebody_can_take_is_taken_and_only_by_somebody_who_can(
    waiting: list[Handoff], team: list[Agent]
) -> None:
    chosen = choose(waiting, team)
    possible = [handoff for handoff in waiting if able(handoff, team)]
    if chosen is None:
        assert possible == []
        return
    handoff, agent = chosen
    assert handoff == possible[0]
    assert agent in able(handoff, team)
    assert eligible(handoff, agent)


@given(queues, teams)
def test_the_least_loaded_gets_it_and_who_declined_comes_last(waiting: list[Handoff], team: list[Agent]) -> None:
    chosen = choose(waiting, team)
    if chosen is None:
        return
    handoff, agent = chosen
    others = able(handoff, team)
    fresh = [one for one in others if one.id not in handoff.declined]
    if fresh:
        assert agent in fresh
    rivals = fresh or others
    assert agent.open / agent.capacity == min(one.open / one.capacity for one in rivals)


def test_among_equals_it_goes_to_who_waited_longest_for_work() -> None:
    now = [person("new", last_assigned_at=MONDAY), person("old", last_assigned_at=MONDAY - timedelta(hours=1))]
    assert choose([waiting_handoff(1)], now)[1].name == "Old"  # type: ignore[index]
    assert choose([waiting_handoff(1)], [*now, person("never")])[1].name == "Never"  # type: ignore[index]


def test_who_declined_is_asked_again_when_nobody_else_is_left() -> None:
    handoff = waiting_handoff(1, declined=("a_lin",))
    assert choose([handoff], [person("lin"), person("maya", open=2)])[1].name == "Maya"  # type: ignore[index]
    assert choose([handoff], [person("lin")])[1].name == "Lin"  # type: ignore[index]
    assert choose([handoff], []) is None


moments = st.datetimes(MONDAY.replace(tzinfo=None), MONDAY.replace(year=2030, tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=MONDAY.tzinfo)
)
priorities = st.integers(0, HIGHEST_PRIORITY)


@given(moments, moments, priorities)
def test_within_a_class_the_order_is_that_of_the_requests(one: datetime, other: datetime, priority: int) -> None:
    assert (rank(one, priority) < rank(other, priority)) == (one < other) or abs(one - other) < timedelta(
        microseconds=2
    )


@given(moments, st.timedeltas(timedelta(0), timedelta(days=2)), priorities, priorities)
def test_nobody_waits_behind_later_ones_for_longer_than_the_ageing_bound(
    asked: datetime, later: timedelta, low: int, high: int
) -> None:
    """F-61: a flood of urgent requests overtakes by at most nine classes' worth of waiting."""
    if later > HIGHEST_PRIORITY * CLASS_WORTH + timedelta(microseconds=2):
        assert rank(asked, low) < rank(asked + later, high)
    if low < high and later < (high - low) * CLASS_WORTH - timedelta(microseconds=2):
        assert rank(asked + later, high) < rank(asked, low), "but within it the urgent one goes first"


@pytest.mark.parametrize("priority", [-1, 10])
def test_a_priority_that_is_none_is_refused(priority: int) -> None:
    with pytest.raises(ValueError, match="priority"):
        rank(MONDAY, priority)


def test_too_few_samples_give_no_expectation() -> None:
    recent = [MONDAY - timedelta(minutes=number) for number in range(ENOUGH_SAMPLES - 1)]
    assert expected_wait_s(1, recent, now=MONDAY) is None
    old = [MONDAY - WINDOW - timedelta(seconds=1 + number) for number in range(50)]
    assert expected_wait_s(1, recent + old, now=MONDAY) is None


def test_a_steady_queue_waits_its_interval_for_each_place() -> None:
    every_two_minutes = [MONDAY - timedelta(minutes=2 * number) for number in range(1, 11)]
    assert expected_wait_s(1, every_two_minutes, now=MONDAY) == 120
    assert expected_wait_s(5, every_two_minutes, now=MONDAY) == 600


@given(
    st.lists(st.integers(0, 3600), min_size=ENOUGH_SAMPLES, max_size=40),
    st.integers(1, 50),
    st.integers(0, 3600),
)
def test_the_expectation_is_positive_grows_with_the_place_and_with_silence(
    ages: list[int], place: int, silence: int
) -> None:
    accepted = [MONDAY - timedelta(seconds=age) for age in ages]
    wait = expected_wait_s(place, accepted, now=MONDAY)
    assert wait is not None
    assert wait >= 1
    behind = expected_wait_s(place + 1, accepted, now=MONDAY)
    assert behind is not None
    assert behind >= wait
    if max(ages) + silence <= 3600:
        later = expected_wait_s(place, accepted, now=MONDAY + timedelta(seconds=silence))
        assert later is not None
        assert later >= wait
