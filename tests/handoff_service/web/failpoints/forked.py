"""Gateways that start in a tenth of a second, as forks of a process that has imported everything already.

`python -m tests.handoff_service.web.failpoints.forked` is that process: it reads one JSON object per line
({"environment", "output"}), forks a gateway, and prints its process id. SIGUSR1 arms the failpoints that the
gateway's file `failpoints` names, so that they do not go off while it starts.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tests.handoff_service.web.forks import import_everything
from tests.handoff_service.web.serving import PATIENCE_S, ROOT, is_ready


class Nursery:
    """The process that is forked."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "tests.handoff_service.web.failpoints.forked"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def fork(self, environment: dict[str, str], output: Path) -> int:
        """The process id of a new gateway."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"environment": environment, "output": str(output)}), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends it; its gateways have been killed by then."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(PATIENCE_S)


class ForkedGateway:
    """A gateway on a port of its own that can be told to die at a failpoint, and started again."""

    def __init__(self, nursery: Nursery, var: Path, port: int, environment: dict[str, str]) -> None:
        self.var = var
        self.url = f"http://127.0.0.1:{port}"
        self.pid = 0
        self._nursery = nursery
        self._environment = {
            "TANDEM_VAR": str(var),
            "TANDEM_GATEWAY_URL": self.url,
            "TANDEM_KB_INDEX_URL": "http://127.0.0.1:9",
            "TANDEM_FAILPOINTS_FILE": str(var / "failpoints"),
            **environment,
        }

    def start(self) -> None:
        """Returns when it is ready."""
        self.pid = self._nursery.fork(self._environment, self.var / "output.txt")
        until = time.monotonic() + PATIENCE_S
        while not is_ready(self.url):
            assert self.is_alive(), (self.var / "output.txt").read_text()[-3000:]
            assert time.monotonic() < until, f"not ready in time: {(self.var / 'output.txt').read_text()[-3000:]}"
            time.sleep(0.02)

    def arm(self, failpoints: str) -> None:
        """`name:count:action`, counted from now; an empty text disarms. ProcessLookupError if it has died."""
        armed = self.var / "armed"
        armed.unlink(missing_ok=True)
        (self.var / "failpoints").write_text(failpoints)
        os.kill(self.pid, signal.SIGUSR1)
        until = time.monotonic() + PATIENCE_S
        while not armed.exists():
            os.kill(self.pid, 0)
            assert time.monotonic() < until, "the gateway did not take its failpoints"
            time.sleep(0.005)

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        if self.pid and self.is_alive():
            os.kill(self.pid, signal.SIGKILL)
        while self.pid and self.is_alive():
            time.sleep(0.005)


def _serve(order: dict[str, object]) -> None:
    """In the fork: the gateway as it is always served."""
    from handoff_service import failpoints
    from handoff_service.__main__ import serve
    from handoff_service.log import configure_logging
    from handoff_service.settings import Settings

    output = os.open(str(order["output"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(order["environment"])  # type: ignore[arg-type]
    file = Path(os.environ["TANDEM_FAILPOINTS_FILE"])

    def arm(*_: object) -> None:
        failpoints._armed.clear()
        failpoints._armed.update(failpoints.parse(file.read_text()))
        file.with_name("armed").touch()

    signal.signal(signal.SIGUSR1, arm)
    configure_logging()
    serve(Settings())


def main() -> None:
    import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                _serve(json.loads(line))
            finally:
                traceback.print_exc()
                os._exit(1)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
