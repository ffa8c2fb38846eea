"""Threads that carry out jobs for the event loop in groups: whatever waits is one group, with one answer to the loop.

Handing over between threads costs more than most jobs, so it is done once for all that wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Job:
    """Something to do, and the future of the one who waits for it."""

    work: Callable[[Any], Any]
    done: asyncio.Future[Any]
    durable: bool = True
    result: Any = None
    error: BaseException | None = None

    def answer(self) -> None:
        """On the event loop: tells the one who waits, unless he has given up."""
        if self.done.cancelled():
            return
        if isinstance(self.error, StopIteration):  # no future takes one, and those behind it would never be answered
            self.error = RuntimeError(f"{self.error!r} was raised by a job")
        if self.error is not None:
            self.done.set_exception(self.error)
        else:
            self.done.set_result(self.result)


class Threads:
    """`count` threads that call `carry_out` with groups of at most `most` jobs; it fills in results and errors.

    `answered` is called on the event loop with each group. Those who wait for it go on after that, but before anybody
    whom it wakes.
    """

    def __init__(
        self,
        carry_out: Callable[[Sequence[Job]], None],
        *,
        name: str,
        count: int = 1,
        most: int,
        answered: Callable[[Sequence[Job]], None] = lambda _: None,
    ) -> None:
        self._carry_out = carry_out
        self._answered = answered
        self._most = most
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True) for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    async def do(self, work: Callable[[Any], Any], *, durable: bool = True) -> Any:
        """The result of `work`, which runs in one of the threads. Raises what it raises."""
        job = Job(work, asyncio.get_running_loop().create_future(), durable)
        self._jobs.put(job)
        return await job.done

    async def close(self) -> None:
        """Returns when everything that was asked for is done."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 10)

    def _work(self) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            while len(group) < self._most:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    self._jobs.put(None)
                    break
                group.append(following)
            # From here on a caller who gives up waiting cannot cancel the job any more; its answer goes nowhere.
            group = [job for job in group if not job.done.cancelled()]
            if group:
                try:
                    self._carry_out(group)
                except Exception as error:  # the thread must live on, and nobody may wait for ever
                    for job in group:
                        job.error = job.error or error
                for loop in {job.done.get_loop() for job in group}:
                    with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
                        loop.call_soon_threadsafe(self._answer, [job for job in group if job.done.get_loop() is loop])

    def _answer(self, group: Sequence[Job]) -> None:
        for job in group:
            job.answer()
        self._answered(group)
