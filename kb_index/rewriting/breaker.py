"""A circuit breaker: an endpoint that fails again and again is left alone for a while, then one answer tries it."""

from __future__ import annotations

from collections.abc import Callable

FAILURES, OPEN_S = 3, 30.0


class Breaker:
    """Opens after FAILURES in a row; OPEN_S later it admits one try, whose outcome decides.

    `clock` gives seconds that never go back. Whoever was admitted says once how it went: worked, failed or gave_up.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._trying = False

    def admits(self) -> bool:
        if self._failures < FAILURES:
            return True
        if self._trying or self._clock() < self._open_until:
            return False
        self._trying = True
        return True

    def worked(self) -> None:
        self._failures, self._trying = 0, False

    def failed(self) -> None:
        self._failures += 1
        self._trying = False
        self._open_until = self._clock() + OPEN_S

    def gave_up(self) -> None:
        """Who was admitted went away before there was an outcome; somebody else may try."""
        self._trying = False
