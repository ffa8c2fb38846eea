"""Random interleavings of everything that can happen to conversations; the invariants hold after every single step."""

from __future__ import annotations

import os
import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handoff_service.conversations.world import EVENTS, World

# How many interleavings; `make soak` sets more.
INTERLEAVINGS = int(os.environ.get("TANDEM_INTERLEAVINGS", "10000"))
WALK = 150
WINDOW = 5
# The walks are only worth something if they reach all of this, the refusals too.
REACHED = {
    "turn_answers: posted", "turn_answers: suppressed", "turn_wants_human: posted", "accepts: queue",
    "accepts: offer", "accepts: mailbox", "accepts: already_taken", "accepts: capacity_full",
    "declines: declined", "replies: written", "replies: fenced", "notes: written",
    "transfers_to_agent: transferred", "transfers_to_queue: transferred", "gives_back: given back",
    "takes_over: bot", "takes_over: agent", "takes_over: forbidden", "closes: closed", "is_solved: solved",
    "is_solved: illegal_transition", "leaves_message: left", "customer_repeats: same entry",
    "turn_is_slow: one moment", "turn_fails: new", "late_turn_answers: failed", "asks_for_human: handed off",
    "whispers: whispered", "escalates: escalated", "escalates: fenced",
}  # fmt: skip


def test_nothing_breaks_under_ten_thousand_interleavings() -> None:
    """I3, I4, I10-I14, I21, I23, I25: each different sequence of five events with outcomes is one interleaving."""
    interleavings: set[tuple[str, ...]] = set()
    outcomes: Counter[str] = Counter()
    seed = 0
    while len(interleavings) < INTERLEAVINGS:
        seed += 1
        chance, world, played = random.Random(seed), World(), []
        for number in range(WALK):
            event, pick, seconds = chance.choice(EVENTS), chance.randrange(105), chance.randrange(26)
            try:
                played.append(f"{event}: {world.step(event, pick, seconds)}")
            except AssertionError as broken:
                broken.add_note(f"walk {seed}, step {number} ({event}, {pick}); before it: {played[-12:]}")
                raise
        world.check_turns()
        interleavings.update(tuple(played[i : i + WINDOW]) for i in range(WALK - WINDOW + 1))
        outcomes.update(played)
    assert set(outcomes) >= REACHED, f"never happened: {sorted(REACHED - set(outcomes))}"


@settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 104), st.integers(0, 25)), max_size=60))
def test_a_story_that_breaks_something_is_told_as_short_as_possible(story: list[tuple[str, int, int]]) -> None:
    """The same walk under Hypothesis, which shrinks a failure to the few events that matter."""
    world = World()
    for event, pick, seconds in story:
        world.step(event, pick, seconds)
    world.check_turns()
