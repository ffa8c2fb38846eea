"""What a named place can do to a process, and that a wrong order for one is refused at the start."""

from __future__ import annotations

import errno
import time

import pytest

from handoff_service import failpoints
from handoff_service.failpoints import failpoint, parse


@pytest.mark.parametrize(("action", "code"), [("enospc", errno.ENOSPC), ("raise", errno.EIO)])
def test_a_place_fails_the_time_it_was_told_and_never_again(
    monkeypatch: pytest.MonkeyPatch, action: str, code: int
) -> None:
    monkeypatch.setattr(failpoints, "_armed", parse(f"append_after_seq:2:{action}"))
    failpoint("append_after_seq")
    failpoint("append_before_commit")
    with pytest.raises(OSError, match="failpoint append_after_seq") as failed:
        failpoint("append_after_seq")
    assert failed.value.errno == code
    failpoint("append_after_seq")


def test_a_place_holds_up_whoever_comes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(failpoints, "_armed", parse("turn_before_call:1:sleep=250"))
    failpoint("turn_before_call")
    failpoint("turn_before_call")
    assert slept == [0.25]


@pytest.mark.parametrize("order", ["nowhere:1:kill9", "append_after_seq:x:raise", "append_after_seq:1:dance", "raise"])
def test_an_order_that_nobody_understands_is_refused(order: str) -> None:
    with pytest.raises(ValueError, match="name:count:action"):
        parse(order)
