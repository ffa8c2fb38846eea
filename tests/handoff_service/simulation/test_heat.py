"""What sparing agents costs customers: nothing to be seen over whole days, for it only says who of those free."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from handoff_service.handoffs.routing.model import is_angry
from handoff_service.simulation.days import build
from handoff_service.simulation.model import Fate, Outcome
from handoff_service.simulation.report import percentile
from handoff_service.simulation.run import Run
from handoff_service.tenants.model import MOST_HEAT

SEEDS = (1, 2)
K = 2


def days(heat: int) -> list[Outcome]:
    """Normal days on which nobody gets more than so many angry customers in a row while others are free."""
    found = []
    for seed in SEEDS:
        day = build("normal", seed=seed)
        queues = tuple(queue.model_copy(update={"heat": heat}) for queue in day.queues)
        found.append(Run(replace(day, queues=queues), seed=seed).play())
    return found


def longer_rows(outcome: Outcome) -> int:
    """How often somebody got one more angry customer although he just had K of them."""
    rows: Counter[str] = Counter()
    longer = 0
    served = [one for one in outcome.fates if one.ended == "served" and one.agent]
    for one in sorted(served, key=lambda one: one.customer.at_s + one.wait_s):
        row = rows[str(one.agent)] + 1 if is_angry(one.customer.mood) else 0
        rows[str(one.agent)], longer = row, longer + (row > K)
    return longer


def waits(outcomes: list[Outcome], *, angry: bool) -> list[float]:
    fates: list[Fate] = [one for outcome in outcomes for one in outcome.fates if one.ended == "served"]
    return [one.wait_s for one in fates if not angry or is_angry(one.customer.mood)]


def test_agents_are_spared_and_nobody_waits_longer_for_it() -> None:
    """Idea: 95 of 100 waits grow by no more than a twentieth; seen on these days they do not grow at all."""
    spared, not_spared = days(K), days(MOST_HEAT)
    before, after = sum(map(longer_rows, not_spared)), sum(map(longer_rows, spared))
    assert before >= 6
    assert after <= before / 2, "what is left had nobody else who was free"
    for angry in (False, True):
        old, new = waits(not_spared, angry=angry), waits(spared, angry=angry)
        assert len(new) == pytest.approx(len(old), rel=0.02), "as many are served"
        assert percentile(new, 0.95) <= percentile(old, 0.95) * 1.05
