"""A day that was simulated → the report that is printed, and its figures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from handoff_service.simulation.model import Fate, Outcome, Shift

SERVICE_LEVEL_S = 60.0
# The middle of fewer errors than these says nothing about the estimate.
FEWEST_GUESSES = 20


@dataclass(frozen=True, kw_only=True)
class Guess:
    """How good the expected waits were that waiting customers were shown: in seconds, and as shares.

    Of `known` who had to wait something could have been said to `shown`; the others had too few agents before them.
    `before` ended no later than the expected wait (meant: half), `within` between the times beside it (eight tenths).
    """

    known: int
    shown: int
    median_error_s: float
    median_share: float
    before: float
    within: float


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all do not exceed (nearest rank); 0 of none."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)] if samples else 0.0


def guesses(fates: Sequence[Fate]) -> Guess:
    """Of those who had to wait, were shown an expected wait when they came, and were served."""
    known = [(one.shown, one.wait_s) for one in fates if one.ended == "served" and one.shown is not None]
    told = [(shown, wait) for shown, wait in known if not shown.thin]
    if not told:
        return Guess(known=len(known), shown=0, median_error_s=0.0, median_share=0.0, before=0.0, within=0.0)
    errors = [abs(shown.expected_s - wait) for shown, wait in told]
    return Guess(
        known=len(known),
        shown=len(told),
        median_error_s=statistics.median(errors),
        median_share=statistics.median(errors) / max(1.0, statistics.median(wait for _, wait in told)),
        before=sum(wait <= shown.expected_s for shown, wait in told) / len(told),
        within=sum(shown.low_s <= wait <= shown.high_s for shown, wait in told) / len(told),
    )


def occupancy(outcome: Outcome) -> float:
    """The share of the agents' room that was used while they were there."""
    there = sum(work.there_s for work in outcome.work)
    return sum(work.used_s for work in outcome.work) / there if there else 0.0


def fairness(outcome: Outcome) -> float:
    """How differently agents of one shift and with one task were busy: the coefficient of variation over all teams."""
    teams: dict[tuple[object, ...], list[float]] = {}
    for work, shift in zip(outcome.work, _shifts(outcome), strict=True):
        team = (shift.from_s, work.agent.queues, work.agent.languages, work.agent.skills.get("refund", 0) >= 3)
        teams.setdefault(team, []).append(work.used_s)
    spreads = [(len(used), _variation(used)) for used in teams.values() if len(used) > 1 and sum(used) > 0]
    heads = sum(count for count, _ in spreads)
    return sum(count * spread for count, spread in spreads) / heads if heads else 0.0


def _shifts(outcome: Outcome) -> list[Shift]:
    by_id = {shift.agent.id: shift for shift in outcome.day.shifts}
    return [by_id[work.agent.id] for work in outcome.work]


def _variation(values: Sequence[float]) -> float:
    return statistics.pstdev(values) / statistics.mean(values)


def report(outcome: Outcome) -> str:
    """The whole report."""
    lines = [
        f"A {outcome.day.name} day: {len(outcome.fates)} customers asked for a person; {len(outcome.work)} agents.",
        "",
        f"{'queue':<10}{'came':>7}{'served':>8}{'gave up':>9}{'message':>9}{'callback':>10}"
        f"{'p50':>8}{'p90':>8}{'p99':>8}{'≤ 60 s':>9}",
    ]
    for queue in [None, *(queue.id for queue in outcome.day.queues)]:
        lines.append(_line(outcome, queue))
    guess = guesses(outcome.fates)
    busiest = max(outcome.work, key=lambda work: work.worst_row, default=None)
    moved = sum(bool(fate.been) for fate in outcome.fates)
    lines += [
        "",
        f"Agents          {occupancy(outcome):.0%} of their room was used; agents of one team differ by "
        f"{fairness(outcome):.0%} (coefficient of variation).",
        f"Heat            at most {busiest.worst_row if busiest else 0} angry customers in a row for one agent.",
        f"Ageing          {outcome.late} were overtaken by somebody who came after the bound of nine classes.",
        f"Overflow        {moved} went on to another queue.",
        f"Expected wait   shown to {guess.shown} of {guess.known} who then waited and were served: {_how_good(guess)}.",
        f"Routing         {outcome.decisions} decisions; the day took {outcome.took_s:.1f} s.",
    ]
    return "\n".join(lines)


def _how_good(guess: Guess) -> str:
    if guess.shown < FEWEST_GUESSES:
        return "too few to tell how far off it is"
    return (
        f"median absolute error {guess.median_error_s:.0f} s ({guess.median_share:.0%} of the median wait); "
        f"{guess.before:.0%} ended before it (50% are meant to), {guess.within:.0%} between the times beside it (80%)"
    )


def _line(outcome: Outcome, queue: str | None) -> str:
    fates = [one for one in outcome.fates if queue in (None, one.customer.queue)]
    waits = [one.wait_s for one in fates if one.ended == "served"]
    joined = [one for one in fates if one.ended != "message"]
    quick = sum(one.ended == "served" and one.wait_s <= SERVICE_LEVEL_S for one in joined)
    count = {how: sum(one.ended == how for one in fates) for how in ("gave_up", "message", "callback", "mailbox")}
    numbers = "".join(f"{clock(percentile(waits, share)):>8}" for share in (0.5, 0.9, 0.99))
    return (
        f"{queue or 'all':<10}{len(fates):>7}{len(waits):>8}{count['gave_up']:>9}{count['message']:>9}"
        f"{count['callback'] + count['mailbox']:>10}{numbers}{quick / len(joined) if joined else 0:>9.0%}"
    )


def clock(seconds: float) -> str:
    """72.4 → "1:12"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
