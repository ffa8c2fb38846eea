"""Three days of a shop that sells in Chinese and English: a normal one, one of a promotion, and a night."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handoff_service.agents.model import Agent, Role, Status
from handoff_service.simulation.model import Customer, Day, Shift
from handoff_service.tenants.model import QueueSettings
from handoff_service.tenants.routing import CapacityWeights

HOUR_S = 3600.0
ENGLISH = 0.15
# Of all customers: who has a phone in the hand, who comes angry, who would rather leave a message than wait.
CALLERS, ANGRY, PATIENT = 0.08, 0.12, 0.4
REGULARS = 0.2
MEAN_PATIENCE_S = 900.0
SERVICE_S = {"orders": 420.0, "refunds": 600.0, "senior": 780.0}
SHARES = {"orders": 0.62, "refunds": 0.33, "senior": 0.05}
# How an hour's arrivals lie over a day, from midnight; only their proportions count.
DAYTIME = (1, 1, 1, 1, 1, 1, 2, 3, 6, 10, 12, 11, 9, 9, 11, 11, 10, 9, 8, 9, 10, 9, 5, 2)
PROMOTION = (14, 6, 2, 1, 1, 1, 2, 4, 8, 12, 12, 11, 9, 9, 10, 10, 9, 9, 10, 14, 22, 24, 16, 12)
NIGHT = (6, 4, 3, 2, 2, 2, 3, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 10)
# The share of the agents who begin at an hour and stay for so many.
SHIFTS = ((0, 8, 0.06), (7, 8, 0.2), (9, 9, 0.34), (13, 9, 0.26), (16, 8, 0.14))
NIGHT_SHIFTS = ((0, 8, 0.5), (22, 2, 0.5))


@dataclass(frozen=True)
class Plan:
    """How many come and how many work: `hours` and `shifts` are proportions."""

    customers: int
    agents: int
    hours: Sequence[float]
    shifts: Sequence[tuple[int, int, float]]
    careless: float = 0.03


PLANS: Mapping[str, Plan] = {
    "normal": Plan(2000, 18, DAYTIME, SHIFTS),
    "peak": Plan(8000, 70, PROMOTION, SHIFTS),
    "night": Plan(200, 4, NIGHT, NIGHT_SHIFTS),
}


def queues() -> tuple[QueueSettings, ...]:
    """Orders for everybody, refunds for who knows about them, and seniors above both."""
    raw: list[dict[str, Any]] = [
        {
            "id": "orders",
            "overflow": {"to": "refunds", "after_s": 600},
            "peak": {"wait_s": 480, "offer": "message"},
            "last_agent": {"within_s": 14_400, "wait_s": 45},
        },
        {
            "id": "refunds",
            "skills": [{"skill": "refund", "level": 3, "relax_after_s": 60}],
            "overflow": {"to": "callback", "after_s": 1800},
            "peak": {"wait_s": 600, "offer": "callback"},
        },
        {"id": "senior", "tier": 2, "accept_s": 45},
    ]
    shared = {"mode": "offer", "heat": 2}
    return tuple(QueueSettings.model_validate({"name": one["id"], **shared, **one}) for one in raw)


def build(name: str, *, seed: int) -> Day:
    """The day with this name. Raises KeyError for another one."""
    plan, chance = PLANS[name], random.Random(seed)
    return Day(
        name=name,
        queues=queues(),
        shifts=tuple(_shifts(plan, chance)),
        customers=sorted(_customers(plan, chance), key=lambda one: one.at_s),
        weights=CapacityWeights(channels={"phone": 3}),
    )


def _shifts(plan: Plan, chance: random.Random) -> list[Shift]:
    found = []
    number = 0
    for begins, hours, share in plan.shifts:
        for _ in range(max(1, round(plan.agents * share))):
            senior, english = number % 8 == 0, number % 3 != 1
            agent = Agent(
                tenant="simulated",
                id=f"a_{number:03}",
                email=f"a{number:03}@simulated.example",
                name=f"Agent {number:03}",
                role=Role.AGENT,
                languages=("zh", "en") if english else ("zh",),
                queues=("orders", "refunds", "senior") if senior else ("orders", "refunds"),
                capacity=3,
                open=0,
                status=Status.ONLINE,
                disabled=False,
                seen_at=None,
                last_assigned_at=None,
                skills={"refund": chance.choice((1, 3, 3, 4, 5))},
            )
            found.append(
                Shift(agent=agent, from_s=begins * HOUR_S, to_s=(begins + hours) * HOUR_S, careless=plan.careless)
            )
            number += 1
    return found


def _customers(plan: Plan, chance: random.Random) -> list[Customer]:
    total = sum(plan.hours)
    regulars = max(1, round(plan.customers * REGULARS))
    found: list[Customer] = []
    for hour, weight in enumerate(plan.hours):
        at_s = hour * HOUR_S
        per_s = plan.customers * weight / total / HOUR_S
        while per_s > 0 and (at_s := at_s + chance.expovariate(per_s)) < (hour + 1) * HOUR_S:
            queue = chance.choices(list(SHARES), list(SHARES.values()))[0]
            angry = chance.random() < ANGRY
            found.append(
                Customer(
                    id=f"h_{len(found):06}",
                    at_s=at_s,
                    queue=queue,
                    language="en" if chance.random() < ENGLISH else "zh",
                    channel="phone" if chance.random() < CALLERS else "web",
                    priority=6 if angry else chance.choice((2, 3, 3, 3, 4)),
                    mood=chance.uniform(0.55, 0.95) if angry else chance.uniform(0.0, 0.45),
                    patience_s=chance.expovariate(1 / MEAN_PATIENCE_S),
                    service_s=_lognormal(chance, SERVICE_S[queue], 0.8),
                    messages=chance.random() < PATIENT,
                    contact=f"k_{chance.randrange(regulars)}" if chance.random() < REGULARS else "",
                )
            )
    return found


def _lognormal(chance: random.Random, mean: float, sigma: float) -> float:
    """How long conversations last: most are short, few very long."""
    return chance.lognormvariate(math.log(mean) - sigma**2 / 2, sigma)
