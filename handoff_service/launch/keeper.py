"""Keeps one part running: starts it, copies its output to its log, starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.part_log import PartLog
from handoff_service.launch.parts import Part
from handoff_service.launch.probe import readiness
from handoff_service.launch.watcher import signal_group

PROBE_S = 0.2
PROGRESS_S = 10.0
LAST_WORDS_S = 2.0
MAX_LINE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Patience:
    """All durations in seconds."""

    start_s: float = 180.0
    stop_s: float = 10.0
    longest_pause_s: float = 30.0
    # A part that lived so long is taken to be well: its next death starts the back-off anew.
    healthy_s: float = 60.0
    # A part that never became ready and died so often will not become ready by itself.
    deaths_at_start: int = 3


class Keeper:
    """`ready` is set while the part answers; `keep` ends by `stop` or LaunchError when it cannot start."""

    def __init__(
        self,
        part: Part,
        *,
        log: PartLog,
        say: Callable[[str], None],
        watcher: int,
        patience: Patience,
        changed: Callable[[], None],
    ) -> None:
        self.part = part
        self.pid: int | None = None
        self.restarts = 0
        self.ready = asyncio.Event()
        self._log = log
        self._say = say
        self._watcher = watcher
        self._patience = patience
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._was_ready = False
        self._stopping = asyncio.Event()

    @property
    def state(self) -> dict[str, object]:
        """The part's line in run.json."""
        return {
            "pid": self.pid,
            "url": self.part.url,
            "ready": self.ready.is_set(),
            "restarts": self.restarts,
        }

    def close(self) -> None:
        """Closes the log, after the part has ended."""
        self._log.close()

    async def keep(self) -> None:
        """Runs the part until `stop` is called."""
        deaths = 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            process, output = await self._start()
            code = await self._run(process, output)
            if self._stopping.is_set():
                return
            if time.monotonic() - begun >= self._patience.healthy_s:
                deaths = 0
            pause = min(float(2**deaths), self._patience.longest_pause_s)
            deaths += 1
            if not self._was_ready and deaths >= self._patience.deaths_at_start:
                raise LaunchError(self._sentence(f"{self.part.name} died {deaths} times ({death(code)})"))
            self.restarts += 1
            self._tell_death(code, pause)
            await self._pause(pause)

    async def _start(self) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
        """The process, in a group of its own that the watcher knows before the program begins to run."""

        def register() -> None:
            os.write(self._watcher, f"+{os.getpid()}\n".encode())

        # A pipe of our own: with asyncio's, Python 3.11 notices a death only after the last grandchild's.
        reading, writing = os.pipe()
        output = asyncio.StreamReader(limit=MAX_LINE)
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(reading, "rb")
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *self.part.command,
                cwd=self.part.cwd,
                env=dict(self.part.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                preexec_fn=register,
            )
        except OSError as error:
            raise LaunchError(f"{self.part.name} cannot be started: {error}.") from error
        finally:
            os.close(writing)
        self._process = process
        self.pid = process.pid
        self._log.remark(f"{self.part.name} started as process {process.pid}")
        self._changed()
        if self._stopping.is_set():  # asked to stop while it was being started
            signal_group(process.pid, signal.SIGTERM)
        return process, output

    async def _run(self, process: asyncio.subprocess.Process, output: asyncio.StreamReader) -> int:
        """Waits for the end of the process, ends what is left of its group; returns the exit code."""
        copying = asyncio.create_task(self._copy(output))
        probing = asyncio.create_task(self._probe())
        try:
            code = await process.wait()
        finally:
            probing.cancel()
            self.ready.clear()
            self.pid = None
            # A worker that survived its parent would hold the port that the next start needs.
            signal_group(process.pid, signal.SIGKILL)
            with contextlib.suppress(BrokenPipeError):
                os.write(self._watcher, f"-{process.pid}\n".encode())
            await asyncio.wait({copying}, timeout=LAST_WORDS_S)
            copying.cancel()
            self._changed()
        return code

    async def _copy(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:  # the reader has dropped a line longer than MAX_LINE
                self._log.remark(f"{self.part.name} wrote a line of more than {MAX_LINE} bytes, left out")
                continue
            if not line:
                return
            self._log.line(line.decode(errors="replace").rstrip("\r\n"))

    async def _probe(self) -> None:
        """Sets `ready` as soon as the part answers; says now and then what it is waiting for."""
        begun = told = time.monotonic()
        host, port = self.part.address
        while True:
            is_ready, why = await readiness(host, port)
            now = time.monotonic()
            if is_ready:
                break
            if now - told >= PROGRESS_S:
                told = now
                self._say(f"  … {self.part.name}: {why} ({now - begun:.0f} s)")
            await asyncio.sleep(PROBE_S)
        self._was_ready = True
        self.ready.set()
        again = " again" if self.restarts else ""
        self._say(f"  ✓ {self.part.name} ready{again} at {self.part.url} ({now - begun:.1f} s)")
        self._log.remark(f"{self.part.name} ready after {now - begun:.1f} s")
        self._changed()

    def _tell_death(self, code: int, pause: float) -> None:
        what = f"{self.part.name} died: {death(code)}; starting again in {pause:.0f} s"
        last = "".join(f"\n      {line[:200]}" for line in self._log.last)
        self._log.remark(what)
        self._say(f"  ✗ {what} (see {self._log.path}){last}")

    def _sentence(self, what: str) -> str:
        last = "".join(f"\n    {line[:200]}" for line in self._log.last)
        return f"{what}. Its last words, of {self._log.path}:{last}"

    def not_ready_sentence(self) -> str:
        """For the person at the terminal, when the part took longer than `start_s`."""
        return self._sentence(f"{self.part.name} was not ready after {self._patience.start_s:.0f} s (TANDEM_START_S)")

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def stop(self) -> None:
        """SIGTERM to the part, SIGKILL to its group when it has not ended after `stop_s`."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), self._patience.stop_s)
        except TimeoutError:
            self._say(f"  ✗ {self.part.name} did not stop within {self._patience.stop_s:.0f} s: killed")
            signal_group(process.pid, signal.SIGKILL)
            await process.wait()


def death(code: int) -> str:
    """How a process ended, in words: "exit code 3" or "killed by SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
