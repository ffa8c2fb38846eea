"""Threads that work in groups: every caller hears something, whatever goes wrong."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from handoff_service.groups import Job, Threads


async def test_whatever_waits_is_one_group_and_answered_once() -> None:
    gate, groups, answered = threading.Event(), [], []

    def carry_out(group: Sequence[Job]) -> None:
        gate.wait(5)
        groups.append(len(group))
        for job in group:
            job.result = job.work(len(group))

    threads = Threads(carry_out, name="test", most=8, answered=lambda group: answered.append(len(group)))
    first = asyncio.create_task(threads.do(lambda size: size))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(threads.do(lambda size: size)) for _ in range(10)]
    await asyncio.sleep(0)
    gate.set()
    assert [await first, *await asyncio.gather(*others)] == [1] + [8] * 8 + [2] * 2
    assert groups == answered == [1, 8, 2]
    await threads.close()


async def test_a_thread_whose_work_breaks_answers_and_lives_on() -> None:
    def carry_out(group: Sequence[Job]) -> None:
        for job in group:
            job.result = job.work(None)

    threads = Threads(carry_out, name="test", most=8)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(threads.do(lambda _: 1 // 0), 5)
    assert await asyncio.wait_for(threads.do(lambda _: "alive"), 5) == "alive"
    await threads.close()


async def test_an_error_that_no_future_takes_keeps_nobody_from_his_answer() -> None:
    def carry_out(group: Sequence[Job]) -> None:
        for job in group:
            try:
                job.result = job.work(None)
            except StopIteration as error:
                job.error = error

    threads = Threads(carry_out, name="test", most=8)
    jobs = [asyncio.create_task(threads.do(work)) for work in (lambda _: next(iter(())), lambda _: "answered")]
    with pytest.raises(RuntimeError, match="StopIteration"):
        await asyncio.wait_for(jobs[0], 5)
    assert await asyncio.wait_for(jobs[1], 5) == "answered"
    await threads.close()


async def test_who_gave_up_is_not_worked_for() -> None:
    gate, worked = threading.Event(), []

    def carry_out(group: Sequence[Job]) -> None:
        for job in group:
            job.result = job.work(None)

    threads = Threads(carry_out, name="test", most=8)
    first = asyncio.create_task(threads.do(lambda _: gate.wait(5)))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(threads.do(lambda _: worked.append("second")))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    await first
    assert await threads.do(lambda _: "later") == "later"
    assert worked == []
    await threads.close()
