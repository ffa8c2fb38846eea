"""Days that theory knows: one queue, agents who take one at a time, nothing but chance."""

from __future__ import annotations

import random
from typing import NamedTuple

from handoff_service.handoffs.model import HIGHEST_PRIORITY
from handoff_service.simulation.model import Customer, Day, Fate, Outcome, Shift
from handoff_service.simulation.run import Run
from handoff_service.tenants.model import QueueSettings
from tests.handoff_service.stage import person

FOR_EVER = 1e12


class Seen(NamedTuple):
    """What happened, to be compared with theory; the first tenth is left out because the house was empty."""

    waits: float
    gives_up: float
    mean_wait_s: float


def plain_day(
    agents: int,
    per_s: float,
    service_s: float,
    patience_s: float | None,
    *,
    customers: int,
    seed: int,
    mode: str = "offer",
    mixed: bool = False,
) -> Day:
    """Poisson arrivals, exponential conversations and patience; with `mixed` in all classes of priority."""
    chance, at_s, came = random.Random(seed), 0.0, []
    for number in range(customers):
        at_s += chance.expovariate(per_s)
        came.append(
            Customer(
                id=f"h_{number:07}",
                at_s=at_s,
                queue="front",
                language="en",
                channel="web",
                priority=chance.randint(0, HIGHEST_PRIORITY) if mixed else 3,
                mood=0.0,
                patience_s=chance.expovariate(1 / patience_s) if patience_s else FOR_EVER,
                service_s=chance.expovariate(1 / service_s),
            )
        )
    team = [person(f"agent{number:03}", queues=("front",), capacity=1) for number in range(agents)]
    return Day(
        name="plain",
        queues=(QueueSettings(id="front", name="front", mode=mode),),  # type: ignore[arg-type]
        shifts=tuple(Shift(agent=agent, from_s=0.0, to_s=FOR_EVER) for agent in team),
        customers=came,
        sweep_s=0.0,
        accept_from_s=0.0,
        accept_to_s=0.0,
    )


def played(day: Day, *, seed: int = 1) -> Outcome:
    """The day as it went."""
    return Run(day, seed=seed).play()


def seen(outcome: Outcome) -> Seen:
    """Counted over all customers but the first tenth."""
    fates: list[Fate] = list(outcome.fates[len(outcome.fates) // 10 :])
    count = len(fates)
    return Seen(
        waits=sum(one.wait_s > 0 for one in fates) / count,
        gives_up=sum(one.ended == "gave_up" for one in fates) / count,
        mean_wait_s=sum(one.wait_s for one in fates) / count,
    )
