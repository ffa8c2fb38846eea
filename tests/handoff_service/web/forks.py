"""Commands of a program as forks of a process that has imported everything: a start takes a tenth of a second.

`python -m tests.handoff_service.web.forks PROGRAM FOLDER` is that process. It reads one JSON object per line
({"arguments", "environment", "output", "errors", "status"}) and forks a watcher, which forks the command, prints its
process id, waits for its end and notes that in the file `status`. When nobody is left to ask, it removes the folder and
ends. Who wants the whole way from an empty process, imports included, starts `python -m handoff_service`, as
test_gateway_process.py.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
LOOK_EVERY_S = 0.005
# The modules that a program imports until it serves.
PROGRAMS = {"handoff_service": ("handoff_service.__main__",), "kb_index": ("kb_index.__main__", "kb_index.api")}


class Fork:
    """A forked command, with as much of subprocess.Popen as the tests use."""

    def __init__(self, pid: int, status: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and self._status.exists():
            self.returncode = int(self._status.read_text())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended. Raises TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("a forked command", timeout or 0.0)
            time.sleep(LOOK_EVERY_S)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it has ended, and the watcher has yet to note it
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that is forked."""

    def __init__(self, program: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tandem-forks-"))
        self._count = 0
        command = [sys.executable, "-m", __name__, program, str(self._folder)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: Path, errors: Path | None = None
    ) -> Fork:
        """`python -m PROGRAM <arguments>` in the root of the checkout; what it writes is added to the files."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._count += 1
        status = self._folder / str(self._count)
        order = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "output": str(output),
            "errors": str(errors or output),
            "status": str(status),
        }
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return Fork(int(self._process.stdout.readline()), status)

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], *, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, as subprocess.run does."""
        output, errors = (self._folder / f"{self._count + 1}.{name}" for name in ("out", "err"))
        code = self.start(arguments, environment, output, errors).wait(timeout)
        return subprocess.CompletedProcess(list(arguments), code, output.read_text(), errors.read_text())

    def close(self) -> None:
        """Ends it; what it has forked goes on."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(20)


@cache
def nursery(program: str = "handoff_service") -> Nursery:
    """One of each program for all tests of this process."""
    one = Nursery(program)
    atexit.register(one.close)
    return one


def _command(order: Mapping[str, Any]) -> int:
    """In the fork: the command with its own environment, output and failpoints."""
    from handoff_service import failpoints

    for number, name in ((1, "output"), (2, "errors")):
        file = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    failpoints._armed.update(failpoints.parse(os.environ.get("TANDEM_FAILPOINTS", "")))
    sys.argv = [sys.argv[1], *order["arguments"]]
    return int(importlib.import_module(f"{sys.argv[0]}.__main__").main())


def _forked(order: Mapping[str, Any]) -> None:
    code = 1
    try:
        code = _command(order)
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch(order: Mapping[str, Any]) -> None:
    pid = os.fork()
    if pid == 0:
        _forked(order)
    sys.stdout.write(f"{pid}\n")
    sys.stdout.flush()
    _, status = os.waitpid(pid, 0)
    noted = Path(f"{order['status']}.new")
    noted.write_text(str(os.waitstatus_to_exitcode(status)))
    noted.rename(order["status"])
    os._exit(0)


def main() -> None:
    program, folder = sys.argv[1:]
    import_everything(program)
    for line in sys.stdin:
        watcher = os.fork()
        if watcher == 0:
            _watch(json.loads(line))
        # A watcher stays as long as its command; the ends of earlier ones are collected here.
        while _collected():
            pass
    shutil.rmtree(folder)


def import_everything(program: str = "handoff_service") -> None:
    """Before the first fork: what each would import, and garbage collections that leave it alone, pages and all."""
    for module in ("pydantic.v1", *PROGRAMS[program]):  # FastAPI imports the former with the first route
        importlib.import_module(module)
    gc.collect()
    gc.freeze()


def _collected() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    main()
