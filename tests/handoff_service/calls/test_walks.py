"""Whatever people do in whatever order: nobody without owner or place and deadline, no call after an acceptance."""

from __future__ import annotations

import os
import random
from collections import Counter

from tests.handoff_service.calls.people_world import MORE, WHO, PeopleWorld, told

# `make soak` sets more.
WALKS = int(os.environ.get("TANDEM_INTERLEAVINGS", "10000")) // 1000
STEPS = 120
REACHED = {
    "escalates: escalated", "escalates: fenced", "escalates: conflict", "transfers_to_tier: transferred",
    "transfers_to_tier: invalid", "joins: agent", "joins: forbidden", "chooses: queue", "chooses: bot",
    "chooses: mailbox", "chooses: illegal_transition", "ladder_climbs: team",
    "ladder_climbs: supervisor", "desk_shows: shown", "desk_shows: not for him", "consults: asked",
    "consults: whispered", "signs_off: requeue", "signs_off: keep", "signs_off: open_conversations",
}  # fmt: skip


def test_nobody_is_left_without_a_place_and_nobody_is_called_twice() -> None:
    outcomes: Counter[str] = Counter()
    for walk in range(WALKS):
        chance, world, played = random.Random(walk), PeopleWorld(), []
        for _ in range(STEPS):
            event, pick, seconds = chance.choice(MORE), chance.randrange(WHO), chance.randrange(26)
            with told(walk, played):
                played.append(f"{event}: {world.step(event, pick, seconds)}")
        world.check_turns()
        outcomes.update(played)
    assert set(outcomes) >= REACHED, f"never happened: {sorted(REACHED - set(outcomes))}"
