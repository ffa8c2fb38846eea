"""Waits of the simulated day agree with theory: the routing neither loses time nor gives it away.

With these seeds and sizes; `python -m tests.bench routing` compares more set-ups over many more customers.
"""

from __future__ import annotations

import pytest

from handoff_service.simulation.report import guesses, occupancy
from tests.handoff_service.simulation.erlang import erlang_a, erlang_c
from tests.handoff_service.simulation.plain_days import plain_day, played, seen


def test_the_oracle_knows_what_is_printed_in_tables() -> None:
    """Two servers at half load: 1/3 waits, a known value; and with endless patience Erlang A is Erlang C."""
    assert erlang_c(2, 1.0, 1.0).waits == pytest.approx(1 / 3)
    assert erlang_c(1, 0.5, 1.0).mean_wait_s == pytest.approx(1.0), "M/M/1: ρ/(1-ρ) service times"
    patient = erlang_a(10, 8 / 300, 300.0, 1e9)
    assert patient.waits == pytest.approx(erlang_c(10, 8 / 300, 300.0).waits, rel=1e-4)
    assert patient.mean_wait_s == pytest.approx(erlang_c(10, 8 / 300, 300.0).mean_wait_s, rel=1e-3)


def test_waits_are_those_of_erlang_c() -> None:
    agents, service_s = 8, 300.0
    per_s = 0.7 * agents / service_s
    theory = erlang_c(agents, per_s, service_s)
    found = seen(played(plain_day(agents, per_s, service_s, None, customers=6_000, seed=3, mode="claim")))
    assert found.waits == pytest.approx(theory.waits, rel=0.1)
    assert found.mean_wait_s == pytest.approx(theory.mean_wait_s, rel=0.15)


def test_waits_and_givings_up_are_those_of_erlang_a_in_an_overload() -> None:
    """A fifth more work than agents: without patience the queue would grow for ever."""
    agents, service_s, patience_s = 10, 300.0, 400.0
    per_s = 1.2 * agents / service_s
    theory = erlang_a(agents, per_s, service_s, patience_s)
    outcome = played(plain_day(agents, per_s, service_s, patience_s, customers=8_000, seed=3))
    found = seen(outcome)
    assert found.waits == pytest.approx(theory.waits, rel=0.05)
    assert found.gives_up == pytest.approx(theory.gives_up, rel=0.1)
    assert found.mean_wait_s == pytest.approx(theory.mean_wait_s, rel=0.1)
    guess = guesses(outcome.fates)
    assert guess.shown > 2_000
    assert guess.median_share < 0.5, "the expected wait is off by less than half of the median wait"
    assert 0.7 < guess.within < 0.95, "eight of ten waits end between the times that were shown"


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
