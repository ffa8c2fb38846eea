"""A circuit breaker: a bot that fails again and again is left alone for a while, and one real turn tries it then.

Slow is not down: only failures count, and the first answer, however late, forgets them all.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum


class State(IntEnum):
    """The numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Breaker:
    """Opens after `failures` in a row; `open_s` later it lets one try through, whose outcome decides.

    `clock` gives seconds that never go back. Whoever was admitted says exactly once how it went.
    """

    def __init__(self, *, failures: int, open_s: float, clock: Callable[[], float]) -> None:
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._state = State.CLOSED
        self._opened_at = 0.0
        self._trying = False

    @property
    def state(self) -> State:
        return self._state

    def admits(self) -> bool:
        """Whether the bot may be asked now; in the half open state this is said to one caller only."""
        if self._state is State.CLOSED:
            return True
        if self._state is State.OPEN and self._clock() - self._opened_at >= self._open_s:
            self._state = State.HALF_OPEN
            self._trying = False
        if self._state is State.HALF_OPEN and not self._trying:
            self._trying = True
            return True
        return False

    def answered(self) -> None:
        """It works, whoever asked and whenever he did."""
        self._state = State.CLOSED
        self._failures = 0
        self._trying = False

    def failed(self) -> None:
        """One more failure; a failed try opens it anew."""
        self._failures += 1
        if self._state is State.HALF_OPEN or (self._state is State.CLOSED and self._failures >= self._limit):
            self._state = State.OPEN
            self._opened_at = self._clock()
            self._trying = False

    def gave_up(self) -> None:
        """Who was admitted went away before there was an outcome; somebody else may try."""
        self._trying = False
