"""Random interleavings of everything that can happen to conversations; the invariants hold after every single step."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handoff_service.conversations.world import EVENTS, World

# How many walks; a night run sets more.
WALKS = int(os.environ.get("TANDEM_WALKS", "150"))
STEP = st.tuples(st.sampled_from(EVENTS), st.integers(0, 104), st.integers(0, 25))
WINDOW = 5


def test_nothing_breaks_under_any_interleaving() -> None:
    """I3, I4, I10-I14, I21, I23, I25 over more than 10,000 different interleavings of events."""
    windows: set[tuple[str, ...]] = set()
    outcomes: Counter[str] = Counter()
    steps = 0

    @settings(max_examples=WALKS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEP, min_size=60, max_size=160))
    def walk(story: list[tuple[str, int, int]]) -> None:
        nonlocal steps
        world = World()
        try:
            played = [f"{event}: {world.step(event, pick, seconds)}" for event, pick, seconds in story]
        finally:
            world.close()
        steps += len(story)
        windows.update(tuple(played[i : i + WINDOW]) for i in range(len(played) - WINDOW + 1))
        outcomes.update(played)

    walk()
    print(f"{steps} steps, {len(windows)} different interleavings of {WINDOW} events")  # noqa: T201
    assert len(windows) >= 10_000
    reached = {
        "turn_answers: posted", "turn_answers: suppressed", "turn_wants_human: posted", "accepts: queue",
        "accepts: offer", "accepts: mailbox", "accepts: already_taken", "accepts: capacity_full",
        "declines: declined", "replies: written", "replies: fenced", "transfers_to_agent: transferred",
        "transfers_to_queue: transferred", "gives_back: given back", "takes_over: bot", "takes_over: agent",
        "takes_over: forbidden", "closes: closed", "is_solved: solved", "is_solved: illegal_transition",
        "leaves_message: left", "customer_repeats: same entry", "turn_is_slow: one moment", "turn_fails: new",
        "late_turn_answers: failed",
    }  # fmt: skip
    assert reached <= set(outcomes), f"never happened: {sorted(reached - set(outcomes))}"
