"""The circuit breaker: opens after failures in a row, tries one real turn later, and closes without a hand."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff_service.bots.breaker import Breaker, State


class Seconds:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def made(failures: int = 3, open_s: float = 5.0) -> tuple[Breaker, Seconds]:
    clock = Seconds()
    return Breaker(failures=failures, open_s=open_s, clock=clock), clock


def opened() -> tuple[Breaker, Seconds]:
    breaker, clock = made()
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    assert breaker.state is State.OPEN
    return breaker, clock


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker, _ = made()
    for outcome in (breaker.failed, breaker.failed, breaker.answered, breaker.failed, breaker.failed):
        assert breaker.admits()
        outcome()
    assert breaker.state is State.CLOSED, "one answer forgets the failures before it"
    breaker.failed()
    assert breaker.state is State.OPEN
    assert not breaker.admits()


def test_slow_is_not_down() -> None:
    """An answer after an hour is an answer."""
    breaker, clock = made()
    for _ in range(10):
        assert breaker.admits()
        clock.now += 3600
        breaker.answered()
    assert breaker.state is State.CLOSED


def test_one_turn_tries_and_its_answer_closes() -> None:
    breaker, clock = opened()
    clock.now += 4.9
    assert not breaker.admits()
    clock.now += 0.1
    assert [breaker.admits() for _ in range(5)] == [True, False, False, False, False]
    assert breaker.state is State.HALF_OPEN
    breaker.answered()
    assert breaker.state is State.CLOSED
    assert breaker.admits()


def test_a_failed_try_opens_it_for_as_long_again() -> None:
    breaker, clock = opened()
    clock.now += 5
    assert breaker.admits()
    breaker.failed()
    assert breaker.state is State.OPEN
    clock.now += 4.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()


def test_a_try_that_went_away_leaves_room_for_another() -> None:
    """The gateway that tried was stopped, or the customer's turn was overtaken: nobody would ever try again."""
    breaker, clock = opened()
    clock.now += 5
    assert breaker.admits()
    assert not breaker.admits()
    breaker.gave_up()
    assert breaker.admits()


def test_calls_from_before_it_opened_do_not_keep_it_open() -> None:
    breaker, clock = opened()
    clock.now += 4
    breaker.failed()  # asked before it opened, timed out only now
    clock.now += 1
    assert breaker.admits()


STEPS = st.lists(st.sampled_from(["ask", "answer", "fail", "leave", "wait a little", "wait"]), max_size=60)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_whatever_happened_a_bot_that_works_again_is_used_again(steps: list[str]) -> None:
    breaker, clock = made()
    asking = trying = 0
    for step in steps:
        if step == "ask" and breaker.admits():
            asking += 1
            trying += breaker.state is State.HALF_OPEN
            assert trying <= 1, "one try at a time"
        elif step in ("answer", "fail", "leave") and asking:
            asking -= 1
            {"answer": breaker.answered, "fail": breaker.failed, "leave": breaker.gave_up}[step]()
            trying = 0
        elif step.startswith("wait"):
            clock.now += 1 if step == "wait a little" else 6
    for _ in range(asking):
        breaker.gave_up()
    clock.now += 6
    assert breaker.admits()
    breaker.answered()
    assert breaker.state is State.CLOSED
