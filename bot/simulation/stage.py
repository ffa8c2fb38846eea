"""The real far ends of the bot for a play: the knowledge base and the demo shop, as processes on free ports.

The shop gets a state folder of its own, so that no play touches the shop that people look at; the knowledge base
reads a copy of the built index.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from bot.settings import ROOT

START_S = 120.0


class StageFailed(Exception):
    """A part could not be started; the text says which and what it printed last."""


class Stage:
    """`with Stage(python=…, var=…) as stage:` – `python` runs the other parts, `var` holds the built index.

    With `knowledge=False` only the shop is started.
    """

    def __init__(self, *, python: str, var: Path, knowledge: bool = True) -> None:
        self._python = python
        self._var = var
        self._parts = ("kb_index", "data.demo_shop") if knowledge else ("data.demo_shop",)
        self._running: list[subprocess.Popen[bytes]] = []
        self._folder = Path(tempfile.mkdtemp(prefix="tandem-stage-"))
        shop, kb = free_ports(2)
        self.environment = {
            "TANDEM_SHOP_URL": f"http://127.0.0.1:{shop}",
            "TANDEM_KB_INDEX_URL": f"http://127.0.0.1:{kb}",
            "TANDEM_SHOP_API_KEY": secrets.token_urlsafe(32),
            "TANDEM_IDENTITY_SECRET": secrets.token_urlsafe(32),
        }

    @property
    def shop_file(self) -> Path:
        """The shop's database."""
        return self._folder / "shop.sqlite"

    def __enter__(self) -> "Stage":
        try:
            if "kb_index" in self._parts:
                copy_index(self._var / "kb_index", self._folder / "kb_index")
            for module in self._parts:
                self._start(module)
            for module in self._parts:
                self._wait(module)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the parts and drop the folder."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, module: str) -> None:
        environment: Mapping[str, str] = {
            **os.environ,
            **self.environment,
            "TANDEM_VAR": str(self._folder),
            "TANDEM_KB_KEEP": "false",
        }
        with self._log(module).open("wb") as log:
            self._running.append(
                subprocess.Popen(
                    [self._python, "-m", module, "serve"],
                    cwd=ROOT,
                    env=dict(environment),
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            )

    def _wait(self, module: str) -> None:
        name = "TANDEM_KB_INDEX_URL" if module == "kb_index" else "TANDEM_SHOP_URL"
        process = self._running[self._parts.index(module)]
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.environment[name]}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        last = self._log(module).read_text(encoding="utf-8", errors="replace")[-1500:]
        raise StageFailed(f"{module} was not ready within {START_S:.0f} s:\n{last}")

    def _log(self, module: str) -> Path:
        return self._folder / f"{module}.log"


def copy_index(source: Path, target: Path) -> None:
    """The built index for a second reader: its big folders by reference, its small files as copies."""
    if not source.is_dir():
        raise StageFailed(f"{source} holds no index: run `make setup`, or `python -m kb_index build`")
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            (target / entry.name).symlink_to(entry.resolve(), target_is_directory=True)
        else:
            shutil.copy2(entry, target / entry.name, follow_symlinks=False)


def free_ports(count: int) -> list[int]:
    """Loopback ports that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
