"""What the bot says beside a queue is no answer yet: it may say it beside each queue, and only once."""

from __future__ import annotations

import pytest

from tests.history.checker import judge_raw
from tests.history.mutations import Raw

CONVERSATION = "demo/c_1"
FOUND = "a_message_is_answered_by_one_turn"


def answered_beside(owners: list[str], turns: list[int]) -> set[str]:
    """What is found when these own it, one epoch each, and turns of those epochs answer its first message."""
    common = {"audience": "public", "author": "demo/system:system"}
    entries: list[Raw] = [
        {**common, "seq": number, "mid": f"m_{number}", "kind": "state", "epoch": number, "event": "moved", "to": owner}
        for number, owner in enumerate(owners, 1)
    ]
    history: list[Raw] = [
        {"t": float(number), "f": "turn_row", "turn": f"t_{number}", "conv": CONVERSATION, "epoch": epoch,
         "state": "posted", "upto": 1}
        for number, epoch in enumerate(turns, 1)
    ]  # fmt: skip
    log = {"t": 9.0, "f": "final_log", "conv": CONVERSATION, "contact": "demo/customer:k_1", "channel": "web",
           "language": "zh", "owner": owners[-1], "epoch": len(owners), "entries": entries}  # fmt: skip
    return {finding.check for finding in judge_raw([*history, log])}


@pytest.mark.parametrize(
    ("owners", "turns"),
    [
        (["bot", "queue", "agent", "bot", "mailbox"], [2, 5]),  # given back, and it failed again
        (["bot", "queue", "agent", "bot"], [2, 4]),  # given back, and answered
    ],
)
def test_each_queue_may_hear_it(owners: list[str], turns: list[int]) -> None:
    assert FOUND not in answered_beside(owners, turns)


@pytest.mark.parametrize(
    ("owners", "turns"),
    [
        (["bot", "queue", "mailbox"], [2, 3]),  # the customer waits since he was handed over
        (["bot", "queue", "agent", "bot", "queue", "agent", "bot"], [4, 7]),
    ],
)
def test_no_other_is_said_twice(owners: list[str], turns: list[int]) -> None:
    assert FOUND in answered_beside(owners, turns)
