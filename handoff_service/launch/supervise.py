"""Starts the parts, keeps them running, stops them all; nothing of them is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.keeper import Keeper, Patience
from handoff_service.launch.lock import take_lock
from handoff_service.launch.part_log import PartLog
from handoff_service.launch.parts import Part, check_ports
from handoff_service.launch.running import LOCK_NAME, forget_running, write_running

WATCHER = Path(__file__).with_name("watcher.py")
WATCHER_LOOK_S = 1.0


def say(text: str) -> None:
    """One line at the terminal, at once."""
    print(text, flush=True)


async def forever() -> int:
    """The `once_ready` of a launcher that only keeps the parts running."""
    await asyncio.Event().wait()
    return 0


def supervise(
    parts: Sequence[Part],
    *,
    var: Path,
    once_ready: Callable[[], Awaitable[int]] = forever,
    patience: Patience | None = None,
) -> int | None:
    """Runs the parts until `once_ready` ends, returns its result; None when Ctrl-C or a signal came before.

    LaunchError when another launcher uses `var`, a port is taken, or a part cannot be started.
    """
    lock = take_lock(var / LOCK_NAME)
    try:
        forget_running(var)  # what a killed launcher has left
        check_ports(parts)
        with _watcher(lock) as watcher:
            return asyncio.run(_supervise(parts, var, once_ready, patience or Patience(), watcher))
    finally:
        forget_running(var)
        os.close(lock)


@contextlib.contextmanager
def _watcher(lock: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process that stops the parts should this one be killed; it holds the lock until that is done."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(WATCHER)], stdin=subprocess.PIPE, pass_fds=(lock,), start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.communicate()


async def _supervise(
    parts: Sequence[Part],
    var: Path,
    once_ready: Callable[[], Awaitable[int]],
    patience: Patience,
    watcher: subprocess.Popen[bytes],
) -> int | None:
    assert watcher.stdin is not None
    keepers: dict[str, Keeper] = {}

    def changed() -> None:
        write_running(var, {name: keeper.state for name, keeper in keepers.items()})

    for part in parts:
        log = PartLog(var / "logs" / f"{part.name}.log")
        keepers[part.name] = Keeper(
            part, log=log, say=say, watcher=watcher.stdin.fileno(), patience=patience, changed=changed
        )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    stopped = asyncio.create_task(stop.wait())
    work = asyncio.create_task(_work(keepers, patience, once_ready))
    keeping = [asyncio.create_task(_keep(keeper, keepers)) for keeper in keepers.values()]
    guarding = asyncio.create_task(_guard(watcher))
    try:
        done, _ = await asyncio.wait({stopped, work, guarding, *keeping}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            result = task.result()  # raises what ended the task
            if task is work:
                return result
        return None
    finally:
        await _stop_all(keepers, {work, guarding, stopped}, set(keeping))


async def _work(keepers: Mapping[str, Keeper], patience: Patience, once_ready: Callable[[], Awaitable[int]]) -> int:
    await asyncio.gather(*(_first_ready(keeper, keepers, patience) for keeper in keepers.values()))
    return await once_ready()


async def _first_ready(keeper: Keeper, keepers: Mapping[str, Keeper], patience: Patience) -> None:
    await _turn_of(keeper, keepers)
    try:
        await asyncio.wait_for(keeper.ready.wait(), patience.start_s)
    except TimeoutError:
        raise LaunchError(keeper.not_ready_sentence()) from None


async def _keep(keeper: Keeper, keepers: Mapping[str, Keeper]) -> None:
    await _turn_of(keeper, keepers)
    await keeper.keep()


async def _turn_of(keeper: Keeper, keepers: Mapping[str, Keeper]) -> None:
    for name in keeper.part.after:
        await keepers[name].ready.wait()


async def _guard(watcher: subprocess.Popen[bytes]) -> None:
    while watcher.poll() is None:
        await asyncio.sleep(WATCHER_LOOK_S)
    raise LaunchError("The watcher, which stops the parts after a crash, was killed. Start again.")


async def _stop_all(
    keepers: Mapping[str, Keeper], others: set[asyncio.Task[int | None]], keeping: set[asyncio.Task[None]]
) -> None:
    """Ends `once_ready` first, because it uses the parts, then all parts side by side."""
    say("Stopping …")
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.gather(*(keeper.stop() for keeper in keepers.values()))
    ended, waiting = await asyncio.wait(keeping, timeout=5)
    for task in waiting:  # a part whose turn never came
        task.cancel()
    await asyncio.gather(*ended, *waiting, return_exceptions=True)
    for keeper in keepers.values():
        keeper.close()
    say("Stopped.")
