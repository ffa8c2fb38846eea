"""How often somebody may do something: exact in any span, and forgotten when it is over."""

from __future__ import annotations

import random

from handoff_service.limits import Window


def test_no_span_holds_more_than_the_limit() -> None:
    chance, window, counted, now = random.Random(7), Window("5/10 seconds"), [], 0.0
    for _ in range(500):
        now += chance.expovariate(1.0)
        within = sum(moment > now - 10 for moment in counted)
        assert window.allows("k", now, count=2) == (within + 2 <= 5)
        assert window.hit("k", now) == (within < 5), "what was refused does not count"
        if within < 5:
            counted.append(now)
    assert len(counted) > 150


def test_each_talker_has_his_own() -> None:
    window = Window("1/minute")
    assert window.hit("lin", 0.0)
    assert not window.hit("lin", 59.9)
    assert window.hit("maya", 59.9)
    assert window.hit("lin", 60.0)


def test_who_is_silent_is_forgotten() -> None:
    window = Window("3/second")
    for number in range(1000):
        window.hit(f"visitor {number}", number / 100)
    assert window.hit("the next", 20.0)
    assert len(window._moments) == 1
