"""Refused messages of a socket come again in their turn, before all others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.websockets import WebSocketDisconnect

from handoff_service.errors import Unavailable
from handoff_service.live.unstored import LONGEST_S, MOST, Unstored

REFUSAL = Unavailable("not now")


def refused(unstored: Unstored, client_id: str) -> bool:
    try:
        unstored.take_turn(client_id)
    except Unavailable:
        return True
    return False


def test_the_ones_behind_the_first_wait_for_their_turn():
    unstored = Unstored()
    unstored.refuse("one", REFUSAL)
    assert refused(unstored, "two")
    assert not refused(unstored, "one")
    unstored.forget("one")
    assert refused(unstored, "three"), "two has not come again"
    assert not refused(unstored, "two")
    unstored.forget("two")
    unstored.forget("three")
    assert not unstored


def test_one_whose_entry_was_seen_holds_up_nobody():
    unstored = Unstored()
    unstored.refuse("stored-after-all", REFUSAL)
    assert refused(unstored, "next")
    unstored.forget("stored-after-all")
    assert not refused(unstored, "next")


def test_a_client_that_never_sends_the_first_again_gets_a_new_socket():
    now = 0.0
    unstored = Unstored(lambda: now)
    unstored.refuse("one", REFUSAL)
    now = LONGEST_S
    assert refused(unstored, "two")
    now += 1
    with pytest.raises(WebSocketDisconnect):
        unstored.take_turn("two")


def test_a_client_that_goes_on_and_on_gets_a_new_socket():
    unstored = Unstored()
    unstored.refuse("first", REFUSAL)
    for number in range(MOST - 1):
        assert refused(unstored, f"more-{number}")
    with pytest.raises(WebSocketDisconnect):
        unstored.take_turn("one-more")


@given(st.randoms(use_true_random=False), st.integers(2, 12), st.lists(st.booleans(), max_size=30))
def test_whatever_is_refused_and_however_late_the_client_hears_of_it_the_order_stays(chance, count, fails):
    """A client with a window of 8, on a line with any delay in both directions; each of the first attempts may fail."""
    unstored, stored, failing = Unstored(), [], iter(fails)
    outbox = [f"message-{number:02}" for number in range(count)]
    flying: set[str] = set()
    up: list[str] = []
    down: list[tuple[str, bool]] = []

    def send():
        sending = next(one for one in outbox if one not in flying)
        flying.add(sending)
        up.append(sending)

    def serve():
        coming = up.pop(0)
        ok = not refused(unstored, coming)
        if ok and next(failing, False):
            unstored.refuse(coming, REFUSAL)
            ok = False
        if ok:
            unstored.forget(coming)
            stored.append(coming)
        down.append((coming, ok))

    def hear():
        heard, ok = down.pop(0)
        flying.discard(heard)
        if ok:
            outbox.remove(heard)

    for _ in range(2000):
        may_send = len(flying) < 8 and any(one not in flying for one in outbox)
        steps = [step for step, possible in ((send, may_send), (serve, up), (hear, down)) if possible]
        if not steps:
            break
        chance.choice(steps)()
    assert outbox == []
    assert stored == [f"message-{number:02}" for number in range(count)]
