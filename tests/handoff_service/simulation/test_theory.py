"""Waits of the simulated day agree with theory: the routing neither loses time nor gives it away.

In two steps: theory ↔ the exact waits of first come first served, and these ↔ the routing, customer by customer.
"""

from __future__ import annotations

import math
import random
import statistics

import pytest

from handoff_service.simulation.report import guesses, occupancy
from tests.handoff_service.simulation.erlang import Came, erlang_a, erlang_c, first_come
from tests.handoff_service.simulation.plain_days import plain_day, played

SERVICE_S, PATIENCE_S = 300.0, 400.0


def test_the_oracle_knows_what_is_printed_in_tables() -> None:
    """Two servers at half load: 1/3 waits, a known value; and with endless patience Erlang A is Erlang C."""
    assert erlang_c(2, 1.0, 1.0).waits == pytest.approx(1 / 3)
    assert erlang_c(1, 0.5, 1.0).mean_wait_s == pytest.approx(1.0), "M/M/1: ρ/(1-ρ) service times"
    patient = erlang_a(10, 8 / 300, 300.0, 1e9)
    assert patient.waits == pytest.approx(erlang_c(10, 8 / 300, 300.0).waits, rel=1e-4)
    assert patient.mean_wait_s == pytest.approx(erlang_c(10, 8 / 300, 300.0).mean_wait_s, rel=1e-3)


@pytest.mark.parametrize(
    ("agents", "load", "patience_s"), [(8, 0.7, None), (60, 0.8, None), (10, 1.2, PATIENCE_S)], ids=str
)
def test_the_mean_of_what_first_come_first_served_gives_is_that_of_theory(
    agents: int, load: float, patience_s: float | None
) -> None:
    """Nearer to full load chance alone is more: 60,000 customers of 60 agents at 0.9 are often off by a quarter."""
    per_s, chance, came, at_s = load * agents / SERVICE_S, random.Random(1), [], 0.0
    for _ in range(100_000):
        at_s += chance.expovariate(per_s)
        patience = chance.expovariate(1 / patience_s) if patience_s else math.inf
        came.append(Came(at_s, chance.expovariate(1 / SERVICE_S), patience))
    per_s, service_s = len(came) / at_s, statistics.mean(one.service_s for one in came)
    theory = erlang_a(agents, per_s, service_s, patience_s) if patience_s else erlang_c(agents, per_s, service_s)
    assert statistics.mean(first_come(agents, came)) == pytest.approx(theory.mean_wait_s, rel=0.1)


@pytest.mark.parametrize(
    ("agents", "load", "patience_s", "mode"),
    [(8, 0.7, None, "claim"), (60, 0.9, None, "offer"), (10, 1.2, PATIENCE_S, "claim")],
    ids=str,
)
def test_the_routing_makes_nobody_wait_longer_or_shorter_than_first_come_first_served(
    agents: int, load: float, patience_s: float | None, mode: str
) -> None:
    """Customer by customer, so neither luck nor a tolerance hides anything."""
    per_s = load * agents / SERVICE_S
    day = plain_day(agents, per_s, SERVICE_S, patience_s, customers=1_200, seed=3, mode=mode)
    expected = first_come(agents, [Came(one.at_s, one.service_s, one.patience_s) for one in day.customers])
    assert sum(wait > 0 for wait in expected) > 100
    assert [one.wait_s for one in played(day).fates] == pytest.approx(expected)


def test_the_wait_that_is_shown_in_an_overload_is_about_the_one_that_follows() -> None:
    """A fifth more work than agents: without patience the queue would grow for ever."""
    outcome = played(plain_day(10, 1.2 * 10 / SERVICE_S, SERVICE_S, PATIENCE_S, customers=3_000, seed=3))
    guess = guesses(outcome.fates)
    assert guess.shown > 1_000
    assert guess.median_share < 0.5, "the expected wait is off by less than half of the median wait"
    assert 0.7 < guess.within < 0.95, "eight of ten waits end between the times that were shown"
    assert 0.4 < guess.before < 0.6, "and half of them before the one that was shown"


def test_priority_moves_waits_from_one_to_another_and_makes_none() -> None:
    """The order in which people are served does not change how long they wait on average (Kleinrock's conservation)."""
    agents, service_s = 8, 300.0
    day = plain_day(agents, 0.8 * agents / service_s, service_s, None, customers=4_000, seed=5, mode="claim")
    mixed = plain_day(
        agents, 0.8 * agents / service_s, service_s, None, customers=4_000, seed=5, mode="claim", mixed=True
    )
    assert [one.at_s for one in day.customers] != [one.at_s for one in mixed.customers]
    outcome = played(mixed)
    assert outcome.late == 0
    by_class = {
        high: [one.wait_s for one in outcome.fates if (one.customer.priority >= 5) is high] for high in (False, True)
    }
    means = {high: sum(waits) / len(waits) for high, waits in by_class.items()}
    assert means[True] < means[False] / 2
    assert occupancy(outcome) >= 0.0
